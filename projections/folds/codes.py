"""Keys as numbers: from the columns of a key to one integer per row, equal just where the keys are.

Invariants: a text is coded by its place in a dictionary, so a text is looked at once per batch and never once per row.
The numbers hold within one call; whoever compares the keys of two tables joins their columns first. Null is a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..table import Column

DIRECT = 1 << 22
"""Numbers below this are used as they are, to address an array; greater ones are made dense by hashing."""

_TEXTS = pa.dictionary(pa.int32(), pa.string())
_TYPES = {"text": _TEXTS, "int": pa.int64(), "bool": pa.bool_()}


@dataclass(frozen=True)
class Ids:
    """One number per row, from 0 to below `bound`."""

    of_row: Any
    bound: int

    def at(self, rows: Any) -> "Ids":
        """Return the numbers of some rows; all of them for None."""
        return self if rows is None else Ids(self.of_row[rows], self.bound)


def key_type(column: Column) -> Any:
    """Return the Arrow type of a part of a key."""
    return _TYPES[column.kind]


def coded(column: Column, values: Any) -> Any:
    """Return a part of a key as an array of its `key_type`; the texts of its dictionary are all different."""
    if column.kind != "text":
        return values.cast(key_type(column))
    if not pa.types.is_dictionary(values.type):
        return values.cast(pa.string()).dictionary_encode().cast(_TEXTS)
    found = values.dictionary.cast(pa.string()).dictionary_encode()
    if len(found.dictionary) == len(values.dictionary):
        return pa.DictionaryArray.from_arrays(values.indices.cast(pa.int32()), found.dictionary, safe=False)
    return pa.DictionaryArray.from_arrays(found.indices.take(values.indices), found.dictionary, safe=False)


def joined(arrays: Sequence[Any]) -> Any:
    """Return several arrays of one type as one, dictionaries unified."""
    if len(arrays) == 1:
        return arrays[0]
    return pa.chunked_array(arrays).unify_dictionaries().combine_chunks()


def trimmed(texts: Any) -> Any:
    """Return a coded array whose dictionary is not much longer than the array itself."""
    if not pa.types.is_dictionary(texts.type) or len(texts.dictionary) <= 2 * len(texts) + 16:
        return texts
    return texts.cast(pa.string()).dictionary_encode()


def ids_of(key: Sequence[Any]) -> Ids:
    """Return a number for each row of a key's columns, as `coded` gave them."""
    found = _codes(key[0])
    for column in key[1:]:
        more = _codes(column)
        if found.bound * more.bound >= 1 << 62:
            found, more = _dense(found), _dense(more)
        product = np.multiply(found.of_row, more.bound, dtype=np.int64)
        product += more.of_row
        found = Ids(product, found.bound * more.bound)
    if found.bound > max(DIRECT, 2 * len(found.of_row)):
        return _dense(found)
    return Ids(found.of_row.astype(np.int64, copy=False), found.bound)


def _codes(column: Any) -> Ids:
    if pa.types.is_dictionary(column.type):
        return _of_indices(column.indices, len(column.dictionary))
    if pa.types.is_boolean(column.type):
        return _of_indices(column.cast(pa.int8()), 2)
    if pa.types.is_integer(column.type) and len(column) > column.null_count:
        bounds = pc.min_max(column)
        least, greatest = bounds["min"].as_py(), bounds["max"].as_py()
        if greatest - least < max(DIRECT, 2 * len(column)):
            return _of_indices(pc.subtract(column, least), greatest - least + 1)
    encoded = column.dictionary_encode()
    return _of_indices(encoded.indices, len(encoded.dictionary))


def _of_indices(indices: Any, bound: int) -> Ids:
    """Return indices as numbers, null as 0 where there is any."""
    if indices.null_count == 0:
        return Ids(indices.to_numpy(zero_copy_only=False), max(bound, 1))
    return Ids(pc.add(indices.cast(pa.int64()), 1).fill_null(0).to_numpy(zero_copy_only=False), bound + 1)


def _dense(ids: Ids) -> Ids:
    encoded = pa.array(ids.of_row).dictionary_encode()
    return Ids(encoded.indices.to_numpy().astype(np.int64), max(len(encoded.dictionary), 1))


def places_of(wanted: Sequence[Any], among: Sequence[Any]) -> Any:
    """Return for each row of the key `wanted` its place in the key `among`, -1 where it is not there."""
    count = len(among[0])
    ids = ids_of([joined(pair) for pair in zip(among, wanted, strict=True)])
    places = np.full(ids.bound, -1, dtype=np.int64)
    places[ids.of_row[:count]] = np.arange(count)
    return places[ids.of_row[count:]]


def sorted_rows(key: Sequence[Any]) -> Any:
    """Return the rows in the order of their keys, which are all different: part by part, null first."""
    return np.lexsort([_ranks(column) for column in reversed(key)])


def _ranks(column: Any) -> Any:
    """Return numbers that are ordered as the values are, 0 for null."""
    values = column.dictionary if pa.types.is_dictionary(column.type) else None
    if values is None:
        encoded = column.dictionary_encode()
        values, indices = encoded.dictionary, encoded.indices
    else:
        indices = column.indices
    ranks = np.empty(len(values) + 1, dtype=np.int64)
    order = pc.sort_indices(values).to_numpy()
    ranks[order + 1] = np.arange(1, len(values) + 1)
    ranks[0] = 0
    return ranks[pc.add(indices.cast(pa.int64()), 1).fill_null(0).to_numpy(zero_copy_only=False)]
