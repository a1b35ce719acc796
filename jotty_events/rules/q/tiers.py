"""The tiers of the Q-table: 1 is shown in every prompt, 2 is looked up by clusters, 3 is the archive (RULES R1).

Invariants: in version 2 every entry stands in just one tier (M12), and an entry that is forgotten changes what is read
by less than the least that matters (M14). In version 1 the entries between tier 1 and the archive are in the tier of
their cluster, those without a cluster in none.
"""

from typing import NamedTuple

TIER2_WINDOW = 100
"""So many entries after those of tier 1 are in tier 2."""
PLATEAU = 10
"""So many episodes in a row without a better reward are a plateau."""
TAKEN_BACK = 10
"""So many entries more does each plateau take out of the archive."""
FIRST_THRESHOLD, HIGHEST_THRESHOLD, THRESHOLD_GROWTH = 0.8, 0.95, 1.05

TAUGHT_LITTLE = 0.05
"""A mean error below this taught nothing; neither does a value that is so near to what is read without it."""
SEEN_ONCE = 1
LOW_VALUE = 0.4


class Progress(NamedTuple):
    """The last reward of an episode, and how many episodes in a row brought no better one."""

    last_reward: float | None
    without_improvement: int


def progress(reward: float | None, before: Progress, *, version: int = 2) -> Progress:
    """Return how it goes after an episode of this reward; without a reward nothing changes.

    Version 1 forgets a plateau as it reaches it, without effect (M12); its first episode is measured against 0.0.
    """
    if reward is None:
        return before
    last = before.last_reward
    if last is None and version < 2:
        last = 0.0
    if last is None or reward > last:
        return Progress(reward, 0)
    misses = before.without_improvement + 1
    return Progress(reward, 0 if version < 2 and misses >= PLATEAU else misses)


def window(without_improvement: int) -> int:
    """Return how many entries tier 2 holds: each plateau widens it, until the reward improves (M12)."""
    return TIER2_WINDOW + TAKEN_BACK * (without_improvement // PLATEAU)


def raised(threshold: float) -> float:
    """Return the threshold after tier 1 was full: version 1 raises it, and reads it nowhere."""
    return min(HIGHEST_THRESHOLD, threshold * THRESHOLD_GROWTH)


def sampled(archived: int, rate: float) -> int:
    """Return how many archived entries are looked at: a share of them, at least one if there is any."""
    return min(archived, max(1, int(archived * rate)))


def taught_little(*, value: float, visits: int, error_mean: float) -> bool:
    """Say whether an entry was seen once, taught next to nothing and is worth little (RULES R1)."""
    return error_mean < TAUGHT_LITTLE and visits <= SEEN_ONCE and value < LOW_VALUE


def forgettable(*, value: float, visits: int, error_mean: float, elsewhere: float) -> bool:
    """Say whether an entry can go: it taught little, and without it nearly the same is read (M14)."""
    little = taught_little(value=value, visits=visits, error_mean=error_mean)
    return little and abs(value - elsewhere) < TAUGHT_LITTLE
