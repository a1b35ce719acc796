"""Reading one run, alive or not.

Invariants: what is given out is an exact prefix of the run's commits. Of a run that is still being written only what
is durable is given out (in mode `os`: whole commits, since nothing there is ever known to be durable). Reading
changes nothing on disk: what follows the last whole commit is passed over and left in place. A segment may be packed
while the run is read: a file that is gone is looked for in what the manifest says then.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ..errors import Corruption, FormatError, MissingFile
from ..log import layout
from ..log.files import Files
from ..log.manifest import Manifest, Parent, Segment, unseal
from ..log.segment import Commit, CommitEnd, SegmentReader
from ..log.windows import closed_commits
from ..record import ROOT_HEAD
from ..types import Durability
from .packs import Packs

if TYPE_CHECKING:
    from ..log.pack.reading import Pack


T = TypeVar("T")


class End(NamedTuple):
    """The last readable commit of a run: its last seq, the head there, and its time in microseconds since 1970."""

    seq: int
    head: bytes
    at: int


class RunReader:
    """One run, as its manifest and segments show it."""

    def __init__(self, files: Files, run: str, packs: Packs | None = None, *, owned: bool = False) -> None:
        """`packs` are those that other readers of these files have open; `owned`: the reader holds the run's LOCK."""
        self.run = run
        self.files = files
        self.packs = Packs(files) if packs is None else packs
        self._owned = owned
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

    @property
    def draft(self) -> bool:
        """Whether the run is part of something that is not whole yet: nothing continues from it."""
        return self.manifest.draft is True

    @cached_property
    def live(self) -> bool:
        """Whether somebody else is writing the run, as it was when first asked."""
        return not self._owned and self.manifest.ended is None and self.files.is_locked(layout.lock(self.run))

    def commits(self, after: int = 0) -> Iterator[Commit]:
        """Give out the readable commits that end after seq `after`, in order; Corruption at damage."""
        return self._through(after, _COMMITS)

    def ends(self, after: int = 0) -> Iterator[CommitEnd]:
        """Give out where the readable commits that end after a seq do; of a pack, only its table of commits is read."""
        return self._through(after, _ENDS)

    def episode_ends(self) -> Iterator[int]:
        """Give out the seqs of the records that say that an episode ended."""
        return self._through(0, _EPISODES)

    def _through(self, after: int, view: "_View[T]") -> Iterator[T]:
        reached = after
        while True:
            try:
                for one in self._once(reached, view):
                    reached = view.seq(one)
                    yield one
                return
            except MissingFile as error:
                self._look_again(error)

    def _once(self, after: int, view: "_View[T]") -> Iterator[T]:
        head = self.start_head
        for segment in self.manifest.segments:
            packed = self.packed(segment) if segment.last > after else None
            if packed is not None:
                yield from view.packed(*packed, after)
            elif segment.last > after:
                yield from view.loose(_beyond(closed_commits(self.files, self.run, segment, head), after))
            head = bytes.fromhex(segment.head)
        if self.manifest.active is not None:
            yield from view.loose(_beyond(self._active(self.manifest.active, head), after))

    def _look_again(self, error: MissingFile) -> None:
        """Read the manifest anew; Corruption if it still names the file that is gone."""
        before = self.manifest
        del self.manifest
        if self.manifest == before:
            what = "the manifest names this segment, and it is missing"
            raise Corruption(what, file=error.file, offset=0, hint="restore it") from error

    def packed(self, segment: Segment) -> "tuple[Pack, int] | None":
        """Return the pack that holds a segment, and the place of its span there; None if its file does."""
        if not isinstance(segment.pack, str):
            return None
        pack = self.packs.pack(segment.pack)
        return pack, pack.span_of(self.run, segment)

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
        data = self.files.read(path)
        return SegmentReader(data, file=self.files.describe(path), first=first, head=head, durable=first - 1)

    @cached_property
    def end(self) -> End | None:
        """The last readable commit, None if there is none."""
        ended = self.manifest.ended
        if ended is not None:
            return End(ended.seq, bytes.fromhex(ended.head), ended.at)
        last = None
        for last in self.ends():  # noqa: B007
            pass
        return None if last is None else End(last.last, last.head, last.at)

    @property
    def segments(self) -> list[int]:
        """The first seqs of all segments that the manifest names."""
        firsts = [segment.first for segment in self.manifest.segments]
        return firsts if self.manifest.active is None else [*firsts, self.manifest.active]

    def segment_of(self, seq: int) -> str:
        """Return the path of the file that holds a seq: a segment, or the manifest of a pack."""
        first = max(first for first in self.segments if first <= seq)
        packed = [one.pack for one in self.manifest.segments if one.first == first and isinstance(one.pack, str)]
        return layout.pack_manifest(layout.pack(packed[0])) if packed else layout.segment(self.run, first)


def _beyond(commits: Iterator[Commit], after: int) -> Iterator[Commit]:
    return (commit for commit in commits if commit.last > after)


_EPISODE_ENDED = re.compile(rb'\{"seq":(\d+),"at":-?\d+,(?:"leaf":"\w+",)?"event":\{"type":"episode_ended"')


def _episodes(commits: Iterator[Commit]) -> Iterator[int]:
    for commit in commits:
        found = map(_EPISODE_ENDED.match, commit.lines)
        yield from (int(one[1]) for one in found if one is not None)


@dataclass(frozen=True)
class _View(Generic[T]):
    """What is read of a run: of a span of a pack, of the commits of a loose segment; and the seq that it reaches."""

    packed: "Callable[[Pack, int, int], Iterator[T]]"
    loose: Callable[[Iterator[Commit]], Iterator[T]]
    seq: Callable[[T], int]


_COMMITS: _View[Commit] = _View(lambda pack, place, after: pack.commits(place, after), iter, lambda one: one.last)
_ENDS: _View[CommitEnd] = _View(
    lambda pack, place, after: pack.ends(place, after),
    lambda commits: (one.mark for one in commits),
    lambda one: one.last,
)
_EPISODES: _View[int] = _View(lambda pack, place, after: pack.episode_ends(place), _episodes, lambda seq: seq)
