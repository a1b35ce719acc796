"""Runs a reference document of the runner `memory` through rules of version 1 and the public classes.

A document's calls are made one by one under its clock; after each of them the whole memory is written down, in the form
that the document has. A model is there and never answers, so that it is counted how often it is asked.
"""

from collections import Counter
from typing import Any

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.agents.memory.questions import TITLES
from projections.memory import MemoryEntry

Json = dict[str, Any]

SIGNATURES = {
    "memory_relevance": "RelevanceSignature",
    "memory_duplicate": "DeduplicationSignature",
    "memory_pattern": "PatternExtractionSignature",
    "memory_wisdom": "MetaWisdomSignature",
}
"""What the documents call the questions that a memory asks."""


def replay(document: Json) -> Json:
    """Return what the document expects, as it comes out here."""
    return _Replay(document).all()


class Silent:
    """A model that never answers, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, prompt: str) -> Any:
        purposes = (purpose for purpose, title in TITLES.items() if prompt.startswith(title))
        self.asked[SIGNATURES[next(purposes)]] += 1
        raise ConnectionError("there is no model here")


def config_of(document: Json) -> JottyConfig:
    """Return the configuration of a document: those of its settings that there are here, and rules of version 1."""
    known = {name: value for name, value in document["config"].items() if name in JottyConfig.model_fields}
    return JottyConfig(**{**known, "rules_version": 1, "learning_mode": LearningMode.CONTEXTUAL})


class _Replay:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._now = float(document["clock_start"])
        self._config = config_of(document)
        self._model = Silent()
        name = document["config"].get("agent_name", "shared")
        self._memory = HierarchicalMemory(name, self._config, clock=self._clock, model=self._model)

    def _clock(self) -> float:
        return self._now

    def all(self) -> Json:
        done = [self._call(one) for one in self._document["inputs"]]
        return {"per_call": done, "final": self._state(), "llm_calls_attempted": dict(self._model.asked)}

    def _call(self, one: Json) -> Json:
        self._now = float(one["clock"])
        try:
            said = getattr(self, f"_{one['call']}")(**one["args"])
        except ValueError:
            return {"i": one["i"], "raises": "ValueError", "state": self._state()}
        returned = {} if said is None else {"return": said}
        return {"i": one["i"], **returned, "state": self._state()}

    # The calls.

    def _store(self, **args: Any) -> Json:
        entry = self._memory.store(**args)
        assert entry is not None
        return {"key": entry.key}

    def _store_with_outcome(self, **args: Any) -> Json:
        entry = self._memory.store_with_outcome(**args)
        assert entry is not None
        return {"key": entry.key, "level": entry.level}

    def _get_consolidated_knowledge(self, **args: Any) -> str:
        return self._memory.get_consolidated_knowledge(**args)

    def _protect_high_value(self, **args: Any) -> None:
        self._memory.protect_high_value(**args)

    def _add_causal_link(self, **args: Any) -> str:
        return self._memory.add_causal_link(**args)

    def _update_causal_confidence(self, **args: Any) -> float:
        return self._memory.update_causal_confidence(**args)

    def _retrieve_causal(self, **args: Any) -> list[str]:
        return [link.cause for link in self._memory.retrieve_causal(**args)]

    def _get_statistics(self) -> Json:
        return self._memory.get_statistics()

    def _retrieve(self, **args: Any) -> list[str]:
        return _keys(self._memory.retrieve(**args))

    def _retrieve_by_domain(self, **args: Any) -> list[str]:
        return _keys(self._memory.retrieve_by_domain(**args))

    def _retrieve_by_task_type(self, **args: Any) -> list[str]:
        return _keys(self._memory.retrieve_by_task_type(**args))

    def _consolidate(self) -> Json:
        self._memory.consolidate()
        return {"consolidation_count": self._memory.memories.consolidations}

    def _roundtrip(self) -> Json:
        before = self._memory.to_dict()
        self._memory = HierarchicalMemory.from_dict(before, self._config, clock=self._clock, model=self._model)
        return {"to_dict_equal": self._memory.to_dict() == before}

    def _put_old_format(self, level: str, key: str, content: str, context: Json) -> None:
        self._memory.take_in(level, key, {"content": content, "context": context})

    def _get_value(self, level: str, key: str, goal: str) -> float:
        return self._entry(level, key).value(goal)

    def _get_value_with_transfer(self, level: str, key: str, goal: str, transfer_weight: float | None = None) -> float:
        return self._memory.get_value_with_transfer(self._entry(level, key), goal, transfer_weight)

    def _set_goal_value(self, level: str, key: str, goal: str, value: float) -> None:
        self._memory.set_goal_value(self._entry(level, key), goal, value)

    # What is written down.

    def _entry(self, level: str, key: str) -> MemoryEntry:
        return self._memory.memories[level][key]

    def _state(self) -> Json:
        levels = self._memory.memories
        return {
            **self._memory.to_dict(),
            "_order": {level: list(entries) for level, entries in levels.items()},
            "_not_serialized": {
                level: {entry.key: _unwritten(entry) for entry in entries.entries()}
                for level, entries in levels.items()
            },
        }


def _unwritten(entry: MemoryEntry) -> Json:
    return {
        "content_hash": entry.content_hash,
        "similar_entries": entry.similar_entries or [],
        "source_episode": entry.source_episode,
        "source_agent": entry.agent,
    }


def _keys(entries: list[MemoryEntry]) -> list[str]:
    return [entry.key for entry in entries]
