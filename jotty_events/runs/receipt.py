"""What an append gives back: which records it made, and whether they are on disk yet.

Invariants: `wait` returns only when the records are durable, and raises if they never will be.
"""

import asyncio
from collections.abc import Callable, Generator
from threading import Condition

from ..errors import JottyError, WriteFailed


class DurableMark:
    """The last seq known to be on disk, shared by a writer and those who wait for it.

    `push` is called before anybody waits, where nobody else sees to the sync.
    """

    def __init__(self, seq: int, push: Callable[[], None] | None = None) -> None:
        self.seq = seq
        self._push = push
        self.failure: JottyError | None = None
        self._changed = Condition()

    def advance(self, seq: int) -> None:
        """Say that all records up to `seq` are on disk."""
        with self._changed:
            self.seq = max(self.seq, seq)
            self._changed.notify_all()

    def fail(self, failure: JottyError) -> None:
        """Say that no more records will reach the disk."""
        with self._changed:
            self.failure = self.failure or failure
            self._changed.notify_all()

    def wait(self, seq: int, timeout: float | None) -> bool:
        """Wait until `seq` is on disk; False if `timeout` seconds passed first. Raises what `fail` was told."""
        if self._push is not None and self.seq < seq:
            self._push()
        with self._changed:
            self._changed.wait_for(lambda: self.seq >= seq or self.failure is not None, timeout)
            if self.seq < seq and self.failure is not None:
                raise self.failure
            return self.seq >= seq


class Receipt:
    """The records `first` to `last` were appended, at `at` (microseconds since 1970). Can be waited for and awaited."""

    __slots__ = ("_mark", "at", "first", "last")

    def __init__(self, first: int, last: int, at: int, mark: DurableMark) -> None:
        self.first = first
        self.last = last
        self.at = at
        self._mark = mark

    @property
    def durable(self) -> bool:
        """Whether the records are known to be on disk."""
        return self._mark.seq >= self.last

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the records are on disk; False after `timeout` seconds. WriteFailed if they never will be."""
        return self._mark.wait(self.last, timeout)

    def __await__(self) -> Generator[object, None, bool]:
        return asyncio.get_running_loop().run_in_executor(None, self.wait).__await__()

    def __repr__(self) -> str:
        return f"Receipt({self.first}..{self.last}, durable={self.durable})"


def write_failed(error: OSError, file: str) -> WriteFailed:
    """Return the typed error of a write or sync that the disk refused."""
    return WriteFailed(
        f"{file} could not be written: {error.strerror or error}",
        file=file,
        hint="free space or mend the disk, then start a new run: what was acknowledged is kept",
    )
