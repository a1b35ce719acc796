"""Facts about what memories are worth for a goal, as it is learned from rewards, and about how fast it is learned.

An entry is named by `owner` ("shared" or an agent), `level` and `key`; `nth` is its insertion number.
"""

from msgspec import field

from .fields import Concluded, Learned, Observed, Read


class TrajectoryEnded(Learned, frozen=True, kw_only=True, tag_field="type", tag="trajectory_ended"):
    """One TD(lambda) trajectory: `keys` are the accessed entries in order, `owner` and `level` theirs, item by item.

    `read_at` is, for each access, the seq after which the entry's value was read. Only the entries of the accesses
    `among` were to be valued (null: all); `carried` says whether changes were carried over to related goals.
    """

    goal: Observed[str]
    final_reward: Observed[float]
    success: Observed[bool | None] = None
    step_rewards: Observed[list[float]]
    owners: Observed[list[str]]
    levels: Observed[list[str]]
    keys: Observed[list[str]]
    among: Observed[list[int] | None]
    carried: Observed[bool]
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
    stored has the given value as its `return`. `updated` is when the value for the goal counts as learned.
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
    updated: Concluded[float]
    nth: Read[int]
    goal_nth: Concluded[int]


class SampleNoted(Learned, frozen=True, kw_only=True, tag_field="type", tag="sample_noted"):
    """A sample that the learning rate of `learner` follows from. `kind`: error (its absolute td error) or success.

    A success is 1.0, a failure 0.0. The last `held` samples of a kind count; `fresh` came since the last adaptation.
    """

    learner: Observed[str]
    kind: Observed[str]
    value: Observed[float]
    now: Observed[float]
    held_before: Read[int]
    fresh_before: Read[int]
    held: Concluded[int]
    fresh: Concluded[int]


class AlphaAdapted(Learned, frozen=True, kw_only=True, tag_field="type", tag="alpha_adapted"):
    """The learning rate of `learner` (td or q) changed with the spread of its last `samples` errors (`cause` errors).

    It is lowered by the share `rate` where the spread is above `unstable_above` means, raised where the mean is below
    `slow_below`, and kept in [`alpha_min`, `alpha_max`]. `cause` reset: as configured again, no sample counts.
    """

    learner: Observed[str]
    cause: Observed[str]
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
