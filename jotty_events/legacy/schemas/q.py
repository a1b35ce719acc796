"""The original's Q-table: `q_predictor.json` of its learner, `q_predictor_buffer.json` of its vault (the buffer, P2).

Beside the original's own fields stand those that ours are exported with, because it loses them (P10, P13).
"""

from typing import Any

from .strict import Count, Original, Time

TABLE, BUFFER = "q_table", "experience_buffer"
WORKING, CLUSTERS, ARCHIVE = "tier1_working", "tier2_clusters", "tier3_archive"
APART = "entries_apart"
SEPARATOR = "|||"


class Entry(Original):
    """One value: `q_table["state|||action"]`. `context` is always empty in the original."""

    value: float
    context: list[Any] | dict[str, Any] = []
    learned_lessons: list[str] = []
    visit_count: Count = 1
    avg_reward: float | None = None
    td_errors: list[float] = []
    created_at: Time = 0.0
    last_updated: Time = 0.0


class EntryApart(Entry):
    """An entry whose joined key would be split elsewhere: both texts, and its place among all entries."""

    state: str
    action: str
    place: Count


class Experience(Original):
    """One step of the buffer."""

    state: Any = None
    state_desc: str
    action: Any = None
    action_desc: str
    reward: float
    next_state: Any = None
    next_state_desc: str | None = None
    done: bool = False
    timestamp: Time = 0.0
    priority: float = 1.0
    td_error: float = 0.0


class Cluster(Original):
    """A group of tier 2."""

    centroid: str
    members: list[str]


class QFile(Original):
    """What else stands in the file of a Q-table."""

    tier1_threshold: float | None = None
    last_episode_reward: float | None = None
    no_episode_yet: bool = False
    episodes_without_improvement: Count = 0
    alpha: float | None = None
    gamma: float | None = None
    epsilon: float | None = None
    buffer_size: Count | None = None
    timestamp: Time | None = None
