"""The record lines of a lineage, and those that come in any run while somebody watches.

Invariants: nothing is given out before it is durable, nothing twice, and nothing is left out.
"""

from collections.abc import Callable, Iterator

from ..errors import PointError
from ..runs.feed import Feed, Line
from ..runs.point import Point
from ..runs.tree import Tree

PAUSE = 0.2
"""Seconds between two looks at what has come."""


def standing(tree: Tree, point: Point, after: int) -> Iterator[Line]:
    """Give out the records after seq `after` that lead to a point."""
    for run, commit in tree.lineage(point).commits(after):
        for seq, line in enumerate(commit.lines, commit.first):
            if seq > after:
                yield Line(run, seq, line)


def coming(feed: Feed, pause: Callable[[float], object]) -> Iterator[Line | None]:
    """Give out what a feed has, then what comes, without end.

    None stands where there is nothing more for now: then `pause` is called with the seconds until the next look.
    """
    while True:
        yield from feed.poll()
        yield None
        pause(PAUSE)


def seq_in(tree: Tree, point: Point, cursor: dict[str, int]) -> int:
    """Return the seq of a cursor in the lineage of a point; PointError if it lies in none of its runs."""
    runs = tree.lineage(point).runs
    found = [seq for run, seq in cursor.items() if run in runs]
    if not found:
        raise PointError(
            f"no run of the cursor leads to {point}", hint="name a point of the cursor's branch, or use --follow"
        )
    return max(found)
