"""Causal links: how sure we are that one thing brings about another, and when that applies (RULES R3).

Invariants: a confidence that was weighed is in [0.1, 0.99]; no evidence makes a link certain, and none makes it
impossible.
"""

from collections.abc import Iterable, Mapping
from hashlib import md5

INITIAL_CONFIDENCE = 0.5
LEAST, MOST = 0.1, 0.99
STEP = 0.1
TELLING_FROM = 4
"""A word of a query counts by itself if it has so many characters."""


def link_id(cause: str, effect: str, version: int = 2) -> str:
    """Return the id of a link: the MD5 of cause and effect, in hex (RULES R3).

    Version 2 keeps the two apart, so that no two links have one id (E4).
    """
    said = f"{cause}{effect}" if version < 2 else f"{len(cause)}:{cause}{effect}"
    return md5(said.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def mentions(query: str, cause: str, effect: str) -> bool:
    """Say whether cause or effect has the query in it, or one of its words of four characters and more (RULES R3)."""
    asked, said = query.lower(), (cause.lower(), effect.lower())
    sought = [asked, *(word for word in asked.split() if len(word) >= TELLING_FROM)]
    return any(one in text for one in sought for text in said)


def starting_confidence(given: float | None, version: int = 2) -> float:
    """Return the confidence of a new link: the one that was given, else 0.5 (RULES R3).

    In version 2 it is in [0.1, 0.99] from the start.
    """
    confidence = INITIAL_CONFIDENCE if given is None else given
    return confidence if version < 2 else max(LEAST, min(MOST, confidence))


def reweigh(confidence: float, supported: bool) -> float:
    """Return the confidence after one more piece of evidence for it, or against it (RULES R3)."""
    moved = confidence + STEP * (1 - confidence) if supported else confidence - STEP * confidence
    return max(LEAST, min(MOST, moved))


def applies(conditions: Iterable[str], context: Mapping[str, object], exceptions: Iterable[str] = ()) -> bool:
    """Say whether the context contradicts no condition and meets no exception (RULES R3).

    Both are `key=value`, or `key` for "true". What the context does not mention decides nothing; case does not count.
    """
    contradicted = any(_holds(condition, context) is False for condition in conditions)
    return not contradicted and not any(_holds(exception, context) for exception in exceptions)


def _holds(condition: str, context: Mapping[str, object]) -> bool | None:
    key, given, value = condition.partition("=")
    wanted = value if given else "true"
    return str(context[key]).lower() == wanted.lower() if key in context else None
