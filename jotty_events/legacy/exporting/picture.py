"""A state as the original's files.

Invariants: the bytes follow from the state and from where it was taken: the same point gives the same bytes, and no
clock is looked at. What the original has no place for stands beside what it has, under names that it passes over.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from projections.brain import Brain
from projections.goals import Goals
from projections.memory import Memory
from projections.q_table import QTable
from projections.todos import Todos

from ...agents.brain.portrait import brain_as_dict
from ...agents.json_file import as_bytes
from ...agents.memory.portrait import COMPLETE, goals_as_dict, memory_as_dict
from ...agents.memory.rate import rate_as_dict
from ...agents.q.portrait import PARAMETERS, TablePortrait
from ...agents.todo.portrait import list_as_dict
from ...config import JottyConfig
from ...types import SHARED, Json
from ..schemas.names import SHARED_NAME
from . import exact, layout
from .names import stems
from .todo_text import todo_text

PARTS = ("memory", "q_table", "brain", "todos")
BRAIN_TYPE = "BrainInspiredMemoryManager"


@dataclass(frozen=True)
class Whence:
    """Where a state was taken: its point, its time (seconds since 1970), and by what its run learned."""

    point: str
    at: float
    rules: int
    config: JottyConfig


class Picture:
    """One state, in those of its parts that are wanted."""

    def __init__(
        self, states: Mapping[str, Any], whence: Whence, parts: Collection[str] = PARTS, *, exact: bool = False
    ) -> None:
        """`exact` files have no field but the original's own (see exact.py)."""
        self.whence = whence
        self._exact = exact
        self._states = states
        self._parts = parts
        self._memory = Memory(states)
        self._goals = Goals(states)

    def paths(self) -> list[str]:
        """Return the paths of all files, without making them."""
        return list(self._makers())

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give out the path and the bytes of each file, one at a time."""
        yield from ((path, make()) for path, make in self._makers().items())

    def _makers(self) -> dict[str, Any]:
        makers: dict[str, Any] = {}
        if "memory" in self._parts:
            makers[layout.SHARED_MEMORY] = lambda: self._bytes(self.memory(SHARED), exact.memory)
            for name, stem in stems(self.owners()).items():
                makers[layout.local_memory(stem)] = lambda name=name: self._bytes(self.memory(name), exact.memory)
        if "q_table" in self._parts:
            makers[layout.Q_TABLE] = lambda: self._bytes(self.q_table(), exact.q_table)
        if "brain" in self._parts:
            makers[layout.BRAIN] = lambda: self._bytes(self.brain(), exact.brain)
        if "todos" in self._parts and self._has_list():
            makers[layout.TODO] = lambda: self._bytes(self.todo(), exact.todo)
            makers[layout.TODO_TEXT] = lambda: todo_text(self.todo(), self.whence.at).encode()
        return makers

    def _bytes(self, said: Json, exactly: Callable[[Json], Json]) -> bytes:
        return as_bytes(exactly(said) if self._exact else said)

    def _has_list(self) -> bool:
        """Say whether there is anything to tell of a list, be it one that was never begun."""
        said = self.todo()
        return any(said[name] for name in ("todo_id", "subtasks", "checkpoints", "risk_factors", "marks"))

    def owners(self) -> list[str]:
        """Return who remembers something of its own, or has goals."""
        return sorted({*self._memory.heard_of(), *self._goals} - {SHARED})

    def memory(self, owner: str) -> Json:
        """Return what one owner remembers; with "shared" also the learning rate of all values."""
        said = memory_as_dict(self._memory.of(owner), goals_as_dict(self._goals.of(owner)), COMPLETE)
        if owner != SHARED:
            return said
        return said | {"agent_name": SHARED_NAME, "learning_rate": rate_as_dict(self._memory)}

    def q_table(self) -> Json:
        """Return the Q-table, the buffer and the tiers."""
        table, config = QTable(self._states), self.whence.config
        learned = {name: table.parameter(name) for name in PARAMETERS}
        parameters = {name: getattr(config, name) if one is None else one for name, one in learned.items()}
        said = TablePortrait(table, self.whence.rules).drawn(parameters, complete=True)
        return said | {"buffer_size": len(said["experience_buffer"]), "timestamp": self.whence.at}

    def brain(self) -> Json:
        """Return the brain, and the settings that the original writes beside it."""
        config = self.whence.config
        return {
            "timestamp": self.whence.at,
            "brain_type": BRAIN_TYPE,
            "sleep_interval": config.consolidation_interval,
            "max_hippocampus_size": config.max_hippocampus_size,
            "max_neocortex_size": config.max_neocortex_size,
            "replay_threshold": config.brain_memory_threshold,
            "reward_weight": config.replay_reward_weight,
            "novelty_weight": config.replay_novelty_weight,
            "frequency_weight": config.replay_frequency_weight,
            **brain_as_dict(Brain(self._states)),
        }

    def todo(self) -> Json:
        """Return the task list."""
        return {**list_as_dict(Todos(self._states), self.whence.rules), "timestamp": self.whence.at}
