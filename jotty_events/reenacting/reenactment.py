"""Reenacting a run: what the states give for each of its events, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import UNSET

from projections import READ_MODELS
from projections.rows import Rows

from ..config import JottyConfig
from ..errors import ConfigError
from ..events import AttemptMade, Event, MemoryRenamed, RunStarted, TodoReplanned, TrajectoryEnded, fields_in, tag_of
from ..learning.unwritten import dropped
from ..projection import Projection
from ..reading.conclusions import Found
from ..reading.verified import Refused
from .brain import BRAIN
from .episodes import EPISODES, look_before_attempt
from .memory import MEMORY, foresee_renamed
from .q import Q
from .stage import Reenacted, Stage
from .todo import TASKS, foresee_replanned
from .trajectories import TRAJECTORIES, foresee_trajectory, trajectories_of

REENACTED: dict[type[Event], Reenacted] = {**EPISODES, **Q, **MEMORY, **TRAJECTORIES, **BRAIN, **TASKS}
"""By event type; an event that is not here reads nothing, and concludes nothing that follows from a state."""

Look = Callable[[Stage], None]


class RunReenactment:
    """The events of one run, over states that somebody else brings forward."""

    def __init__(self, projections: Sequence[Projection], states: Mapping[str, Any], started: RunStarted) -> None:
        self.notes: list[str] = []
        self._looks: dict[int, list[Look]] = {}
        self._missing: set[str] = set()
        self._stage: Stage | None = None
        try:
            config = JottyConfig(**started.config)
        except ConfigError as error:
            self.notes.append(f"what was read is not compared with the state: {error.message}")
            return
        for rows in (rows for tables in states.values() for rows in _rows(tables)):
            rows.release()  # who watched for another run is gone
        self._missing = set(dropped(config))
        self._stage = Stage(projections, states, config, started.rules)

    def foresee(self, event: Event) -> None:
        """Note what is to be read before the event is recorded, and what the event says of those before it."""
        if self._stage is None:
            return
        trajectories_of(self._stage).foresee(event)
        if isinstance(event, MemoryRenamed):
            foresee_renamed(self._stage, event)
        elif isinstance(event, TodoReplanned):
            foresee_replanned(self._stage, event)
        elif isinstance(event, AttemptMade) and event.origin is UNSET and self._is_told(AttemptMade):
            self._look(event.read_at, partial(look_before_attempt, event=event))
        elif isinstance(event, TrajectoryEnded) and self._is_told(TrajectoryEnded):
            for seq, look in foresee_trajectory(self._stage, event):
                self._look(seq, look)

    def _look(self, seq: int, look: Look) -> None:
        self._looks.setdefault(seq, []).append(look)

    def _is_told(self, kind: type[Event]) -> bool:
        return self._stage is not None and not self._missing.intersection(REENACTED[kind].needs)

    def read(self, event: Event) -> Found:
        """Return what the states give for fields of an event; a ConfigError and the like say why there is nothing."""
        reenacted = REENACTED.get(type(event))
        if reenacted is None or self._stage is None:
            return {}
        if not self._is_told(type(event)):
            self._note_untold(event, reenacted)
            return {}
        self._stage.turn_to(event)
        found = reenacted.call(self._stage, event)
        return found if isinstance(found, dict) else _fields(found, event)

    def _note_untold(self, event: Event, reenacted: Reenacted) -> None:
        missing = ", ".join(sorted(self._missing.intersection(reenacted.needs)))
        message = f"what {tag_of(event)} read is not compared with the state: the log does not have all of {missing}"
        if message not in self.notes:
            self.notes.append(message)

    def passed(self, seq: int, event: Event | None) -> None:
        """Look at what later events have read here."""
        if self._stage is None:
            return
        if event is not None:
            self._stage.passed(seq, event)
        for look in self._looks.pop(seq, ()):
            look(self._stage)


def _rows(tables: object) -> list[Rows]:
    return [rows for rows in tables.values() if isinstance(rows, Rows)] if isinstance(tables, dict) else []


def _fields(expected: Event, recorded: Event) -> Found:
    """Return what an event would have been; only what was read and concluded, the rest came from outside."""
    names = (*fields_in(type(recorded), "read"), *fields_in(type(recorded), "concluded"))
    if type(expected) is not type(recorded):
        return {names[0]: Refused(f"refused: first a {tag_of(expected)} would be recorded")}
    return {name: getattr(expected, name) for name in names}


class Reenactment:
    """Makes the states of a history, and reenacts its runs over them."""

    def __init__(self, projections: Sequence[Projection] = READ_MODELS) -> None:
        self.projections: Sequence[Projection] = tuple(projections)

    def reading(self, states: Mapping[str, Any], started: RunStarted) -> RunReenactment:
        """Return what reads the states for one run."""
        return RunReenactment(self.projections, states, started)


def deep(more: Sequence[Projection] = ()) -> Reenactment:
    """Return a reenactment over the read models of this package, and over some `more`."""
    return Reenactment((*READ_MODELS, *more))
