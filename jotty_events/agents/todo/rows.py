"""A task as the row to import: the one place that knows what a file leaves out, whoever reads it.

Invariants: what is said is taken as it is; what is not said is as it is of a new task. A null says nothing.
"""

from collections.abc import Mapping
from typing import Any

from ...rules.todo import tasks as todo
from ...types import Json
from ..calendar import said_seconds

_PRIORITY = 1.0


def task_row(name: str, said: Mapping[str, Any]) -> Json:
    """Return a task as a row; TypeError or ValueError for what is none."""
    status, measured = said.get("status", todo.PENDING), said.get("intermediary_values")
    if status not in todo.STATUSES:
        raise ValueError(f"{status!r:.40} is no status")
    return {
        "task": name,
        "description": str(said.get("description", "")),
        "assignee": str(said.get("actor") or ""),
        "status": status,
        "depends_on": [str(need) for need in said.get("depends_on") or ()],
        "priority": float(said.get("priority", _PRIORITY)),
        "estimated_reward": float(said.get("estimated_reward", todo.ESTIMATED_REWARD)),
        "confidence": float(said.get("confidence", todo.CONFIDENCE)),
        "attempts": int(said.get("attempts", 0)),
        "max_attempts": int(said.get("max_attempts", todo.MAX_ATTEMPTS)),
        "error": said.get("error"),
        "reward": _number(said.get("reward")),
        "result": said.get("result"),
        "started": seconds(said.get("started_at")),
        "completed": seconds(said.get("completed_at")),
        "progress": float(said.get("progress", 0.0)),
        "estimated_duration": _number(said.get("estimated_duration", todo.ESTIMATED_DURATION)),
        "measured": dict(measured) if measured else None,
        "predicted_next_task": said.get("predicted_next_task"),
        "predicted_duration": _number(said.get("predicted_duration")),
        "predicted_reward": _number(said.get("predicted_reward")),
    }


def seconds(date: str | float | None) -> float | None:
    """Return a date, which is text or seconds since 1970, in seconds; None for none."""
    return None if date is None else said_seconds(date)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
