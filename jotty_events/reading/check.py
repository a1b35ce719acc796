"""Whether the bytes of a history are what was written: chains, manifests, and how runs hang together.

Invariants: a check changes nothing. Whatever was acknowledged and is damaged is a finding with file and offset. An
unfinished tail of a run that was killed is a note: nothing in it was acknowledged.
"""

from collections.abc import Callable

from ..errors import Corruption, FormatError, JottyError, MissingFile, UnsafeFile
from ..events import Redacted, RunEnded, RunStarted
from ..log import layout
from ..record import LineError, Opaque, Record, decode_record
from ..runs.packs import Packs
from ..runs.reader import RunReader
from ..runs.tree import Tree
from .findings import Checked, Finding
from .packs import check_packs

__all__ = ["Checked", "Finding", "check"]


def check(tree: Tree, progress: Callable[[str], None] | None = None) -> Checked:
    """Check every run of a history; `progress` is told each run's id before it is checked."""
    result = Checked()
    packs = Packs(tree.files)
    for run in tree.run_ids():
        if progress is not None:
            progress(run)
        _Check(tree, run, result, packs).all()
    check_packs(tree, packs, result)
    result.extend(result.unexplained())
    return result


class _Check:
    """The check of one run."""

    def __init__(self, tree: Tree, run: str, result: Checked, packs: Packs) -> None:
        self._tree = tree
        self._packs = packs
        self._run = run
        self._result = result

    def all(self) -> None:
        """Look at everything, and go on to the next run after the first damage of this one."""
        try:
            reader = self._reader()
            if reader is not None:
                self._result.runs += 1
                self._chain(reader)
                self._parent(reader)
                self._strays(reader)
        except Corruption as error:
            self._find(error.file, error.offset, error.message)
        except (FormatError, UnsafeFile, MissingFile) as error:
            self._find(error.file, 0, error.message)
        except (JottyError, OSError) as error:
            self._find(self._where, 0, str(error))

    def _find(self, file: str, offset: int, message: str) -> None:
        self._result.append(Finding(self._run, file, offset, message))

    def _note(self, file: str, offset: int, message: str) -> None:
        self._result.notes.append(Finding(self._run, file, offset, message))

    def _reader(self) -> RunReader | None:
        if self._tree.exists(self._run):
            return RunReader(self._tree.files, self._run, self._packs)
        self._note(self._where, 0, "no manifest: not a run of ours, or one that was never begun")
        return None

    @property
    def _where(self) -> str:
        return self._tree.files.describe(self._run)

    def _chain(self, reader: RunReader) -> None:
        last = None
        for commit in reader.commits():
            for line in commit.lines:
                last = self._record(reader, line, commit.start)
                if last is not None and last.seq == reader.first:
                    self._started(reader, last)
        if reader.live:
            self._note(self._where, 0, "is being written: checked up to what is durable")
        elif not (isinstance(last, Record) and isinstance(last.event, RunEnded)):
            self._tail(reader)

    def _record(self, reader: RunReader, line: bytes, start: int) -> Record | Opaque | None:
        self._result.records += 1
        try:
            record = decode_record(line)
        except LineError as error:
            self._find(self._where, start, f"a record cannot be read: {error}")
            return None
        if isinstance(record, Opaque):
            self._opaque(reader, record, start)
        elif isinstance(record.event, Redacted):
            self._result.redactions.append(record.event)
        return record

    def _opaque(self, reader: RunReader, record: Opaque, start: int) -> None:
        if record.leaf is None:
            self._result.unknown += 1
        else:
            where = reader.files.describe(reader.segment_of(record.seq))
            message = f"the content of record {record.seq} was taken away, and no record says so"
            self._result.redacted.append((Finding(self._run, where, start, message), record.seq))

    def _started(self, reader: RunReader, record: Record | Opaque) -> None:
        """See that the first record says what the manifest says."""
        event = record.event if isinstance(record, Record) else None
        parent = reader.parent
        wanted = (reader.run, reader.manifest.uid, parent.run if parent else None, reader.start_head.hex())
        if not isinstance(event, RunStarted) or wanted != (event.run, event.uid, event.parent_run, event.parent_head):
            where = reader.files.describe(layout.manifest(self._run))
            self._find(where, 0, "the manifest and the first record name different runs or parents")

    def _tail(self, reader: RunReader) -> None:
        if reader.unread_from is not None:
            where = reader.files.describe(layout.segment(self._run, reader.segments[-1]))
            self._note(where, reader.unread_from, "an unfinished tail follows, and is passed over")

    def _parent(self, reader: RunReader) -> None:
        """See that the parent still has the commit that this run was built on, with the same head.

        Since that commit is the parent's own, runs that name each other as parents are found as well.
        """
        parent = reader.parent
        if parent is None:
            return
        source = self._tree.run(parent.run)
        end = next(source.ends(parent.seq - 1), None)
        if end is None or (end.last, end.head.hex()) != (parent.seq, parent.head):
            message = f"{self._run} builds on seq {parent.seq} of this run, which does not reach it or differs there"
            self._find(self._tree.files.describe(parent.run), 0, message)

    def _strays(self, reader: RunReader) -> None:
        """Look at the files that the manifest does not name: one older than the last leaves out what came later."""
        folder = layout.events(reader.run)
        names = reader.files.names(folder)
        # Read again after the names were: a run that is being written may have begun a segment meanwhile.
        again = RunReader(reader.files, self._run)
        named = {layout.segment(self._run, first) for first in again.segments}
        packed = {layout.segment(self._run, one.first) for one in again.manifest.segments if isinstance(one.pack, str)}
        for name in names:
            path = f"{folder}/{name}"
            if path in packed:
                self._note(reader.files.describe(path), 0, "its records are packed: packing again removes this file")
            elif layout.is_tail(name):
                self._note(reader.files.describe(path), 0, "what a killed writer left unfinished is kept here")
            elif path not in named:
                holds_records = layout.is_segment(name) and reader.files.size(path) > 0
                tell = self._find if holds_records else self._note
                tell(reader.files.describe(path), 0, "the manifest does not name this file")
