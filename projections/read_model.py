"""A projection made of tables and writes: the read models of this package are instances of it.

Invariants: `reads` is just the events that have writes, and EntryImported, which may carry a row of any table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from jotty_events.events import EntryImported, Event
from jotty_events.projection import Found, Piece
from jotty_events.record import Record

from .imports import imported, table_for
from .rows import Rows
from .table import Table
from .writes import Apply, Write, compile_write, require_flat

State = dict[str, Rows]
_MODULUS = 1 << 256


class ReadModel:
    """A projection whose state is a set of tables, and whose events are writes to them."""

    def __init__(
        self,
        name: str,
        version: int,
        tables: tuple[Table, ...],
        writes: dict[type[Event], tuple[Write, ...]],
        view: Callable[[Mapping[str, State]], Any],
    ) -> None:
        """ConfigError for tables that lie more than one below the other, or cannot be told apart."""
        require_flat(tables)
        self.name = name
        self.version = version
        self.tables = tables
        self.writes = writes
        self.view = view

    @cached_property
    def reads(self) -> tuple[type[Event], ...]:
        """The event types that change the state."""
        return (*self.writes, EntryImported)

    @cached_property
    def _applies(self) -> dict[type, tuple[Apply, ...]]:
        return {
            event: tuple(compile_write(write, event, self.tables) for write in writes)
            for event, writes in self.writes.items()
        }

    def initial(self) -> State:
        """Return empty tables."""
        return {table.name: Rows(table) for table in self.tables}

    def apply(self, state: State, record: Record) -> None:
        """Do the writes of one record."""
        event = record.event
        if type(event) is EntryImported:
            if event.projection == self.name:
                self._import(state, event)
            return
        for apply in self._applies.get(type(event), ()):
            apply(state, event)

    def _import(self, state: State, event: EntryImported) -> None:
        table = table_for(self.tables, event)
        key, row = imported(table, event)
        if table.keep is not None:
            state[table.name].push(key, row[0])
            return
        for name in self._below.get(table.name, ()):
            state[name].drop(key)
        state[table.name].put(key, row)

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """The tables whose rows belong to a row of another: an entry that is imported takes the place of all of it."""
        return {one.name: [below.name for below in self.tables if below.parent == one.name] for one in self.tables}

    def dump(self, state: State) -> dict[str, Any]:
        """Return the tables as Arrow tables, rows sorted by key."""
        from .arrow import dump

        return dump(state)

    def load(self, tables: Mapping[str, Any]) -> State:
        """Return the state of a dump."""
        from .layers.loading import load

        return load(self.tables, tables)

    def changes(self, state: State, damaged: frozenset[str] = frozenset()) -> dict[str, Piece]:
        """Return what changed in each table since it was last settled, or all of it where that is `damaged`."""
        from .layers.sheet import piece, whole

        return {name: (whole if name in damaged else piece)(rows) for name, rows in state.items()}

    def settle(self, state: State) -> None:
        """Take note that what `changes` gave was kept."""
        for rows in state.values():
            rows.settle()

    def schemas(self) -> dict[str, Any]:
        """Return the Arrow schema of each table's pieces."""
        from .layers.sheet import schema_of

        return {table.name: schema_of(table) for table in self.tables}

    def merged(self, sheets: Sequence[Any], *, bottom: bool) -> Any:
        """Return one piece's rows for those of several, oldest first; `bottom` says that nothing lies beneath."""
        from .layers.sheet import merged

        return merged(sheets, bottom)

    def opened(self, found: Mapping[str, Found], rescue: Callable[[], State]) -> State:
        """Return the state that was kept. `rescue` gives the same state in another way, should it turn out damaged."""
        from .layers.layered_rows import LayeredRows

        return {
            table.name: LayeredRows(table, found[table.name], lambda name=table.name: rescue()[name])  # type: ignore[misc]
            for table in self.tables
        }

    @cached_property
    def plan(self) -> Any:
        """What the writes come to by columns: a `fold.Plan`."""
        from .folds.fold import Plan

        return Plan(self.name, self.tables, self.writes)

    def columns(self, tag: str) -> tuple[str, ...]:
        """Return the columns that a fold reads of the events of one type, those of the keys first."""
        names: tuple[str, ...] = self.plan.columns(tag)
        return names

    def in_order(self, tags: Iterable[str]) -> list[str]:
        """Return tags in the order in which a fold reads them best: first what takes rows away."""
        found: list[str] = self.plan.in_order(tags)
        return found

    def folding(self, onto: Any = None) -> Any:
        """Return a fold to be added to batch by batch: a `fold.Folding`, begun with a partial if one is given."""
        from .folds.fold import Folding

        return Folding(self.plan, onto)

    def continuing(self, state: State, upto: int) -> Any:
        """Return a fold onto the state after the record `upto`, which it takes over: a `continuing.Continuing`."""
        from .folds.continuing import Continuing

        return Continuing(self.plan, state, upto)

    def fold(self, tables: Mapping[str, Any]) -> Any:
        """Return what some records of one lineage do, as a `Partial`: the columns of each event type by its tag."""
        from .folds.fold import fold

        return fold(self.plan, tables)

    def merge(self, older: Any, newer: Any) -> Any:
        """Return what two stretches of one lineage do together; they may overlap, and come in any order."""
        from .folds.partial import merge

        return merge(self.plan.registers, older, newer)

    def lift(self, state: State, upto: int) -> Any:
        """Return the state after the record `upto` as the partial of all records up to there."""
        from .folds.lift import lifted

        return lifted(self.plan.registers, state, upto)

    def finish(self, partial: Any) -> State:
        """Return the state after all records of a lineage."""
        return self.load(self.finish_tables(partial))

    def finish_tables(self, partial: Any) -> dict[str, Any]:
        """Return the dump of that state, without making it."""
        from .folds.finish import finished

        return finished(self.tables, partial)

    def digest(self, state: State) -> str:
        """Return 64 hex digits: the sum of SHA-256 over the canonical rows of all tables."""
        return f"{sum(rows.digest() for rows in state.values()) % _MODULUS:064x}"
