"""Checkpoints of a task list: how it stands is put down in the original's form, and can be gone back to."""

from collections.abc import Mapping, Sequence
from typing import Any

from projections.todos import Todos, TodoTask

from ...errors import ConfigError
from ...events import Mark, Standing
from ...rules.todo import tasks as todo
from ...types import Json
from ..calendar import as_date

COMPLETED, FAILED = todo.COMPLETED, todo.FAILED


def taken(tasks: Todos, completed: Sequence[str], failed: Sequence[str], now: float) -> Json:
    """Return the standing of a list."""
    return {
        "todo_id": tasks.todo_id,
        "timestamp": as_date(now),
        "current_task_id": tasks.current_task_id,
        "completed_tasks": list(completed),
        "failed_tasks": list(failed),
        "subtask_states": {
            task.task_id: {"status": task.status, "progress": task.progress, "attempts": task.attempts}
            for task in tasks.entries()
        },
    }


def marks(checkpoint: Mapping[str, Any]) -> list[Mark]:
    """Return which tasks a checkpoint says were completed or failed; ConfigError for what is no checkpoint."""
    try:
        named = [(of, str(task)) for of in (COMPLETED, FAILED) for task in checkpoint.get(f"{of}_tasks") or ()]
    except (AttributeError, TypeError) as error:
        raise _no_checkpoint(error) from error
    return [Mark(of=of, task=task, nth=nth) for nth, (of, task) in enumerate(dict.fromkeys(named))]


def standings(checkpoint: Mapping[str, Any], tasks: Sequence[TodoTask]) -> list[Standing]:
    """Return how far a checkpoint says that those tasks are which there still are."""
    said, known = checkpoint.get("subtask_states") or {}, {task.task_id for task in tasks}
    try:
        return [_standing(name, one) for name, one in said.items() if name in known]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _no_checkpoint(error) from error


def _standing(name: str, said: Mapping[str, Any]) -> Standing:
    status = said["status"]
    if status not in todo.STATUSES:
        raise ValueError(f"{status!r:.40} is no status")
    return Standing(task=name, status=status, progress=float(said["progress"]), attempts=int(said["attempts"]))


def _no_checkpoint(error: Exception) -> ConfigError:
    return ConfigError(
        f"this is no checkpoint: {type(error).__name__} {error!s:.100}", hint="pass what checkpoint() returned"
    )
