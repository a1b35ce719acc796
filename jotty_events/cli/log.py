"""`jotty-events log`: the records that lead to a point."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from itertools import chain
from time import sleep
from typing import Any, Protocol

import click
import msgspec

from ..errors import FormatError
from ..events import BY_TAG
from ..record import LineError, Opaque, Record, decode
from ..runs.tree import Tree
from .figures import when
from .filters import Filter
from .following import Entry, coming, standing
from .grid import Piece
from .inert import inert_json
from .misuse import Misuse
from .options import PointText, json_option, open_tree, output_option
from .screen import Lines
from .telling import tag, tell

_BATCH = 1000
_TAG_WIDTH = 20


class Printer(Protocol):
    """Takes records, and prints them when it likes, at the latest when it is told to."""

    def put(self, entry: Entry, record: Record | Opaque) -> None:
        """Take one record."""

    def flush(self) -> None:
        """Print all that was taken."""


class JsonPrinter:
    """One JSON document a line: the record line as it was written, with its run in front."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def put(self, entry: Entry, record: Record | Opaque) -> None:
        self._waiting.append(inert_json(f'{{"run":"{entry.run}",{entry.line[1:].decode()}'))
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

    def put(self, entry: Entry, record: Record | Opaque) -> None:
        time = when(record.at)
        heading = (entry.run, f"{time:%Y-%m-%d}")
        if heading != self._heading:
            self._heading = heading
            self._lines.add([Piece(entry.run, "bold cyan"), Piece(heading[1], "dim")])
        seq, clock = Piece(f"{entry.seq:>6}", "dim"), Piece(f"{time:%H:%M:%S.%f}"[:-3], "dim")
        self._lines.add([seq, clock, Piece(f"{tag(record):<{_TAG_WIDTH}}", "bold"), *tell(record)])

    def flush(self) -> None:
        self._lines.flush()


def record_of(tree: Tree, entry: Entry) -> Record | Opaque:
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


def _print(
    tree: Tree, entries: Iterator[Entry | None], chosen: Filter, printer: Printer, limit: int | None
) -> set[str]:
    """Print the records that are chosen, up to a limit; return the types that were met."""
    met: set[str] = set()
    left = limit
    try:
        while left != 0 and (entry := next(entries, _END)) is not _END:
            if not isinstance(entry, Entry):
                printer.flush()
                continue
            record = record_of(tree, entry)
            met.add(tag(record))
            if not chosen or chosen.keeps(_event(entry)):
                printer.put(entry, record)
                left = None if left is None else left - 1
    finally:
        printer.flush()
    return met


_END = object()


def _event(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(entry.line)["event"]
    return found


def _require_known(types: frozenset[str], met: set[str]) -> None:
    """Refuse a type that no record here has and no version of ours knows: it is misspelt."""
    for name in sorted(types - met - set(BY_TAG)):
        near = get_close_matches(name, BY_TAG, 1)
        known = f"did you mean {near[0]}?" if near else f"types are {', '.join(BY_TAG)}"
        raise Misuse(f"no record here is of type {name[:80]!r}, and no event is called so", hint=known)


@click.command()
@click.argument("point", default="latest", type=PointText())
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only records of this type; may be repeated.")
@click.option("--key", metavar="TEXT", help="Only records that name TEXT: in a key, state, action, goal, task or run.")
@click.option("--agent", metavar="NAME", help="Only records of this agent: what it did, its memories, its tasks.")
@click.option("--episode", metavar="N", type=click.IntRange(1), help="Only records of this episode.")
@click.option("--after", metavar="SEQ", type=click.IntRange(0), default=0, help="Only records after this seq.")
@click.option("--limit", metavar="N", type=click.IntRange(0), help="At most N records, the first that fit.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until the run ends or Ctrl-C.")
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
    after: int,
    limit: int | None,
    follow: bool,
    output: str,
    as_json: bool,
) -> None:
    """Print the records that lead to POINT (default: latest), from the first run on, one line each.

    A line holds the seq, the time (UTC), the type, and what the event says; each run has a heading. A record whose type
    this version does not know, or whose content was redacted, is shown as such. Long texts are cut, and say so; on a
    terminal lines end at its edge.

    With --follow the run of POINT is watched while it is being written; what is not yet safely on disk is not shown.

    \b
    --json: a line for each record, in UTF-8:
      {"run": TEXT, "seq": INT, "at": INT, "event": {"type": TEXT, ...}}
    at: microseconds since 1970. The event has all its fields, as they stand in the log; a redacted record has "leaf"
    (TEXT) as well.
    """
    chosen = Filter(frozenset(types), key, agent, episode)
    tree = open_tree(output)
    place = tree.resolve(point)
    entries: Iterator[Entry | None] = standing(tree, place, after)
    if follow:
        entries = chain(entries, coming(tree, place, after, pause or sleep))
    with suppress(*([KeyboardInterrupt] if follow else [])):
        printer = JsonPrinter() if as_json else LinePrinter()
        _require_known(chosen.types, _print(tree, entries, chosen, printer, limit))
