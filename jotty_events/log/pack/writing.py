"""Writing a pack: the commits of some segments, record by record into the table of its type.

Invariants: a record goes into the table of its type only if it is encoded again to the same bytes; whatever else there
is goes into `other` as it stands. Memory is bounded by the row groups that are being filled. Every file is synced
before the manifest is written, and that before the folder gets its name.
"""

from collections.abc import Iterable

from ...columns import fits
from ...events import tag_of
from ...record import LineError, Record, decode_record, encode, records_in
from .. import layout
from ..refusals import undone_on_failure
from ..segment import Commit
from ..storage import Files
from .filling import TableWriter
from .manifest import PackManifest, Span, is_table_name, seal

WINDOW = 2048
"""Lines that are sorted into tables at once, of one commit or of many."""
WINDOW_BYTES = 4 * 1024 * 1024
ALL_BYTES = 256 * 1024 * 1024
"""Of all tables together: beyond that the largest is written, be its row group full or not."""


class PackWriter:
    """Writes one pack into a folder that nobody reads yet; spans come in the order of run and seq.

    Integers of more than 64 bits, which no writer of ours writes, are an OverflowError; unless it is `careful`, which
    takes longer.
    """

    def __init__(self, files: Files, pack: str, *, careful: bool = False) -> None:
        self.pack = pack
        self.folder = layout.begun_pack(pack)
        self._files = files
        self._careful = careful
        files.make_folder(self.folder)
        self._tables: dict[str, TableWriter] = {}
        self._spans: list[tuple[Span, dict[str, int]]] = []
        self._lines: list[bytes] = []
        self._size = 0
        self._commits = self._table(layout.COMMITS)
        self._other = self._table(layout.OTHER)

    def _table(self, name: str) -> TableWriter:
        if name not in self._tables:
            self._tables[name] = TableWriter(self._files, self.folder, name)
        return self._tables[name]

    def add(self, run: str, before: bytes, commits: Iterable[Commit]) -> Span | None:
        """Take up the commits of one segment, whose first comes after the head `before`; None if there are none."""
        counts = {name: one.rows for name, one in self._tables.items()}
        first = last = None
        for commit in commits:
            first = commit.first if first is None else first
            self._add(run, commit)
            last = commit
        self._sort(run, last.last if last else 0)
        if first is None or last is None:
            return None
        own = {name: one.rows - counts.get(name, 0) for name, one in self._tables.items()}
        span = Span(run, first, last.last, before.hex(), last.head.hex(), [])
        self._spans.append((span, own))
        return span

    def _add(self, run: str, commit: Commit) -> None:
        mark = commit.mark
        for begin in range(0, len(commit.lines), WINDOW):
            part = commit.lines[begin : begin + WINDOW]
            self._lines += part
            self._size += sum(map(len, part))
            if len(self._lines) >= WINDOW or self._size > WINDOW_BYTES:
                self._sort(run, commit.first + begin + len(part) - 1)
        self._commits.add([(run, mark.last, mark.at, len(commit.lines), mark.durable, mark.head)], 32)

    def _sort(self, run: str, last: int) -> None:
        """Put the lines that were gathered, up to a seq, into the tables of their types."""
        lines, self._lines, self._size = self._lines, [], 0
        first = last - len(lines) + 1
        every = None if self._careful else records_in(lines)
        found = [_record_in(line, self._careful) for line in lines] if every is None else every
        by_tag: dict[str | None, list[tuple[Record | None, int]]] = {}
        for place, record in enumerate(found):
            by_tag.setdefault(_table_of(record), []).append((record, place))
        for tag, sorted_here in by_tag.items():
            size = sum(len(lines[place]) for _, place in sorted_here)
            if tag is None:
                self._other.add([(run, first + place, lines[place]) for _, place in sorted_here], size)
            else:
                self._table(tag).add([(run, record) for record, _ in sorted_here], size)
        if sum(one.held for one in self._tables.values()) > ALL_BYTES:
            max(self._tables.values(), key=lambda one: one.held).write()

    def finish(self, library: str, created: int) -> PackManifest:
        """Write what is left and the manifest, all of it synced."""
        with undone_on_failure(self.close):
            tables = [self._tables[name].finish() for name in sorted(self._tables)]
        names = [one.name for one in tables]
        spans = [
            Span(one.run, one.first, one.last, one.before, one.head, [own.get(name, 0) for name in names])
            for one, own in self._spans
        ]
        found = PackManifest(pack=self.pack, library=library, created=created, tables=tables, spans=spans)
        self._files.replace(layout.pack_manifest(self.folder), seal(found))
        self._files.sync(self.folder)
        return found

    def close(self) -> None:
        """Let all files go, whatever was written."""
        for one in self._tables.values():
            one.close()


def _record_in(line: bytes, careful: bool) -> Record | None:
    """Return the record of a line that columns can hold and give back, None for any other."""
    try:
        record = decode_record(line)
        if not isinstance(record, Record) or encode(record) != line:
            return None
    except (LineError, UnicodeEncodeError):
        return None
    return None if careful and not fits(record) else record


def _table_of(record: Record | None) -> str | None:
    """Return the name of the table that a record goes into, None for `other`."""
    tag = None if record is None else tag_of(record.event)
    return tag if tag is not None and is_table_name(tag) else None
