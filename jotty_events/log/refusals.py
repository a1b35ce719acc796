"""What files answer when a path cannot be had: one typed error per reason, each with a hint.

Invariants: only these turn an error of the system into one of ours. Whatever else the system says stays an OSError, so
that a writer can tell a disk that failed from a name that was wrong.
"""

import errno
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..errors import LockHeld, MissingFile, NameTaken, UnsafeFile

REGULAR, FOLDER, LINK = "a regular file", "a folder", "a symbolic link"
"""What can stand at a path, in the words of a message."""

_KINDS = {
    stat.S_IFREG: REGULAR,
    stat.S_IFDIR: FOLDER,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# What systems say of a link that they were told not to follow, and of a socket or a folder opened as a file.
_NO_FILE = {errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP}
_NO_FOLDER = {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}


def kind_of(mode: int) -> str:
    """Say what the mode of a file means."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def missing(where: str) -> MissingFile:
    """Return the error of a file that is not there."""
    return MissingFile(f"{where} is missing", file=where, hint="check the output folder; was it moved or removed?")


def taken(where: str) -> NameTaken:
    """Return the error of a name that is in use."""
    return NameTaken(f"{where} exists already", hint="take another name; nothing was changed")


def lock_held(where: str) -> LockHeld:
    """Return the error of a lock that another owner has."""
    return LockHeld(f"{where} is held by another owner", hint="wait until it is closed, or start another run")


def unsafe(where: str, kind: str | None, wanted: str = REGULAR) -> UnsafeFile:
    """Return the error of a `kind` that stands where `wanted` must be; None if it went away meanwhile."""
    hint = "it was not made by this program: move it away"
    return UnsafeFile(f"{where} is {kind or 'gone'}, not {wanted}", file=where, hint=hint)


@contextmanager
def must_exist(where: str) -> Iterator[None]:
    """Turn FileNotFoundError into MissingFile."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(where) from error


@contextmanager
def must_be_free(where: str) -> Iterator[None]:
    """Turn FileExistsError into NameTaken."""
    try:
        yield
    except FileExistsError as error:
        raise taken(where) from error


@contextmanager
def must_be(wanted: str, where: str, kind: Callable[[], str | None]) -> Iterator[None]:
    """Turn the system's refusal to open what is not `wanted` (REGULAR or FOLDER) into UnsafeFile."""
    try:
        yield
    except OSError as error:
        if error.errno not in (_NO_FOLDER if wanted == FOLDER else _NO_FILE):
            raise
        raise unsafe(where, kind(), wanted) from error


@contextmanager
def undone_on_failure(undo: Callable[[], None]) -> Iterator[None]:
    """Call `undo` if what is inside fails; that first failure is the one to report, also if undoing fails as well."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            undo()
        raise
