"""One Parquet file of a pack: read by rows and columns, and not believed where it says too much.

Invariants: the footer is the one whose digest the pack's manifest names, and so are the bytes of each column chunk that
is decoded. Nothing is decoded whose declared size, in the footer or in the header of a page, is beyond the limits.
Whatever is wrong is Corruption, naming the file and the byte at which the row group, or the chunk, begins.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ...columns import layout_from, schema_of
from ...errors import Corruption, FormatError, MissingFile
from .. import layout
from ..storage import Files
from .chunks import END, footer_of, range_of
from .manifest import Table
from .pages import require_bounded

MAX_ROWS = 1 << 20
"""Rows of the greatest row group that is read."""
MAX_BYTES = 1 << 29
"""Bytes that a row group may come to, decoded."""
BATCH = 2048
"""Rows that are made into lines at once."""

_THRIFT = 1 << 26
_HINT = "restore the pack from a backup"


def _filled(**kinds: Any) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


_INT = pa.int64()
SCHEMAS = {
    layout.COMMITS: _filled(run=pa.string(), commit=_INT, at=_INT, n=_INT, durable=_INT, head=pa.binary(32)),
    layout.OTHER: _filled(run=pa.string(), seq=_INT, line=pa.binary()),
}
"""The schemas of the tables that every pack has."""


class ParquetTable:
    """A table of a pack; columns of texts come dictionary-encoded where the file has dictionaries of them."""

    def __init__(self, files: Files, folder: str, entry: Table) -> None:
        """Corruption, FormatError."""
        path = layout.table(folder, entry.name)
        self.name, self.rows = entry.name, entry.rows
        self.file = files.describe(path)
        self._free: list[Any] = []
        self._view = self._opened(files, path, entry)
        self._layout_of(entry)
        self._sums, self._proven = entry.chunks, set[tuple[int, int]]()
        with self.guarded(len(self._view) - END):
            plain = self._reader([])
            self._metadata = plain.metadata
            self._require_ours(plain.schema_arrow)
            self._repeating = _repeating(self._metadata)
        sizes = [self._metadata.row_group(group).num_rows for group in range(self._metadata.num_row_groups)]
        self.bounds = [sum(sizes[:group]) for group in range(len(sizes) + 1)]

    def _reader(self, dictionaries: list[str], metadata: Any = None) -> Any:
        return pq.ParquetFile(
            pa.BufferReader(pa.py_buffer(self._view)),
            metadata=metadata,
            read_dictionary=dictionaries,
            thrift_string_size_limit=_THRIFT,
            thrift_container_size_limit=_THRIFT,
        )

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        """Lend a reader of the file, which nobody else uses meanwhile."""
        try:
            found = self._free.pop()
        except IndexError:
            found = self._reader(self._repeating, self._metadata)
        yield found
        self._free.append(found)

    def _layout_of(self, entry: Table) -> None:
        try:
            self.layout = layout_from(entry.columns)
        except KeyError as error:
            message = f"{self.file} has a column of the unknown kind {error}"
            raise FormatError(message, file=self.file, hint="upgrade jotty-events") from error
        self.schema = SCHEMAS.get(entry.name) or schema_of(self.layout)

    def _opened(self, files: Files, path: str, entry: Table) -> memoryview:
        try:
            view = files.view(path)
        except MissingFile as error:
            raise Corruption(
                "the pack names this table, and it is missing", file=self.file, offset=0, hint=_HINT
            ) from error
        if len(view) != entry.size:
            raise self.corrupt(f"the file has {len(view)} bytes, not {entry.size}", min(len(view), entry.size))
        footer = footer_of(view)
        if sha256(footer).hexdigest() != entry.footer:
            raise self.corrupt("the footer is not the one that was written", len(view) - len(footer))
        return view

    def _require_ours(self, found: pa.Schema) -> None:
        """See that the file declares what the pack says of it, and no more than can be decoded."""
        for one in self.schema:
            here = found.field(one.name).type if one.name in found.names else None
            if (here.value_type if here is not None and pa.types.is_dictionary(here) else here) != one.type:
                raise self.corrupt(f"the column {one.name} is {here}, not {one.type}")
        if found.names != self.schema.names or self._metadata.num_rows != self.rows:
            raise self.corrupt("it declares other columns, or another number of rows")
        for group in range(self._metadata.num_row_groups):
            declared = self._metadata.row_group(group)
            size = max(declared.total_byte_size, sum(_sizes(declared)))
            if not 0 < declared.num_rows <= MAX_ROWS or not 0 <= size <= MAX_BYTES:
                raise self.corrupt(f"row group {group} declares {declared.num_rows} rows and {size} bytes")
        if [len(one) for one in self._sums] != [len(found.names)] * self._metadata.num_row_groups:
            raise self.corrupt("the pack has not a check sum for each of its column chunks")

    def corrupt(self, what: str, offset: int = 0) -> Corruption:
        """Return the error of damage in this file."""
        return Corruption(what, file=self.file, offset=offset, hint=_HINT)

    @contextmanager
    def guarded(self, offset: int) -> Iterator[None]:
        """Turn whatever Arrow says of bytes that it cannot read into Corruption."""
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError, KeyError, MemoryError) as error:
            raise self.corrupt(f"it cannot be read: {str(error)[:300]}", offset) from error

    def offset_of(self, group: int) -> int:
        """Return the byte at which a row group begins."""
        return range_of(self._metadata.row_group(group).column(0))[0]

    def groups(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Give out the row groups that hold some rows, and which rows of each these are."""
        for group, (begin, end) in enumerate(zip(self.bounds, self.bounds[1:], strict=False)):
            if max(start, begin) < min(stop, end):
                yield group, max(start, begin) - begin, min(stop, end) - begin

    def read(self, group: int, name: str) -> Any:
        """Return one column of a row group as an array."""
        self._prove(group, self.schema.get_field_index(name))
        with self.guarded(self.offset_of(group)), self._lent() as parquet:
            found = parquet.read_row_group(group, columns=[name]).column(name)
            array = found.chunk(0) if found.num_chunks == 1 else found.unify_dictionaries().combine_chunks()
            self._require_small(array, group)
            if len(array) != self.bounds[group + 1] - self.bounds[group]:
                raise ValueError(f"column {name} has {len(array)} rows")
            return array

    def _prove(self, group: int, place: int) -> None:
        """See that the bytes of a column chunk are those that were written."""
        if (group, place) not in self._proven:
            begin, end = self._bounded(group, place)
            if crc32(self._view[begin:end]) != self._sums[group][place]:
                name = self.schema.names[place]
                raise self.corrupt(f"the column {name} of row group {group} is not what was written", begin)
            self._proven.add((group, place))

    def _bounded(self, group: int, place: int) -> tuple[int, int]:
        """Return where a column chunk begins and ends, having seen that its pages declare no more than it may hold."""
        declared = self._metadata.row_group(group).column(place)
        begin, end = range_of(declared)
        with self.guarded(begin):
            if not 0 < begin < end <= len(self._view):
                raise ValueError(f"a column chunk from byte {begin} to {end} is not in the file")
            rows = self.bounds[group + 1] - self.bounds[group]
            repeats = not pa.types.is_binary(self.schema.field(place).type)
            require_bounded(self._view[begin:end], declared.total_uncompressed_size, rows, repeats=repeats)
        return begin, end

    def minmax(self, group: int, name: str) -> tuple[int, int] | None:
        """Return the least and the greatest value of a column of integers, as the footer says; None if it does not."""
        place = self.schema.get_field_index(name)
        if place < 0 or not pa.types.is_integer(self.schema.field(place).type):
            return None
        told = self._metadata.row_group(group).column(place).statistics
        least, greatest = (told.min, told.max) if told is not None and told.has_min_max else (None, None)
        return None if least is None or greatest is None else (least, greatest)

    def batches(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        """Give out rows with all their columns, some at a time."""
        for group, begin, end in self.groups(start, stop):
            yield from self._batches(group, begin, end)

    def _batches(self, group: int, begin: int, end: int) -> Iterator[pa.RecordBatch]:
        place, offset = 0, self.offset_of(group)
        for chunk in range(len(self.schema.names)):
            self._prove(group, chunk)
        with self._lent() as parquet:
            with self.guarded(offset):
                found = parquet.iter_batches(BATCH, row_groups=[group])
            while place < end:
                with self.guarded(offset):
                    batch = next(found, None)
                    if batch is None:
                        raise ValueError(f"row group {group} ends after {place} rows")
                    for column in batch.columns:
                        self._require_small(column, group)
                if place + batch.num_rows > begin:
                    yield batch.slice(max(0, begin - place), min(end, place + batch.num_rows) - max(begin, place))
                place += batch.num_rows

    def _require_small(self, array: Any, group: int) -> None:
        """Refuse texts that are named by few bytes and come to many: a dictionary's longest, again and again."""
        if pa.types.is_dictionary(array.type):
            lengths = pc.binary_length(array.dictionary).take(array.indices)
            if (pc.sum(lengths).as_py() or 0) > MAX_BYTES:
                raise ValueError(f"row group {group} comes to more than {MAX_BYTES} bytes")

    def fragment(self) -> Any:
        """Return the file as a part of an Arrow dataset, which verifies the check sum of each page that it reads."""
        for group in range(len(self.bounds) - 1):
            for place in range(len(self.schema.names)):
                self._bounded(group, place)
        options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        data: Any = pa.py_buffer(self._view)
        return ds.ParquetFileFormat(default_fragment_scan_options=options).make_fragment(data)

    def digest(self) -> str:
        """Return the SHA-256 of the file's bytes."""
        return sha256(self._view).hexdigest()


def _repeating(metadata: Any) -> list[str]:
    """Return the columns of texts that come with dictionaries; of other ones each text is new, or nearly so."""
    first = metadata.row_group(0) if metadata.num_row_groups else None
    columns = [] if first is None else [first.column(place) for place in range(first.num_columns)]
    return [
        one.path_in_schema
        for one in columns
        if one.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in name for name in one.encodings)
    ]


def _sizes(group: Any) -> Iterator[int]:
    return (group.column(place).total_uncompressed_size for place in range(group.num_columns))
