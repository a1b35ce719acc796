"""The rows of a dump, beneath others: put in the order of their places only when one of them is looked for.

Invariants: nothing here changes. Several threads may ask at once.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import pyarrow as pa

from ..arrow import rows_of
from ..table import Key, Row, Table
from .sheet import sheet_of
from .stack import Held, Layers

AT_ONCE = 4096
"""Rows that become Python objects at once."""
_MANY = 8
"""Where more than one row of so many is looked for, all are gone through."""


class Dumped:
    """All rows of a table, as a dump has them."""

    def __init__(self, table: Table, dumped: pa.Table) -> None:
        self._table = table
        self._dumped = dumped

    @cached_property
    def _sheet(self) -> pa.Table:
        return sheet_of(self._table, self._dumped)

    @cached_property
    def _layers(self) -> Layers:
        return Layers(self._table, [Held(self._sheet)])

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""
        return self._layers.get(key)

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""
        return self._layers.group(prefix)

    def cells(self, prefixes: Sequence[Key], names: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return some columns of the rows below each of some parents' keys; of many all at once."""
        if _MANY * len(prefixes) < self._dumped.num_rows:
            return self._layers.cells(prefixes, names)
        found: dict[Key, list[tuple[Any, ...]]] = {prefix: [] for prefix in prefixes}
        parents = self._columns([one.name for one in self._table.key[: self._table.prefix]])
        for parent, cells in zip(parents, self._columns(names), strict=True):
            if parent in found:
                found[parent].append(cells)
        return [found[prefix] for prefix in prefixes]

    def _columns(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        columns = (self._dumped.column(name).to_pylist() for name in names)
        return zip(*columns, strict=True) if names else repeat((), self._dumped.num_rows)

    def count(self, prefix: Key) -> int:
        """Return how many rows lie below a parent's key."""
        return self._layers.count(prefix)

    def prefixes(self) -> list[Key]:
        """Return the first parts of the keys of all groups."""
        return list(dict.fromkeys(key[: self._table.prefix] for key in self.all_keys()))

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Give out all keys and rows."""
        for batch in self._dumped.to_batches(max_chunksize=AT_ONCE):
            yield from rows_of(self._table, batch)

    def all_keys(self) -> Iterator[Key]:
        """Give out all keys."""
        columns = [one.name for one in self._table.key]
        for batch in self._dumped.select(columns).to_batches(max_chunksize=AT_ONCE):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def sheets(self) -> list[pa.Table]:
        """Return the rows as sheets, oldest first."""
        return [self._sheet]
