"""A task list as JSON: all that the original's vault writes of it, and what that leaves out (P14).

Invariants: what is returned is a copy, which follows from the state alone; tasks stand in the order in which they came.
"""

from collections.abc import Sequence

from projections.todos import Todos, TodoTask

from ...rules.todo import tasks as todo
from ...types import Json
from ..calendar import as_date

KNOWN = (
    *("root_task", "todo_id", "execution_order", "completed_tasks", "failed_tasks", "current_task_id"),
    *("estimated_remaining_steps", "completion_probability", "timestamp"),
    *("opened_at", "marks", "transitions", "risk_factors", "checkpoints"),
)
"""What stands in such a file beside the tasks."""


def task_as_dict(task: TodoTask, blocks: Sequence[str]) -> Json:
    """Return all that is known of a task as JSON values; `blocks` are those who wait for it."""
    return {
        "task_id": task.task_id,
        "description": task.description,
        "actor": task.assignee,
        "status": task.status,
        "priority": task.priority,
        "estimated_reward": task.estimated_reward,
        "confidence": task.confidence,
        "attempts": task.attempts,
        "max_attempts": task.max_attempts,
        "progress": task.progress,
        "depends_on": task.depends_on,
        "blocks": list(blocks),
        "started_at": _date(task.started),
        "completed_at": _date(task.completed),
        "estimated_duration": task.estimated_duration,
        "intermediary_values": task.measured or {},
        "predicted_next_task": task.predicted_next_task,
        "predicted_duration": task.predicted_duration,
        "predicted_reward": task.predicted_reward,
        "failure_reasons": task.failure_reasons,
        "result": task.result,
        "error": task.error,
    }


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else as_date(seconds)


def marked(tasks: Todos, version: int) -> todo.Marked | None:
    """Return what version 1 goes by, None in version 2 (T3)."""
    return None if version >= 2 else todo.Marked(tasks.marked(todo.COMPLETED), tasks.marked(todo.FAILED))


def blocks_of(task: TodoTask, listed: Sequence[TodoTask], version: int) -> list[str]:
    """Return who waits for a task; in version 1 as often as tasks were added since (T1)."""
    return task.said_to_block if version < 2 else todo.blocked_by(listed, task.task_id)


def list_as_dict(tasks: Todos, version: int) -> Json:
    """Return a whole list as JSON values."""
    listed, by_marks = tasks.ordered(), marked(tasks, version)
    done, lost = todo.done(listed, by_marks), todo.lost(listed, by_marks)
    progress = todo.progress(listed, by_marks)
    return {
        "root_task": tasks.root_task,
        "todo_id": tasks.todo_id,
        "subtasks": {
            one.task_id: task_as_dict(one, blocks_of(one, listed, version)) | {"reward": one.reward}
            for one in tasks.entries()
        },
        "execution_order": [one.task_id for one in listed],
        "completed_tasks": [name for name in tasks.marked(todo.COMPLETED) if name in done],
        "failed_tasks": [name for name in tasks.marked(todo.FAILED) if name in lost],
        "current_task_id": tasks.current_task_id,
        "estimated_remaining_steps": progress.remaining,
        "completion_probability": progress.probability,
        "opened_at": _date(tasks.opened),
        "marks": [list(one) for one in _marks(tasks)],
        "transitions": [[before, task, times] for (before, task), times in tasks.transitions.items()],
        "risk_factors": tasks.risk_factors,
        "checkpoints": tasks.checkpoints,
    }


def _marks(tasks: Todos) -> list[tuple[str, str]]:
    """Return which tasks were ever completed or failed, in the order in which they were."""
    found = [(nth, of, name) for of in (todo.COMPLETED, todo.FAILED) for name, nth in tasks.marked(of).items()]
    return [(of, name) for _, of, name in sorted(found)]
