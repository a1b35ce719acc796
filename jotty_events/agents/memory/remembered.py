"""What is asked of a memory without changing it."""

import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from projections.memory import CausalLink, MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...rules.memory import goals
from ...rules.q import exploration
from ...session import Session, undisturbed
from ...types import SHARED, Clock
from ..alone import alone
from ..model import Ask
from ..refusal import require_said
from .causes import Causes
from .goal_hierarchy import GoalHierarchy
from .goals import GoalReader
from .knowledge import Knowledge
from .portrait import memory_as_dict


class Remembered:
    """What one owner remembers: "shared", or an agent's name."""

    def __init__(
        self,
        agent_name: str = SHARED,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        self.agent_name = agent_name
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)
        self._goals = GoalReader(self._session, agent_name, self.config)
        self._causes = Causes(agent_name, self.config, self._session)
        self._knowledge = Knowledge(agent_name, self.config, self._session)
        self.goal_hierarchy = GoalHierarchy(agent_name, self.config, self._session)

    @property
    def memories(self) -> OwnerMemory:
        """Entries by level, then by key."""
        found: OwnerMemory = self._session.view("memory").of(self.agent_name)
        return found

    def __len__(self) -> int:
        return sum(map(len, self.memories.values()))

    def value(self, entry: MemoryEntry, goal: str) -> goals.ValueRead:
        """Return V(goal) of an entry, and whether it is the goal's own, the default, or drawn from related goals."""
        return self._goals.value(entry, goal)

    @undisturbed
    def get_value_with_transfer(self, entry: MemoryEntry, goal: str, transfer_weight: float | None = None) -> float:
        """Return V(goal) of an entry; related goals count `transfer_weight` together, in [0, 1]."""
        return self._goals.value(entry, goal, transfer_weight).value

    @undisturbed
    def get_ucb_score(
        self, entry: MemoryEntry, goal: str, total_accesses: int | None = None, c: float = exploration.UCB_COEFFICIENT
    ) -> float:
        """Return how much an entry deserves a look, by its value and by how seldom it was looked at (RULES R3)."""
        total = self.memories.total_accesses if total_accesses is None else total_accesses
        return exploration.ucb_score(entry.value(goal), entry.ucb_visits, total, c)

    @undisturbed
    def retrieve_causal(self, query: str, context: Mapping[str, Any] | None = None) -> list[CausalLink]:
        """Return the causal links that mention a query and apply in a context, the surest first."""
        require_said(query=query)
        return self._causes.find(query, context or {})

    @undisturbed
    def get_consolidated_knowledge(
        self, goal: str | None = None, max_items: int = 10, *, without: Sequence[MemoryEntry] = ()
    ) -> str:
        """Return what was learned as text for a prompt: patterns, procedures, wisdom and causal links.

        `without` are entries that the prompt shows elsewhere: what says the same is left out, whoever remembers it.
        """
        shown = {entry.content_hash for entry in without}
        if self._session.rules < 2:
            return self._knowledge.as_original(goal, max_items, shown)
        return self._knowledge.text(goal, max_items, shown)

    @undisturbed
    def get_statistics(self) -> dict[str, Any]:
        """Return how much there is of what."""
        owned = self.memories
        return {
            "total_memories": len(self),
            "by_level": {level: len(entries) for level, entries in owned.items()},
            "total_accesses": owned.total_accesses,
            "consolidation_count": owned.consolidations,
            "causal_links": len(owned.links),
            "unique_goals": len(self.goal_hierarchy),
            "protected_memories": sum(entry.protected for entry in owned.entries()),
        }

    @undisturbed
    def to_dict(self) -> dict[str, Any]:
        """Return all that is remembered as JSON values, in the original's form; later changes do not show in it."""
        return memory_as_dict(self.memories, self.goal_hierarchy.to_dict(), self._session.rules)
