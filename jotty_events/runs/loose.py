"""What of a run is not packed yet: its closed segments, and the last one of a run whose writer is gone.

Invariants: looked at while the run's LOCK is held, so nothing is appended meanwhile. What a killed writer left behind
the last recoverable commit belongs to no segment; it is kept aside, and never lost.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

from msgspec.structs import replace

from ..log import layout
from ..log.files import Files
from ..log.manifest import Manifest, Segment, seal
from ..log.segment import Commit, SegmentReader
from ..log.windows import closed_commits
from .reader import RunReader


@dataclass(frozen=True)
class Part:
    """A segment that can be packed: its run, what the manifest says of it, and the head before its first commit."""

    run: str
    segment: Segment
    before: bytes


@dataclass
class LooseRun:
    """The loose segments of one run; `active` is the first seq of the one that a killed writer left open, if any."""

    reader: RunReader
    parts: list[Part] = field(default_factory=list)
    active: int | None = None
    tail: bytes = b""

    @property
    def run(self) -> str:
        """The run's id."""
        return self.reader.run

    @property
    def size(self) -> int:
        """The bytes of the loose segments."""
        return sum(one.segment.size for one in self.parts)

    def commits(self, part: Part) -> Iterator[Commit]:
        """Give out the commits of a part; Corruption, MissingFile."""
        size = part.segment.size if part.segment.first == self.active else None
        return closed_commits(self.reader.files, self.run, part.segment, part.before, size)

    def put(self, pack: str, parts: Sequence[Part]) -> None:
        """Say durably that some parts are in a pack, having put aside what a killed writer left unfinished; OSError."""
        packed = self._packed(pack, {one.segment.first for one in parts})
        if self.tail and self.active is not None and packed.active is None:
            self._files.replace(layout.tail(self.run, self.active), self.tail)
        self._files.replace(layout.manifest(self.run), seal(packed))
        # What comes next, into another pack, goes beside what was put here and not in its place.
        del self.reader.manifest

    def _packed(self, pack: str, firsts: Set[int]) -> Manifest:
        manifest = self.reader.manifest
        closing = [one.segment for one in self.parts if one.segment.first == self.active and self.active in firsts]
        every = [*manifest.segments, *closing]
        segments = [replace(one, pack=pack) if one.first in firsts else one for one in every]
        return replace(manifest, segments=segments, active=None if closing else manifest.active)

    @property
    def _files(self) -> Files:
        return self.reader.files


def loose_run(reader: RunReader) -> LooseRun:
    """Return what of a run can be packed; the reader owns the run. Corruption, FormatError, OSError."""
    found = LooseRun(reader)
    manifest = reader.manifest
    before = reader.start_head
    for segment in manifest.segments:
        if not isinstance(segment.pack, str) and segment.last >= segment.first:
            found.parts.append(Part(reader.run, segment, before))
        before = bytes.fromhex(segment.head)
    if manifest.active is not None:
        _close(found, manifest.active, before)
    return found


def _close(found: LooseRun, first: int, before: bytes) -> None:
    """Take the open segment of a run whose writer is gone as far as it can be recovered."""
    reader, path = found.reader, layout.segment(found.run, first)
    data = reader.files.read(path)
    found.active = first
    where = reader.files.describe(path)
    whole = read_through(SegmentReader(data, file=where, first=first, head=before, durable=first - 1))
    whole.require_sound_tail(reader.first)
    found.tail = data[whole.whole :]
    sound = read_through(SegmentReader(data[: whole.whole], file=where, first=first, head=before, durable=first - 1))
    if sound.last >= first:
        segment = Segment(first, sound.last, whole.whole, sound.head.hex(), sound.marks)
        found.parts.append(Part(found.run, segment, before))


def read_through(segment: SegmentReader) -> SegmentReader:
    """Return a reader that has read all that it can."""
    for _ in segment:
        pass
    return segment
