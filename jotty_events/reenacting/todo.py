"""The task list's events once more. A list that is planned anew is so as a whole: what it skips is chosen at once."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from ..agents.todo.task_list import MarkovianTODO
from ..errors import ConfigError
from ..events import (
    Event,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TodoCheckpointed,
    TodoReplanned,
    TodoRestored,
)
from .stage import Reenacted, Stage

_NEEDS = ("todos",)


def _list(stage: Stage) -> MarkovianTODO:
    return MarkovianTODO(stage.config, stage.session)


def _would(stage: Stage, event: Event, call: Callable[[], object]) -> Event:
    return stage.would_add(event, lambda _: call())


def task_added(stage: Stage, event: TaskAdded) -> Event:
    """Add the task."""
    said = event.task, event.description, event.assignee, event.depends_on, event.estimated_duration, event.priority
    return _would(stage, event, partial(_list(stage).add_task, *said, max_attempts=event.max_attempts))


def task_started(stage: Stage, event: TaskStarted) -> Event:
    """Start the task."""
    return _would(stage, event, partial(_list(stage).start_task, event.task))


def task_completed(stage: Stage, event: TaskCompleted) -> Event:
    """Complete the task."""
    return _would(stage, event, partial(_list(stage).complete_task, event.task, event.result, reward=event.reward))


def task_failed(stage: Stage, event: TaskFailed) -> Event:
    """Let an attempt at the task fail."""
    return _would(stage, event, partial(_list(stage).fail_task, event.task, event.error))


def task_blocked(stage: Stage, event: TaskBlocked) -> Event:
    """Block the task, or let it go on."""
    return _would(stage, event, partial(_list(stage)._block, event.task, event.reason, blocked=event.blocked))


def task_revised(stage: Stage, event: TaskRevised) -> Event:
    """Revise what is thought of the task."""
    names = ("q_value", "certainty", "next_task", "duration", "reward", "values")
    said = {name: getattr(event, name) for name in names}
    return _would(stage, event, partial(_list(stage)._revise, event.task, event.cause, **said))


def task_skipped(stage: Stage, event: TaskSkipped) -> Event:
    """Skip what waits in vain: for a task that has just failed, or because the list is planned anew."""
    if not stage.script and stage.rules >= 2 and isinstance(stage.past.last, TaskFailed | TaskSkipped):
        return _would(stage, event, _list(stage)._skip_what_waits)
    return _replanned(stage, event)


def foresee_replanned(stage: Stage, event: TodoReplanned) -> None:
    """Note beforehand why the list is planned anew."""
    stage.looked.setdefault(TodoReplanned, deque()).append(event.reason)


def todo_replanned(stage: Stage, event: TodoReplanned) -> Event:
    """Plan the list anew."""
    replanned = _replanned(stage, event)
    stage.looked[TodoReplanned].popleft()
    return replanned


def _replanned(stage: Stage, event: Any) -> Event:
    """Return the next of what planning anew adds."""

    def replan() -> list[Event]:
        reasons = stage.looked.get(TodoReplanned)
        if not reasons:
            raise ConfigError("the list is not planned anew after this")
        session = stage.performing(event, _NEEDS)
        return session.all_of(partial(MarkovianTODO(stage.config, session).replan, reasons[0]))

    return stage.next_in_script(event, replan)


def checkpointed(stage: Stage, event: TodoCheckpointed) -> Event:
    """Put down how the list stands."""
    return _would(stage, event, _list(stage).checkpoint)


def restored(stage: Stage, event: TodoRestored) -> Event:
    """Go back to the checkpoint."""
    return _would(stage, event, partial(_list(stage).restore_from_checkpoint, event.checkpoint))


TASKS: dict[type[Event], Reenacted] = {
    TaskAdded: Reenacted(task_added, _NEEDS),
    TaskStarted: Reenacted(task_started, _NEEDS),
    TaskCompleted: Reenacted(task_completed, _NEEDS),
    TaskFailed: Reenacted(task_failed, _NEEDS),
    TaskBlocked: Reenacted(task_blocked, _NEEDS),
    TaskRevised: Reenacted(task_revised, _NEEDS),
    TaskSkipped: Reenacted(task_skipped, _NEEDS),
    TodoReplanned: Reenacted(todo_replanned, _NEEDS),
    TodoCheckpointed: Reenacted(checkpointed, _NEEDS),
    TodoRestored: Reenacted(restored, _NEEDS),
}
