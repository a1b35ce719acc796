"""Storing a content: as a new entry, or as one more time that a known one came up.

Invariants: all that a caller said is recorded either way, so that what was known already can be learned from again
where the first time is left out (in version 1, a goal and a value that come again are recorded, and dropped: M1, M3).
"""

from projections.memory import Memory, MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...events import MemoryMerged, MemoryRepeated, MemoryStored
from ...rules.memory import entries as memory
from ...rules.memory.goals import ValueRead
from ...session import Session, Transaction
from .content import Content
from .goals import GoalReader
from .renaming import Renaming
from .room import Room
from .valuing import Valuing


class Storing:
    """Stores contents for one owner."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._session = session
        self._goals = GoalReader(session, owner, config)
        self._room = Room(owner, config, session)
        self._renaming = Renaming(session)
        self._valuing = Valuing(session)

    @property
    def _state(self) -> Memory:
        state: Memory = self._session.view("memory")
        return state

    @property
    def _owned(self) -> OwnerMemory:
        return self._state.of(self._owner)

    def known(self, content: Content) -> str | None:
        """Return the key under which a content is known: its own, in version 1 also one of the old form."""
        level = self._owned[content.level]
        if content.key in level:
            return content.key
        if self._session.rules >= 2:
            return None
        old = (level[key] for (key,) in self._owned.cells(content.level) if memory.is_old_key(key))
        return next((one.key for one in old if _hash_of(one) == content.hash), None)

    def store(self, commit: Transaction, content: Content, twin: str | None) -> str:
        """Keep a content, and return the key of the entry that has it now; `twin` is one that says the same."""
        level = self._owned[content.level]
        known = self.known(content)
        if known is not None:
            return self._known(commit, content, level[known])
        if twin is not None and twin in level:
            return self._twin(commit, content, level[twin])
        self._new(commit, content)
        self._goals.require(commit, content.goal, content.domain, content.context, content.task_type)
        return content.key

    def _known(self, commit: Transaction, content: Content, known: MemoryEntry) -> str:
        if known.key != content.key:
            return self._renaming.rename(commit, known, content, "migrated")
        self._again(commit, content, known)
        if self._session.rules >= 2:
            self._goals.require(commit, content.goal, content.domain, content.context, content.task_type)
        return known.key

    def _twin(self, commit: Transaction, content: Content, twin: MemoryEntry) -> str:
        """Let one entry stand for two contents; version 1 gives it the key of the other (M3)."""
        if self._session.rules < 2:
            return self._renaming.rename(commit, twin, content, "duplicate")
        self._merge(commit, content, twin)
        self._goals.require(commit, content.goal, content.domain, content.context, content.task_type)
        return twin.key

    def _new(self, commit: Transaction, content: Content) -> None:
        """Keep a content that was not known, and let others go where there is no room for it."""
        self._room.make(commit, content.level)
        version, episode = self._session.rules, self._session.provenance.get("episode")
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
                content_length=content.length,
                content_hash=content.hash,
                now=commit.now,
                content=content.kept.content,
                domain=content.domain,
                task_type=content.task_type,
                causal_links=list(content.causal_links),
                key=content.key,
                token_count=content.kept.token_count,
                truncated=content.kept.truncated,
                default_value=memory.starting_value(content.initial_value),
                source_episode=memory.source_episode(content.context, episode, version),
                nth=self._state.next_nth,
                goal_nth=self._state.next_goal_nth,
            )
        )

    def _again(self, commit: Transaction, content: Content, known: MemoryEntry) -> None:
        """Note that known content came up again."""
        before = self._goals.value(known, content.goal)
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
                total_accesses=self._owned.total_accesses + (self._session.rules >= 2),
                nth=known.nth,
            )
        )
        self._keep_value(commit, content, known, before)

    def _merge(self, commit: Transaction, content: Content, twin: MemoryEntry) -> None:
        """Note that a known entry says the same: it stays where it is (M3)."""
        before = self._goals.value(twin, content.goal)
        others = twin.similar_entries or []
        commit.add(
            MemoryMerged(
                **self._session.provenance,
                owner=self._owner,
                agent=content.agent,
                level=content.level,
                key=twin.key,
                duplicate=content.key,
                goal=content.goal,
                content=content.kept.content,
                context=content.context,
                initial_value=content.initial_value,
                outcome=content.outcome,
                now=commit.now,
                similar_entries=others if content.key in others else [*others, content.key],
                access_count=twin.access_count + 1,
                nth=twin.nth,
            )
        )
        self._keep_value(commit, content, twin, before)

    def _keep_value(self, commit: Transaction, content: Content, entry: MemoryEntry, before: ValueRead) -> None:
        """Keep the value that known content came with for another goal (M1); version 1 drops it."""
        given = content.initial_value
        if self._session.rules >= 2 and given is not None and content.goal not in entry.goal_values:
            self._valuing.give(commit, entry, content.goal, given, before)


def _hash_of(entry: MemoryEntry) -> str:
    return memory.content_hash(entry.content)
