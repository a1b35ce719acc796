"""A stage for conductors: scripted clocks and entropy, actors that do as they are told, and looks at what is left."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import wraps
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from jotty_events import AgentConfig, Conductor, History, JottyConfig, LearningMode, Outcome, Task
from jotty_events.events import Event
from jotty_events.reading.replay import Replay
from jotty_events.record import Record
from jotty_events.runs.point import Point

START = 1767700800.0
SAFETY = 30.0
"""Seconds after which a test that waits for another thread gives up, instead of hanging."""

T = TypeVar("T")
E = TypeVar("E")


def ticking(start: float = START, step: float = 0.25) -> Callable[[], float]:
    """Return a clock that goes on by `step` seconds whenever somebody looks."""
    ticks = count()
    return lambda: start + next(ticks) * step


def scripted_entropy(seed: str = "") -> Callable[[int], bytes]:
    """Return a source of bytes that follow from a seed."""
    draws = count()
    return lambda n: sha256(f"{seed}:{next(draws)}".encode()).digest()[:n]


def analyst(task: Task) -> Outcome:
    """Fail with approach A, succeed with B."""
    if task.approach == "A":
        raise LookupError("no such column: A")
    return Outcome(success=True, output=42)


def actor(agent: Callable[..., Any] = analyst, name: str = "analyst", **more: Any) -> AgentConfig:
    """Return an actor; it can take A or B if nothing else is said."""
    return AgentConfig(name=name, agent=agent, **{"approaches": ["A", "B"], **more})


def conductor(
    folder: Path | None = None,
    *actors: AgentConfig,
    clock: Callable[[], float] | None = None,
    entropy: Callable[[int], bytes] | None = None,
    projections: Sequence[Any] = (),
    model: Callable[[str], Any] | None = None,
    **settings: Any,
) -> Conductor:
    """Return a conductor that learns with alpha 0.6: on disk below `folder`, in memory where none is given."""
    mode = LearningMode.CONTEXTUAL if folder is None else LearningMode.PERSISTENT
    where = {} if folder is None else {"output_base_dir": folder}
    config = JottyConfig(**{"learning_mode": mode, "alpha": 0.6, **where, **settings})
    return Conductor(
        actors=list(actors) or [actor()],
        config=config,
        clock=clock or ticking(),
        entropy=entropy or scripted_entropy(),
        projections=projections,
        model=model,
    )


def rebuilt(live: Conductor) -> dict[str, str]:
    """Return the digests of what a replay of a conductor's log gives, wherever that log is kept."""
    session = live._session
    assert session.writer is not None
    session.writer.sync_some()
    replay = Replay(session.projections)
    replay.run(session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1)).records())
    return {one.name: one.digest(replay.result.states[one.name]) for one in session.projections}


def own_events(live: Conductor, kind: type[E]) -> list[E]:
    """Return the events of one type that a conductor appended to its own run, in mode CONTEXTUAL too."""
    session = live._session
    assert session.writer is not None
    session.writer.sync_some()
    lineage = session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1))
    kept = (one.record for one in lineage.records() if one.run == session.writer.run)
    return [one.event for one in kept if isinstance(one, Record) and isinstance(one.event, kind)]


def events(folder: Path, point: str = "latest") -> list[Event]:
    """Return all events that lead to a point."""
    records = (kept.record for kept in History(folder).records(point))
    return [one.event for one in records if isinstance(one, Record)]


def of_type(found: Sequence[Any], kind: type[E]) -> list[E]:
    """Return the events of one type."""
    return [event for event in found if isinstance(event, kind)]


def listing(folder: Path) -> dict[str, tuple[int, int, bytes | str]]:
    """Return all that is below a folder, itself included: mode, time of change in ns, and content or target."""
    found: dict[str, tuple[int, int, bytes | str]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        stat = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (stat.st_mode, stat.st_mtime_ns, content)
    return found


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def in_time(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a thread of its own, and let it fail rather than hang where threads wait for each other."""

    @wraps(test)
    def timed(*args: Any, **values: Any) -> None:
        done: Future[None] = Future()

        def work() -> None:
            try:
                test(*args, **values)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the test is awaited
                done.set_exception(error)
            else:
                done.set_result(None)

        Thread(target=work, daemon=True).start()
        done.result(SAFETY)

    return timed


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, and give up rather than hang."""
    return asyncio.run(asyncio.wait_for(work, SAFETY))
