"""What version 2 of the task list corrects, beside what version 1 does as the original did."""

from collections.abc import Callable
from hashlib import md5
from math import inf, nan
from typing import Any

import pytest

from jotty_events import JottyConfig, LearningMode, MarkovianTODO
from jotty_events.errors import ConfigError, InvalidEvent

START = 1767700800.0


def listed(version: int, *tasks: tuple[Any, ...], **more: Any) -> MarkovianTODO:
    """Return a list of tasks, each a name, what it waits for, and its priority."""
    config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL)
    todo = MarkovianTODO(config, clock=lambda: START)
    todo.open("goal")
    for name, needs, priority in tasks:
        todo.add_task(name, f"do {name}", "x", needs, priority=priority, **more)
    return todo


def plain(version: int, names: str = "abcd", **more: Any) -> MarkovianTODO:
    return listed(version, *((name, [], 1.0) for name in names), **more)


def statuses(todo: MarkovianTODO) -> list[str]:
    return [task.status for task in todo.tasks.values()]


def fail(todo: MarkovianTODO, name: str, times: int = 1) -> None:
    for i in range(times):
        todo.start_task(name)
        todo.fail_task(name, f"error {i}")


def both(tried: Callable[[int], Any]) -> tuple[Any, Any]:
    """Return what version 1 and version 2 give."""
    return tried(1), tried(2)


def test_who_waits_is_said_once() -> None:
    """The original says it again whenever a task is added (T1)."""

    def blocks(version: int) -> list[str]:
        todo = listed(version, ("a", [], 1.0), ("b", ["a"], 1.0), ("c", ["a", "z"], 1.0), ("d", [], 1.0))
        return todo.blocks("a")

    assert both(blocks) == (["b", "b", "c", "b", "c"], ["b", "c"])


def test_a_failure_skips_all_that_waits_and_says_why() -> None:
    """The original skips one level when it plans anew, and keeps no reasons (T2)."""

    def after(version: int) -> tuple[list[str], list[str], list[str]]:
        todo = listed(version, ("a", [], 1.0), ("b", ["a"], 1.0), ("c", ["b"], 1.0))
        fail(todo, "a", 3)
        said = todo.replan("it failed")
        return statuses(todo), todo.tasks["a"].failure_reasons, said

    first, second = both(after)
    assert first == (
        ["failed", "skipped", "pending"],
        [],
        ["SKIP:b (deps failed: ['a'])", "REPRIORITIZE: ['c']...", "RISK_NOTED: it failed"],
    )
    assert second == (["failed", "skipped", "skipped"], ["error 0", "error 1", "error 2"], [])


def test_a_task_that_is_done_after_all_has_not_failed() -> None:
    """In the original it counts as both (T3)."""

    def after(version: int) -> tuple[list[str], list[str], float, int]:
        todo = plain(version)
        fail(todo, "a", 3)
        todo.complete_task("a")
        return todo.completed_tasks, todo.failed_tasks, todo.completion_probability, todo.estimated_remaining_steps

    assert both(after) == ((["a"], ["a"], 0.125, 3), (["a"], [], 0.25, 3))


def test_a_task_that_is_begun_anew_is_not_done() -> None:
    """In the original, what waits for it goes on (T3)."""

    def after(version: int) -> tuple[list[str], str | None]:
        todo = listed(version, ("a", [], 1.0), ("b", ["a"], 1.0))
        todo.complete_task("a")
        todo.start_task("a")
        task = todo.get_next_task()
        return todo.completed_tasks, None if task is None else task.task_id

    assert both(after) == ((["a"], "b"), ([], None))


def test_priorities_and_estimates_choose() -> None:
    """The original takes the first of the list, and only speaks of another order (T4)."""

    def order(version: int) -> tuple[list[str], list[str], list[str]]:
        todo = listed(version, ("low", [], 1.0), ("high", [], 5.0), ("sure", [], 5.0))
        todo.update_q_value("sure", 0.9, 0.8)
        done = []
        said = todo.replan()
        planned = todo.execution_order
        while (task := todo.get_next_task()) is not None:
            done.append(task.task_id)
            todo.complete_task(task.task_id)
        return done, said, planned

    assert both(order) == (
        (["low", "high", "sure"], ["REPRIORITIZE: ['high', 'sure', 'low']..."], ["low", "high", "sure"]),
        (["sure", "high", "low"], ["reordered by priority"], ["high", "sure", "low"]),
    )


@pytest.mark.parametrize("version", [1, 2])
def test_a_checkpoint_can_be_gone_back_to(version: int) -> None:
    """What the original's files restore is nothing (T5): here statuses, progress and attempts come back."""
    todo = plain(version)
    todo.complete_task("a")
    todo.start_task("b")
    kept = todo.checkpoint()
    fail(todo, "b", 2)
    todo.complete_task("c")
    todo.add_task("e", "later")
    todo.restore_from_checkpoint(todo.checkpoints[-1])
    assert todo.checkpoints == [kept]
    assert [task.status for task in todo.tasks.values()] == [
        "completed",
        "in_progress",
        "pending",
        "pending",
        "pending",
    ]
    assert (todo.completed_tasks, todo.failed_tasks, todo.current_task_id) == (["a"], [], "b")
    assert (todo.tasks["a"].progress, todo.tasks["b"].attempts, todo.tasks["c"].progress) == (1.0, 1, 0.0)


def test_tasks_follow_one_another_in_the_order_of_time() -> None:
    """The original goes by the order of a set, which is another in each process (D3)."""
    todo = plain(2)
    for name in "abcb":
        todo.complete_task(name)
    assert todo.tasks.transitions == {("a", "b"): 1, ("b", "c"): 1, ("c", "b"): 1}


def test_reasons_to_plan_anew() -> None:
    """Both say when it is late, when too much fails, and when a task is tried again and again."""

    def said(version: int) -> list[tuple[bool, str]]:
        todo = plain(version, max_attempts=9)
        found = [
            todo.should_replan(10.0),
            todo.should_replan(200.0),
            todo.should_replan(301.0),
            todo.should_replan(300.0),
        ]
        for _ in range(4):
            todo.start_task("a")
        found.append(todo.should_replan(10.0))
        return found

    first, second = both(said)
    late = "BEHIND_SCHEDULE: progress=0.0% < expected=46.7%"
    assert first == [
        (False, "On track"),
        (True, late),
        (True, "DEADLINE_EXCEEDED: elapsed=301.0s > deadline=300.0s"),
        (True, "DEADLINE_EXCEEDED: elapsed=300.0s > deadline=300.0s"),
        (True, "STUCK_TASKS: 1 tasks with >3 attempts"),
    ]
    assert second == [
        (False, "On track"),
        (True, "behind schedule: 0.0% done, 46.7% expected"),
        (True, "deadline exceeded: 301.0 s of 300.0 s"),
        (True, "behind schedule: 0.0% done, 70.0% expected"),
        (True, "stuck: 1 tasks with more than 3 attempts"),
    ]


def test_failures_are_a_reason_until_they_are_mended() -> None:
    """What failed and was done after all is no reason any more (T3)."""

    def said(version: int) -> list[bool]:
        todo = plain(version, "ab", max_attempts=1)
        fail(todo, "a")
        found = [todo.should_replan(1.0)[0]]
        todo.complete_task("a")
        return [*found, todo.should_replan(1.0)[0]]

    assert both(said) == ([True, True], [True, False])


def test_a_list_without_tasks() -> None:
    """Has nothing to do, nothing to plan, and words for it."""
    first, second = both(lambda version: plain(version, ""))
    assert [todo.should_replan(999.0) for todo in (first, second)] == [(False, "No tasks to replan"), (True, LATE)]
    assert (first.replan(), second.replan()) == ([], [])
    assert (first.completion_probability, second.estimated_remaining_steps) == (0.0, 0)
    assert first.get_progress_summary() == (
        "TODO Progress: 0/0 completed (0 in progress, 0 failed)\nCurrent: None\nEstimated remaining: 0 steps\n"
        "Completion probability: 0.0%"
    )


LATE = "deadline exceeded: 999.0 s of 300.0 s"


def test_version_1_needs_a_deadline() -> None:
    """The original divides by it."""
    assert plain(2).should_replan(9e9, None) == (False, "On track")
    for deadline in (None, 0.0):
        with pytest.raises(ConfigError, match="deadline"):
            plain(1).should_replan(1.0, deadline)


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_thought_of_a_task(version: int) -> None:
    """Estimates are kept in [0, 1], measures are added to, predictions stay where none is said."""
    todo = plain(version, "a")
    todo.update_q_value("a", 1.5, -0.5)
    todo.record_intermediary_values("a", {"calls": 1, "rows": 2})
    todo.record_intermediary_values("a", {"calls": 3})
    todo.predict_next("a", "b", 12.5, 0.5)
    todo.predict_next("a")
    said = todo.task_to_dict("a")
    assert (said["estimated_reward"], said["confidence"]) == (1.0, 0.0)
    assert said["intermediary_values"] == {"calls": 3, "rows": 2}
    predicted = said["predicted_next_task"], said["predicted_duration"], said["predicted_reward"]
    assert predicted == (None, 12.5, 0.5)


@pytest.mark.parametrize("version", [1, 2])
def test_a_task_takes_the_place_of_the_one_of_its_name(version: int) -> None:
    """It stands where that stood, and begins anew, without its reasons."""
    todo = plain(version, "ab")
    fail(todo, "a")
    todo.add_task("a", "again", "y", ["b"])
    assert todo.execution_order == ["a", "b"]
    task = todo.tasks["a"]
    assert (task.description, task.attempts, task.status, task.failure_reasons, task.error) == (
        "again",
        0,
        "pending",
        [],
        None,
    )


@pytest.mark.parametrize("version", [1, 2])
def test_blocked_tasks_go_on_when_they_can(version: int) -> None:
    """Once their dependencies are completed."""
    todo = listed(version, ("a", [], 1.0), ("b", ["a"], 1.0), ("c", ["b"], 1.0))
    for name in "bc":
        todo.block_task(name, "somebody else")
    assert todo.unblock_ready_tasks() == 0
    todo.complete_task("a")
    assert (todo.unblock_ready_tasks(), statuses(todo)) == (1, ["completed", "pending", "blocked"])


def test_a_list_in_words() -> None:
    """What is under way, what is next by its score, what failed and why: the original never knows why (T2)."""

    def told(version: int) -> str:
        todo = listed(version, ("a", [], 1.0), ("b", [], 2.0), ("c", [], 3.0), max_attempts=1)
        fail(todo, "a")
        todo.start_task("b")
        return todo.get_state_summary()

    text = (
        "### TODO State\n**Root Task:** goal\n**Progress:** 0/3 completed\n\n"
        "#### 🔄 In Progress\n- do b (Actor: x, Q=0.50, P=2.0, Attempt #2)\n\n"
        "#### ⏳ Next Up\n- do c (Actor: x, Score=1.50)\n\n"
        "#### ❌ Failed (Need Retry/Exploration)\n- do a - {}\n\n"
        "**Completion Probability:** 0.0%\n**Estimated Remaining:** 3 tasks\n"
    )
    assert both(told) == (text.format("Unknown"), text.format("error 0"))


# Bad input.


def test_tasks_that_wait_for_each_other_are_refused() -> None:
    """The original lets them wait for ever; a task may be named before it is there."""
    todo = listed(2, ("a", ["b"], 1.0), ("b", ["c"], 1.0))
    for name, needs, way in (("c", ["x", "a"], "c → a → b → c"), ("d", ["d"], "d → d"), ("b", ["a"], "b → a → b")):
        with pytest.raises(ConfigError, match=way):
            todo.add_task(name, "", "x", needs)
    assert list(todo.tasks) == ["a", "b"]
    waiting = listed(1, ("a", ["b"], 1.0), ("b", ["a"], 1.0), ("c", ["c"], 1.0))
    assert waiting.get_next_task() is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_dependency_that_is_not_there_blocks_until_it_is(version: int) -> None:
    """Nobody knows whether it will come."""
    todo = listed(version, ("a", ["missing"], 1.0))
    assert todo.get_next_task() is None
    todo.add_task("missing", "", "x")
    todo.complete_task("missing")
    task = todo.get_next_task()
    assert task is not None
    assert task.task_id == "a"


def test_a_task_that_is_not_there_is_named_by_version_2() -> None:
    """The original passes over it in silence."""
    calls: tuple[Callable[[MarkovianTODO], Any], ...] = (
        lambda todo: todo.start_task("z"),
        lambda todo: todo.complete_task("z"),
        lambda todo: todo.fail_task("z", "no"),
        lambda todo: todo.block_task("z"),
        lambda todo: todo.update_q_value("z", 0.5, 0.5),
        lambda todo: todo.record_intermediary_values("z", {}),
        lambda todo: todo.predict_next("z"),
    )
    for call in calls:
        first = plain(1)
        before = first._session.digests()
        assert call(first) is None
        assert first._session.digests() == before
        with pytest.raises(ConfigError, match="'z' is no task of the list"):
            call(plain(2))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("number", [nan, inf])
def test_numbers_that_are_not_finite_are_refused(version: int, number: float) -> None:
    """As priorities, estimates, durations, rewards and measures."""
    todo = plain(version)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: todo.add_task("e", "", "x", priority=number),
        lambda: todo.add_task("e", "", "x", estimated_duration=number),
        lambda: todo.update_q_value("a", number, 0.5),
        lambda: todo.update_q_value("a", 0.5, number),
        lambda: todo.predict_next("a", duration=number),
        lambda: todo.complete_task("a", reward=number),
        lambda: todo.complete_task("a", {"rows": number}),
        lambda: todo.record_intermediary_values("a", {"seconds": number}),
    )
    before = todo._session.digests()
    for call in calls:
        with pytest.raises((ConfigError, InvalidEvent)):
            call()
    assert todo._session.digests() == before


def test_a_task_has_a_name_and_words() -> None:
    """An empty name is refused by version 2; what is no text by both."""
    with pytest.raises(ConfigError, match="no name"):
        plain(2, "").add_task("", "")
    unnamed = plain(1, "")
    unnamed.add_task("", "")
    assert list(unnamed.tasks) == [""]
    for version in (1, 2):
        with pytest.raises(ConfigError, match="not text"):
            plain(version).add_task("e", None, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        {"completed_tasks": 1},
        {"subtask_states": {"a": {}}},
        {"subtask_states": {"a": {"status": "odd", "progress": 0.0, "attempts": 0}}},
        {"subtask_states": {"a": {"status": "pending", "progress": "x", "attempts": 0}}},
        {"subtask_states": {"a": 1}},
        {"subtask_states": [1]},
    ],
)
def test_what_is_no_checkpoint_is_refused(said: Any) -> None:
    """With what to pass instead, and nothing changes."""
    todo = plain(2)
    before = todo._session.digests()
    with pytest.raises(ConfigError, match="no checkpoint"):
        todo.restore_from_checkpoint(said)
    assert todo._session.digests() == before


def test_an_id_says_when_a_list_was_begun() -> None:
    """By the original's date, or by the seconds themselves."""
    ids = [md5(f"goal:{when}".encode()).hexdigest() for when in ("2026-01-06T12:00:00", "1767700800.0")]
    assert both(lambda version: plain(version).todo_id) == tuple(ids)
