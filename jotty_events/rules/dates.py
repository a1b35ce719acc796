"""Times as the original writes them: dates in UTC that do not say so, to the microsecond."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the original's dates have no time zone


def as_date(seconds: float) -> str:
    """Return seconds since 1970 as a date; as a number where no calendar has such a date."""
    try:
        return (EPOCH + timedelta(microseconds=round(seconds * 1e6))).isoformat()
    except (OverflowError, ValueError):
        return repr(seconds)


def said_seconds(said: str | float) -> float:
    """Return a time that is a date or a number of seconds; ValueError for text that is neither."""
    return as_seconds(said) if isinstance(said, str) else float(said)


def as_seconds(date: str) -> float:
    """Return what `as_date` was given, to the microsecond; ValueError for what is neither date nor number."""
    try:
        found = datetime.fromisoformat(date)
    except ValueError:
        return float(date)
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return (found - EPOCH).total_seconds()
