"""Finding the few records of a packed stretch whose fields have certain values.

Invariants: the columns that are asked about are read first, one by one, and the others only of row groups in which a
record was found. What stands aside in `other` is looked at as well.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ... import columns
from ...record import Record
from .stretch import Packed

Wanted = Mapping[str, Collection[Any]]
"""Values by the names of columns; a record fits if each column has one of its values."""


def found(stretch: Packed, tag: str, alternatives: Sequence[Wanted] | None) -> Iterator[tuple[str, Record]]:
    """Give out the records of a tag that fit one of the alternatives (None: all), with their runs, in no order.

    Corruption, LineError.
    """
    for batch in stretch.batches(tag):
        table = _fitting(batch, alternatives)
        if table is not None:
            yield from columns.records(tag, table)


def _fitting(batch: Any, alternatives: Sequence[Wanted] | None) -> Any:
    if alternatives is None:
        return _table(batch)
    masks = [mask for mask in (_mask(batch, wanted) for wanted in alternatives) if mask is not None]
    if not masks:
        return None
    mask = masks[0]
    for other in masks[1:]:
        mask = pc.or_(mask, other)
    return _table(batch).filter(mask)


def _table(batch: Any) -> Any:
    return batch if isinstance(batch, pa.Table) else batch.table()


def _mask(batch: Any, wanted: Wanted) -> Any:
    """Return which rows fit, None if no row does."""
    mask = pa.array([True] * batch.num_rows) if not wanted else None
    for name, values in wanted.items():
        fits = _is_in(batch.column(name), values)
        mask = fits if mask is None else pc.and_(mask, fits)
        if not pc.any(mask).as_py():
            return None
    return mask


def _is_in(column: Any, values: Collection[Any]) -> Any:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        return pc.is_in(column, value_set=pa.array(list(values), type=column.type))
    known = pc.is_in(column.dictionary, value_set=pa.array(list(values), type=column.type.value_type))
    return pc.fill_null(pc.take(known, column.indices), False)
