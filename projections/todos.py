"""The task list of the goal at hand. A new list takes the place of the one before."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from jotty_events.events import (
    Blocking,
    Mark,
    Standing,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TodoCheckpointed,
    TodoOpened,
    TodoReplanned,
    TodoRestored,
)

from .read_model import ReadModel, State
from .table import integer, json, last_k, real, table, text
from .view import Cell, RowView, TableView
from .writes import PRESENT, Clear, Const, Drop, Each, Push, Put, Set

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
    real("progress", 0.0),
    real("estimated_duration"),
    json("measured"),
    text("predicted_next_task"),
    real("predicted_duration"),
    real("predicted_reward"),
    integer("nth"),
)
REASONS = last_k("reasons", TASKS, text("reason"), 20)
BLOCKS = last_k("blocks", TASKS, text("blocker"), 1 << 16)
"""What version 1 says of who waits for a task: nothing falls off before a task has 65,536 of them."""
ORDER = table("order", (text("of"),), json("ids"))
MARKS = table("marks", (text("of"), text("task")), integer("nth"), grouped=1)
NOW = table("now", (text("of"),), text("task"))
TRANSITIONS = table("transitions", (text("before"), text("task")), integer("times"))
RISKS = last_k("risks", LIST, text("risk"), 1000)
CHECKPOINTS = last_k("checkpoints", LIST, json("checkpoint"), 100)
_LIST = Const("list")
_OF_LIST = {"of": _LIST}


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
    result = Cell[Any](TASKS, "result")
    started = Cell[float | None](TASKS, "started")
    completed = Cell[float | None](TASKS, "completed")
    nth = Cell[int](TASKS, "nth")

    progress = Cell[float](TASKS, "progress")
    estimated_duration = Cell[float | None](TASKS, "estimated_duration")
    measured = Cell[dict[str, Any] | None](TASKS, "measured")
    predicted_next_task = Cell[str | None](TASKS, "predicted_next_task")
    predicted_duration = Cell[float | None](TASKS, "predicted_duration")
    predicted_reward = Cell[float | None](TASKS, "predicted_reward")

    @property
    def failure_reasons(self) -> list[str]:
        """Why its attempts failed, oldest first."""
        return self._items(REASONS)

    @property
    def said_to_block(self) -> list[str]:
        """Who waits for it as version 1 says: once for each task that was added since (T1)."""
        return self._items(BLOCKS)


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
    def opened(self) -> float | None:
        """When the list was begun, in seconds since 1970; None before the first one."""
        row = self._state[LIST.name].get(("list",))
        return None if row is None else row[2]

    @property
    def next_nth(self) -> int:
        """The insertion number that the next task gets."""
        return self._rows.next_nth

    def marked(self, of: str) -> dict[str, int]:
        """Return the tasks that once were completed or failed, with the numbers in whose order they were."""
        found = ((key[1], row[0]) for key, row in self._state[MARKS.name].items() if key[0] == of)
        return dict(sorted(found, key=lambda one: (one[1], one[0])))

    @property
    def next_mark(self) -> int:
        """The number that the next task that is completed or fails gets."""
        return self._state[MARKS.name].next_nth

    @property
    def current_task_id(self) -> str | None:
        """The task that is under way."""
        row = self._state[NOW.name].get(("list",))
        return None if row is None else row[0]

    @property
    def transitions(self) -> dict[tuple[str, str], int]:
        """How often a task was completed right after another."""
        return {(key[0], key[1]): row[0] for key, row in sorted(self._state[TRANSITIONS.name].items())}

    @property
    def risk_factors(self) -> list[str]:
        """What was noted when the list was planned anew, oldest first."""
        return list(self._state[RISKS.name].get(("list",)) or [])

    @property
    def checkpoints(self) -> list[dict[str, Any]]:
        """What was put down of the list, oldest first."""
        return deepcopy(self._state[CHECKPOINTS.name].get(("list",)) or [])

    def ordered(self) -> list[TodoTask]:
        """Return the tasks as planned: the last planned order, what was added later after that."""
        row = self._state[ORDER.name].get(("list",))
        ranks = {task: rank for rank, task in enumerate(row[0])} if row else {}
        return sorted(self.entries(), key=lambda one: (ranks.get(one.task_id, len(ranks)), one.nth))


TODOS = ReadModel(
    "todos",
    1,
    (LIST, TASKS, REASONS, BLOCKS, ORDER, MARKS, NOW, TRANSITIONS, RISKS, CHECKPOINTS),
    {
        TodoOpened: (
            *map(Clear, (TASKS, ORDER, MARKS, NOW, TRANSITIONS, LIST)),
            Put(LIST, {"of": _LIST, "opened": "now"}),
        ),
        TaskAdded: (
            Drop(TASKS),  # with the reasons of the task whose place it takes
            Put(TASKS, {"status": Const("pending")}),
            Each("blocks", Blocking, Push(BLOCKS, "blocker")),
        ),
        TaskStarted: (
            Set(TASKS, {"status": Const("in_progress"), "attempts": "attempts", "started": "now"}),
            Put(NOW, _OF_LIST),
        ),
        TaskCompleted: (
            Set(
                TASKS,
                {
                    "status": Const("completed"),
                    "progress": Const(1.0),
                    "reward": "reward",
                    "result": "result",
                    "completed": "now",
                },
            ),
            Put(MARKS, {"of": Const("completed")}),
            Put(NOW, {"of": _LIST, "task": "current"}),
            Put(TRANSITIONS, {"before": "after"}, {"after": PRESENT}),
        ),
        TaskFailed: (
            Set(TASKS, {"status": "status", "error": "error"}),
            Push(REASONS, "reason"),
            Put(MARKS, {"of": Const("failed")}, {"status": "failed"}),
        ),
        TaskSkipped: (Set(TASKS, {"status": Const("skipped")}),),
        TaskBlocked: (
            Set(TASKS, {"status": Const("blocked")}, when={"blocked": True}),
            Set(TASKS, {"status": Const("pending")}, when={"blocked": False}),
        ),
        TodoReplanned: (
            Put(ORDER, {"of": _LIST, "ids": "order"}, {"order": PRESENT}),
            Push(RISKS, "risk", _OF_LIST),
        ),
        TaskRevised: (
            Set(TASKS, {"estimated_reward": "estimated_reward", "confidence": "confidence"}, when={"cause": "valued"}),
            Set(TASKS, {"predicted_next_task": "next_task"}, when={"cause": "predicted"}),
            Set(TASKS, {"predicted_duration": "duration"}, when={"cause": "predicted", "duration": PRESENT}),
            Set(TASKS, {"predicted_reward": "reward"}, when={"cause": "predicted", "reward": PRESENT}),
            Set(TASKS, {"measured": "measured"}, when={"cause": "measured"}),
        ),
        TodoCheckpointed: (Push(CHECKPOINTS, "checkpoint", _OF_LIST),),
        TodoRestored: (
            Clear(MARKS),
            Each("marks", Mark, Put(MARKS)),
            Each("tasks", Standing, Set(TASKS, {"status": "status", "progress": "progress", "attempts": "attempts"})),
            Put(NOW, {"of": _LIST, "task": "current"}),
        ),
    },
    Todos,
)
