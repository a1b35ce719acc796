"""Reading a pack: the commits of a run as they were in its segments, and where they end.

Invariants: `commits` gives out a commit only if its records give its head, as reading a segment does; so whatever is
changed in a pack is noticed, or does not change a record. `ends` reads the table of commits alone and believes it.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from ...errors import Corruption, FormatError, MissingFile
from ...events import EpisodeEnded, tag_of
from ...record import LineError, Opaque, Record, decode_record, leaves_in, next_head
from .. import layout
from ..manifest import Segment
from ..segment import Commit, CommitEnd
from ..storage import Files
from .lines import Cursor, woven
from .manifest import PackManifest, Span, starts, unseal
from .parquet import ParquetTable

_EPISODE_ENDED = tag_of(EpisodeEnded)
_COMMIT = ("commit", "at", "n", "durable", "head")


class Rows(NamedTuple):
    """The rows of one table that a stretch takes, from `start` to before `stop`."""

    table: ParquetTable
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many rows these are."""
        return self.stop - self.start


class Pack:
    """One pack, in its folder."""

    def __init__(self, files: Files, pack: str, folder: str | None = None) -> None:
        self.pack = pack
        self.files = files
        self.folder = layout.pack(pack) if folder is None else folder
        self.file = files.describe(layout.pack_manifest(self.folder))
        self._tables: dict[str, ParquetTable] = {}

    @cached_property
    def manifest(self) -> PackManifest:
        """The pack's manifest; Corruption if it is missing, FormatError if it is foreign, newer or damaged."""
        try:
            found = unseal(self.files.read(layout.pack_manifest(self.folder)), self.file)
        except MissingFile as error:
            raise self._corrupt("a run names this pack, and it is missing") from error
        if found.pack != self.pack:
            raise self._corrupt(f"it is the manifest of {found.pack}")
        return found

    def _corrupt(self, what: str) -> Corruption:
        return Corruption(what, file=self.file, offset=0, hint="restore the pack from a backup")

    @cached_property
    def _places(self) -> dict[str, int]:
        return {one.name: place for place, one in enumerate(self.manifest.tables)}

    @cached_property
    def _starts(self) -> list[list[int]]:
        return starts(self.manifest)

    @property
    def names(self) -> list[str]:
        """The tags that have tables of their own."""
        return [name for name in self._places if name not in (layout.COMMITS, layout.OTHER)]

    def table(self, name: str) -> ParquetTable:
        """Return a table; KeyError if there is none of that name; Corruption, FormatError."""
        if name not in self._tables:
            entry = self.manifest.tables[self._places[name]]
            self._tables[name] = ParquetTable(self.files, self.folder, entry)
        return self._tables[name]

    def span_of(self, run: str, segment: Segment) -> int:
        """Return the place of the span that holds a run's segment; Corruption if none does."""
        spans = self.manifest.spans
        place = bisect_left(spans, (run, segment.first), key=lambda one: (one.run, one.first))
        found = spans[place] if place < len(spans) else None
        wanted = (run, segment.first, segment.last, segment.head)
        if found is None or wanted != (found.run, found.first, found.last, found.head):
            raise self._corrupt(f"{run} says that its records from {segment.first} on are here, and they are not")
        return place

    def rows(self, name: str, place: int) -> Rows:
        """Return the rows of a table that belong to a span."""
        starts = self._starts[self._places[name]]
        return Rows(self.table(name), starts[place], starts[place + 1])

    def ends(self, place: int, after: int = 0) -> Iterator[CommitEnd]:
        """Give out where the commits of a span end, those that end after a seq."""
        return (end for _, end in self._links(place, after))

    def _links(self, place: int, after: int) -> Iterator[tuple[bytes, CommitEnd]]:
        """Give out the head before and the end of each commit that ends after a seq."""
        span, found = self.manifest.spans[place], self.rows(layout.COMMITS, place)
        last, before = span.first - 1, bytes.fromhex(span.before)
        for batch in found.table.batches(found.start, found.stop):
            with found.table.guarded(0):
                columns: list[list[Any]] = [
                    batch.column(name).to_pylist() for name in ("commit", "at", "n", "durable", "head")
                ]
            if columns[0][-1] > after:
                for commit, at, n, durable, head in zip(*columns, strict=True):
                    if n < 1 or last + n != commit:
                        raise found.table.corrupt(f"a commit of {n} records ends at {commit}, after {last}")
                    if commit > after:
                        yield before, CommitEnd(last + 1, commit, head, durable, at)
                    last, before = commit, head
            last, before = columns[0][-1], columns[4][-1]
        if (last, before.hex()) != (span.last, span.head):
            raise found.table.corrupt(f"the commits of {span.run} end at {last}, not at {span.last}, or differ there")

    def commits(self, place: int, after: int = 0) -> Iterator[Commit]:
        """Give out the commits of a span, those that end after a seq; Corruption where they are not as written."""
        span, lines = self.manifest.spans[place], None
        for before, end in self._links(place, after):
            lines = self._lines(place, end.first) if lines is None else lines
            count = end.last - end.first + 1
            found = [line for line in islice(lines, count) if line is not None]
            if len(found) != count:
                raise self._corrupt(f"no table holds all records of {span.run} from {end.first} to {end.last}")
            if next_head(before, leaves_in(found)) != end.head:
                raise self._corrupt(f"the records of {span.run} up to {end.last} do not match the head of their commit")
            yield Commit(end.first, end.last, end.head, end.durable, found, 0, 0)

    def episode_ends(self, place: int) -> Iterator[int]:
        """Give out the seqs of a span's records that say that an episode ended, in order."""
        found = [int(seq) for seq, tag in self._tags_of_other(place) if tag == _EPISODE_ENDED]
        if _EPISODE_ENDED in self._places:
            rows = self.rows(_EPISODE_ENDED, place)
            for group, begin, end in rows.table.groups(rows.start, rows.stop):
                found += rows.table.read(group, "seq").slice(begin, end - begin).to_pylist()
        return iter(sorted(found))

    def _tags_of_other(self, place: int) -> Iterator[tuple[int, str]]:
        for record in self.others(place):
            yield record.seq, tag_of(record.event) if isinstance(record, Record) else record.tag

    def others(self, place: int, after: int = 0) -> Iterator[Record | Opaque]:
        """Give out a span's records that have no table of their own, those after a seq; Corruption for what is none."""
        found = self.rows(layout.OTHER, place)
        for batch in found.table.batches(found.start, found.stop):
            seqs: list[Any] = batch.column("seq").to_pylist()
            lines: list[Any] = batch.column("line").to_pylist()
            for seq, line in zip(seqs, lines, strict=True):
                if seq > after:
                    yield self._decoded(found.table, line)

    def _decoded(self, table: ParquetTable, line: bytes) -> Record | Opaque:
        try:
            return decode_record(line)
        except LineError as error:
            raise FormatError(
                f"{table.file}: a record cannot be read: {error}", file=table.file, hint="start from an earlier point"
            ) from error

    def _lines(self, place: int, first: int) -> Iterator[bytes | None]:
        last = self.manifest.spans[place].last
        found = [self.rows_in(name, place, first, last) for name in (*self.names, layout.OTHER)]
        raw = layout.OTHER
        cursors = [Cursor(one.table, one.start, one.stop, raw=one.table.name == raw) for one in found if one.size]
        return woven(cursors, first, last)

    def rows_in(self, name: str, place: int, first: int, last: int) -> Rows:
        """Return the rows of a table that hold a span's records from seq `first` to `last`."""
        found, span = self.rows(name, place), self.manifest.spans[place]
        start, stop = found.start, found.stop
        if first > span.first:
            start = _row_of(found, first)
        if last < span.last:
            stop = _row_of(found, last + 1)
        return Rows(found.table, start, max(start, stop))

    def spans(self) -> list[Span]:
        """Return the spans, in the order of run and seq."""
        return self.manifest.spans


def _row_of(rows: Rows, seq: int) -> int:
    """Return the first of some rows whose seq is not less than one."""
    table = rows.table
    for group, begin, end in table.groups(rows.start, rows.stop):
        told = (
            table.minmax(group, "seq") if (begin, end) == (0, table.bounds[group + 1] - table.bounds[group]) else None
        )
        if told is not None and told[1] < seq:
            continue
        seqs = table.read(group, "seq")
        if seqs[end - 1].as_py() >= seq:
            row: int = table.bounds[group] + bisect_left(range(end), seq, begin, key=lambda at: seqs[at].as_py())
            return row
    return rows.stop
