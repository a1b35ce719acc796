"""What an explanation is made of: steps, each an event with the arithmetic that it says.

Invariants: steps stand newest first; the value of the first is the value in the state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from msgspec import to_builtins

from ...events import AttemptMade, Event, ModelAnswered, tag_of
from ...runs.point import Point
from ..touched import named

_CUT = 200


@dataclass(frozen=True)
class Source:
    """An entry that a number was taken from: `role` is the field, `raw` the entry's value at that moment.

    `step` is the event that left that value, where it was followed; `key` is None where nobody knows the entry.
    """

    role: str
    nth: int
    key: tuple[Any, ...] | None
    raw: float
    similarity: float | None = None
    step: "Step | None" = None

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "role": self.role,
            "nth": self.nth,
            "key": None if self.key is None else list(self.key),
            "raw": self.raw,
            "similarity": self.similarity,
            "step": None if self.step is None else self.step.to_dict(),
        }


@dataclass(frozen=True)
class Occasion:
    """On which occasion an event happened: in which episode, for which goal, at which attempt, and what models said."""

    goal: str | None = None
    attempt: AttemptMade | None = None
    attempt_seq: int | None = None
    answers: Sequence[tuple[int, ModelAnswered]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        made = self.attempt
        tried = None if made is None else {name: getattr(made, name) for name in _TRIED} | {"seq": self.attempt_seq}
        answers = [{"seq": seq, **{name: getattr(one, name) for name in _ANSWERED}} for seq, one in self.answers]
        return {"goal": self.goal, "attempt": tried, "answers": answers}


_TRIED = ("actor", "attempt", "approach", "explored", "outcome", "reward", "error", "error_type")
_ANSWERED = ("purpose", "model", "answer", "failure", "used")


def _finite(number: float | None) -> float | str | None:
    """Return a number as JSON can hold it: a sum of numbers near the greatest may be infinite, and is a text then."""
    return number if number is None or isfinite(number) else str(number)


@dataclass(frozen=True)
class Step:
    """An event that wrote the row: what it wrote, the value since, and how that follows.

    `lines` say the arithmetic with the recorded numbers, the value's own first. `recomputed` is what the rules of the
    run conclude from the event, None where nothing follows from the event alone.
    """

    run: str
    seq: int
    at: int
    event: Event
    wrote: dict[str, Any]
    value: Any
    lines: Sequence[str] = ()
    sources: Sequence[Source] = ()
    occasion: Occasion = field(default_factory=Occasion)
    recomputed: float | None = None

    @property
    def type(self) -> str:
        """The tag of the event."""
        return tag_of(self.event)

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "run": self.run,
            "seq": self.seq,
            "at": self.at,
            "type": self.type,
            "episode": getattr(self.event, "episode", None),
            "actor": getattr(self.event, "actor", None),
            "value": self.value,
            "recomputed": _finite(self.recomputed),
            "arithmetic": list(self.lines),
            "wrote": to_builtins(self.wrote),
            "sources": [one.to_dict() for one in self.sources],
            **self.occasion.to_dict(),
        }

    def told(self) -> Iterator[tuple[int, str]]:
        """Give out the lines that people read, each with how far it is indented."""
        yield 0, f"{self.run}@{self.seq} {self.type}"
        for line in self.lines:
            yield 1, line
        yield from ((1, line) for line in _occasion(self))
        for source in self.sources:
            if source.step is not None:
                yield 1, f"{source.role} was left by"
                yield from ((depth + 2, line) for depth, line in source.step.told())


def _occasion(step: Step) -> Iterator[str]:
    episode, made = getattr(step.event, "episode", None), step.occasion.attempt
    if episode is not None:
        yield f"in episode {episode}" + (f": {step.occasion.goal}" if step.occasion.goal else "")
    if made is not None:
        error = f" ({made.error_type}: {made.error})" if made.error else ""
        what = made.approach or "no approach"
        yield f"attempt {made.attempt} by {made.actor}: {what}, {made.outcome}, reward {made.reward:.2f}{error}"
    for seq, one in step.occasion.answers:
        said = f"failed: {one.failure}" if one.failure else f"answered {one.answer!r:.{_CUT}}"
        yield f"{one.model}, asked about {one.purpose} at {seq}, {said}"


@dataclass(frozen=True)
class Explanation:
    """The events behind one value, newest first. `row` is the row in the state, by column."""

    point: Point
    projection: str
    table: str
    key: tuple[Any, ...]
    measure: str | None
    row: dict[str, Any]
    steps: Sequence[Step]

    @property
    def value(self) -> Any:
        """The value in the state."""
        return None if self.measure is None else self.row.get(self.measure)

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "point": asdict(self.point),
            "projection": self.projection,
            "table": self.table,
            "key": list(self.key),
            "measure": self.measure,
            "value": self.value,
            "row": self.row,
            "steps": [one.to_dict() for one in self.steps],
        }

    def told(self) -> Iterator[tuple[int, str]]:
        """Give out the lines that people read, each with how far it is indented."""
        worth = "" if self.measure is None else f": {self.measure} {self.value}"
        yield 0, f"{self.projection}.{self.table} {named(self.key)} at {self.point}{worth}"
        for step in self.steps:
            yield from step.told()

    def __str__(self) -> str:
        return "\n".join("    " * depth + line for depth, line in self.told())
