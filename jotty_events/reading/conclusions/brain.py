"""Conclusions of the brain's events."""

from ...events import Event, ExperienceEncoded, PatternLearned, PatternReinforced, TraceReplayed
from ...rules import brain
from .conclusion import Conclusion, Found, Settings, known


def experience_encoded(event: ExperienceEncoded, settings: Settings) -> Found:
    """The tags, how new they are, the strength, and what is expected from now on."""
    return {
        "tags": brain.tags(event.content),
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


BRAIN: dict[type[Event], Conclusion] = {
    ExperienceEncoded: Conclusion(("tags", "novelty", "strength", "expected_reward"), experience_encoded),
    TraceReplayed: Conclusion(("strength",), trace_replayed),
    PatternLearned: Conclusion(("kind", "strength", "sources"), pattern_learned),
    PatternReinforced: Conclusion(("strength",), pattern_reinforced),
}
