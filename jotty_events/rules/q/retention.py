"""What is worth keeping at hand: how an entry of the Q-table ranks against the others (RULES R1).

Invariants: the order is total, and the same wherever and whenever it is asked: the time is an argument (D2). Version 1
ranks by the clamped score and then by `nth`; version 2 by the score itself, then by value, state and action.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from math import fsum
from operator import add
from typing import NamedTuple

from .learning import clamp01

VALUE_WEIGHT, NOVELTY_WEIGHT, CAUSAL_WEIGHT, STALENESS_WEIGHT = 0.4, 0.3, 0.2, 0.1
STALE_AFTER = 3600.0
"""Seconds after its last update that an entry is as stale as can be."""

Key = tuple[str, str]
"""The texts of a state and an action."""


class Kept(NamedTuple):
    """What the rank of an entry follows from. `error_mean` is the mean of the absolute TD errors that are kept."""

    key: Key
    nth: int
    value: float
    visits: int
    error_mean: float
    updated: float


def mean(values: Sequence[float], *, version: int = 2) -> float:
    """Return the mean, 0.0 of none; version 1 adds from left to right, whatever Python's own sum does."""
    if not values:
        return 0.0
    return (fsum(values) if version >= 2 else reduce(add, values)) / len(values)


def error_mean(errors: Sequence[float], *, version: int = 2) -> float:
    """Return the mean absolute TD error, 0.0 of none."""
    return mean([abs(error) for error in errors], version=version)


def retention(entry: Kept, now: float, *, version: int = 2) -> float:
    """Return how much an entry is worth keeping at hand, in [0, 1] (RULES R1).

    In version 2 an entry that was updated after `now`, by a clock that was set back, is fresh and no more than that.
    """
    return clamp01(worth(entry) - STALENESS_WEIGHT * staleness(entry, now, version=version))


def worth(entry: Kept) -> float:
    """Return the part of an entry's score that no clock changes."""
    novelty = 1.0 / (1.0 + entry.visits)
    causal = min(1.0, entry.error_mean)
    return VALUE_WEIGHT * entry.value + NOVELTY_WEIGHT * novelty + CAUSAL_WEIGHT * causal


def staleness(entry: Kept, now: float, *, version: int = 2) -> float:
    """Return how stale an entry is: 1.0 an hour after its last update."""
    stale = min(1.0, (now - entry.updated) / STALE_AFTER)
    return stale if version < 2 else max(0.0, stale)


def score(entry: Kept, now: float) -> float:
    """Return what version 2 ranks by: the retention before it is clamped, so that low entries differ, too."""
    return worth(entry) - STALENESS_WEIGHT * staleness(entry, now)


def rank(entry: Kept, now: float) -> tuple[float, float, Key]:
    """Return what sorts entries in version 2, the most retained first."""
    return -score(entry, now), -entry.value, entry.key


def ranked(entries: Iterable[Kept], now: float, *, version: int = 2) -> list[Kept]:
    """Return the entries, the most retained first: the plain definition, which sorts them all."""
    if version >= 2:
        return sorted(entries, key=lambda entry: rank(entry, now))
    return sorted(entries, key=lambda entry: (-retention(entry, now, version=1), entry.nth))
