"""Reading one run, alive or not.

Invariants: what is given out is an exact prefix of the run's commits. Of a run that is still being written only what
is durable is given out (in mode `os`: whole commits, since nothing there is ever known to be durable). Reading
changes nothing on disk: what follows the last whole commit is passed over and left in place.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from ..errors import Corruption, FormatError, MissingFile
from ..log import layout
from ..log.files import Files
from ..log.manifest import Manifest, Parent, Segment, unseal
from ..log.segment import Commit, SegmentReader, at_of
from ..record import ROOT_HEAD
from ..types import Durability


class End(NamedTuple):
    """The last readable commit of a run: its last seq, the head there, and its time in microseconds since 1970."""

    seq: int
    head: bytes
    at: int


class RunReader:
    """One run, as its manifest and segments show it."""

    def __init__(self, files: Files, run: str) -> None:
        self.run = run
        self.files = files
        self.unread_from: int | None = None
        """The byte of the active segment behind which nothing could be read, once that was found out."""

    @cached_property
    def manifest(self) -> Manifest:
        """The run's manifest; FormatError if it is missing, foreign, newer, damaged, or of another run."""
        path = layout.manifest(self.run)
        where = self.files.describe(path)
        try:
            found = unseal(self.files.read(path), where)
        except MissingFile as error:
            raise FormatError(
                f"{where} is missing: this folder is no run of ours, or lost its manifest",
                file=where,
                hint="name another run, or restore run.json from a backup",
            ) from error
        if found.run != self.run:
            raise FormatError(f"{where} is the manifest of {found.run}", file=where, hint="do not rename run folders")
        return found

    @property
    def first(self) -> int:
        """The run's first seq."""
        return self.manifest.first

    @property
    def parent(self) -> Parent | None:
        """Where the run began."""
        return self.manifest.parent

    @property
    def start_head(self) -> bytes:
        """The head before the run's first commit."""
        return bytes.fromhex(self.parent.head) if self.parent else ROOT_HEAD

    @cached_property
    def live(self) -> bool:
        """Whether somebody is writing the run, as it was when first asked."""
        return self.manifest.ended is None and self.files.is_locked(layout.lock(self.run))

    def commits(self, after: int = 0) -> Iterator[Commit]:
        """Give out the readable commits that end after seq `after`, in order; Corruption at damage."""
        head = self.start_head
        for segment in self.manifest.segments:
            if segment.last > after:
                yield from _beyond(self._closed(segment, head), after)
            head = bytes.fromhex(segment.head)
        if self.manifest.active is not None:
            yield from _beyond(self._active(self.manifest.active, head), after)

    def _closed(self, segment: Segment, head: bytes) -> Iterator[Commit]:
        reader = self._reader(segment.first, head)
        yield from reader
        reader.require_closed(segment)

    def _active(self, first: int, head: bytes) -> Iterator[Commit]:
        live = self.live  # asked before reading: a run that ends in between is read up to its durable mark only
        reader = self._reader(first, head)
        found = list(reader)
        reader.require_sound_tail(self.first)  # the first commit was on disk before the manifest
        self.unread_from = reader.stop.offset if reader.stop.reason else None
        stop_at = reader.durable if live and self.manifest.durability != Durability.OS.value else reader.last
        yield from (commit for commit in found if commit.last <= stop_at)

    def _reader(self, first: int, head: bytes) -> SegmentReader:
        path = layout.segment(self.run, first)
        where = self.files.describe(path)
        try:
            data = self.files.read(path)
        except MissingFile as error:
            raise Corruption(
                "the manifest names this segment, and it is missing", file=where, offset=0, hint="restore it"
            ) from error
        return SegmentReader(data, file=where, first=first, head=head, durable=first - 1)

    @cached_property
    def end(self) -> End | None:
        """The last readable commit, None if there is none."""
        ended = self.manifest.ended
        if ended is not None:
            return End(ended.seq, bytes.fromhex(ended.head), ended.at)
        last = None
        for commit in self.commits():
            last = commit
        return None if last is None else End(last.last, last.head, at_of(last.lines[-1]))

    @property
    def segments(self) -> list[int]:
        """The first seqs of all segments that the manifest names."""
        firsts = [segment.first for segment in self.manifest.segments]
        return firsts if self.manifest.active is None else [*firsts, self.manifest.active]

    def segment_of(self, seq: int) -> str:
        """Return the path of the segment that holds a seq."""
        return layout.segment(self.run, max(first for first in self.segments if first <= seq))


def _beyond(commits: Iterator[Commit], after: int) -> Iterator[Commit]:
    return (commit for commit in commits if commit.last > after)
