"""Files with no field but the original's own, for those whose programs refuse any other.

Invariants: nothing is changed, only left out; what is left out is what the original itself loses between runs (P9, P10,
P13, P14). It passes over such fields: an export says them, because whoever loads its files by hand would lose them too.
"""

from collections.abc import Mapping
from typing import Any

from ...types import Json

MEMORY = ("learning_rate",)
ENTRY = ("content_hash", "outcome", "similar_entries", "source_agent", "source_episode")
VALUE = ("last_updated",)
LINK = ("contradicting_episodes", "supporting_episodes", "transferable_to")
TABLE = ("entries_apart", "episodes_without_improvement", "no_episode_yet")
BRAIN = ("expected_reward", "filter", "last_sleep", "machine", "queue", "recent", "replays", "seen")
TRACE = ("causal_impact", "episode", "tags")
PATTERN = ("kind", "reward")
LIST = ("checkpoints", "marks", "opened_at", "risk_factors", "transitions")
TASK = ("reward",)
METADATA = ("domain", "goal", "reward", "run", "started", "status", "success")
STEP = ("approach", "error", "outcome", "reward")


def _without(said: Mapping[str, Any], names: tuple[str, ...]) -> Json:
    return {name: value for name, value in said.items() if name not in names}


def memory(said: Json) -> Json:
    """Return a memory without what the original leaves out."""
    levels = {level: {key: _entry(one) for key, one in entries.items()} for level, entries in said["memories"].items()}
    links = {key: _without(one, LINK) for key, one in said["causal_links"].items()}
    return _without(said, MEMORY) | {"memories": levels, "causal_links": links}


def _entry(said: Json) -> Json:
    values = {goal: _without(one, VALUE) for goal, one in said["goal_values"].items()}
    return _without(said, ENTRY) | {"goal_values": values}


def q_table(said: Json) -> Json:
    """Return a Q-table without what the original leaves out."""
    return _without(said, TABLE)


def brain(said: Json) -> Json:
    """Return a brain without what the original leaves out."""
    traces = [_without(one, TRACE) for one in said["hippocampus"]]
    patterns = [_without(one, PATTERN) for one in said["neocortex"]]
    return _without(said, BRAIN) | {"hippocampus": traces, "neocortex": patterns}


def todo(said: Json) -> Json:
    """Return a task list without what the original leaves out."""
    tasks = {name: _without(one, TASK) for name, one in said["subtasks"].items()}
    return _without(said, LIST) | {"subtasks": tasks}


def episode(said: Json) -> Json:
    """Return an episode without what an export of ours says more of it."""
    steps = [_without(one, STEP) if isinstance(one, dict) else one for one in said["trajectory"]]
    return said | {"metadata": _without(said["metadata"], METADATA), "trajectory": steps}
