"""A call that adds many events, carried out to its end over a copy of the states that it changes."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ..events import Event
from ..log.memory_files import MemoryFiles
from ..projection import Projection
from ..reading.replay import Replay
from ..runs.point import Point
from ..runs.tree import Tree
from ..session import Session


class Performing(Session):
    """A session that learns, in memory and without a log; what is not copied is only read."""

    def __init__(
        self,
        projections: Sequence[Projection],
        states: Mapping[str, Any],
        *,
        copied: Sequence[str],
        now: float,
        rules: int,
        seq: int,
    ) -> None:
        changing = {name: deepcopy(states[name]) for name in copied}
        self._given = {**states, **changing}
        self.added: list[Event] = []
        tree = Tree(MemoryFiles())
        super().__init__(projections, clock=lambda: now, tree=tree, start=None, plan=None, rules=rules)
        self._seq = seq

    def _replayed(self, point: Point | None) -> Replay:
        return Replay(self.projections, self._given)

    def apply(self, event: Event, at: float) -> None:
        """Take up an event, and remember it."""
        super().apply(event, at)
        self.added.append(event)

    def all_of(self, call: Callable[[], object]) -> list[Event]:
        """Return the events that a call adds."""
        with self.transaction():
            call()
        return self.added
