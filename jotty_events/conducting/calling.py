"""Calling an agent, whatever it is and whatever it does.

Invariants: every call ends in a `Ran`, or in the cancellation of the conductor's own task: exceptions, timeouts and
unusable answers are results like any other. A plain function that is given a time limit runs in a thread of its own,
which nobody waits for once the limit has passed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from inspect import isawaitable, iscoroutinefunction
from threading import Thread
from typing import Any

from ..outcome import Outcome, Task, reward_of, why_unusable
from ..types import Clock
from .driving import interruptible

_ERROR_KEPT = 2000


@dataclass(frozen=True)
class Ran:
    """What became of one call. `outcome` is as in AttemptMade, `duration` is in seconds."""

    outcome: str
    success: bool = False
    reward: float = 0.0
    output: Any = None
    error: str | None = None
    error_type: str | None = None
    lesson: str | None = None
    duration: float = 0.0


async def call(agent: Callable[..., Any], task: Task, *, timeout: float | None, threaded: bool, clock: Clock) -> Ran:
    """Call an agent with a task, for at most `timeout` seconds; `threaded` keeps plain functions off the event loop."""
    began = clock()
    limit = asyncio.timeout(timeout)
    cancelled = _times_cancelled()
    try:
        async with limit:
            answer = await _answer(agent, task, threaded or timeout is not None)
        # An agent that swallowed its own cancellation still had no more time.
        ran = _timed_out(timeout) if limit.expired() else _returned(answer)
    except asyncio.CancelledError as error:
        if _times_cancelled() > cancelled:
            raise
        ran = _raised(error)  # nobody cancelled the conductor: it was something that the agent waited for
    except Exception as error:  # noqa: BLE001 - whatever an agent raises is a failed attempt
        ran = _timed_out(timeout) if limit.expired() else _raised(error)
    return replace(ran, duration=max(0.0, clock() - began))


def _times_cancelled() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def _answer(agent: Callable[..., Any], task: Task, threaded: bool) -> Any:
    if not (iscoroutinefunction(agent) or iscoroutinefunction(getattr(agent, "__call__", None))):  # noqa: B004
        answer = await _in_thread(agent, task) if threaded else _here(agent, task)
        return await answer if isawaitable(answer) else answer
    return await agent(task)


def _here(agent: Callable[..., Any], task: Task) -> Any:
    with interruptible():
        return agent(task)


def _in_thread(agent: Callable[..., Any], task: Task) -> Awaitable[Any]:
    """Call a plain function in a thread that does not keep the interpreter alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = copy_context()

    def work() -> None:
        try:
            answer = context.run(agent, task)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            _tell(loop, future, future.set_exception, _awaitable(error))
        else:
            _tell(loop, future, future.set_result, answer)

    Thread(target=work, name="jotty-events agent", daemon=True).start()
    return future


def _awaitable(error: BaseException) -> BaseException:
    """Return an error that a future can hold: StopIteration it cannot."""
    return RuntimeError("the agent raised StopIteration") if isinstance(error, StopIteration) else error


def _tell(
    loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Any]", settle: Callable[[Any], None], value: Any
) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits for the answer any more
        loop.call_soon_threadsafe(lambda: None if future.done() else settle(value))


def _returned(answer: Any) -> Ran:
    wrong = why_unusable(answer)
    if wrong is not None:
        return Ran("rejected", error=wrong, error_type="Rejected")
    outcome: Outcome = answer
    return Ran(
        "succeeded" if outcome.success else "failed",
        bool(outcome.success),
        reward_of(outcome),
        outcome.output,
        readable(outcome.error),
        None,
        readable(outcome.lesson),
    )


def _raised(error: BaseException) -> Ran:
    kind = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        said = ""
    return Ran("raised", error=readable(said) or kind, error_type=readable(kind))


def _timed_out(timeout: float | None) -> Ran:
    return Ran("timed_out", error=f"no answer within {timeout:g} s", error_type="TimeoutError")


def readable(text: str | None) -> str | None:
    """Return an agent's text as it can be recorded: of bounded length, without lone surrogates."""
    return None if text is None else text[:_ERROR_KEPT].encode(errors="replace").decode()
