"""Storing a content: as a new entry, or as one more time that a known one came up.

Invariants: all that a caller said is recorded either way, so that what was known already can be learned from again
where the first time is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from projections.memory import Memory, MemoryEntry

from ..config import JottyConfig
from ..events import MemoryEvicted, MemoryRepeated, MemoryStored, ValueUpdated
from ..rules import memory
from ..rules.goals import ValueRead
from ..session import Session, Transaction
from ..types import Json


@dataclass(frozen=True)
class Content:
    """What is to be kept, and what the caller said of it."""

    text: str
    level: str
    goal: str
    domain: str
    task_type: str
    agent: str
    context: Json = field(default_factory=dict)
    initial_value: float | None = None
    outcome: str | None = None

    @property
    def hash(self) -> str:
        """MD5 of the whole text."""
        return memory.content_hash(self.text)

    @property
    def key(self) -> str:
        """The key under which it is kept."""
        return memory.memory_key(self.domain, self.task_type, self.hash)


class Storing:
    """Stores contents for one owner."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._config = config
        self._session = session

    @property
    def _state(self) -> Memory:
        state: Memory = self._session.view("memory")
        return state

    def new(self, commit: Transaction, content: Content) -> None:
        """Keep a content that was not known, and let others go where there is no room for it."""
        self._make_room(commit, content.level)
        kept = memory.truncate(content.text, self._config.max_entry_tokens)
        commit.add(
            MemoryStored(
                **self._session.provenance,
                owner=self._owner,
                agent=content.agent,
                level=content.level,
                goal=content.goal,
                context=content.context,
                initial_value=content.initial_value,
                outcome=content.outcome,
                content_length=len(content.text),
                content_hash=content.hash,
                now=commit.now,
                content=kept.content,
                domain=content.domain,
                task_type=content.task_type,
                key=content.key,
                token_count=kept.token_count,
                truncated=kept.truncated,
                default_value=memory.starting_value(content.initial_value),
                nth=self._state.next_nth,
                goal_nth=self._state.next_goal_nth,
            )
        )

    def again(self, commit: Transaction, content: Content, known: MemoryEntry, read: ValueRead) -> None:
        """Note that known content came up again; `read` is its value for the goal so far."""
        commit.add(
            MemoryRepeated(
                **self._session.provenance,
                owner=self._owner,
                agent=content.agent,
                level=content.level,
                key=known.key,
                goal=content.goal,
                context=content.context,
                initial_value=content.initial_value,
                outcome=content.outcome,
                now=commit.now,
                access_count=known.access_count + 1,
                total_accesses=self._state[self._owner].total_accesses + 1,
                nth=known.nth,
            )
        )
        if content.initial_value is not None and content.goal not in known.goal_values:
            self._give_value(commit, known, content.goal, content.initial_value, read)

    def _give_value(self, commit: Transaction, entry: MemoryEntry, goal: str, value: float, read: ValueRead) -> None:
        """Keep the value that known content was stored with for another goal (M1)."""
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
                goal_nth=self._state.next_goal_nth,
            )
        )

    def _make_room(self, commit: Transaction, level: str) -> None:
        """Let entries go until one more fits (M4: by learned value)."""
        capacity = self._config.capacity(level)
        held = self._state[self._owner][level]
        entries = held.entries() if len(held) >= capacity else []
        while len(entries) >= capacity:
            key = memory.evict(map(candidate, entries))
            gone = next(entry for entry in entries if entry.key == key)
            self.let_go(commit, [gone], "capacity")
            entries.remove(gone)

    def let_go(self, commit: Transaction, entries: Sequence[MemoryEntry], reason: str) -> None:
        """Evict entries."""
        for entry in entries:
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


def candidate(entry: MemoryEntry) -> memory.Candidate[str]:
    """Return an entry as the rules of eviction see it."""
    return memory.Candidate(entry.key, entry.default_value, entry.protected, entry.created, entry.nth)
