"""Writing what was read as a run: the events that name the files, then the entries, then the end.

Invariants: a run is a draft until all runs of its import are whole (see runs/drafts.py), so a stopped import is never
continued from. The digests of the state close the run.
"""

from collections.abc import Iterator
from itertools import islice

from projections import READ_MODELS

from ...errors import FormatError
from ...events import Event, Imported, RunEnded, TodoOpened
from ...rules.todo.tasks import todo_id
from ...runs.point import Point
from ...runs.tree import Tree
from ...runs.writer import RunPlan, RunWriter
from .planning import FilePlan, FolderPlan, Look
from .report import ImportedFile, ImportedRun
from .rows import Numbers
from .state import Followed
from .text import Progress
from .todo import TodoReader

AT_ONCE = 2000
"""Records of one commit."""


class Writing:
    """Writes one run."""

    def __init__(self, tree: Tree, plan: RunPlan) -> None:
        self._plan = plan
        self._writer = RunWriter.create(tree.files, plan)
        self._now = plan.clock()
        parent = plan.parent
        start = Point(parent.run, parent.seq) if parent else None
        self._state = Followed(tree, self._writer, start, plan.library)

    def folder(self, look: Look, folder: FolderPlan, numbers: Numbers, progress: Progress) -> ImportedRun:
        """Write all that stands in a folder, and close the run; WriteFailed, FormatError if a file has changed."""
        writer = self._writer
        try:
            self._state.append([self._named(one) for one in folder.files], self._now)
            for plan in folder.files:
                self._file(look, folder, plan, numbers, progress)
            self._end()
        finally:
            writer.close()
        files = [_described(one) for one in folder.files]
        records = writer.next_seq - 1 - (self._plan.parent.seq if self._plan.parent else 0)
        return ImportedRun(writer.run, folder.folder.name, records, files)

    def _named(self, plan: FilePlan) -> Imported:
        return plan.named(self._now)

    def _file(self, look: Look, folder: FolderPlan, plan: FilePlan, numbers: Numbers, progress: Progress) -> None:
        rows, text = look.again(folder.folder, plan, numbers, progress)
        events: Iterator[Event] = (row.event() for row in rows)
        first = self._list_closed(plan, numbers)
        while some := first + list(islice(events, AT_ONCE)):
            self._state.append(some, self._now)
            first = []
        if plan.digest != text.digest():
            where = plan.found.path
            raise FormatError(f"{where} was changed while it was imported", file=where, hint="import the folder again")

    def _list_closed(self, plan: FilePlan, numbers: Numbers) -> list[Event]:
        """Return what closes the task list of an earlier folder: a new one takes its place."""
        if plan.found.reader is not TodoReader or not numbers.again("todos"):
            return []
        name = todo_id("", self._now, self._plan.rules)
        return [TodoOpened(todo=name, root_task="", now=self._now)]

    def _end(self) -> None:
        """Close the run with the digests of its state, and keep that, so that the next run need not replay it."""
        versions = {model.name: model.version for model in READ_MODELS}
        said = self._state.digests()
        ended = RunEnded(run=self._writer.run, status="imported", versions=versions, digests=said, now=self._now)
        self._writer.close(ended, self._now)
        self._state.keep()


def _described(plan: FilePlan) -> ImportedFile:
    found = plan.found
    return ImportedFile(found.path, found.reader.kind, plan.digest, plan.entries, len(plan.unknown))
