"""Numbers, counts and times, as people read them."""

from datetime import UTC, datetime

_LARGE = 1e6
NONE = "-"
"""Stands where there is no value."""


def number(value: float | None) -> str:
    """Return a value such as 0.800."""
    if value is None:
        return NONE
    return f"{value:.3f}" if abs(value) < _LARGE else f"{value:.3e}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 run, 2 runs, 1,000 memories."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def when(microseconds: int) -> datetime:
    """Return a record's time; one that no calendar holds becomes the first or last that it does."""
    try:
        return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)
    except (ValueError, OverflowError, OSError):
        return datetime(1, 1, 1, tzinfo=UTC) if microseconds < 0 else datetime(9999, 12, 31, tzinfo=UTC)


def moment(microseconds: int) -> str:
    """Return a time to the second, UTC: 2026-01-06 12:00:00."""
    return f"{when(microseconds):%Y-%m-%d %H:%M:%S}"


def iso(microseconds: int) -> str:
    """Return a time as scripts read it, and as a point takes it: 2026-01-06T12:00:00.000000Z."""
    return f"{when(microseconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def duration(seconds: float | None) -> str:
    """Return how long something took."""
    if seconds is None:
        return NONE
    return f"{seconds * 1000:.0f} ms" if abs(seconds) < 1 else f"{seconds:,.1f} s"
