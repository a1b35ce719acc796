"""What is known around the events of a chain: settings, attempts, answers of models, and where numbers came from.

Invariants: each question is asked once for all events together, so that explaining reads a history a few times, however
long the chain is.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ...events import (
    AttemptMade,
    EpisodeStarted,
    ModelAnswered,
    QUpdated,
    RunStarted,
    TrajectoryEnded,
    ValueUpdated,
    tag_of,
)
from ...reading.conclusions import Settings
from ...reading.finding import Search, find
from ...reading.judging import settings_of
from ...record import Record
from ...runs.lineage import Lineage
from ..touched import context_of
from .chain import Link
from .steps import Occasion

Context = tuple[int | None, str | None, int | None]


class Runs:
    """The settings of the runs of a line."""

    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage

    @cached_property
    def _known(self) -> dict[str, Settings]:
        found = ((one.run, settings_of(one.record)) for one in find(self._lineage, {tag_of(RunStarted): None}))
        return {run: settings for run, settings in found if isinstance(settings, Settings)}

    def of(self, run: str) -> Settings:
        """Return what a run was learned by; the default settings where nobody knows."""
        return self._known.get(run, Settings())


class Occasions:
    """On which occasions the events of a chain happened."""

    def __init__(self, lineage: Lineage, links: Iterable[Link]) -> None:
        self._goals: dict[int, str] = {}
        self._attempts: dict[Context, tuple[int, AttemptMade]] = {}
        self._answers: dict[Context, list[tuple[int, ModelAnswered]]] = {}
        self._ways: list[tuple[int, TrajectoryEnded]] = []
        for kept in find(lineage, _search(links)):
            if isinstance(kept.record, Record):
                self._take(kept.record)

    def _take(self, record: Record) -> None:
        event = record.event
        if isinstance(event, EpisodeStarted):
            self._goals[event.episode] = event.goal
        elif isinstance(event, AttemptMade):
            self._attempts[context_of(event)] = record.seq, event
        elif isinstance(event, ModelAnswered):
            self._answers.setdefault(context_of(event), []).append((record.seq, event))
        elif isinstance(event, TrajectoryEnded):
            self._ways.append((record.seq, event))

    def of(self, record: Record) -> Occasion:
        """Return the occasion of an event."""
        context = context_of(record.event)
        if context[0] is None:
            return Occasion()
        seq, made = self._attempts.get(context, (None, None))
        answers = [one for one in self._answers.get(context, ()) if one[0] < record.seq and context[2] is not None]
        return Occasion(self._goals.get(context[0]), made, seq, answers)

    def way(self, record: Record) -> TrajectoryEnded | None:
        """Return the way at whose end a value was updated: the last that ended before, if it leads to its return."""
        event = record.event
        if not isinstance(event, ValueUpdated) or event.cause != "td":
            return None
        before = [way for seq, way in self._ways if seq < record.seq and way.goal == event.goal]
        return before[-1] if before and before[-1].return_ == event.return_ else None


def _search(links: Iterable[Link]) -> Search:
    events = [link.record.event for link in links]
    numbers = {context_of(one)[0] for one in events}
    episodes = sorted(one for one in numbers if one is not None)
    goals = sorted({one.goal for one in events if isinstance(one, ValueUpdated) and one.cause == "td"})
    kinds = (EpisodeStarted, AttemptMade, ModelAnswered) if episodes else ()
    search: dict[str, Any] = {tag_of(kind): [{"episode": episodes}] for kind in kinds}
    return {**search, **({tag_of(TrajectoryEnded): [{"goal": goals}]} if goals else {})}


def numbered(lineage: Lineage, states: Mapping[str, Any], nths: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """Return the Q entries of insertion numbers: those of the state, and those that were pruned since."""
    wanted = set(nths)
    found: dict[int, tuple[Any, ...]] = {}
    if wanted:
        rows = states["q_table"]["entries"]
        at = rows.table.nth_at
        found = {row[at]: key for key, row in rows.items() if row[at] in wanted}
    return {**found, **dict(_updated(lineage, wanted - set(found)))}


def _updated(lineage: Lineage, nths: set[int]) -> Iterator[tuple[int, tuple[str, str]]]:
    for kept in find(lineage, {tag_of(QUpdated): [{"nth": sorted(nths)}]} if nths else {}):
        event = kept.record.event if isinstance(kept.record, Record) else None
        if isinstance(event, QUpdated):
            yield event.nth, (event.state, event.action)
