"""The arithmetic of the brain's events (RULES R5), and of the end of an episode."""

from ...events import EpisodeEnded, Event, ExperienceEncoded, PatternLearned, PatternReinforced, TraceReplayed
from ...rules.brain import patterns
from .numbers import figure
from .told import Around, Telling, Told


def experience_encoded(event: ExperienceEncoded, around: Around) -> Told:
    """Strength and novelty, and what is expected since."""
    rate = patterns.EXPECTATION_RATE
    like = "nothing" if event.nearest is None else f"pattern {event.nearest}"
    expected = f"{figure(rate)} * {figure(event.reward)} + {figure(1 - rate)} * {figure(event.expected_before)}"
    return Told(
        [
            f"{figure(event.strength)} to begin with",
            f"{figure(event.novelty)} = 1 - {figure(event.similarity)}: novelty, it is most like {like}",
            f"{figure(event.expected_reward)} = {expected}: the reward that is expected since",
        ]
    )


def trace_replayed(event: TraceReplayed, around: Around) -> Told:
    """The strength after a replay."""
    most, factor = figure(patterns.STRENGTH_MOST), figure(patterns.STRENGTH_FACTOR)
    grown = f"min({most}, {figure(event.strength_before)} * {factor})"
    return Told(
        [f"{figure(event.strength)} = {grown}: replay {event.replays}, chosen with priority {figure(event.priority)}"]
    )


def pattern_learned(event: PatternLearned, around: Around) -> Told:
    """The strength that a replay gave."""
    if event.source is None or event.trace_strength is None:
        return Told([f"{figure(event.strength)} as given"])
    gain = f"{figure(event.trace_strength)} * {event.replays}"
    return Told([f"{figure(event.strength)} = {gain}: strength and replays of experience {event.source}", event.text])


def pattern_reinforced(event: PatternReinforced, around: Around) -> Told:
    """The strength that one more replay added."""
    if event.source is None or event.trace_strength is None:
        return Told([f"{figure(event.strength)} from {figure(event.strength_before)}"])
    gain = f"{figure(event.strength_before)} + {figure(event.trace_strength)} * {event.replays}"
    return Told([f"{figure(event.strength)} = {gain}: strength and replays of experience {event.source}"])


def episode_ended(event: EpisodeEnded, around: Around) -> Told:
    """The reward, the mean over the actors."""
    rewards = " + ".join(figure(one.reward) for one in event.results)
    who = ", ".join(one.actor for one in event.results)
    if not event.results or event.status not in ("succeeded", "failed"):
        return Told([f"{figure(event.reward)}: {event.status}"])
    return Told([f"{figure(event.reward)} = ({rewards}) / {len(event.results)}: mean over {who}; {event.status}"])


BRAIN: dict[type[Event], Telling] = {
    ExperienceEncoded: experience_encoded,
    TraceReplayed: trace_replayed,
    PatternLearned: pattern_learned,
    PatternReinforced: pattern_reinforced,
    EpisodeEnded: episode_ended,
}
