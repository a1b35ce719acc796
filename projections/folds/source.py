"""One batch of the columns of one event type, as folds read it.

Invariants: a column is asked for when it is needed and once; rows are in the order of seq, whatever order they came
in; a field whose values may be nested has its JSON text as a column.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from threading import RLock
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, UnsetType
from msgspec.json import decode, encode

from jotty_events.columns import column_name

from ..arrow import type_of
from ..table import Column
from .codes import coded, ids_of
from .last_k import last_rows

_SCALARS = frozenset((str, int, float, bool, NoneType, UnsetType))


@runtime_checkable
class Columns(Protocol):
    """The records of one event type in one lineage: `seq`, then the event's fields by their written names.

    An Arrow table or record batch is such; so is what reads a column only when it is asked for it. What also has a
    method `bounds(name)`, the least and the greatest integer of a column or None, has its rows in the order of `seq`:
    batches that are given newest first are then not read where they say nothing new.
    """

    @property
    def num_rows(self) -> int:
        """How many records there are."""

    def column(self, name: str) -> Any:
        """Return a column as an Arrow array, chunked or not; texts may be dictionary-encoded."""


@cache
def written_names(event: type[Struct]) -> dict[str, str]:
    """Return the names of the columns that hold an event's fields."""
    return dict(zip(event.__struct_fields__, map(column_name, event.__struct_encode_fields__), strict=True))


@cache
def is_nested(event: type[Struct], name: str) -> bool:
    """Say whether a field's column holds JSON text."""
    hint = get_type_hints(event)[name]
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return not frozenset(kinds) <= _SCALARS


class BatchKey:
    """The columns of a key in a batch, with a number for each row."""

    def __init__(self, columns: list[Any]) -> None:
        self.columns = columns
        self.ids = ids_of(columns)
        self.distinct = last_rows(self.ids, 1)
        """The last row of each key."""

    @cached_property
    def names(self) -> list[Any]:
        """The columns in these rows."""
        return self.taken(self.distinct)

    def taken(self, rows: Any) -> list[Any]:
        """Return the columns in some rows."""
        return [one.take(pa.array(rows)) for one in self.columns]


class Source:
    """A batch; it keeps what several writes need of it."""

    def __init__(self, event: type[Struct], columns: Columns, upto: int = 0) -> None:
        self.event = event
        self._columns = columns
        self._fields: dict[str, Any] = {}
        self._keys: dict[tuple[str, ...], BatchKey] = {}
        self._rows: Any = None
        self._lock = RLock()
        bounds = self._bounds("seq")
        if bounds is None or bounds[0] <= upto:
            self._rows = self._order(upto)
        self.size = columns.num_rows if self._rows is None else len(self._rows)
        self.last = bounds[1] if bounds else int(self.seqs[-1]) if self.size else 0

    def _order(self, upto: int) -> Any:
        """Take the seqs after `upto`, in order; return the rows that have them, None if that is all as they stand."""
        seqs = _plain(self._columns.column("seq")).to_numpy()
        rows = _rows_after(seqs, upto)
        self.seqs = seqs if rows is None else seqs[rows]
        return rows

    @cached_property
    def seqs(self) -> Any:
        """The seqs, in order."""
        with self._lock:
            return _plain(self._columns.column("seq")).to_numpy()

    def _bounds(self, name: str) -> tuple[int, int] | None:
        asked: Any = getattr(self._columns, "bounds", None)
        bounds: tuple[int, int] | None = None if asked is None else asked(name)
        return bounds

    def greatest(self, name: str, rows: Any) -> int | None:
        """Return the greatest integer that a field has in some rows (None: in all); None if it has none."""
        bounds = self._bounds(written_names(self.event)[name]) if rows is None and self._rows is None else None
        if bounds is not None:
            return bounds[1]
        found = self.field(name)
        greatest: int | None = pc.max(found if rows is None else found.take(pa.array(rows))).as_py()
        return greatest

    def field(self, name: str) -> Any:
        """Return a field's column."""
        with self._lock:
            found = self._fields.get(name)
            if found is None:
                found = _plain(self._columns.column(written_names(self.event)[name]))
                found = self._fields[name] = found if self._rows is None else found.take(pa.array(self._rows))
            return found

    def key(self, columns: Sequence[Column], names: Sequence[str]) -> BatchKey:
        """Return a key out of the fields of those names."""
        with self._lock:
            found = self._keys.get(tuple(names))
            if found is None:
                key = [coded(column, self.field(name)) for column, name in zip(columns, names, strict=True)]
                found = self._keys[tuple(names)] = BatchKey(key)
            return found

    def values(self, column: Column, name: str, rows: Any) -> Any:
        """Return a field's values in some rows, as a table's column holds them."""
        found = self.field(name).take(pa.array(rows))
        if column.kind == "json" and not is_nested(self.event, name):
            texts = [None if one is None else encode(one).decode() for one in found.to_pylist()]
            return pa.array(texts, type=pa.string())
        return found.cast(type_of(column))

    def is_there(self, name: str) -> Any:
        """Return whether a field is not null, row by row."""
        return self.field(name).is_valid().to_numpy(zero_copy_only=False)

    def passes(self, name: str, test: Callable[[Any], bool]) -> Any:
        """Return whether a field passes a test, row by row; each value is tested once."""
        found = self.field(name)
        encoded = found if pa.types.is_dictionary(found.type) else found.dictionary_encode()
        nested = is_nested(self.event, name)
        values = [decode(one) if nested else one for one in encoded.dictionary.to_pylist()]
        # The place after the last is that of null.
        passed = np.array([*map(test, values), test(None)], dtype=bool)
        return passed[encoded.indices.cast(pa.int64()).fill_null(len(values)).to_numpy(zero_copy_only=False)]


def _plain(column: Any) -> Any:
    """Return a column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return column.unify_dictionaries().combine_chunks()
    return column


def _rows_after(seqs: Any, upto: int) -> Any:
    """Return the rows after a seq in the order of seq; None if that is all of them as they stand."""
    ordered = bool(np.all(seqs[1:] > seqs[:-1]))
    if ordered and (not len(seqs) or seqs[0] > upto):
        return None
    rows = np.arange(len(seqs)) if ordered else np.argsort(seqs, kind="stable")
    return rows[seqs[rows] > upto]


def constant(column: Column, value: Any, count: int) -> Any:
    """Return a column of one value."""
    if value is None:
        return pa.nulls(count, type_of(column))
    return pa.repeat(pa.scalar(encode(value).decode() if column.kind == "json" else value, type_of(column)), count)
