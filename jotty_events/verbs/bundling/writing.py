"""Bundling: the runs that lead to a point become one file.

Invariants: a bundle has the records that lead to its point, and none besides: a run is cut where its child began. Its
bytes follow from these records alone: packed or loose, the same lineage gives the same bundle. Every run keeps its id,
its uid and its chain of heads; in a bundle it is whole segments, whether or not it was packed.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from os import PathLike
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from ...errors import PointError
from ...log import layout
from ...log.archive import MOST_BYTES, ArchiveWriter
from ...log.files import Files, file_beside
from ...log.manifest import Manifest, Segment, seal
from ...log.refusals import undone_on_failure
from ...log.segment import Commit, SegmentReader
from ...record import CommitLine, encode
from ...runs.lineage import Lineage, Span
from ...runs.point import Point
from ...runs.receipt import write_failed
from ...runs.tree import Tree
from . import manifest as bundle_manifest
from .manifest import BundledFile, BundledRun, BundleManifest, bundled

Progress = Callable[[int], None]
"""Told how many records were written since it was last told."""


@dataclass(frozen=True)
class Bundled:
    """A bundle that was made: its file, the point that it ends at, its runs, records and bytes."""

    file: str
    point: Point
    runs: list[str]
    records: int
    size: int

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.file} holds what leads to {self.point}: {self.records} records of {len(self.runs)} runs"


def bundle(
    tree: Tree, point: Point, path: str | PathLike[str], library: str, progress: Progress | None = None
) -> Bundled:
    """Write what leads to a point into a new file; PointError inside a commit, NameTaken, WriteFailed, Corruption."""
    return bundle_among(*file_beside(path), tree, point, library, progress)


def bundle_among(
    files: Files, name: str, tree: Tree, point: Point, library: str, progress: Progress | None = None
) -> Bundled:
    """Write what leads to a point into a new file among others, as `bundle` does."""
    head = tree.parent(point, durably=False).head
    lineage = tree.lineage(point)
    try:
        sink = files.create(name)
        with undone_on_failure(lambda: files.remove(name)):
            try:
                _write(ArchiveWriter(sink), lineage, point, head, library, progress or _untold)
            finally:
                sink.close()
            files.sync("")
    except OverflowError as error:
        what = f"a segment has more than {MOST_BYTES} bytes"
        raise PointError(what, hint="no bundle can hold it: copy the folder") from error
    except OSError as error:
        raise write_failed(error, files.describe(name)) from error
    return Bundled(files.describe(name), point, lineage.runs, point.seq, sink.size)


def _write(writer: ArchiveWriter, lineage: Lineage, point: Point, head: str, library: str, progress: Progress) -> None:
    runs = _Runs(writer, progress)
    for span in lineage.spans:
        runs.add(span)
    manifest = BundleManifest(
        library=library, run=point.run, seq=point.seq, head=head, runs=runs.runs, files=runs.files
    )
    writer.add(bundle_manifest.NAME, bundle_manifest.seal(manifest))
    writer.finish()


class _Runs:
    """Writes runs into an archive, and keeps what the bundle says of them."""

    def __init__(self, writer: ArchiveWriter, progress: Progress) -> None:
        self._writer = writer
        self._progress = progress
        self.runs: list[BundledRun] = []
        self.files: list[BundledFile] = []

    def add(self, span: Span) -> None:
        """Write a run as far as the lineage takes it; Corruption if it is not what its child was built on."""
        manifest = span.run.manifest
        segments: list[Segment] = []
        head = span.run.start_head
        for first, data in _segments(span):
            segments.append(_closed(data, first, head))
            head = bytes.fromhex(segments[-1].head)
            self._put(layout.segment(manifest.run, first), data)
            self._progress(segments[-1].last - first + 1)
        self._put(layout.manifest(manifest.run), seal(_cut(manifest, segments)))
        self.runs.append(BundledRun(manifest.run, manifest.uid, manifest.first, segments[-1].last, head.hex()))

    def _put(self, path: str, data: bytes) -> None:
        self._writer.add(path, data)
        self.files.append(bundled(path, data))


def _segments(span: Span) -> Iterator[tuple[int, bytes]]:
    """Give out the first seq and the bytes of each segment; where one begins is where one began."""
    firsts = span.run.segments
    commits = (commit for _, commit in Lineage([span]).commits())
    for first, inside in groupby(commits, lambda commit: max(one for one in firsts if one <= commit.first)):
        yield first, b"".join(map(_lines, inside))


def _lines(commit: Commit) -> bytes:
    mark = CommitLine(commit.last, commit.last - commit.first + 1, commit.durable, commit.head.hex())
    return b"\n".join([*commit.lines, encode(mark), b""])


def _closed(data: bytes, first: int, head: bytes) -> Segment:
    """Return what a manifest says of a segment, having read it as everybody will."""
    reader = SegmentReader(data, file="", first=first, head=head, durable=first - 1)
    for _ in reader:
        pass
    if reader.stop.reason:
        raise AssertionError(f"a segment was written that cannot be read: {reader.stop.reason}")
    return Segment(first, reader.last, len(data), reader.head.hex(), reader.marks)


def _cut(manifest: Manifest, segments: list[Segment]) -> Manifest:
    """Return the manifest of a run of these segments; it has ended only if it is all there."""
    ended = manifest.ended if manifest.ended is not None and manifest.ended.seq == segments[-1].last else None
    segments = [replace(one, pack=UNSET) for one in segments]
    return replace(manifest, segments=segments, active=None, ended=ended, check="")


def _untold(count: int) -> None:
    """Take note of nothing."""
