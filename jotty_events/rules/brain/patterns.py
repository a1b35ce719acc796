"""The brain: which experiences are replayed in sleep, and which patterns they leave behind (RULES R5).

Invariants: replay only strengthens, time only weakens, and both are bounded; among equals the oldest comes first, in
version 1 the one that stands first. Tags stand in a defined order and are compared as sets.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum
from typing import NamedTuple

from ..words.similarity import jaccard

SLEEP_INTERVAL, REPLAY_THRESHOLD = 10, 0.7
"""Where no other were configured. A conductor uses 3 and 0.4."""
HIPPOCAMPUS_CAPACITY, NEOCORTEX_CAPACITY = 100, 200
RECENCY_RATE = 0.693 / 3600
"""Per second; very nearly ln 2 per hour."""
MAX_REPLAYS = 5
STRENGTH_FACTOR, STRENGTH_MOST = 1.1, 2.0
INITIAL_STRENGTH = 1.0
EXPECTATION_RATE = 0.1
"""How fast the expected reward follows the rewards."""
REINFORCED_ABOVE = 0.7
SUCCESS_ABOVE, FAILURE_BELOW = 0.7, 0.3
HIGH_IMPACT, MEDIUM_IMPACT = 0.7, 0.3
GOAL_KEPT = 50
WEAK_EXPERIENCE, WEAK_PATTERN = 0.2, 0.5
WEEK = 7 * 86400.0
STEEPEST = 700.0
"""How far a clock that steps back can lift the priority of what is not there yet, as an exponent."""
UNKNOWN_ACTION = "unknown"
_MARKS = {
    "success": ("✅", "tends to succeed"),
    "failure": ("❌", "tends to fail"),
    "mixed": ("⚖️", "has mixed results"),
}


class Weights(NamedTuple):
    """What counts how much in a priority. Unlike the original's, they are honoured (M10)."""

    reward: float = 0.25
    novelty: float = 0.20
    frequency: float = 0.15
    recency: float = 0.25
    causal: float = 0.15


WEIGHTS = Weights()


class Experience(NamedTuple):
    """An experience in the hippocampus; `encoded_at` in seconds, `nth` its insertion number."""

    nth: int
    reward: float
    novelty: float
    replays: int
    strength: float
    encoded_at: float
    causal_impact: float = 0.0


class Replayed(NamedTuple):
    """An experience after a replay, and the priority that chose it."""

    nth: int
    priority: float
    replays: int
    strength: float


class Pattern(NamedTuple):
    """A pattern in the neocortex; `reinforced_at` in seconds, `nth` its insertion number."""

    nth: int
    tags: Sequence[str]
    strength: float
    reinforced_at: float


_TAGS = (
    ("action", "action"),
    ("actor", "actor"),
    ("goal", "goal"),
    ("status", "status"),
    ("causal", "shapley_credit"),
    ("tool", "tool_used"),
    ("schema", "output_schema"),
    ("source", "knowledge_source"),
)
"""What a tag is called, and the key that it is made of."""


def tags(content: Mapping[str, object], version: int = 2) -> list[str]:
    """Return what an experience is about, such as `action:search` and `actor:analyst` (RULES R5).

    In version 2 what is empty or null says nothing.
    """
    named = [(name, _tag(name, content[key])) for name, key in _TAGS if key in content]
    return [f"{name}:{value}" for name, value in named if value or (version < 2 and name != "causal")]


def _tag(name: str, value: object) -> str:
    if name == "causal":
        return _impact(value)
    said = "" if value is None else str(value)
    return said[:GOAL_KEPT] if name == "goal" else said


def _said(content: Mapping[str, object], key: str) -> str:
    value = content.get(key)
    return "" if value is None else str(value)


def impact_of(content: Mapping[str, object], said: float | None, version: int = 2) -> float:
    """Return how much an experience caused: what was said, else its credit, a share; version 1 never looks (M10)."""
    credit = content.get("shapley_credit")
    if said is not None or version < 2 or isinstance(credit, bool) or not isinstance(credit, int | float):
        return said or 0.0
    return float(credit) if 0.0 <= credit <= 1.0 else 0.0


def _impact(credit: object) -> str:
    if not isinstance(credit, int | float):
        return ""
    return f"{'high' if credit > HIGH_IMPACT else 'medium' if credit > MEDIUM_IMPACT else 'low'}_impact"


def novelty(similarity: float) -> float:
    """Return how new an experience is: 1 minus the Jaccard index of the pattern that is most like it (RULES R5)."""
    return 1.0 - similarity


def expectation(expected: float, reward: float) -> float:
    """Return the expected reward after one more reward: the running mean moves a tenth of the way (RULES R5)."""
    return EXPECTATION_RATE * reward + (1 - EXPECTATION_RATE) * expected


def priority(experience: Experience, *, now: float, weights: Weights = WEIGHTS, version: int = 2) -> float:
    """Return how much an experience deserves to be replayed and kept (RULES R5, M10); `now` in seconds.

    To version 1, an experience of a later time than now is the more recent, the later it is.
    """
    age = now - experience.encoded_at
    return (
        weights.reward * 2 * abs(experience.reward - 0.5)
        + weights.novelty * experience.novelty
        + weights.frequency / (1 + experience.replays)
        + weights.recency * exp(min(STEEPEST, -RECENCY_RATE * (age if version < 2 else max(0.0, age))))
        + weights.causal * experience.causal_impact
    )


def weights_by(version: int, configured: Weights) -> Weights:
    """Return the weights that count: as configured, in version 1 always the same (M10)."""
    return configured if version >= 2 else WEIGHTS


def replay(
    experiences: Iterable[Experience], *, threshold: float, now: float, weights: Weights = WEIGHTS, version: int = 2
) -> list[Replayed]:
    """Return the experiences to replay in one sleep, strengthened, the highest priority first (RULES R5).

    These are the better half, and one, of those above the threshold that were replayed fewer than five times.
    """
    rated = [
        (priority(each, now=now, weights=weights, version=version), each)
        for each in experiences
        if each.replays < MAX_REPLAYS
    ]
    order = _first_standing if version < 2 else _oldest
    fit = sorted((pair for pair in rated if pair[0] > threshold), key=order)
    return [
        Replayed(each.nth, rating, each.replays + 1, strengthened(each.strength))
        for rating, each in fit[: len(fit) // 2 + 1]
    ]


def _oldest(rated: tuple[float, Experience]) -> tuple[float, int]:
    return -rated[0], rated[1].nth


def _first_standing(rated: tuple[float, Experience]) -> tuple[float, int]:
    """Let equals stay as they stand (version 1): sorting does not move them."""
    return -rated[0], 0


def strengthened(strength: float) -> float:
    """Return the strength of an experience after one more replay: a tenth more, at most 2 (RULES R5)."""
    return min(STRENGTH_MOST, strength * STRENGTH_FACTOR)


def kind_of(reward: float) -> str:
    """Return `success` (above 0.7), `failure` (below 0.3) or `mixed`."""
    if reward > SUCCESS_ABOVE:
        return "success"
    return "failure" if reward < FAILURE_BELOW else "mixed"


def kind_in(text: str) -> str:
    """Return what kind of pattern a text tells of, by its verdict, else by its sign; `mixed` if it says neither."""
    said = (kind for kind, (mark, verdict) in _MARKS.items() if verdict in text or text.startswith(mark))
    return next(said, "mixed")


def pattern_text(content: Mapping[str, object], reward: float) -> str | None:
    """Return the lesson of an experience in words, naming its action and its actor (M9); None if it says nothing."""
    if not content:
        return None
    mark, verdict = _MARKS[kind_of(reward)]
    action = _said(content, "action") or _said(content, "approach") or _said(content, "goal") or "an unnamed action"
    actor = _said(content, "actor")
    return f"{mark} {f'{actor}: ' if actor else ''}'{action}' {verdict} (reward: {reward:.2f})"


def pattern_text_without_actor(content: Mapping[str, object], reward: float) -> str | None:
    """Return the lesson of an experience as version 1 words it: without an action, a strategy is unknown (M9)."""
    if not content:
        return None
    kind = kind_of(reward)
    mark, verdict = _MARKS[kind]
    space = "  " if kind == "mixed" else " "
    return f"{mark}{space}Strategy '{content.get('action', UNKNOWN_ACTION)}' {verdict} (reward: {reward:.2f})"


def lesson(content: Mapping[str, object], reward: float, version: int = 2) -> str | None:
    """Return the lesson of an experience in words, None if it says nothing."""
    return (pattern_text if version >= 2 else pattern_text_without_actor)(content, reward)


def pattern_strength(strength: float, replays: int) -> float:
    """Return what one replay adds to a pattern: the experience's strength times its replays (RULES R5)."""
    return strength * replays


def nearest(tags: Sequence[str], patterns: Iterable[Pattern]) -> tuple[int | None, float]:
    """Return the `nth` and the Jaccard index of the pattern most like these tags, among equals the oldest (D1).

    (None, 0.0) if no pattern shares a tag.
    """
    ours = frozenset(tags)
    near = ((jaccard(ours, frozenset(pattern.tags)), -pattern.nth) for pattern in patterns)
    best, minus_nth = max(near, default=(0.0, 0))
    return (-minus_nth, best) if best else (None, 0.0)


def match(tags: Sequence[str], patterns: Iterable[Pattern]) -> tuple[int, float] | None:
    """Return the `nth` and the Jaccard index of the pattern that a replay reinforces: the nearest above 0.7.

    Among equally near ones the oldest (RULES R5, D1). None if there is none; what has no tags matches nothing.
    """
    nth, best = nearest(tags, patterns)
    return None if nth is None or best <= REINFORCED_ABOVE else (nth, best)


def first_match(tags: Sequence[str], patterns: Iterable[Pattern]) -> tuple[int, float] | None:
    """Return the pattern that version 1 reinforces: the first that stands above 0.7, be it near or far (D1)."""
    ours = frozenset(tags)
    found = ((pattern.nth, jaccard(ours, frozenset(pattern.tags))) for pattern in patterns)
    return next((pair for pair in found if pair[1] > REINFORCED_ABOVE), None)


def over_capacity(rated: Iterable[tuple[int, float]], capacity: int) -> list[int]:
    """Return the `nth` of what must be forgotten, of (nth, priority or strength) pairs: the least, then the oldest."""
    ordered = sorted(rated, key=lambda pair: (pair[1], pair[0]))
    return [nth for nth, _ in ordered[: max(0, len(ordered) - max(0, capacity))]]


def ranked(rated: Iterable[tuple[int, float]], capacity: int) -> tuple[list[int], list[int]]:
    """Return the `nth` of what version 1 keeps and of what it forgets over capacity: the greatest first.

    Where nothing is to be forgotten nothing moves, and both are empty.
    """
    listed = list(rated)
    if len(listed) <= capacity:
        return [], []
    ordered = [nth for nth, _ in sorted(listed, key=lambda pair: -pair[1])]
    return ordered[:capacity], ordered[capacity:]


def faded(strength: float, age: float) -> float:
    """Return what is left of a strength after `age` seconds: half of it each week (M10)."""
    return strength * float(0.5 ** (max(0.0, age) / WEEK))


def weak_experiences(experiences: Iterable[Experience], *, now: float, version: int = 2) -> list[int]:
    """Return the `nth` of experiences that were never replayed and have faded to 0.2 (RULES R5, M10).

    In version 1 nothing fades: a strength begins at 1 and only grows, so that none is ever found.
    """
    return [
        each.nth
        for each in experiences
        if not each.replays and _left(each.strength, now - each.encoded_at, version) <= WEAK_EXPERIENCE
    ]


def weak_patterns(patterns: Iterable[Pattern], *, now: float, version: int = 2) -> list[int]:
    """Return the `nth` of patterns not reinforced for a week that have faded to 0.5 (RULES R5, M10)."""
    return [
        each.nth
        for each in patterns
        if now - each.reinforced_at >= WEEK and _left(each.strength, now - each.reinforced_at, version) <= WEAK_PATTERN
    ]


def _left(strength: float, age: float, version: int) -> float:
    return strength if version < 2 else faded(strength, age)


def due(episodes_since_sleep: int, interval: int) -> bool:
    """Say whether so many episodes have ended since the last sleep that it is time for the next (RULES R5)."""
    return episodes_since_sleep >= interval


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0.0 of nothing."""
    return fsum(values) / len(values) if values else 0.0
