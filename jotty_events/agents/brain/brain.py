"""The brain: takes in experiences while awake, and in sleep replays them into patterns."""

import time
from collections.abc import Mapping
from math import isfinite
from random import Random
from typing import Any

from projections.brain import Brain as BrainView
from projections.brain import Trace

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import ExperienceEncoded, ImpactAssigned, WakeCounted
from ...outcome import usable_reward
from ...rules.brain import in_words as brain_in_words
from ...rules.brain import patterns as brain
from ...session import Session, Transaction, undisturbed
from ...types import Clock, Json
from ...values import json_object
from ..alone import alone
from ..model import Ask
from ..on_file import OnFile
from .loading import Loading
from .portrait import brain_as_dict
from .sleeping import Forgetting, Sleeping, as_pattern


class Brain(OnFile):
    """The hippocampus and the neocortex of one conductor."""

    kind = "brain"
    entries_in = ("hippocampus", "neocortex")
    known = (
        *entries_in,
        *("episodes_since_sleep", "total_consolidations", "last_sleep", "expected_reward", "replays"),
        *("filter", "seen", "machine", "recent", "queue"),
    )

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)

    @property
    def state(self) -> BrainView:
        """What the brain holds."""
        held: BrainView = self._session.view("brain")
        return held

    @property
    def hippocampus(self) -> list[Trace]:
        """Experiences that may be replayed."""
        return self.state.hippocampus

    @property
    def neocortex(self) -> list[Any]:
        """Patterns that replays left behind."""
        return self.state.neocortex

    @property
    def episodes_since_sleep(self) -> int:
        """How many episodes ended since the last sleep."""
        return self.state.episodes_since_sleep

    @property
    def total_consolidations(self) -> int:
        """How often the brain slept."""
        return self.state.consolidations

    def store_experience(self, experience: Json, reward: float, causal_impact: float | None = None) -> None:
        """Take in an experience with a reward in [0, 1]; over capacity the least important one is forgotten.

        Without a `causal_impact` it has that of its `shapley_credit` (M10). ConfigError for another reward (version 1
        takes any finite one), InvalidEvent for content that JSON cannot hold.
        """
        rules = self._session.rules
        reward = self._usable(reward)
        content = json_object(experience, "the experience")
        tags = brain.tags(content, rules)
        with self._session.transaction() as commit:
            held = self.state
            expected = held.expected_reward
            nearest, similarity = brain.nearest(tags, map(as_pattern, held.neocortex))
            commit.add(
                ExperienceEncoded(
                    **self._session.provenance,
                    content=content,
                    reward=reward,
                    causal_impact=brain.impact_of(content, causal_impact, rules),
                    now=commit.now,
                    expected_before=expected,
                    nearest=nearest,
                    similarity=similarity,
                    tags=tags,
                    novelty=brain.novelty(similarity),
                    strength=brain.INITIAL_STRENGTH,
                    expected_reward=brain.expectation(expected, reward),
                    nth=held.next_trace,
                )
            )
            self._forget_experiences(commit)

    def _usable(self, reward: float) -> float:
        if self._session.rules >= 2:
            return usable_reward(reward)
        if not isfinite(reward):
            raise ConfigError(f"the reward is {reward}", hint="rewards are finite numbers")
        return float(reward)

    def _forget_experiences(self, commit: Transaction) -> None:
        Forgetting(self.config, self._session).experiences(commit)

    @undisturbed
    def set_causal_impact(self, index: int, causal_impact: float) -> None:
        """Say how much the experience at a place of the hippocampus caused (M10). ConfigError for no such place."""
        held = self.hippocampus
        if not 0 <= index < len(held):
            raise ConfigError(f"there is no experience {index}", hint=f"the hippocampus holds {len(held)}")
        with self._session.transaction() as commit:
            commit.add(
                ImpactAssigned(
                    **self._session.provenance, causal_impact=causal_impact, now=commit.now, nth=held[index].nth
                )
            )

    def end_of_episode(self) -> bool:
        """Count an episode; returns whether it is time to sleep: `trigger_consolidation` does so."""
        with self._session.transaction() as commit:
            since = self.state.episodes_since_sleep + 1
            commit.add(WakeCounted(**self._session.provenance, now=commit.now, episodes_since_sleep=since))
        return brain.due(since, self.config.consolidation_interval)

    def should_consolidate(self) -> bool:
        """Say whether it is time to sleep."""
        return brain.due(self.state.episodes_since_sleep, self.config.consolidation_interval)

    def trigger_consolidation(self) -> list[int]:
        """Sleep: replay what matters most, and keep what it teaches as patterns (RULES R5).

        Returns the insertion numbers of the experiences that were replayed, in order.
        """
        return Sleeping(self.config, self._session).all()

    def extract_tags(self, content: Json) -> list[str]:
        """Return what an experience is about."""
        return brain.tags(content, self._session.rules)

    @undisturbed
    def get_consolidated_knowledge(
        self, query: str | None = None, max_items: int = 10, *, now: float | None = None
    ) -> str:
        """Return the strongest patterns as text for a prompt; empty if there are none.

        `query` has no effect, as in the original. Version 1 says how old patterns are at the time `now` (seconds),
        that of the clock if none is given.
        """
        patterns = self.neocortex
        if self._session.rules < 2:
            return brain_in_words.knowledge_with_ages(
                patterns, max_items, self._session.clock() if now is None else now
            )
        return brain_in_words.knowledge(patterns, max_items)

    @undisturbed
    def get_statistics(self) -> Json:
        """Return how much the brain holds, and how strong that is on average."""
        traces, patterns = self.hippocampus, self.neocortex
        return {
            "hippocampus_size": len(traces),
            "neocortex_size": len(patterns),
            "total_consolidations": self.total_consolidations,
            "episodes_since_sleep": self.episodes_since_sleep,
            "avg_hippo_strength": brain.mean([one.strength for one in traces]),
            "avg_neo_strength": brain.mean([one.strength for one in patterns]),
            "total_replay_count": sum(one.replays for one in traces),
        }

    @undisturbed
    def saved_state(self) -> Json:
        """Return all that the brain holds as one JSON object."""
        return brain_as_dict(self.state)

    def _take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        Loading(self._session).over(commit, saved)
