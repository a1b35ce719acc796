"""Folding by columns: batches of events of each type, in any order, to a partial.

Invariants: memory is bounded by one batch and by what the batches left, not by how many there were. What they left has
a row for each key that is known to be dead, until it is said that nothing older comes (`settle`).
"""

from collections.abc import Iterable, Mapping
from functools import partial as partial_of
from typing import Any

from msgspec.json import decode

from jotty_events.events import EntryImported, Event, tag_of

from ..imports import imported, table_for
from ..table import Table
from ..writes import Write
from .column_writes import add_rows, compile_columns, fields_read, registers_for, takes_away
from .gathered import Gathered
from .partial import Partial, settled
from .registers import Register, drop_name, item_name, put_name, stamp
from .source import Columns, Source, written_names
from .workers import side_by_side

SIDE_BY_SIDE = 1 << 16
"""Rows of a batch that is worth two threads."""

_IMPORTED = ("projection", "table", "row", "nth")
Tables = Mapping[str, Columns | Iterable[Columns]]


class Plan:
    """What a projection's tables and writes come to by columns."""

    def __init__(self, name: str, tables: tuple[Table, ...], writes: Mapping[type[Any], tuple[Write, ...]]) -> None:
        self.name = name
        self.tables = tables
        self._writes = writes
        self._parents = {table.parent for table in tables}
        self.registers: dict[str, Register] = registers_for(tables, writes)
        reads: tuple[type[Event], ...] = (*writes, EntryImported)
        self.events = {tag_of(event): event for event in reads}
        self.gathers = {tag_of(event): compile_columns(event, group, self.registers) for event, group in writes.items()}

    def columns(self, tag: str) -> tuple[str, ...]:
        """Return the columns that are read of the events of one type, by their written names."""
        event = self.events.get(tag)
        if event is None:
            return ()
        fields: tuple[str, ...] = _IMPORTED if event is EntryImported else ()
        for write in self._writes.get(event, ()):
            fields += fields_read(write, event)
        return tuple(dict.fromkeys(("seq", *(written_names(event)[name] for name in fields))))

    def in_order(self, tags: Iterable[str]) -> list[str]:
        """Return tags in the order in which a stretch of history is best read: first what takes rows away.

        Of rows that are known to be gone, only the keys are read.
        """
        return sorted(tags, key=lambda tag: not any(map(takes_away, self._writes_of(tag))))

    def _writes_of(self, tag: str) -> tuple[Write, ...]:
        event = self.events.get(tag)
        return () if event is None else self._writes.get(event, ())

    def gather(self, tag: str, source: Source, into: Gathered) -> None:
        """Read one batch of events of one type."""
        jobs = [partial_of(gather, source, into) for gather in self.gathers.get(tag, ())]
        if source.size < SIDE_BY_SIDE:
            for job in jobs:
                job()
        else:
            side_by_side(jobs)
        if source.event is EntryImported:
            self._import(source, into)

    def _import(self, source: Source, into: Gathered) -> None:
        """Read imported rows one by one: each may be of another table."""
        found: dict[str, list[Any]] = {}
        ours = source.passes("projection", lambda name: bool(name == self.name)).nonzero()[0]
        columns = [source.field(name).take(ours).to_pylist() for name in _IMPORTED]
        for seq, projection, table, row, nth in zip(source.seqs[ours], *columns, strict=True):
            event = EntryImported(projection=projection, table=table, row=decode(row), nth=nth)
            known = table_for(self.tables, event)
            register = put_name(known) if known.keep is None else item_name(known)
            key, cells = imported(known, event)
            found.setdefault(register, []).append((stamp(int(seq)), key, cells))
            if known.name in self._parents:
                # A whole entry: what belonged to the one that it takes the place of is gone.
                found.setdefault(drop_name(known.name), []).append((stamp(int(seq), 0), key, ()))
        for name, rows in found.items():
            add_rows(self.registers[name], rows, into)


class Folding:
    """A fold under way."""

    def __init__(self, plan: Plan, onto: Partial | None = None) -> None:
        self._plan = plan
        self._begin(onto or Partial())

    def _begin(self, onto: Partial) -> None:
        self._gathered = Gathered(self._plan.registers, onto)
        self._upto = onto.upto

    def add(self, tag: str, columns: Columns) -> None:
        """Read one batch of the events of one type; those that the projection does not read are passed over."""
        event = self._plan.events.get(tag)
        if event is None or not columns.num_rows:
            return
        source = Source(event, columns, self._upto)
        if source.size:
            self._plan.gather(tag, source, self._gathered)

    def settle(self, upto: int) -> None:
        """Take note that all records up to a seq were added: the dead, and what says so of them, are forgotten."""
        self._begin(settled(self._plan.tables, self.partial(), upto))

    def partial(self) -> Partial:
        """Return what was read so far."""
        gathered = self._gathered
        return Partial(gathered.parts(), dict(gathered.cleared), dict(gathered.next_nth), self._upto)


def fold(plan: Plan, tables: Tables) -> Partial:
    """Return the partial of some batches, by tag; of each type there may be one or several, in any order."""
    folding = Folding(plan)
    for tag in plan.in_order(tables):
        held = tables[tag]
        for columns in (held,) if isinstance(held, Columns) else held:
            folding.add(tag, columns)
    return folding.partial()
