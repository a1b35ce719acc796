"""The tables of a state as Arrow tables, and back.

Invariants: rows stand in the order of their keys, so equal states give equal tables; a JSON value is kept as its text.
The table `_counters` holds each table's count of insertions.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

from .rows import Rows
from .table import Column

_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.string(),
}
COUNTERS = "_counters"


def dump(state: Mapping[str, Rows]) -> dict[str, pa.Table]:
    """Return one Arrow table per table of the state, and the counters."""
    tables = {name: _dump_rows(rows) for name, rows in state.items()}
    counts = [rows.next_nth for rows in state.values()]
    columns: list[Any] = [pa.array(list(state), type=pa.string()), pa.array(counts, type=pa.uint64())]
    tables[COUNTERS] = pa.Table.from_arrays(columns, names=["table", "next_nth"])
    return tables


def load(state: dict[str, Rows], tables: Mapping[str, pa.Table]) -> dict[str, Rows]:
    """Fill the empty tables of a state from their Arrow tables."""
    for name, rows in state.items():
        _load_rows(rows, tables[name])
    for counter in tables[COUNTERS].to_pylist():
        state[counter["table"]].next_nth = counter["next_nth"]
    return state


def _columns(rows: Rows) -> tuple[Column, ...]:
    return (*rows.table.key, *rows.table.columns)


def _dump_rows(rows: Rows) -> pa.Table:
    ordered = sorted(rows.items(), key=lambda item: [(one is not None, one) for one in item[0]])
    flat = [(*key, *_cells(rows, row)) for key, row in ordered]
    columns = list(zip(*flat, strict=True)) if flat else [()] * len(_columns(rows))
    arrays = [_array(column, values) for column, values in zip(_stored(rows), columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=[column.name for column in _stored(rows)])


def _cells(rows: Rows, row: list[Any]) -> list[Any]:
    return [row] if rows.table.keep is not None else row


def _stored(rows: Rows) -> tuple[Column, ...]:
    """Return the columns as Arrow holds them: the items of a list of the last k are one JSON value."""
    if rows.table.keep is None:
        return _columns(rows)
    return (*rows.table.key, Column(rows.table.columns[0].name, "json"))


def _array(column: Column, values: tuple[Any, ...]) -> Any:
    if column.kind == "json":
        values = tuple(None if value is None else msgspec.json.encode(value).decode() for value in values)
    return pa.array(values, type=_TYPES[column.kind])


def _load_rows(rows: Rows, table: pa.Table) -> None:
    columns = [_values(column, table.column(column.name)) for column in _stored(rows)]
    width = len(rows.table.key)
    for cells in zip(*columns, strict=True):
        row = list(cells[width:])
        rows.put(tuple(cells[:width]), row[0] if rows.table.keep is not None else row)


def _values(column: Column, array: Any) -> list[Any]:
    values: list[Any] = array.to_pylist()
    if column.kind == "json":
        return [None if value is None else msgspec.json.decode(value) for value in values]
    return values
