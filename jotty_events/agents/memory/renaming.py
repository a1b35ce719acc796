"""Renaming an entry: it is let go under its old key, and comes back whole under the new one.

Only version 1 renames: keys of the old form are migrated, and a duplicate takes the other's key (M3).
"""

from projections.memory import MemoryEntry

from ...events import KeptValue, MemoryEvicted, MemoryRenamed
from ...rules.memory import entries as memory
from ...session import Session, Transaction
from .content import Content


class Renaming:
    """Renames entries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rename(self, commit: Transaction, entry: MemoryEntry, content: Content, reason: str) -> str:
        """Give an entry the key of a content, and return it; a migrated entry counts as accessed."""
        renamed = self._renamed(commit, entry, content, reason)
        commit.add(
            MemoryEvicted(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                reason="renamed",
                now=commit.now,
                value=entry.default_value,
                key=entry.key,
                nth=entry.nth,
            )
        )
        commit.add(renamed)
        return renamed.key

    def _renamed(self, commit: Transaction, entry: MemoryEntry, content: Content, reason: str) -> MemoryRenamed:
        key = memory.memory_key(content.domain, content.task_type, content.hash, self._session.rules)
        others = entry.similar_entries or []
        migrated = reason == "migrated"
        return MemoryRenamed(
            **self._session.provenance,
            owner=entry.owner,
            level=entry.level,
            reason=reason,
            goal=content.goal,
            domain=content.domain,
            task_type=content.task_type,
            named_by=content.hash,
            now=commit.now,
            former=entry.key,
            content=entry.content,
            context=entry.context,
            agent=entry.agent,
            source_episode=entry.source_episode,
            default_value=entry.default_value,
            token_count=entry.token_count,
            content_hash=entry.content_hash,
            outcome=entry.outcome,
            causal_links=entry.causal_links or [],
            created=entry.created,
            accessed_before=entry.last_accessed,
            ucb_visits=entry.ucb_visits,
            protected=entry.protected,
            protection_reason=entry.protection_reason,
            goal_values=_values(entry, key),
            key=key,
            last_accessed=memory.accessed_when_renamed(entry.last_accessed, commit.now, reason),
            access_count=entry.access_count + migrated,
            similar_entries=others if migrated else [*others, key],
            nth=self._session.view("memory").next_nth,
        )


def _values(entry: MemoryEntry, key: str) -> list[KeptValue]:
    return [
        KeptValue(
            owner=entry.owner,
            level=entry.level,
            key=key,
            goal=one.goal,
            value=one.value,
            access_count=one.access_count,
            updated=one.updated,
            nth=one.nth,
        )
        for one in entry.goal_values.entries()
    ]
