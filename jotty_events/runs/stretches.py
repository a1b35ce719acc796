"""A lineage in stretches: by columns where its records are packed, commit by commit where they are not.

Invariants: stretches follow each other, in the order of seq, and together are what the lineage has after a seq. At
every cut the head of the parent is the one that the child was built on, as in `Lineage.commits`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Corruption
from ..log.manifest import Segment
from ..log.segment import Commit
from .reader import RunReader

if TYPE_CHECKING:
    from ..log.pack.stretch import Packed


@dataclass(frozen=True)
class Loose:
    """The records of one run from seq `first` to `upto` that are lines of segments."""

    run: RunReader
    first: int
    upto: int

    def commits(self) -> Iterator[tuple[str, Commit]]:
        """Give out the commits with the run's id, the first and the last cut to the stretch; Corruption."""
        reached = self.first - 1
        for commit in self.run.commits(self.first - 1):
            if commit.first > self.upto:
                break
            reached = commit.last
            begin, end = max(commit.first, self.first), min(commit.last, self.upto)
            lines = commit.lines[begin - commit.first : end - commit.first + 1]
            yield self.run.run, commit._replace(first=begin, last=end, lines=lines)
        if reached < self.upto:
            where = self.run.files.describe(self.run.run)
            what = f"seq {self.upto} of this run is asked for, which ends at {reached}"
            raise Corruption(what, file=where, offset=0, hint="restore the run from a backup")


def stretches_of(run: RunReader, after: int, upto: int) -> "Iterator[Packed | Loose]":
    """Give out the stretches of one run's records from behind `after` to `upto`."""
    begin = max(after + 1, run.first)
    for segment in run.manifest.segments:
        if begin > upto:
            return
        if segment.last >= begin and isinstance(segment.pack, str):
            if begin < segment.first:
                yield Loose(run, begin, segment.first - 1)
                begin = segment.first
            yield _packed(run, segment, begin, min(upto, segment.last))
            begin = segment.last + 1
    if begin <= upto:
        yield Loose(run, begin, upto)


def _packed(run: RunReader, segment: Segment, first: int, upto: int) -> "Packed":
    # Arrow takes a while to load, and a history without packs needs none of it.
    from ..log.pack.stretch import Packed, PackedSpan

    found = run.packed(segment)
    if found is None:
        raise AssertionError("the segment names its pack")
    pack, place = found
    return Packed(pack, [PackedSpan(place, run.run, first, upto)])


def joined(stretches: "Iterator[Packed | Loose]") -> "Iterator[Packed | Loose]":
    """Give out stretches, those that follow each other in one pack as one."""
    last: Packed | Loose | None = None
    for one in stretches:
        if isinstance(one, Loose) or last is None or isinstance(last, Loose) or last.pack is not one.pack:
            if last is not None:
                yield last
            last = one
        else:
            last = type(last)(last.pack, [*last.spans, *one.spans])
    if last is not None:
        yield last
