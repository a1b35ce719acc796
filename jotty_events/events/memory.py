"""Facts about the five-level memory and its causal links, and about goals; its values are in values.py.

An entry is named by `owner` ("shared" or an agent), `level` and `key`. `nth` is its insertion number in the
projection: entries of one level stand in the order of their `nth`.
"""

from msgspec import Struct

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class MemoryStored(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_stored"):
    """A new entry. `content` is as kept; `content_length` (characters) and `content_hash` (MD5) are the original's.

    `domain` and `task_type` are as the caller named them, or its context. `initial_value` is null if none was given.
    `causal_links` are the ids of links that it belongs to.
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
    causal_links: Observed[list[str]]
    key: Concluded[str]
    token_count: Concluded[int]
    truncated: Concluded[bool]
    default_value: Concluded[float]
    source_episode: Concluded[int | None]
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
    """What says the same as a known entry came: the entry `key` stays and remembers `duplicate`, its key otherwise.

    Who said it, and with what, is as in MemoryStored; `content` is as it would have been kept.
    """

    owner: Observed[str]
    agent: Observed[str]
    level: Observed[str]
    key: Read[str]
    duplicate: Observed[str]
    goal: Observed[str]
    content: Observed[str]
    context: Observed[Json]
    initial_value: Observed[float | None]
    outcome: Observed[str | None]
    now: Observed[float]
    similar_entries: Concluded[list[str]]
    access_count: Concluded[int]
    nth: Read[int]


class KeptValue(Struct, frozen=True, kw_only=True):
    """A value for a goal that an entry has kept under its new key."""

    owner: str
    level: str
    key: str
    goal: str
    value: float
    access_count: int
    updated: float | None
    nth: int


class MemoryRenamed(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_renamed"):
    """An entry has another key from now on: all that it was under `former`, which was let go just before.

    `reason`: migrated (its key was of an old form) or duplicate (the content of MD5 `named_by` said the same).
    """

    owner: Observed[str]
    level: Observed[str]
    reason: Observed[str]
    goal: Observed[str]
    domain: Observed[str]
    task_type: Observed[str]
    named_by: Observed[str]
    now: Observed[float]
    former: Read[str]
    content: Read[str]
    context: Read[Json]
    agent: Read[str]
    source_episode: Read[int | None]
    default_value: Read[float]
    token_count: Read[int]
    content_hash: Read[str]
    outcome: Read[str | None]
    causal_links: Read[list[str]]
    created: Read[float]
    accessed_before: Read[float]
    ucb_visits: Read[int]
    protected: Read[bool]
    protection_reason: Read[str]
    goal_values: Read[list[KeptValue]]
    key: Concluded[str]
    last_accessed: Concluded[float]
    access_count: Concluded[int]
    similar_entries: Concluded[list[str]]
    nth: Concluded[int]


class SaidRelevant(Struct, frozen=True, kw_only=True):
    """How relevant a model found an entry, in [0, 1]."""

    level: str
    key: str
    relevance: float


class MemoriesRetrieved(Learned, frozen=True, kw_only=True, tag_field="type", tag="memories_retrieved"):
    """A query was answered by the entries `keys`, the best first; `levels`, `values` and so on are theirs in order.

    `query` is cut as contents are. `searched` are the levels that were asked, `budget` is in tokens. `relevance_by`:
    words, model, names (all that was looked at is relevant) or none (every entry counts as half relevant). `said` is
    what a model said, also of entries that were not good enough.
    """

    owner: Observed[str]
    query: Observed[str]
    goal: Observed[str]
    searched: Observed[list[str]]
    budget: Observed[int]
    now: Observed[float]
    relevance_by: Observed[str]
    said: Observed[list[SaidRelevant]]
    relevances: Read[list[float]]
    values: Read[list[float]]
    levels: Concluded[list[str]]
    keys: Concluded[list[str]]
    scores: Concluded[list[float]]
    total_accesses: Concluded[int]


class MemoryEvicted(Learned, frozen=True, kw_only=True, tag_field="type", tag="memory_evicted"):
    """An entry was let go. `reason`: capacity, stale, renamed, merged, removed, or replaced by a loaded memory."""

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
    """A goal entered one owner's hierarchy, below `parent`: the one that was `given`, else one that fits."""

    owner: Observed[str]
    goal: Observed[str]
    domain: Observed[str]
    operation_type: Observed[str]
    entities: Observed[list[str]]
    given: Observed[str | None]
    goal_id: Concluded[str]
    parent: Concluded[str | None]
    nth: Concluded[int]


class GoalScored(Learned, frozen=True, kw_only=True, tag_field="type", tag="goal_scored"):
    """A goal's record changed: with the end of an episode, or (`success` is null) because it came up again."""

    owner: Observed[str]
    goal: Observed[str]
    goal_id: Concluded[str]
    success: Observed[bool | None]
    episode_count: Concluded[int]
    success_rate_before: Read[float]
    success_rate: Concluded[float]
