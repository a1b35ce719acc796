"""Consolidation: patterns and wisdom that a model finds, and old episodes that are let go (RULES R2).

Invariants: without a model, or without its answers, episodes are pruned all the same. What a model finds is stored like
any other memory.
"""

from dataclasses import dataclass

from projections.memory import MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...rules.memory import entries as memory
from ...rules.memory import episodes
from ...session import Session
from ...types import Json
from .questions import Pattern, Questions, Wisdom
from .room import candidate


@dataclass(frozen=True)
class Finding:
    """A memory that a model's answer makes."""

    content: str
    level: str
    context: Json
    goal: str
    value: float


class Consolidating:
    """What one owner's episodes come to."""

    def __init__(self, owner: str, config: JottyConfig, session: Session, questions: Questions) -> None:
        self._owner = owner
        self._config = config
        self._session = session
        self._questions = questions

    @property
    def _owned(self) -> OwnerMemory:
        owned: OwnerMemory = self._session.view("memory").of(self._owner)
        return owned

    def patterns(self) -> list[Finding]:
        """Return a semantic memory for each cluster of episodes in which a model is sure to see a pattern."""
        if not self._questions.answerable:
            return []
        held = {one.key: one for one in self._owned["episodic"].entries()}
        found = episodes.clusters(map(self._episode, filter(_has_goal, held.values())), self._config.min_cluster_size)
        asked = [one for one in found if not self._is_known(one)]
        told = [(one, self._questions.pattern(one.goal, one.domain, [held[key] for key in one.keys])) for one in asked]
        sure = self._config.pattern_confidence_threshold
        return [_pattern(one, said) for one, said in told if said is not None and said.confidence >= sure]

    def _episode(self, entry: MemoryEntry) -> episodes.Episode[str]:
        own = entry.context.get("domain", memory.GENERAL) if self._session.rules < 2 else entry.domain
        return episodes.Episode(entry.key, str(own), next(iter(entry.goal_values)), entry.default_value)

    def _is_known(self, cluster: episodes.Cluster[str]) -> bool:
        """Whether the same episodes have shown a pattern already; version 1 asks every time."""
        said = {"cluster_id": cluster.name, "source_count": len(cluster.keys)}.items()
        return self._session.rules >= 2 and any(said <= one.context.items() for one in self._owned["semantic"].values())

    def wisdom(self) -> list[Finding]:
        """Return a meta memory of what proved valuable, if there is enough of it and a model tells."""
        levels = (self._owned["semantic"], self._owned["procedural"])
        valued = ((one.content, one.default_value) for level in levels for one in level.entries())
        worked, failed = episodes.worked_and_failed(valued)
        if len(worked) < episodes.WISDOM_FROM or not self._questions.answerable:
            return []
        said = self._questions.wisdom(worked, failed)
        count = self._owned.consolidations + 1
        return [] if said is None else [_wisdom(said, count)]

    def worthless(self, now: float) -> list[MemoryEntry]:
        """Return the old episodes to let go."""
        held = self._owned["episodic"]
        gone = memory.stale(map(candidate, held.entries()), now=now, version=self._session.rules)
        return [held[key] for key in gone]


def _has_goal(entry: MemoryEntry) -> bool:
    return bool(entry.goal_values)


def _pattern(cluster: episodes.Cluster[str], said: Pattern) -> Finding:
    lines = [f"PATTERN: {said.text}"]
    lines += [f"WHEN: {said.conditions}"] if said.conditions else []
    lines += [f"EXCEPT: {said.exceptions}"] if said.exceptions else []
    lines.append(f"SEEN IN: {len(cluster.keys)} episodes (confidence {said.confidence:.2f})")
    context = {"cluster_id": cluster.name, "source_count": len(cluster.keys), "domain": cluster.domain}
    return Finding("\n".join(lines), "semantic", context, cluster.goal, cluster.value)


def _wisdom(said: Wisdom, count: int) -> Finding:
    content = f"WISDOM: {said.text}" + (f"\nWHEN: {said.applies}" if said.applies else "")
    return Finding(content, "meta", {"consolidation": count}, "meta_wisdom", episodes.WISDOM_VALUE)
