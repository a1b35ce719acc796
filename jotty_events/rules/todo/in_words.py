"""A task list in words, for a prompt (RULES R6)."""

from collections.abc import Sequence
from typing import Protocol

from .tasks import IN_PROGRESS, PENDING, Progress, Task


class Told(Task, Protocol):
    """What is told of a task."""

    @property
    def description(self) -> str: ...
    @property
    def assignee(self) -> str: ...
    @property
    def failure_reasons(self) -> Sequence[str]: ...


def progress_summary(tasks: Sequence[Task], now: Progress, current: str | None) -> str:
    """Return how far the list is, in four lines."""
    under_way = sum(task.status == IN_PROGRESS for task in tasks)
    return (
        f"TODO Progress: {now.completed}/{now.total} completed ({under_way} in progress, {now.failed} failed)\n"
        f"Current: {current or 'None'}\n"
        f"Estimated remaining: {now.remaining} steps\n"
        f"Completion probability: {now.probability:.1%}"
    )


def state_summary(root_task: str, tasks: Sequence[Told], failed: Sequence[Told], now: Progress) -> str:
    """Return what is under way, what is next, the highest score first, and what failed and why."""
    pending = sorted((task for task in tasks if task.status == PENDING), key=_score, reverse=True)
    sections = (
        ("🔄 In Progress", [_under_way(task) for task in tasks if task.status == IN_PROGRESS]),
        ("⏳ Next Up", [f"{task.description} (Actor: {task.assignee}, Score={_score(task):.2f})" for task in pending]),
        ("❌ Failed (Need Retry/Exploration)", [f"{task.description} - {_why(task)}" for task in failed]),
    )
    told = [f"#### {title}\n" + "".join(f"- {line}\n" for line in lines) + "\n" for title, lines in sections if lines]
    return (
        f"### TODO State\n**Root Task:** {root_task}\n**Progress:** {now.completed}/{now.total} completed\n\n"
        + "".join(told)
        + f"**Completion Probability:** {now.probability:.1%}\n**Estimated Remaining:** {now.remaining} tasks\n"
    )


def _score(task: Task) -> float:
    return task.priority * task.estimated_reward


def _under_way(task: Told) -> str:
    says = f"Q={task.estimated_reward:.2f}, P={task.priority:.1f}, Attempt #{task.attempts + 1}"
    return f"{task.description} (Actor: {task.assignee}, {says})"


def _why(task: Told) -> str:
    return task.failure_reasons[-1] if task.failure_reasons else "Unknown"
