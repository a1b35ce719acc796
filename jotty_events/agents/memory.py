"""The five-level memory of one owner: reads the live state, asks the rules, appends what they conclude."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from projections.memory import MemoryEntry, OwnerMemory

from ..config import JottyConfig
from ..errors import ConfigError
from ..events import (
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryProtected,
    MemoryStored,
    ValueUpdated,
)
from ..rules import goals, memory, recall
from ..session import Session, Transaction
from ..types import LEVELS, Json
from .goals import GoalReader


class HierarchicalMemory:
    """The memories of one owner: "shared", or an agent's name."""

    def __init__(self, agent_name: str, config: JottyConfig, session: Session) -> None:
        self.agent_name = agent_name
        self.config = config
        self._session = session
        self._goals = GoalReader(session, agent_name, config)

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
        entry, None in mode DISABLED. ConfigError for an unknown level or an unusable value.
        """
        _require_usable(level, initial_value, content)
        context = dict(context or {})
        named = memory.domain_of(context, domain), memory.task_type_of(context, task_type)
        digest = memory.content_hash(content)
        key = memory.memory_key(*named, digest)
        with self._session.transaction() as commit:
            known = self.memories[level].get(key)
            if known is not None:
                self._store_again(commit, known, goal, initial_value)
            else:
                self._make_room(commit, level)
                self._store_new(
                    commit, content, digest, level, key, named, context, goal, initial_value, outcome, agent
                )
            self._goals.require(commit, goal, named[0], context)
        return self.memories[level].get(key)

    def _store_new(
        self,
        commit: Transaction,
        content: str,
        digest: str,
        level: str,
        key: str,
        named: tuple[str, str],
        context: Json,
        goal: str,
        initial_value: float | None,
        outcome: str | None,
        agent: str | None,
    ) -> None:
        kept = memory.truncate(content, self.config.max_entry_tokens)
        value = memory.INITIAL_VALUE if initial_value is None else float(initial_value)
        state = self._session.view("memory")
        commit.add(
            MemoryStored(
                **self._session.provenance,
                owner=self.agent_name,
                agent=agent or self.agent_name,
                level=level,
                goal=goal,
                context=context,
                initial_value=value,
                outcome=outcome,
                content_length=len(content),
                content_hash=digest,
                now=commit.now,
                content=kept.content,
                domain=named[0],
                task_type=named[1],
                key=key,
                token_count=kept.token_count,
                truncated=kept.truncated,
                default_value=value,
                nth=state.next_nth,
                goal_nth=state.next_goal_nth,
            )
        )

    def _store_again(self, commit: Transaction, known: MemoryEntry, goal: str, initial_value: float | None) -> None:
        self._access(commit, known, goal, "repeated")
        if initial_value is not None and goal not in known.goal_values:
            self._give_value(commit, known, goal, float(initial_value))

    def _give_value(self, commit: Transaction, entry: MemoryEntry, goal: str, value: float) -> None:
        """Keep the value that known content was stored with for another goal (M1)."""
        read = self.value(entry, goal)
        commit.add(
            ValueUpdated(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                goal=goal,
                cause="stored",
                now=commit.now,
                return_=value,
                before=read.value,
                before_from=read.source,
                default_before=entry.default_value,
                alpha=None,
                trace=None,
                source_goal=None,
                source_delta=None,
                similarity=None,
                weight=None,
                td_error=None,
                after=value,
                default_after=entry.default_value,
                access_count=0,
                nth=entry.nth,
                goal_nth=self._session.view("memory").next_goal_nth,
            )
        )

    def _access(self, commit: Transaction, entry: MemoryEntry, goal: str, cause: str) -> None:
        retrieved = cause == "retrieved"
        commit.add(
            MemoryAccessed(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                goal=goal,
                cause=cause,
                now=commit.now,
                access_count=entry.access_count + 1,
                ucb_visits=entry.ucb_visits + retrieved,
                total_accesses=self.memories.total_accesses + 1,
                nth=entry.nth,
            )
        )

    def _make_room(self, commit: Transaction, level: str) -> None:
        """Let entries go until one more fits (M4: by learned value)."""
        capacity = self.config.capacity(level)
        entries = self.memories[level].entries() if len(self.memories[level]) >= capacity else []
        while len(entries) >= capacity:
            key = memory.evict(map(_candidate, entries))
            gone = next(entry for entry in entries if entry.key == key)
            self._evict(commit, gone, "capacity")
            entries.remove(gone)

    def _evict(self, commit: Transaction, entry: MemoryEntry, reason: str) -> None:
        commit.add(
            MemoryEvicted(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                reason=reason,
                now=commit.now,
                value=entry.default_value,
                key=entry.key,
                nth=entry.nth,
            )
        )

    def store_with_outcome(
        self, content: str, context: Json, goal: str, outcome: str = "neutral"
    ) -> MemoryEntry | None:
        """Keep what became of something: failures as causes, successes as patterns, anything else as it happened."""
        kept = memory.outcome_with_store(content, outcome, context)
        return self.store(kept.content, kept.level, context, goal, kept.initial_value, outcome=outcome)

    def retrieve(
        self, query: str, goal: str, budget_tokens: int = 4000, levels: Sequence[str] | None = None
    ) -> list[MemoryEntry]:
        """Return the entries that answer a query, best first, up to a number of tokens; each counts as accessed."""
        entries = {entry.nth: entry for level in levels or LEVELS for entry in self.memories[level].entries()}
        found = recall.rank(
            query,
            (self._recallable(entry, goal) for entry in entries.values()),
            threshold=self.config.rag_relevance_threshold,
        )
        chosen = _within([entries[one.key] for one in found], budget_tokens)
        with self._session.transaction() as commit:
            for entry in chosen:
                self._access(commit, entry, goal, "retrieved")
        return chosen

    def _recallable(self, entry: MemoryEntry, goal: str) -> recall.Memory[int]:
        texts = [entry.content, *entry.goal_values]
        return recall.Memory(entry.nth, texts, self.value(entry, goal).value, entry.nth)

    def note_recalled(self, commit: Transaction, entries: Sequence[MemoryEntry], goal: str) -> None:
        """Count entries as retrieved that went into a context."""
        for entry in entries:
            self._access(commit, entry, goal, "retrieved")

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
            gone = memory.stale(map(_candidate, episodes.entries()), now=commit.now)
            for key in gone:
                self._evict(commit, episodes[key], "stale")
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


def _candidate(entry: MemoryEntry) -> memory.Candidate[str]:
    return memory.Candidate(entry.key, entry.default_value, entry.protected, entry.created, entry.nth)


def _within(entries: Sequence[MemoryEntry], budget: int) -> list[MemoryEntry]:
    """Return the first entries that fit into a number of tokens together."""
    chosen = []
    for entry in entries:
        budget -= entry.token_count
        if budget < 0:
            break
        chosen.append(entry)
    return chosen


def _require_usable(level: str, value: float | None, content: str) -> None:
    if level not in LEVELS:
        raise ConfigError(f"{level!r} is no level of memory", hint=f"levels are {', '.join(LEVELS)}")
    if not isinstance(content, str):
        raise ConfigError(f"the content is {type(content).__name__}, not text", hint="store str(content)")
    if value is not None and not 0.0 <= value <= 1.0:
        raise ConfigError(f"the initial value is {value}, not in [0, 1]", hint="values are shares of certain success")
