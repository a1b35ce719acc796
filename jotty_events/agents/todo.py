"""The task list of a goal: reads the live list, asks the rules, appends what they conclude."""

import time
from collections.abc import Sequence
from random import Random

from projections.todos import Todos, TodoTask

from ..config import JottyConfig
from ..errors import ConfigError
from ..events import (
    TaskAdded,
    TaskCompleted,
    TaskFailed,
    TaskSkipped,
    TaskStarted,
    TodoOpened,
    TodoReplanned,
)
from ..rules import todo
from ..session import Session, undisturbed
from ..types import Clock, Json
from .alone import alone

ESTIMATED_REWARD = CONFIDENCE = 0.5


class MarkovianTODO:
    """Tasks, what they wait for, and what became of them."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock and these random draws."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng)

    @property
    def tasks(self) -> Todos:
        """Tasks by their id."""
        found: Todos = self._session.view("todos")
        return found

    @property
    def root_task(self) -> str | None:
        """The goal that the list is for."""
        return self.tasks.root_task

    def open(self, root_task: str) -> str:
        """Begin a new list for a goal, in place of the one before; returns its id."""
        with self._session.transaction() as commit:
            name = todo.todo_id(root_task, commit.now)
            commit.add(TodoOpened(**self._session.provenance, todo=name, root_task=root_task, now=commit.now))
        return name

    def add_task(
        self,
        task_id: str,
        description: str,
        actor: str,
        depends_on: Sequence[str] = (),
        priority: float = 1.0,
        max_attempts: int = todo.MAX_ATTEMPTS,
    ) -> None:
        """Add a task that waits for others of the list."""
        with self._session.transaction() as commit:
            commit.add(
                TaskAdded(
                    **self._session.provenance,
                    todo=self._list(),
                    task=task_id,
                    description=description,
                    assignee=actor,
                    depends_on=list(depends_on),
                    priority=priority,
                    estimated_reward=ESTIMATED_REWARD,
                    confidence=CONFIDENCE,
                    max_attempts=max_attempts,
                    now=commit.now,
                    nth=self.tasks.next_nth,
                )
            )

    def _list(self) -> str:
        return self.tasks.todo_id or ""

    def _task(self, task_id: str) -> TodoTask:
        found = self.tasks.get(task_id)
        if found is None:
            raise ConfigError(
                f"{task_id!r} is no task of the list", hint=f"tasks are {', '.join(self.tasks) or 'none'}"
            )
        return found

    @undisturbed
    def get_next_task(self) -> TodoTask | None:
        """Return the task to do now, None if there is none."""
        return todo.next_task(self.tasks.ordered())

    @undisturbed
    def start_task(self, task_id: str) -> None:
        """Note that work on a task began."""
        attempts = self._task(task_id).attempts + 1
        with self._session.transaction() as commit:
            commit.add(
                TaskStarted(
                    **self._session.provenance, todo=self._list(), task=task_id, now=commit.now, attempts=attempts
                )
            )

    @undisturbed
    def complete_task(self, task_id: str, reward: float | None = None, result: Json | None = None) -> None:
        """Note that a task was done."""
        self._task(task_id)
        with self._session.transaction() as commit:
            commit.add(
                TaskCompleted(
                    **self._session.provenance,
                    todo=self._list(),
                    task=task_id,
                    reward=reward,
                    result=result,
                    now=commit.now,
                )
            )

    @undisturbed
    def fail_task(self, task_id: str, error: str) -> str:
        """Note that an attempt failed; returns pending if it may be tried again, else failed, and skips what waits."""
        task = self._task(task_id)
        status = todo.after_failure(task.attempts, task.max_attempts)
        with self._session.transaction() as commit:
            commit.add(
                TaskFailed(
                    **self._session.provenance,
                    todo=self._list(),
                    task=task_id,
                    error=error,
                    now=commit.now,
                    attempts=task.attempts,
                    max_attempts=task.max_attempts,
                    status=status,
                )
            )
            self._skip_what_waits()
        return status

    def _skip_what_waits(self) -> None:
        with self._session.transaction() as commit:
            for skip in todo.to_skip(self.tasks.ordered()):
                commit.add(
                    TaskSkipped(
                        **self._session.provenance,
                        todo=self._list(),
                        task=skip.task_id,
                        because=skip.because,
                        now=commit.now,
                    )
                )

    @undisturbed
    def replan(self, reason: str) -> bool:
        """Put the pending tasks in the order of their priority (T4); returns whether that changed anything."""
        order = todo.replan(self.tasks.ordered())
        with self._session.transaction() as commit:
            commit.add(
                TodoReplanned(
                    **self._session.provenance,
                    todo=self._list(),
                    reason=reason,
                    now=commit.now,
                    actions=todo.replan_actions(order),
                    order=order,
                )
            )
        return order is not None

    @undisturbed
    def progress(self) -> todo.Progress:
        """Return how far the list is."""
        return todo.progress(self.tasks.ordered())
