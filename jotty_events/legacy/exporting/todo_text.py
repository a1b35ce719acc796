"""A task list as Markdown, for people."""

from collections.abc import Iterator
from typing import Any

from ...agents.calendar import as_date
from ...types import Json

_CELL = 80
_COLUMNS = ("#", "Task", "Agent", "Status", "Priority", "Estimate", "Waits for")


def todo_text(said: Json, at: float) -> str:
    """Return a list, in the form in which it is saved, as text; `at` is in seconds since 1970."""
    return "\n".join(_lines(said, at)) + "\n"


def _lines(said: Json, at: float) -> Iterator[str]:
    tasks = said["subtasks"]
    done, failed = len(said["completed_tasks"]), len(said["failed_tasks"])
    yield f"# {_cell(said['root_task'] or 'Tasks')}"
    yield ""
    yield f"List `{said['todo_id']}`, as it stood on {as_date(at)} UTC."
    yield ""
    yield f"- {done} of {len(tasks)} done, {failed} failed, {said['estimated_remaining_steps']} left"
    yield f"- probability that all will be done: {said['completion_probability']:.0%}"
    yield ""
    yield _row(_COLUMNS)
    yield _row(["---"] * len(_COLUMNS))
    order = [name for name in said["execution_order"] if name in tasks]
    yield from (_row(_task(rank, tasks[name])) for rank, name in enumerate(order, 1))


def _task(rank: int, one: Json) -> list[str]:
    return [
        str(rank),
        one["description"],
        one["actor"],
        one["status"] + (f": {one['error']}" if one["error"] and one["status"] != "completed" else ""),
        f"{one['priority']:.2f}",
        f"{one['estimated_reward']:.3f}",
        ", ".join(one["depends_on"]),
    ]


def _row(cells: Any) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: Any) -> str:
    """Return a text that stays on its line and in its column."""
    flat = " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|")
    return flat if len(flat) <= _CELL else f"{flat[: _CELL - 1]}…"
