"""Explaining an attempt: what stood in its prompt, what it chose from, and which events put that there.

Invariants: only what was recorded before the prompt was drawn up is looked at. Memories, lessons and candidates are
explained one by one; what else the text says (consolidated knowledge, patterns) stands in `text` alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import UNSET

from ...errors import UnknownKey
from ...events import AttemptMade, Event, MemoryRenamed, MemoryStored, QUpdated, ValueUpdated, tag_of
from ...reading.finding import Search, find
from ...record import Record
from ...runs.lineage import Kept
from ...runs.point import Point
from ...runs.tree import Tree
from ..diffing.changes import Cause
from ..touched import named
from .around import Runs
from .tellings import tell
from .told import Around

PartKind = Literal["memory", "lesson", "candidate"]
_NUMBER = 9


@dataclass(frozen=True)
class Put:
    """An event that put something into a prompt, and what it says."""

    cause: Cause
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {**self.cause.to_dict(), "line": self.line}


@dataclass(frozen=True)
class Part:
    """A memory, a lesson or a candidate: its value as it was read, and the events that made it, newest first."""

    kind: PartKind
    key: tuple[Any, ...]
    says: str
    value: float | None
    events: Sequence[Put]

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "kind": self.kind,
            "key": list(self.key),
            "says": self.says,
            "value": self.value,
            "events": [one.to_dict() for one in self.events],
        }


@dataclass(frozen=True)
class ContextExplanation:
    """What an attempt was told: the whole text, and its parts."""

    run: str
    seq: int
    attempt: AttemptMade
    parts: Sequence[Part]

    @property
    def text(self) -> str:
        """What stood in the prompt."""
        return self.attempt.learned_context

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        made = self.attempt
        told = {name: getattr(made, name) for name in _TOLD}
        return {"run": self.run, "seq": self.seq, **told, "parts": [one.to_dict() for one in self.parts]}

    def told(self) -> Iterator[tuple[int, str]]:
        """Give out the lines that people read, each with how far it is indented."""
        made = self.attempt
        yield 0, f"{self.run}@{self.seq} attempt {made.attempt} of episode {made.episode} by {made.actor}: {made.goal}"
        yield 1, f"{made.approach or 'no approach'}, {made.outcome}, reward {made.reward:.2f}"
        for part in self.parts:
            worth = "" if part.value is None else f" {part.value:.3f}"
            yield 0, f"{part.kind}{worth} {named(part.key)}" + (f": {part.says}" if part.says else "")
            for put in part.events:
                yield 1, f"{put.cause.run}@{put.cause.seq} {put.cause.type}: {put.line}"
        yield 0, "the prompt said" if self.text else "the prompt said nothing that was learned"
        yield from ((1, line) for line in self.text.splitlines())

    def __str__(self) -> str:
        return "\n".join("    " * depth + line for depth, line in self.told())


_TOLD = (
    "episode",
    "attempt",
    "actor",
    "goal",
    "read_at",
    "approach",
    "explored",
    "outcome",
    "reward",
    "error",
    "learned_context",
)


def attempt_at(tree: Tree, attempt: str | Point, point: Point) -> tuple[str, int, AttemptMade]:
    """Return an attempt with its run and seq: the record at `RUN@SEQ`, or `EPISODE.ATTEMPT` on the way to a point.

    UnknownKey, PointError, UnknownRun.
    """
    episode, dot, number = str(attempt).partition(".")
    if dot and all(one.isdecimal() and one.isascii() and len(one) <= _NUMBER for one in (episode, number)):
        wanted = {"episode": [int(episode)], "attempt": [int(number)]}
        found = find(tree.lineage(point), {tag_of(AttemptMade): [wanted]})
    else:
        place = tree.resolve(str(attempt))
        found = (one for one in tree.lineage(place).records(place.seq - 1))
    for kept in found:
        if isinstance(kept.record, Record) and isinstance(kept.record.event, AttemptMade):
            return kept.run, kept.record.seq, kept.record.event
    hint = "name it as RUN@SEQ of its record, or EPISODE.ATTEMPT: `jotty-events log --type attempt_made` lists them"
    raise UnknownKey(f"{str(attempt)[:80]!r} is no attempt", hint=hint)


def explain_context(tree: Tree, attempt: str | Point, point: Point) -> ContextExplanation:
    """Return what stood in an attempt's prompt, and which events put it there; as `attempt_at`, and Corruption."""
    run, seq, made = attempt_at(tree, attempt, point)
    # One that was learned again elsewhere was told there what it was told.
    told_in = run if made.origin is UNSET or made.origin is None else made.origin.run
    end = Point(told_in, made.read_at)
    lineage = tree.lineage(tree.resolve(str(end)))
    kept = [one for one in find(lineage, _search(made)) if one.record.seq <= made.read_at]
    return ContextExplanation(run, seq, made, list(_parts(made, kept, Runs(lineage))))


def _search(made: AttemptMade) -> Search:
    keys = sorted({one.key for one in made.memories})
    nths = sorted({one.nth for one in made.candidates if one.nth is not None})
    found: dict[str, list[dict[str, Any]]] = {}
    if keys:
        found = {tag_of(kind): [{"key": keys}] for kind in (MemoryStored, MemoryRenamed, ValueUpdated)}
    q: list[dict[str, Any]] = [{"nth": nths}] if nths else []
    q += [{"lesson": made.lessons}] if made.lessons else []
    return {**found, tag_of(QUpdated): q} if q else found


def _parts(made: AttemptMade, kept: Sequence[Kept], runs: Runs) -> Iterator[Part]:
    memory = _by(kept, lambda event: getattr(event, "key", None) and (event.owner, event.level, event.key))
    for one in made.memories:
        name = (one.owner, one.level, one.key)
        found = memory.get(name, [])
        yield Part("memory", name, _content(found), one.value, _puts(found, runs))
    lessons = _by(kept, lambda event: getattr(event, "lesson", None))
    for lesson in made.lessons:
        yield Part("lesson", (lesson,), "", None, _puts(lessons.get(lesson, []), runs))
    updates = _by(kept, lambda event: event.nth if isinstance(event, QUpdated) else None)
    for option in made.candidates:
        found = [] if option.nth is None else updates.get(option.nth, [])
        says = "nothing was known of it" if option.nth is None else "tried before in this round" if option.tried else ""
        yield Part("candidate", (option.approach,), says, option.q, _puts(found, runs))


def _by(kept: Iterable[Kept], name: Any) -> Mapping[Any, list[Kept]]:
    found: dict[Any, list[Kept]] = {}
    for one in kept:
        if isinstance(one.record, Record) and (key := name(one.record.event)) is not None:
            found.setdefault(key, []).append(one)
    return found


def _content(found: Iterable[Kept]) -> str:
    events = [one.record.event for one in found if isinstance(one.record, Record)]
    return next((event.content for event in reversed(events) if isinstance(event, MemoryStored | MemoryRenamed)), "")


def _puts(found: Sequence[Kept], runs: Runs) -> list[Put]:
    records = [(one.run, one.record) for one in reversed(found) if isinstance(one.record, Record)]
    return [
        Put(Cause(run, record.seq, tag_of(record.event)), _line(record.event, Around(runs.of(run))))
        for run, record in records
    ]


def _line(event: Event, around: Around) -> str:
    return next(iter(tell(event, {}, around).lines), "")
