"""Taking over a saved task list: JSON as the original's vault writes it, with or without what that leaves out.

Invariants: all of it is taken over, or nothing; the list that was there is closed by the one that is opened.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from projections.todos import (
    BLOCKS,
    CHECKPOINTS,
    LIST,
    MARKS,
    NOW,
    ORDER,
    REASONS,
    RISKS,
    TASKS,
    TRANSITIONS,
)

from ...errors import ConfigError
from ...events import EntryImported
from ...rules.todo import tasks as todo
from ...session import Transaction
from ...types import Json
from .rows import seconds, task_row

_NONSENSE = (KeyError, TypeError, ValueError, AttributeError)
_OF = {"of": "list"}
Row = tuple[str, Json, int]
"""A row to import: its table, its values, and its insertion number where the table counts."""


def rows_of(saved: Mapping[str, Any], first_task: int, first_mark: int, rules: int) -> list[Row]:
    """Return the rows that a saved list holds, numbered from those on; ConfigError if it is none."""
    try:
        tasks = {str(name): one for name, one in saved["subtasks"].items()}
        rows = [row for nth, (name, one) in enumerate(tasks.items(), first_task) for row in _task(name, one, nth)]
        rows += _blocks(tasks) if rules < 2 else ()
        return [*_list(saved), *rows, *_order(saved, list(tasks)), *_marks(saved, first_mark), *_rest(saved)]
    except _NONSENSE as error:
        said = f"{type(error).__name__} {error!s:.100}"
        raise ConfigError(f"this is no saved task list: {said}", hint="load what saved_state returned") from error


def _list(saved: Mapping[str, Any]) -> Iterator[Row]:
    if saved.get("todo_id") is not None:
        opened = seconds(saved.get("opened_at"))
        row = {**_OF, "todo": str(saved["todo_id"]), "root_task": str(saved["root_task"]), "opened": opened}
        yield LIST.name, row, 0


def _task(name: str, one: Mapping[str, Any], nth: int) -> Iterator[Row]:
    if not {"description", "status"} <= one.keys():
        raise ValueError(f"{name!r:.80} has no description or no status")
    yield TASKS.name, task_row(name, one), nth
    yield from ((REASONS.name, {"task": name, "reason": str(why)}, 0) for why in one.get("failure_reasons") or ())


def _blocks(tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """Give out who waits for whom as it is said: version 2 goes by what the tasks depend on (T1)."""
    for name, one in tasks.items():
        yield from ((BLOCKS.name, {"task": name, "blocker": str(who)}, 0) for who in one.get("blocks") or ())


def _order(saved: Mapping[str, Any], names: list[str]) -> Iterator[Row]:
    order = [str(name) for name in saved.get("execution_order") or names]
    if order != names:
        yield ORDER.name, {**_OF, "ids": order}, 0


def _marks(saved: Mapping[str, Any], first: int) -> Iterator[Row]:
    """Give out which tasks were completed or failed: in the order in which they were, where the file says it."""
    said = [(of, name) for of in (todo.COMPLETED, todo.FAILED) for name in saved.get(f"{of}_tasks") or ()]
    marks = dict.fromkeys((str(of), str(name)) for of, name in saved.get("marks", said))
    yield from ((MARKS.name, {"of": of, "task": name}, nth) for nth, (of, name) in enumerate(marks, first))


def _rest(saved: Mapping[str, Any]) -> Iterator[Row]:
    if saved.get("current_task_id") is not None:
        yield NOW.name, {**_OF, "task": str(saved["current_task_id"])}, 0
    for before, task, times in saved.get("transitions") or ():
        yield TRANSITIONS.name, {"before": str(before), "task": str(task), "times": int(times)}, 0
    yield from ((RISKS.name, {**_OF, "risk": str(risk)}, 0) for risk in saved.get("risk_factors") or ())
    yield from ((CHECKPOINTS.name, {**_OF, "checkpoint": dict(one)}, 0) for one in saved.get("checkpoints") or ())


def import_rows(commit: Transaction, rows: list[Row]) -> None:
    """Take rows over, as they were elsewhere."""
    for table, row, nth in rows:
        commit.add(EntryImported(projection="todos", table=table, row=row, nth=nth))
