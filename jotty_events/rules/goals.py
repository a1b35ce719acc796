"""Goals: which are related, and what a value learned for one says about another (RULES R3).

Invariants: a goal's id is the MD5 of its text; related goals stand in a defined order, the most similar first and
among equals the one that was added first.
"""

from collections.abc import Iterable, Sequence
from hashlib import md5
from math import fsum
from typing import NamedTuple, Protocol, TypeVar

RELATED_ABOVE = 0.3
SAME_DOMAIN, SAME_OPERATION, SHARED_ENTITIES, KINSHIP = 0.4, 0.2, 0.3, 0.1
GENERAL = "general"
ROOT = "root"


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


def scored(episodes: int, success_rate: float, success: bool) -> tuple[int, float]:
    """Return how many episodes a goal had with this one, and the share of them that reached it."""
    after = episodes + 1
    return after, (episodes * success_rate + success) / after


def value_with_transfer(
    own: float | None, default: float, *, others: Sequence[tuple[float, float]], weight: float
) -> ValueRead:
    """Return an entry's value for a goal (RULES R2): its own, else the default mixed with those of related goals.

    `others` are (similarity, value) of the related goals for which the entry has a value; `weight` in [0, 1] is what
    they count together.
    """
    if own is not None:
        return ValueRead(own, "goal")
    total = fsum(similarity * weight for similarity, _ in others)
    if total <= 0.0:
        return ValueRead(default, "default")
    mean = fsum(similarity * weight * value for similarity, value in others) / total
    return ValueRead((1 - weight) * default + weight * mean, "related")
