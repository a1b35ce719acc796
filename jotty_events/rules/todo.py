"""The task list: what comes next, what can no longer be done, and when to plan anew (RULES R6).

Invariants: nothing here looks at more than the tasks' own fields, and every task counts once, by its status (T3).
Tasks are always given in the order of the list.
"""

from collections.abc import Sequence
from hashlib import md5
from typing import NamedTuple, Protocol, TypeVar

from .q_learning import clamp01

PENDING, IN_PROGRESS, COMPLETED = "pending", "in_progress", "completed"
FAILED, BLOCKED, SKIPPED = "failed", "blocked", "skipped"
MAX_ATTEMPTS = 3
TOO_MANY_FAILED = 0.3
STUCK_AFTER = 3
ON_SCHEDULE = 0.7
"""How much of the expected progress is still on schedule."""


class Task(Protocol):
    """One task; `nth` is its insertion number."""

    @property
    def task_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def depends_on(self) -> Sequence[str]: ...
    @property
    def priority(self) -> float: ...
    @property
    def attempts(self) -> int: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def nth(self) -> int: ...


T = TypeVar("T", bound=Task)


class Skip(NamedTuple):
    """A task that cannot be done any more, and the dependencies that failed it."""

    task_id: str
    because: list[str]


class Progress(NamedTuple):
    """How far a list is: counts of tasks, and the probability in [0, 1] that all will be done."""

    total: int
    completed: int
    failed: int
    remaining: int
    probability: float


def todo_id(root_task: str, now: float) -> str:
    """Return the id of a list: the MD5 of its goal and the time at which it was begun, in hex (RULES R6)."""
    return md5(f"{root_task}:{float(now)}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def next_task(tasks: Sequence[T], version: int = 2) -> T | None:
    """Return the task to do now: pending, with all its dependencies completed (RULES R6).

    Version 2 takes the highest priority, then the first of the list (T4); version 1 takes the first of the list.
    """
    done = {task.task_id for task in tasks if task.status == COMPLETED}
    ready = [task for task in tasks if task.status == PENDING and done.issuperset(task.depends_on)]
    if version < 2:
        return ready[0] if ready else None
    return max(ready, key=lambda task: task.priority, default=None)


def after_failure(attempts: int, max_attempts: int) -> str:
    """Return the status of a task after a failed attempt: pending if it may be tried again, else failed."""
    return FAILED if attempts >= max_attempts else PENDING


def to_skip(tasks: Sequence[Task]) -> list[Skip]:
    """Return every waiting task that a failed or skipped one makes impossible, directly or not (T2).

    A task stands after those that it is skipped because of.
    """
    lost = {task.task_id for task in tasks if task.status in (FAILED, SKIPPED)}
    waiting = [task for task in tasks if task.status in (PENDING, BLOCKED)]
    skips: list[Skip] = []
    while found := [task for task in waiting if not lost.isdisjoint(task.depends_on)]:
        because = [Skip(task.task_id, [need for need in task.depends_on if need in lost]) for task in found]
        skips.extend(because)
        lost.update(skip.task_id for skip in because)
        waiting = [task for task in waiting if task.task_id not in lost]
    return skips


def progress(tasks: Sequence[Task]) -> Progress:
    """Return how far the list is; the probability is done/n * (1 - 2 * failed/n), in [0, 1] (RULES R6)."""
    n = len(tasks)
    completed = _count(tasks, COMPLETED)
    failed = _count(tasks, FAILED)
    remaining = n - completed - _count(tasks, SKIPPED)
    probability = clamp01(completed / n * (1 - 2 * failed / n)) if n else 0.0
    return Progress(n, completed, failed, remaining, probability)


def _count(tasks: Sequence[Task], status: str) -> int:
    return sum(task.status == status for task in tasks)


def should_replan(
    tasks: Sequence[Task], *, elapsed: float = 0.0, deadline: float | None = None, threshold: float = ON_SCHEDULE
) -> str | None:
    """Return why the list should be planned anew, or None; times are in seconds (RULES R6)."""
    now = progress(tasks)
    stuck = sum(task.status == IN_PROGRESS and task.attempts > STUCK_AFTER for task in tasks)
    if late := _late(now, elapsed, deadline, threshold):
        return late
    if now.total and now.failed / now.total > TOO_MANY_FAILED:
        return f"too many failures: {now.failed} of {now.total} tasks"
    return f"stuck: {stuck} tasks with more than {STUCK_AFTER} attempts" if stuck else None


def _late(now: Progress, elapsed: float, deadline: float | None, threshold: float) -> str | None:
    if deadline is None or elapsed <= deadline / 2:
        return None
    if elapsed > deadline:
        return f"deadline exceeded: {elapsed:.1f} s of {deadline:.1f} s"
    expected = elapsed / deadline * threshold
    share = now.completed / now.total if now.total else 1.0
    return f"behind schedule: {share:.1%} done, {expected:.1%} expected" if share < expected else None


def replan(tasks: Sequence[Task]) -> list[str] | None:
    """Return all task ids with the pending ones reordered among themselves, highest priority first (T4).

    None if that changes nothing.
    """
    pending = iter(sorted((task for task in tasks if task.status == PENDING), key=lambda task: -task.priority))
    before = [task.task_id for task in tasks]
    after = [next(pending).task_id if task.status == PENDING else task.task_id for task in tasks]
    return None if after == before else after


def replan_actions(order: Sequence[str] | None) -> list[str]:
    """Return what a replanning did, in words: nothing where the order stays."""
    return [] if order is None else ["reordered by priority"]
