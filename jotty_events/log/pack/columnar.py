"""How columns are put into Parquet: what is small on disk and quick to read.

Invariants: only size and speed depend on what is chosen here, and any reader of Parquet reads it. Pages carry their
check sums. A column that repeats its values is written through a dictionary; of the others, numbers are written so
that neighbours which are alike take little.
"""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1 << 17
"""Rows of a row group."""
BYTES = 64 * 1024 * 1024
"""A row group that has come to so many bytes in memory takes no more rows."""
LEVEL = 3
"""Of zstd: higher ones take longer, and save next to nothing on numbers."""
DICTIONARY_BYTES = 8 * 1024 * 1024
"""A dictionary that would be larger is given up."""


def writer(sink: Any, sample: pa.Table) -> Any:
    """Return a writer for tables like the sample, which is the first to be written."""
    repeated: Any = [name for name in sample.schema.names if _repeats(sample.column(name))]
    encodings = {name: _encoding(sample.schema.field(name).type) for name in sample.schema.names}
    return pq.ParquetWriter(
        sink,
        sample.schema,
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=repeated or False,
        column_encoding={name: kind for name, kind in encodings.items() if kind and name not in repeated} or None,
        dictionary_pagesize_limit=DICTIONARY_BYTES,
        write_page_checksum=True,
        write_statistics=True,
        store_schema=False,
        version="2.6",
    )


def _repeats(column: Any) -> bool:
    """Say whether a column is worth a dictionary; the order of seq and time is worth more."""
    if pa.types.is_boolean(column.type) or pa.types.is_binary(column.type):
        return False
    if pa.types.is_fixed_size_binary(column.type):
        return False
    share = 2 if pa.types.is_string(column.type) else 8
    distinct = len(column.unique())
    return distinct <= max(1, len(column) // share)


def _encoding(kind: Any) -> str | None:
    if pa.types.is_integer(kind):
        return "DELTA_BINARY_PACKED"
    if pa.types.is_floating(kind):
        return "BYTE_STREAM_SPLIT"
    return None
