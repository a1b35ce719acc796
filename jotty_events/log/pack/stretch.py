"""A stretch of a lineage in one pack, by columns: what a fold reads instead of records one by one.

Invariants: rows come in the order of seq, and only those of the stretch. A row group is decoded column by column, when
a column is first asked for; what is decoded is kept as long as its batch. Page check sums are verified; the chain is
not: `check` and the reading of commits do that.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ... import columns
from ...events import BY_TAG
from ...record import Opaque, Record
from .parquet import ParquetTable
from .reading import Pack, Rows


class PackedSpan(NamedTuple):
    """What a stretch takes of one span of a pack: the records of a run from seq `first` to `upto`."""

    place: int
    run: str
    first: int
    upto: int


class Batch:
    """Rows of one row group. It is a `Columns` of projections/source.py: columns are read when they are asked for."""

    def __init__(self, table: ParquetTable, group: int, ranges: list[tuple[int, int]]) -> None:
        self.num_rows = sum(end - begin for begin, end in ranges)
        self._table, self._group, self._ranges = table, group, ranges
        self._columns: dict[str, Any] = {}
        self._whole = self.num_rows == table.bounds[group + 1] - table.bounds[group]

    def column(self, name: str) -> Any:
        """Return a column as an Arrow array, texts dictionary-encoded; null for a later field that was not known yet.

        Corruption.
        """
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> Any:
        if name not in self._table.schema.names:
            return pa.nulls(self.num_rows, _type_of(self._table.name, name))
        found = self._table.read(self._group, name)
        if self._whole:
            return found
        parts = [found.slice(begin, end - begin) for begin, end in self._ranges]
        return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)

    def bounds(self, name: str) -> tuple[int, int] | None:
        """Return the least and the greatest integer of a column; None if it holds none."""
        found = self._table.minmax(self._group, name) if self._whole else None
        if found is None and pa.types.is_integer(_type_of(self._table.name, name)):
            ends: Any = pc.min_max(self.column(name)).as_py()
            found = None if ends["min"] is None else (ends["min"], ends["max"])
        return found

    def table(self, names: Sequence[str] | None = None) -> pa.Table:
        """Return some columns, or all, as an Arrow table."""
        wanted = self._table.schema.names if names is None else names
        return pa.table([self.column(name) for name in wanted], names=list(wanted))


def _type_of(tag: str, name: str) -> Any:
    kind = BY_TAG.get(tag)
    known = columns.schema(kind) if kind is not None else pa.schema([])
    return known.field(name).type if name in known.names else pa.null()


class Packed:
    """Records of a lineage that stand in one pack, those from seq `first` to `upto`."""

    def __init__(self, pack: Pack, spans: Sequence[PackedSpan]) -> None:
        self.pack = pack
        self.spans = tuple(spans)

    @property
    def first(self) -> int:
        """The first seq."""
        return self.spans[0].first

    @property
    def upto(self) -> int:
        """The last seq."""
        return self.spans[-1].upto

    @property
    def tags(self) -> list[str]:
        """The tags of which there are records with rows in tables, `other` included where this version knows them."""
        return sorted({name for name in self.pack.names if self._ranges(name)} | set(self._others[0]))

    def rows(self, tag: str) -> int:
        """How many records of a tag there are."""
        told = sum(end - begin for begin, end in self._ranges(tag)) if tag in self.pack.names else 0
        return told + (self._others[0][tag].num_rows if tag in self._others[0] else 0)

    def _ranges(self, tag: str) -> list[tuple[int, int]]:
        """Return which rows of a table are of the stretch, those that touch as one."""
        joined: list[tuple[int, int]] = []
        for one in self.spans:
            found: Rows = self.pack.rows_in(tag, one.place, one.first, one.upto)
            if not found.size:
                continue
            if joined and joined[-1][1] == found.start:
                joined[-1] = (joined[-1][0], found.stop)
            else:
                joined.append((found.start, found.stop))
        return joined

    def batches(self, tag: str, *, newest_first: bool = False) -> Iterator[Any]:
        """Give out the records of a tag, row group by row group: `Batch`es, and a table of what stands in `other`.

        Corruption, FormatError.
        """
        if tag in self.pack.names:
            table = self.pack.table(tag)
            groups = list(_by_group(table, self._ranges(tag)))
            for group, ranges in reversed(groups) if newest_first else groups:
                yield Batch(table, group, ranges)
        if tag in self._others[0]:
            yield self._others[0][tag]

    def tables(self, tag: str, names: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Give out the same with some of the columns, or all, as Arrow tables; all that is asked for is decoded."""
        for batch in self.batches(tag):
            if isinstance(batch, Batch):
                yield batch.table(names)
            else:
                yield batch if names is None else batch.select(list(names))

    def aside(self, tag: str) -> pa.Table | None:
        """Return the records of a tag that stand in `other`, as a table; None if there are none."""
        return self._others[0].get(tag)

    @property
    def opaque(self) -> list[Opaque]:
        """The records that no projection can read: redacted ones, and those of tags that this version does not know."""
        return self._others[1]

    @cached_property
    def unknown(self) -> dict[str, int]:
        """How many records there are of each tag that has a table, and that this version does not know."""
        counts = {name: self.rows(name) for name in self.pack.names if name not in BY_TAG}
        return {name: count for name, count in counts.items() if count}

    @cached_property
    def _others(self) -> tuple[dict[str, pa.Table], list[Opaque]]:
        read: list[tuple[str, Record]] = []
        unread: list[Opaque] = []
        for one in self.spans:
            for record in self.pack.others(one.place, one.first - 1):
                if record.seq > one.upto:
                    break
                if isinstance(record, Opaque):
                    unread.append(record)
                else:
                    read.append((one.run, record))
        held = [one for one in read if columns.fits(one[1])]
        return columns.tables(held), unread


def _by_group(table: ParquetTable, ranges: list[tuple[int, int]]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Give out the row groups that hold some rows, and the ranges of rows inside each."""
    found: dict[int, list[tuple[int, int]]] = {}
    for start, stop in ranges:
        for group, begin, end in table.groups(start, stop):
            found.setdefault(group, []).append((begin, end))
    yield from found.items()
