"""Q-learning over texts: what a state and an action are worth, learned from rewards (RULES R1).

Invariants: every value is in [0, 1]; a number that is not finite never enters a table, in any version (M16). In
version 2 a value of 0.0 or 0.5 is a value like any other: "unknown" is an `nth` of None (M19); and among entries that
are similar the nearest counts, whatever the order in which they came (D1). Version 1 takes the first by `nth`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import NamedTuple, Protocol

from ..words.matches import Tier
from ..words.similarity import SIMILAR_ABOVE, jaccard, words
from .lessons import lesson

__all__ = [
    "DEFAULT_Q",
    "NO_NEXT",
    "SIMILAR_DISCOUNT",
    "UNKNOWN",
    "Choice",
    "Estimate",
    "NextReader",
    "QConclusion",
    "QReader",
    "QRow",
    "best_next",
    "choose",
    "clamp01",
    "conclude_update",
    "discounted",
    "estimate",
    "evict",
    "evict_sorted",
    "greedy",
    "lesson",
    "priority",
    "surprise",
]

DEFAULT_Q = 0.5
"""What an unknown state and action are worth."""
SIMILAR_DISCOUNT = 0.9
"""What is known of a similar state and action counts for so much."""
PRIORITY_OFFSET = 0.01
PRIORITY_EXPONENT = 0.6


class QRow(Protocol):
    """One entry of the table. `nth` is its insertion number."""

    @property
    def nth(self) -> int: ...
    @property
    def value(self) -> float: ...
    @property
    def visits(self) -> int: ...
    @property
    def average_reward(self) -> float: ...


Known = tuple[str, str, float, int]
"""A state, an action, their value, and the `nth` of their entry."""


class QReader(Protocol):
    """What the rules must be able to look up in a table."""

    def entry(self, state: str, action: str) -> QRow | None:
        """Return the entry of exactly this state and action."""

    def similar_states(self, state: str) -> Iterable[Tier]:
        """Return the table's states that are similar, itself included, by their Jaccard index, the nearest first."""

    def values_of(self, states: Sequence[str]) -> Iterable[Known]:
        """Return what is known of each action in exactly these states, in any order."""


class NextReader(Protocol):
    """What the rules must be able to look up of a state that comes next."""

    def highest_near(self, state: str) -> tuple[float, int, float] | None:
        """Return the highest value in any state that is similar, itself included, the oldest of equals; None of none.

        With it go the `nth` of its entry, and the Jaccard index of its state.
        """


class Estimate(NamedTuple):
    """A value and where it came from: `nth` and `raw` are those of the entry, or None where nothing is known.

    `similarity` is 1.0 for the entry itself, the product of both Jaccard indices for a similar one, 0.0 for none.
    """

    value: float
    nth: int | None
    raw: float | None
    similarity: float


class QConclusion(NamedTuple):
    """What an update makes of an entry."""

    target: float
    td_error: float
    after: float
    visits: int
    average_reward: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate taken, by its place, and whether it was taken to explore."""

    index: int
    explored: bool


UNKNOWN = Estimate(DEFAULT_Q, None, None, 0.0)
NO_NEXT = Estimate(0.0, None, None, 0.0)


def clamp01(value: float) -> float:
    """Return the value, brought into [0, 1]; ValueError if it is not a number (M16)."""
    if isnan(value):
        raise ValueError("a value that is not a number cannot be learned")
    return max(0.0, min(1.0, value))


def estimate(reader: QReader, state: str, action: str, *, version: int = 2) -> Estimate:
    """Return Q(state, action): the entry's own, else 0.9 of a similar entry's, else 0.5 (RULES R1).

    Version 2 takes the nearest of the similar entries (D1), version 1 the one that was there first.
    """
    own = reader.entry(state, action)
    if own is not None:
        return Estimate(own.value, own.nth, own.value, 1.0)
    similar = (_nearest if version >= 2 else _first)(reader, state, words(action), action)
    if similar is None:
        return UNKNOWN
    near, value, nth = similar
    return Estimate(discounted(value), nth, value, near)


def discounted(value: float) -> float:
    """Return what the value of a similar entry counts for: 0.9 of it (RULES R1)."""
    return SIMILAR_DISCOUNT * value


_Similar = tuple[float, float, int]
"""How near an entry is, its value, and its `nth`."""


def _nearest(reader: QReader, state: str, wanted: frozenset[str], action: str) -> _Similar | None:
    best: _Similar | None = None
    best_rank: tuple[float, float, str, str] | None = None
    for state_near, states in reader.similar_states(state):
        # Nearest first: no action can make up for a state that is further away than the best pair so far.
        if best is not None and state_near < best[0]:
            break
        for known_state, known_action, value, nth in reader.values_of(states()):
            action_near = _nearness(action, wanted, known_action)
            near = state_near * action_near
            rank = (-near, -value, known_state, known_action)
            if action_near > SIMILAR_ABOVE and (best_rank is None or rank < best_rank):
                best, best_rank = (near, value, nth), rank
    return best


def _first(reader: QReader, state: str, wanted: frozenset[str], action: str) -> _Similar | None:
    found = (
        (state_near * action_near, value, nth)
        for state_near, states in reader.similar_states(state)
        for _, known_action, value, nth in reader.values_of(states())
        if (action_near := _nearness(action, wanted, known_action)) > SIMILAR_ABOVE
    )
    return min(found, key=lambda one: one[2], default=None)


def _nearness(action: str, wanted: frozenset[str], known: str) -> float:
    return 1.0 if known == action else jaccard(wanted, words(known))


def best_next(reader: NextReader, next_state: str | None, *, version: int = 2) -> Estimate:
    """Return the highest value known in a similar state, else 0.5; 0.0 if there is no next state (RULES R1).

    Version 1 takes a highest value of 0.0 for "unknown" (M19).
    """
    if not next_state:
        return NO_NEXT
    # Hundreds of states may be similar: only what is asked for is looked up of them.
    highest = reader.highest_near(next_state)
    if highest is None or (version < 2 and highest[0] == 0.0):
        return UNKNOWN
    value, nth, near = highest
    return Estimate(value, nth, value, near)


def conclude_update(
    *,
    reward: float,
    done: bool,
    before: float,
    next_max: float,
    alpha: float,
    gamma: float,
    visits_before: int,
    average_before: float,
    version: int = 2,
) -> QConclusion:
    """Move Q towards reward + gamma * next_max, or towards the reward alone if done (RULES R1).

    ValueError for any number that is not finite (M16), and in version 2 for a reward outside [0, 1].
    """
    _check(version, reward, before, next_max, alpha, gamma, average_before)
    target = reward + gamma * (0.0 if done else next_max)
    td_error = target - before
    visits = visits_before + 1
    average = reward if visits == 1 else ((visits - 1) * average_before + reward) / visits
    return QConclusion(target, td_error, clamp01(before + alpha * td_error), visits, average)


def _check(version: int, reward: float, *others: float) -> None:
    if version >= 2 and not 0.0 <= reward <= 1.0:
        raise ValueError(f"the reward is {reward!r}, and must be in [0, 1]")
    if not all(map(isfinite, (reward, *others))):
        raise ValueError(f"rewards, values, averages and rates must be finite: {(reward, *others)!r}")


def surprise(reward: float, q: float) -> float:
    """Return how far a reward is from what was known, whatever comes next (RULES R1)."""
    return abs(reward - q)


def priority(reward: float, q: float, *, version: int = 2) -> float:
    """Return how much an experience surprises: (|reward - q| + 0.01) ** 0.6 (RULES R1)."""
    _check(version, reward, q)
    return float((surprise(reward, q) + PRIORITY_OFFSET) ** PRIORITY_EXPONENT)


def evict(buffer: Sequence[tuple[int, float]]) -> int:
    """Return the `nth` of the experience to let go, of (nth, priority) pairs: the least priority, then the oldest.

    The newest always stays, so that it can be replayed once (M15). ValueError if there is no other.
    """
    if len(buffer) < 2:
        raise ValueError("a buffer needs an older experience to let go of; its capacity must be at least 1")
    newest = max(nth for nth, _ in buffer)
    return min((kept, nth) for nth, kept in buffer if nth != newest)[1]


def evict_sorted(buffer: Sequence[tuple[int, float]]) -> tuple[int, list[int]]:
    """Return the `nth` to let go in version 1, and those that remain, in their order: by priority, then as they stood.

    The newest may go at once (M15). ValueError if there is none.
    """
    if not buffer:
        raise ValueError("a buffer without an experience has none to let go of")
    least, *others = (nth for nth, _ in sorted(buffer, key=lambda one: one[1]))
    return least, others


def greedy(candidates: Sequence[float]) -> int:
    """Return the place of the first of the highest values; ValueError if there is none."""
    if not candidates:
        raise ValueError("there is nothing to choose from")
    return max(range(len(candidates)), key=lambda index: candidates[index])


def choose(candidates: Sequence[float], *, epsilon: float, draw: float, pick: float) -> Choice:
    """Choose epsilon-greedily among values; `draw` and `pick` are uniform in [0, 1) (RULES R1).

    Explores if draw < epsilon, then the candidate at int(pick * n); else the first of the highest. ValueError if empty.
    """
    best = greedy(candidates)
    if draw < epsilon:
        return Choice(min(int(pick * len(candidates)), len(candidates) - 1), True)
    return Choice(best, False)
