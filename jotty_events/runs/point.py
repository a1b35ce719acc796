"""The grammar of points: names for places in a history.

    latest                   the end of the greatest run id that has a commit, experiments left out
    run_20260106_120000      the end of that run
    run_20260106_120000@120  after seq 120 in the lineage of that run
    run_20260106_120000#3    the end of that run's third ended episode
    @2026-01-06T12:00:00Z    in the lineage of latest, the commit with the greatest seq whose time is not later
    POINT~2                  the parent point of the parent point of the run that POINT is in

Invariants: a text either parses into one `PointExpression`, or raises a PointError that names the grammar.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import PointError

GRAMMAR = "latest, run_YYYYMMDD_HHMMSS, run_…@SEQ, run_…#EPISODE, @2026-01-06T12:00:00Z, each optionally with ~N"

_FORM = re.compile(
    r"(?:(?P<latest>latest)|(?P<run>run_\d{8}_\d{6})(?:@(?P<seq>\d{1,15})|\#(?P<nth>\d{1,9}))?|@(?P<time>[^~]+))"
    r"(?:~(?P<back>\d{1,9}))?",
    re.ASCII,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Point:
    """A place in history: after record `seq` in the lineage of `run`."""

    run: str
    seq: int

    def __str__(self) -> str:
        return f"{self.run}@{self.seq}"


@dataclass(frozen=True)
class PointExpression:
    """A parsed point. Without `run` and `time` it is `latest`; `time` is in microseconds since 1970."""

    run: str | None = None
    seq: int | None = None
    nth: int | None = None
    time: int | None = None
    back: int = 0


def parse(text: str) -> PointExpression:
    """Parse a point; PointError if it is malformed."""
    found = _FORM.fullmatch(text)
    if found is None:
        what = "an empty text" if not text.strip() else repr(text[:80])
        raise PointError(f"{what} is no point", hint=f"points are {GRAMMAR}")
    parts = found.groupdict()
    return PointExpression(
        run=parts["run"],
        seq=None if parts["seq"] is None else int(parts["seq"]),
        nth=None if parts["nth"] is None else int(parts["nth"]),
        time=None if parts["time"] is None else _microseconds(parts["time"]),
        back=int(parts["back"] or 0),
    )


def _microseconds(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
        zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
        return (zoned - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise PointError(f"{text[:80]!r} is no time", hint="write it as @2026-01-06T12:00:00Z") from error
