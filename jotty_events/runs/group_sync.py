"""One fdatasync for all appends of some milliseconds.

Invariants: after `wake` a sync follows within `every` seconds; after `stop` returned the thread touches nothing.
"""

from collections.abc import Callable
from threading import Event, Thread


class GroupSync:
    """A thread that calls `sync` at most once every `every` seconds, and only when woken."""

    def __init__(self, sync: Callable[[], None], every: float) -> None:
        self._sync = sync
        self._every = every
        self._work = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._loop, name="jotty-events group sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something was appended."""
        self._work.set()

    def stop(self) -> None:
        """End the thread; what was appended is left to whoever closes the segment."""
        self._stopping.set()
        self._work.set()
        self._thread.join()

    def _loop(self) -> None:
        # Asked again after the clearing, which may have taken the wake-up of a `stop` with it.
        while not self._stopping.is_set():
            self._work.wait()
            if self._stopping.wait(self._every):
                return
            self._work.clear()
            self._sync()
