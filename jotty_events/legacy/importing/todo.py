"""Reading a task list: the tasks, their order, which were ever completed or failed, and what is under way."""

from collections.abc import Iterator
from typing import Any

from projections import todos as tables
from projections.table import Table

from ...agents.todo.rows import task_row
from ...types import Json
from ..schemas import todo as schema
from .problems import Path
from .reading import Reader, with_unknown
from .rows import Row

_NAME = "todos"
_LIST = "list"


class TodoReader(Reader):
    """Reads the file of a task list."""

    kind = "todos"
    opened = ((), (schema.TASKS,))
    model = schema.TodoFile

    def _rows(self, path: Path, value: Any) -> Iterator[Row]:
        match path:
            case (schema.TASKS, str(name)):
                yield from self._task(path, name, value)
            case _:
                yield from super()._rows(path, value)

    def _task(self, path: Path, name: str, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Task, value, path)
        if one is None:
            return
        self.entries += 1
        self._seen(one.started_at, one.completed_at)
        named: Json = {"task": name}
        nth = self.place.numbers.following("todos.tasks")
        yield Row(_NAME, tables.TASKS.name, with_unknown(task_row(name, value), one), nth)
        for reason in one.failure_reasons:
            yield Row(_NAME, tables.REASONS.name, named | {"reason": reason})
        for blocker in one.blocks:
            yield Row(_NAME, tables.BLOCKS.name, named | {"blocker": blocker})

    def _finish(self, found: schema.TodoFile) -> Iterator[Row]:
        opened = found.timestamp if found.opened_at is None else found.opened_at
        row = {"todo": found.todo_id, "root_task": found.root_task, "opened": opened}
        yield _of_list(tables.LIST, row)
        if found.execution_order:
            yield _of_list(tables.ORDER, {"ids": found.execution_order})
        yield from self._marks(found)
        if found.current_task_id is not None:
            yield _of_list(tables.NOW, {"task": found.current_task_id})
        for before, task, times in found.transitions:
            yield Row(_NAME, tables.TRANSITIONS.name, {"before": before, "task": task, "times": times})
        for risk in found.risk_factors:
            yield _of_list(tables.RISKS, {"risk": risk})
        for one in found.checkpoints:
            yield _of_list(tables.CHECKPOINTS, {"checkpoint": one})

    def _marks(self, found: schema.TodoFile) -> Iterator[Row]:
        """Give out which tasks were ever completed or failed; the original says of each kind in what order."""
        said = {"completed": found.completed_tasks, "failed": found.failed_tasks}
        marks = found.marks or [[of, task] for of, tasks in said.items() for task in tasks]
        for of, task in dict.fromkeys(map(tuple, marks)):
            nth = self.place.numbers.following("todos.marks")
            yield Row(_NAME, tables.MARKS.name, {"of": of, "task": task}, nth)


def _of_list(table: Table, row: Json) -> Row:
    return Row(_NAME, table.name, {"of": _LIST, **row})
