"""A session that stands still: learners read the states in it, and what they would add is only noted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..events import Event
from ..log.memory_files import MemoryFiles
from ..projection import Projection
from ..reading.replay import Replay
from ..runs.point import Point
from ..runs.tree import Tree
from ..session import Session, Transaction
from ..types import Json

_SAID = ("episode", "actor", "attempt", "origin")


class _WouldAdd(BaseException):
    """The first event that a call would add: nothing after it is of interest."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class _Noting(Transaction):
    """A commit that ends with the first event that is added to it."""

    def add(self, event: Event) -> None:
        raise _WouldAdd(event)


class Standing(Session):
    """A session over states that somebody else brings forward."""

    def __init__(self, projections: Sequence[Projection], states: Mapping[str, Any], rules: int) -> None:
        self._given = states
        self._now = 0.0
        super().__init__(
            projections, clock=lambda: self._now, tree=Tree(MemoryFiles()), start=None, plan=None, rules=rules
        )

    def _replayed(self, point: Point | None) -> Replay:
        return Replay(self.projections, self._given)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a commit that takes in nothing."""
        yield _Noting(self, self._now)

    @contextmanager
    def at(self, recorded: Event) -> Iterator[Transaction]:
        """Open a commit at the time and place of a recorded event."""
        self._now = getattr(recorded, "now", self._now)
        self.provenance = said_of(recorded)
        with self.transaction() as commit:
            yield commit

    def would_add(self, recorded: Event, call: Callable[[Transaction], object]) -> Event | None:
        """Return the first event that a call would add at the time of a recorded one, None if it adds none."""
        try:
            with self.at(recorded) as commit:
                call(commit)
        except _WouldAdd as first:
            return first.event
        return None


def said_of(recorded: Event) -> Json:
    """Return what a recorded event says of its episode, its actor and its attempt."""
    said = {name: getattr(recorded, name, None) for name in _SAID}
    return {name: value for name, value in said.items() if value is not None}
