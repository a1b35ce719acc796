"""Which rows the records of a line wrote, each with the events that did.

Invariants: a row that no record wrote since two lines part is the same on both, and is never looked at.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from projections import ReadModel
from projections.table import Key

from ...events import EpisodeStarted, Event, tag_of
from ...record import Record
from ...runs.lineage import Kept
from ..touched import Touch, Toucher, context_of, tags_of
from .changes import Cause


class Wrote(NamedTuple):
    """An event that wrote a row, who acted, and for which goal."""

    cause: Cause
    actor: str | None
    goal: str | None


Place = tuple[str, str]
"""A projection and one of its tables."""


class Gathered:
    """What the records of one line wrote since a seq."""

    def __init__(self, models: Iterable[ReadModel], goals: Mapping[int, str]) -> None:
        """`goals` are those of the episodes that began before."""
        self._touchers = [Toucher(model) for model in models]
        self._readers: dict[str, list[Toucher]] = {}
        for one in self._touchers:
            for tag in sorted(tags_of(one.model)):
                self._readers.setdefault(tag, []).append(one)
        self.rows: dict[Place, dict[Key, list[Wrote]]] = {}
        self.dropped: dict[Place, dict[Key, list[Wrote]]] = {}
        """Of what was dropped below a parent, or cleared (`()`): rows that only the states know."""
        self._goals = dict(goals)

    def take(self, kept: Kept) -> None:
        """Take up a record; what cannot be read writes nothing."""
        record = kept.record
        if not isinstance(record, Record):
            return
        event, wrote = record.event, None
        if isinstance(event, EpisodeStarted):
            self._goals[event.episode] = event.goal
        for toucher in self._readers.get(tag_of(event), ()):
            for touch in toucher.touches(record):
                wrote = wrote or self._wrote(kept.run, record.seq, event)
                self._note((toucher.model.name, touch.table), touch, wrote)

    def _wrote(self, run: str, seq: int, event: Event) -> Wrote:
        episode, actor, _ = context_of(event)
        goal = getattr(event, "goal", None) or (None if episode is None else self._goals.get(episode))
        return Wrote(Cause(run, seq, tag_of(event)), actor, goal)

    def _note(self, place: Place, touch: Touch, wrote: Wrote) -> None:
        into = self.dropped if touch.how in ("drop", "clear") else self.rows
        into.setdefault(place, {}).setdefault(touch.key, []).append(wrote)

    def keys(self, place: Place, states: Iterable[Any]) -> set[Key]:
        """Return the keys of a table's rows that may differ; `states` are the rows at both ends."""
        found = set(self.rows.get(place, ()))
        dropped = self.dropped.get(place, {})
        for rows in states:
            for key in dropped:
                found |= _below(rows, key)
        return found

    def by(self, place: Place, key: Key) -> list[Wrote]:
        """Return what wrote a row, in order."""
        found = list(self.rows.get(place, {}).get(key, ()))
        dropped = self.dropped.get(place, {})
        for width in range(len(key) + 1) if dropped else ():
            found += dropped.get(key[:width], ())
        return sorted(dict.fromkeys(found), key=lambda one: one.cause.seq)


def _below(rows: Any, key: Key) -> set[Key]:
    """Return the keys of the rows that a drop of `key` takes away; of all rows for `()`."""
    if not key:
        return set(rows.all_keys())
    if len(key) == len(rows.table.key):
        return {key}
    return {key + rest for rest in rows.group(key)}
