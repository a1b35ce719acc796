"""Facts about the brain: experiences in the hippocampus, patterns in the neocortex, and sleep."""

from msgspec import Struct

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
    """An experience left the hippocampus. `reason`: capacity, weak or replaced (another brain was loaded)."""

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
    """A pattern left the neocortex. `reason`: capacity, weak or replaced (another brain was loaded)."""

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


class ImpactAssigned(Learned, frozen=True, kw_only=True, tag_field="type", tag="impact_assigned"):
    """It became known how much the experience `nth` caused."""

    causal_impact: Observed[float]
    now: Observed[float]
    nth: Observed[int]


class ExperienceJudged(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_judged"):
    """The hippocampal filter judged an experience: whether it is worth remembering.

    `digest` (SHA-256 hex) stands for the content among those `seen`; `let_go` is the digest that is forgotten for it.
    The running figures of relevance are a mean, a sum of squared distances from it, and a count (Welford).
    """

    content: Observed[str]
    context: Observed[Json]
    reward: Observed[float]
    agent: Observed[str]
    goal: Observed[str]
    now: Observed[float]
    seen: Read[bool]
    expected_before: Read[float]
    mean_before: Read[float]
    squares_before: Read[float]
    count_before: Read[int]
    digest: Concluded[str]
    salience: Concluded[float]
    novelty: Concluded[float]
    relevance: Concluded[float]
    strength: Concluded[float]
    remembered: Concluded[bool]
    expected_reward: Concluded[float]
    mean: Concluded[float]
    squares: Concluded[float]
    count: Concluded[int]
    let_go: Concluded[str | None]
    nth: Concluded[int]


class ReplayLink(Struct, frozen=True, kw_only=True):
    """One action followed another, and the reward changed by `reward_delta`."""

    cause: str
    effect: str
    reward_delta: float
    confidence: float


class EpisodesReplayed(Learned, frozen=True, kw_only=True, tag_field="type", tag="episodes_replayed"):
    """Recent episodes were replayed for the `count`-th time, and what they teach was drawn from them.

    `values` are those of the memories at hand; `pruned` and `strengthened` are places among them; `duration` in s.
    """

    episodes: Observed[list[Json]]
    values: Observed[list[float]]
    now: Observed[float]
    duration: Observed[float]
    patterns: Concluded[list[str]]
    links: Concluded[list[ReplayLink]]
    pruned: Concluded[list[int]]
    strengthened: Concluded[list[int]]
    values_after: Concluded[list[float]]
    count: Concluded[int]


class BrainStepped(Learned, frozen=True, kw_only=True, tag_field="type", tag="brain_stepped"):
    """The machine of sleep and wake went on. `cause`: experienced, queued, slept, forced or set.

    `mode` is the one after it: online, offline or dreaming; the last `held` experiences are those of the next sleep.
    """

    cause: Observed[str]
    experience: Observed[Json | None]
    mode: Observed[str]
    now: Observed[float]
    episodes_since_sleep: Concluded[int]
    total_episodes: Concluded[int]
    total_consolidations: Concluded[int]
    held: Concluded[int]
