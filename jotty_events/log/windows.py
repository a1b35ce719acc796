"""A closed segment, read some megabytes at a time.

Invariants: what is given out and what is refused is what reading the file at once would give. Memory is bounded by a
window and the longest commit, not by the file.
"""

from collections.abc import Iterator

from . import layout
from .manifest import Segment
from .segment import Commit, SegmentReader
from .storage import Files

WINDOW = 8 * 1024 * 1024
"""Bytes that are read at once; more only for a commit that is longer."""


def closed_commits(
    files: Files, run: str, segment: Segment, before: bytes, upto: int | None = None
) -> Iterator[Commit]:
    """Give out the commits of a closed segment, whose first comes after the head `before`; Corruption, MissingFile.

    Bytes from `upto` on are not looked at: they are what a killed writer left.
    """
    path = layout.segment(run, segment.first)
    first = segment.first
    reader = SegmentReader(b"", file=files.describe(path), first=first, head=before, durable=first - 1)
    for data in _windows(files, path, reader, upto):
        reader.go_on(data)
        yield from reader
        if reader.unreadable:
            break
    reader.require_closed(segment)


def _windows(files: Files, path: str, reader: SegmentReader, upto: int | None) -> Iterator[bytes]:
    """Give out the file from what the reader has read on, each time as much more as it takes to find a commit."""
    reached, rest = 0, b""
    while True:
        wanted = max(WINDOW, len(rest))
        part = files.read(path, reached, wanted if upto is None else min(wanted, upto - reached))
        if not part and reached:
            return
        begin = reached - len(rest)
        reached += len(part)
        data = rest + part
        yield data
        rest = data[reader.whole - begin :]
        if not part:
            return
