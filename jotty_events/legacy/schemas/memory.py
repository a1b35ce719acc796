"""The original's `shared_memory.json` and the memories of single agents, as `to_dict` gives them.

Beside the original's own fields stand those that it leaves out and loses so (P9), as ours are exported with them.
"""

from typing import Any

from .strict import Count, Original, Time


class GoalValue(Original):
    """What an entry is worth for one goal."""

    value: float
    access_count: Count = 0
    last_updated: Time | None = None


class Metadata(Original):
    """What an entry's key is made of."""

    domain: str | None = None
    task_type: str | None = None


class Entry(Original):
    """One memory: `memories[level][key]`."""

    key: str | None = None
    content: str
    level: str | None = None
    context: dict[str, Any] | None = None
    created_at: Time | None = None
    last_accessed: Time | None = None
    goal_values: dict[str, GoalValue] = {}
    default_value: float = 0.5
    access_count: Count = 0
    ucb_visits: Count = 0
    token_count: Count | None = None
    is_protected: bool = False
    protection_reason: str = ""
    causal_links: list[str] | None = None
    metadata: Metadata | None = None
    content_hash: str | None = None
    similar_entries: list[str] | None = None
    source_episode: Count | None = 0
    source_agent: str = ""
    outcome: str | None = None


class Link(Original):
    """One causal link: `causal_links[id]`."""

    cause: str
    effect: str
    confidence: float | None = None
    conditions: list[str] = []
    exceptions: list[str] = []
    domain: str | None = None
    supporting_episodes: list[str | int] = []
    contradicting_episodes: list[str | int] = []
    transferable_to: list[str] = []


class GoalNode(Original):
    """One goal: `goal_hierarchy.nodes[id]`. Whose children it has follows from the parents."""

    goal_id: str
    goal_text: str
    parent_id: str | None = None
    children_ids: list[str] = []
    domain: str | None = None
    operation_type: str | None = None
    entities: list[str] = []
    episode_count: Count = 0
    success_rate: float = 0.5


class VaultMetadata(Original):
    """All that the original's vault writes of a memory (P1)."""

    name: str
    total_memories: Count = 0
    timestamp: Time | None = None


class Samples(Original):
    """The samples of one kind that a learning rate follows from, oldest first (ours)."""

    fresh: Count = 0
    values: list[float] = []


class LearningRate(Original):
    """The adapted learning rate of values, which the original forgets (P14); null: none was adapted."""

    alpha: float | None = None
    samples: dict[str, Samples] = {}


class MemoryFile(Original):
    """A memory's own fields, beside the entries, links and goals."""

    agent_name: str | None = None
    total_accesses: Count | None = None
    consolidation_count: Count | None = None
    metadata: VaultMetadata | None = None
    learning_rate: LearningRate | None = None


MEMORIES, LINKS, GOALS, NODES, ROOT = "memories", "causal_links", "goal_hierarchy", "nodes", "root_id"
