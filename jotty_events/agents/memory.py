"""The five-level memory of one owner: reads the live state, asks the rules, appends what they conclude."""

import time
from collections.abc import Container, Mapping, Sequence
from random import Random
from typing import Any

from projections.memory import MemoryEntry, OwnerMemory

from ..admission import text
from ..config import JottyConfig
from ..events import (
    MemoryAccessed,
    MemoryConsolidated,
    MemoryProtected,
)
from ..rules import goals, memory, recall
from ..session import Session, Transaction, undisturbed
from ..types import LEVELS, SHARED, Clock, Json
from .alone import alone
from .goals import GoalReader
from .refusal import require_level, require_memory
from .storing import Content, Storing, candidate


class HierarchicalMemory:
    """The memories of one owner: "shared", or an agent's name."""

    def __init__(
        self,
        agent_name: str = SHARED,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock and these random draws."""
        self.agent_name = agent_name
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng)
        self._goals = GoalReader(self._session, agent_name, self.config)
        self._storing = Storing(agent_name, self.config, self._session)

    @property
    def memories(self) -> OwnerMemory:
        """Entries by level, then by key."""
        found: OwnerMemory = self._session.view("memory")[self.agent_name]
        return found

    def __len__(self) -> int:
        return sum(map(len, self.memories.values()))

    def value(self, entry: MemoryEntry, goal: str) -> goals.ValueRead:
        """Return V(goal) of an entry, and whether it is the goal's own, the default, or drawn from related goals."""
        return self._goals.value(entry, goal)

    def score_goal(self, goal: str, success: bool) -> None:
        """Note whether an episode reached a goal."""
        with self._session.transaction() as commit:
            self._goals.score(commit, goal, success)

    def know_goal(self, goal: str, domain: str) -> None:
        """Add a goal to the hierarchy, so that values learned for related goals bear on it."""
        with self._session.transaction() as commit:
            self._goals.require(commit, goal, domain, {})

    def store(
        self,
        content: str,
        level: str = "episodic",
        context: Json | None = None,
        goal: str = "",
        initial_value: float | None = None,
        *,
        domain: str | None = None,
        task_type: str | None = None,
        outcome: str | None = None,
        agent: str | None = None,
    ) -> MemoryEntry | None:
        """Keep a content; storing known content again counts as an access, and keeps what is new of goal and value.

        `initial_value` is in [0, 1]; 0.5 where nothing is given (what was learned, for known content). Returns the
        entry, None in mode DISABLED. ConfigError for an unknown level or an unusable value, InvalidEvent for a context
        that JSON cannot hold.
        """
        require_level(level)
        require_memory(content, goal, context, initial_value)
        goal = text(goal, "the goal")
        context = dict(context or {})
        kept = Content(
            content,
            level,
            goal,
            memory.domain_of(context, domain),
            memory.task_type_of(context, task_type),
            agent or self.agent_name,
            context,
            None if initial_value is None else float(initial_value),
            outcome,
        )
        with self._session.transaction() as commit:
            known = self.memories[level].get(kept.key)
            if known is None:
                self._storing.new(commit, kept)
            else:
                self._storing.again(commit, kept, known, self.value(known, goal))
            self._goals.require(commit, goal, kept.domain, context)
        return self.memories[level].get(kept.key)

    def _access(self, commit: Transaction, entry: MemoryEntry, goal: str) -> None:
        commit.add(
            MemoryAccessed(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                goal=goal,
                cause="retrieved",
                now=commit.now,
                access_count=entry.access_count + 1,
                ucb_visits=entry.ucb_visits + 1,
                total_accesses=self.memories.total_accesses + 1,
                nth=entry.nth,
            )
        )

    def store_with_outcome(
        self, content: str, context: Json, goal: str, outcome: str = "neutral"
    ) -> MemoryEntry | None:
        """Keep what became of something: failures as causes, successes as patterns, anything else as it happened."""
        kept = memory.outcome_with_store(content, outcome, context)
        return self.store(kept.content, kept.level, context, goal, kept.initial_value, outcome=outcome)

    @undisturbed
    def retrieve(
        self, query: str, goal: str, budget_tokens: int = 4000, levels: Sequence[str] | None = None
    ) -> list[MemoryEntry]:
        """Return the entries that answer a query, best first, up to a number of tokens; each counts as accessed.

        ConfigError for an unknown level.
        """
        for level in levels or ():
            require_level(level)
        entries = {entry.nth: entry for level in levels or LEVELS for entry in self.memories[level].entries()}
        found = recall.rank(
            query,
            (self._recallable(entry, goal) for entry in entries.values()),
            threshold=self.config.rag_relevance_threshold,
        )
        chosen = _within([entries[one.key] for one in found], budget_tokens)
        with self._session.transaction() as commit:
            for entry in chosen:
                self._access(commit, entry, goal)
        return chosen

    def _recallable(self, entry: MemoryEntry, goal: str) -> recall.Memory[int]:
        texts = [entry.content, *entry.goal_values]
        return recall.Memory(entry.nth, texts, self.value(entry, goal).value, entry.nth)

    def note_recalled(self, commit: Transaction, entries: Sequence[MemoryEntry], goal: str) -> None:
        """Count entries as retrieved that went into a context."""
        for entry in entries:
            self._access(commit, entry, goal)

    @undisturbed
    def get_consolidated_knowledge(
        self, goal: str | None = None, max_items: int = 10, *, without: Sequence[MemoryEntry] = ()
    ) -> str:
        """Return what was learned as text for a prompt: patterns, procedures, wisdom and causal links.

        `without` are entries that the prompt shows elsewhere: what says the same is left out, whoever remembers it.
        """
        levels = self.memories
        shown = {entry.content_hash for entry in without}
        return recall.consolidated_knowledge(
            patterns=self._items(levels["semantic"], goal, shown),
            procedures=self._items(levels["procedural"], goal, shown),
            wisdom=self._items(levels["meta"], goal, shown),
            links=[recall.Link(one.cause, one.effect, one.confidence) for one in levels.links.entries()],
            by_value=goal is not None,
            max_items=max_items,
        )

    def _items(self, level: Mapping[str, MemoryEntry], goal: str | None, shown: Container[str]) -> list[recall.Item]:
        return [
            recall.Item(
                entry.content,
                entry.default_value if goal is None else self.value(entry, goal).value,
                entry.access_count,
                entry.nth,
            )
            for entry in level.values()
            if entry.content_hash not in shown
        ]

    def protect_high_value(self, threshold: float | None = None) -> int:
        """Protect entries from eviction, or cease to, by the value they have learned; returns how many changed."""
        changed = 0
        least = self.config.protected_memory_threshold if threshold is None else threshold
        with self._session.transaction() as commit:
            for entry in self.memories.entries():
                safe, reason = memory.protects(entry.default_value, entry.level, least)
                if (safe, reason) != (entry.protected, entry.protection_reason):
                    changed += 1
                    self._protect(commit, entry, least, safe, reason)
        return changed

    def _protect(self, commit: Transaction, entry: MemoryEntry, threshold: float, safe: bool, reason: str) -> None:
        commit.add(
            MemoryProtected(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                threshold=threshold,
                value=entry.default_value,
                protected=safe,
                reason=reason,
                nth=entry.nth,
            )
        )

    def consolidate(self) -> int:
        """Let go of old episodes that proved worthless; returns how many."""
        with self._session.transaction() as commit:
            episodes = self.memories["episodic"]
            gone = memory.stale(map(candidate, episodes.entries()), now=commit.now)
            self._storing.let_go(commit, [episodes[key] for key in gone], "stale")
            commit.add(
                MemoryConsolidated(
                    **self._session.provenance,
                    owner=self.agent_name,
                    now=commit.now,
                    count=self.memories.consolidations + 1,
                    pruned=len(gone),
                    patterns=0,
                )
            )
        return len(gone)

    @undisturbed
    def to_dict(self) -> dict[str, Any]:
        """Return all entries and links as JSON values; later changes do not show in it."""
        return {
            "agent_name": self.agent_name,
            "memories": {
                level: {key: entry.to_dict() for key, entry in entries.items()}
                for level, entries in self.memories.items()
            },
            "causal_links": {key: link.to_dict() for key, link in self.memories.links.items()},
        }


def _within(entries: Sequence[MemoryEntry], budget: int) -> list[MemoryEntry]:
    """Return the first entries that fit into a number of tokens together."""
    chosen = []
    for entry in entries:
        budget -= entry.token_count
        if budget < 0:
            break
        chosen.append(entry)
    return chosen
