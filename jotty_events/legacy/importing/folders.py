"""Importing a folder: first all of it is looked at, then it is written, each of its runs as a run.

Invariants: nothing is written unless all that was asked for is sound, or a partial import was asked for. All runs of
an import begin to count at once. A folder whose files were all imported before is left alone.
"""

import platform
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ...events import Imported, Left, RunStarted
from ...log.files import Files
from ...record import Record, decode_record
from ...rules import DEFAULT_VERSION
from ...runs.branches import left_by_now
from ...runs.drafts import drafts_before, publish
from ...runs.point import Point
from ...runs.reader import RunReader
from ...runs.tree import Tree
from ...runs.writer import RunPlan
from ...types import Clock, Durability, Entropy
from .planning import FolderPlan, Look
from .problems import Problems, refusal
from .report import ImportedRun, Report
from .rows import Numbers
from .text import Progress
from .trees import Trees
from .writing import Writing

MODE = "import"
"""What the start of an imported run says in place of a learning mode."""
NOTES = 200
"""Notes that are kept."""
SHOWN = 5
"""Folders that are named where one of them may have been meant."""
READINGS = 2
"""How often each file is read: once to look, once to write."""


@dataclass(frozen=True)
class Writer:
    """By whom runs are written: the library's name and version, the clock, and where random bytes come from."""

    library: str
    clock: Clock = time.time
    entropy: Entropy = secrets.token_bytes


class Import:
    """The import of one folder; nothing is written before `run`."""

    def __init__(self, tree: Tree, files: Files, writer: Writer) -> None:
        """`files` are those of the folder to import. MissingFile or UnsafeFile if it is none."""
        self._tree = tree
        self._files = files
        self._writer = writer
        self._now = writer.clock()
        self._left: Left | None = None
        self._problems = Problems()
        self._report = Report(files.describe(""))
        trees = Trees(files, self._problems)
        self._folders = trees.folders()
        self._beside = [] if self._folders else trees.beside()
        for run in trees.ours:
            self._note(f"{run} is a run of jotty-events: its own log says all of it")

    @property
    def size(self) -> int:
        """How many bytes will be read in all."""
        return READINGS * sum(found.size for folder in self._folders for found in folder.files)

    def run(self, *, partial: bool = False, progress: Progress = lambda _: None) -> Report:
        """Import what is there; ImportRefused (nothing was written), WriteFailed, LockHeld.

        With `partial` what is sound is imported, and the report tells of the rest.
        """
        look = Look(self._files, self._problems, self._note, self._now, partial=partial)
        plans = [look.at(folder, progress) for folder in self._folders]
        self._require_some(plans)
        if not partial or not plans:
            self._problems.require_none(self._report.folder)
        self._tell(plans)
        self._write(look, self._new(plans), progress)
        return self._report

    def _require_some(self, plans: Sequence[FolderPlan]) -> None:
        if plans or self._problems.count:
            return
        self._problems.add(self._report.folder, (), "no file of the original's stands here")
        below = f", such as {' or '.join(self._beside[:SHOWN])} below it" if self._beside else ""
        hint = f"name a folder that holds jotty_state, or the runs that hold one{below}"
        raise refusal(self._report.folder, list(self._problems), self._problems.count, hint)

    def _note(self, text: str) -> None:
        if len(self._report.notes) < NOTES:
            self._report.notes.append(text)

    def _tell(self, plans: Sequence[FolderPlan]) -> None:
        report = self._report
        report.problems, report.problem_count = list(self._problems), self._problems.count
        report.passed = [path for plan in plans for path in plan.folder.passed]

    def _new(self, plans: Sequence[FolderPlan]) -> list[FolderPlan]:
        """Return the folders that were not imported before, in the order of their times."""
        known = imported_before(self._tree)
        new = [plan for plan in plans if not all(file.digest in known for file in plan.files)]
        self._report.before = [plan.folder.name for plan in plans if plan not in new]
        return sorted(new, key=_in_order)

    def _write(self, look: Look, plans: Sequence[FolderPlan], progress: Progress) -> None:
        latest, self._left = (self._tree.latest(), left_by_now(self._tree)) if plans else (None, None)
        self._report.beside = None if latest is None else latest.run
        numbers = Numbers()
        written: list[ImportedRun] = []
        for plan in plans:
            before = written[-1].run if written else None
            writing = Writing(self._tree, self._plan(before))
            written.append(writing.folder(look, plan, numbers, progress))
        publish(self._tree.files, [one.run for one in written])
        self._report.runs = written

    def _plan(self, before: str | None) -> RunPlan:
        end = None if before is None else self._tree.run(before).end
        parent = None if before is None or end is None else self._tree.parent(Point(before, end.seq))
        return RunPlan(
            clock=self._writer.clock,
            entropy=self._writer.entropy,
            rules=DEFAULT_VERSION,
            library=self._writer.library,
            mode=MODE,
            platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            parent=parent,
            left=self._left,
            draft=True,
            durability=Durability.OS,
        )


def _in_order(plan: FolderPlan) -> tuple[bool, float, str]:
    """Put folders in the order of the newest time that they record; those without one come first, by their names."""
    newest = plan.newest
    return newest is not None, newest or 0.0, plan.folder.name


def imported_before(tree: Tree) -> set[str]:
    """Return the digests of all files that runs of this history hold."""
    found: set[str] = set()
    for run in tree.runs():
        said = [] if run.draft else [one.digest for one in _imported(run)]
        if said:
            found.update(said, (one.digest for draft in drafts_before(tree, run) for one in _imported(draft)))
    return found


def _imported(run: RunReader) -> Iterator[Imported]:
    """Give out what a run says of the files that it was imported from: it does so right after its start."""
    for place, commit in enumerate(islice(run.commits(), 2)):
        records = [decode_record(line) for line in commit.lines]
        if place == 0 and not any(map(_begins_import, records)):
            return
        for one in records:
            if isinstance(one, Record) and isinstance(one.event, Imported):
                yield one.event


def _begins_import(record: object) -> bool:
    return isinstance(record, Record) and isinstance(record.event, RunStarted) and record.event.mode == MODE
