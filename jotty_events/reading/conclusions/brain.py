"""Conclusions of the brain's events, in every version of the rules."""

from typing import Any

from ...events import (
    EpisodesReplayed,
    Event,
    ExperienceEncoded,
    ExperienceJudged,
    PatternLearned,
    PatternReinforced,
    ReplayLink,
    TraceReplayed,
)
from ...rules.brain import consolidator, hippocampus
from ...rules.brain import patterns as brain
from .conclusion import Conclusion, Found, Settings, known

_FILTER = (
    "brain_reward_salience_weight",
    "brain_novelty_weight",
    "brain_goal_relevance_weight",
    "brain_memory_threshold",
)
_RIPPLES = (
    "pattern_extraction_threshold",
    "brain_prune_threshold",
    "brain_max_prune_percentage",
    "brain_strengthen_threshold",
)


def experience_encoded(event: ExperienceEncoded, settings: Settings) -> Found:
    """The tags, how new they are, the strength, and what is expected from now on."""
    return {
        "tags": brain.tags(event.content, settings.rules),
        "novelty": brain.novelty(event.similarity),
        "strength": brain.INITIAL_STRENGTH,
        "expected_reward": brain.expectation(event.expected_before, event.reward),
    }


def trace_replayed(event: TraceReplayed, settings: Settings) -> Found:
    """The strength after the replay."""
    return {"strength": brain.strengthened(event.strength_before)}


def pattern_learned(event: PatternLearned, settings: Settings) -> Found:
    """The kind and the strength of a pattern that a replay left; nothing for one that did not come from a replay."""
    if event.source is None:
        return {}
    return {"kind": brain.kind_of(event.reward), "strength": _gain(event), "sources": 1}


def pattern_reinforced(event: PatternReinforced, settings: Settings) -> Found:
    """The strength after the replay that agreed."""
    return {} if event.source is None else {"strength": event.strength_before + _gain(event)}


def _gain(event: PatternLearned | PatternReinforced) -> float:
    return brain.pattern_strength(known(event.trace_strength, "trace_strength"), known(event.replays, "replays"))


def experience_judged(event: ExperienceJudged, settings: Settings) -> Found:
    """How the experience was judged, by the weights of the run; what stands for it follows in any case."""
    digest: Found = {"digest": hippocampus.digest(event.content)}
    weights = _given(settings, _FILTER)
    if weights is None:
        return digest
    judged = hippocampus.judge(
        event.content,
        event.reward,
        event.goal,
        expected=event.expected_before,
        seen=event.seen,
        running=hippocampus.Running(event.mean_before, event.squares_before, event.count_before),
        weights=hippocampus.Weights(*weights[:3]),
        threshold=weights[3],
    )
    mean, squares, samples = judged.running
    found: Found = {**judged._asdict(), "mean": mean, "squares": squares, "count": samples}
    del found["running"]
    return digest | found


def episodes_replayed(event: EpisodesReplayed, settings: Settings) -> Found:
    """What the episodes teach, and which of the memories are weak or strong."""
    links = [ReplayLink(**one._asdict()) for one in consolidator.links(event.episodes)]
    limits = _given(settings, _RIPPLES)
    if limits is None:
        return {"links": links}
    threshold, weak, share, strong = limits
    grown = consolidator.strengthened(event.values, strong)
    return {
        "links": links,
        "patterns": consolidator.patterns(event.episodes, threshold),
        "pruned": consolidator.to_prune(event.values, weak, share),
        "strengthened": grown.places,
        "values_after": grown.values,
    }


def _given(settings: Settings, names: tuple[str, ...]) -> list[Any] | None:
    """Return some settings of a run, None if it does not hold them all."""
    found = [settings.get(name) for name in names]
    return found if all(isinstance(one, int | float) for one in found) else None


BRAIN: dict[type[Event], Conclusion] = {
    ExperienceEncoded: Conclusion(("tags", "novelty", "strength", "expected_reward"), experience_encoded),
    TraceReplayed: Conclusion(("strength",), trace_replayed),
    PatternLearned: Conclusion(("kind", "strength", "sources"), pattern_learned),
    PatternReinforced: Conclusion(("strength",), pattern_reinforced),
    ExperienceJudged: Conclusion(
        (
            "digest",
            "salience",
            "novelty",
            "relevance",
            "strength",
            "remembered",
            "expected_reward",
            "mean",
            "squares",
            "count",
        ),
        experience_judged,
    ),
    EpisodesReplayed: Conclusion(
        ("patterns", "links", "pruned", "strengthened", "values_after"),
        episodes_replayed,
    ),
}
