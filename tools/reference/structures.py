"""Runs a reference document of the runner `structures` through rules of version 1 and the public classes.

Its parts are tried one by one: the goal hierarchy, causal links, UCB scores and the defaults of an entry. Each causal
link has a memory of its own, since a memory takes a second link of one cause and effect for evidence.
"""

from math import inf
from typing import Any

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.calendar import as_date
from jotty_events.agents.memory.goal_hierarchy import GoalHierarchy
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.rules.memory.causal import applies
from jotty_events.rules.memory.goals import goal_id
from projections.memory import CausalLink, MemoryEntry

Json = dict[str, Any]


def replay(document: Json) -> Json:
    """Return what the document expects, as it comes out here."""
    return _Replay(document).all()


class _Replay:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._now = float(document["clock_start"])
        self._config = JottyConfig(rules_version=1, learning_mode=LearningMode.CONTEXTUAL)
        self._goals = GoalHierarchy(config=self._config, clock=self._clock)
        self._links: dict[str, tuple[HierarchicalMemory, str]] = {}

    def _clock(self) -> float:
        return self._now

    def all(self) -> Json:
        done = [self._call(one) for one in self._document["inputs"]]
        return {"per_call": done, "final": {"goal_nodes": self._goals.to_dict()["nodes"]}}

    def _call(self, one: Json) -> Json:
        self._now = float(one["clock"])
        said = getattr(self, f"_{one['call']}")(**one["args"])
        return {"i": one["i"], **({} if said is None else {"return": said})}

    def _new_memory(self) -> HierarchicalMemory:
        return HierarchicalMemory("structures", self._config, clock=self._clock)

    # Goals.

    def _add_goal(self, **args: Any) -> str:
        return self._goals.add_goal(**args)

    def _get_related_goals(self, goal_text: str) -> list[list[Any]]:
        return [list(pair) for pair in self._goals.get_related_goals(goal_id(goal_text))]

    def _similarity(self, a: str, b: str) -> float:
        return self._goals.similarity(goal_id(a), goal_id(b))

    # Causal links.

    def _causal_new(self, id: str, fields: Json) -> Json:
        memory = self._new_memory()
        self._links[id] = memory, memory.add_causal_link(**fields)
        link = self._link(id)
        return {
            "cause": link.cause,
            "effect": link.effect,
            "confidence": link.confidence,
            "supporting_episodes": link.supporting,
            "contradicting_episodes": link.contradicting,
            "conditions": link.conditions,
            "exceptions": link.exceptions,
            "domain": link.domain,
            "transferable_to": link.transferable,
        }

    def _link(self, id: str) -> CausalLink:
        memory, key = self._links[id]
        return memory.memories.links[key]

    def _causal_update(self, id: str, supported: bool) -> float:
        memory, key = self._links[id]
        return memory.update_causal_confidence(key, supported)

    def _causal_applies(self, id: str, context: Json) -> bool:
        link = self._link(id)
        return applies(link.conditions, context, link.exceptions)

    # Entries.

    def _entry(self, memory: HierarchicalMemory, level: str, key: str, **said: Any) -> MemoryEntry:
        entry = memory.take_in(level, key, said)
        assert entry is not None
        return entry

    def _ucb_score(
        self, default_value: float, ucb_visits: int, total_accesses: int, c: float, goal: str
    ) -> float | str:
        memory = self._new_memory()
        said = {"content": "", "default_value": default_value, "ucb_visits": ucb_visits}
        entry = self._entry(memory, "episodic", "k", **said)
        found = memory.get_ucb_score(entry, goal, total_accesses, c)
        return "inf" if found == inf else found

    def _memory_entry(self, key: str, content: str, level: str) -> Json:
        entry = self._entry(self._new_memory(), level, key, content=content)
        return {
            "token_count": entry.token_count,
            "content_hash": entry.content_hash,
            "created_at": as_date(entry.created),
            "default_value": entry.default_value,
        }
