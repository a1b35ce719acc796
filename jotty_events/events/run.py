"""Facts about runs and episodes: who learned, from where, and what was tried."""

from msgspec import UNSET, Struct, UnsetType

from ..types import Json
from .fields import Concluded, Observed, Origin, Read


class Left(Struct, frozen=True, kw_only=True):
    """What is left on purpose: the runs up to the id `upto`, but for those that were `going` on at that time."""

    upto: str
    going: list[str]


class RunStarted(Struct, frozen=True, kw_only=True, tag_field="type", tag="run_started"):
    """A writer began a run at its parent point. `uid` is 16 random bytes in hex: two runs of equal id stay apart.

    `platform` says what computed it: powers and exponentials may differ in the last bit elsewhere. A run that began
    at a point that was asked for says what else it `left` there: nobody takes that up behind it.
    """

    run: Observed[str]
    uid: Observed[str]
    parent_run: Observed[str | None]
    parent_seq: Observed[int]
    parent_head: Observed[str]
    config: Observed[Json]
    seed: Observed[int]
    format: Observed[int]
    rules: Observed[int]
    library: Observed[str]
    platform: Observed[str]
    mode: Observed[str]
    durability: Observed[str]
    experiment: Observed[bool]
    now: Observed[float]
    left: Observed[Left | UnsetType] = UNSET


class RunEnded(Struct, frozen=True, kw_only=True, tag_field="type", tag="run_ended"):
    """A run was closed. `digests` maps each projection's name to the digest of its state (hex).

    `versions` says of which version of the projection: digests of different versions cannot be compared.
    """

    run: Observed[str]
    status: Observed[str]
    versions: Observed[dict[str, int]]
    digests: Concluded[dict[str, str]]
    now: Observed[float]


class EpisodeStarted(Struct, frozen=True, kw_only=True, tag_field="type", tag="episode_started"):
    """A goal was taken up. `episode` counts from 1 along the lineage."""

    episode: Concluded[int]
    run: Observed[str]
    goal: Observed[str]
    domain: Observed[str]
    now: Observed[float]


class ActorResult(Struct, frozen=True, kw_only=True):
    """What became of one actor in an episode: whether it succeeded, and the reward of its last attempt (0.0: none)."""

    actor: str
    success: bool
    reward: float


class EpisodeEnded(Struct, frozen=True, kw_only=True, tag_field="type", tag="episode_ended"):
    """A goal was done with. `status`: succeeded, failed, cancelled or broken (an error of the conductor's own).

    `results` has all actors of the episode, in the order in which they were configured.
    """

    episode: Observed[int]
    run: Observed[str]
    goal: Observed[str]
    domain: Observed[str]
    status: Observed[str]
    attempts: Read[int]
    results: Read[list[ActorResult]]
    success: Concluded[bool]
    reward: Concluded[float]
    now: Observed[float]


class Candidate(Struct, frozen=True, kw_only=True):
    """An approach that could have been taken, and its Q-value as the choice saw it."""

    approach: str
    q: float
    nth: int | None
    tried: bool


class Recalled(Struct, frozen=True, kw_only=True):
    """A memory that went into an attempt's context, and its value for the goal at that moment."""

    owner: str
    level: str
    key: str
    value: float


class AttemptMade(Struct, frozen=True, kw_only=True, tag_field="type", tag="attempt_made"):
    """An actor tried an approach.

    `outcome`: succeeded, failed, raised, timed_out, rejected (an unusable answer, `error` says which) or cancelled.
    What it was told and chose from was read after the record `read_at`, before the agent worked; at the time `read_now`
    where a rule asked for it (version 1 tells how old patterns are).
    `draw` and `pick` are uniform in [0, 1): explored if draw < epsilon, and then the candidate at int(pick * n).
    `lesson` is what the agent said is to be remembered. `duration` is in seconds. An attempt with an `origin` was made
    there: what it was told and chose from was read there, and is kept as it was; here it was only learned from.
    """

    episode: Observed[int]
    actor: Observed[str]
    attempt: Observed[int]
    task: Observed[str]
    goal: Observed[str]
    state: Concluded[str]
    read_at: Read[int]
    read_now: Observed[float | None]
    epsilon: Read[float]
    draw: Observed[float]
    pick: Observed[float]
    candidates: Read[list[Candidate]]
    memories: Read[list[Recalled]]
    lessons: Read[list[str]]
    learned_context: Concluded[str]
    approach: Concluded[str | None]
    action: Concluded[str]
    explored: Concluded[bool]
    outcome: Observed[str]
    success: Observed[bool]
    reward: Observed[float]
    error: Observed[str | None]
    error_type: Observed[str | None]
    lesson: Observed[str | None]
    duration: Observed[float]
    now: Observed[float]
    origin: Observed[Origin | UnsetType] = UNSET
