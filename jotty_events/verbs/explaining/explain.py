"""Explaining one value: the events that made it, newest first, each with its arithmetic.

Invariants: nothing is computed from a state: the arithmetic is read from what each event recorded. The newest event's
value is the value in the state.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from projections import Q_TABLE, ReadModel
from projections.q_table import ENTRIES

from ...errors import ConfigError
from ...events import QUpdated, tag_of
from ...projection import Projection
from ...reading.conclusions import CONCLUSIONS
from ...reading.finding import find
from ...reading.judging import REFUSALS
from ...record import Record
from ...runs.lineage import Lineage
from ...runs.point import Point
from ...runs.tree import Tree
from .around import Occasions, Runs, numbered
from .chain import Link, chain
from .keys import Row, for_goal, meant
from .q import q_updated
from .steps import Explanation, Source, Step
from .subject import Subject
from .tellings import tell
from .told import Around, Taken

SHORT = {"q": "q_table"}
"""Names of projections as the command line has them."""
_FIELDS = {"value": ("after",), "default_value": ("default_after", "default_value")}
"""The fields of events that a row's value may be concluded in, where they are not called as its column."""


def models_named(projections: Sequence[Projection], name: str | None) -> list[ReadModel]:
    """Return the read models in which a key is looked for; ConfigError for a name that none has."""
    models = [one for one in projections if isinstance(one, ReadModel)]
    if name is None:
        return models
    found = [one for one in models if one.name == SHORT.get(name, name)]
    if not found:
        known = ", ".join(one.name for one in models)
        raise ConfigError(f"no projection of tables is called {name[:80]!r}", hint=f"there are {known}")
    return found


class Explaining:
    """Explains rows of the state at one point."""

    def __init__(self, tree: Tree, point: Point, states: Mapping[str, Any]) -> None:
        self._point = point
        self._states = states
        self._lineage: Lineage = tree.lineage(point)
        self._runs = Runs(self._lineage)

    def find(self, models: Sequence[ReadModel], key: str | Iterable[Any], goal: str | None = None) -> Row:
        """Return the row that is meant; UnknownKey, AmbiguousKey."""
        row = meant(models, self._states, key if isinstance(key, str) else tuple(key))
        return row if goal is None else for_goal(self._states, row, goal)

    def explain(self, subject: Subject, follow: int = 0) -> Explanation:
        """Return what made a row of the state; with `follow`, what numbers were taken from as well, so many deep."""
        table = subject.table
        links = chain(self._lineage, subject, self._point.seq)
        row = self._states[subject.model.name][table.name].get(subject.key)
        named = {column.name: value for column, value in zip(table.columns, row or (), strict=False)}
        steps = self._steps(subject, links, follow)[::-1]
        where = (self._point, subject.model.name, table.name, subject.key, subject.measure)
        return Explanation(*where, named, steps)

    def _steps(self, subject: Subject, links: Sequence[Link], follow: int) -> list[Step]:
        occasions = Occasions(self._lineage, links)
        reads = {taken for link in links for taken in _taken(link) if not _is_own(taken, link)}
        entries = numbered(self._lineage, self._states, {one.nth for one in reads})
        steps = [self._step(subject, link, occasions, entries) for link in links]
        return self._followed(steps, follow) if follow > 0 else steps

    def _step(self, subject: Subject, link: Link, occasions: Occasions, entries: Mapping[int, tuple[Any, ...]]) -> Step:
        record, measure = link.record, subject.measure
        around = Around(self._runs.of(link.kept.run), entries, occasions.way(record), measure)
        told = tell(record.event, link.wrote, around)
        sources = [
            Source(one.role, one.nth, entries.get(one.nth), one.raw, one.similarity)
            for one in told.taken
            if not _is_own(one, link)
        ]
        return Step(
            link.kept.run,
            record.seq,
            record.at,
            record.event,
            link.wrote,
            None if measure is None else link.row.get(measure),
            told.lines,
            sources,
            occasions.of(record),
            _recomputed(record, measure, around),
        )

    def _followed(self, steps: Sequence[Step], depth: int) -> list[Step]:
        """Return the steps with those that left what they read, so many deep."""
        wanted = {(source.nth, step.seq) for step in steps for source in step.sources}
        made = dict(self._left(wanted, depth))
        return [
            replace(step, sources=[replace(one, step=made.get((one.nth, step.seq))) for one in step.sources])
            for step in steps
        ]

    def _left(self, wanted: set[tuple[int, int]], depth: int) -> Iterator[tuple[tuple[int, int], Step]]:
        """Give out, for a Q entry's number and a seq, the last update of that entry before that seq."""
        nths = sorted({nth for nth, _ in wanted})
        found: dict[int, list[Link]] = {}
        for kept in find(self._lineage, {tag_of(QUpdated): [{"nth": nths}]} if nths else {}):
            event = kept.record.event if isinstance(kept.record, Record) else None
            if isinstance(event, QUpdated):
                wrote = {"value": event.after, "visits": event.visits}
                found.setdefault(event.nth, []).append(Link(kept, wrote, wrote))
        last = {one: _last_before(found.get(one[0], ()), one[1]) for one in sorted(wanted)}
        links = list({link.record.seq: link for link in last.values() if link is not None}.values())
        steps = self._steps(Subject(Q_TABLE, ENTRIES, ()), links, depth - 1)
        by_seq = {step.seq: step for step in steps}
        yield from ((one, by_seq[link.record.seq]) for one, link in last.items() if link is not None)


def _last_before(links: Iterable[Link], seq: int) -> Link | None:
    before = [link for link in links if link.record.seq < seq]
    return before[-1] if before else None


def _taken(link: Link) -> tuple[Taken, ...]:
    event = link.record.event
    return q_updated(event, Around()).taken if isinstance(event, QUpdated) else ()


def _is_own(taken: Taken, link: Link) -> bool:
    """Say whether a number is the entry's own value of before, which the step before has."""
    event = link.record.event
    return isinstance(event, QUpdated) and taken.nth == event.nth and taken.role == "before"


def _recomputed(record: Record, measure: str | None, around: Around) -> float | None:
    """Return what the rules conclude as the row's value, None where it does not follow from the event alone."""
    conclusion = CONCLUSIONS.get(type(record.event))
    if conclusion is None or measure is None:
        return None
    names = _FIELDS.get(measure, (measure,))
    try:
        concluded = conclusion.conclude(record.event, around.settings)
    except REFUSALS:
        return None
    found = [concluded[name] for name in names if isinstance(concluded.get(name), float | int)]
    return float(found[0]) if found else None
