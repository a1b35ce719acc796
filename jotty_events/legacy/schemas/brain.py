"""The original's brain: `consolidated_memories.json` of its vault (lists as text, P3), else `consolidated.json`."""

from typing import Any

from .strict import Count, Original, SaidCount, SaidNumber, Time

HIPPOCAMPUS, NEOCORTEX = "hippocampus", "neocortex"
TRACE_TYPE, PATTERN_TYPE = "EpisodicMemory", "SemanticPattern"


class Trace(Original):
    """An experience: `hippocampus[i]`."""

    content: dict[str, Any]
    reward: float
    timestamp: Time = 0.0
    strength: float = 1.0
    replay_count: Count = 0
    consolidated: bool = False
    novelty_score: float = 1.0
    causal_impact: float | None = None
    tags: list[str] | None = None
    episode: Count | None = None


class Pattern(Original):
    """A pattern: `neocortex[i]`. The original says kind and reward in the text alone."""

    abstract_lesson: str
    strength: float = 1.0
    source_count: Count = 1
    created_at: Time = 0.0
    last_reinforced: Time = 0.0
    tags: list[str] = []
    kind: str | None = None
    reward: float | None = None


class Filter(Original):
    """What the hippocampal filter expects (ours; the original forgets it)."""

    expected_reward: float
    mean: float
    squares: float
    samples: Count


class Machine(Original):
    """Where the machine of sleep and wake stands (ours)."""

    mode: str
    episodes_since_sleep: Count
    total_episodes: Count
    total_consolidations: Count
    held: Count = 0


class BrainFile(Original):
    """What else stands in the file of a brain: figures of what it did, which the vault writes as text.

    From `last_sleep` on it is what the original leaves out and forgets.
    """

    timestamp: Time | None = None
    episodes_since_sleep: SaidCount | None = None
    total_consolidations: SaidCount | None = None
    expected_reward: SaidNumber | None = None
    last_sleep: Count | None = None
    replays: Count | None = None
    filter: Filter | None = None
    seen: list[str] = []
    machine: Machine | None = None
    recent: list[dict[str, Any]] = []
    queue: list[dict[str, Any]] = []
