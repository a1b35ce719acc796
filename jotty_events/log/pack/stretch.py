"""A stretch of a lineage in one pack, by columns: what a fold reads instead of records one by one.

Invariants: rows come in the order of seq, and only those of the stretch. A row group is decoded column by column, when
a column is first asked for; what is decoded is kept as long as its batch. Page check sums are verified; the chain is
not: `check` and the reading of commits do that.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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


READERS = 2
"""Row groups that are decoded at once."""
GroupRows = tuple[int, list[tuple[int, int]]]
"""A row group, and the ranges of rows inside it."""


class Batch:
    """Rows of some row groups. It is a `Columns` of projections/folds/source.py: columns are read when asked for."""

    def __init__(self, table: ParquetTable, groups: Sequence[GroupRows]) -> None:
        self.num_rows = sum(map(_count, groups))
        self._table, self._groups = table, groups
        self._columns: dict[str, Any] = {}

    def column(self, name: str) -> Any:
        """Return a column as an Arrow array, texts that repeat dictionary-encoded; null for a field not known then.

        Corruption.
        """
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> Any:
        if name not in self._table.schema.names:
            return pa.nulls(self.num_rows, _type_of(self._table.name, name))
        if len(self._groups) == 1:
            parts = self._parts(self._groups[0], name)
        else:
            # Arrow lets go of the interpreter while it decodes.
            with ThreadPoolExecutor(READERS) as pool:
                parts = [part for found in pool.map(lambda one: self._parts(one, name), self._groups) for part in found]
        return parts[0] if len(parts) == 1 else pa.chunked_array(parts).unify_dictionaries().combine_chunks()

    def _parts(self, rows: GroupRows, name: str) -> list[Any]:
        group, ranges = rows
        found = self._table.read(group, name)
        return [found] if self._is_whole(rows) else [found.slice(begin, end - begin) for begin, end in ranges]

    def _is_whole(self, rows: GroupRows) -> bool:
        group, _ = rows
        size: int = self._table.bounds[group + 1] - self._table.bounds[group]
        return _count(rows) == size

    def bounds(self, name: str) -> tuple[int, int] | None:
        """Return the least and the greatest integer of a column; None if it holds none."""
        told = [self._table.minmax(one[0], name) if self._is_whole(one) else None for one in self._groups]
        known = [one for one in told if one is not None]
        if len(known) == len(told):
            return min(low for low, _ in known), max(high for _, high in known)
        if not pa.types.is_integer(_type_of(self._table.name, name)):
            return None
        ends: Any = pc.min_max(self.column(name)).as_py()
        return None if ends["min"] is None else (ends["min"], ends["max"])

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
        self._found: dict[str, list[tuple[int, int]]] = {}

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
        if tag not in self._found:
            self._found[tag] = self._joined(tag)
        return self._found[tag]

    def _joined(self, tag: str) -> list[tuple[int, int]]:
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

    def batches(self, tag: str, *, rows: int = 1, newest_first: bool = False) -> Iterator[Any]:
        """Give out the records of a tag: `Batch`es, and a table of what stands in `other`.

        A batch has the rows of one row group, or of as many as come to no more than `rows`. Corruption, FormatError.
        """
        if tag in self.pack.names:
            table = self.pack.table(tag)
            joined = list(_joined(_by_group(table, self._ranges(tag)), rows))
            for groups in reversed(joined) if newest_first else joined:
                yield Batch(table, groups)
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


def _count(rows: GroupRows) -> int:
    return sum(end - begin for begin, end in rows[1])


def _joined(groups: Iterable[GroupRows], rows: int) -> Iterator[list[GroupRows]]:
    """Give out row groups side by side, as long as their rows are no more than so many."""
    held, size = list[GroupRows](), 0
    for one in groups:
        count = _count(one)
        if held and size + count > rows:
            yield held
            held, size = [], 0
        held.append(one)
        size += count
    if held:
        yield held


def _by_group(table: ParquetTable, ranges: list[tuple[int, int]]) -> Iterator[GroupRows]:
    """Give out the row groups that hold some rows, and the ranges of rows inside each."""
    found: dict[int, list[tuple[int, int]]] = {}
    for start, stop in ranges:
        for group, begin, end in table.groups(start, stop):
            found.setdefault(group, []).append((begin, end))
    yield from found.items()
