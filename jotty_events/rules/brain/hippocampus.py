"""The hippocampal filter: which experiences are worth remembering (RULES R5).

Invariants: what is expected follows the rewards; a content counts as new once. Version 2 knows a bounded number of
contents (E5), and forgets the one that it has known longest.
"""

from hashlib import sha256
from math import sqrt
from typing import NamedTuple

from .patterns import expectation

FAMILIAR, UNFAMILIAR = 0.2, 0.8
EXTREME_ABOVE, EXTREME_BELOW, EXTREME_BONUS = 0.9, 0.1, 0.3
NEUTRAL = 0.5
"""The relevance where there is no goal or nothing to judge, and what is expected of it before anything was."""
SPREAD_AT_FIRST = 0.2
LENGTH_SHARE, STRUCTURE_SHARE, FULL_LENGTH = 0.4, 0.6, 1000
LONG, MIDDLING = (500, 0.7), (100, 0.6)
SHORT = 0.5
SEEN_MOST = 1000


class Weights(NamedTuple):
    """What counts how much in the strength of an experience."""

    salience: float = 0.3
    novelty: float = 0.4
    relevance: float = 0.3


WEIGHTS = Weights()


class Running(NamedTuple):
    """Running figures: a mean, the sum of squared distances from it, and of how many samples (Welford)."""

    mean: float = 0.0
    squares: float = 0.0
    samples: int = 0

    def with_one_more(self, value: float) -> "Running":
        """Return the figures with a value."""
        samples = self.samples + 1
        mean = self.mean + (value - self.mean) / samples
        return Running(mean, self.squares + (value - self.mean) * (value - mean), samples)

    @property
    def middle(self) -> float:
        """The mean, 0.5 before anything was judged."""
        return self.mean if self.samples else NEUTRAL

    @property
    def spread(self) -> float:
        """The standard deviation of a sample, 0.2 where it has fewer than two values."""
        return sqrt(self.squares / (self.samples - 1)) if self.samples > 1 else SPREAD_AT_FIRST


class Judged(NamedTuple):
    """How an experience was judged, and what is expected from now on."""

    salience: float
    novelty: float
    relevance: float
    strength: float
    remembered: bool
    expected_reward: float
    running: Running


def digest(content: str) -> str:
    """Return what stands for a content among those seen: SHA-256 in hex."""
    return sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def salience(reward: float, expected: float) -> float:
    """Return how much a reward stands out in [0, 1]: twice its distance from what was expected, more at the ends."""
    found = min(1.0, abs(reward - expected) * 2)
    extreme = reward > EXTREME_ABOVE or reward < EXTREME_BELOW
    return min(1.0, found + EXTREME_BONUS) if extreme else found


def novelty(seen: bool) -> float:
    """Return how new a content is: it was seen before or not."""
    return FAMILIAR if seen else UNFAMILIAR


def is_judged(content: str, goal: str) -> bool:
    """Say whether relevance can be judged at all."""
    return bool(content and goal)


def relevance(content: str, goal: str) -> float:
    """Return how relevant a content may be in [0, 1], by its length; 0.5 without a goal or a content."""
    if not is_judged(content, goal):
        return NEUTRAL
    length = len(content)
    structure = next((share for above, share in (LONG, MIDDLING) if length > above), SHORT)
    return min(length / FULL_LENGTH, 1.0) * LENGTH_SHARE + structure * STRUCTURE_SHARE


def judge(
    content: str,
    reward: float,
    goal: str,
    *,
    expected: float,
    seen: bool,
    running: Running,
    weights: Weights = WEIGHTS,
    threshold: float,
) -> Judged:
    """Return how strong an experience is, and whether that is enough to remember it (RULES R5)."""
    stands_out, new, bears = salience(reward, expected), novelty(seen), relevance(content, goal)
    strength = weights.salience * stands_out + weights.novelty * new + weights.relevance * bears
    after = running.with_one_more(bears) if is_judged(content, goal) else running
    return Judged(stands_out, new, bears, strength, strength >= threshold, expectation(expected, reward), after)


def has_to_go(known: int, seen: bool, version: int = 2) -> bool:
    """Say whether the content known longest is forgotten for a new one: in version 1 none ever is (E5)."""
    return version >= 2 and not seen and known >= SEEN_MOST
