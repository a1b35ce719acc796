"""Goals: which are related, and what a value learned for one says about another (RULES R3).

Invariants: a goal's id is the MD5 of its text; related goals stand in a defined order, the most similar first and
among equals the one that was added first.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from hashlib import md5
from math import fsum
from typing import NamedTuple, Protocol, TypeVar

RELATED_ABOVE = 0.3
SAME_DOMAIN, SAME_OPERATION, SHARED_ENTITIES, KINSHIP = 0.4, 0.2, 0.3, 0.1
GENERAL = "general"
ROOT = "root"
GOALS_CONSIDERED = 50
"""Of the goals that an entry has values for, so many are looked at: the newest."""
TRANSFERS = 10
"""So many related goals bear on a value, and get a share of a change: the most similar ones."""


class Goal(Protocol):
    """A node of the goal hierarchy; nodes are always given in the order of their insertion."""

    @property
    def goal_id(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def operation_type(self) -> str: ...
    @property
    def entities(self) -> Sequence[str]: ...
    @property
    def parent_id(self) -> str | None: ...


G = TypeVar("G", bound=Goal)


class ValueRead(NamedTuple):
    """A value for a goal, and whether it came from the `goal` itself, the entry's `default`, or `related` goals."""

    value: float
    source: str


def goal_id(text: str) -> str:
    """Return the id of a goal: the MD5 of its text, in hex (RULES R3)."""
    return md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def parent_of(domain: str, goals: Iterable[Goal]) -> str | None:
    """Return the id under which a new goal stands: the domain's first general goal, else the root, if there is one."""
    root = None
    for goal in goals:
        if goal.domain == domain and goal.operation_type == GENERAL:
            return goal.goal_id
        root = ROOT if goal.goal_id == ROOT else root
    return root


def goal_similarity(a: Goal, b: Goal) -> float:
    """Return the similarity of two goals in [0, 1], by domain, operation, entities and kinship (RULES R3)."""
    similarity = SAME_DOMAIN if a.domain == b.domain else 0.0
    similarity += SAME_OPERATION if a.operation_type == b.operation_type else 0.0
    similarity += SHARED_ENTITIES * _overlap(a.entities, b.entities)
    similarity += KINSHIP if a.parent_id == b.goal_id or b.parent_id == a.goal_id else 0.0
    return min(1.0, similarity)


def _overlap(a: Sequence[str], b: Sequence[str]) -> float:
    ours, theirs = set(a), set(b)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


def related(goal: G, goals: Iterable[G]) -> list[tuple[G, float]]:
    """Return the other goals whose similarity is above 0.3, the most similar first (RULES R3)."""
    others = ((other, goal_similarity(goal, other)) for other in goals if other.goal_id != goal.goal_id)
    return sorted((pair for pair in others if pair[1] > RELATED_ABOVE), key=lambda pair: -pair[1])


def goals_considered(version: int = 2) -> int | None:
    """Return how many of an entry's goals are looked at, None for all: version 1 has no bound, and its cost grows."""
    return GOALS_CONSIDERED if version >= 2 else None


def transfers(version: int = 2) -> int | None:
    """Return how many related goals count, None for all."""
    return TRANSFERS if version >= 2 else None


def operation_of(context: Mapping[str, object], task_type: str, version: int = 2) -> str:
    """Return the operation type of a goal: the context's, else the task type (RULES R2).

    In version 2 an operation that is empty or null says nothing.
    """
    said = context.get("operation_type", task_type)
    return str(said if version < 2 else said or task_type)


def entities_of(context: Mapping[str, object]) -> list[str]:
    """Return the entities that a context names, as texts (RULES R2)."""
    entities = context.get("entities")
    return [str(one) for one in entities] if isinstance(entities, list) else []


def scored(episodes: int, success_rate: float, success: bool | None) -> tuple[int, float]:
    """Return how many episodes a goal had with this one, and the share of them that reached it.

    A goal that only came up again (null) counts one more, and its success rate stays (RULES R3).
    """
    after = episodes + 1
    return after, success_rate if success is None else (episodes * success_rate + success) / after


def one_by_one(numbers: Iterable[float]) -> float:
    """Return the sum of numbers, added from left to right; the built-in sum has added otherwise since Python 3.12."""
    return reduce(operator.add, numbers, 0.0)


def value_with_transfer(
    own: float | None, default: float, *, others: Sequence[tuple[float, float]], weight: float, version: int = 2
) -> ValueRead:
    """Return an entry's value for a goal (RULES R2): its own, else the default mixed with those of related goals.

    `others` are (similarity, value) of the related goals for which the entry has a value; `weight` in [0, 1] is what
    they count together. Version 1 adds them one by one, as the original did; version 2 exactly.
    """
    if own is not None:
        return ValueRead(own, "goal")
    add = fsum if version >= 2 else one_by_one
    total = add(similarity * weight for similarity, _ in others)
    if total <= 0.0:
        return ValueRead(default, "default")
    mean = add(value * (similarity * weight) for similarity, value in others) / total
    return ValueRead((1 - weight) * default + weight * mean, "related")
