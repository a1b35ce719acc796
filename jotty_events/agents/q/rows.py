"""A Q-table's entries and steps, as the rows to import: the one place that knows what a file leaves out.

Invariants: what is said is taken as it is. An empty next state is none (RULES R1), unless it is told in words.
"""

from collections.abc import Mapping
from typing import Any

from ...rules.q.retention import Key
from ...types import Json
from ..calendar import said_seconds


def entry_row(key: Key, said: Mapping[str, Any]) -> Json:
    """Return an entry as a row; KeyError, TypeError or ValueError for what is none."""
    reward = said.get("avg_reward")
    return {
        "state": key[0],
        "action": key[1],
        "value": float(said["value"]),
        "visits": int(said.get("visit_count", 1)),
        "average_reward": float(said["value"] if reward is None else reward),
        "created": said_seconds(said.get("created_at", 0.0)),
        "updated": said_seconds(said.get("last_updated", 0.0)),
    }


def experience_row(said: Mapping[str, Any], nth: int) -> Json:
    """Return a step of the buffer as a row; KeyError, TypeError or ValueError for what is none."""
    words, following = said.get("next_state_desc"), said.get("next_state")
    return {
        "id": nth,
        "state": str(said["state_desc"]),
        "action": str(said["action_desc"]),
        "reward": float(said["reward"]),
        "next_state": None if words is None else str(words),
        "done": bool(said.get("done", False)),
        "state_data": _object(said.get("state")),
        "action_data": _object(said.get("action")),
        "next_state_data": None if following is None or not (following or words) else _object(following),
        "time": said_seconds(said.get("timestamp", 0.0)),
        "error": float(said.get("td_error", 0.0)),
        "priority": float(said.get("priority", 1.0)),
    }


def _object(value: Any) -> Json:
    """Return what a state or an action was made of, as an object."""
    if isinstance(value, Mapping):
        return dict(value)
    return {} if value is None else {"value": value}
