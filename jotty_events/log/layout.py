"""Every file name of a history stands here, and nowhere else.

Invariants: a run id is `run_YYYYMMDD_HHMMSS`, UTC, of fixed width, so that the order of ids as text is the order of
their starts. A segment is named by its first seq in twelve digits, so that the order of names is that of seqs.
"""

import re
from datetime import UTC, datetime, timedelta

from ..errors import PointError

MANIFEST = "run.json"
LOCK = "LOCK"
EVENTS = "events"
LATEST = "latest"

_RUN_ID = re.compile(r"run_\d{8}_\d{6}", re.ASCII)
_SEGMENT = re.compile(r"\d{12,}\.jsonl", re.ASCII)
_FORM = "run_%Y%m%d_%H%M%S"


def is_run_id(name: str) -> bool:
    """Say whether a name is the id of a run."""
    return _RUN_ID.fullmatch(name) is not None


def run_id(now: float) -> str:
    """Return the id of a run that starts at `now`, in seconds since 1970."""
    return datetime.fromtimestamp(now, UTC).strftime(_FORM)


def run_id_after(earlier: str) -> str:
    """Return the id one second after another; PointError if that is no date."""
    try:
        start = datetime.strptime(earlier, _FORM).replace(tzinfo=UTC)
        return (start + timedelta(seconds=1)).strftime(_FORM)
    except (ValueError, OverflowError) as error:
        raise PointError(
            f"{earlier} has the form of a run id but is no date", hint="move that folder out of the output folder"
        ) from error


def is_segment(name: str) -> bool:
    """Say whether a name is that of a segment."""
    return _SEGMENT.fullmatch(name) is not None


def manifest(run: str) -> str:
    """Return the path of a run's manifest."""
    return f"{run}/{MANIFEST}"


def lock(run: str) -> str:
    """Return the path of a run's lock file."""
    return f"{run}/{LOCK}"


def events(run: str) -> str:
    """Return the path of a run's folder of segments."""
    return f"{run}/{EVENTS}"


def segment(run: str, first: int) -> str:
    """Return the path of the segment that begins with seq `first`."""
    return f"{run}/{EVENTS}/{first:012d}.jsonl"
