"""Filling one table of a pack: rows, to columns, to row groups.

Invariants: a row that was taken up is written, in the order in which it came. Nothing is read back here.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pyarrow as pa

from ...columns import layout_of, schema, table, told
from ...events import BY_TAG
from .. import layout
from ..storage import Appender, Files
from .chunks import footer_of, sums_of
from .columnar import BYTES, ROWS, writer
from .manifest import Table
from .parquet import SCHEMAS

CHUNK = 2048
"""Rows that are turned into columns at once."""
CHUNK_BYTES = 4 * 1024 * 1024
AT_ONCE = 1024 * 1024
"""Bytes that are written at once: Parquet comes in small pieces."""


class _Sink:
    """What Parquet is written to: a new file, whose bytes are gathered and digested on their way."""

    closed = False

    def __init__(self, file: Appender) -> None:
        self.file = file
        self.digest = sha256()
        self.given_up = False
        self._gathered = bytearray()

    def write(self, data: Any) -> int:
        held = bytes(data)
        if not self.given_up:
            self._gathered += held
            self.digest.update(held)
            if len(self._gathered) > AT_ONCE:
                self.push()
        return len(held)

    def push(self) -> None:
        """Write what was gathered."""
        self.file.write(bytes(self._gathered))
        self._gathered.clear()

    def tell(self) -> int:
        return self.file.size + len(self._gathered)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Leave it to `finish`, which pushes and syncs."""

    def close(self) -> None:
        """Leave it to the owner of the file."""


class TableWriter:
    """Fills one table: with rows of its schema, or with the records of one event type and their runs."""

    def __init__(self, files: Files, folder: str, name: str) -> None:
        self.name = name
        self.rows = 0
        self.held = 0
        self._files, self._path = files, layout.table(folder, name)
        self._kind = None if name in SCHEMAS else BY_TAG[name]
        self._taken: list[Any] = []
        self._bytes = 0
        self._parts: list[pa.Table] = []
        self._sink: _Sink | None = None
        self._writer: Any = None

    @property
    def schema(self) -> pa.Schema:
        """The table's schema."""
        return SCHEMAS[self.name] if self._kind is None else schema(self._kind)

    def add(self, rows: Sequence[Any], size: int) -> None:
        """Take up rows of about so many bytes in all."""
        self._taken += rows
        self._bytes += size
        self.rows += len(rows)
        if len(self._taken) >= CHUNK or self._bytes > CHUNK_BYTES:
            self._settle()

    def _settle(self) -> None:
        """Turn what was taken up into columns."""
        if not self._taken:
            return
        part = self._columns(self._taken)
        self._taken, self._bytes = [], 0
        self._parts.append(part)
        self.held += part.nbytes
        if self.held > BYTES or sum(one.num_rows for one in self._parts) >= ROWS:
            self.write()

    def _columns(self, rows: list[Any]) -> pa.Table:
        if self._kind is not None:
            return table(self._kind, rows)
        columns = zip(zip(*rows, strict=True), self.schema, strict=True)
        return pa.Table.from_arrays([pa.array(values, one.type) for values, one in columns], schema=self.schema)

    def write(self) -> None:
        """Write what is held as columns as a row group."""
        if self._parts:
            group = pa.concat_tables(self._parts).combine_chunks()
            self._parts, self.held = [], 0
            self._open(group).write_table(group, row_group_size=group.num_rows)

    def _open(self, sample: pa.Table) -> Any:
        if self._writer is None:
            sink: Any = _Sink(self._files.create(self._path))
            self._sink, self._writer = sink, writer(pa.PythonFile(sink, mode="w"), sample)
        return self._writer

    def finish(self) -> Table:
        """Write the rest, sync the file, and say what it is."""
        self._settle()
        self.write()
        self._open(self.schema.empty_table()).close()
        sink = self._sink
        if sink is None:
            raise AssertionError("an open table has a sink")
        sink.push()
        sink.file.sync()
        sink.file.close()
        columns = {} if self._kind is None else told(layout_of(self._kind))
        view = self._files.view(self._path)
        footer = sha256(footer_of(view)).hexdigest()
        return Table(self.name, self.rows, sink.file.size, sink.digest.hexdigest(), footer, columns, sums_of(view))

    def close(self) -> None:
        """Let the file go, whatever was written."""
        if self._sink is not None:
            self._sink.given_up = True
            self._writer.close()
            self._sink.file.close()
