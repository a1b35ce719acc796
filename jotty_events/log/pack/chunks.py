"""Where the parts of a Parquet file stand: the footer, and the bytes of each column in each row group.

Invariants: the mark at its beginning, the column chunks and the footer are all that a file of ours consists of. The
check sum of a chunk covers the headers of its pages, which the check sums in these headers do not.
"""

from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq

_MAGIC = b"PAR1"
END = 8
"""Bytes of the footer's length and of the mark behind it."""


def footer_of(view: memoryview) -> memoryview:
    """Return the footer of a Parquet file with its length and mark: all that says how the rest is to be read."""
    length = int.from_bytes(view[-END : -len(_MAGIC)], "little")
    return view[max(0, len(view) - END - length) :]


def range_of(chunk: Any) -> tuple[int, int]:
    """Return the first byte of a column chunk, and the one behind its last, out of what the footer says of it."""
    begin = int(min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset))
    return begin, begin + int(chunk.total_compressed_size)


def sums_of(view: memoryview) -> list[list[int]]:
    """Return the CRC-32 of each column chunk of a file that was just written, by row group."""
    metadata = pq.ParquetFile(pa.BufferReader(pa.py_buffer(view))).metadata
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    return [[_sum_of(view, group.column(place)) for place in range(group.num_columns)] for group in groups]


def _sum_of(view: memoryview, chunk: Any) -> int:
    begin, end = range_of(chunk)
    return crc32(view[begin:end])
