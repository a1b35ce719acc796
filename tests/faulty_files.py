"""Files that fail, lie or are watched: a wrapper that hands every call which changes something to a test.

Invariants: what only reads is passed through. A call is given to the handler before anything has happened; the handler
makes it happen, or half of it, or not, and says what the caller gets.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jotty_events.log.files import Appender, Files, Lock


@dataclass(frozen=True)
class Call:
    """One call that changes something: the `number`-th, on `path`. `act` does it, `half` only begins a write."""

    number: int
    name: str
    path: str
    act: Callable[[], Any]
    half: Callable[[], Any]


Handler = Callable[[Call], Any]


def honest(call: Call) -> Any:
    """Do what was asked."""
    return call.act()


def never_syncs(call: Call) -> Any:
    """Say that everything is on disk, and put nothing there."""
    return None if call.name == "sync" else call.act()


def read_only(call: Call) -> Any:
    """Refuse every change, as a folder that is mounted read-only does."""
    raise OSError(errno.EROFS, "Read-only file system", call.path)


def give_back(made: object) -> None:
    """Let go of a lock or an open file that its caller will never see."""
    for undo in ("release", "close"):
        getattr(made, undo, lambda: None)()


class FailAt:
    """Lets the `number`-th call fail with an error of the system, and all that come after it succeed.

    `how`: "before" anything happened, "half" way through a write, or "after" all of it happened.
    """

    def __init__(self, number: int, error: int, how: str = "before") -> None:
        self.number = number
        self.error = error
        self.how = how
        self.hit: Call | None = None

    def __call__(self, call: Call) -> Any:
        if call.number != self.number:
            return call.act()
        self.hit = call
        if self.how == "half":
            call.half()
        if self.how == "after":
            give_back(call.act())
        raise OSError(self.error, errno.errorcode[self.error], call.path)


class FaultyFiles:
    """Files whose changes go through a handler; `open` holds the appenders that were not closed yet."""

    def __init__(self, files: Files, handler: Handler = honest) -> None:
        self.files = files
        self.handler = handler
        self.calls = 0
        self.open: list[FaultyAppender] = []

    def call(self, name: str, path: str, act: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """Hand one call to the handler; what has no half is not begun."""
        self.calls += 1
        return self.handler(Call(self.calls, name, path, act, half or (lambda: None)))

    def describe(self, path: str) -> str:
        return self.files.describe(path)

    def names(self, folder: str) -> list[str]:
        return self.files.names(folder)

    def exists(self, path: str) -> bool:
        return self.files.exists(path)

    def size(self, path: str) -> int:
        return self.files.size(path)

    def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
        return self.files.read(path, start, limit)

    def view(self, path: str) -> memoryview:
        return self.files.view(path)

    def is_locked(self, path: str) -> bool:
        return self.files.is_locked(path)

    def point(self, path: str, target: str) -> None:
        # By its contract this never fails, and nothing depends on it.
        self.files.point(path, target)

    def make_folder(self, path: str) -> None:
        self.call("make_folder", path, lambda: self.files.make_folder(path))

    def create(self, path: str) -> Appender:
        def act() -> FaultyAppender:
            return FaultyAppender(self, self.files.create(path))

        made: FaultyAppender = self.call("create", path, act)
        return made

    def replace(self, path: str, data: bytes) -> None:
        self.call("replace", path, lambda: self.files.replace(path, data))

    def sync(self, path: str) -> None:
        self.call("sync", path, lambda: self.files.sync(path))

    def remove(self, path: str) -> None:
        self.call("remove", path, lambda: self.files.remove(path))

    def remove_folder(self, path: str) -> None:
        self.call("remove_folder", path, lambda: self.files.remove_folder(path))

    def move_folder(self, path: str, target: str) -> None:
        self.call("move_folder", path, lambda: self.files.move_folder(path, target))

    def lock(self, path: str) -> Lock:
        lock: Lock = self.call("lock", path, lambda: self.files.lock(path))
        return lock


class FaultyAppender:
    """An appender whose writes and syncs go through the handler of its files."""

    def __init__(self, files: FaultyFiles, file: Appender) -> None:
        self.path = file.path
        self._files = files
        self._file = file
        files.open.append(self)

    @property
    def size(self) -> int:
        return self._file.size

    def write(self, data: bytes) -> None:
        half = data[: len(data) // 2]
        self._files.call("write", self.path, lambda: self._file.write(data), lambda: self._file.write(half))

    def sync(self) -> None:
        self._files.call("sync", self.path, self._file.sync)

    def close(self) -> None:
        self._file.close()
        if self in self._files.open:
            self._files.open.remove(self)
