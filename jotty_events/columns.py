"""Events as columns: one Arrow table per event type, and back to the very lines.

Invariants: a table's first columns are `run` (text), `seq` and `at` (64 bits); then the event's fields follow by their
written names and in their written order, with `_` behind a name that one of the first columns has. Text, numbers and
booleans are columns of their own type; whatever is nested is the text that stands in the record's line, byte for byte.
Null is null. A later field (`T | UnsetType`) is null where it is absent; if it may be null as well, a boolean column
`<name>.set` says which of both. Tables of records that were read from lines, and these lines, follow from each other
(law L1).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
from msgspec import UNSET, Raw, Struct, UnsetType, defstruct
from msgspec.structs import astuple

from .events import BY_TAG, Event, tag_of
from .record import LineError, Opaque, Record, decode_record, encode, encode_lines

RUN, SEQ, AT = "run", "seq", "at"
FIRST = (RUN, SEQ, AT)
"""The columns that every table begins with."""

SET = ".set"
"""Ends the name of a column that says whether a field is there, for one that may be absent, null or neither."""

Kept = tuple[str, Record]
"""A record and the run that it stands in."""

_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.string(),
}
_KINDS: dict[Any, str] = {str: "text", int: "int", float: "float", bool: "bool"}
_HEAD = ((RUN, pa.string()), (SEQ, pa.int64()), (AT, pa.int64()))


@dataclass(frozen=True)
class Column:
    """How one field is kept: in the column `name`, written under the key `written`; `kind` is one of `_TYPES`."""

    name: str
    written: str
    kind: str
    nullable: bool
    absent: bool

    @property
    def type(self) -> Any:
        """The column's Arrow type."""
        return _TYPES[self.kind]

    @property
    def marked(self) -> bool:
        """Whether null alone does not say what the field was."""
        return self.nullable and self.absent

    def fields(self) -> list[Any]:
        """Return the Arrow fields that hold the column."""
        held = [pa.field(self.name, self.type, nullable=self.nullable or self.absent)]
        return [*held, pa.field(self.name + SET, pa.bool_(), nullable=False)] if self.marked else held

    def arrays(self, values: Sequence[Any]) -> list[Any]:
        """Return values as Arrow arrays; OverflowError or ArrowInvalid for what a column of this type cannot hold."""
        there = [pa.array([value is not UNSET for value in values])] if self.marked else []
        if self.kind == "json":
            values = [None if value is None or value is UNSET else encode(value).decode() for value in values]
        elif self.absent:
            values = [None if value is UNSET else value for value in values]
        return [pa.array(values, type=self.type), *there]

    def cells(self, held: Any) -> Iterable[Any]:
        """Return what the encoder writes for each row."""
        if self.absent and self.name not in held.schema.names:
            return repeat(UNSET, held.num_rows)
        cells: list[Any] = plain(held.column(self.name)).to_pylist()
        if self.kind == "json":
            cells = [None if text is None else Raw(text) for text in cells]
        if not self.absent:
            return cells
        there = plain(held.column(self.name + SET)).to_pylist() if self.marked else map(_is_something, cells)
        return [cell if is_there else UNSET for cell, is_there in zip(cells, there, strict=True)]


Layout = tuple[Column, ...]
"""How the fields of an event type are kept, in their written order."""


def _is_something(value: Any) -> bool:
    return value is not None


@cache
def layout_of(kind: type[Event]) -> Layout:
    """Return how the fields of an event type are kept."""
    hints = get_type_hints(kind)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return tuple(_column(written, hints[name]) for name, written in names)


def column_name(written: str) -> str:
    """Return the name of the column for a field that is written under a key."""
    return f"{written}_" if written in FIRST else written


def _column(written: str, hint: Any) -> Column:
    kinds = set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}
    rest = kinds - {NoneType, UnsetType}
    kind = _KINDS.get(next(iter(rest)), "json") if len(rest) == 1 else "json"
    nullable = not kinds.isdisjoint((NoneType, Any))
    return Column(column_name(written), written, kind, nullable, UnsetType in kinds)


def told(layout: Layout) -> dict[str, str]:
    """Return a layout in words: each key and its kind, with `?` if it may be null and `!` if it may be absent."""
    return {one.written: f"{one.kind}{'?' * one.nullable}{'!' * one.absent}" for one in layout}


def layout_from(words: Mapping[str, str]) -> Layout:
    """Return the layout of such words; KeyError for a kind that is none of ours."""
    return tuple(_from_words(written, kind) for written, kind in words.items())


def _from_words(written: str, words: str) -> Column:
    kind = words.rstrip("?!")
    if kind not in _TYPES:
        raise KeyError(kind)
    return Column(column_name(written), written, kind, "?" in words, "!" in words)


@cache
def schema(kind: type[Event]) -> pa.Schema:
    """Return the schema of an event type's table."""
    return schema_of(layout_of(kind))


def schema_of(layout: Layout) -> pa.Schema:
    """Return the schema of a table that is laid out so."""
    first = [pa.field(name, of, nullable=False) for name, of in _HEAD]
    return pa.schema([*first, *(field for one in layout for field in one.fields())])


def tables(kept: Iterable[Kept]) -> dict[str, pa.Table]:
    """Return records as one table per tag, in the order in which they come.

    OverflowError for an integer of more than 64 bits, ArrowInvalid for more than 2 GiB of text in one column.
    """
    by_tag: dict[str, list[Kept]] = {}
    for one in kept:
        by_tag.setdefault(tag_of(one[1].event), []).append(one)
    return {tag: table(BY_TAG[tag], found) for tag, found in by_tag.items()}


def table(kind: type[Event], kept: Sequence[Kept]) -> pa.Table:
    """Return records of one event type as a table; raises as `tables` does."""
    layout = layout_of(kind)
    arrays: list[Any] = [
        pa.array([run for run, _ in kept], pa.string()),
        pa.array([record.seq for _, record in kept], pa.int64()),
        pa.array([record.at for _, record in kept], pa.int64()),
    ]
    rows = map(astuple, (record.event for _, record in kept))
    cells = list(zip(*rows, strict=True)) or [()] * len(layout)
    for one, values in zip(layout, cells, strict=True):
        arrays += one.arrays(values)
    return pa.Table.from_arrays(arrays, schema=schema(kind))


def fits(record: Record) -> bool:
    """Say whether columns can hold a record: its integers have 64 bits at most."""
    try:
        table(type(record.event), [("", record)])
    except OverflowError:
        return False
    return True


def lines(tag: str, held: Any, layout: Layout | None = None) -> Iterator[bytes]:
    """Give out the record lines of a table or record batch with all columns of an event type.

    A layout makes lines of a tag that this version does not know. ValueError for what is no text, or no line.
    """
    known = layout_of(BY_TAG[tag]) if layout is None else layout
    written = _written(tag, known)
    events = map(written, *(one.cells(held) for one in known)) if known else repeat(written())
    seqs, times = plain(held.column(SEQ)).to_pylist(), plain(held.column(AT)).to_pylist()
    found = encode_lines(list(map(_Line, seqs, times, events))).split(b"\n")[:-1]
    if len(found) != len(seqs):
        raise ValueError("nested content holds a newline, which no line does")
    return iter(found)


def records(tag: str, held: Any) -> Iterator[Kept]:
    """Give out the records of such a table with their runs; LineError if a row is no record."""
    runs = plain(held.column(RUN)).to_pylist()
    return zip(runs, map(_decoded, lines(tag, held)), strict=True)


def _decoded(line: bytes) -> Record:
    record = decode_record(line)
    if isinstance(record, Opaque):
        raise LineError(f"record {record.seq} is no event that this version knows")
    return record


def plain(column: Any) -> Any:
    """Return a column without dictionaries: its values one by one are found much sooner."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


class _Line(Struct, frozen=True, gc=False):
    """A record whose event is already as it is written."""

    seq: int
    at: int
    event: Any


@cache
def _written(tag: str, layout: Layout) -> type[Struct]:
    """Return a struct of cells by position that is written as an event is; nested cells are written as they are."""
    fields: list[tuple[str, Any]] = [(f"f{place}", Any) for place in range(len(layout))]
    rename = dict(zip((name for name, _ in fields), (one.written for one in layout), strict=True))
    return defstruct("Written", fields, tag_field="type", tag=tag, rename=rename, gc=False)
