"""The task list of the goal at hand. A new list takes the place of the one before."""

from collections.abc import Mapping
from typing import Any

from jotty_events.events import (
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskSkipped,
    TaskStarted,
    TodoOpened,
    TodoReplanned,
)

from .read_model import ReadModel, State
from .table import integer, json, last_k, real, table, text
from .view import Cell, RowView, TableView
from .writes import PRESENT, Clear, Const, Push, Put, Set

LIST = table("list", (text("of"),), text("todo"), text("root_task"), real("opened"))
TASKS = table(
    "tasks",
    (text("task"),),
    text("description"),
    text("assignee"),
    text("status"),
    json("depends_on"),
    real("priority"),
    real("estimated_reward"),
    real("confidence"),
    integer("attempts", 0),
    integer("max_attempts"),
    text("error"),
    real("reward"),
    json("result"),
    real("started"),
    real("completed"),
    integer("nth"),
)
REASONS = last_k("reasons", TASKS, text("reason"), 20)
ORDER = table("order", (text("of"),), json("ids"))
_LIST = Const("list")


class TodoTask(RowView):
    """A task. `status`: pending, in_progress, completed, failed, skipped or blocked."""

    task_id = Cell[str](TASKS, "task")
    description = Cell[str](TASKS, "description")
    assignee = Cell[str](TASKS, "assignee")
    status = Cell[str](TASKS, "status")
    depends_on = Cell[list[str]](TASKS, "depends_on")
    priority = Cell[float](TASKS, "priority")
    estimated_reward = Cell[float](TASKS, "estimated_reward")
    confidence = Cell[float](TASKS, "confidence")
    attempts = Cell[int](TASKS, "attempts")
    max_attempts = Cell[int](TASKS, "max_attempts")
    error = Cell[str | None](TASKS, "error")
    reward = Cell[float | None](TASKS, "reward")
    result = Cell[dict[str, Any] | None](TASKS, "result")
    started = Cell[float | None](TASKS, "started")
    completed = Cell[float | None](TASKS, "completed")
    nth = Cell[int](TASKS, "nth")

    @property
    def failure_reasons(self) -> list[str]:
        """Why its attempts failed, oldest first."""
        return self._items(REASONS)


class Todos(TableView[str, TodoTask]):
    """Tasks by their id, in the order in which they are to be done."""

    def __init__(self, states: Mapping[str, State]) -> None:
        super().__init__(states["todos"], TASKS, TodoTask)

    def _list(self, at: int) -> str | None:
        row = self._state[LIST.name].get(("list",))
        return None if row is None else row[at]

    @property
    def todo_id(self) -> str | None:
        """The id of the list, None before the first one."""
        return self._list(0)

    @property
    def root_task(self) -> str | None:
        """The goal that the list is for."""
        return self._list(1)

    @property
    def next_nth(self) -> int:
        """The insertion number that the next task gets."""
        return self._rows.next_nth

    def ordered(self) -> list[TodoTask]:
        """Return the tasks as planned: the last planned order, what was added later after that."""
        row = self._state[ORDER.name].get(("list",))
        ranks = {task: rank for rank, task in enumerate(row[0])} if row else {}
        return sorted(self.entries(), key=lambda one: (ranks.get(one.task_id, len(ranks)), one.nth))


TODOS = ReadModel(
    "todos",
    1,
    (LIST, TASKS, REASONS, ORDER),
    {
        TodoOpened: (Clear(TASKS), Clear(ORDER), Put(LIST, {"of": _LIST, "opened": "now"})),
        TaskAdded: (Put(TASKS, {"status": Const("pending")}),),
        TaskStarted: (Set(TASKS, {"status": Const("in_progress"), "attempts": "attempts", "started": "now"}),),
        TaskCompleted: (
            Set(
                TASKS,
                {"status": Const("completed"), "reward": "reward", "result": "result", "completed": "now"},
            ),
        ),
        TaskFailed: (Set(TASKS, {"status": "status", "error": "error"}), Push(REASONS, "error")),
        TaskSkipped: (Set(TASKS, {"status": Const("skipped")}),),
        TaskBlocked: (
            Set(TASKS, {"status": Const("blocked")}, when={"blocked": True}),
            Set(TASKS, {"status": Const("pending")}, when={"blocked": False}),
        ),
        TodoReplanned: (Put(ORDER, {"of": _LIST, "ids": "order"}, {"order": PRESENT}),),
    },
    Todos,
)
