"""Causal links: how sure we are that one thing brings about another, and when that applies (RULES R3).

Invariants: a confidence is in [0.1, 0.99]; no evidence makes a link certain, and none makes it impossible.
"""

from collections.abc import Iterable, Mapping

INITIAL_CONFIDENCE = 0.5
LEAST, MOST = 0.1, 0.99
STEP = 0.1


def starting_confidence(given: float | None) -> float:
    """Return the confidence of a new link: the one that was given, else 0.5, in [0.1, 0.99] (RULES R3)."""
    return max(LEAST, min(MOST, INITIAL_CONFIDENCE if given is None else given))


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
