"""The hippocampal filter: decides which experiences are worth remembering."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from random import Random
from typing import Any

from projections.brain import Brain as BrainView

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import ExperienceJudged
from ...outcome import usable_reward
from ...rules.brain import hippocampus
from ...session import Session
from ...types import Clock
from ...values import json_value
from ..alone import alone
from ..model import Ask


@dataclass(frozen=True)
class MemoryCandidate:
    """An experience as the filter judged it; shares are in [0, 1], the timestamp is in seconds."""

    content: str
    context: Any
    reward: float
    timestamp: float
    agent: str
    reward_salience: float
    novelty_score: float
    goal_relevance: float
    memory_strength: float


class HippocampalExtractor:
    """Judges experiences by how they surprise, how new they are, and how they may bear on a goal (RULES R5)."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        goal: str = "",
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        self.config = config or JottyConfig()
        self.goal = goal
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)

    @property
    def _held(self) -> BrainView:
        held: BrainView = self._session.view("brain")
        return held

    @property
    def expected_reward(self) -> float:
        """The running mean of rewards."""
        return self._held.filter.expected_reward

    @property
    def seen_patterns(self) -> int:
        """How many contents are remembered as seen (E5)."""
        return self._held.seen_count

    @property
    def relevance_threshold(self) -> hippocampus.Running:
        """The running figures of relevance."""
        held = self._held.filter
        return hippocampus.Running(held.mean, held.squares, held.samples)

    def should_remember(self, experience: Mapping[str, Any]) -> tuple[bool, MemoryCandidate]:
        """Judge an experience by its `content`, `reward`, `agent` and `context`: returns whether to remember it.

        ConfigError for a reward that cannot be learned from, InvalidEvent for what JSON cannot hold.
        """
        content = str(experience.get("content", ""))
        context = json_value(experience.get("context", {}), "the context")
        agent, reward = str(experience.get("agent", "unknown")), self._usable(experience.get("reward", 0.5))
        with self._session.transaction() as commit:
            event = self._judged(content, context, reward, agent, commit.now)
            commit.add(event)
        candidate = MemoryCandidate(
            content,
            context,
            reward,
            event.now,
            agent,
            event.salience,
            event.novelty,
            event.relevance,
            event.strength,
        )
        return event.remembered, candidate

    def _usable(self, reward: Any) -> float:
        if self._session.rules >= 2:
            return usable_reward(reward)
        if isinstance(reward, bool) or not isinstance(reward, int | float) or not isfinite(reward):
            raise ConfigError(f"the reward is {reward!r:.40}", hint="rewards are finite numbers")
        return float(reward)

    def _judged(self, content: str, context: Any, reward: float, agent: str, now: float) -> ExperienceJudged:
        config, held, running = self.config, self._held, self.relevance_threshold
        digest = hippocampus.digest(content)
        nth = held.has_seen(digest)
        judged = hippocampus.judge(
            content,
            reward,
            self.goal,
            expected=self.expected_reward,
            seen=nth is not None,
            running=running,
            weights=hippocampus.Weights(
                config.brain_reward_salience_weight, config.brain_novelty_weight, config.brain_goal_relevance_weight
            ),
            threshold=config.brain_memory_threshold,
        )
        goes = hippocampus.has_to_go(held.seen_count, nth is not None, self._session.rules)
        return ExperienceJudged(
            **self._session.provenance,
            content=content,
            context=context,
            reward=reward,
            agent=agent,
            goal=self.goal,
            now=now,
            seen=nth is not None,
            expected_before=self.expected_reward,
            mean_before=running.mean,
            squares_before=running.squares,
            count_before=running.samples,
            digest=digest,
            salience=judged.salience,
            novelty=judged.novelty,
            relevance=judged.relevance,
            strength=judged.strength,
            remembered=judged.remembered,
            expected_reward=judged.expected_reward,
            mean=judged.running.mean,
            squares=judged.running.squares,
            count=judged.running.samples,
            let_go=next(iter(held.seen)) if goes else None,
            nth=held.next_seen if nth is None else nth,
        )
