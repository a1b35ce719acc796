"""Facts about the five-level memory, its goal-conditioned values, and its causal links.

An entry is named by `owner` ("shared" or an agent), `level` and `key`. `nth` is its insertion number in the
projection: entries of one level stand in the order of their `nth`.
"""

from msgspec import field

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class MemoryStored(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_stored"):
    """A new entry. `content` is as kept; `content_length` (characters) and `content_hash` (MD5) are the original's.

    `domain` and `task_type` are as the caller named them, or its context. `initial_value` is null if none was given.
    """

    owner: Observed[str]
    agent: Observed[str]
    level: Observed[str]
    goal: Observed[str]
    context: Observed[Json]
    initial_value: Observed[float | None]
    outcome: Observed[str | None]
    content_length: Observed[int]
    content_hash: Observed[str]
    now: Observed[float]
    content: Concluded[str]
    domain: Observed[str]
    task_type: Observed[str]
    key: Concluded[str]
    token_count: Concluded[int]
    truncated: Concluded[bool]
    default_value: Concluded[float]
    nth: Concluded[int]
    goal_nth: Concluded[int]


class MemoryAccessed(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_accessed"):
    """An entry was used. `cause`: retrieved."""

    owner: Observed[str]
    level: Observed[str]
    key: Observed[str]
    goal: Observed[str]
    cause: Observed[str]
    now: Observed[float]
    access_count: Concluded[int]
    ucb_visits: Concluded[int]
    total_accesses: Concluded[int]
    nth: Read[int]


class MemoryRepeated(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_repeated"):
    """Known content was stored again, by whom and with what is as in MemoryStored."""

    owner: Observed[str]
    agent: Observed[str]
    level: Observed[str]
    key: Observed[str]
    goal: Observed[str]
    context: Observed[Json]
    initial_value: Observed[float | None]
    outcome: Observed[str | None]
    now: Observed[float]
    access_count: Concluded[int]
    total_accesses: Concluded[int]
    nth: Read[int]


class MemoryMerged(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_merged"):
    """Known content came again under another name: the entry `key` stays and remembers `duplicate`."""

    owner: Observed[str]
    level: Observed[str]
    key: Read[str]
    duplicate: Observed[str]
    goal: Observed[str]
    now: Observed[float]
    similar_entries: Concluded[list[str]]
    access_count: Concluded[int]
    nth: Read[int]


class MemoryEvicted(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_evicted"):
    """An entry was let go. `reason`: capacity, stale, renamed, merged or removed."""

    owner: Observed[str]
    level: Observed[str]
    reason: Observed[str]
    now: Observed[float]
    value: Read[float | None]
    key: Concluded[str]
    nth: Read[int]


class MemoryProtected(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_protected"):
    """An entry became safe from eviction, or ceased to be."""

    owner: Observed[str]
    level: Observed[str]
    key: Observed[str]
    threshold: Observed[float]
    value: Read[float]
    protected: Concluded[bool]
    reason: Concluded[str]
    nth: Read[int]


class MemoryConsolidated(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_consolidated"):
    """One owner's memories were consolidated for the `count`-th time."""

    owner: Observed[str]
    now: Observed[float]
    count: Concluded[int]
    pruned: Concluded[int]
    patterns: Concluded[int]


class TrajectoryEnded(Learned, frozen=True, kw_only=True, tag_field="type", tag="trajectory_ended"):
    """One TD(lambda) trajectory: `keys` are the accessed entries in order, `owner` and `level` theirs, item by item.

    `read_at` is, for each access, the seq after which the entry's value was read.
    """

    goal: Observed[str]
    final_reward: Observed[float]
    success: Observed[bool | None] = None
    step_rewards: Observed[list[float]]
    owners: Observed[list[str]]
    levels: Observed[list[str]]
    keys: Observed[list[str]]
    now: Observed[float]
    read_at: Read[list[int]]
    gamma: Read[float]
    lambda_trace: Read[float]
    alpha: Read[float]
    return_: Concluded[float] = field(name="return")


class ValueUpdated(Learned, frozen=True, kw_only=True, tag_field="type", tag="value_updated"):
    """V(goal) of an entry changed.

    `cause`: td, transfer, strengthen or stored. `before` was read for the goal itself (`before_from` goal), from the
    entry's default (default) or by transfer from related goals (related). A transfer reads `source_goal`, the change
    `source_delta` there and the `similarity` of the two goals; `weight` is transfer weight times discount. What was
    stored has the given value as its `return`.
    """

    owner: Observed[str]
    level: Observed[str]
    key: Observed[str]
    goal: Observed[str]
    cause: Observed[str]
    now: Observed[float]
    return_: Observed[float | None] = field(name="return")
    before: Read[float]
    before_from: Read[str]
    default_before: Read[float]
    alpha: Read[float | None]
    trace: Read[float | None]
    source_goal: Read[str | None]
    source_delta: Read[float | None]
    similarity: Read[float | None]
    weight: Read[float | None]
    td_error: Concluded[float | None]
    after: Concluded[float]
    default_after: Concluded[float]
    access_count: Concluded[int]
    nth: Read[int]
    goal_nth: Concluded[int]


class AlphaAdapted(Learned, frozen=True, kw_only=True, tag_field="type", tag="alpha_adapted"):
    """The learning rate of `learner` (td or q) changed with the spread of its last `samples` errors.

    It is lowered by the share `rate` where the spread is above `unstable_above` means, raised where the mean is below
    `slow_below`, and kept in [`alpha_min`, `alpha_max`].
    """

    learner: Observed[str]
    now: Observed[float]
    before: Read[float]
    samples: Read[int]
    error_mean: Read[float]
    error_std: Read[float]
    recent_success: Read[float | None]
    older_success: Read[float | None]
    rate: Read[float]
    alpha_min: Read[float]
    alpha_max: Read[float]
    unstable_above: Read[float]
    slow_below: Read[float]
    after: Concluded[float]


class CausalLinked(Learned, frozen=True, kw_only=True, tag_field="type", tag="causal_linked"):
    """A causal link was added, or its confidence changed (`supported` says which way; null when it is new).

    `initial_confidence` is what a new link was given, null if nothing. `evidence` is the last of `supporting` or of
    `contradicting` once it was weighed.
    """

    owner: Observed[str]
    link: Observed[str]
    cause: Observed[str]
    effect: Observed[str]
    conditions: Observed[list[str]]
    exceptions: Observed[list[str]]
    domain: Observed[str]
    supported: Observed[bool | None]
    evidence: Observed[str | None]
    initial_confidence: Observed[float | None]
    now: Observed[float]
    before: Read[float | None]
    confidence: Concluded[float]
    supporting: Concluded[list[str]]
    contradicting: Concluded[list[str]]
    transferable: Observed[list[str]]
    nth: Concluded[int]


class GoalAdded(Learned, frozen=True, kw_only=True, tag_field="type", tag="goal_added"):
    """A goal entered one owner's hierarchy, below `parent` if one fits."""

    owner: Observed[str]
    goal: Observed[str]
    domain: Observed[str]
    operation_type: Observed[str]
    entities: Observed[list[str]]
    goal_id: Concluded[str]
    parent: Concluded[str | None]
    nth: Concluded[int]


class GoalScored(Learned, frozen=True, kw_only=True, tag_field="type", tag="goal_scored"):
    """A goal's record changed with the end of an episode."""

    owner: Observed[str]
    goal: Observed[str]
    goal_id: Concluded[str]
    success: Observed[bool]
    episode_count: Concluded[int]
    success_rate_before: Read[float]
    success_rate: Concluded[float]
