"""Following a run while it is being written.

Invariants: nothing is given out before it is durable (in mode `os`: before its commit is whole), nothing twice, and
nothing is left out, rotation included. A run whose writer is gone is given out as every reader sees it: up to its last
whole commit.
"""

from collections.abc import Iterator

from ..log import layout
from ..log.files import Files
from ..log.manifest import Segment
from ..log.segment import Commit, SegmentReader
from ..types import Durability
from .packs import Packs
from .reader import RunReader


class Tail:
    """Gives out the commits of a run as they come, those that end after seq `after`."""

    def __init__(self, files: Files, run: str, after: int = 0, packs: Packs | None = None) -> None:
        """`packs` are those that other readers of these files have open."""
        self._files = files
        self._run = run
        self._after = after
        self._packs = Packs(files) if packs is None else packs
        manifest = RunReader(files, run).manifest
        self._any_commit = manifest.durability == Durability.OS.value
        self._segment = self._first = manifest.first
        self._offset = 0
        self._last = manifest.first - 1
        self._head = RunReader(files, run).start_head
        self._durable = self._last
        self.ended = False

    def poll(self) -> Iterator[Commit]:
        """Give out what has come since the last poll; `ended` is true once nothing more will come."""
        # Asked first: whatever a writer put there before it let go is then read below.
        alive = self._files.is_locked(layout.lock(self._run))
        manifest = RunReader(self._files, self._run).manifest
        for closed in manifest.segments:
            if closed.first >= self._segment:
                self._segment = closed.first
                if closed.last > self._after:
                    yield from self._read(closed) if self._stands(closed) else self._packed(closed)
                self._last, self._head = closed.last, bytes.fromhex(closed.head)
                self._segment, self._offset, self._durable = closed.last + 1, 0, closed.last
        if manifest.active is not None:
            yield from self._read(whole=self._any_commit or not alive)
        self.ended = manifest.active is None or not alive

    def _stands(self, closed: Segment) -> bool:
        return self._files.exists(layout.segment(self._run, closed.first))

    def _packed(self, closed: Segment) -> Iterator[Commit]:
        """Give out the rest of a segment that was packed meanwhile."""
        for commit in RunReader(self._files, self._run, self._packs).commits(self._last):
            if commit.first > closed.last:
                return
            self._last, self._head = commit.last, commit.head
            if commit.last > self._after:
                yield commit

    def _read(self, closed: Segment | None = None, whole: bool = True) -> Iterator[Commit]:
        """Give out the commits of one segment from where the last poll stopped; unless `whole`, the durable ones."""
        path = layout.segment(self._run, self._segment)
        reader = SegmentReader(
            self._files.read(path, self._offset),
            file=self._files.describe(path),
            first=self._last + 1,
            head=self._head,
            durable=self._durable,
            base=self._offset,
        )
        found = list(reader)
        reader.require_sound_tail(self._first)
        if closed is not None:
            reader.require_end(closed)
        settled = reader.last if whole else reader.durable
        for commit in found:
            if commit.last <= settled:
                self._last, self._head, self._offset = commit.last, commit.head, commit.end
                self._durable = commit.durable
                if commit.last > self._after:
                    yield commit
