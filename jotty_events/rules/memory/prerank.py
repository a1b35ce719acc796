"""Retrieval as the original ranks: by age, use and level first, then by relevance and value (RULES R2, version 1).

Invariants: sorting is stable, so equal scores stand in the order of insertion, level by level. Relevance is 0.5 where
no model said another.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import Generic, NamedTuple, TypeVar

from .recall import Recall, score

K = TypeVar("K")

UNKNOWN_RELEVANCE = 0.5
LEVEL_WORTH = {"meta": 1.0, "causal": 0.95, "semantic": 0.9, "procedural": 0.85, "episodic": 0.7}
VALUE_SHARE, LEVEL_SHARE, RECENCY_SHARE, USE_SHARE = 0.4, 0.25, 0.2, 0.15
DECAY_PER_HOUR = 0.029
USE_SCALE = 10
LARGE = 10_000
"""Characters from above which two contents are not compared."""
_GREATEST = 700.0
"""An exponent that still gives a float: an entry may have been used long after now, if a clock stepped back."""


class Rankable(NamedTuple, Generic[K]):
    """An entry as ranking sees it: `own` is its value for the very goal, or its default; `value` is with transfer."""

    key: K
    level: str
    own: float
    value: float
    default: float
    access_count: int
    last_accessed: float
    token_count: int
    content_hash: str
    length: int


Answer = tuple[Rankable[K], Recall[K]]
"""An entry, and how well it answers."""


def first_rank(entry: Rankable[K], now: float) -> float:
    """Return what an entry promises before anybody looks at its content."""
    hours = (_microseconds(now) - _microseconds(entry.last_accessed)) / 1e6 / 3600
    use = min(1.0, log(entry.access_count + 1) / USE_SCALE)
    return (
        VALUE_SHARE * entry.own
        + LEVEL_SHARE * LEVEL_WORTH[entry.level]
        + RECENCY_SHARE * exp(min(_GREATEST, -DECAY_PER_HOUR * hours))
        + USE_SHARE * use
    )


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def candidates(entries: Iterable[Rankable[K]], *, now: float, limit: int) -> list[Rankable[K]]:
    """Return the entries that are worth a look, the most promising first."""
    return sorted(entries, key=lambda entry: -first_rank(entry, now))[:limit]


def rank_candidates(
    entries: Sequence[Rankable[K]], relevances: Mapping[K, float], *, threshold: float
) -> list[Answer[K]]:
    """Return the candidates that score at least the threshold, the best first."""
    found: list[Answer[K]] = []
    for entry in entries:
        near = relevances.get(entry.key, UNKNOWN_RELEVANCE)
        total = score(near, entry.value)
        if total >= threshold:
            found.append((entry, Recall(entry.key, near, total)))
    return sorted(found, key=lambda answer: -answer[1].score)


def without_doubles(found: list[Answer[K]]) -> list[Answer[K]]:
    """Return one entry of each content, the first of the highest default value; large contents come last."""
    if len(found) <= 1:
        return found
    groups: dict[str, list[Answer[K]]] = {}
    for answer in found:
        if answer[0].length <= LARGE:
            groups.setdefault(answer[0].content_hash, []).append(answer)
    best = [max(group, key=lambda answer: answer[0].default) for group in groups.values()]
    return best + [answer for answer in found if answer[0].length > LARGE]


def within(found: list[Answer[K]], budget: int) -> list[Answer[K]]:
    """Return the entries that fit into a number of tokens together; one that does not fit is passed over."""
    chosen: list[Answer[K]] = []
    for answer in found:
        if answer[0].token_count <= budget:
            chosen.append(answer)
            budget -= answer[0].token_count
    return chosen
