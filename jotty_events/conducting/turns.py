"""Whose turn it is: episodes of one conductor follow each other, from whatever threads and event loops they come.

Invariants: first come, first served; who gives up waiting leaves the queue. Whoever would wait for himself is refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from threading import Lock

from ..errors import NestedRun


class Turn:
    """A place in the queue of one event loop's task."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._come = self.loop.create_future()

    async def wait(self) -> None:
        """Return when somebody called."""
        await self._come

    def call(self) -> bool:
        """Say, from any thread, that the turn has come; False if nobody can hear it any more."""
        with suppress(RuntimeError):  # the loop was closed: whoever waited in it is gone
            self.loop.call_soon_threadsafe(lambda: None if self._come.done() else self._come.set_result(None))
            return True
        return False


_held: ContextVar[frozenset[Turn]] = ContextVar("turns of this context", default=frozenset())


class Turns:
    """The queue of one conductor; the first in it has the turn."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._queue: list[Turn] = []

    def require_free(self) -> None:
        """Raise NestedRun if this very context has the turn: waiting for it would never end."""
        if not _held.get().isdisjoint(self._queue):
            raise NestedRun("an agent called run() of the conductor that runs it", hint="use another conductor")

    def require_not_stopped(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raise NestedRun if somebody in the queue cannot go on while `loop` is kept waiting."""
        if any(turn.loop is loop for turn in list(self._queue)):
            raise NestedRun(
                "run_sync() would stop the event loop in which an episode of this conductor goes on",
                hint="await run() instead: episodes follow each other",
            )

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for the turn, and have it until the end of the `async with`."""
        turn = Turn()
        token = _held.set(_held.get() | {turn})
        try:
            if not self._enter(turn):
                await turn.wait()
            yield
        finally:
            self._leave(turn)
            with suppress(ValueError):  # a coroutine that was thrown away is closed in another context
                _held.reset(token)

    def _enter(self, turn: Turn) -> bool:
        """Join the queue; returns whether it is at once the turn's."""
        with self._guard:
            self._queue.append(turn)
            return self._queue[0] is turn

    def _leave(self, turn: Turn) -> None:
        """Leave the queue, and call the first who can still hear it."""
        with self._guard:
            self._queue.remove(turn)
            while self._queue and not self._queue[0].call():
                del self._queue[0]
