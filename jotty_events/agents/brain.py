"""The brain: takes in experiences while awake, and in sleep replays them into patterns."""

import time
from random import Random
from typing import Any

from projections.brain import Brain as BrainView
from projections.brain import Trace

from ..admission import json_object
from ..config import JottyConfig
from ..events import (
    ConsolidationDone,
    ExperienceEncoded,
    ExperienceForgotten,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    TraceReplayed,
    WakeCounted,
)
from ..outcome import usable_reward
from ..rules import brain
from ..session import Session, Transaction, undisturbed
from ..types import Clock, Json
from .alone import alone


class Brain:
    """The hippocampus and the neocortex of one conductor."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock and these random draws."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng)

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

    def store_experience(self, content: Json, reward: float, causal_impact: float = 0.0) -> None:
        """Take in an experience with a reward in [0, 1]; over capacity the least important one is forgotten.

        ConfigError for another reward, InvalidEvent for content that JSON cannot hold.
        """
        reward = usable_reward(reward)
        content = json_object(content, "the experience")
        tags = brain.tags(content)
        with self._session.transaction() as commit:
            held = self.state
            expected = held.expected_reward
            nearest, similarity = brain.nearest(tags, map(_pattern, held.neocortex))
            commit.add(
                ExperienceEncoded(
                    **self._session.provenance,
                    content=content,
                    reward=reward,
                    causal_impact=causal_impact,
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

    def _forget_experiences(self, commit: Transaction) -> None:
        rated = {one.nth: brain.priority(_experience(one), now=commit.now) for one in self.hippocampus}
        for nth in brain.over_capacity(rated.items(), self.config.max_hippocampus_size):
            commit.add(
                ExperienceForgotten(
                    **self._session.provenance,
                    reason="capacity",
                    now=commit.now,
                    priority=rated[nth],
                    nth=nth,
                    order=None,
                )
            )

    def end_of_episode(self, episode: int) -> bool:
        """Count an episode, and sleep if it is time; returns whether the brain slept."""
        interval = self.config.consolidation_interval
        with self._session.transaction() as commit:
            since = self.state.episodes_since_sleep + 1
            if since < interval:
                commit.add(WakeCounted(**self._session.provenance, now=commit.now, episodes_since_sleep=since))
                return False
            self.trigger_consolidation()
            return True

    def trigger_consolidation(self) -> None:
        """Sleep: replay what matters most, and keep what it teaches as patterns (RULES R5)."""
        with self._session.transaction() as commit:
            experiences = {one.nth: one for one in self.hippocampus}
            replayed = brain.replay(
                map(_experience, experiences.values()), threshold=self.config.brain_memory_threshold, now=commit.now
            )
            before = self.state.next_pattern
            texts = [self._replay(commit, experiences[one.nth], one) for one in replayed]
            forgotten = self._forget_patterns(commit)
            learned = self.state.next_pattern - before
            self._done(commit, len(replayed), learned, sum(texts) - learned, forgotten)

    def _replay(self, commit: Transaction, trace: Trace, after: brain.Replayed) -> bool:
        """Replay one experience; returns whether it taught anything."""
        commit.add(
            TraceReplayed(
                **self._session.provenance,
                now=commit.now,
                priority=after.priority,
                strength_before=trace.strength,
                nth=trace.nth,
                replays=after.replays,
                strength=after.strength,
            )
        )
        text = brain.pattern_text(trace.content, trace.reward)
        if text is None:
            return False
        kind = brain.kind_of(trace.reward)
        # A failure must not make the pattern of a success stronger, though it is about the same things.
        known = brain.match(trace.tags, [_pattern(one) for one in self.neocortex if one.kind == kind])
        if known is None:
            self._learn(commit, trace, text, after)
        else:
            self._reinforce(commit, trace, known, after)
        return True

    def _learn(self, commit: Transaction, trace: Trace, text: str, after: brain.Replayed) -> None:
        commit.add(
            PatternLearned(
                **self._session.provenance,
                source=trace.nth,
                reward=trace.reward,
                trace_strength=after.strength,
                replays=after.replays,
                now=commit.now,
                kind=brain.kind_of(trace.reward),
                tags=trace.tags,
                text=text,
                strength=brain.pattern_strength(after.strength, after.replays),
                sources=1,
                nth=self.state.next_pattern,
            )
        )

    def _reinforce(self, commit: Transaction, trace: Trace, known: tuple[int, float], after: brain.Replayed) -> None:
        pattern = next(one for one in self.neocortex if one.nth == known[0])
        commit.add(
            PatternReinforced(
                **self._session.provenance,
                source=trace.nth,
                reward=trace.reward,
                trace_strength=after.strength,
                replays=after.replays,
                now=commit.now,
                similarity=known[1],
                strength_before=pattern.strength,
                nth=pattern.nth,
                strength=pattern.strength + brain.pattern_strength(after.strength, after.replays),
                sources=pattern.sources + 1,
            )
        )

    def _forget_patterns(self, commit: Transaction) -> int:
        strengths = {one.nth: one.strength for one in self.neocortex}
        full = brain.over_capacity(strengths.items(), self.config.max_neocortex_size)
        weak = brain.weak_patterns(map(_pattern, self.neocortex), now=commit.now)
        reasons = dict.fromkeys(weak, "weak") | dict.fromkeys(full, "capacity")
        for nth, reason in reasons.items():
            commit.add(
                PatternForgotten(
                    **self._session.provenance,
                    reason=reason,
                    now=commit.now,
                    strength=strengths[nth],
                    nth=nth,
                    order=None,
                )
            )
        return len(reasons)

    def _done(self, commit: Transaction, replayed: int, learned: int, reinforced: int, forgotten: int) -> None:
        commit.add(
            ConsolidationDone(
                **self._session.provenance,
                now=commit.now,
                interval=self.config.consolidation_interval,
                count=self.state.consolidations + 1,
                replayed=replayed,
                learned=learned,
                reinforced=reinforced,
                forgotten=forgotten,
            )
        )

    @undisturbed
    def get_consolidated_knowledge(self, max_items: int = 10) -> str:
        """Return the strongest patterns as text for a prompt; empty if there are none."""
        strongest = sorted(self.neocortex, key=lambda one: (-one.strength, one.nth))[:max_items]
        if not strongest:
            return ""
        return "\n".join(["## Consolidated patterns:", *(f"- {one.text}" for one in strongest)])


def _experience(trace: Trace) -> brain.Experience:
    return brain.Experience(
        trace.nth, trace.reward, trace.novelty, trace.replays, trace.strength, trace.time, trace.causal_impact
    )


def _pattern(pattern: Any) -> brain.Pattern:
    return brain.Pattern(pattern.nth, pattern.tags, pattern.strength, pattern.reinforced)
