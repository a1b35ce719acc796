"""The tables of a state as Arrow tables, and back.

Invariants: rows stand in the order of their keys, so equal states give equal tables; a JSON value is kept as its text.
The table `_counters` holds each table's count of insertions.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

from .rows import Rows
from .table import Column, Key, Row, Table

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


def stored_columns(table: Table) -> tuple[Column, ...]:
    """Return the columns as Arrow holds them: the items of a list of the last k are one JSON value."""
    if table.keep is None:
        return (*table.key, *table.columns)
    return (*table.key, Column(table.columns[0].name, "json"))


def type_of(column: Column) -> Any:
    """Return the Arrow type of a column."""
    return _TYPES[column.kind]


def array_of(column: Column, values: tuple[Any, ...]) -> Any:
    """Return the values of a column as Arrow holds them."""
    if column.kind == "json":
        values = tuple(None if value is None else msgspec.json.encode(value).decode() for value in values)
    return pa.array(values, type=_TYPES[column.kind])


def values_of(column: Column, array: Any) -> list[Any]:
    """Return the values of a column."""
    values: list[Any] = array.to_pylist()
    if column.kind == "json":
        return [None if value is None else msgspec.json.decode(value) for value in values]
    return values


def rows_of(table: Table, held: Any) -> list[tuple[Key, Row]]:
    """Return the keys and rows of an Arrow table or record batch."""
    columns = [values_of(column, held.column(column.name)) for column in stored_columns(table)]
    width, keeps = len(table.key), table.keep is not None
    cells = zip(*columns, strict=True)
    return [(one[:width], one[width] if keeps else list(one[width:])) for one in cells]


def _dump_rows(rows: Rows) -> pa.Table:
    ordered = sorted(rows.items(), key=lambda item: [(one is not None, one) for one in item[0]])
    columns = stored_columns(rows.table)
    keeps = rows.table.keep is not None
    flat = [(*key, row) if keeps else (*key, *row) for key, row in ordered]
    cells = list(zip(*flat, strict=True)) if flat else [()] * len(columns)
    arrays = [array_of(column, values) for column, values in zip(columns, cells, strict=True)]
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])
