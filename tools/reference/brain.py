"""Runs reference documents of the brain through rules of version 1 and the public classes.

The runners are `brain`, `hippocampal`, `swr` and `statemachine`. A document's calls are made one by one under its
clock; each leaves behind what the document has of it.
"""

from typing import Any

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.brain.brain_inspired import BrainInspiredMemoryManager
from jotty_events.agents.brain.consolidator import ConsolidationResult, SharpWaveRippleConsolidator
from jotty_events.agents.brain.hippocampus import HippocampalExtractor, MemoryCandidate
from jotty_events.agents.brain.sleep_and_wake import BrainStateMachine
from jotty_events.agents.brain.sleeping import as_experience
from jotty_events.rules.brain.patterns import priority

Json = dict[str, Any]

_ARGUMENTS = (
    "sleep_interval",
    "max_hippocampus_size",
    "max_neocortex_size",
    "replay_threshold",
    "novelty_weight",
    "reward_weight",
    "frequency_weight",
)
_SETTINGS = {
    "enabled": "brain_enabled",
    "sleep_interval": "consolidation_interval",
    "min_episodes_before_sleep": "min_episodes_before_sleep",
    "pattern_extraction_threshold": "pattern_extraction_threshold",
    "reward_salience_weight": "brain_reward_salience_weight",
    "novelty_weight": "brain_novelty_weight",
    "goal_relevance_weight": "brain_goal_relevance_weight",
    "memory_threshold": "brain_memory_threshold",
    "prune_threshold": "brain_prune_threshold",
    "strengthen_threshold": "brain_strengthen_threshold",
    "max_prune_percentage": "brain_max_prune_percentage",
    "max_recent_episodes": "max_recent_episodes",
}
"""What a document's settings are called here."""
_VERSION = 1


def replay(document: Json) -> Json:
    """Return what a document of the runner `brain` expects, as it comes out here."""
    return _Brain(document).all()


def replay_filter(document: Json) -> Json:
    """Return the same for the runner `hippocampal`."""
    return _Filter(document).all()


def replay_ripples(document: Json) -> Json:
    """Return the same for the runner `swr`."""
    return _Ripples(document).all()


def replay_machine(document: Json) -> Json:
    """Return the same for the runner `statemachine`."""
    return _Machine(document).all()


RUNNERS = {"brain": replay, "hippocampal": replay_filter, "swr": replay_ripples, "statemachine": replay_machine}


def _plain() -> JottyConfig:
    return JottyConfig(rules_version=_VERSION, learning_mode=LearningMode.CONTEXTUAL)


def config_of(document: Json) -> JottyConfig:
    """Return the configuration of a document: those of its settings that there are here, and rules of version 1."""
    given = {_SETTINGS[name]: value for name, value in document["config"].items() if name in _SETTINGS}
    return JottyConfig(**given, rules_version=_VERSION, learning_mode=LearningMode.CONTEXTUAL)


class _Replay:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._now = float(document["clock_start"])

    def _clock(self) -> float:
        return self._now

    def all(self) -> Json:
        done = [self._call(one) for one in self._document["inputs"]]
        return {"per_call": done, "final": self._final()}

    def _call(self, one: Json) -> Json:
        self._now = float(one["clock"])
        left: Json = getattr(self, f"_{one['call']}")(**one["args"])
        return {"i": one["i"], **left, **self._standing()}

    def _standing(self) -> Json:
        return {}

    def _final(self) -> Json:
        raise NotImplementedError


class _Brain(_Replay):
    def __init__(self, document: Json) -> None:
        super().__init__(document)
        given = {name: document["config"][name] for name in _ARGUMENTS if name in document["config"]}
        self._brain = BrainInspiredMemoryManager(**given, config=_plain(), clock=self._clock)

    def _standing(self) -> Json:
        return {"state": self._final()}

    def _final(self) -> Json:
        brain = self._brain
        return {
            "hippocampus": [self._trace(one) for one in brain.hippocampus],
            "neocortex": [
                {
                    "abstract_lesson": one.text,
                    "strength": one.strength,
                    "source_count": one.sources,
                    "created_at": one.created,
                    "last_reinforced": one.reinforced,
                    "tags": one.tags,
                }
                for one in brain.neocortex
            ],
            "episodes_since_sleep": brain.episodes_since_sleep,
            "total_consolidations": brain.total_consolidations,
        }

    def _trace(self, one: Any) -> Json:
        return {
            "content": one.content,
            "reward": one.reward,
            "timestamp": one.time,
            "strength": one.strength,
            "replay_count": one.replays,
            "consolidated": False,
            "novelty_score": one.novelty,
            "causal_impact": one.causal_impact,
            "priority_now": priority(as_experience(one), now=self._now, version=_VERSION),
        }

    def _store_experience(self, experience: Json, reward: float) -> Json:
        self._brain.store_experience(experience, reward)
        return {}

    def _set_causal_impact(self, index: int, value: float) -> Json:
        self._brain.set_causal_impact(index, value)
        return {}

    def _end_of_episode(self) -> Json:
        return {"return": {"should_consolidate": self._brain.end_of_episode()}}

    def _trigger_consolidation(self) -> Json:
        places = {one.nth: i for i, one in enumerate(self._brain.hippocampus)}
        replayed = self._brain.trigger_consolidation()
        return {"return": {"replayed_indices_in_order": [places[nth] for nth in replayed]}}

    def _get_consolidated_knowledge(self, **args: Any) -> Json:
        return {"return": self._brain.get_consolidated_knowledge(**args)}

    def _get_statistics(self) -> Json:
        return {"return": self._brain.get_statistics()}

    def _extract_tags(self, content: Json) -> Json:
        return {"return": self._brain.extract_tags(content)}


class _Filter(_Replay):
    def __init__(self, document: Json) -> None:
        super().__init__(document)
        goal = document["config"].get("goal", "")
        self._filter = HippocampalExtractor(config_of(document), goal, clock=self._clock)

    def _should_remember(self, experience: Json) -> Json:
        remembered, candidate = self._filter.should_remember(experience)
        return {"return": {"should_remember": remembered, "candidate": _candidate(candidate)}}

    def _standing(self) -> Json:
        running = self._filter.relevance_threshold
        return {
            **self._final(),
            "seen_patterns": self._filter.seen_patterns,
            "relevance_threshold": {"mean": running.middle, "std": running.spread, "count": running.samples},
        }

    def _final(self) -> Json:
        return {"expected_reward": self._filter.expected_reward}


def _candidate(one: MemoryCandidate) -> Json:
    return dict(vars(one))


class _Memory:
    """A memory as the original's consolidator sees one."""

    def __init__(self, value: float) -> None:
        self.default_value = value
        self.marked_for_deletion = False


def _result(found: ConsolidationResult) -> Json:
    return {name: value for name, value in vars(found).items() if name != "causal_links"}


class _Ripples(_Replay):
    def __init__(self, document: Json) -> None:
        super().__init__(document)
        self._consolidator = SharpWaveRippleConsolidator(config_of(document), clock=self._clock)

    def _consolidate(self, recent_episodes: list[Json], episodic_values: list[float]) -> Json:
        memories = [_Memory(value) for value in episodic_values]
        found = self._consolidator.consolidate(recent_episodes, memories)
        return {
            "return": _result(found),
            "causal_links": found.causal_links,
            "episodic_values_after": [one.default_value for one in memories],
            "marked_for_deletion": [one.marked_for_deletion for one in memories],
        }

    def _final(self) -> Json:
        return {"consolidation_count": self._consolidator.consolidation_count}


class _Listening(SharpWaveRippleConsolidator):
    """A consolidator that keeps what it gave in a call."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.found: list[Json] = []

    def consolidate(self, *args: Any, **values: Any) -> ConsolidationResult:
        found = super().consolidate(*args, **values)
        self.found.append(_result(found))
        return found


class _Machine(_Replay):
    def __init__(self, document: Json) -> None:
        super().__init__(document)
        config, goal = config_of(document), document["config"].get("goal", "")
        self._extractor = HippocampalExtractor(config, goal, clock=self._clock)
        self._consolidator = _Listening(config, self._extractor._session)
        self._machine = BrainStateMachine(config, self._consolidator, self._extractor)
        self._memories = [_Memory(value) for value in document.get("episodic_values") or []]

    def _call(self, one: Json) -> Json:
        self._consolidator.found = []
        return super()._call(one)

    def _process_experience(self, experience: Json) -> Json:
        candidate = self._machine.process_experience(experience, self._memories)
        return {"return": None if candidate is None else _candidate(candidate)}

    def _force_sleep(self) -> Json:
        self._machine.force_sleep()
        return {"return": None}

    def _set_mode(self, mode: str) -> Json:
        self._machine.set_mode(mode)
        return {"return": None}

    def _standing(self) -> Json:
        return {
            "consolidations": list(self._consolidator.found),
            "state": self._final(),
            "expected_reward": self._extractor.expected_reward,
            "episodic_values": [one.default_value for one in self._memories],
            "marked_for_deletion": [one.marked_for_deletion for one in self._memories],
        }

    def _final(self) -> Json:
        return self._machine.get_state_summary()
