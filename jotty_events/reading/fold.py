"""Replay by columns: what of a lineage is packed, folded onto states; the little that lies loose in between as well.

Invariants: the states, and what is counted as unknown or missed, are those that applying the records one by one gives.
Memory is bounded by the states and by a window of records, not by the length of history. What columns cannot hold is
left to whoever goes on record by record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any

from .. import columns
from ..events import tag_of
from ..log.pack.stretch import Packed, PackedSpan
from ..projection import Columnar, Projection, is_columnar
from ..record import Opaque, Record
from ..runs.lineage import Kept, Lineage
from ..runs.stretches import Loose

WINDOW = 1 << 24
"""Packed records that are folded at once, the newest first: whatever they say that later ones overrule is not read."""
BATCH = 1 << 20
"""Packed records that are columns at once: whatever a fold does per batch, it does seldom."""
CHUNK = 1 << 14
"""Loose records that are made columns at once."""
LEAST = 2_000
"""Fewer packed records than this are sooner applied one by one."""

PassOver = Callable[[Opaque, int], None]
"""Told of a record that cannot be read, and how many of its tag there are."""

Stretch = Packed | Loose


def stretches_to_fold(stretches: Iterable[Stretch], long: int) -> list[Stretch]:
    """Return the first of a lineage's stretches, as many as are best folded.

    Most of their records are packed, or so many are loose as is `long`.
    """
    seen, found, packed, loose = list[Stretch](), 0, 0, 0
    for one in stretches:
        size = one.upto - one.first + 1
        if isinstance(one, Packed) and not _is_whole(one, size):
            break
        seen.append(one)
        packed, loose = (packed + size, loose) if isinstance(one, Packed) else (packed, loose + size)
        if loose >= long or (isinstance(one, Packed) and packed >= max(LEAST, loose)):
            found = len(seen)
    return seen[:found]


def _is_whole(stretch: Packed, size: int) -> bool:
    """Say whether columns hold all that is to be read: a record with an integer of more than 64 bits is in none."""
    return sum(map(stretch.rows, stretch.tags)) + len(stretch.opaque) == size


class Fold:
    """Folds stretches onto states."""

    def __init__(self, projections: Sequence[Projection], states: Mapping[str, Any], after: int) -> None:
        self._states = states
        self._folding: list[tuple[Columnar, Any]] = [
            (one, one.continuing(states[one.name], after)) for one in projections if is_columnar(one)
        ]
        self._readers: dict[str, list[Projection]] = {}
        for one in projections:
            for event in () if is_columnar(one) else one.reads:
                self._readers.setdefault(event if isinstance(event, str) else tag_of(event), []).append(one)
        self.seq = after
        """The last seq that was folded."""

    def run(self, lineage: Lineage, stretches: Iterable[Stretch], pass_over: PassOver) -> Iterator[int]:
        """Fold stretches, giving out now and then how many records were read since; stops at what columns cannot hold.

        Corruption, FormatError, UnknownEvent.
        """
        for one in _windows(lineage, stretches):
            before = self.seq
            if isinstance(one, tuple):
                self._packed(one, pass_over)
            elif not self._loose(one, pass_over):
                return
            for _, folding in self._folding:
                folding.settle(self.seq)
            yield self.seq - before

    def states(self) -> dict[str, Any]:
        """Return the states of the projections that were folded."""
        return {one.name: folding.state(self.seq) for one, folding in self._folding}

    def _packed(self, parts: Sequence[Packed], pass_over: PassOver) -> None:
        for part in parts:
            for unread, count in _unread(part):
                pass_over(unread, count)
        for one, folding in self._folding:
            tags = dict.fromkeys(tag for part in parts for tag in part.tags if one.columns(tag))
            for tag in one.in_order(tags):
                for part in reversed(parts):
                    for batch in part.batches(tag, rows=BATCH, newest_first=True):
                        folding.add(tag, batch)
        for part in parts:
            wanted = [tag for tag in part.tags if tag in self._readers and tag not in part.unknown]
            for _, record in merge(*(rows for tag in wanted for rows in _records(part, tag)), key=_seq):
                self._apply(record)
        self.seq = parts[-1].upto

    def _loose(self, kept: Sequence[Kept], pass_over: PassOver) -> bool:
        """Fold loose records; returns whether columns can hold them."""
        read = [(one.run, one.record) for one in kept if isinstance(one.record, Record)]
        try:
            tables = columns.tables(read)
        except OverflowError:
            return False
        for one in kept:
            if isinstance(one.record, Opaque):
                pass_over(one.record, 1)
            else:
                self._apply(one.record)
        for projection, folding in self._folding:
            for tag in projection.in_order([tag for tag in tables if projection.columns(tag)]):
                folding.add(tag, tables[tag])
        self.seq = kept[-1].record.seq
        return True

    def _apply(self, record: Record) -> None:
        for projection in self._readers.get(tag_of(record.event), ()):
            projection.apply(self._states[projection.name], record)


def _seq(kept: tuple[str, Record]) -> int:
    return kept[1].seq


def _records(stretch: Packed, tag: str) -> Iterator[Iterator[tuple[str, Record]]]:
    """Give out the records of a tag: those of its table in order, and those that stand aside in order."""
    aside = stretch.aside(tag)
    tables = (one.table() for one in stretch.batches(tag) if one is not aside)
    yield (kept for table in tables for kept in columns.records(tag, table))
    if aside is not None:
        yield columns.records(tag, aside)


def _unread(stretch: Packed) -> list[tuple[Opaque, int]]:
    """Return what no projection can read, in the order of seq: a record of each, and how many there are."""
    found = [(one, 1) for one in stretch.opaque]
    for tag, count in stretch.unknown.items():
        first = next(iter(stretch.batches(tag)))
        found.append((Opaque(first.column("seq")[0].as_py(), 0, tag, b""), count))
    return sorted(found, key=lambda one: one[0].seq)


def _windows(lineage: Lineage, stretches: Iterable[Stretch]) -> Iterator[tuple[Packed, ...] | list[Kept]]:
    """Give out what is packed in windows, of parts that follow each other, and what is loose in chunks."""
    window = list[Packed]()
    for stretch in stretches:
        for part in _pieces(stretch) if isinstance(stretch, Packed) else [None]:
            if window and (part is None or part.upto - window[0].first >= WINDOW):
                yield tuple(window)
                window = []
            window += [part] if part else []
        if isinstance(stretch, Loose):
            yield from _chunks(lineage, stretch)
    if window:
        yield tuple(window)


def _pieces(stretch: Packed) -> Iterator[Packed]:
    """Give out a stretch in parts that are no longer than a window."""
    spans, size = list[PackedSpan](), 0
    for span in stretch.spans:
        first = span.first
        while first <= span.upto:
            upto = min(span.upto, first + WINDOW - size - 1)
            spans.append(span._replace(first=first, upto=upto))
            size, first = size + upto - first + 1, upto + 1
            if size == WINDOW:
                yield Packed(stretch.pack, spans)
                spans, size = [], 0
    if spans:
        yield Packed(stretch.pack, spans)


def _chunks(lineage: Lineage, stretch: Loose) -> Iterator[list[Kept]]:
    """Give out the records of a loose stretch, so many at a time."""
    records = islice(lineage.records(stretch.first - 1), stretch.upto - stretch.first + 1)
    while chunk := list(islice(records, CHUNK)):
        yield chunk
