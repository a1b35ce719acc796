"""Times as the original writes them: see rules/dates.py, whose names these are."""

from ..rules.dates import EPOCH, as_date, as_seconds, said_seconds

__all__ = ["EPOCH", "as_date", "as_seconds", "said_seconds"]
