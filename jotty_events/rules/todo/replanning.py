"""When a task list is to be planned anew, and what that changes (RULES R6).

Invariants: times are in seconds; tasks are given in the order of the list. Version 1 only says that it moves tasks;
version 2 moves them (T4).
"""

from collections.abc import Sequence

from .tasks import BLOCKED, IN_PROGRESS, PENDING, Marked, Progress, Skip, Task, progress

TOO_MANY_FAILED = 0.3
STUCK_AFTER = 3
ON_SCHEDULE = 0.7
"""How much of the expected progress is still on schedule."""
DEADLINE, INTERVAL = 300.0, 60.0
SHOWN, NOTED = 3, 50
NO_TASKS, ON_TRACK = "No tasks to replan", "On track"


def should_replan(
    tasks: Sequence[Task], *, elapsed: float = 0.0, deadline: float | None = None, threshold: float = ON_SCHEDULE
) -> str | None:
    """Return why the list should be planned anew, or None; times are in seconds (RULES R6, T3)."""
    now = progress(tasks)
    if late := _late(now, elapsed, deadline, threshold):
        return late
    if now.total and now.failed / now.total > TOO_MANY_FAILED:
        return f"too many failures: {now.failed} of {now.total} tasks"
    stuck = _stuck(tasks)
    return f"stuck: {stuck} tasks with more than {STUCK_AFTER} attempts" if stuck else None


def _late(now: Progress, elapsed: float, deadline: float | None, threshold: float) -> str | None:
    if deadline is None or elapsed <= deadline / 2:
        return None
    if elapsed > deadline:
        return f"deadline exceeded: {elapsed:.1f} s of {deadline:.1f} s"
    expected = elapsed / deadline * threshold
    share = now.completed / now.total if now.total else 1.0
    return f"behind schedule: {share:.1%} done, {expected:.1%} expected" if share < expected else None


def _stuck(tasks: Sequence[Task]) -> int:
    return sum(task.status == IN_PROGRESS and task.attempts > STUCK_AFTER for task in tasks)


def should_replan_by_marks(
    tasks: Sequence[Task], marked: Marked, *, elapsed: float, deadline: float, threshold: float
) -> tuple[bool, str]:
    """Return whether the list should be planned anew, and why, as version 1 does: by what tasks ever were (T3)."""
    now = progress(tasks, marked)
    if not now.total:
        return False, NO_TASKS
    reason = _late_by_marks(now, elapsed, deadline, threshold) or _going_badly(now, _stuck(tasks))
    return (True, reason) if reason else (False, ON_TRACK)


def _late_by_marks(now: Progress, elapsed: float, deadline: float, threshold: float) -> str | None:
    if deadline - elapsed <= 0:
        return f"DEADLINE_EXCEEDED: elapsed={elapsed:.1f}s > deadline={deadline:.1f}s"
    share, expected = now.completed / now.total, elapsed / deadline * threshold
    if elapsed / deadline > 0.5 and share < expected:
        return f"BEHIND_SCHEDULE: progress={share:.1%} < expected={expected:.1%}"
    return None


def _going_badly(now: Progress, stuck: int) -> str | None:
    share = now.failed / now.total
    if share > TOO_MANY_FAILED:
        return f"HIGH_FAILURE_RATE: {now.failed}/{now.total} = {share:.1%} failed"
    return f"STUCK_TASKS: {stuck} tasks with >{STUCK_AFTER} attempts" if stuck else None


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


def actions_said(tasks: Sequence[Task], skips: Sequence[Skip], observation: str) -> list[str]:
    """Return what version 1 says of a replanning; but for the skips, it does none of it (T4).

    `tasks` are those before it, `skips` what becomes of some of them.
    """
    gone = {skip.task_id for skip in skips}
    waiting = [task for task in tasks if task.status in (PENDING, BLOCKED) and task.task_id not in gone]
    waiting.sort(key=lambda task: task.priority * (1.0 / (1.0 + len(task.depends_on))), reverse=True)
    return [
        *(f"SKIP:{skip.task_id} (deps failed: {skip.because})" for skip in skips),
        *([f"REPRIORITIZE: {[task.task_id for task in waiting[:SHOWN]]}..."] if waiting else []),
        *([f"RISK_NOTED: {observation[:NOTED]}"] if observation else []),
    ]


def risk(observation: str) -> str | None:
    """Return what is noted among the risks of a list, None without an observation (RULES R6)."""
    return f"[REPLAN] {observation}" if observation else None
