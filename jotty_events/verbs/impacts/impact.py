"""Impact: what changed later because of an event.

Invariants: an event is found because it took up a thing that the first event left, or that an event found before left
since; the reason names the thing and who left it. Records are read once, in order, so that causes come before effects.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UnknownKey
from ...events import AttemptMade, Event, Origin, tag_of
from ...record import Record
from ...runs.lineage import Kept
from ...runs.point import Point
from ...runs.tree import Tree
from ..diffing.changes import Cause
from ..touched import named
from .things import GONE, LEAVES, READS, Thing, attempt_of

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Effect:
    """An event that took up what an earlier one left. `depth` counts the events from the first one to this."""

    cause: Cause
    because: Cause
    thing: Thing
    reason: str
    depth: int
    event: Event

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            **self.cause.to_dict(),
            "because": self.because.to_dict(),
            "thing": list(self.thing),
            "reason": self.reason,
            "depth": self.depth,
        }

    def __str__(self) -> str:
        return f"{self.cause} {self.reason}: {named(self.thing)}, left by {self.because}"


@dataclass(frozen=True)
class Impact:
    """What changed because of an event, up to a point; effects in the order in which they happened."""

    of: Cause
    upto: Point
    event: Event
    effects: Sequence[Effect]

    def __len__(self) -> int:
        return len(self.effects)

    def __iter__(self) -> Iterator[Effect]:
        return iter(self.effects)

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        upto = {"run": self.upto.run, "seq": self.upto.seq}
        return {"of": self.of.to_dict(), "upto": upto, "effects": [one.to_dict() for one in self.effects]}

    def __str__(self) -> str:
        title = f"{self.of}, up to {self.upto}: {len(self.effects)} later events"
        return "\n".join([title, *map(str, self.effects)])


@dataclass(frozen=True)
class _Left:
    """Who left a thing as it is."""

    cause: Cause
    depth: int


class _Following:
    """What is followed at the moment."""

    def __init__(self, of: Cause, event: Event, depth: int | None) -> None:
        self._things: dict[Thing, _Left] = {}
        self._origins: dict[tuple[str, int], _Left] = {}
        self._most = depth
        self._leave(_Left(of, 0), event)

    def _leave(self, left: _Left, event: Event) -> None:
        self._origins[left.cause.run, left.cause.seq] = left
        leaves = LEAVES.get(type(event))
        for thing in leaves(event) if leaves else ():
            self._things[thing] = left

    def took_up(self, cause: Cause, event: Event) -> Effect | None:
        """Return the effect that an event is, None if it took up nothing that is followed."""
        found = next(self._taken(event), None)
        effect = None
        if found is not None:
            thing, reason, left = found
            effect = Effect(cause, left.cause, thing, reason, left.depth + 1, event)
            if self._most is None or effect.depth < self._most:
                self._leave(_Left(cause, effect.depth), event)
        self._forget(event)
        return effect

    def _taken(self, event: Event) -> Iterator[tuple[Thing, str, _Left]]:
        origin = getattr(event, "origin", None)
        again = self._origins.get((origin.run, origin.seq)) if isinstance(origin, Origin) else None
        if again is not None:
            yield ("record", f"{again.cause.run}@{again.cause.seq}"), "was learned again from it", again
        attempt = attempt_of(event)
        reads: Iterable[tuple[Thing, str]] = READS[type(event)](event) if type(event) in READS else ()
        for thing, reason in [*reads, *([(attempt, "was learned from the attempt")] if attempt else [])]:
            left = self._things.get(thing)
            if left is not None and _was_there(left, event):
                yield thing, reason, left

    def _forget(self, event: Event) -> None:
        gone = GONE.get(type(event))
        for thing in gone(event) if gone else ():
            self._things.pop(thing, None)
            if thing[0] == "value":  # of a memory that is gone all values are
                for one in [one for one in self._things if one[: len(thing)] == thing]:
                    del self._things[one]


def _was_there(left: _Left, event: Event) -> bool:
    """Say whether a thing was there when an event read it: an attempt reads before it is made, or elsewhere."""
    if not isinstance(event, AttemptMade):
        return True
    return not isinstance(event.origin, Origin) and left.cause.seq <= event.read_at


def impact(tree: Tree, place: Point, upto: Point, depth: int | None = None, progress: Progress | None = None) -> Impact:
    """Return what changed because of the record at a place, at most so many events away; UnknownKey, Corruption."""
    records = tree.lineage(upto).records(place.seq - 1)
    first = next(records, None)
    if first is None or first.run != place.run or not isinstance(first.record, Record):
        why = "cannot be read" if first is not None and first.run == place.run else "is not in that line"
        raise UnknownKey(f"{place} {why}: {upto}", hint="name a record on the way to the point")
    of, event = _cause(first, first.record), first.record.event
    return Impact(of, upto, event, list(_effects(_Following(of, event, depth), records, progress)))


def _effects(following: _Following, records: Iterator[Kept], progress: Progress | None) -> Iterator[Effect]:
    for kept in records:
        if progress is not None:
            progress(1)
        if isinstance(kept.record, Record):
            effect = following.took_up(_cause(kept, kept.record), kept.record.event)
            if effect is not None:
                yield effect


def _cause(kept: Kept, record: Record) -> Cause:
    return Cause(kept.run, record.seq, tag_of(record.event))


def placed(
    tree: Tree, event: str | int | Point, upto: Point | None, latest: Callable[[], Point]
) -> tuple[Point, Point]:
    """Return the place of an event, given as `RUN@SEQ` or as a seq, and the end of the line in which it is followed.

    That is `upto`; else the latest line if the event is in it, else the end of its own run. PointError, UnknownRun.
    """
    text = str(event)
    if text.isdecimal():
        end = upto or latest()
        return tree.resolve(f"{end.run}@{text}"), end
    place = tree.resolve(text)
    if upto is not None:
        return place, upto
    end = latest()
    if any(one.run.run == place.run and place.seq <= one.upto for one in tree.lineage(end).spans):
        return place, end
    return place, tree.resolve(place.run)
