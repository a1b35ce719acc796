"""One sleep of the brain: what is replayed, what that teaches, and what is forgotten."""

from typing import Any

from projections.brain import Brain as BrainView
from projections.brain import Trace

from ...config import JottyConfig
from ...events import (
    ConsolidationDone,
    ExperienceForgotten,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    TraceReplayed,
)
from ...rules.brain import patterns as brain
from ...session import Session, Transaction


def as_experience(trace: Trace) -> brain.Experience:
    """Return an experience as the rules see it."""
    return brain.Experience(
        trace.nth, trace.reward, trace.novelty, trace.replays, trace.strength, trace.time, trace.causal_impact
    )


def as_pattern(pattern: Any) -> brain.Pattern:
    """Return a pattern as the rules see it."""
    return brain.Pattern(pattern.nth, pattern.tags, pattern.strength, pattern.reinforced)


def weights_of(config: JottyConfig, rules: int) -> brain.Weights:
    """Return what counts how much in a priority."""
    configured = brain.Weights(
        config.replay_reward_weight,
        config.replay_novelty_weight,
        config.replay_frequency_weight,
        config.replay_recency_weight,
        config.replay_causal_weight,
    )
    return brain.weights_by(rules, configured)


class _Part:
    """What a part of the brain's work has at hand."""

    def __init__(self, config: JottyConfig, session: Session) -> None:
        self._config = config
        self._session = session
        self._weights = weights_of(config, session.rules)

    @property
    def _rules(self) -> int:
        return self._session.rules

    @property
    def _held(self) -> BrainView:
        held: BrainView = self._session.view("brain")
        return held


class Forgetting(_Part):
    """Forgets what is too much, and what has faded."""

    def experiences(self, commit: Transaction) -> None:
        """Forget the least important experiences over capacity. In version 1 the others are sorted by importance."""
        rated = {one.nth: self._priority(one, commit) for one in self._held.hippocampus}
        capacity = self._config.max_hippocampus_size
        if self._rules < 2:
            kept, gone = brain.ranked(rated.items(), capacity)
        else:
            kept, gone = None, brain.over_capacity(rated.items(), capacity)
        for nth in gone:
            self._experience(commit, nth, "capacity", rated[nth], kept if nth == gone[-1] else None)

    def faded(self, commit: Transaction) -> int:
        """Forget the experiences that were never replayed and have faded; returns how many (M10)."""
        traces = self._held.hippocampus
        rated = {one.nth: self._priority(one, commit) for one in traces}
        weak = brain.weak_experiences(map(as_experience, traces), now=commit.now, version=self._rules)
        for nth in weak:
            self._experience(commit, nth, "weak", rated[nth], None)
        return len(weak)

    def _priority(self, trace: Trace, commit: Transaction) -> float:
        return brain.priority(as_experience(trace), now=commit.now, weights=self._weights, version=self._rules)

    def _experience(self, commit: Transaction, nth: int, reason: str, priority: float, order: list[int] | None) -> None:
        commit.add(
            ExperienceForgotten(
                **self._session.provenance, reason=reason, now=commit.now, priority=priority, nth=nth, order=order
            )
        )

    def patterns(self, commit: Transaction) -> int:
        """Forget the weakest patterns over capacity, and those that have faded; returns how many."""
        patterns = self._held.neocortex
        strengths = {one.nth: one.strength for one in patterns}
        capacity = self._config.max_neocortex_size
        weak = brain.weak_patterns(map(as_pattern, patterns), now=commit.now, version=self._rules)
        if self._rules < 2:
            kept, full = brain.ranked(strengths.items(), capacity)
        else:
            kept, full = None, brain.over_capacity(strengths.items(), capacity)
        reasons = dict.fromkeys(weak, "weak") | dict.fromkeys(full, "capacity")
        for nth, reason in reasons.items():
            order = kept if full and nth == full[-1] else None
            commit.add(
                PatternForgotten(
                    **self._session.provenance,
                    reason=reason,
                    now=commit.now,
                    strength=strengths[nth],
                    nth=nth,
                    order=order,
                )
            )
        return len(reasons)


class Sleeping(_Part):
    """Replays what matters most."""

    def all(self) -> list[int]:
        """Sleep once; returns what was replayed, by its insertion numbers."""
        with self._session.transaction() as commit:
            traces = {one.nth: one for one in self._held.hippocampus}
            replayed = brain.replay(
                map(as_experience, traces.values()),
                threshold=self._config.brain_memory_threshold,
                now=commit.now,
                weights=self._weights,
                version=self._rules,
            )
            before = self._held.next_pattern
            taught = [self._replay(commit, traces[one.nth], one) for one in replayed]
            forgetting = Forgetting(self._config, self._session)
            forgotten = forgetting.patterns(commit) + forgetting.faded(commit)
            learned = self._held.next_pattern - before
            self._done(commit, len(replayed), learned, sum(taught) - learned, forgotten)
        return [one.nth for one in replayed]

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
        text = brain.lesson(trace.content, trace.reward, self._rules)
        if text is None:
            return False
        known = self._known(trace)
        if known is None:
            self._learn(commit, trace, text, after)
        else:
            self._reinforce(commit, trace, known, after)
        return True

    def _known(self, trace: Trace) -> tuple[int, float] | None:
        """Return the pattern that an experience agrees with, and how much."""
        if self._rules < 2:
            return brain.first_match(trace.tags, map(as_pattern, self._held.neocortex))
        kind = brain.kind_of(trace.reward)
        # A failure must not make the pattern of a success stronger, though it is about the same things.
        return brain.match(trace.tags, [as_pattern(one) for one in self._held.neocortex if one.kind == kind])

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
                nth=self._held.next_pattern,
            )
        )

    def _reinforce(self, commit: Transaction, trace: Trace, known: tuple[int, float], after: brain.Replayed) -> None:
        pattern = next(one for one in self._held.neocortex if one.nth == known[0])
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

    def _done(self, commit: Transaction, replayed: int, learned: int, reinforced: int, forgotten: int) -> None:
        commit.add(
            ConsolidationDone(
                **self._session.provenance,
                now=commit.now,
                interval=self._config.consolidation_interval,
                count=self._held.consolidations + 1,
                replayed=replayed,
                learned=learned,
                reinforced=reinforced,
                forgotten=forgotten,
            )
        )
