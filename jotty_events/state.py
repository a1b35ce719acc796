"""The state at a point: what people read, as dictionaries."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from projections.brain import Brain
from projections.episodes import Episodes
from projections.goals import Goals
from projections.memory import Memory
from projections.q_table import QTable
from projections.todos import Todos

from .projection import Projection
from .reading.replay import digests


class State:
    """All projections at one point; `state["name"]` is one of your own. It changes nothing.

    A conductor's live state changes while it is read from another thread; its digests do not: `guard` sees to that.
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        states: Mapping[str, Any],
        guard: AbstractContextManager[Any] | None = None,
        owners: Collection[str] = (),
    ) -> None:
        """`owners` are agents who may remember something, though they do not yet."""
        self._owners = owners
        self._projections = {one.name: one for one in projections}
        self._states = states
        self._guard = guard or nullcontext()

    def __getitem__(self, name: str) -> Any:
        return self._projections[name].view(self._states)

    @property
    def memory(self) -> Memory:
        """Entries by owner, level and key."""
        return Memory(self._states, self._owners)

    @property
    def q_table(self) -> QTable:
        """Q-values by (state text, action text)."""
        return QTable(self._states)

    @property
    def brain(self) -> Brain:
        """Experiences and patterns."""
        return Brain(self._states)

    @property
    def todos(self) -> Todos:
        """The tasks of the last goal, by their id."""
        return Todos(self._states)

    @property
    def goals(self) -> Goals:
        """Goals by owner and id."""
        return Goals(self._states, self._owners)

    @property
    def episodes(self) -> Episodes:
        """Episodes by their number."""
        return Episodes(self._states)

    def digests(self) -> dict[str, str]:
        """Return the digest of each projection: equal just when the states are."""
        with self._guard:
            return digests(self._projections.values(), self._states)

    def __repr__(self) -> str:
        memories = sum(len(owner.entries()) for owner in self.memory.values())
        return f"State({memories} memories, {len(self.q_table)} Q-values, {len(self.episodes)} episodes)"
