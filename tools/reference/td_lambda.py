"""Runs a reference document of the runner `td` through rules of version 1 and the public classes.

The entries and the goals that a document begins with are taken into a memory; then its calls are made one by one under
its clock. Each call leaves behind what the document has of it: the result, the traces, or all values.
"""

from typing import Any

from jotty_events import HierarchicalMemory, JottyConfig, LearningMode, TDLambdaLearner
from jotty_events.agents.calendar import as_date
from jotty_events.agents.memory.goal_hierarchy import GoalHierarchy
from jotty_events.agents.td.adaptive_alpha import AdaptiveLearningRate
from jotty_events.rules.memory.goals import goal_id
from projections.memory import MemoryEntry

Json = dict[str, Any]

UNLEARNED = {"eligibility_trace": 0.0, "variance": 0.25}
"""What the original keeps beside a value and never changes."""


def replay(document: Json) -> Json:
    """Return what the document expects, as it comes out here."""
    return _Replay(document).all()


RUNNERS = {"td": replay}


def config_of(document: Json) -> JottyConfig:
    """Return the configuration of a document: those of its settings that there are here, and rules of version 1."""
    given = dict(document["config"])
    if not given.get("use_adaptive_lr_object", True):
        given["enable_adaptive_alpha"] = False  # nobody is there to adapt it
    known = {name: value for name, value in given.items() if name in JottyConfig.model_fields}
    return JottyConfig(**{**known, "rules_version": 1, "learning_mode": LearningMode.CONTEXTUAL})


class _Replay:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._now = float(document["clock_start"])
        self._config = config_of(document)
        self._listed: list[tuple[str, str]] = [(one["level"], one["key"]) for one in document.get("memories") or []]
        self._memory = self._memory_of(document)
        self._goals: GoalHierarchy = self._memory.goal_hierarchy
        # A memory of five levels has a hierarchy of its own, beside that of the document.
        apart = document["config"].get("hierarchical_memory", False)
        self._said = GoalHierarchy(config=self._config, clock=lambda: self._now) if apart else self._goals
        for goal in document.get("goals") or []:
            self._said.add_goal(**goal)
        session = self._memory._session
        adapts = document["config"].get("use_adaptive_lr_object", True)
        self._alpha = AdaptiveLearningRate(self._config, session) if adapts else None
        self._learner = TDLambdaLearner(self._config, session, adaptive_lr=self._alpha)

    def _memory_of(self, document: Json) -> HierarchicalMemory:
        name = document["config"].get("agent_name", "td")
        memory = HierarchicalMemory(name, self._config, clock=lambda: self._now)
        for one in document.get("memories") or []:
            values = {goal: {"value": value} for goal, value in one.get("goal_values", {}).items()}
            told = {name: one[name] for name in ("content", "default_value") if name in one}
            memory.take_in(one["level"], one["key"], {**told, "goal_values": values})
        return memory

    def all(self) -> Json:
        done = [left for one in self._document["inputs"] if (left := self._call(one)) is not None]
        return {"per_call": done, "final": self._final()}

    def _final(self) -> Json:
        nodes = self._said.to_dict()["nodes"]
        goals = {"goal_ids": {node["goal_text"]: name for name, node in nodes.items()}, "goal_nodes": nodes}
        memory = {} if self._said is self._goals else {"hierarchical_memory": self._memory.to_dict()}
        return {**self._standing(), **goals, **memory}

    def _call(self, one: Json) -> Json | None:
        self._now = float(one["clock"])
        left = getattr(self, f"_{one['call']}")(**one["args"])
        return None if left is None else {"i": one["i"], **left}

    # What there is.

    def _entries(self) -> dict[str, MemoryEntry]:
        """Return the entries by key: in the order of the document, where it lists them."""
        levels = self._memory.memories
        if self._listed:
            return {key: levels[level][key] for level, key in self._listed}
        return {entry.key: entry for level in levels.values() for entry in level.entries()}

    def _standing(self) -> Json:
        return {"values": {key: _values(entry) for key, entry in self._entries().items()}, "learner": self._portrait()}

    def _portrait(self) -> Json:
        learner, adapted = self._learner, self._alpha
        known = {
            "alpha": self._config.alpha,
            "current_goal": learner.goal,
            "traces": self._traces(),
            "values_at_access": [[name[2], read.value] for name, read in learner.values_at_access.items()],
            "access_sequence": [name[2] for name in learner.access_sequence],
            "step_rewards": learner.step_rewards,
        }
        if adapted is None:
            return known
        samples = {"td_errors": adapted.td_errors, "success_rates": adapted.success_rates}
        return {**known, "adaptive": {"alpha": adapted.alpha, **samples}}

    def _traces(self) -> list[list[Any]]:
        return [[name[2], trace] for name, trace in self._learner.traces.items()]

    # Calls.

    def _get_related_goals(self, goal_text: str) -> Json:
        return {"return": [list(pair) for pair in self._said.get_related_goals(goal_id(goal_text))]}

    def _add_goal(self, **args: Any) -> Json:
        return {"return": self._said.add_goal(**args)}

    def _start_episode(self, goal: str) -> None:
        self._learner.start_episode(goal)

    def _record_access(self, key: str, step_reward: float = 0.0) -> Json:
        said = self._learner.record_access(self._entries()[key], step_reward)
        return {"return": said, "traces": self._traces()}

    def _end_episode(self, final_reward: float, use_hierarchy: bool, memory_keys: list[str] | None = None) -> Json:
        entries = self._entries()
        memories = entries if memory_keys is None else {key: entries[key] for key in memory_keys}
        updates = self._learner.end_episode(final_reward, memories, self._goals if use_hierarchy else None)
        return self._ended(updates)

    def _ended(self, updates: list[tuple[tuple[str, str, str], float, float]]) -> Json:
        return {"return": {"updates": [[name[2], *values] for name, *values in updates]}, **self._standing()}

    def _get_learned_context(self, goal: str | None = None) -> Json:
        return {"return": self._learner.get_learned_context(self._entries(), goal)}

    def _reward_architect_proceed(self, **args: Any) -> Json:
        return {"return": self._learner.reward_architect_proceed(**args)}

    def _reward_tool_success(self, **args: Any) -> Json:
        return {"return": self._learner.reward_tool_success(**args)}

    def _reward_partial_completion(self, **args: Any) -> Json:
        return {"return": self._learner.reward_partial_completion(**args)}

    # The learning rate.

    def _adaptive(self) -> AdaptiveLearningRate:
        assert self._alpha is not None, "the document has no object that adapts alpha"
        return self._alpha

    def _record_td_error(self, td_error: float) -> Json:
        self._adaptive().record_td_error(td_error)
        return {"alpha": self._adaptive().alpha}

    def _record_success(self, success: bool) -> Json | None:
        if self._alpha is None:
            return None
        self._alpha.record_success(success)
        return {"alpha": self._alpha.alpha}

    def _get_adapted_alpha(self) -> Json:
        return {"return": self._adaptive().get_adapted_alpha(), "alpha": self._adaptive().alpha}

    def _reset_adaptive(self) -> Json:
        self._adaptive().reset()
        return self._standing()

    # On a memory of five levels.

    def _hm_store(self, **args: Any) -> Json:
        entry = self._memory.store(**args)
        assert entry is not None
        return {"return": entry.key}

    def _hm_record_access(self, **args: Any) -> Json:
        said = self._learner.record_access_from_hierarchical_memory(self._memory, **args)
        return {"return": said, "traces": self._traces()}

    def _hm_end_episode(self, use_hierarchy: bool, **args: Any) -> Json:
        hierarchy = self._goals if use_hierarchy else None
        updates = self._learner.end_episode_with_hierarchical_memory(self._memory, goal_hierarchy=hierarchy, **args)
        return self._ended(updates)


def _values(entry: MemoryEntry) -> Json:
    return {
        "default_value": entry.default_value,
        "goal_values": {
            goal: {
                "value": one.value,
                "access_count": one.access_count,
                "last_updated": as_date(one.updated),
                **UNLEARNED,
            }
            for goal, one in entry.goal_values.items()
        },
    }
