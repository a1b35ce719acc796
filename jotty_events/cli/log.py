"""`jotty-events log`: the records that lead to a point."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from itertools import chain
from time import sleep
from typing import Any, Protocol

import click
import msgspec

from ..errors import FormatError, PointError
from ..events import BY_TAG
from ..record import LineError, Opaque, Record, decode
from ..runs.cursor import cursor_at, is_cursor, parse_cursor
from ..runs.feed import Feed, Line
from ..runs.point import parse
from ..runs.tree import Tree
from .figures import when
from .filters import Filter
from .following import coming, seq_in, standing
from .grid import Piece
from .inert import inert_json
from .misuse import Misuse
from .options import PointText, json_option, open_tree, output_option
from .screen import Lines
from .telling import tag, tell

_BATCH = 1000
_TAG_WIDTH = 20
_DIGITS = 15
_LATEST = "latest"


class Printer(Protocol):
    """Takes records, and prints them when it likes, at the latest when it is told to."""

    def put(self, entry: Line, record: Record | Opaque) -> None:
        """Take one record."""

    def flush(self) -> None:
        """Print all that was taken."""


class JsonPrinter:
    """One JSON document a line: the record line as it was written, with its run and the cursor behind it in front."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def put(self, entry: Line, record: Record | Opaque) -> None:
        place = f'{{"run":"{entry.run}","cursor":"{entry.cursor}",'
        self._waiting.append(inert_json(f"{place}{entry.line[1:].decode()}"))
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            click.echo("\n".join(self._waiting).encode())
            self._waiting = []


class LinePrinter:
    """One line a record for people, below a heading for each run and day."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._heading = ("", "")

    def put(self, entry: Line, record: Record | Opaque) -> None:
        time = when(record.at)
        heading = (entry.run, f"{time:%Y-%m-%d}")
        if heading != self._heading:
            self._heading = heading
            self._lines.add([Piece(entry.run, "bold cyan"), Piece(heading[1], "dim")])
        seq, clock = Piece(f"{entry.seq:>6}", "dim"), Piece(f"{time:%H:%M:%S.%f}"[:-3], "dim")
        self._lines.add([seq, clock, Piece(f"{tag(record):<{_TAG_WIDTH}}", "bold"), *tell(record)])

    def flush(self) -> None:
        self._lines.flush()


def record_of(tree: Tree, entry: Line) -> Record | Opaque:
    """Decode a record line; FormatError if it holds something that was never an event."""
    try:
        found = decode(entry.line)
        if isinstance(found, Record | Opaque):
            return found
        reason = "it is a mark"
    except LineError as error:
        reason = str(error)
    where = tree.files.describe(entry.run)
    raise FormatError(
        f"{where}: record {entry.seq} cannot be read: {reason}", file=where, hint="run jotty-events check"
    )


def _print(tree: Tree, entries: Iterator[Line | None], chosen: Filter, printer: Printer, limit: int | None) -> set[str]:
    """Print the records that are chosen, up to a limit; return the types that were met."""
    met: set[str] = set()
    left = limit
    try:
        while left != 0 and (entry := next(entries, _END)) is not _END:
            if not isinstance(entry, Line):
                printer.flush()
                continue
            record = record_of(tree, entry)
            met.add(tag(record))
            if not chosen or chosen.keeps(_event(entry), record.at):
                printer.put(entry, record)
                left = None if left is None else left - 1
    finally:
        printer.flush()
    return met


_END = object()


def _event(entry: Line) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(entry.line)["event"]
    return found


def _require_known(types: frozenset[str], met: set[str]) -> None:
    """Refuse a type that no record here has and no version of ours knows: it is misspelt."""
    for name in sorted(types - met - set(BY_TAG)):
        near = get_close_matches(name, BY_TAG, 1)
        known = f"did you mean {near[0]}?" if near else f"types are {', '.join(BY_TAG)}"
        raise Misuse(f"no record here is of type {name[:80]!r}, and no event is called so", hint=known)


class After(click.ParamType[str]):
    """Where to go on: a seq, or a cursor."""

    name = "after"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if is_cursor(value) or (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            return value
        raise Misuse(
            f"--after takes a seq or a cursor, not {value[:80]!r}", hint="a cursor is what --json printed with a record"
        )


class Moment(click.ParamType[int]):
    """A time, in microseconds since 1970."""

    name = "time"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            found = None if "~" in value else parse(f"@{value}").time
        except PointError:
            found = None
        if found is None:
            raise Misuse(f"{value[:80]!r} is no time", hint="write it as 2026-01-06T12:00:00Z")
        return found


def _entries(
    tree: Tree, point: str, after: str, follow: bool, pause: Callable[[float], object]
) -> Iterator[Line | None]:
    """Give out what there is behind a seq or a cursor, up to a point; while following, what comes, too."""
    cursor = parse_cursor(after) if is_cursor(after) else None
    if not follow:
        place = tree.resolve(point)
        return iter(standing(tree, place, int(after) if cursor is None else seq_in(tree, place, cursor)))
    if cursor is not None and point != _LATEST:
        raise Misuse("--follow goes on at the cursor, whatever POINT is", hint="leave POINT out, or give a seq")
    if cursor is not None or (point == _LATEST and tree.latest() is None):
        return coming(Feed(tree, cursor), pause)
    place = tree.resolve(point)
    behind = cursor_at(tree, place) | {place.run: max(place.seq, int(after))}
    return chain(standing(tree, place, int(after)), coming(Feed(tree, behind), pause))


@click.command()
@click.argument("point", default=_LATEST, type=PointText())
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only records of this type; may be repeated.")
@click.option("--key", metavar="TEXT", help="Only records that name TEXT: in a key, state, action, goal, task or run.")
@click.option("--agent", metavar="NAME", help="Only records of this agent: what it did, its memories, its tasks.")
@click.option("--episode", metavar="N", type=click.IntRange(1), help="Only records of this episode.")
@click.option("--since", metavar="TIME", type=Moment(), help="Only records from this time on: 2026-01-06T12:00:00Z.")
@click.option("--after", metavar="CURSOR", type=After(), default="0", help="Only records behind a cursor, or a seq.")
@click.option("--limit", metavar="N", type=click.IntRange(0), help="At most N records, the first that fit.")
@click.option("--follow", is_flag=True, help="Go on with what comes, in whatever run, until Ctrl-C.")
@output_option
@json_option
@click.pass_obj
def log(
    pause: Callable[[float], object] | None,
    point: str,
    types: tuple[str, ...],
    key: str | None,
    agent: str | None,
    episode: int | None,
    since: int | None,
    after: str,
    limit: int | None,
    follow: bool,
    output: str,
    as_json: bool,
) -> None:
    """Print the records that lead to POINT (default: latest), from the first run on, one line each.

    A line holds the seq, the time (UTC), the type, and what the event says; each run has a heading. A record whose type
    this version does not know, or whose content was redacted, is shown as such. Long texts are cut, and say so; on a
    terminal lines end at its edge.

    With --follow what comes behind POINT is printed as well, from all runs: those that are being written, and those
    that will be begun. What is not yet safely on disk is not shown. Every record has a cursor in --json: --follow
    --after CURSOR goes on behind it, in all runs, and gives each record once.

    \b
    --json: a line for each record, in UTF-8:
      {"run": TEXT, "cursor": TEXT, "seq": INT, "at": INT, "event": {"type": TEXT, ...}}
    at: microseconds since 1970. The event has all its fields, as they stand in the log; a redacted record has "leaf"
    (TEXT) as well. cursor: for --after; RUN@SEQ, several joined by commas where runs were written at the same time.
    """
    chosen = Filter(frozenset(types), key, agent, episode, since)
    tree = open_tree(output)
    entries = _entries(tree, point, after, follow, pause or sleep)
    with suppress(*([KeyboardInterrupt] if follow else [])):
        printer = JsonPrinter() if as_json else LinePrinter()
        _require_known(chosen.types, _print(tree, entries, chosen, printer, limit))
