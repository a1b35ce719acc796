"""From a partial of a whole lineage to its state, as the Arrow tables of a dump.

Invariants: `finished` gives the tables that `arrow.dump` gives of the same state: the same rows, order and types.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw
from msgspec.json import Encoder

from ..arrow import COUNTERS, stored_columns, type_of
from ..table import Column, Table
from .codes import ids_of, places_of, sorted_rows
from .last_k import groups_of
from .partial import Partial, settled
from .registers import Part, array_in, item_name, key_of, put_name, stamps_of

_encode_lines = Encoder().encode_lines
_joined: Any = pc.binary_join_element_wise
AT_ONCE = 1 << 18
"""Items of lists that are Python values at once."""

_NEWLINE = ord("\n")


def finished(tables: tuple[Table, ...], partial: Partial) -> dict[str, pa.Table]:
    """Return the state's tables, and the counters."""
    left = settled(tables, partial, partial.upto)
    found = {table.name: _lists(table, left) if table.keep is not None else _rows(table, left) for table in tables}
    counts = [left.next_nth.get(table.name, 0) for table in tables]
    columns: list[Any] = [pa.array(list(found), type=pa.string()), pa.array(counts, type=pa.uint64())]
    return {**found, COUNTERS: pa.Table.from_arrays(columns, names=["table", "next_nth"])}


def _rows(table: Table, partial: Partial) -> pa.Table:
    part = partial.parts.get(put_name(table))
    if part is None:
        return _empty(table)
    alone = [one for name, one in partial.parts.items() if name.startswith(f"{table.name}/set/")]
    key = key_of(table, part)
    order = sorted_rows(key)
    places = [places_of(key, key_of(table, one)) for one in alone]
    cells = [_newest(column, part, alone, places).take(pa.array(order)) for column in table.columns]
    return _dumped(table, [one.take(pa.array(order)) for one in key], cells)


def _newest(column: Column, part: Part, alone: list[Part], places: list[Any]) -> Any:
    """Return a column as it was written last: with the whole row, or alone."""
    newest, stamps = np.arange(part.num_rows), stamps_of(part)
    pieces = [array_in(part, column.name)]
    for other, place in zip(alone, places, strict=True):
        if column.name in other.column_names:
            its = np.where(place < 0, -1, stamps_of(other)[place])
            newest = np.where(its > stamps, place + sum(map(len, pieces)), newest)
            stamps = np.maximum(its, stamps)
            pieces.append(array_in(other, column.name))
    return pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces).take(pa.array(newest))


def _lists(table: Table, partial: Partial) -> pa.Table:
    part = partial.parts.get(item_name(table))
    if part is None:
        return _empty(table)
    key = key_of(table, part)
    rows, starts, _ = groups_of(ids_of(key))
    firsts = [one.take(pa.array(rows[starts])) for one in key]
    items = array_in(part, table.columns[0].name).take(pa.array(rows))
    texts = [_written(table.columns[0], items, cut) for cut in _slices(np.append(starts, len(rows)))]
    order = pa.array(sorted_rows(firsts))
    cells = pa.chunked_array(texts, type=pa.string()).take(order)
    return _dumped(table, [one.take(order) for one in firsts], [cells])


def _slices(bounds: Any) -> Iterator[Any]:
    """Give out the bounds of lists some at a time, so that no more items than that are Python values at once."""
    low = 0
    while low < len(bounds) - 1:
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + AT_ONCE, side="right")) - 1)
        yield bounds[low : high + 1]
        low = high


def _written(column: Column, items: Any, bounds: Any) -> Any:
    """Return the lists between some bounds as JSON texts."""
    texts = _texts(column, items.slice(bounds[0], bounds[-1] - bounds[0]))
    lists: Any = pa.ListArray.from_arrays(pa.array(bounds - bounds[0], type=pa.int32()), texts)
    return _joined("[", pc.binary_join(lists, ","), "]", "")


def _texts(column: Column, items: Any) -> Any:
    """Return items as JSON texts, none of them null; an item that comes often is looked at once."""
    if column.kind == "float" and not items.null_count:
        return _encoded(items.to_numpy().tolist())
    known = items.dictionary_encode(null_encoding="encode")
    values = known.dictionary.to_pylist()
    raw = [None if one is None else Raw(one.encode()) for one in values] if column.kind == "json" else values
    return _encoded(raw).take(known.indices)


def _encoded(values: list[Any]) -> Any:
    """Return values as JSON texts."""
    lines = np.frombuffer(_encode_lines(values), dtype=np.uint8)
    ends = np.flatnonzero(lines == _NEWLINE)
    # A JSON text has no newline inside; without them, each text ends where the next begins.
    offsets: Any = pa.array(np.append(0, ends - np.arange(len(ends))), type=pa.int32())
    data = pa.py_buffer(lines[lines != _NEWLINE].tobytes())
    return pa.StringArray.from_buffers(len(ends), offsets.buffers()[1], data)


def _dumped(table: Table, key: list[Any], cells: list[Any]) -> pa.Table:
    columns = stored_columns(table)
    arrays = [one.cast(type_of(column)) for column, one in zip(columns, [*key, *cells], strict=True)]
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _empty(table: Table) -> pa.Table:
    return _dumped(table, [], [pa.array([], type=type_of(column)) for column in stored_columns(table)])
