"""A run and its ancestors, each cut where its child began.

Invariants: seqs are dense from 1 to the end of the lineage, whichever runs they stand in. At every cut the head of
the parent is the one that the child was built on; otherwise the parent was changed or cut short, and that is
Corruption.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Corruption, FormatError
from ..log.segment import Commit, CommitEnd
from ..record import LineError, Opaque, Record, decode_record
from .reader import RunReader
from .stretches import Loose, joined, stretches_of

if TYPE_CHECKING:
    from ..log.pack.stretch import Packed


class Span(NamedTuple):
    """What a lineage takes from one run: its records up to seq `upto`; `head` is due there, if a child pinned it."""

    run: RunReader
    upto: int
    head: bytes | None


class Kept(NamedTuple):
    """A record and the run that it stands in."""

    run: str
    record: Record | Opaque


class Lineage:
    """The spans from the root to a point, oldest first."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    @property
    def runs(self) -> list[str]:
        """The ids of the runs, oldest first."""
        return [span.run.run for span in self.spans]

    def commits(self, after: int = 0) -> Iterator[tuple[str, Commit]]:
        """Give out the commits that end after seq `after` with their runs; the last may be cut short at the point."""
        for span in self.spans:
            if span.upto > after:
                yield from ((span.run.run, commit) for commit in _cut(span, after))

    def ends(self, after: int = 0) -> Iterator[tuple[str, CommitEnd]]:
        """Give out where the commits of the lineage end that end after seq `after`, with their runs.

        A commit that the point lies in is left out.
        """
        for span in self.spans:
            if span.upto > after:
                yield from ((span.run.run, end) for end in _ends(span, after))

    def stretches(self, after: int = 0) -> "Iterator[Packed | Loose]":
        """Give out what the lineage has after seq `after`, in order: a `Packed` (log/pack/stretch.py) or a `Loose`.

        A `Packed` has `first`, `upto`, `tags`, `rows(tag)`, `batches(tag, newest_first=False)` (each is a `Columns` of
        projections/source.py that reads a column when it is asked for it), `tables(tag, names=None)` (the same as Arrow
        tables), `opaque` and `unknown` (what no projection can read). A `Loose` has `first`, `upto` and `commits()`.
        Corruption, also if a parent is not what its child was built on.
        """
        return joined(self._stretches(after))

    def _stretches(self, after: int) -> "Iterator[Packed | Loose]":
        for span in self.spans:
            if span.upto > after:
                if span.head is not None:
                    _require_head(span)
                yield from stretches_of(span.run, after, span.upto)

    def records(self, after: int = 0) -> Iterator[Kept]:
        """Give out the records after seq `after`, in order; FormatError for one that was never an event of ours."""
        for run, commit in self.commits(after):
            for seq, line in enumerate(commit.lines, commit.first):
                if seq > after:
                    yield Kept(run, self._decoded(run, seq, line))

    def _decoded(self, run: str, seq: int, line: bytes) -> Record | Opaque:
        try:
            return decode_record(line)
        except LineError as error:
            where = self.spans[0].run.files.describe(run)
            message = f"{where}: record {seq} cannot be read: {error}"
            raise FormatError(message, file=where, hint="start from an earlier point") from error


def _cut(span: Span, after: int) -> Iterator[Commit]:
    """Give out a span's commits, and see that it reaches where it must."""
    reached, head = span.run.first - 1, span.run.start_head
    for commit in span.run.commits(after):
        if commit.first > span.upto:
            break
        reached, head = commit.last, commit.head
        yield commit if commit.last <= span.upto else _shorten(commit, span.upto)
    if reached < span.upto or (span.head is not None and (reached, head) != (span.upto, span.head)):
        raise _not_what_the_child_saw(span, reached)


def _ends(span: Span, after: int) -> Iterator[CommitEnd]:
    """Give out where a span's commits end, and see that it reaches where a child saw it end."""
    reached, head = span.run.first - 1, span.run.start_head
    for end in span.run.ends(after):
        if end.last > span.upto:
            break
        reached, head = end.last, end.head
        yield end
    if span.head is not None and (reached, head) != (span.upto, span.head):
        raise _not_what_the_child_saw(span, reached)


def _require_head(span: Span) -> None:
    """See that a run still has the head that a child was built on."""
    for segment in span.run.manifest.segments:
        if segment.last == span.upto and bytes.fromhex(segment.head) == span.head:
            return
    for _ in _ends(span, span.upto - 1):
        pass


def _shorten(commit: Commit, upto: int) -> Commit:
    return commit._replace(last=upto, lines=commit.lines[: upto - commit.first + 1])


def _not_what_the_child_saw(span: Span, reached: int) -> Corruption:
    where = span.run.files.describe(span.run.run)
    return Corruption(
        f"a later run builds on seq {span.upto} of this run, which ends at {reached} or differs there",
        file=where,
        offset=0,
        hint="restore the run from a backup; the later run alone is not enough",
    )


def trace(run: RunReader, upto: int, find: Callable[[str], RunReader]) -> Lineage:
    """Return the lineage of a run up to a seq; `find` gives the reader of a run id. FormatError for a loop."""
    return Lineage(list(walk(run, upto, find))[::-1])


def walk(run: RunReader, upto: int, find: Callable[[str], RunReader]) -> Iterator[Span]:
    """Give out the spans of a lineage, newest first, each looked at when it is asked for; FormatError for a loop."""
    span, seen = Span(run, upto, None), {run.run}
    while True:
        if span.upto >= span.run.first:
            yield span
        parent = span.run.parent
        if parent is None:
            return
        if parent.run in seen or parent.seq + 1 != span.run.first:
            raise _loop(span.run)
        seen.add(parent.run)
        span = Span(find(parent.run), parent.seq, bytes.fromhex(parent.head))


def _loop(run: RunReader) -> FormatError:
    where = run.files.describe(run.run)
    return FormatError(f"{where} does not begin where its parent ends", file=where, hint="restore its run.json")
