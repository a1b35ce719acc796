"""Reading a memory: entries by level and key with their goal values, causal links, goals.

Invariants: a key of the old form, a hash alone, gets the names that its context has, as the original does when it
loads. The file that the original's vault writes holds no entry (P1).
"""

from collections.abc import Iterator
from typing import Any

from projections import goals as goal_tables
from projections import memory as tables

from ...rules.memory import causal, goals
from ...rules.memory import entries as memory
from ...types import LEVELS, Json
from ..schemas import memory as schema
from .problems import Path
from .reading import ANY, Reader, with_unknown
from .rows import Row

_NAME = "memory"
_LEARNER = "td"


class MemoryReader(Reader):
    """Reads the file of one owner's memory."""

    kind = "memory"
    opened = (
        (),
        (schema.MEMORIES,),
        (schema.MEMORIES, ANY),
        (schema.LINKS,),
        (schema.GOALS,),
        (schema.GOALS, schema.NODES),
    )
    model = schema.MemoryFile

    def _rows(self, path: Path, value: Any) -> Iterator[Row]:
        match path:
            case (schema.MEMORIES, str(level), str(key)):
                yield from self._entry(path, level, key, value)
            case (schema.LINKS, str(link)):
                yield from self._link(path, link, value)
            case (schema.GOALS, schema.NODES, str()):
                yield from self._goal(path, value)
            case (schema.GOALS, str(name)):
                if name != schema.ROOT:
                    self.unknown[f"{schema.GOALS}.{name}"] = value
            case _:
                yield from super()._rows(path, value)

    def _owned(self, row: Json) -> Json:
        return {"owner": self.place.owner, **row}

    def _entry(self, path: Path, level: str, key: str, value: Any) -> Iterator[Row]:
        if level not in LEVELS:
            self.wrong(path[:2], f"there is no level of this name: levels are {', '.join(LEVELS)}")
            return
        one = self._checked(schema.Entry, value, path)
        if one is None:
            return
        self._seen(one.created_at, one.last_accessed)
        domain, task_type = (one.metadata.domain, one.metadata.task_type) if one.metadata else (None, None)
        if memory.is_old_key(key):
            names = memory.names_of(one.context or {}, domain, task_type)
            domain, task_type = names
            key = self._migrated(path, level, memory.memory_key(*names, memory.content_hash(one.content)))
        if key:
            yield from self._told(one, {"level": level, "key": key}, domain, task_type)

    def _migrated(self, path: Path, level: str, key: str) -> str:
        """Return the new key of an entry of the old form; nothing if the file has one of that key already."""
        if not self.place.numbers.knows("memory.entries", self.place.owner, level, key):
            return key
        self.place.note(f"{self.place.file}: {path[2]} of {level} is left out, {key} says the same")
        return ""

    def _told(self, one: schema.Entry, place: Json, domain: str | None, task_type: str | None) -> Iterator[Row]:
        self.entries += 1
        nth = self.place.numbers.of("memory.entries", self.place.owner, place["level"], place["key"])
        created = self.place.now if one.created_at is None else one.created_at
        row = {
            **place,
            "content": one.content,
            "context": one.context or {},
            "domain": domain,
            "task_type": task_type,
            "agent": one.source_agent,
            "source_episode": one.source_episode,
            "default_value": memory.INITIAL_VALUE if one.default_value is None else one.default_value,
            "token_count": memory.token_count(one.content) if one.token_count is None else one.token_count,
            "content_hash": one.content_hash or memory.content_hash(one.content),
            "outcome": one.outcome,
            "created": created,
            "last_accessed": created if one.last_accessed is None else one.last_accessed,
            "access_count": one.access_count,
            "ucb_visits": one.ucb_visits,
            "protected": one.is_protected,
            "protection_reason": one.protection_reason,
            "similar_entries": one.similar_entries or [],
            "causal_links": one.causal_links or [],
        }
        yield Row(_NAME, tables.ENTRIES.name, self._owned(with_unknown(row, one)), nth)
        for goal, said in one.goal_values.items():
            yield self._value(place | {"goal": goal}, said, created)

    def _value(self, place: Json, said: schema.GoalValue, created: float) -> Row:
        row = {
            **place,
            "value": said.value,
            "access_count": said.access_count,
            "updated": created if said.last_updated is None else said.last_updated,
        }
        nth = self.place.numbers.following("memory.goal_values")
        # Its key was looked at with the entry itself.
        return Row(_NAME, tables.GOAL_VALUES.name, self._owned(row), nth, checked=place["goal"].isascii())

    def _link(self, path: Path, link: str, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Link, value, path)
        if one is None:
            return
        self.entries += 1
        row = {
            "link": link,
            "cause": one.cause,
            "effect": one.effect,
            "confidence": causal.INITIAL_CONFIDENCE if one.confidence is None else one.confidence,
            "conditions": one.conditions,
            "exceptions": one.exceptions,
            "domain": memory.GENERAL if one.domain is None else one.domain,
            "supporting": list(map(str, one.supporting_episodes)),
            "contradicting": list(map(str, one.contradicting_episodes)),
            "transferable": one.transferable_to,
        }
        nth = self.place.numbers.of("memory.links", self.place.owner, link)
        yield Row(_NAME, tables.LINKS.name, self._owned(with_unknown(row, one)), nth)

    def _goal(self, path: Path, value: Any) -> Iterator[Row]:
        one = self._checked(schema.GoalNode, value, path)
        if one is None:
            return
        self.entries += 1
        row = {
            "goal_id": one.goal_id,
            "goal": one.goal_text,
            "parent": one.parent_id,
            "domain": goals.GENERAL if one.domain is None else one.domain,
            "operation_type": one.operation_type or "query",
            "entities": one.entities,
            "episode_count": one.episode_count,
            "success_rate": one.success_rate,
        }
        nth = self.place.numbers.of("goals.nodes", self.place.owner, one.goal_id)
        yield Row("goals", goal_tables.NODES.name, self._owned(with_unknown(row, one)), nth)

    def found_out(self) -> Json:
        """Whose memory it is, as the file says."""
        name = self._top.get("agent_name")
        return {"agent_name": name} if isinstance(name, str) else {}

    def _finish(self, found: schema.MemoryFile) -> Iterator[Row]:
        if found.metadata is not None:
            self._seen(found.metadata.timestamp)
            self.place.note(f"{self.place.file}: it holds no memories, as the original's vault writes it (P1)")
        if found.agent_name is not None and found.agent_name != self.place.owner:
            self.unknown["agent_name"] = found.agent_name
        if found.total_accesses is not None:
            yield Row(_NAME, tables.ACCESSES.name, self._owned({"total": found.total_accesses}))
        if found.consolidation_count is not None:
            row = {"count": found.consolidation_count, "time": self.place.now}
            yield Row(_NAME, tables.CONSOLIDATIONS.name, self._owned(row))
        if found.learning_rate is not None:
            yield from _rate(found.learning_rate)


def _rate(said: schema.LearningRate) -> Iterator[Row]:
    if said.alpha is not None:
        yield Row(_NAME, tables.PARAMETERS.name, {"name": "alpha", "value": said.alpha})
    for kind, samples in said.samples.items():
        of: Json = {"learner": _LEARNER, "kind": kind}
        if samples.values or samples.fresh:
            yield Row(_NAME, tables.ADAPTING.name, of | {"held": len(samples.values), "fresh": samples.fresh})
        for value in samples.values:
            yield Row(_NAME, tables.SAMPLES.name, of | {"value": value})
