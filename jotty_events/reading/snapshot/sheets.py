"""Arrow files of a snapshot: written once, read batch by batch, each proven by its SHA-256 when it is first touched.

Invariants: a file is a whole Arrow file that any tool can read; the order and the bounds of its batches, and all that
is needed to read one, stand in `sheets.json`, so that nothing in it is believed before it is proven.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import pyarrow as pa

from ...errors import DamagedSnapshot
from ...log.files import Appender, Files
from .manifest import Batch, Sheet

BATCH_BYTES = 512 * 1024
"""About so many bytes are proven at once."""
_FEWEST, _MOST = 64, 4096
_MAGIC = 8


class SheetFile:
    """The batches of one Arrow file, mapped and not yet read."""

    def __init__(
        self, files: Files, home: str, sheet: Sheet, schema: pa.Schema | None, distrust: Callable[[str, str], None]
    ) -> None:
        """MissingFile, UnsafeFile; DamagedSnapshot if it has another size than was written."""
        path = f"{home}/{sheet.file}"
        self._home, self._where = home, files.describe(path)
        self._batches, self._schema = sheet.batches, schema or _schema_in(sheet)
        self._distrust = distrust
        self.firsts = [bytes.fromhex(batch.first) for batch in sheet.batches]
        self.counts = [batch.rows for batch in sheet.batches]
        self._view = files.view(path)
        if len(self._view) != sheet.size:
            raise self._damaged("has another size than was written")
        if min(self.counts, default=1) < 1:
            raise self._damaged("is said to have batches without rows")

    def batch(self, number: int) -> pa.RecordBatch:
        """Return a batch; DamagedSnapshot if its bytes are not those that were written."""
        batch = self._batches[number]
        data = self._view[batch.at : batch.at + batch.length]
        if sha256(data).hexdigest() != batch.sha256:
            raise self._damaged(f"is damaged in batch {number}, at byte {batch.at}")
        found = pa.ipc.read_record_batch(pa.ipc.read_message(pa.py_buffer(data)), self._schema)
        if found.num_rows != batch.rows or (batch.first and found.column(0)[0].as_py() != self.firsts[number]):
            raise self._damaged(f"has other rows in batch {number} than is said of it")
        return found

    def table(self) -> pa.Table:
        """Return all batches."""
        return pa.Table.from_batches(map(self.batch, range(len(self._batches))), self._schema)

    def _damaged(self, what: str) -> DamagedSnapshot:
        self._distrust(self._home, f"{self._where} {what}")
        return DamagedSnapshot(f"{self._where} {what}", file=self._where)


def _schema_in(sheet: Sheet) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(sheet.schema)))


class _Sink:
    """What Arrow writes to: a new file, and a look at where it is."""

    closed = False

    def __init__(self, file: Appender) -> None:
        self._file = file
        self._part: list[bytes] = []

    def write(self, data: Any) -> int:
        held = bytes(data)
        self._file.write(held)
        self._part.append(held)
        return len(held)

    def written(self) -> bytes:
        """Return what was written since this was last asked."""
        found, self._part = b"".join(self._part), []
        return found

    def tell(self) -> int:
        return self._file.size

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Leave it to the system: what is lost is noticed."""

    def close(self) -> None:
        """Leave it to the owner of the file."""


def columns(found: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Return arrays or lists of texts as tables of one column."""
    return {name: pa.table({name: pa.array(values)}) for name, values in found.items()}


def write_sheet(files: Files, home: str, name: str, table: pa.Table, place: str | None, whole: bool = False) -> Sheet:
    """Write a table as a new file, `whole` as one batch; `place` names the column that its rows are sorted by.

    NameTaken, OSError.
    """
    file = files.create(f"{home}/{name}")
    try:
        sink: Any = _Sink(file)
        with pa.ipc.new_file(pa.PythonFile(sink, mode="w"), table.schema) as writer:
            head = _MAGIC + table.schema.serialize().size
            batches = [_write_batch(writer, sink, one, place, head) for one in _batches(table, whole)]
        return Sheet(name, file.size, batches, "" if place else table.schema.serialize().to_pybytes().hex())
    finally:
        file.close()


def _batches(table: pa.Table, whole: bool) -> list[pa.RecordBatch]:
    if whole:
        return [one for one in table.combine_chunks().to_batches() if one.num_rows]
    each = max(1, table.nbytes // max(1, table.num_rows))
    rows = min(_MOST, max(_FEWEST, BATCH_BYTES // each))
    return [one for one in table.combine_chunks().to_batches(max_chunksize=rows) if one.num_rows]


def _write_batch(writer: Any, sink: _Sink, batch: pa.RecordBatch, place: str | None, head: int) -> Batch:
    """Write a batch; Arrow writes the `head` bytes of the file together with the first one."""
    at = max(sink.tell(), head)
    writer.write_batch(batch)
    data = sink.written()[-(sink.tell() - at) :]
    first = batch.column(place)[0].as_py().hex() if place else ""
    return Batch(at, len(data), batch.num_rows, first, sha256(data).hexdigest())
