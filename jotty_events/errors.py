"""Every error that this project raises on purpose, each with a hint that says what to do.

Invariants: an error names what was wrong and where; raising one loses nothing that was acknowledged.
"""

from collections.abc import Sequence
from typing import Any


class JottyError(Exception):
    """The root of all errors of this project.

    `message` says what was wrong and where; `hint` says what to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross from a worker's process as it is: what the constructor was given is not asked for again."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[JottyError], args: tuple[object, ...], said: dict[str, object]) -> JottyError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(said)
    return error


class ConfigError(JottyError):
    """A setting, an actor or an argument is not usable."""


class NoRoom(ConfigError, ValueError):
    """A level of memory holds no entries at all, and so takes none in."""


class InvalidEvent(JottyError):
    """An event would not come back from the log as it went in; nothing was written."""


class RunClosed(JottyError):
    """The run takes no more appends: it was closed, it failed, or it belongs to another process."""


class WriteFailed(JottyError):
    """The disk refused a write or a sync; the run takes no more appends and nothing was acknowledged."""

    def __init__(self, message: str, *, file: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file


class LockHeld(JottyError):
    """Another process owns this run."""


class NameTaken(JottyError):
    """A file or folder of that name exists already."""


class MissingFile(JottyError):
    """A file that should be there is not."""

    def __init__(self, message: str, *, file: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file


class UnsafeFile(JottyError):
    """A symlink, FIFO, device or folder stands where a regular file must be, or a path leaves the output folder."""

    def __init__(self, message: str, *, file: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file


class FormatError(JottyError):
    """A file is not ours, or was written by a newer version of the format."""

    def __init__(self, message: str, *, file: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file


class Corruption(JottyError):
    """Bytes that were acknowledged as durable are damaged: `file` and `offset` (bytes from its start) say where."""

    def __init__(self, message: str, *, file: str, offset: int, hint: str = "") -> None:
        super().__init__(f"{file} at byte {offset}: {message}", hint=hint)
        self.file = file
        self.offset = offset


class DamagedSnapshot(JottyError):
    """A part of a snapshot is not as it was written; whoever reads it replays instead."""

    def __init__(self, message: str, *, file: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.file = file


class PointError(JottyError):
    """A point is malformed, or names no place in this history."""


class UnknownRun(PointError):
    """No run of that id is in this history."""


class UnknownEvent(JottyError):
    """A projection needs an event whose tag this version of the library does not know."""


class NestedRun(JottyError):
    """An agent called the conductor that is running it."""


class ConditionError(JottyError):
    """A condition that was written as text cannot be read, or compares what cannot be compared."""


class NoTurn(JottyError):
    """What was looked for does not turn from false to true between two points."""


class PredicateFailed(JottyError):
    """A predicate raised where it was asked whether it holds."""


class ReadOnly(JottyError):
    """Something would be written where nothing can be: into a bundle."""


class UnknownRules(JottyError):
    """A run was learned by rules of a version that is not known here, so nothing can be learned again from it."""


class BranchesLeft(JottyError):
    """Runs learned something beside the line that is to be continued, and it is not to go on without that."""


class StillWritten(JottyError):
    """A run is still being written: what it learns can be taken up when it has ended."""


class UnknownKey(JottyError):
    """Nothing is known under a key; `near` are the keys that come nearest."""

    def __init__(self, message: str, *, near: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.near = list(near)


class AmbiguousKey(JottyError):
    """Several rows fit a key; `matches` are theirs."""

    def __init__(self, message: str, *, matches: Sequence[str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.matches = list(matches)


class ImportRefused(JottyError):
    """Files from elsewhere cannot be imported as they are; nothing was written.

    `problems` names the first of what is wrong, each with `file`, `path` (a JSON path) and `message`; `count` says how
    many there are.
    """

    def __init__(self, message: str, *, problems: tuple[Any, ...], count: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems
        self.count = count
