"""What cannot be imported, and where it stands: the file, and the JSON path in it.

Invariants: problems are collected, so that all are told together; of very many, the first are told and all are counted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...errors import ImportRefused

MOST = 200
"""Problems that are kept in words."""
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_KEPT = 120

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """What is wrong in a file, and at which place of the JSON in it: `$` is all of it."""

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.message}"


def json_path(path: Path) -> str:
    """Return a place in a JSON document in words: `$.memories.episodic['a:b:c'].value`."""
    return "$" + "".join(map(_step, path))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _PLAIN.fullmatch(step):
        return f".{step}"
    return f"[{step if len(step) <= _KEPT else step[: _KEPT - 1] + '…'!r}]"


class Problems:
    """All that is wrong with what is to be imported."""

    def __init__(self) -> None:
        self.count = 0
        self._told: list[Problem] = []

    def add(self, file: str, path: Path, message: str) -> None:
        """Take note of one."""
        self.count += 1
        if len(self._told) < MOST:
            self._told.append(Problem(file, json_path(path), message))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def require_none(self, folder: str) -> None:
        """Raise ImportRefused if there is one."""
        if self.count:
            raise refusal(folder, list(self), self.count)


_MEND = "mend the files, or import what is sound with --partial (partial=True)"


def refusal(folder: str, told: Sequence[Problem], count: int, hint: str = _MEND) -> ImportRefused:
    """Return the error that tells of problems."""
    more = f"; and {count - 1} more" if count > 1 else ""
    return ImportRefused(
        f"{folder} cannot be imported as it is: {told[0]}{more}",
        problems=tuple(told),
        count=count,
        hint=hint,
    )
