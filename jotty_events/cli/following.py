"""The record lines of a lineage, and those that come while somebody watches.

Invariants: nothing is given out before it is durable, nothing twice, and nothing is left out.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..log.segment import Commit
from ..runs.point import Point
from ..runs.tail import Tail
from ..runs.tree import Tree

PAUSE = 0.2
"""Seconds between two looks at a run that is being written."""


class Entry(NamedTuple):
    """A record line, its seq, and the run that it stands in."""

    run: str
    seq: int
    line: bytes


def standing(tree: Tree, point: Point, after: int) -> Iterator[Entry]:
    """Give out the records after seq `after` that lead to a point."""
    for run, commit in tree.lineage(point).commits(after):
        yield from _entries(run, commit, after)


def coming(tree: Tree, point: Point, after: int, pause: Callable[[float], object]) -> Iterator[Entry | None]:
    """Give out the records that follow a point in its run, until that run ends.

    None stands where there is nothing more for now: then `pause` is called with the seconds until the next look.
    """
    since = max(after, point.seq)
    tail = Tail(tree.files, point.run, since)
    while True:
        for commit in tail.poll():
            yield from _entries(point.run, commit, since)
        if tail.ended:
            return
        yield None
        pause(PAUSE)


def _entries(run: str, commit: Commit, after: int) -> Iterator[Entry]:
    for seq, line in enumerate(commit.lines, commit.first):
        if seq > after:
            yield Entry(run, seq, line)
