"""Reading a memory: entries by level and key with their goal values, causal links, goals.

Invariants: a key of the old form, a hash alone, gets the names that its context has, as the original does when it
loads. The file that the original's vault writes holds no entry (P1).
"""

from collections.abc import Iterator
from typing import Any

from projections import goals as goal_tables
from projections import memory as tables

from ...agents.memory.rows import entry_row, goal_row, link_row, value_row
from ...rules.memory import entries as memory
from ...types import LEVELS, SHARED, Json
from ..schemas import memory as schema
from ..schemas.names import SHARED_NAME
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
            yield from self._told(one, value, {"level": level, "key": key}, domain, task_type)

    def _migrated(self, path: Path, level: str, key: str) -> str:
        """Return the new key of an entry of the old form; nothing if the file has one of that key already."""
        if not self.place.numbers.knows("memory.entries", self.place.owner, level, key):
            return key
        self.place.note(f"{self.place.file}: {path[2]} of {level} is left out, {key} says the same")
        return ""

    def _told(
        self, one: schema.Entry, value: Json, place: Json, domain: str | None, task_type: str | None
    ) -> Iterator[Row]:
        self.entries += 1
        nth = self.place.numbers.of("memory.entries", self.place.owner, place["level"], place["key"])
        row = place | entry_row(value, self.place.now) | {"domain": domain, "task_type": task_type}
        yield Row(_NAME, tables.ENTRIES.name, self._owned(with_unknown(row, one)), nth)
        for goal, said in (value.get("goal_values") or {}).items():
            yield self._value(place | {"goal": goal}, value_row(said, row["created"]))

    def _value(self, place: Json, said: Json) -> Row:
        nth = self.place.numbers.following("memory.goal_values")
        # Its key was looked at with the entry itself.
        return Row(_NAME, tables.GOAL_VALUES.name, self._owned(place | said), nth, checked=place["goal"].isascii())

    def _link(self, path: Path, link: str, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Link, value, path)
        if one is None:
            return
        self.entries += 1
        nth = self.place.numbers.of("memory.links", self.place.owner, link)
        yield Row(_NAME, tables.LINKS.name, self._owned(with_unknown(link_row(link, value), one)), nth)

    def _goal(self, path: Path, value: Any) -> Iterator[Row]:
        one = self._checked(schema.GoalNode, value, path)
        if one is None:
            return
        self.entries += 1
        nth = self.place.numbers.of("goals.nodes", self.place.owner, one.goal_id)
        yield Row("goals", goal_tables.NODES.name, self._owned(with_unknown(goal_row(value), one)), nth)

    def found_out(self) -> Json:
        """Whose memory it is, as the file says."""
        name = self._top.get("agent_name")
        return {"agent_name": name} if isinstance(name, str) else {}

    def _finish(self, found: schema.MemoryFile) -> Iterator[Row]:
        if found.metadata is not None:
            self._seen(found.metadata.timestamp)
            self.place.note(f"{self.place.file}: it holds no memories, as the original's vault writes it (P1)")
        called = SHARED_NAME if self.place.owner == SHARED else self.place.owner
        if found.agent_name not in (None, self.place.owner, called):
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
