"""What an event type does to the registers of a projection, many events at once: the writes of `writes.py` by columns.

Invariants: nothing here looks at the state; a write gives the newest rows of its keys in one batch and nothing else.
Values are taken for these rows alone. Python sees an event by itself only where it holds a list of rows (`Each`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from msgspec.json import Decoder

from ..arrow import array_of
from ..table import Column, Key, Table
from ..writes import (
    PRESENT,
    Clear,
    Const,
    Drop,
    Each,
    Push,
    Put,
    Set,
    Write,
    getter_of,
    meets,
    require_suited,
    source_of,
)
from .codes import coded
from .gathered import Gathered
from .last_k import last_rows
from .partial import dead_until
from .registers import ITEMS, WRITES, Register, drop_name, item_name, put_name, registers_of, set_name, stamp
from .source import BatchKey, Source, constant

Names = Mapping[str, Any]
Gather = Callable[[Source, "Gathered"], None]


def registers_for(tables: tuple[Table, ...], writes: Mapping[type[Any], tuple[Write, ...]]) -> dict[str, Register]:
    """Return the registers that a projection's writes need."""
    every = [one.write if isinstance(one, Each) else one for group in writes.values() for one in group]
    return registers_of(tables, [(write.table, write.columns) for write in every if isinstance(write, Set)])


def compile_columns(
    event: type[Struct], writes: Sequence[Write], registers: Mapping[str, Register]
) -> tuple[Gather, ...]:
    """Return the functions that do an event's writes; TypeError for one that does not suit its table."""
    for write in writes:
        require_suited(write.write if isinstance(write, Each) else write)
    if len(writes) > WRITES:
        raise TypeError(f"{event.__name__} has {len(writes)} writes, more than {WRITES}")
    return tuple(_COMPILERS[type(write)](write, event, registers, place) for place, write in enumerate(writes))


def takes_away(write: Write) -> bool:
    """Say whether a write leaves tombstones."""
    return isinstance(write, Drop | Clear)


def fields_read(write: Write, event: type[Struct]) -> tuple[str, ...]:
    """Return the fields of an event that a write reads: those of the key, of the condition, of the values."""
    if isinstance(write, Each):
        return (write.items,)
    if isinstance(write, Clear):
        return tuple(write.when)
    names = write.sources if isinstance(write, Put) else write.keys
    key = _sources(write.table.key, names, event)
    values: tuple[str | Const, ...] = (write.item,) if isinstance(write, Push) else ()
    if isinstance(write, Put):
        values = _sources(write.table.columns, names, event)
    elif isinstance(write, Set):
        values = tuple(write.columns.values())
    return tuple(one for one in (*key, *write.when, *values) if isinstance(one, str))


def _rows_of(key: BatchKey, unwanted: Any) -> Any:
    """Return the rows of all keys but those that are unwanted; None for all rows."""
    if not unwanted.any():
        return None
    wanted = np.zeros(key.ids.bound, dtype=bool)
    wanted[key.ids.of_row[key.distinct[~unwanted]]] = True
    return np.flatnonzero(wanted[key.ids.of_row])


def _met(source: Source, name: str, wanted: Any) -> Any:
    return source.is_there(name) if wanted is PRESENT else source.passes(name, lambda value: meets(value, wanted))


@dataclass(frozen=True)
class _Columnar:
    """Writes the newest rows of a register: key and values out of fields and constants."""

    register: Register
    key: tuple[str | Const, ...]
    values: tuple[str | Const, ...]
    when: Mapping[str, Any]
    place: int
    item: str | None = None

    def __call__(self, source: Source, into: Gathered) -> None:
        if self.counts:
            self._count(source, into)
        fields = [name for name in self.key if isinstance(name, str)]
        if not fields:
            self._add(source, self._rows(source, None)[-self.register.keep :], [], into)
            return
        columns = [column for column, name in zip(self.register.table.key, self.key, strict=True) if name in fields]
        key = source.key(columns, fields)
        full, dead = self._full(source, key, into), self._dead(source, key, into)
        wanted = _rows_of(key, full | dead)
        if wanted is not None and not len(wanted):
            return
        rows = self._newest(source, key, self._rows(source, wanted))
        self._add(source, rows, key.taken(rows), into, filtered=bool(full.any()))

    def _full(self, source: Source, key: BatchKey, into: Gathered) -> Any:
        """Return for each key whether it needs nothing of this batch, since enough newer rows are known."""
        full = None
        if len(key.columns) == len(self.key):
            full = into.of(self.register).needs_none_before(stamp(source.last), key.names)
        return np.zeros(len(key.distinct), dtype=bool) if full is None else full

    def _dead(self, source: Source, key: BatchKey, into: Gathered) -> Any:
        """Return for each key whether all that this batch says of it lies under a newer tombstone."""
        table = self.register.table
        is_stone = self.register.name == drop_name(table.name)
        stones = None if is_stone or len(key.columns) < len(self.key) else into.stones(table)
        if stones is None:
            return np.zeros(len(key.distinct), dtype=bool)
        named = pa.Table.from_arrays(key.names, names=[column.name for column in table.key])
        return stamp(source.seqs[key.distinct], self.place) < dead_until(table, stones, named)

    def _newest(self, source: Source, key: BatchKey, some: Any) -> Any:
        if self.register.keep == 1 and len(some) == source.size:
            return key.distinct
        return some[last_rows(key.ids.at(some), self.register.keep)]

    def _rows(self, source: Source, among: Any) -> Any:
        """Return the rows that meet the condition and have the item."""
        rows = np.arange(source.size) if among is None else among
        tests = [_met(source, name, wanted) for name, wanted in self.when.items()]
        if self.item is not None and source.field(self.item).null_count:
            tests.append(source.is_there(self.item))
        return rows[np.logical_and.reduce(tests)[rows]] if tests else rows

    def _add(self, source: Source, rows: Any, taken: Sequence[Any], into: Gathered, *, filtered: bool = False) -> None:
        """Take in the key and the values of some rows."""
        if not len(rows):
            return
        fields = iter(taken)
        key = [
            coded(column, constant(column, name.value, len(rows))) if isinstance(name, Const) else next(fields)
            for column, name in zip(self.register.table.key, self.key, strict=True)
        ]
        values = [
            constant(column, value.value, len(rows)) if isinstance(value, Const) else source.values(column, value, rows)
            for column, value in zip(self.register.columns, self.values, strict=True)
        ]
        part = self.register.part(key, stamp(source.seqs[rows], self.place), values)
        into.of(self.register).add(part, filtered=filtered)

    @property
    def counts(self) -> bool:
        """Whether insertion numbers are given here."""
        return self.register.table.nth_at is not None and self.register.name == put_name(self.register.table)

    def _count(self, source: Source, into: Gathered) -> None:
        """Take note of all insertion numbers of whole rows, also of those that are written over."""
        nth = self.values[self.register.table.nth_at or 0]
        rows = self._rows(source, None) if self.when else None
        if rows is not None and not len(rows):
            return
        into.count(self.register.table, nth.value if isinstance(nth, Const) else source.greatest(nth, rows))


def _sources(columns: Sequence[Column], names: Names, event: type[Struct]) -> tuple[str | Const, ...]:
    return tuple(source_of(column, names, event) for column in columns)


def _put(write: Put, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    table = write.table
    key, values = _sources(table.key, write.sources, event), _sources(table.columns, write.sources, event)
    return _Columnar(registers[put_name(table)], key, values, write.when, place)


def _set(write: Set, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    register = registers[set_name(write.table, write.columns)]
    key, values = _sources(write.table.key, write.keys, event), _sources(register.columns, write.columns, event)
    return _Columnar(register, key, values, write.when, place)


def _push(write: Push, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    key = _sources(write.table.key, write.keys, event)
    return _Columnar(registers[item_name(write.table)], key, (write.item,), write.when, place, write.item)


def _drop(write: Drop, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    key = _sources(write.table.key, write.keys, event)
    return _Columnar(registers[drop_name(write.table.name)], key, (), write.when, place)


def _clear(write: Clear, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    def clear(source: Source, into: Gathered) -> None:
        tests = [_met(source, name, wanted) for name, wanted in write.when.items()]
        seqs = source.seqs[np.logical_and.reduce(tests)] if tests else source.seqs
        if len(seqs):
            name, newest = write.table.name, stamp(int(seqs[-1]), place)
            into.cleared[name] = max(into.cleared.get(name, 0), newest)

    return clear


def _each(write: Each, event: type[Struct], registers: Mapping[str, Register], place: int) -> Gather:
    each = _EachItem(write, registers)

    def gather(source: Source, into: Gathered) -> None:
        texts = source.field(write.items).to_pylist()
        found = [
            (stamp(int(seq), place, item), key, row)
            for seq, text in zip(source.seqs, texts, strict=True)
            if text is not None
            for item, key, row in reversed(list(each.rows(text)))
        ]
        add_rows(each.register, found, into)

    return gather


class _EachItem:
    """Takes the rows that a write makes of the items of a list."""

    def __init__(self, write: Each, registers: Mapping[str, Register]) -> None:
        one, kind = write.write, write.kind
        self.register, keys, values = _aim(one, registers)
        if self.register.keep > ITEMS:
            raise TypeError(f"Each into {one.table.name!r}: a list of the last {self.register.keep} is over {ITEMS}")
        self._decode = _lists_of(kind).decode
        self._key = getter_of(one.table.key, keys, kind)
        self._row = getter_of(self.register.columns, values, kind)
        wanted = dict(one.when) | ({one.item: PRESENT} if isinstance(one, Push) else {})
        self._tests = [(attrgetter(name), value) for name, value in wanted.items()]

    def rows(self, text: str) -> Iterator[tuple[int, Key, Sequence[Any]]]:
        """Give out the rows of one list, newest first, each with its place from the end; of a last k, so many a key."""
        counts = Counter[Key]()
        for item in reversed(self._decode(text)):
            key = self._key(item)
            if counts[key] < self.register.keep and all(meets(value(item), wanted) for value, wanted in self._tests):
                yield ITEMS - 1 - counts[key], key, self._row(item)
                counts[key] += self.register.keep > 1


def _aim(write: Put | Set | Push, registers: Mapping[str, Register]) -> tuple[Register, Names, Names]:
    """Return the register of a write, and what fills its key and its columns."""
    if isinstance(write, Put):
        return registers[put_name(write.table)], write.sources, write.sources
    if isinstance(write, Set):
        return registers[set_name(write.table, write.columns)], write.keys, write.columns
    register = registers[item_name(write.table)]
    return register, write.keys, {register.columns[0].name: write.item}


@cache
def _lists_of(kind: type[Struct]) -> Decoder[Any]:
    return Decoder(list[kind])  # type: ignore[valid-type]


def add_rows(register: Register, rows: Sequence[tuple[int, Key, Sequence[Any]]], into: Gathered) -> None:
    """Take in rows that are Python values, each with its stamp, in the order of their stamps."""
    if not rows:
        return
    stamps, keys, values = zip(*rows, strict=True)
    key = list(map(coded, register.table.key, _arrays(register.table.key, keys)))
    cells = _arrays(register.columns, values)
    into.of(register).add(register.condensed([register.part(key, stamps, cells)]))
    at = register.table.nth_at
    if at is not None and register.name == put_name(register.table):
        into.count(register.table, max((row[at] for _, _, row in rows if row[at] is not None), default=None))


def _arrays(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [array_of(column, cells) for column, cells in zip(columns, zip(*rows, strict=True), strict=True)]


_COMPILERS: dict[type, Callable[..., Gather]] = {
    Put: _put,
    Set: _set,
    Push: _push,
    Drop: _drop,
    Clear: _clear,
    Each: _each,
}
