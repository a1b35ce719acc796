"""What the readers of all kinds of files have in common: each value is checked against its model.

Invariants: a reader looks at one value at a time and gives out its rows, all of them or none; what is wrong is told
with its place. Fields that nobody knows go along: those of an entry in its row, under `unknown`, those of the file
into the event that names it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from pydantic import ValidationError

from ...types import Json
from ..schemas.strict import Original
from .document import Opened, Wrong
from .problems import Path, Problems
from .rows import Numbers, Row

UNKNOWN = "unknown"
"""The name in an imported row that holds the fields that no column is for; no table has such a column."""
ANY = "*"

M = TypeVar("M", bound=Original)


@dataclass
class Place:
    """Where a reader reads, and whom it tells: the file, who remembers, the numbers, problems and notes."""

    file: str
    problems: Problems
    numbers: Numbers
    note: Callable[[str], None]
    now: float
    folder: str = ""
    """How the folder is called that all of this stands in: what a run was called there."""
    owner: str = "shared"
    known: dict[str, Any] = field(default_factory=dict)
    """What an earlier reading of the same file found out: a table is read in an order that it may not stand in."""


class Reader:
    """Reads one kind of file."""

    kind: ClassVar[str]
    opened: ClassVar[tuple[Path, ...]] = ((),)
    """Places whose members are read one by one; `*` stands for any name."""
    model: ClassVar[type[Original]]
    """What else the file says at its top."""

    as_text: ClassVar[bool] = False
    """Whether the file is no JSON, and kept as it is."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.entries = 0
        self.unknown: Json = {}
        self.newest: float | None = None
        self.begun = False
        """Whether the file holds an object at all."""
        self._top: Json = {}

    def opens(self, path: Path) -> bool:
        """Say whether the members of a place are read one by one."""
        return any(len(path) == len(one) and all(map(_fits, one, path)) for one in self.opened)

    def take(self, path: Path, value: Any) -> Iterator[Row]:
        """Read one value; give out the rows that it becomes."""
        if isinstance(value, Wrong):
            self.wrong(value.path, value.message)
        elif isinstance(value, Opened):
            self._begun(path, value)
        elif self.opens(path):
            self.wrong(path, "an object or a list is expected here")
        else:
            yield from self._rows(path, value)

    def _begun(self, path: Path, value: Opened) -> None:
        wanted = self._container(path)
        self.begun |= value.kind is dict and not path
        if value.kind is not wanted:
            self.wrong(path, f"{_named(wanted)} is expected here, and not {_named(value.kind)}")

    def _container(self, path: Path) -> type:
        """Return whether an opened place is an object or a list."""
        return dict

    def _rows(self, path: Path, value: Any) -> Iterator[Row]:
        if len(path) == 1:
            self._top[str(path[0])] = value
        else:
            self.wrong(path, "nothing is expected here")
        yield from ()

    def end(self) -> Iterator[Row]:
        """Give out the rows that follow from all of the file."""
        found = self._checked(self.model, self._top, ())
        if found is not None:
            self.unknown |= found.unknown()
            self._seen(getattr(found, "timestamp", None))
            yield from self._finish(found)

    def _finish(self, found: Any) -> Iterator[Row]:
        yield from ()

    def found_out(self) -> Json:
        """Return what the next reading of the file is to know from the start."""
        return {}

    def _checked(self, model: type[M], value: Any, path: Path) -> M | None:
        """Return a value as its model, None if it is none: then that was told."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                self.wrong((*path, *one["loc"]), one["msg"])
        except RecursionError:
            self.wrong(path, "it nests too deeply")
        return None

    def wrong(self, path: Path, message: str) -> None:
        """Tell that something cannot be imported."""
        self.place.problems.add(self.place.file, path, message)

    def _seen(self, *times: float | None) -> None:
        """Take note of times that the file records: folders are put in their order."""
        for time in times:
            if time is not None and (self.newest is None or time > self.newest):
                self.newest = time


def with_unknown(row: Json, found: Original, more: Json | None = None) -> Json:
    """Return a row with the fields that no column is for, and what `more` there is to keep."""
    left = found.unknown() | (more or {})
    return row | {UNKNOWN: left} if left else row


def _fits(wanted: str | int, step: str | int) -> bool:
    return wanted in (ANY, step)


def _named(kind: type) -> str:
    return "an object" if kind is dict else "a list"
