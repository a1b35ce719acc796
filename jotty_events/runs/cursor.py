"""Cursors: how far somebody has come who reads every run of a history.

    run_20260106_120000@120                         after seq 120 of that run
    run_20260106_120000@120,run_20260106_120001@40  the same of two runs that were written at the same time

Invariants: a run that a cursor does not name was given out whole if its id is less than the greatest named one, and not
at all if it is greater: ids of new runs are greater than all before. (What is unpacked later under an earlier id is
given to those who watch, and not to those who come back with a cursor.) The end of a run is a cursor like any other.
"""

import re
from collections.abc import Mapping

from ..errors import PointError
from ..log import layout
from .point import Point
from .tree import Tree

_PLACE = re.compile(r"(run_\d{8}_\d{6})@(\d{1,15})", re.ASCII)

FORM = "run_YYYYMMDD_HHMMSS@SEQ, several joined by commas"


def is_cursor(text: str) -> bool:
    """Say whether a text has the form of a cursor; many points have it, too."""
    return bool(text) and all(_PLACE.fullmatch(one) for one in text.split(","))


def parse_cursor(text: str) -> dict[str, int]:
    """Return the seqs after which to go on, by run; PointError if the text is malformed."""
    if not is_cursor(text):
        raise PointError(f"{text[:80]!r} is no cursor", hint=f"a cursor is {FORM}: what --json printed")
    places = [(found[1], int(found[2])) for found in map(_PLACE.fullmatch, text.split(",")) if found]
    if len(dict(places)) < len(places):
        raise PointError(f"{text[:80]!r} names a run twice", hint="take a cursor as it was printed")
    return dict(places)


def cursor_text(places: Mapping[str, int]) -> str:
    """Return a cursor as text."""
    return ",".join(f"{run}@{seq}" for run, seq in sorted(places.items()))


def cursor_at(tree: Tree, point: Point) -> dict[str, int]:
    """Return the cursor of a point: from there on, and from now on in earlier runs that are still being written."""
    earlier = (run for run in tree.run_ids() if run < point.run and tree.files.is_locked(layout.lock(run)))
    return {run: _reached(tree, run) for run in earlier} | {point.run: point.seq}


def _reached(tree: Tree, run: str) -> int:
    """Return the last seq that can be read of a run, 0 while it is being created."""
    end = tree.run(run).end if tree.exists(run) else None
    return 0 if end is None else end.seq
