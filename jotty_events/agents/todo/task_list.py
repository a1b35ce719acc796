"""The task list of a goal: reads the live list, asks the rules, appends what they conclude."""

import time
from collections.abc import Mapping, Sequence
from math import isfinite
from random import Random
from typing import Any

from projections.todos import TodoTask

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import (
    Blocking,
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
from ...rules.todo import replanning
from ...rules.todo import tasks as todo
from ...session import Session, Transaction, undisturbed
from ...types import Clock, Json
from ...values import json_object
from ..alone import alone
from ..model import Ask
from ..refusal import require_said
from . import checkpoints
from .loading import import_rows, rows_of
from .reading import TodoReading

_UNSAID = dict.fromkeys(("q_value", "certainty", "next_task", "duration", "reward", "values"))


class MarkovianTODO(TodoReading):
    """Tasks, what they wait for, and what became of them.

    A task that is not there is a ConfigError; by rules of version 1 the call then does nothing, as in the original.
    """

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)

    def open(self, root_task: str) -> str:
        """Begin a new list for a goal, in place of the one before; returns its id."""
        with self._session.transaction() as commit:
            name = todo.todo_id(root_task, commit.now, self._session.rules)
            commit.add(TodoOpened(**self._session.provenance, todo=name, root_task=root_task, now=commit.now))
        return name

    def add_task(
        self,
        task_id: str,
        description: str,
        actor: str = "",
        depends_on: Sequence[str] | None = None,
        estimated_duration: float = todo.ESTIMATED_DURATION,
        priority: float = 1.0,
        max_attempts: int = todo.MAX_ATTEMPTS,
    ) -> None:
        """Add a task that waits for others of the list; one that is not there yet may still come (in seconds).

        A task of a name that is there takes its place. ConfigError for tasks that would wait for each other.
        """
        needs = list(depends_on or ())
        require_said(task_id=task_id, description=description, actor=actor)
        with self._session.transaction() as commit:
            self._require_no_loop(task_id, needs)
            known = self.tasks.get(task_id)
            commit.add(
                TaskAdded(
                    **self._said,
                    task=task_id,
                    description=description,
                    assignee=actor,
                    depends_on=needs,
                    priority=priority,
                    estimated_reward=todo.ESTIMATED_REWARD,
                    confidence=todo.CONFIDENCE,
                    max_attempts=max_attempts,
                    estimated_duration=estimated_duration,
                    now=commit.now,
                    blocks=self._blocks(task_id, needs),
                    nth=self.tasks.next_nth if known is None else known.nth,
                )
            )

    @property
    def _said(self) -> dict[str, Any]:
        return {**self._session.provenance, "todo": self.tasks.todo_id or ""}

    def _require_no_loop(self, task_id: str, needs: Sequence[str]) -> None:
        """Refuse tasks that wait for each other for ever; version 1 lets them."""
        if self._session.rules < 2:
            return
        if not task_id:
            raise ConfigError("a task has no name", hint="name it")
        way = todo.loop(self.tasks.entries(), task_id, needs)
        if way:
            raise ConfigError(f"tasks wait for each other: {' → '.join(way):.200}", hint="take one depends_on away")

    def _blocks(self, task_id: str, needs: Sequence[str]) -> list[Blocking]:
        if self._session.rules >= 2:
            return []
        added = todo.Waiting(task_id, needs)
        tasks = [added if one.task_id == task_id else one for one in self._listed()]
        tasks += [added] if task_id not in self.tasks else []
        said = todo.said_to_block(tasks, self._session.rules)
        return [Blocking(task=task, blocker=blocker) for task, blocker in said]

    @undisturbed
    def start_task(self, task_id: str) -> None:
        """Note that work on a task began."""
        task = self._task(task_id)
        if task is None:
            return
        with self._session.transaction() as commit:
            commit.add(TaskStarted(**self._said, task=task_id, now=commit.now, attempts=task.attempts + 1))

    @undisturbed
    def complete_task(self, task_id: str, result: Json | None = None, *, reward: float | None = None) -> None:
        """Note that a task was done, and what came of it."""
        if self._task(task_id) is None:
            return
        completed, current = self.tasks.marked(todo.COMPLETED), self.tasks.current_task_id
        after = todo.follows(completed, task_id)
        with self._session.transaction() as commit:
            commit.add(
                TaskCompleted(
                    **self._said,
                    task=task_id,
                    reward=reward,
                    result=None if result is None else json_object(result, "the result"),
                    now=commit.now,
                    after=after,
                    times=0 if after is None else self.tasks.transitions.get((after, task_id), 0) + 1,
                    current=None if current == task_id else current,
                    nth=completed.get(task_id, self.tasks.next_mark),
                )
            )

    @undisturbed
    def fail_task(self, task_id: str, error: str) -> str | None:
        """Note that an attempt failed; returns pending if it may be tried again, else failed.

        What waits for it in vain is then skipped; in version 1 that is left to a replanning.
        """
        task = self._task(task_id)
        if task is None:
            return None
        status = todo.after_failure(task.attempts, task.max_attempts)
        with self._session.transaction() as commit:
            commit.add(
                TaskFailed(
                    **self._said,
                    task=task_id,
                    error=error,
                    now=commit.now,
                    attempts=task.attempts,
                    max_attempts=task.max_attempts,
                    status=status,
                    reason=todo.reason_kept(error, self._session.rules),
                    nth=self.tasks.marked(todo.FAILED).get(task_id, self.tasks.next_mark),
                )
            )
            if self._session.rules >= 2:
                self._skip_what_waits()
        return status

    def _skip_what_waits(self) -> None:
        self._skip(todo.to_skip(self._listed()))

    def _skip(self, skips: Sequence[todo.Skip]) -> None:
        with self._session.transaction() as commit:
            for one in skips:
                commit.add(TaskSkipped(**self._said, task=one.task_id, because=one.because, now=commit.now))

    @undisturbed
    def block_task(self, task_id: str, reason: str = "") -> None:
        """Note that a task waits for something outside the list."""
        self._block(task_id, reason, blocked=True)

    @undisturbed
    def unblock_ready_tasks(self) -> int:
        """Let the blocked tasks go on whose dependencies are completed; returns how many (RULES R6)."""
        ready = todo.to_unblock(self._listed(), self._marked())
        with self._session.transaction():
            for task_id in ready:
                self._block(task_id, "dependencies completed", blocked=False)
        return len(ready)

    def _block(self, task_id: str, reason: str, *, blocked: bool) -> None:
        if self._task(task_id) is None:
            return
        with self._session.transaction() as commit:
            commit.add(TaskBlocked(**self._said, task=task_id, reason=reason, blocked=blocked, now=commit.now))

    # What is thought of tasks.

    @undisturbed
    def update_q_value(self, task_id: str, q_value: float, confidence: float) -> None:
        """Say what doing a task is worth, and how sure that is; both are kept in [0, 1]. ConfigError for NaN."""
        if not isfinite(q_value) or not isfinite(confidence):
            raise ConfigError(f"an estimate is {q_value}, its confidence {confidence}", hint="give finite numbers")
        self._revise(task_id, "valued", q_value=q_value, certainty=confidence)

    @undisturbed
    def record_intermediary_values(self, task_id: str, values: Mapping[str, Any]) -> None:
        """Keep what was measured while a task was under way, beside what is kept already."""
        self._revise(task_id, "measured", values=json_object(dict(values), "the values"))

    @undisturbed
    def predict_next(
        self,
        task_id: str,
        next_task_id: str | None = None,
        duration: float | None = None,
        reward: float | None = None,
    ) -> None:
        """Say which task will come after one, how long it will take (s) and its reward, where they are known."""
        self._revise(task_id, "predicted", next_task=next_task_id, duration=duration, reward=reward)

    def _revise(self, task_id: str, cause: str, **said: Any) -> None:
        task = self._task(task_id)
        if task is None:
            return
        told: dict[str, Any] = {**_UNSAID, **said}
        values = told["values"]
        with self._session.transaction() as commit:
            commit.add(
                TaskRevised(
                    **self._said,
                    task=task_id,
                    cause=cause,
                    **told,
                    now=commit.now,
                    estimated_reward=todo.kept_share(told["q_value"]),
                    confidence=todo.kept_share(told["certainty"]),
                    measured=None if values is None else {**(task.measured or {}), **values},
                )
            )

    # Planning anew, and going back.

    @undisturbed
    def should_replan(
        self,
        elapsed_time: float,
        global_deadline: float | None = replanning.DEADLINE,
        replan_interval: float = replanning.INTERVAL,
        success_threshold: float = replanning.ON_SCHEDULE,
    ) -> tuple[bool, str]:
        """Return whether the list should be planned anew, and why; times are in seconds (RULES R6).

        `replan_interval` has no effect, as in the original. Version 1 needs a deadline.
        """
        tasks, marked = self._listed(), self._marked()
        if marked is None:
            why = replanning.should_replan(
                tasks, elapsed=elapsed_time, deadline=global_deadline, threshold=success_threshold
            )
            return why is not None, why or replanning.ON_TRACK
        if not global_deadline:
            raise ConfigError("by rules of version 1 a list has a deadline", hint="give a global_deadline in seconds")
        return replanning.should_replan_by_marks(
            tasks, marked, elapsed=elapsed_time, deadline=global_deadline, threshold=success_threshold
        )

    @undisturbed
    def replan(self, observation: str = "") -> list[str]:
        """Plan the list anew, and return what was done, in words.

        Version 2 puts the pending tasks in the order of their priority (T4). Version 1 skips what waits for a failed
        task, and only says the rest.
        """
        with self._session.transaction() as commit:
            tasks, marked = self._listed(), self._marked()
            order = None if marked else replanning.replan(tasks)
            skips = todo.to_skip_at_once(tasks, marked.failed) if marked else todo.to_skip(tasks)
            self._skip(skips)
            said = replanning.actions_said(tasks, skips, observation) if marked else replanning.replan_actions(order)
            commit.add(
                TodoReplanned(
                    **self._said,
                    reason=observation,
                    now=commit.now,
                    actions=said,
                    order=order,
                    risk=replanning.risk(observation),
                )
            )
        return said

    def checkpoint(self) -> Json:
        """Put down how the list stands, in the original's form, and return it."""
        with self._session.transaction() as commit:
            found = checkpoints.taken(self.tasks, self.completed_tasks, self.failed_tasks, commit.now)
            commit.add(TodoCheckpointed(**self._said, now=commit.now, checkpoint=found))
        return found

    def restore_from_checkpoint(self, checkpoint: Json) -> None:
        """Go back to a checkpoint; tasks that it does not name stay as they are. ConfigError for what is none."""
        said = json_object(checkpoint, "the checkpoint")
        with self._session.transaction() as commit:
            commit.add(
                TodoRestored(
                    **self._said,
                    checkpoint=said,
                    now=commit.now,
                    marks=checkpoints.marks(said),
                    tasks=checkpoints.standings(said, self._listed()),
                    current=said.get("current_task_id"),
                )
            )

    def _take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        rows = rows_of(saved, self.tasks.next_nth, self.tasks.next_mark, self._session.rules)
        if rows and (self.tasks or self.todo_id is not None):
            self.open(str(saved.get("root_task") or ""))
        import_rows(commit, rows)

    def _task(self, task_id: str) -> TodoTask | None:
        """Return a task; ConfigError if there is none, in version 1 None."""
        found = self.tasks.get(task_id)
        if found is None and self._session.rules >= 2:
            raise ConfigError(
                f"{task_id!r} is no task of the list", hint=f"tasks are {', '.join(self.tasks) or 'none'}"
            )
        return found
