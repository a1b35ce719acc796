"""Consolidated knowledge of one owner, as text for a prompt."""

from collections.abc import Container, Mapping

from projections.memory import CausalLink, MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...rules.memory import knowledge, recall
from ...session import Session
from .goals import GoalReader


class Knowledge:
    """What one owner has consolidated."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._session = session
        self._goals = GoalReader(session, owner, config)

    @property
    def _owned(self) -> OwnerMemory:
        owned: OwnerMemory = self._session.view("memory").of(self._owner)
        return owned

    def text(self, goal: str | None, most: int, shown: Container[str]) -> str:
        """Return it in the words of version 2; what has one of the hashes `shown` is left out."""
        owned = self._owned
        return recall.consolidated_knowledge(
            patterns=self._items(owned["semantic"], goal, shown),
            procedures=self._items(owned["procedural"], goal, shown),
            wisdom=self._items(owned["meta"], goal, shown),
            links=[recall.Link(one.cause, one.effect, one.confidence) for one in owned.links.entries()],
            by_value=goal is not None,
            max_items=most,
        )

    def _items(self, level: Mapping[str, MemoryEntry], goal: str | None, shown: Container[str]) -> list[recall.Item]:
        return [
            recall.Item(
                entry.content,
                entry.default_value if goal is None else self._goals.value(entry, goal).value,
                entry.access_count,
                entry.nth,
            )
            for entry in level.values()
            if entry.content_hash not in shown
        ]

    def as_original(self, goal: str | None, most: int, shown: Container[str]) -> str:
        """Return it in the original's words (version 1)."""
        owned = self._owned
        return knowledge.knowledge_text(
            patterns=_plain_items(owned["semantic"], goal or "", shown),
            procedures=_plain_items(owned["procedural"], goal or "", shown),
            wisdom=_plain_items(owned["meta"], goal or "", shown),
            links=[_reason(one) for one in owned.links.entries()],
            for_goal=bool(goal),
            max_items=most,
        )


def _plain_items(level: Mapping[str, MemoryEntry], goal: str, shown: Container[str]) -> list[recall.Item]:
    found = (entry for entry in level.values() if entry.content_hash not in shown)
    return [recall.Item(one.content, one.value(goal), one.access_count, one.nth) for one in found]


def _reason(link: CausalLink) -> knowledge.Reason:
    return knowledge.Reason(link.cause, link.effect, link.confidence, link.conditions)
