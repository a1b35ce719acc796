"""What the log asks of files, in whatever keeps them, and which paths may be asked for.

Invariants: a path is checked here before anything looks at a disk. Nothing here calls the operating system.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from ..errors import UnsafeFile

T = TypeVar("T")

MAX_NAME = 255
"""Bytes of the longest component of a path."""

ASIDE = ".aside-"
"""How the names of half-made files begin; a killed `replace` or `point` may leave one, and nothing reads it."""


class Appender(Protocol):
    """An open file that only grows, owned by one writer; once closed, writing and syncing are an OSError."""

    path: str

    @property
    def size(self) -> int:
        """Bytes written so far, those of a failed write included as far as they went."""

    def write(self, data: bytes) -> None:
        """Append all of `data`, or raise OSError."""

    def sync(self) -> None:
        """Return when everything written is on disk, or raise OSError."""

    def close(self) -> None:
        """Give the file back; a second call does nothing."""


class Lock(Protocol):
    """The ownership of one path by one process."""

    def held(self) -> bool:
        """Tell whether the path still names the file that this very process locked."""

    def release(self) -> None:
        """Let others have it; a second call does nothing."""


class Files(Protocol):
    """Files below one root. Paths are relative, '/'-separated text; '' is the root itself.

    Any path that is absolute, leaves the root or meets something that is no folder on its way is an UnsafeFile. Looking
    for what is not there is a MissingFile; writing into a folder that is not there stays a FileNotFoundError.
    """

    def describe(self, path: str) -> str:
        """Name a path in a message; never raises."""

    def names(self, folder: str) -> list[str]:
        """List a folder, sorted; empty if the folder is missing."""

    def exists(self, path: str) -> bool:
        """Tell whether anything stands at `path`, be it a dangling symlink."""

    def size(self, path: str) -> int:
        """Bytes of a regular file; MissingFile, UnsafeFile."""

    def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
        """Read up to `limit` bytes from byte `start`, fewer at the end of the file; MissingFile, UnsafeFile."""

    def view(self, path: str) -> memoryview:
        """Return the bytes of a file, read as they are looked at; they stay readable when it is removed; MissingFile.

        For files that never change once they are written. UnsafeFile as with `read`.
        """

    def make_folder(self, path: str) -> None:
        """Make a folder, and its parents where missing; NameTaken if anything stands at `path`."""

    def create(self, path: str) -> Appender:
        """Make an empty file and open it for appending; NameTaken if anything stands there."""

    def replace(self, path: str, data: bytes) -> None:
        """Put `data` at `path`, durably, so that a reader finds the old bytes or the new; UnsafeFile, OSError."""

    def sync(self, path: str) -> None:
        """Make a file's bytes, or a folder's entries, durable; MissingFile, UnsafeFile, OSError."""

    def remove(self, path: str) -> None:
        """Remove anything but a folder; MissingFile, UnsafeFile."""

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; MissingFile, and OSError if it is not empty or no folder."""

    def move_folder(self, path: str, target: str) -> None:
        """Give a folder another name, durable once the folders above both are synced; MissingFile, UnsafeFile.

        NameTaken if anything stands at `target`; FileNotFoundError if the folder above that is missing.
        """

    def lock(self, path: str) -> Lock:
        """Own `path`, making the file if missing; LockHeld if another does, UnsafeFile."""

    def is_locked(self, path: str) -> bool:
        """Tell whether somebody owns `path`, writing nothing; False if it is missing; UnsafeFile."""

    def point(self, path: str, target: str) -> None:
        """Make or move a symlink for people; where none can be made nothing happens, because nothing trusts it."""


def components(path: str) -> tuple[str, ...]:
    """Split a path, () for the root; UnsafeFile if it would leave the root or no disk could keep it."""
    parts = tuple(path.split("/")) if path else ()
    if all(map(_is_safe, parts)):
        return parts
    raise UnsafeFile(
        f"{path[:300]!a} is no path below the output folder",
        file=path,
        hint=f"names joined by '/', none of them '.' or '..', without NUL and backslash, up to {MAX_NAME} bytes each",
    )


def named(path: str) -> tuple[tuple[str, ...], str]:
    """Split a path into its folder and its name; UnsafeFile for the root, which has none."""
    parts = components(path)
    if not parts:
        raise UnsafeFile("the output folder itself is no file", file=path, hint="name a file below it")
    return parts[:-1], parts[-1]


def span(size: int, start: int, limit: int | None) -> int:
    """Bytes that a read from `start` gives in a file of `size` bytes; ValueError if either bound is negative."""
    if start < 0 or (limit is not None and limit < 0):
        raise ValueError(f"start {start} and limit {limit} must not be negative")
    rest = max(0, size - start)
    return rest if limit is None else min(rest, limit)


def make_aside(process: int, make: Callable[[str], T]) -> tuple[str, T]:
    """Make something under a free name of this process; what killed processes left is passed over."""
    turn = 0
    while True:
        name = f"{ASIDE}{process}-{turn}"
        with suppress(FileExistsError):
            return name, make(name)
        turn += 1


def _is_safe(part: str) -> bool:
    if part in ("", ".", "..") or "\0" in part or "\\" in part:
        return False
    try:
        return len(part.encode(sys.getfilesystemencoding(), "surrogateescape")) <= MAX_NAME
    except UnicodeEncodeError:
        return False
