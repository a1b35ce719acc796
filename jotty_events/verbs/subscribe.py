"""Subscribing: every record of a history from a point on, those that are still to come too, as an async iterator.

Invariants: nothing is given out that a recovery would take away, nothing twice, and nothing is left out. Between two
looks that found nothing more there is a pause. Files are read in another thread, so that the event loop goes on; who
stops iterating, or is cancelled, leaves nothing behind.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from itertools import islice
from typing import NamedTuple

from ..errors import FormatError
from ..record import LineError, Opaque, Record, decode_record
from ..runs.cursor import cursor_at, parse_cursor
from ..runs.feed import Feed, Line
from ..runs.tree import Tree

PAUSE = 0.2
"""Seconds between two looks at what has come."""

_AT_ONCE = 256

Pause = Callable[[float], Awaitable[object]]
"""Waits for so many seconds, or until there is something new."""


class Delivered(NamedTuple):
    """A record, the run that it stands in, and the cursor behind it: subscribing there gives what follows."""

    run: str
    record: Record | Opaque
    cursor: str


def begun(tree: Tree, after: str | None) -> Feed:
    """Return the feed behind a cursor or a point, or of everything; PointError, UnknownRun."""
    if after is None:
        return Feed(tree)
    return Feed(tree, parse_cursor(after) if "," in after else cursor_at(tree, tree.resolve(after)))


async def subscribe(tree: Tree, feed: Feed, pause: Pause = asyncio.sleep) -> AsyncGenerator[Delivered, None]:
    """Give out what a feed has, then what comes, without end; FormatError, Corruption."""
    while True:
        lines = feed.poll()
        more = True
        while more:
            taken, failure = await asyncio.to_thread(_take, lines)
            for line in taken:
                yield _delivered(tree, line)
            if failure is not None:
                raise failure
            more = len(taken) == _AT_ONCE
        await pause(PAUSE)


def _take(lines: Iterator[Line]) -> tuple[list[Line], Exception | None]:
    """Take some lines; what was read before an error is given out before it."""
    taken: list[Line] = []
    try:
        taken.extend(islice(lines, _AT_ONCE))
    except Exception as error:  # noqa: BLE001 - it is raised again, behind what could be read
        return taken, error
    return taken, None


def _delivered(tree: Tree, line: Line) -> Delivered:
    try:
        return Delivered(line.run, decode_record(line.line), line.cursor)
    except LineError as error:
        where = tree.files.describe(line.run)
        message = f"{where}: record {line.seq} cannot be read: {error}"
        raise FormatError(message, file=where, hint="run jotty-events check") from error
