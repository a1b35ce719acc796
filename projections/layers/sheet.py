"""Rows of one table as an Arrow table that can be searched by key: a layer of what a snapshot keeps.

Invariants: rows stand in the order of their places. A place is 16 bytes of BLAKE2b of the group's part of the key,
then 16 of the whole key, so that a group lies together and no two keys share a place. A row that is not `alive` takes
away the row of the same place in the layers beneath; `was` says whether there is one.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec.json import Encoder

from jotty_events.projection import Piece

from ..arrow import array_of, stored_columns, type_of
from ..rows import Rows
from ..table import Key, Row, Table

PLACE, ALIVE, WAS = "_place", "_alive", "_was"
WIDTH = 16
_MARKS = (PLACE, ALIVE, WAS)
_encode = Encoder(order="sorted").encode


def _hashed(key: Key) -> bytes:
    return blake2b(_encode(key), digest_size=WIDTH).digest()


def group_of(prefix: Key) -> bytes:
    """Return the first half of the places of a group's rows."""
    return _hashed(prefix)


def place_of(key: Key, prefix: int) -> bytes:
    """Return the place of a key whose first `prefix` parts name its group."""
    return _hashed(key[:prefix]) + _hashed(key)


@cache
def schema_of(table: Table) -> pa.Schema:
    """Return the columns of a table's sheets."""
    marks = [(PLACE, pa.binary(2 * WIDTH)), (ALIVE, pa.bool_()), (WAS, pa.bool_())]
    return pa.schema([*marks, *((column.name, type_of(column)) for column in stored_columns(table))])


def piece(rows: Rows) -> Piece:
    """Return what has to be kept of rows so that all changes since they were last settled are kept."""
    total = rows.sum()
    if rows.changed is None:
        return whole(rows)
    made = [(key, rows.get(key), was) for key, was in rows.changed.items()]
    sheet = _sheet(rows.table, [one for one in made if one[1] is not None or one[2]])
    if rows.unsaved:
        sheet = merged([*rows.unsaved, sheet], bottom=False)
    return Piece(sheet, False, len(rows), rows.next_nth, total)


def whole(rows: Rows) -> Piece:
    """Return all rows, to be kept without what was kept before."""
    total = rows.sum()
    sheet = everything(rows)
    return Piece(sheet, True, sheet.num_rows, rows.next_nth, total)


def everything(rows: Rows) -> pa.Table:
    """Return a sheet of all rows; of those that lie in sheets, none becomes a Python object."""
    held = rows.held()
    if held is None:
        return _sheet(rows.table, [(key, row, False) for key, row in rows.items()])
    sheets, over = held
    return merged([*sheets, _sheet(rows.table, [(key, rows.get(key), False) for key in over])], bottom=True)


def _sheet(table: Table, made: Sequence[tuple[Key, Row | None, bool]]) -> pa.Table:
    """Return a sheet of (key, row or None, whether there was one before)."""
    places = [place_of(key, table.prefix) for key, _, _ in made]
    order = sorted(range(len(made)), key=places.__getitem__)
    chosen = [made[at] for at in order]
    marks: list[Any] = [
        pa.array([places[at] for at in order], type=pa.binary(2 * WIDTH)),
        pa.array([row is not None for _, row, _ in chosen], type=pa.bool_()),
        pa.array([was for _, _, was in chosen], type=pa.bool_()),
    ]
    columns = zip(stored_columns(table), _columns(table, chosen), strict=True)
    return pa.Table.from_arrays([*marks, *(array_of(*one) for one in columns)], schema=schema_of(table))


def _columns(table: Table, chosen: Sequence[tuple[Key, Row | None, bool]]) -> list[tuple[Any, ...]]:
    """Return the values of the columns; what is taken away has none but those of its key."""
    if not chosen:
        return [()] * len(stored_columns(table))
    keys = zip(*(key for key, _, _ in chosen), strict=True)
    if table.keep is not None:
        return [*keys, tuple(row for _, row, _ in chosen)]
    nothing = [None] * len(table.columns)
    return [*keys, *zip(*(nothing if row is None else row for _, row, _ in chosen), strict=True)]


def sheet_of(table: Table, dumped: pa.Table) -> pa.Table:
    """Return a sheet of all rows of a dump."""
    places = places_of_keys(table, [dumped.column(column.name) for column in table.key])
    column = pa.array(places, type=pa.binary(2 * WIDTH))
    marked = [column, _all(True, len(places)), _all(False, len(places))]
    arrays = [dumped.column(one.name).combine_chunks() for one in stored_columns(table)]
    order = np.argsort(places_in(column), kind="stable")
    return pa.Table.from_arrays([*marked, *arrays], schema=schema_of(table)).take(order)


def places_of_keys(table: Table, columns: Sequence[Any]) -> list[bytes]:
    """Return the places of the keys whose columns are given."""
    keys = zip(*(column.to_pylist() for column in columns), strict=True)
    if table.prefix == len(table.key):
        # The group of such a row is named by its whole key.
        return [2 * _hashed(key) for key in keys]
    if not table.prefix:
        group = group_of(())
        return [group + _hashed(key) for key in keys]
    return [place_of(key, table.prefix) for key in keys]


def _all(value: bool, count: int) -> Any:
    return pa.array(np.full(count, value))


def places_in(column: Any) -> Any:
    """Return the places of a column as a numpy array of byte strings, in the order of bytes."""
    if not len(column):
        return np.empty(0, dtype=f"S{2 * WIDTH}")
    data = np.frombuffer(column.buffers()[1], dtype=f"S{2 * WIDTH}")
    return data[column.offset : column.offset + len(column)]


def merged(sheets: Sequence[pa.Table], bottom: bool) -> pa.Table:
    """Return one sheet for several, oldest first: the newest row of a place counts, and `was` is that of the oldest.

    What is taken away is left out where nothing lies beneath (`bottom`).
    """
    joined = pa.concat_tables(sheets).combine_chunks()
    if not joined.num_rows:
        return joined
    places = places_in(joined.column(PLACE).chunk(0))
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    last = np.concatenate((first[1:], [True]))
    was = joined.column(WAS).take(order[first])
    newest = joined.take(order[last])
    newest = newest.set_column(newest.schema.get_field_index(WAS), WAS, was)
    if not bottom:
        return newest
    kept = newest.filter(newest.column(ALIVE))
    return kept.set_column(kept.schema.get_field_index(WAS), WAS, _all(False, kept.num_rows))
