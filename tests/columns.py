"""The records of a log as Arrow tables by event type, made one by one: what folds are given in tests."""

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
from msgspec import UNSET, UnsetType
from msgspec.json import encode

from jotty_events.columns import column_name
from jotty_events.events import tag_of
from jotty_events.record import Record

_TYPES: dict[type, Any] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def columns_of(records: Iterable[Record], *, dictionaries: bool = True) -> dict[str, pa.Table]:
    """Return one table per event type: `run`, `seq`, `at`, then the fields; what is nested is JSON text."""
    by_tag: dict[str, list[Record]] = {}
    for record in records:
        by_tag.setdefault(tag_of(record.event), []).append(record)
    return {tag: _table(found, dictionaries) for tag, found in by_tag.items()}


def _table(records: Sequence[Record], dictionaries: bool) -> pa.Table:
    kind = type(records[0].event)
    hints = get_type_hints(kind)
    arrays: dict[str, Any] = {
        "run": pa.array(["r"] * len(records)),
        "seq": pa.array([record.seq for record in records], type=pa.int64()),
        "at": pa.array([record.at for record in records], type=pa.int64()),
    }
    for name, written in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        array = _array(hints[name], [getattr(record.event, name) for record in records])
        encoded = dictionaries and array.type == pa.string()
        arrays[column_name(written)] = array.dictionary_encode() if encoded else array
    return pa.table(arrays)


def _array(hint: Any, values: list[Any]) -> Any:
    kinds = set(get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)) - {NoneType, UnsetType}
    kept = [None if value is UNSET else value for value in values]
    if len(kinds) == 1 and (kind := kinds.pop()) in _TYPES:
        return pa.array(kept, type=_TYPES[kind])
    return pa.array([None if value is None else encode(value).decode() for value in kept], type=pa.string())


def pieces(tables: Mapping[str, pa.Table], size: int) -> dict[str, list[pa.RecordBatch]]:
    """Return each table as record batches of at most so many rows."""
    return {tag: table.to_batches(max_chunksize=size) for tag, table in tables.items()}
