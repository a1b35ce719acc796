"""Looking at all that is to be imported before anything is written.

Invariants: a look changes nothing and holds one value at a time. What it says of a file (its digest, how many entries,
what nobody knows) is what a second reading of the same bytes gives.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec.json import encode

from projections import READ_MODELS
from projections.imports import imported, table_for

from ...admission import admit
from ...errors import InvalidEvent, JottyError
from ...events import Event, Imported
from ...log.files import Files
from ...record import MAX_LINE
from ...types import SHARED, Json
from .document import Document, Malformed
from .memory import MemoryReader
from .problems import Path, Problems
from .reading import Place, Reader
from .rows import Numbers, Row
from .text import PIECE, FileText, Progress
from .trees import Folder, Found

_TABLES = {model.name: model.tables for model in READ_MODELS}
_ROOM = 4096
"""Bytes that a line takes beside what is imported."""


@dataclass
class FilePlan:
    """What the look at one file gave."""

    found: Found
    owner: str
    digest: str = ""
    entries: int = 0
    unknown: Json = field(default_factory=dict)
    newest: float | None = None
    known: Json = field(default_factory=dict)
    sound: bool = True

    def named(self, now: float) -> Imported:
        """Return the event that names the file."""
        return Imported(
            file=self.found.path,
            kind=self.found.reader.kind,
            digest=self.digest,
            entries=self.entries,
            unknown=self.unknown,
            now=now,
        )


@dataclass
class FolderPlan:
    """What the look at one folder gave; `newest` is the latest time that its files record, in seconds."""

    folder: Folder
    files: list[FilePlan]

    @property
    def newest(self) -> float | None:
        return max((one.newest for one in self.files if one.newest is not None), default=None)


class Look:
    """Reads files, the first time to see what is in them, and again to import it."""

    def __init__(
        self, files: Files, problems: Problems, note: Callable[[str], None], now: float, *, partial: bool
    ) -> None:
        """`partial`: what is sound of a file is imported, and so all of the file is to be known by its digest."""
        self._partial = partial
        self._files = files
        self._problems = problems
        self._note = note
        self._now = now

    def at(self, folder: Folder, progress: Progress) -> FolderPlan:
        """Return what stands in a folder; what is wrong with it is told."""
        numbers = Numbers()
        plans = [self._first(folder, found, numbers, progress) for found in folder.files]
        self._require_apart(plans)
        return FolderPlan(folder, plans)

    def _first(self, folder: Folder, found: Found, numbers: Numbers, progress: Progress) -> FilePlan:
        plan = FilePlan(found, found.owner)
        before = self._problems.count
        place = self._place(folder, plan, numbers, self._problems, self._note)
        reader = found.reader(place)
        try:
            text = FileText(self._files, found.path, progress)
            for _ in self.rows(reader, text, check=True):
                pass
            if self._partial or self._problems.count == before:
                plan.digest = text.digest()
        except (JottyError, OSError) as error:
            self._problems.add(found.path, (), getattr(error, "message", None) or str(error))
        plan.entries, plan.newest, plan.unknown = reader.entries, reader.newest, reader.unknown
        plan.known = reader.found_out()
        if isinstance(reader, MemoryReader) and found.owner != SHARED:
            plan.owner = plan.known.get("agent_name") or found.owner
        self._require_kept(plan)
        plan.sound = self._problems.count == before
        return plan

    def again(
        self, folder: Folder, plan: FilePlan, numbers: Numbers, progress: Progress
    ) -> tuple[Iterator[Row], FileText]:
        """Return the rows of a file, and its text: once the rows are read, it knows the digest."""
        text = FileText(self._files, plan.found.path, progress)
        reader = plan.found.reader(self._place(folder, plan, numbers, Problems(), lambda _: None))
        return self.rows(reader, text, check=not plan.sound), text

    def _place(
        self, folder: Folder, plan: FilePlan, numbers: Numbers, problems: Problems, note: Callable[[str], None]
    ) -> Place:
        name = folder.name or self._files.describe("").rpartition("/")[2]
        return Place(plan.found.path, problems, numbers, note, self._now, name, plan.owner, plan.known)

    def rows(self, reader: Reader, text: FileText, *, check: bool) -> Iterator[Row]:
        """Give out the rows of a file; of a value of which one cannot be kept, none."""
        if reader.as_text:
            self._keep_text(reader, text)
            return
        path: Path = ()
        try:
            for path, value in Document(text, reader.opens).items():
                yield from self._kept(reader, path, reader.take(path, value), check=check)
        except Malformed as error:
            reader.wrong(error.path, str(error))
        if reader.begun:
            yield from self._kept(reader, (), reader.end(), check=check)

    def _keep_text(self, reader: Reader, text: FileText) -> None:
        """Keep a file as it is, if it is a short text."""
        try:
            found = text.read()
            if text.read():
                reader.wrong((), f"it is a text of more than {PIECE} bytes")
            reader.unknown = {"text": found}
        except UnicodeDecodeError as error:
            reader.wrong((), f"it is not UTF-8: {error.reason}")

    def _kept(self, reader: Reader, path: Path, rows: Iterator[Row], *, check: bool) -> Iterator[Row]:
        if not check:
            yield from rows
            return
        found = list(rows)
        try:
            for row in found:
                if not row.checked:
                    require_row(row)
        except InvalidEvent as error:
            reader.wrong(path, error.message)
        else:
            yield from found

    def _require_apart(self, plans: list[FilePlan]) -> None:
        """See that no two files are of one agent, and none of an agent that is called as what all share."""
        owners: dict[str, str] = {}
        for plan in plans:
            if plan.found.reader is not MemoryReader or plan.found.owner == SHARED:
                continue
            if plan.owner == SHARED:
                self._problems.add(plan.found.path, ("agent_name",), f"no agent can be called {SHARED!r}")
            elif plan.owner in owners:
                also = f"{owners[plan.owner]} is of the agent {plan.owner!r} as well"
                self._problems.add(plan.found.path, ("agent_name",), also)
            owners.setdefault(plan.owner, plan.found.path)

    def _require_kept(self, plan: FilePlan) -> None:
        """See that what nobody knows can be kept with the event that names the file; else it is told, and left out."""
        try:
            _require_fit(plan.named(self._now))
        except InvalidEvent as error:
            self._problems.add(plan.found.path, (), error.message)
            plan.unknown = {}


def require_row(row: Row) -> None:
    """See that a row can be kept, and fits the table that it is for; InvalidEvent."""
    event = row.event()
    _require_fit(event)
    imported(table_for(_TABLES[row.projection], event), event)


def _require_fit(event: Event) -> None:
    try:
        size = len(encode(admit(event)))
    except UnicodeEncodeError as error:
        raise InvalidEvent(f"it holds a lone surrogate: {error.reason}", hint="write it without") from error
    if size > MAX_LINE - _ROOM:
        raise InvalidEvent(f"it takes more than {MAX_LINE - _ROOM} bytes", hint="shorten it")
