"""What the telling of one event is given, and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...events import TrajectoryEnded
from ...reading.conclusions import Settings


@dataclass(frozen=True)
class Around:
    """What is known around an event: the settings of its run, the Q entries by their numbers, and the trajectory.

    `about` is the column that is the value of the row.
    """

    settings: Settings = field(default_factory=Settings)
    entries: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    trajectory: TrajectoryEnded | None = None
    about: str | None = None

    def name(self, nth: int) -> str:
        """Return the name of a Q entry by its number."""
        key = self.entries.get(nth)
        return f"entry {nth}" if key is None else f"({', '.join(map(str, key))})"


class Taken(NamedTuple):
    """A number that an event read from a Q entry."""

    role: str
    nth: int
    raw: float
    similarity: float | None = None


class Told(NamedTuple):
    """The lines that say an event's arithmetic, and the entries that its numbers were taken from."""

    lines: list[str]
    taken: tuple[Taken, ...] = ()


Telling = Callable[[Any, Around], Told]
"""Tells one event. In a line `LEFT = RIGHT: WORDS` both sides are numbers; `clamp` brings a number into [0, 1]."""
