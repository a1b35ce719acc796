"""Facts about the task list. A new list takes the place of the one before."""

from ..types import Json
from .fields import Concluded, Learned, Observed, Read


class TodoOpened(Learned, frozen=True, kw_only=True, tag_field="type", tag="todo_opened"):
    """A list was begun for a goal."""

    todo: Concluded[str]
    root_task: Observed[str]
    now: Observed[float]


class TaskAdded(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_added"):
    """A task joined the list. `assignee` is the agent that is to do it."""

    todo: Read[str]
    task: Observed[str]
    description: Observed[str]
    assignee: Observed[str]
    depends_on: Observed[list[str]]
    priority: Observed[float]
    estimated_reward: Observed[float]
    confidence: Observed[float]
    max_attempts: Observed[int]
    now: Observed[float]
    nth: Concluded[int]


class TaskStarted(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_started"):
    """Work on a task began, for the `attempts`-th time."""

    todo: Read[str]
    task: Observed[str]
    now: Observed[float]
    attempts: Concluded[int]


class TaskCompleted(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_completed"):
    """A task was done."""

    todo: Read[str]
    task: Observed[str]
    reward: Observed[float | None]
    result: Observed[Json | None]
    now: Observed[float]


class TaskFailed(Learned, frozen=True, kw_only=True, tag_field="type", tag="task_failed"):
    """An attempt at a task failed. `status`: pending if it may be tried again, else failed."""

    todo: Read[str]
    task: Observed[str]
    error: Observed[str]
    now: Observed[float]
    attempts: Read[int]
    max_attempts: Read[int]
    status: Concluded[str]


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
    """The list was planned anew. `order` lists the task ids in their new order if it changed, else null."""

    todo: Read[str]
    reason: Observed[str]
    now: Observed[float]
    actions: Concluded[list[str]]
    order: Concluded[list[str] | None]
