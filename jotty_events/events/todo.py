"""Facts about the task list. A new list takes the place of the one before."""

from msgspec import Struct

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class TodoOpened(Learned, frozen=True, kw_only=True, tag_field="type", tag="todo_opened"):
    """A list was begun for a goal."""

    todo: Concluded[str]
    root_task: Observed[str]
    now: Observed[float]


class Blocking(Struct, frozen=True, kw_only=True):
    """A task on which another one waits."""

    task: str
    blocker: str


class TaskAdded(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_added"):
    """A task joined the list, or takes the place of the one of its name. `assignee` is the agent that is to do it.

    `estimated_duration` is in seconds. `blocks` are the lines that version 1 adds to who waits for whom (T1).
    """

    todo: Read[str]
    task: Observed[str]
    description: Observed[str]
    assignee: Observed[str]
    depends_on: Observed[list[str]]
    priority: Observed[float]
    estimated_reward: Observed[float]
    confidence: Observed[float]
    max_attempts: Observed[int]
    estimated_duration: Observed[float]
    now: Observed[float]
    blocks: Concluded[list[Blocking]]
    nth: Concluded[int]


class TaskStarted(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_started"):
    """Work on a task began, for the `attempts`-th time."""

    todo: Read[str]
    task: Observed[str]
    now: Observed[float]
    attempts: Concluded[int]


class TaskCompleted(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_completed"):
    """A task was done, the `times`-th time right after the task `after`; null and 0 for the first of the list.

    `current` is the task that is under way then. `nth` says when it was first done.
    """

    todo: Read[str]
    task: Observed[str]
    reward: Observed[float | None]
    result: Observed[Json | None]
    now: Observed[float]
    after: Read[str | None]
    times: Concluded[int]
    current: Concluded[str | None]
    nth: Concluded[int]


class TaskFailed(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_failed"):
    """An attempt at a task failed. `status`: pending if it may be tried again, else failed.

    `reason` is kept among the reasons of the task: version 1 keeps none (T2). `nth` says when it first failed for good.
    """

    todo: Read[str]
    task: Observed[str]
    error: Observed[str]
    now: Observed[float]
    attempts: Read[int]
    max_attempts: Read[int]
    status: Concluded[str]
    reason: Concluded[str | None]
    nth: Concluded[int]


class TaskSkipped(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_skipped"):
    """A task cannot be done any more, because of those in `because`."""

    todo: Read[str]
    task: Concluded[str]
    because: Read[list[str]]
    now: Observed[float]


class TaskBlocked(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_blocked"):
    """A task waits for something outside the list (`blocked` true), or waits no more."""

    todo: Read[str]
    task: Observed[str]
    reason: Observed[str]
    blocked: Observed[bool]
    now: Observed[float]


class TodoReplanned(Learned, frozen=True, kw_only=True, tag_field="type", tag="todo_replanned"):
    """The list was planned anew. `order` lists the task ids in their new order if it changed, else null.

    `risk` is what is noted of the reason, null where there is none.
    """

    todo: Read[str]
    reason: Observed[str]
    now: Observed[float]
    actions: Concluded[list[str]]
    order: Concluded[list[str] | None]
    risk: Concluded[str | None]


class TaskRevised(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_revised"):
    """What is thought of a task changed. `cause`: valued, predicted or measured.

    Valued: its `q_value` and `certainty` were said. Predicted: the `next_task` and, where known, the `duration` (s)
    and the `reward`. Measured: `values` were taken while it was under way; `measured` is all of them.
    """

    todo: Read[str]
    task: Observed[str]
    cause: Observed[str]
    q_value: Observed[float | None]
    certainty: Observed[float | None]
    next_task: Observed[str | None]
    duration: Observed[float | None]
    reward: Observed[float | None]
    values: Observed[Json | None]
    now: Observed[float]
    estimated_reward: Concluded[float | None]
    confidence: Concluded[float | None]
    measured: Concluded[Json | None]


class TodoCheckpointed(Learned, frozen=True, kw_only=True, tag_field="type", tag="todo_checkpointed"):
    """The standing of the list was put down, in the original's form."""

    todo: Read[str]
    now: Observed[float]
    checkpoint: Read[Json]


class Mark(Struct, frozen=True, kw_only=True):
    """A task that is among those `of` which it is said: completed or failed."""

    of: str
    task: str
    nth: int


class Standing(Struct, frozen=True, kw_only=True):
    """How far a task is."""

    task: str
    status: str
    progress: float
    attempts: int


class TodoRestored(Learned, frozen=True, kw_only=True, tag_field="type", tag="todo_restored"):
    """The list went back to a checkpoint: the tasks that it names, and which one is under way."""

    todo: Read[str]
    checkpoint: Observed[Json]
    now: Observed[float]
    marks: Concluded[list[Mark]]
    tasks: Concluded[list[Standing]]
    current: Concluded[str | None]
