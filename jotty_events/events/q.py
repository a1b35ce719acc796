"""Facts about the Q-table in natural language, its experience buffer and its tiers.

An entry is named by the texts of a state and an action; `nth`, its insertion number, is a short name of it that is
never given again. An experience is named by its own insertion number.
"""

from msgspec import Struct

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class ExperienceAdded(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_added"):
    """A step was put into the buffer: the texts, and what they were made of. `q_before` is Q as the priority saw it."""

    state: Observed[str]
    action: Observed[str]
    reward: Observed[float]
    next_state: Observed[str | None]
    done: Observed[bool]
    state_data: Observed[Json]
    action_data: Observed[Json]
    next_state_data: Observed[Json | None]
    now: Observed[float]
    q_before: Read[float]
    error: Concluded[float]
    priority: Concluded[float]
    nth: Concluded[int]


class ExperienceEvicted(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_evicted"):
    """A step left the buffer. `order` lists the ids that remain if the rule sorted them, else null."""

    now: Observed[float]
    capacity: Read[int]
    priority: Read[float]
    nth: Concluded[int]
    order: Concluded[list[int] | None]


class ExperienceReweighed(Learned, frozen=True, kw_only=True, tag_field="type", tag="experience_reweighed"):
    """A step of the buffer was replayed, and surprises less: `q` is what its entry is worth since."""

    now: Observed[float]
    reward: Read[float]
    q: Read[float]
    nth: Read[int]
    error: Concluded[float]
    priority: Concluded[float]


class QUpdated(Learned, frozen=True, kw_only=True, tag_field="type", tag="q_updated"):
    """Q(state, action) moved towards reward + gamma * next_max.

    `before` is the value that the rule used: that of the entry `before_nth` (`before_raw`, discounted if that is not
    the entry `nth` itself but one of the similarity `before_similarity`, which is 1.0 for the same words in another
    order), or the default where `before_nth` is null. `next_nth` likewise names the entry that `next_max` was taken
    from. `cause`: experience or replay. `experience` is the step's number in the buffer; a replay also says
    the `draw` in [0, 1) that chose it.
    """

    state: Observed[str]
    action: Observed[str]
    reward: Observed[float]
    next_state: Observed[str | None]
    done: Observed[bool]
    cause: Observed[str]
    experience: Observed[int | None] = None
    draw: Observed[float | None] = None
    now: Observed[float]
    before: Read[float]
    before_nth: Read[int | None]
    before_raw: Read[float | None]
    before_similarity: Read[float]
    next_max: Read[float]
    next_nth: Read[int | None]
    average_before: Read[float]
    alpha: Read[float]
    gamma: Read[float]
    target: Concluded[float]
    td_error: Concluded[float]
    after: Concluded[float]
    visits: Concluded[int]
    average_reward: Concluded[float]
    lesson: Concluded[str | None]
    created: Concluded[float]
    nth: Concluded[int]


class QPruned(Learned, frozen=True, kw_only=True, tag_field="type", tag="q_pruned"):
    """An entry left the table. `reason`: archive, because it taught too little, or replaced, by a loaded state.

    `draw` is its place in the archive where it was drawn from there, `elsewhere` what is read for it without it.
    """

    state: Concluded[str]
    action: Concluded[str]
    reason: Observed[str]
    now: Observed[float]
    value: Read[float]
    visits: Read[int]
    error_mean: Read[float | None]
    elsewhere: Read[float | None]
    draw: Observed[int | None]
    nth: Read[int]


class TierMove(Struct, frozen=True, kw_only=True):
    """The entry `nth` now stands in a tier (0: none), at `rank` where the order is the rule's own."""

    nth: int
    tier: int
    rank: int | None


class Cluster(Struct, frozen=True, kw_only=True):
    """A group of similar entries in tier 2; `rank` is its place among the groups."""

    name: str
    rank: int
    centroid: str
    members: list[int]


class TiersAssigned(Learned, frozen=True, kw_only=True, tag_field="type", tag="tiers_assigned"):
    """Entries moved between tiers. `whole`: the moves are all that is in a tier, else only what changed."""

    now: Observed[float]
    reward: Observed[float | None]
    last_reward_before: Read[float | None]
    without_improvement_before: Read[int]
    threshold_before: Read[float]
    last_reward: Concluded[float | None]
    without_improvement: Concluded[int]
    threshold: Concluded[float]
    whole: Concluded[bool]
    moves: Concluded[list[TierMove]]
    clusters: Concluded[list[Cluster] | None]
