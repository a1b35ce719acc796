"""The difference between the states at two points.

Invariants: the records since the two lines part say which rows may differ, and only those are compared; so the work
grows with what was learned in between, not with the states. A projection that has no tables of ours is compared by
its dump, row by row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from projections import EPISODES_MODEL, ReadModel
from projections.episodes import EPISODES

from ...projection import Projection
from ...runs.point import Point
from ...runs.tree import Tree
from ..meeting import meeting
from .changes import Change, Diff, Row
from .filters import Asked
from .foreign import foreign
from .gathering import Gathered, Place, Wrote

Progress = Callable[[int], None]
States = Mapping[str, Any]


class Differing:
    """The work of comparing two points."""

    def __init__(self, tree: Tree, a: Point, b: Point, projections: Sequence[Projection]) -> None:
        self._tree, self._a, self._b = tree, a, b
        self._projections = projections
        self._models = [one for one in projections if isinstance(one, ReadModel)]
        self.meeting = meeting(tree, a, b)

    @property
    def records(self) -> int:
        """How many records lie between the two points."""
        return self._a.seq + self._b.seq - 2 * (self.meeting.seq if self.meeting else 0)

    def between(self, before: States, after: States, asked: Asked, progress: Progress | None = None) -> Diff:
        """Return what differs between the states of the two points; Corruption, FormatError."""
        undone = self._gathered(self._a, _goals(before, asked), progress)
        done = self._gathered(self._b, _goals(after, asked), progress)
        found = [
            change
            for model in self._models
            for table in model.tables
            for change in _compared(
                (model.name, table.name),
                before[model.name][table.name],
                after[model.name][table.name],
                undone,
                done,
                asked,
            )
        ]
        if not asked:
            others = (one for one in self._projections if not isinstance(one, ReadModel))
            found += chain.from_iterable(foreign(one, before[one.name], after[one.name]) for one in others)
        return Diff(self._a, self._b, self.meeting, sorted(found, key=self._rank))

    def _gathered(self, end: Point, goals: Mapping[int, str], progress: Progress | None) -> Gathered:
        found = Gathered(self._models, goals)
        after = self.meeting.seq if self.meeting else 0
        for kept in self._tree.lineage(end).records(after) if end.seq > after else ():
            found.take(kept)
            if progress is not None:
                progress(1)
        return found

    def _rank(self, change: Change) -> tuple[Any, ...]:
        order = [one.name for one in self._projections]
        worth = 0 if change.measure is not None else 1
        return order.index(change.projection), worth, change.table, -change.moved, tuple(map(str, change.key))


def _compared(
    place: Place, before: Any, after: Any, undone: Gathered, done: Gathered, asked: Asked
) -> Iterator[Change]:
    rows = (before, after)
    for key in undone.keys(place, rows) | done.keys(place, rows):
        old, new = before.get(key), after.get(key)
        if not _same(before, key, old, new):
            change = _change(place, key, _named(before.table, old), _named(after.table, new), undone, done)
            if not asked or _is_asked(asked, before.table, change, [*undone.by(place, key), *done.by(place, key)]):
                yield change


def _same(rows: Any, key: tuple[Any, ...], old: Any, new: Any) -> bool:
    """Say whether two rows are the same to the digest of a state: to that, -0.0 and 0.0 are two values."""
    if old is None or new is None or old != new:
        return old is None and new is None
    return bool(rows.hash_of(key, old) == rows.hash_of(key, new))


def _goals(states: States, asked: Asked) -> dict[int, str]:
    """Return the goals of all episodes, if goals are asked for."""
    rows = states[EPISODES_MODEL.name][EPISODES.name] if asked.goal is not None else None
    return {} if rows is None else {key[0]: row[EPISODES.position("goal")] for key, row in rows.items()}


def _change(
    place: Place, key: tuple[Any, ...], old: Row | None, new: Row | None, undone: Gathered, done: Gathered
) -> Change:
    made, taken = ([one.cause for one in side.by(place, key)] for side in (done, undone))
    return Change(*place, key, old, new, made, taken)


def _named(table: Any, row: Any) -> Row | None:
    """Return a row by its columns; the list of a table that keeps the last items is one column."""
    if row is None:
        return None
    values = [list(row)] if table.keep is not None else row
    return {column.name: value for column, value in zip(table.columns, values, strict=True)}


def _is_asked(asked: Asked, table: Any, change: Change, wrote: list[Wrote]) -> bool:
    key = {column.name: value for column, value in zip(table.key, change.key, strict=True)}
    named = {**(change.before or {}), **(change.after or {}), **key}
    return asked.keeps(
        change, named, [one.actor for one in wrote if one.actor], [one.goal for one in wrote if one.goal]
    )
