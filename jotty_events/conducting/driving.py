"""Driving a coroutine from code that is not async.

Invariants: an interrupt stops a plain function at once, a coroutine where it waits, and nothing else: what is being
appended is appended. The event loop and the thread that were taken are gone afterwards.
"""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from threading import current_thread, main_thread
from typing import Any, TypeVar

T = TypeVar("T")

_noted: ContextVar[bool] = ContextVar("interrupts are only noted", default=False)


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in an event loop of its own; there an interrupt is noted, and heard at a wait."""
    token = _noted.set(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    try:
        return asyncio.run(coroutine)
    finally:
        _noted.reset(token)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt stop what is inside at once, where `drive` would only note it."""
    if current_thread() is not main_thread() or not _noted.get():
        yield
        return
    noting = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, noting)


def drive_elsewhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own, for callers in whose thread an event loop runs (notebooks)."""
    begun: list[asyncio.Task[T]] = []

    def work() -> T:
        with asyncio.Runner() as runner:
            begun.append(runner.get_loop().create_task(coroutine))
            return runner.get_loop().run_until_complete(begun[0])

    with ThreadPoolExecutor(1, thread_name_prefix="jotty-events run_sync") as pool:
        done = pool.submit(copy_context().run, work)
        try:
            return done.result()
        except BaseException:
            for task in begun:
                with suppress(RuntimeError):  # the loop is closed already: it was the coroutine that failed
                    task.get_loop().call_soon_threadsafe(task.cancel)
            raise
