"""How columns are put into Parquet: what is small on disk and quick to read.

Invariants: only size and speed depend on what is chosen here, and any reader of Parquet reads it. Pages carry their
check sums. The same rows are written to the same bytes: what is chosen follows from them alone.

Texts that repeat are written through a dictionary, so that readers get codes. How numbers are written is tried out on
the first rows: a reward of three decimals is best left as it is, for zstd finds its likes; the digits of a time or a
measurement are best put byte beside byte; a seq needs differences only.
"""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1 << 18
"""Rows of a row group: each has its own dictionaries, which cost as much to read as the rows do where keys are many."""
BYTES = 128 * 1024 * 1024
"""A row group that has come to so many bytes in memory takes no more rows."""
LEVEL = 3
"""Of zstd: higher ones take longer, and save next to nothing on numbers."""
DICTIONARY_BYTES = 16 * 1024 * 1024
"""A dictionary that would be larger is given up."""
TRIED = 8192
"""So many rows are written in each way before one is chosen."""

_DICTIONARY = "dictionary"
_PLAIN = "PLAIN"
_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": LEVEL,
    "dictionary_pagesize_limit": DICTIONARY_BYTES,
    "store_schema": False,
    "version": "2.6",
}


def writer(sink: Any, sample: pa.Table) -> Any:
    """Return a writer for tables like the sample, which is the first to be written."""
    chosen = {name: _encoding(sample.column(name)) for name in sample.schema.names}
    dictionaries: Any = [name for name, kind in chosen.items() if kind == _DICTIONARY]
    return pq.ParquetWriter(
        sink,
        sample.schema,
        use_dictionary=dictionaries or False,
        column_encoding={name: kind for name, kind in chosen.items() if kind != _DICTIONARY} or None,
        write_page_checksum=True,
        write_statistics=True,
        **_OPTIONS,
    )


def _encoding(column: Any) -> str:
    """Return the encoding of a column: `dictionary`, or what Parquet calls it."""
    candidates = _candidates(column.type)
    if pa.types.is_string(column.type):
        return _DICTIONARY if len(column.unique()) <= max(1, len(column) // 2) else _PLAIN
    if len(candidates) == 1 or not len(column):
        return candidates[0]
    few = column.slice(0, TRIED)
    return min(candidates, key=lambda kind: _size(few, kind))


def _candidates(kind: Any) -> list[str]:
    """Return the encodings worth a trial for a type, those that are sooner read first."""
    if pa.types.is_integer(kind):
        return [_DICTIONARY, "DELTA_BINARY_PACKED"]
    if pa.types.is_floating(kind):
        return [_DICTIONARY, _PLAIN, "BYTE_STREAM_SPLIT"]
    return [_PLAIN]


def _size(column: Any, kind: str) -> int:
    """Return the bytes that a column takes in one encoding."""
    table = pa.table([column], names=["tried"])
    sink = pa.BufferOutputStream()
    named = kind == _DICTIONARY
    encoding = None if named else {"tried": kind}
    pq.write_table(table, sink, use_dictionary=named, column_encoding=encoding, write_statistics=False, **_OPTIONS)
    return int(sink.tell())
