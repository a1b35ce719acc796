"""Rows that come from elsewhere: an EntryImported may carry a row of any table."""

from collections.abc import Iterable
from typing import Any

from jotty_events.errors import InvalidEvent
from jotty_events.events import EntryImported

from .table import Column, Key, Table

_PYTHON: dict[str, type] = {"text": str, "int": int, "float": float, "bool": bool}


def table_for(tables: Iterable[Table], event: EntryImported) -> Table:
    """Return the table that a row is for; InvalidEvent if there is none."""
    every = list(tables)
    for table in every:
        if table.name == event.table:
            return table
    known = ", ".join(table.name for table in every)
    raise InvalidEvent(f"{event.projection} has no table {event.table!r}", hint=f"it has {known}")


def imported(table: Table, event: EntryImported) -> tuple[Key, list[Any]]:
    """Return the key and the cells of an imported row; InvalidEvent if it does not fit the table."""
    key = tuple(_values(table.key, event))
    if None in key:
        raise InvalidEvent(
            f"the imported row of {event.projection}.{table.name} lacks a part of its key",
            hint=f"its key is {', '.join(column.name for column in table.key)}",
        )
    return key, _values(table.columns, event)


def _values(columns: tuple[Column, ...], event: EntryImported) -> list[Any]:
    row, found = event.row, []
    for column in columns:
        value = event.nth if column.name == "nth" else row.get(column.name, column.default)
        # A truth value is no number here: it would be equal to one, and hashed differently.
        if value is not None and column.kind != "json" and type(value) is not _PYTHON[column.kind]:
            raise InvalidEvent(
                f"the imported row of {event.projection}.{event.table} has {value!r:.60} in {column.name!r}",
                hint=f"that column holds {column.kind}",
            )
        found.append(value)
    return found
