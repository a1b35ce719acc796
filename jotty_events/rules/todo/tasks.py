"""The task list: what comes next, what can no longer be done, and how far it is (RULES R6).

Invariants: in version 2 nothing here looks at more than the tasks' own fields, and every task counts once, by its
status (T3); version 1 also goes by which tasks ever were completed or failed. Tasks are always given in the order of
the list.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import md5
from typing import NamedTuple, Protocol, TypeVar

from ..dates import as_date
from ..q.learning import clamp01

PENDING, IN_PROGRESS, COMPLETED = "pending", "in_progress", "completed"
FAILED, BLOCKED, SKIPPED = "failed", "blocked", "skipped"
STATUSES = (PENDING, IN_PROGRESS, COMPLETED, FAILED, BLOCKED, SKIPPED)
MAX_ATTEMPTS = 3
ESTIMATED_REWARD = CONFIDENCE = 0.5
ESTIMATED_DURATION = 60.0
"""In seconds, where nobody said another."""


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
    def estimated_reward(self) -> float: ...
    @property
    def attempts(self) -> int: ...
    @property
    def max_attempts(self) -> int: ...
    @property
    def nth(self) -> int: ...


T = TypeVar("T", bound=Task)


class Waiting(NamedTuple):
    """A task and what it waits for: all that it takes to say who waits for whom."""

    task_id: str
    depends_on: Sequence[str]


class Waits(Protocol):
    """What waits for something."""

    @property
    def task_id(self) -> str: ...
    @property
    def depends_on(self) -> Sequence[str]: ...


class Skip(NamedTuple):
    """A task that cannot be done any more, and the dependencies that failed it."""

    task_id: str
    because: list[str]


class Marked(NamedTuple):
    """The tasks that ever were completed, and those that ever failed for good: version 1 goes by them (T3)."""

    completed: Collection[str]
    failed: Collection[str]


class Progress(NamedTuple):
    """How far a list is: counts of tasks, and the probability in [0, 1] that all will be done."""

    total: int
    completed: int
    failed: int
    remaining: int
    probability: float


def todo_id(root_task: str, now: float, version: int = 2) -> str:
    """Return the id of a list: the MD5 of its goal and the time at which it was begun, in hex (RULES R6).

    Version 1 takes the time as a date in the original's form.
    """
    when = as_date(now) if version < 2 else str(float(now))
    return md5(f"{root_task}:{when}".encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def next_task(tasks: Sequence[T], version: int = 2, marked: Marked | None = None) -> T | None:
    """Return the task to do now: pending, with all its dependencies completed (RULES R6).

    Version 2 takes the highest priority, then the best estimate, then the first of the list (T4); version 1 the first.
    """
    ready = [task for task in tasks if task.status == PENDING and can_start(task, tasks, marked)]
    if version < 2:
        return ready[0] if ready else None
    return max(ready, key=lambda task: (task.priority, task.estimated_reward), default=None)


def can_start(task: Task, tasks: Sequence[Task], marked: Marked | None = None) -> bool:
    """Say whether all dependencies of a task are completed; one that is missing never is."""
    return done(tasks, marked).issuperset(task.depends_on)


def done(tasks: Sequence[Task], marked: Marked | None = None) -> set[str]:
    """Return which tasks are completed: by their status, in version 1 those that ever were (T3)."""
    if marked is not None:
        return set(marked.completed)
    return {task.task_id for task in tasks if task.status == COMPLETED}


def lost(tasks: Sequence[Task], marked: Marked | None = None) -> set[str]:
    """Return which tasks have failed for good: by their status, in version 1 those that ever did (T3)."""
    if marked is not None:
        return set(marked.failed)
    return {task.task_id for task in tasks if task.status == FAILED}


def to_unblock(tasks: Sequence[Task], marked: Marked | None = None) -> list[str]:
    """Return the blocked tasks whose dependencies are all completed."""
    return [task.task_id for task in tasks if task.status == BLOCKED and can_start(task, tasks, marked)]


def loop(tasks: Iterable[Waits], task_id: str, depends_on: Sequence[str]) -> list[str]:
    """Return a way from a task back to itself, if it waits for these: such tasks wait for ever. Empty without one."""
    waits: dict[str, Sequence[str]] = {task.task_id: task.depends_on for task in tasks} | {task_id: depends_on}
    ways = [[need] for need in depends_on]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == task_id:
            return [task_id, *way]
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, need] for need in waits.get(way[-1], ())]
    return []


def blocked_by(tasks: Sequence[Task], task_id: str) -> list[str]:
    """Return who waits for a task, each once (T1)."""
    return [task.task_id for task in tasks if task_id in task.depends_on]


def said_to_block(tasks: Sequence[Waits], version: int) -> list[tuple[str, str]]:
    """Return the (task, who waits for it) that version 1 adds whenever a task is added, known or not (T1)."""
    if version >= 2:
        return []
    known = {task.task_id for task in tasks}
    return [(need, task.task_id) for task in tasks for need in task.depends_on if need in known]


def after_failure(attempts: int, max_attempts: int) -> str:
    """Return the status of a task after a failed attempt: pending if it may be tried again, else failed."""
    return FAILED if attempts >= max_attempts else PENDING


def kept_share(said: float | None) -> float | None:
    """Return an estimate in [0, 1], nothing where nothing was said; ValueError for a number that is not finite."""
    return None if said is None else clamp01(said)


def reason_kept(error: str, version: int) -> str | None:
    """Return what is kept of why an attempt failed: version 1 never fills that list (T2)."""
    return error if version >= 2 else None


def follows(completed: Mapping[str, int], task_id: str) -> str | None:
    """Return the task that was completed last before this one, None if there is none (D3: never by the order of a set).

    `completed` are the tasks that were, with the numbers in whose order they were.
    """
    others = [(nth, name) for name, nth in completed.items() if name != task_id]
    return max(others)[1] if others else None


def to_skip(tasks: Sequence[Task]) -> list[Skip]:
    """Return every waiting task that a failed or skipped one makes impossible, directly or not (T2).

    A task stands after those that it is skipped because of.
    """
    gone = {task.task_id for task in tasks if task.status in (FAILED, SKIPPED)}
    waiting = [task for task in tasks if task.status in (PENDING, BLOCKED)]
    skips: list[Skip] = []
    while found := [task for task in waiting if not gone.isdisjoint(task.depends_on)]:
        because = [Skip(task.task_id, [need for need in task.depends_on if need in gone]) for task in found]
        skips.extend(because)
        gone.update(skip.task_id for skip in because)
        waiting = [task for task in waiting if task.task_id not in gone]
    return skips


def to_skip_at_once(tasks: Sequence[Task], failed: Collection[str]) -> list[Skip]:
    """Return the waiting tasks that depend on a failed one themselves, as version 1 does: no further (T2)."""
    waiting = [task for task in tasks if task.status in (PENDING, BLOCKED)]
    found = [Skip(task.task_id, [need for need in task.depends_on if need in failed]) for task in waiting]
    return [skip for skip in found if skip.because]


def progress(tasks: Sequence[Task], marked: Marked | None = None) -> Progress:
    """Return how far the list is; the probability is done/n * (1 - 2 * failed/n), in [0, 1] (RULES R6)."""
    n = len(tasks)
    completed = len(done(tasks, marked))
    failed = len(lost(tasks, marked))
    remaining = sum(task.status not in (COMPLETED, SKIPPED) for task in tasks)
    probability = clamp01(completed / n * (1 - 2 * failed / n)) if n else 0.0
    return Progress(n, completed, failed, remaining, probability)
