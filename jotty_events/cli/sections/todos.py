"""The task list of the last goal."""

from collections.abc import Sequence
from typing import Any

from projections.todos import TodoTask

from ...runs.point import Point
from ...state import State
from ..figures import number
from ..grid import Cell, Column, Grid, Piece, free

_STYLES = {"completed": "green", "failed": "red", "skipped": "yellow", "blocked": "yellow", "in_progress": "cyan"}
_COLUMNS = (
    Column("task", "cyan"),
    Column("status"),
    Column("attempts", right=True),
    Column("reward", right=True),
    Column("after"),
    Column("description"),
    Column("last error"),
)


def document(state: State) -> dict[str, Any]:
    """Return the list as JSON values, tasks as planned."""
    todos = state.todos
    tasks = [{**task.to_dict(), "failure_reasons": task.failure_reasons} for task in todos.ordered()]
    return {"todo": todos.todo_id, "root_task": todos.root_task, "tasks": tasks}


def grids(state: State, point: Point) -> list[Grid]:
    """Return the table of tasks."""
    goal = f"tasks for {state.todos.root_task!r}" if state.todos.todo_id else "tasks"
    rows = [_cells(task) for task in state.todos.ordered()]
    return [Grid(f"{goal} at {point}", _COLUMNS, rows, "no task list yet")]


def _cells(task: TodoTask) -> Sequence[Cell]:
    return (
        task.task_id,
        Piece(task.status, _STYLES.get(task.status, "")),
        f"{task.attempts} of {task.max_attempts}",
        number(task.reward),
        [Piece(one) for one in task.depends_on],
        free(task.description),
        free(task.error, "red"),
    )
