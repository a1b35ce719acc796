"""Prioritized replay: which experiences of a buffer are learned from again (RULES R1).

Invariants: the choice follows from the priorities, in the order of the buffer, and from one draw in [0, 1) a time.
What is replayed often surprises less and less, and is then drawn less often (M15).
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from .learning import priority, surprise


class Reweighed(NamedTuple):
    """How much an experience still surprises after it was replayed."""

    error: float
    priority: float


def drawn(priorities: Sequence[float], draws: Sequence[float]) -> list[int]:
    """Return a place in the buffer for each draw, with replacement, each place as likely as its priority is great.

    ValueError if the buffer is empty or a priority is not above zero.
    """
    if not priorities or min(priorities) <= 0.0:
        raise ValueError("a replay draws from experiences with priorities above zero")
    sums = list(accumulate(priorities))
    return [bisect(sums, draw * sums[-1], 0, len(sums) - 1) for draw in draws]


def reweigh(reward: float, q: float) -> Reweighed:
    """Return the error and the priority of an experience, now that its Q-value is `q` (M15)."""
    return Reweighed(surprise(reward, q), priority(reward, q))
