"""A projection made of tables and writes: the read models of this package are instances of it.

Invariants: `reads` is just the events that have writes, and EntryImported, which may carry a row of any table.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from jotty_events.errors import InvalidEvent
from jotty_events.events import EntryImported, Event
from jotty_events.record import Record

from .rows import Rows
from .table import Column, Table
from .writes import Apply, Write, compile_write

State = dict[str, Rows]
_MODULUS = 1 << 256
_PYTHON: dict[str, type] = {"text": str, "int": int, "float": float, "bool": bool}


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
        for apply in self._applies.get(type(event), ()):
            apply(state, event)
        if isinstance(event, EntryImported) and event.projection == self.name:
            self._import(state, event)

    def _import(self, state: State, event: EntryImported) -> None:
        rows = state.get(event.table)
        if rows is None:
            raise InvalidEvent(f"{self.name} has no table {event.table!r}", hint=f"it has {', '.join(state)}")
        key = tuple(_value(column, event) for column in rows.table.key)
        if None in key:
            raise InvalidEvent(
                f"the imported row of {self.name}.{event.table} lacks a part of its key",
                hint=f"its key is {', '.join(column.name for column in rows.table.key)}",
            )
        if rows.table.keep is not None:
            rows.push(key, _value(rows.table.columns[0], event))
        else:
            rows.put(key, [_value(column, event) for column in rows.table.columns])

    def dump(self, state: State) -> dict[str, Any]:
        """Return the tables as Arrow tables, rows sorted by key."""
        from .arrow import dump

        return dump(state)

    def load(self, tables: Mapping[str, Any]) -> State:
        """Return the state of a dump."""
        from .arrow import load

        return load(self.initial(), tables)

    def digest(self, state: State) -> str:
        """Return 64 hex digits: the sum of SHA-256 over the canonical rows of all tables."""
        return f"{sum(rows.digest() for rows in state.values()) % _MODULUS:064x}"


def _value(column: Column, event: EntryImported) -> Any:
    if column.name == "nth":
        return event.nth
    value = event.row.get(column.name, column.default)
    # A truth value is no number here: it would be equal to one, and hashed differently.
    if value is not None and type(value) is not _PYTHON.get(column.kind, type(value)):
        raise InvalidEvent(
            f"the imported row of {event.projection}.{event.table} has {value!r:.60} in {column.name!r}",
            hint=f"that column holds {column.kind}",
        )
    return value
