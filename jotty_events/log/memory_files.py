"""Files in memory that behave as those on a disk, and that know what a crash would leave of them.

Invariants: a file's bytes are durable up to its last sync, a name since its folder was last synced; a power loss leaves
just those. Every operation is one step for all threads. Locks belong to one instance and to no copy of it.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from ..errors import UnsafeFile
from .files import process
from .refusals import FOLDER, LINK, REGULAR, lock_held, missing, taken, unsafe
from .storage import Appender, Lock, components, named, span

_ROOT = "root"


@dataclass(eq=False, slots=True)
class _File:
    data: bytearray = field(default_factory=bytearray)
    durable: int = 0
    owner: "MemoryLock | None" = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "_File":
        return _File(bytearray(self.data), self.durable)


@dataclass(eq=False, slots=True)
class _Link:
    target: str


@dataclass(eq=False, slots=True)
class _Folder:
    entries: "dict[str, _Node]" = field(default_factory=dict)
    durable: "dict[str, _Node]" = field(default_factory=dict)


_Node = _File | _Link | _Folder
_KINDS = {_File: REGULAR, _Link: LINK, _Folder: FOLDER}


class MemoryAppender:
    """An appender over bytes in memory."""

    def __init__(self, path: str, file: _File, guard: RLock) -> None:
        self.path = path
        self._file: _File | None = file
        self._guard = guard
        self._size = 0

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        with self._guard:
            self._open_file().data += data
            self._size += len(data)

    def sync(self) -> None:
        with self._guard:
            file = self._open_file()
            file.durable = len(file.data)

    def close(self) -> None:
        self._file = None

    def _open_file(self) -> _File:
        if self._file is None:
            raise OSError(errno.EBADF, "the file is closed", self.path)
        return self._file


class MemoryLock:
    """The ownership of one file in memory."""

    def __init__(self, file: _File, standing: Callable[[], _Node | None]) -> None:
        self._file = file
        self._standing = standing
        self._process = process()

    def held(self) -> bool:
        mine = self._file.owner is self and self._process == process()
        return mine and self._standing() is self._file

    def release(self) -> None:
        if self._file.owner is self:
            self._file.owner = None


class MemoryFiles:
    """Files that live as long as this object; safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = RLock()
        # The root is an entry like any other, so that it is missing until something is first written.
        self._top = _Folder()

    def describe(self, path: str) -> str:
        return f"memory:{path}"

    def after_kill(self) -> "MemoryFiles":
        """Return what a killed process leaves: all that was written, and no locks."""
        with self._guard:
            left = MemoryFiles()
            left._top = deepcopy(self._top)
            return left

    def after_power_loss(self) -> "MemoryFiles":
        """Return what is sure to be left when the power fails: names and bytes that were synced, and no locks."""
        left = self.after_kill()
        _lose(left._top)
        return left

    def names(self, folder: str) -> list[str]:
        parts = components(folder)
        with self._guard:
            try:
                return sorted(self._folder(parts).entries)
            except FileNotFoundError:
                return []

    def exists(self, path: str) -> bool:
        with self._guard:
            return self._standing(components(path)) is not None

    def size(self, path: str) -> int:
        with self._guard:
            return len(self._file(path).data)

    def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
        with self._guard:
            data = self._file(path).data
            return bytes(data[start : start + span(len(data), start, limit)])

    def view(self, path: str) -> memoryview:
        return memoryview(self.read(path))

    def make_folder(self, path: str) -> None:
        with self._written(path, parents=True) as (folder, name):
            if name in folder.entries:
                raise taken(self.describe(path))
            folder.entries[name] = _Folder()

    def create(self, path: str) -> Appender:
        with self._written(path) as (folder, name):
            if name in folder.entries:
                raise taken(self.describe(path))
            file = folder.entries[name] = _File()
            return MemoryAppender(path, file, self._guard)

    def replace(self, path: str, data: bytes) -> None:
        """Put `data` at `path`, durable at once, and with it the names in its folder."""
        with self._written(path) as (folder, name):
            if not isinstance(folder.entries.get(name), _File | None):
                raise self._unsafe(path, folder.entries[name])
            folder.entries[name] = _File(bytearray(data), len(data))
            folder.durable = dict(folder.entries)

    def sync(self, path: str) -> None:
        with self._guard:
            match self._found(path):
                case _File() as file:
                    file.durable = len(file.data)
                case _Folder() as folder:
                    folder.durable = dict(folder.entries)
                case link:
                    raise self._unsafe(path, link, "a regular file or a folder")

    def remove(self, path: str) -> None:
        """Remove a name; until its folder is synced, a power loss brings it back."""
        parents, name = named(path)
        with self._guard:
            node = self._found(path)
            if isinstance(node, _Folder):
                raise self._unsafe(path, node)
            del self._folder(parents).entries[name]

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder; until the one above is synced, a power loss brings it back."""
        parents, name = named(path)
        with self._guard:
            node = self._found(path)
            if not isinstance(node, _Folder) or node.entries:
                raise OSError(errno.ENOTEMPTY, "no empty folder", self.describe(path))
            del self._folder(parents).entries[name]

    def move_folder(self, path: str, target: str) -> None:
        """Give a folder another name; a power loss brings back what was synced, so there may be two names or none."""
        (above, old), (parents, new) = named(path), named(target)
        with self._guard:
            into, node = self._folder(parents), self._found(path)
            if not isinstance(node, _Folder):
                raise self._unsafe(path, node, FOLDER)
            if new in into.entries:
                raise taken(self.describe(target))
            into.entries[new] = self._folder(above).entries.pop(old)

    def lock(self, path: str) -> Lock:
        """Own `path` within this instance, making the file if missing."""
        with self._written(path) as (folder, name):
            file = folder.entries.setdefault(name, _File())
            if not isinstance(file, _File):
                raise self._unsafe(path, file)
            if file.owner is not None:
                raise lock_held(self.describe(path))
            file.owner = MemoryLock(file, lambda: self._owned(path))
            return file.owner

    def is_locked(self, path: str) -> bool:
        """Tell whether somebody owns `path` in this instance."""
        with self._guard:
            named(path)
            return self.exists(path) and self._file(path).owner is not None

    def point(self, path: str, target: str) -> None:
        """Make or move a link; a file or folder of that name is left alone, and a link to no name is none."""
        components(target)
        try:
            with self._written(path) as (folder, name):
                if target and isinstance(folder.entries.get(name), _Link | None):
                    folder.entries[name] = _Link(target)
        except FileNotFoundError:
            return

    @contextmanager
    def _written(self, path: str, parents: bool = False) -> Iterator[tuple[_Folder, str]]:
        """Hold the folder of a path that is about to be written; the root is made, its own name durable at once."""
        parts, name = named(path)
        with self._guard:
            root = self._top.entries.setdefault(_ROOT, _Folder())
            self._top.durable[_ROOT] = root
            yield self._folder(parts, parents), name

    def _folder(self, parts: tuple[str, ...], make: bool = False) -> _Folder:
        folder = self._top
        for depth, part in enumerate((_ROOT, *parts)):
            if make:
                folder.entries.setdefault(part, _Folder())
            node = folder.entries.get(part)
            where = "/".join(parts[:depth])
            if node is None:
                raise FileNotFoundError(errno.ENOENT, "no such folder", self.describe(where))
            if not isinstance(node, _Folder):
                raise self._unsafe(where, node, FOLDER)
            folder = node
        return folder

    def _standing(self, parts: tuple[str, ...]) -> _Node | None:
        try:
            return self._folder(parts[:-1]).entries.get(parts[-1]) if parts else self._folder(())
        except FileNotFoundError:
            return None

    def _owned(self, path: str) -> _Node | None:
        # Whatever hinders looking, the owner can no longer be sure of it.
        with self._guard:
            try:
                return self._standing(components(path))
            except UnsafeFile:
                return None

    def _found(self, path: str) -> _Node:
        node = self._standing(components(path))
        if node is None:
            raise missing(self.describe(path))
        return node

    def _file(self, path: str) -> _File:
        named(path)
        node = self._found(path)
        if not isinstance(node, _File):
            raise self._unsafe(path, node)
        return node

    def _unsafe(self, path: str, node: _Node, wanted: str = REGULAR) -> UnsafeFile:
        return unsafe(self.describe(path), _KINDS[type(node)], wanted)


def _lose(node: _Node) -> None:
    """Bring a copied tree back to what was synced."""
    if isinstance(node, _File):
        del node.data[node.durable :]
    elif isinstance(node, _Folder):
        node.entries = dict(node.durable)
        for child in node.entries.values():
            _lose(child)
