"""The task list: what is next, what is lost, and when to plan anew."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.todo.replanning import actions_said, replan, risk, should_replan, should_replan_by_marks
from jotty_events.rules.todo.tasks import (
    Marked,
    Progress,
    Skip,
    after_failure,
    blocked_by,
    done,
    follows,
    loop,
    lost,
    next_task,
    progress,
    said_to_block,
    to_skip,
    to_skip_at_once,
    to_unblock,
)


class Job(NamedTuple):
    task_id: str
    status: str = "pending"
    depends_on: tuple[str, ...] = ()
    priority: float = 1.0
    estimated_reward: float = 0.5
    attempts: int = 0
    max_attempts: int = 3
    nth: int = 0


def named(task: Job | None) -> str | None:
    return task.task_id if task else None


def test_the_highest_priority_that_is_ready_comes_next() -> None:
    """Priority chooses among tasks whose dependencies are done (T4); the original took the first of the list."""
    tasks = [Job("low"), Job("high", priority=2.0), Job("waits", priority=9.0, depends_on=("low",))]
    assert named(next_task(tasks)) == "high"
    assert named(next_task(tasks, version=1)) == "low"
    assert named(next_task([Job("first"), Job("second")])) == "first"


def test_a_task_waits_for_its_dependencies() -> None:
    """A failed, unfinished or missing dependency holds a task back."""
    assert next_task([Job("a", "in_progress"), Job("b", depends_on=("a",)), Job("c", depends_on=("missing",))]) is None
    assert named(next_task([Job("a", "completed"), Job("b", depends_on=("a",))])) == "b"
    assert next_task([]) is None


def test_a_task_fails_for_good_after_its_attempts() -> None:
    """Before that it is pending again."""
    assert after_failure(2, 3) == "pending"
    assert after_failure(3, 3) == "failed"


def test_everything_behind_a_failure_is_skipped() -> None:
    """Dependants of dependants do not wait for ever (T2), and each says why."""
    tasks = [
        Job("d", depends_on=("c",)),
        Job("a", "failed"),
        Job("b", depends_on=("a", "x")),
        Job("x", "completed"),
        Job("c", "blocked", depends_on=("b", "a")),
        Job("free"),
    ]
    assert to_skip(tasks) == [Skip("b", ["a"]), Skip("c", ["a"]), Skip("d", ["c"])]


jobs = st.lists(
    st.tuples(st.sampled_from(["pending", "completed", "failed", "blocked"]), st.sets(st.integers(0, 7), max_size=3)),
    max_size=8,
).map(lambda rows: [Job(str(n), s, tuple(str(d) for d in sorted(deps)), nth=n) for n, (s, deps) in enumerate(rows)])


@given(jobs)
def test_after_skipping_nothing_waits_for_what_cannot_come(tasks: list[Job]) -> None:
    """What is skipped was waiting; what still waits depends on nothing that failed or was skipped; cycles end."""
    skipped = {skip.task_id for skip in to_skip(tasks)}
    lost = skipped | {task.task_id for task in tasks if task.status == "failed"}
    waiting = [task for task in tasks if task.status in ("pending", "blocked") and task.task_id not in skipped]
    assert all(lost.isdisjoint(task.depends_on) for task in waiting)
    assert skipped <= {task.task_id for task in tasks if task.status in ("pending", "blocked")}
    assert all(skip.because for skip in to_skip(tasks))


def test_a_task_that_completed_after_failing_counts_once() -> None:
    """Progress goes by what a task is now (T3)."""
    tasks = [Job("a", "completed", attempts=2), Job("b"), Job("c", "failed"), Job("d", "skipped")]
    assert progress(tasks) == Progress(4, 1, 1, 2, 0.125)
    assert progress([]) == Progress(0, 0, 0, 0, 0.0)


def test_reasons_to_plan_anew_in_their_order() -> None:
    """A passed deadline, being behind, failures, and tasks that are stuck."""
    tasks = [Job("a", "completed"), *(Job(name) for name in "bcd")]
    assert should_replan(tasks, elapsed=400, deadline=300) == "deadline exceeded: 400.0 s of 300.0 s"
    assert should_replan(tasks, elapsed=200, deadline=300) == "behind schedule: 25.0% done, 46.7% expected"
    assert should_replan(tasks, elapsed=100, deadline=300) is None
    assert should_replan(tasks) is None
    assert should_replan([Job("a", "failed"), Job("b")]) == "too many failures: 1 of 2 tasks"
    assert should_replan([Job("a", "in_progress", attempts=4)]) == "stuck: 1 tasks with more than 3 attempts"
    assert should_replan([]) is None


def test_replanning_moves_the_tasks() -> None:
    """Pending tasks change places by priority (T4); what is done or under way stays where it is."""
    tasks = [Job("lo", priority=1.0), Job("done", "completed"), Job("hi", priority=3.0), Job("also", priority=3.0)]
    assert replan(tasks) == ["hi", "done", "also", "lo"]
    assert replan([tasks[2], tasks[0]]) is None


def test_a_loop_of_tasks_is_found() -> None:
    """A way back to the task is given; what is missing, and what others wait for in vain, is none."""
    tasks = [Job("a", depends_on=("b",)), Job("b", depends_on=("c", "z")), Job("x", depends_on=("x",))]
    assert loop(tasks, "c", ["a"]) == ["c", "a", "b", "c"]
    assert loop(tasks, "c", ["c"]) == ["c", "c"]
    assert loop(tasks, "c", ["x", "z"]) == []
    assert loop(tasks, "a", []) == []


def test_marks_count_in_version_1_only() -> None:
    """What ever was completed or failed, against what is so now (T3)."""
    tasks = [Job("a", "pending"), Job("b", depends_on=("a",)), Job("c", "failed")]
    marked = Marked(["a"], ["a"])
    assert (done(tasks), lost(tasks)) == (set(), {"c"})
    assert (done(tasks, marked), lost(tasks, marked)) == ({"a"}, {"a"})
    assert progress(tasks, marked)[:4] == (3, 1, 1, 3)
    assert progress(tasks, marked).probability == pytest.approx(1 / 9)
    assert named(next_task(tasks[1:], 1, marked)) == "b"
    assert to_unblock([Job("b", "blocked", ("a",))], marked) == ["b"]
    assert to_skip_at_once([Job("b", depends_on=("a", "z")), Job("d", depends_on=("b",))], ["a"]) == [Skip("b", ["a"])]


def test_what_was_completed_before_is_by_number() -> None:
    """The one with the greatest number, but for the task itself (D3)."""
    assert follows({"b": 4, "a": 7, "c": 2}, "x") == "a"
    assert follows({"b": 4, "a": 7, "c": 2}, "a") == "b"
    assert follows({"a": 1}, "a") is None


def test_version_1_says_who_waits_again_and_again() -> None:
    """Each pair of tasks that are there, in the order of the list (T1)."""
    tasks = [Job("a"), Job("b", depends_on=("a", "z")), Job("c", depends_on=("b", "a"))]
    assert said_to_block(tasks, 1) == [("a", "b"), ("b", "c"), ("a", "c")]
    assert said_to_block(tasks, 2) == []
    assert blocked_by(tasks, "a") == ["b", "c"]


def test_reasons_of_version_1_in_their_order() -> None:
    """A deadline that has come, being behind after half of it, failures above 0.3, more than three attempts."""
    tasks = [Job("a", "in_progress", attempts=4), *(Job(name) for name in "bcdefghij")]
    marked = Marked([], [])

    def said(elapsed: float, completed: str = "", failed: str = "") -> tuple[bool, str]:
        return should_replan_by_marks(
            tasks, Marked(list(completed), list(failed)), elapsed=elapsed, deadline=100.0, threshold=0.5
        )

    assert said(100.0)[1] == "DEADLINE_EXCEEDED: elapsed=100.0s > deadline=100.0s"
    assert said(50.0, failed="bcd")[1] == "STUCK_TASKS: 1 tasks with >3 attempts"
    assert said(51.0, "bc", "def")[1] == "BEHIND_SCHEDULE: progress=20.0% < expected=25.5%"
    assert said(51.0, "bcd", "efgh")[1] == "HIGH_FAILURE_RATE: 4/10 = 40.0% failed"
    assert should_replan_by_marks(
        [Job("a", "in_progress", attempts=3)], marked, elapsed=0, deadline=1, threshold=1
    ) == (
        False,
        "On track",
    )


def test_what_version_1_says_of_a_replanning() -> None:
    """The three tasks of the highest priority for their dependencies, and fifty characters of the observation."""
    tasks = [Job("a", depends_on=("x",), priority=2.0), Job("b"), Job("c", "blocked", priority=3.0), Job("d"), Job("e")]
    assert actions_said(tasks, [Skip("e", ["x"])], "o" * 60) == [
        "SKIP:e (deps failed: ['x'])",
        "REPRIORITIZE: ['c', 'a', 'b']...",
        f"RISK_NOTED: {'o' * 50}",
    ]
    assert actions_said([], [], "") == []
    assert (risk("late"), risk("")) == ("[REPLAN] late", None)
