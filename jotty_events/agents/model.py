"""A language model that may be asked: any callable, whose every answer is recorded.

Invariants: an answer is an observation: it is in the log before anything follows from it, and no replay asks again.
Whatever the callable does, there is an answer or None, and the event says why there is none; only an interrupt or the
end of the interpreter passes. What learns nothing asks nothing, since it could not record the answer.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from hashlib import sha256
from inspect import iscoroutine
from threading import Thread
from typing import Any, NamedTuple

from ..errors import ConfigError, InvalidEvent
from ..events import ModelAnswered
from ..session import Session
from ..values import json_value

Ask = Callable[[str], Any]
"""Takes a prompt, and returns text or any other JSON value."""

Parse = Callable[[Any], Any]
"""Takes an answer, and returns what is used of it; ValueError, TypeError or LookupError where it makes no sense."""

_ERROR_KEPT = 500
_NONSENSE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


class _Said(NamedTuple):
    """What became of a question. `failure` is as in ModelAnswered."""

    answer: Any = None
    failure: str | None = None
    error: str | None = None
    meaning: Any = None


class Model:
    """A model as learners ask it: in one session, with a time limit in seconds or none."""

    def __init__(self, ask: Ask, session: Session, timeout: float | None = None) -> None:
        """ConfigError for what cannot be called."""
        require_model(ask)
        self.name = _name_of(ask)
        self._ask = ask
        self._session = session
        self._timeout = timeout

    def answer(self, purpose: str, prompt: str, parse: Parse | None = None) -> Any | None:
        """Return the answer to a prompt, or what `parse` makes of it; None if there is none that can be used."""
        if not self._session.learns:
            return None
        began = self._session.clock()
        said = self._said(prompt, parse)
        with self._session.transaction() as commit:
            commit.add(
                ModelAnswered(
                    **self._session.provenance,
                    purpose=purpose,
                    model=self.name,
                    prompt_digest=prompt_digest(prompt),
                    answer=said.answer,
                    failure=said.failure,
                    error=said.error,
                    duration=max(0.0, self._session.clock() - began),
                    now=commit.now,
                    used=said.failure is None,
                )
            )
        return said.meaning

    def _said(self, prompt: str, parse: Parse | None) -> _Said:
        try:
            given = self._ask(prompt) if self._timeout is None else _within(self._timeout, self._ask, prompt)
        except _Late:
            return _Said(failure="timed_out", error=f"no answer within {self._timeout:g} s")
        except Exception as error:  # noqa: BLE001 - whatever a model raises, the rules go on without it
            return _Said(failure="raised", error=_in_words(error))
        return _understood(given, parse)


def _understood(given: Any, parse: Parse | None) -> _Said:
    if iscoroutine(given):
        given.close()  # nobody will await it
    try:
        answer = json_value(given, "the answer")
    except InvalidEvent as error:
        return _Said(failure="not_json", error=error.message)
    if answer is None:
        return _Said(failure="empty", error="the model returned nothing")
    try:
        return _Said(answer, meaning=answer if parse is None else parse(answer))
    except _NONSENSE as error:
        return _Said(answer, failure="misunderstood", error=_in_words(error))


def require_model(ask: Ask | None) -> None:
    """Refuse what cannot be called with a ConfigError; None is no model at all."""
    if ask is not None and not callable(ask):
        raise ConfigError(f"{ask!r:.60} is no model", hint="pass a function that takes a prompt and returns text")


def prompt_digest(prompt: str) -> str:
    """Return the SHA-256 of a prompt as UTF-8, in hex: by it an answer is found again."""
    return sha256(prompt.encode(errors="surrogatepass")).hexdigest()


class _Late(Exception):
    """The time limit passed."""


def _within(seconds: float, ask: Ask, prompt: str) -> Any:
    """Ask in a thread that nobody waits for once the limit has passed: a late answer is dropped."""
    future: Future[Any] = Future()
    context = copy_context()

    def work() -> None:
        try:
            given = context.run(ask, prompt)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            future.set_exception(error)
        else:
            future.set_result(given)

    Thread(target=work, name="jotty-events model", daemon=True).start()
    try:
        failed = future.exception(seconds)
    except TimeoutError as error:
        raise _Late from error
    if failed is not None:
        raise failed
    return future.result()


def _in_words(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        said = ""
    return _recordable(f"{kind}: {said}" if said else kind)


def _name_of(ask: Ask) -> str:
    """Return what a model calls itself, else what its function or its class is called."""
    for name in ("name", "__qualname__"):
        found = getattr(ask, name, None)
        if isinstance(found, str) and found:
            return _recordable(found)
    return _recordable(type(ask).__qualname__)


def _recordable(text: str) -> str:
    return text[:_ERROR_KEPT].encode(errors="replace").decode()
