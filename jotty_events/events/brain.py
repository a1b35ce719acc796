"""Facts about the brain: experiences in the hippocampus, patterns in the neocortex, and sleep."""

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class ExperienceEncoded(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_encoded"):
    """An experience entered the hippocampus.

    `nearest` is the pattern most like it, with the Jaccard index `similarity`: null and 0.0 if none shares a tag.
    """

    content: Observed[Json]
    reward: Observed[float]
    causal_impact: Observed[float]
    now: Observed[float]
    expected_before: Read[float]
    nearest: Read[int | None]
    similarity: Read[float]
    tags: Concluded[list[str]]
    novelty: Concluded[float]
    strength: Concluded[float]
    expected_reward: Concluded[float]
    nth: Concluded[int]


class ExperienceForgotten(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_forgotten"):
    """An experience left the hippocampus. `reason`: capacity or weak."""

    reason: Observed[str]
    now: Observed[float]
    priority: Read[float]
    nth: Concluded[int]
    order: Concluded[list[int] | None]


class TraceReplayed(Learned, frozen=True, kw_only=True, tag_field="type", tag="trace_replayed"):
    """An experience was replayed in sleep and grew stronger."""

    now: Observed[float]
    priority: Read[float]
    strength_before: Read[float]
    nth: Concluded[int]
    replays: Concluded[int]
    strength: Concluded[float]


class PatternLearned(Learned, frozen=True, kw_only=True, tag_field="type", tag="pattern_learned"):
    """A pattern entered the neocortex, drawn from the experience `source`. `kind`: success, failure or mixed.

    `trace_strength` and `replays` are those of the experience after the replay that taught it.
    """

    source: Read[int | None]
    reward: Read[float]
    trace_strength: Read[float | None]
    replays: Read[int | None]
    now: Observed[float]
    kind: Concluded[str]
    tags: Concluded[list[str]]
    text: Concluded[str]
    strength: Concluded[float]
    sources: Concluded[int]
    nth: Concluded[int]


class PatternReinforced(Learned, frozen=True, kw_only=True, tag_field="type", tag="pattern_reinforced"):
    """A replayed experience agreed with a known pattern. `trace_strength` and `replays` are as in PatternLearned."""

    source: Read[int | None]
    reward: Read[float]
    trace_strength: Read[float | None]
    replays: Read[int | None]
    now: Observed[float]
    similarity: Read[float]
    strength_before: Read[float]
    nth: Concluded[int]
    strength: Concluded[float]
    sources: Concluded[int]


class PatternForgotten(Learned, frozen=True, kw_only=True, tag_field="type", tag="pattern_forgotten"):
    """A pattern left the neocortex. `reason`: capacity or weak."""

    reason: Observed[str]
    now: Observed[float]
    strength: Read[float]
    nth: Concluded[int]
    order: Concluded[list[int] | None]


class ConsolidationDone(Learned, frozen=True, kw_only=True, tag_field="type", tag="consolidation_done"):
    """The brain slept for the `count`-th time, and counts episodes anew."""

    now: Observed[float]
    interval: Read[int]
    count: Concluded[int]
    replayed: Concluded[int]
    learned: Concluded[int]
    reinforced: Concluded[int]
    forgotten: Concluded[int]


class WakeCounted(Learned, frozen=True, kw_only=True, tag_field="type", tag="wake_counted"):
    """An episode ended while the brain was awake."""

    now: Observed[float]
    episodes_since_sleep: Concluded[int]
