"""The one seam to the disk: how a folder of this machine keeps files.

Invariants: nothing outside the root is read or written, whatever the names; no symlink below the root is followed;
only regular files are read, appended to or locked, and finding out never blocks. A write that returned took every
byte. No descriptor outlives an exec, and a forked child owns no lock.
"""

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from ..errors import UnsafeFile
from .disk_lock import CLOSED, DiskLock, claim, closing, process, try_lock
from .refusals import (
    FOLDER,
    LINK,
    REGULAR,
    kind_of,
    lock_held,
    must_be,
    must_be_free,
    must_exist,
    taken,
    undone_on_failure,
    unsafe,
)
from .storage import Appender, Files, Lock, components, make_aside, named, span

__all__ = ["Appender", "DiskFiles", "Files", "Lock", "file_beside", "process"]

_TRIES = 1000
_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ROOT | os.O_NOFOLLOW
# O_NONBLOCK keeps the opening of a FIFO from waiting, O_NOCTTY that of a terminal from taking it.
_CAREFUL = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_READ = os.O_RDONLY | _CAREFUL
_LOCK = os.O_RDWR | os.O_CREAT | _CAREFUL
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class DiskAppender:
    """An appender over one descriptor."""

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self._fd = fd
        self._size = 0

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            count = os.write(self._descriptor(), rest)
            if count == 0:
                raise OSError(errno.EIO, "the disk takes no more bytes", self.path)
            self._size += count
            rest = rest[count:]

    def sync(self) -> None:
        _flush(self._descriptor(), bytes_only=True)

    def close(self) -> None:
        fd, self._fd = self._fd, CLOSED
        if fd != CLOSED:
            os.close(fd)

    def _descriptor(self) -> int:
        if self._fd == CLOSED:
            raise OSError(errno.EBADF, "the file is closed", self.path)
        return self._fd


class DiskFiles:
    """Files below a folder of this machine, which is made when something is first written."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        try:
            self._root = os.path.realpath(os.fspath(root))
        except ValueError as error:
            raise UnsafeFile(f"{root!r} is no folder name", file=ascii(root), hint="name a plain folder") from error

    def describe(self, path: str) -> str:
        return os.path.join(self._root, path) if path else self._root

    def names(self, folder: str) -> list[str]:
        with suppress(FileNotFoundError), self._folder(components(folder)) as fd:
            return sorted(os.listdir(fd))
        return []

    def exists(self, path: str) -> bool:
        with suppress(FileNotFoundError):
            self._look(components(path))
            return True
        return False

    def size(self, path: str) -> int:
        folder, name = named(path)
        with must_exist(self.describe(path)):
            found = self._look((*folder, name))
        if not stat.S_ISREG(found.st_mode):
            raise unsafe(self.describe(path), kind_of(found.st_mode))
        return found.st_size

    def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
        with must_exist(self.describe(path)), closing(self._open(path, _READ)) as fd:
            return _read(fd, start, span(os.fstat(fd).st_size, start, limit))

    def view(self, path: str) -> memoryview:
        with must_exist(self.describe(path)), closing(self._open(path, _READ)) as fd:
            # An empty file cannot be mapped.
            return memoryview(mmap.mmap(fd, 0, access=mmap.ACCESS_READ) if os.fstat(fd).st_size else b"")

    def make_folder(self, path: str) -> None:
        folder, name = named(path)
        self._make_root()
        with self._folder(folder, make=True) as parent, must_be_free(self.describe(path)):
            os.mkdir(name, dir_fd=parent)

    def create(self, path: str) -> Appender:
        named(path)
        self._make_root()
        with must_be_free(self.describe(path)):
            return DiskAppender(path, self._open(path, _CREATE))

    def replace(self, path: str, data: bytes) -> None:
        """Write aside, sync, rename, sync the folder; a failure before the rename leaves the old file."""
        folder, name = named(path)
        self._make_root()
        with self._folder(folder) as parent:
            kind = _kind_at(parent, name)
            if kind not in (None, REGULAR):
                raise unsafe(self.describe(path), kind)
            aside, fd = make_aside(process(), lambda free: os.open(free, _CREATE, 0o666, dir_fd=parent))
            with undone_on_failure(lambda: os.unlink(aside, dir_fd=parent)):
                with contextlib.closing(DiskAppender(path, fd)) as file:
                    file.write(data)
                    file.sync()
                os.rename(aside, name, src_dir_fd=parent, dst_dir_fd=parent)
            _flush(parent)

    def sync(self, path: str) -> None:
        with must_exist(self.describe(path)):
            fd = self._open(path, _READ, or_folder=True) if path else self._open_root()
        with closing(fd):
            _flush(fd)

    def remove(self, path: str) -> None:
        folder, name = named(path)
        with must_exist(self.describe(path)), self._folder(folder) as parent:
            if _kind_at(parent, name) == FOLDER:
                raise unsafe(self.describe(path), FOLDER)
            os.unlink(name, dir_fd=parent)

    def remove_folder(self, path: str) -> None:
        folder, name = named(path)
        with must_exist(self.describe(path)), self._folder(folder) as parent:
            os.rmdir(name, dir_fd=parent)

    def move_folder(self, path: str, target: str) -> None:
        """Look first: the system would put a folder over an empty one. Nobody else makes names in that folder."""
        (above, name), (folder, new) = named(path), named(target)
        with self._folder(folder) as into, must_exist(self.describe(path)), self._folder(above) as source:
            kind = kind_of(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode)
            if kind != FOLDER:
                raise unsafe(self.describe(path), kind, FOLDER)
            if _kind_at(into, new) is not None:
                raise taken(self.describe(target))
            os.rename(name, new, src_dir_fd=source, dst_dir_fd=into)

    def lock(self, path: str) -> Lock:
        """Lock, then look again: the file may have lost its name between opening and locking it."""
        named(path)
        self._make_root()
        for _ in range(_TRIES):
            with ExitStack() as undo:
                lock = DiskLock(self.describe(path), fd := self._open(path, _LOCK))
                undo.callback(lock.release)
                if not claim(fd):
                    break
                if lock.held():
                    undo.pop_all()
                    return lock
        raise lock_held(self.describe(path))

    def is_locked(self, path: str) -> bool:
        """Ask for a shared lock, which an owner's exclusive lock refuses, and give it back."""
        with suppress(FileNotFoundError), closing(self._open(path, _READ)) as fd:
            return not try_lock(fd, fcntl.LOCK_SH)
        return False

    def point(self, path: str, target: str) -> None:
        """Rename a new symlink over the old one; a file or folder of that name is left alone."""
        folder, name = named(path)
        components(target)
        # Failing is allowed here (a disk without symlinks, a full one): the link is for people and nothing reads it.
        with suppress(OSError):
            self._make_root()
            with self._folder(folder) as parent:
                if _kind_at(parent, name) in (None, LINK):
                    aside, _ = make_aside(process(), lambda free: os.symlink(target, free, dir_fd=parent))
                    with undone_on_failure(lambda: os.unlink(aside, dir_fd=parent)):
                        os.rename(aside, name, src_dir_fd=parent, dst_dir_fd=parent)

    def _make_root(self) -> None:
        absent, folder = [], self._root
        while not os.path.isdir(folder):
            absent.append(folder)
            folder = os.path.dirname(folder)
        for folder in reversed(absent):
            with suppress(FileExistsError):
                os.mkdir(folder)
            # No caller can reach above the root, so its own name has to be made durable here.
            with closing(os.open(os.path.dirname(folder), _ROOT)) as parent:
                _flush(parent)

    def _open_root(self) -> int:
        with must_be(FOLDER, self._root, lambda: "something else"):
            return os.open(self._root, _ROOT)

    @contextmanager
    def _folder(self, parts: tuple[str, ...], make: bool = False) -> Iterator[int]:
        """Open a folder component by component, so that no symlink on the way is followed."""
        fd = self._open_root()
        try:
            for depth in range(1, len(parts) + 1):
                fd = self._enter(fd, parts[:depth], make)
            yield fd
        finally:
            os.close(fd)

    def _enter(self, parent: int, parts: tuple[str, ...], make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                os.mkdir(parts[-1], dir_fd=parent)
        where = self.describe("/".join(parts))
        with must_be(FOLDER, where, lambda: _kind_at(parent, parts[-1])):
            fd = os.open(parts[-1], _FOLDER, dir_fd=parent)
        os.close(parent)
        return fd

    def _open(self, path: str, flags: int, or_folder: bool = False) -> int:
        """Open a regular file; the flags keep the system from following or waiting for anything else."""
        folder, name = named(path)
        where = self.describe(path)
        with self._folder(folder) as parent, must_be(REGULAR, where, lambda: _kind_at(parent, name)):
            fd = os.open(name, flags, 0o666, dir_fd=parent)
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode) or (or_folder and stat.S_ISDIR(mode)):
            return fd
        os.close(fd)
        raise unsafe(where, kind_of(mode))

    def _look(self, parts: tuple[str, ...]) -> os.stat_result:
        with self._folder(parts[:-1]) as parent:
            return os.stat(parts[-1], dir_fd=parent, follow_symlinks=False) if parts else os.fstat(parent)


def file_beside(path: str | os.PathLike[str], *, follow: bool = True) -> tuple[DiskFiles, str]:
    """Return the folder of a file that lies in no history, as files of its own, and the file's name; UnsafeFile.

    A link is followed, unless it is to be seen as what it is.
    """
    try:
        folder, name = os.path.split((os.path.realpath if follow else os.path.abspath)(os.fspath(path)))
    except ValueError as error:
        raise UnsafeFile(f"{path!r} is no file name", file=ascii(path), hint="name a plain file") from error
    named(name)
    return DiskFiles(folder), name


def _kind_at(parent: int, name: str) -> str | None:
    try:
        return kind_of(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None


def _read(fd: int, start: int, length: int) -> bytes:
    # One call reads all but the largest files; the system may still give less than was asked for.
    chunks: list[bytes] = []
    while length and (chunk := os.pread(fd, length, start)):
        chunks.append(chunk)
        start, length = start + len(chunk), length - len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _flush(fd: int, bytes_only: bool = False) -> None:
    """Return when the disk has it; `bytes_only` leaves out times and modes."""
    if sys.platform == "darwin":
        # There fsync stops at the drive's cache; disks that do not know the stronger call get what they have.
        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
            os.fsync(fd)
    else:
        (os.fdatasync if bytes_only else os.fsync)(fd)
