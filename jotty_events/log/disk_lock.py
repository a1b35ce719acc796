"""Locks of a folder of this machine: flock, and the descriptors that it needs.

Invariants: a lock belongs to one process; a forked child owns none, and keeps none alive.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CLOSED = -1
_TRIES = 1000
_PAUSE = 0.001


def process() -> int:
    """Return this process's number, which a forked child does not share."""
    return os.getpid()


class DiskLock:
    """An exclusive flock, and the identity of the file that it was taken on."""

    def __init__(self, where: str, fd: int) -> None:
        self._where = where
        self._fd = fd
        self._locked = os.fstat(fd)
        self._process = process()
        _open_locks.add(self)

    def held(self) -> bool:
        """Tell whether the path still names the locked file; a path that cannot be looked at is not held."""
        if self._fd == CLOSED or self._process != process():
            return False
        with suppress(OSError):
            return os.path.samestat(os.lstat(self._where), self._locked)
        return False

    def release(self) -> None:
        fd, self._fd = self._fd, CLOSED
        _open_locks.discard(self)
        if fd == CLOSED:
            return
        with closing(fd):
            # A forked child shares the parent's lock: unlocking there would take it from the parent, closing does not.
            if self._process == process():
                fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close a descriptor at the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def claim(fd: int) -> bool:
    """Take the exclusive lock; who can share it met no owner but a probe, which is gone in a moment."""
    for _ in range(_TRIES):
        if try_lock(fd, fcntl.LOCK_EX):
            return True
        if not try_lock(fd, fcntl.LOCK_SH):
            return False
        fcntl.flock(fd, fcntl.LOCK_UN)
        time.sleep(_PAUSE)
    return False


def try_lock(fd: int, how: int) -> bool:
    """Say whether a lock could be taken at once."""
    with suppress(BlockingIOError):
        fcntl.flock(fd, how | fcntl.LOCK_NB)
        return True
    return False


_open_locks: set[DiskLock] = set()


def _forget_locks() -> None:
    # A child that keeps the descriptor would keep the lock alive after its parent was killed.
    for lock in tuple(_open_locks):
        lock.release()


os.register_at_fork(after_in_child=_forget_locks)
