"""Sharp-wave ripples: replays recent episodes together, and draws from them what they teach."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from projections.brain import Brain as BrainView
from projections.memory import MemoryEntry

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import EpisodesReplayed, ReplayLink
from ...rules.brain import consolidator
from ...session import Session
from ...types import Clock, Json
from ...values import json_object
from ..alone import alone
from ..model import Ask

UNSAID_VALUE = 0.5


@dataclass(frozen=True)
class ConsolidationResult:
    """What a replay of episodes gave. `causal_links` have a cause, an effect, a reward_delta and a confidence."""

    patterns_extracted: int
    causal_links_found: int
    memories_pruned: int
    memories_strengthened: int
    duration_seconds: float
    new_semantic_memories: list[str] = field(default_factory=list)
    causal_links: list[Json] = field(default_factory=list)


class SharpWaveRippleConsolidator:
    """Finds patterns and links in episodes, and says which memories are weak and which are strong (RULES R5)."""

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
    def consolidation_count(self) -> int:
        """How often episodes were replayed."""
        held: BrainView = self._session.view("brain")
        return held.replays

    def consolidate(
        self,
        recent_episodes: Sequence[Mapping[str, Any]],
        episodic_memories: Sequence[Any] = (),
        semantic_memories: Sequence[Any] = (),
    ) -> ConsolidationResult:
        """Replay episodes, each with an `action`, an `agent` and a `reward`.

        The weak of the memories given are `marked_for_deletion`, if they have such an attribute, and the strong get a
        greater `default_value`; entries of a log are read-only, and stay as they are. `semantic_memories` have no
        effect, as in the original. ConfigError for rewards that are no numbers.
        """
        episodes = [json_object(dict(one), "an episode") for one in recent_episodes]
        values = [float(getattr(one, "default_value", UNSAID_VALUE)) for one in episodic_memories]
        with self._session.transaction() as commit:
            event = self._replayed(episodes, values, commit.now)
            commit.add(event)
        _mark(episodic_memories, event)
        return ConsolidationResult(
            len(event.patterns),
            len(event.links),
            len(event.pruned),
            len(event.strengthened),
            event.duration,
            event.patterns,
            [
                {
                    "cause": one.cause,
                    "effect": one.effect,
                    "reward_delta": one.reward_delta,
                    "confidence": one.confidence,
                }
                for one in event.links
            ],
        )

    def _replayed(self, episodes: list[Json], values: list[float], now: float) -> EpisodesReplayed:
        config = self.config
        try:
            patterns = consolidator.patterns(episodes, config.pattern_extraction_threshold)
            links = consolidator.links(episodes)
        except ValueError as error:
            raise ConfigError(str(error), hint="rewards are finite numbers") from error
        grown = consolidator.strengthened(values, config.brain_strengthen_threshold)
        return EpisodesReplayed(
            **self._session.provenance,
            episodes=episodes,
            values=values,
            now=now,
            duration=self._lasted(now),
            patterns=patterns,
            links=[ReplayLink(**one._asdict()) for one in links],
            pruned=consolidator.to_prune(values, config.brain_prune_threshold, config.brain_max_prune_percentage),
            strengthened=grown.places,
            values_after=grown.values,
            count=self.consolidation_count + 1,
        )

    def _lasted(self, began: float) -> float:
        return max(0.0, self._session.clock() - began)


def _mark(memories: Sequence[Any], event: EpisodesReplayed) -> None:
    """Change the memories that can be changed: those of the caller."""
    for place in event.pruned:
        if hasattr(memories[place], "marked_for_deletion"):
            memories[place].marked_for_deletion = True
    for place in event.strengthened:
        one = memories[place]
        if hasattr(one, "default_value") and not isinstance(one, MemoryEntry):
            one.default_value = event.values_after[place]
