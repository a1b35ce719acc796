"""The conductor: what a run learns, what the next one starts from, and what becomes of agents that misbehave."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stage import (
    START,
    actor,
    bytes_below,
    conductor,
    events,
    of_type,
    own_events,
    rebuilt,
    scripted_entropy,
    ticking,
)

from jotty_events import Conductor, History, Outcome, RunResult, Task
from jotty_events.errors import ConfigError, InvalidEvent, RunClosed
from jotty_events.events import (
    AttemptMade,
    EpisodeEnded,
    EpisodeStarted,
    MemoryAccessed,
    MemoryEvicted,
    MemoryStored,
    QUpdated,
    RunEnded,
    RunStarted,
    TaskSkipped,
    TrajectoryEnded,
)
from jotty_events.types import LEVELS
from projections import READ_MODELS

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")
NUMBERS = [0.2, 0.8, 0.92]


def three_runs(folder: Path, **settings: Any) -> list[RunResult]:
    """Run the client's three goals, each with a conductor of its own."""
    clock, entropy = ticking(), scripted_entropy()
    found = []
    for goal in GOALS:
        with conductor(folder, clock=clock, entropy=entropy, **settings) as live:
            found.append(live.run_sync(goal))
    return found


def content_values(folder: Path, point: str) -> dict[str, float]:
    """Return the learned values of the shared memories by their contents."""
    return {entry.content: entry.default_value for entry in History(folder).at(point).memory["shared"].entries()}


def q_of(folder: Path, point: str, approach: str, goal: str) -> float:
    """Return Q of an approach for a goal."""
    table = History(folder).at(point).q_table
    (found,) = (entry.value for (state, action), entry in table.items() if goal in state and action.endswith(approach))
    return found


# What the client's document shows.


def test_a_failure_and_a_success_teach_the_client_s_numbers(tmp_path: Path) -> None:
    """The first run fails with A and succeeds with B: V and Q are 0.2 and 0.8 then."""
    first = three_runs(tmp_path)[0]
    assert [attempt.approach for attempt in first.attempts] == ["A", "B"]
    values = content_values(tmp_path, "latest~2")
    assert values == pytest.approx({"AVOID: A — no such column: A": 0.2, "USE: B": 0.8})
    assert q_of(tmp_path, "latest~2", "A", GOALS[0]) == pytest.approx(0.2)
    assert q_of(tmp_path, "latest~2", "B", GOALS[0]) == pytest.approx(0.8)


def test_the_next_runs_succeed_at_once_and_learn_on(tmp_path: Path) -> None:
    """Runs two and three take B at once, though their goals are new; V and Q rise."""
    results = three_runs(tmp_path)
    assert [[attempt.approach for attempt in one.attempts] for one in results[1:]] == [["B"], ["B"]]
    assert [one.attempts[0].q for one in results[1:]] == pytest.approx([0.72, 0.72])
    assert q_of(tmp_path, "latest~1", "B", GOALS[1]) == pytest.approx(0.888)
    values = [content_values(tmp_path, point)["USE: B"] for point in ("latest~2", "latest~1", "latest")]
    assert values[:2] == pytest.approx([0.8, 0.92])
    assert values[2] > 0.92


def test_a_prompt_says_what_was_learned(tmp_path: Path) -> None:
    """The context of the second run names what to use, what to avoid, and the lessons, each with its value."""
    text = three_runs(tmp_path)[1].learned_context
    assert text.splitlines() == [
        "## High-value patterns:",
        "- High-value pattern: USE: B (V=0.800)",
        "",
        "## Things to avoid:",
        "- AVOID: A — no such column: A (V=0.200)",
        "",
        "## Q-learning lessons:",
        "- ❌ FAILED: Domain=P2P+UPI; Query='Count P2P transactions'; approach=A (reward=0.00)",
        "- ✅ SUCCESS: Domain=P2P+UPI; Query='Count P2P transactions'; approach=B (reward=1.00)",
    ]


def test_a_failure_is_known_by_the_very_next_attempt() -> None:
    """What the first attempt taught stands in the context of the second one, within the same episode."""
    heard: list[str] = []

    def listener(task: Task) -> Outcome:
        heard.append(task.learned_context)
        return Outcome(success=task.approach == "B", error="no such column")

    conductor(None, actor(listener)).run_sync("g")
    assert heard[0] == ""
    assert "- AVOID: A — no such column (V=0.200)" in heard[1]


def test_the_brain_sleeps_in_the_third_run(tmp_path: Path) -> None:
    """Episodes between two sleeps are counted across runs: of three runs of one episode each, the third sleeps."""
    three_runs(tmp_path)
    history = History(tmp_path)
    assert [history.at(point).brain.consolidations for point in ("latest~2", "latest~1", "latest")] == [0, 0, 1]
    assert [history.at(point).brain.episodes_since_sleep for point in ("latest~2", "latest~1", "latest")] == [1, 2, 0]
    assert history.at().memory["shared"].consolidations == 1
    with conductor(tmp_path) as live:
        context = live.run_sync(GOALS[0]).learned_context
    assert "## Consolidated patterns:\n- ✅ analyst: 'B' tends to succeed (reward: 1.00)" in context


def test_results_say_what_was_tried_and_learned(tmp_path: Path) -> None:
    """A result names its run and episode, each attempt, the last output, and every change in words."""
    first, second, third = three_runs(tmp_path)
    assert (first.run_id, second.run_id, third.run_id) == tuple(run.run for run in History(tmp_path).runs())
    assert [one.episode for one in (first, second, third)] == [1, 2, 3]
    assert (first.goal, first.success, first.reward, first.error) == (GOALS[0], True, 1.0, None)
    assert (first.first_choice, first.choice, first.output, dict(first.outputs)) == ("A", "B", 42, {"analyst": 42})
    failed, succeeded = first.attempts
    assert (failed.actor, failed.attempt, failed.outcome, failed.success) == ("analyst", 1, "raised", False)
    assert (failed.reward, failed.error, failed.explored, failed.q) == (0.0, "no such column: A", False, 0.5)
    assert (succeeded.attempt, succeeded.outcome, succeeded.reward, succeeded.error) == (2, "succeeded", 1.0, None)
    assert failed.duration > 0.0
    assert first.learned == [
        "remembered: AVOID: A — no such column: A",
        "V(AVOID: A — no such column: A) 0.500 → 0.200",
        "Q(APPROACH: A) 0.500 → 0.200",
        "remembered: USE: B",
        "V(USE: B) 0.500 → 0.800",
        "Q(APPROACH: B) 0.500 → 0.800",
    ]
    assert second.learned == ["V(USE: B) 0.800 → 0.920", "Q(APPROACH: B) 0.720 → 0.888"]
    assert third.learned[-1] == "pattern: ✅ analyst: 'B' tends to succeed (reward: 1.00)"


# The log and the live state.


def test_the_live_state_is_what_a_replay_gives_at_every_end(tmp_path: Path) -> None:
    """After each episode, at the end of each run, and as its last record says, state and log agree."""
    clock = ticking()
    for goal in (*GOALS, GOALS[0]):
        with conductor(tmp_path, clock=clock) as live:
            live.run_sync(goal)
            live.run_sync(f"{goal} again")
            digests = live.state.digests()
            assert digests == rebuilt(live)
        assert digests == History(tmp_path).at().digests()
        ended = of_type(events(tmp_path), RunEnded)[-1]
        assert (ended.status, ended.digests) == ("closed", digests)
    assert History(tmp_path).check() == []


def test_equal_seeds_clocks_and_agents_give_equal_bytes(tmp_path: Path) -> None:
    """Two histories made alike are the same bytes, wherever they lie."""
    for name in ("one", "another/place"):
        three_runs(tmp_path / name, epsilon=0.5)
    one, other = bytes_below(tmp_path / "one"), bytes_below(tmp_path / "another" / "place")
    assert len([name for name in one if "/snapshots/" not in name and "/jotty_state/" not in name]) == 9
    assert one == other


def test_the_first_record_says_with_what_the_run_began(tmp_path: Path) -> None:
    """A run records its config and the seed that its choices follow from, given or drawn."""
    with conductor(tmp_path, seed=7):
        pass
    with conductor(tmp_path):
        pass
    given, drawn = of_type(events(tmp_path), RunStarted)
    assert (given.seed, given.config["alpha"], given.config["seed"], given.mode) == (7, 0.6, 7, "persistent")
    assert 0 <= drawn.seed < 2**53
    assert drawn.config["seed"] is None


def test_every_learning_event_names_its_attempt(tmp_path: Path) -> None:
    """What was learned of an attempt says which episode, actor and attempt it was."""
    three_runs(tmp_path)
    learned = [event for event in events(tmp_path) if isinstance(event, QUpdated | MemoryStored | TrajectoryEnded)]
    assert [(one.episode, one.actor, one.attempt) for one in of_type(learned, QUpdated)] == [
        (1, "analyst", 1),
        (1, "analyst", 2),
        (2, "analyst", 1),
        (3, "analyst", 1),
    ]
    assert all(one.actor == "analyst" and one.attempt for one in learned)


class Witness:
    """A projection of somebody's own: it keeps the seq and time of every record that it reads."""

    name, version = "witness", 1
    reads = (RunStarted, "episode_started", "q_updated", AttemptMade, "some_later_event")

    def initial(self) -> list[tuple[int, int, str]]:
        return []

    def apply(self, state: list[tuple[int, int, str]], record: Any) -> None:
        state.append((record.seq, record.at, type(record.event).__name__))

    def dump(self, state: Any) -> dict[str, Any]:
        return {}

    def load(self, tables: Any) -> Any:
        return []

    def digest(self, state: Any) -> str:
        return json.dumps(state)

    def view(self, states: Any) -> Any:
        return states["witness"]


def test_a_projection_of_one_s_own_sees_live_what_a_replay_shows(tmp_path: Path) -> None:
    """Seqs, times, the start of the run and tags that are given as text: live and replayed state agree."""
    seen: list[tuple[int, int, str]] = []
    for _ in range(2):
        with conductor(tmp_path, projections=[Witness()]) as live:
            live.run_sync("g")
            seen = list(live.state["witness"])
    assert seen == History(tmp_path, projections=[Witness()]).at()["witness"]
    assert [kind for _, _, kind in seen].count("RunStarted") == 2
    assert {"EpisodeStarted", "QUpdated", "AttemptMade"} < {kind for _, _, kind in seen}


def test_a_projection_that_fails_stops_the_run_that_feeds_it_and_nothing_is_half_written(tmp_path: Path) -> None:
    """An error in somebody's own projection is raised, its commit is taken back, and the log stays sound."""

    class Broken(Witness):
        def apply(self, state: Any, record: Any) -> None:
            if isinstance(record.event, AttemptMade):
                raise ZeroDivisionError("broken projection")

    with pytest.raises(ZeroDivisionError), conductor(tmp_path, projections=[Broken()]) as live:
        live.run_sync("g")
    assert own_kinds(tmp_path)[-2:] == ["EpisodeEnded", "RunEnded"]
    (ended,) = of_type(events(tmp_path), EpisodeEnded)
    assert ended.status == "broken"
    assert of_type(events(tmp_path), AttemptMade) == []
    assert of_type(events(tmp_path), RunEnded)[0].status == "failed"


def own_kinds(folder: Path) -> list[str]:
    """Return the names of the types of all events."""
    return [type(event).__name__ for event in events(folder)]


# Choosing.


def attempts_of(result: RunResult) -> list[str | None]:
    """Return the approaches of a result's attempts."""
    return [attempt.approach for attempt in result.attempts]


def failing(task: Task) -> Outcome:
    """Fail whatever is tried."""
    return Outcome(success=False, error="no")


def test_what_failed_is_tried_again_only_after_everything_else() -> None:
    """Each approach comes once in a round, and a new round begins when all have failed."""
    result = conductor(None, actor(failing, approaches=["A", "B", "C"]), max_attempts=7).run_sync("g")
    tried = attempts_of(result)
    assert [sorted(map(str, tried[:3])), sorted(map(str, tried[3:6]))] == [["A", "B", "C"]] * 2
    assert (result.success, result.reward, result.output, len(tried)) == (False, 0.0, None, 7)
    assert result.error == "no"


def test_candidates_say_what_was_tried_in_this_round() -> None:
    """An attempt records which candidates were out of the question, so that its choice can be checked."""
    live = conductor(None, actor(failing), max_attempts=4)
    live.run_sync("g")
    tried = [[one.approach for one in made.candidates if one.tried] for made in own_events(live, AttemptMade)]
    assert tried == [[], ["A"], [], ["A"]]


def test_attempts_are_limited_for_all_and_for_one() -> None:
    """An actor's own limit goes before the common one."""
    one, other = actor(failing, "one", max_attempts=1), actor(failing, "other")
    result = conductor(None, one, other, max_attempts=2).run_sync("g")
    assert [attempt.actor for attempt in result.attempts] == ["one", "other", "other"]


def explorations(seed: int) -> list[tuple[str | None, bool]]:
    """Return what is tried in ten episodes where every choice is drawn."""
    live = conductor(None, actor(failing, approaches=list("ABCDE")), epsilon=1.0, seed=seed, max_attempts=2)
    results = [live.run_sync(f"g{i}") for i in range(10)]
    return [(attempt.approach, attempt.explored) for one in results for attempt in one.attempts]


def test_exploring_follows_from_the_seed() -> None:
    """With epsilon 1 every choice is drawn: the same from the same seed, another from another."""
    assert explorations(1) == explorations(1)
    assert explorations(1) != explorations(2)
    assert {explored for _, explored in explorations(1)} == {True}
    assert len({approach for approach, _ in explorations(1)}) > 2


def test_a_draw_can_be_checked() -> None:
    """An attempt records both its draws; explored and approach follow from them."""
    live = conductor(None, actor(failing, approaches=list("ABC")), epsilon=0.5, seed=3, max_attempts=1)
    for i in range(20):
        live.run_sync(f"g{i}")
    made = own_events(live, AttemptMade)
    assert [one.explored for one in made] == [one.draw < 0.5 for one in made]
    assert {one.explored for one in made} == {True, False}
    assert all(one.approach == "ABC"[int(one.pick * 3)] for one in made if one.explored)


def test_an_actor_without_approaches_learns_what_it_is_worth_itself() -> None:
    """Without approaches the actor is the action: its attempts have no choice, and Q and memory name it."""
    live = conductor(None, actor(lambda task: Outcome(success=task.attempt == 2), "solo", approaches=[]))
    result = live.run_sync("g")
    assert attempts_of(result) == [None, None]
    assert result.choice is None
    assert [action for _, action in live.q_predictor.Q] == ["ACTOR: solo"]
    assert [entry.content for entry in live.shared_memory.memories.entries()] == ["USE: solo", "AVOID: solo"]


# Several actors.


def test_actors_run_after_those_they_depend_on_and_hear_what_they_found() -> None:
    """Whatever their order in the list, actors run when their inputs are there, and get them by name."""
    heard: dict[str, dict[str, Any]] = {}

    def worker(task: Task) -> Outcome:
        heard[task.actor] = dict(task.inputs)
        return Outcome(success=True, output=f"of {task.actor}")

    needs = {"report": ["clean", "count"], "count": ["clean"], "clean": [], "aside": []}
    actors = [actor(worker, name, approaches=[], depends_on=need) for name, need in needs.items()]
    result = conductor(None, *actors).run_sync("g")
    assert [attempt.actor for attempt in result.attempts] == ["clean", "count", "report", "aside"]
    assert heard["count"] == {"clean": "of clean"}
    assert heard["report"] == {"clean": "of clean", "count": "of count"}
    assert heard["aside"] == {}
    assert result.output == "of aside"
    assert dict(result.outputs) == {name: f"of {name}" for name in needs}


def test_the_higher_priority_runs_first() -> None:
    """Among actors that could run, the one of the highest priority does."""
    actors = [actor(name=name, priority=priority) for name, priority in (("low", 0.5), ("high", 2.0), ("mid", 1.0))]
    ran = [attempt.actor for attempt in conductor(None, *actors).run_sync("g").attempts if attempt.success]
    assert ran == ["high", "mid", "low"]


def test_what_depends_on_a_failure_is_skipped_and_all_else_runs() -> None:
    """Actors behind a failed one are skipped, however far behind; the others run, and the goal is not reached."""
    actors = [
        actor(failing, "bad"),
        actor(name="behind", depends_on=["bad"]),
        actor(name="far behind", depends_on=["behind", "good"]),
        actor(name="good"),
    ]
    live = conductor(None, *actors, max_attempts=2)
    result = live.run_sync("g")
    assert [attempt.actor for attempt in result.attempts] == ["bad", "bad", "good", "good"]
    assert (result.success, result.reward) == (False, 0.25)
    assert dict(result.outputs) == {"good": 42}
    assert {name: task.status for name, task in live.todo.tasks.items()} == {
        "bad": "failed",
        "behind": "skipped",
        "far behind": "skipped",
        "good": "completed",
    }
    assert [(one.task, one.because) for one in own_events(live, TaskSkipped)] == [
        ("behind", ["bad"]),
        ("far behind", ["behind"]),
    ]


def test_a_retry_hears_of_the_attempts_before_it() -> None:
    """A task carries the failed attempts of its own actor, oldest first."""
    heard: list[list[tuple[str | None, str | None]]] = []

    def listener(task: Task) -> Outcome:
        heard.append([(one.approach, one.error) for one in task.previous])
        return Outcome(success=False, error=f"no {task.approach}")

    conductor(None, actor(name="other", approaches=[]), actor(listener), max_attempts=3).run_sync("g")
    assert heard == [[], [("A", "no A")], [("A", "no A"), ("B", "no B")]]


# Agents that misbehave.


class Unspeakable(Exception):
    """An error that cannot be put in words."""

    def __str__(self) -> str:
        raise RuntimeError("unspeakable")


class Unrepresentable:
    """Something that cannot be printed."""

    def __repr__(self) -> str:
        raise RuntimeError("unrepresentable")


def raising(error: BaseException) -> Callable[[Task], Outcome]:
    """Return an agent that raises."""

    def agent(task: Task) -> Outcome:
        raise error

    return agent


RAISED = [
    (ValueError("bad value"), "bad value", "ValueError"),
    (ValueError(""), "ValueError", "ValueError"),
    (KeyError("k"), "'k'", "KeyError"),
    (StopIteration("x"), "coroutine raised StopIteration", "RuntimeError"),
    (StopAsyncIteration(), "StopAsyncIteration", "StopAsyncIteration"),
    (TimeoutError("of its own"), "of its own", "TimeoutError"),
    (asyncio.CancelledError("of its own"), "of its own", "CancelledError"),
    (RecursionError("deep"), "deep", "RecursionError"),
    (MemoryError(), "MemoryError", "MemoryError"),
    (ExceptionGroup("two", [ValueError("1"), ValueError("2")]), "two (2 sub-exceptions)", "ExceptionGroup"),
    (Unspeakable(), "Unspeakable", "Unspeakable"),
    (ValueError("lone \ud800 surrogate"), "lone ? surrogate", "ValueError"),
    (ValueError("x" * 10_000_000), "x" * 2000, "ValueError"),
    (InvalidEvent("mine", hint="h"), "mine (h)", "InvalidEvent"),
]


@pytest.mark.parametrize(("error", "text", "kind"), RAISED, ids=[f"{kind}-{text[:12]}" for _, text, kind in RAISED])
def test_what_an_agent_raises_is_a_failed_attempt(error: BaseException, text: str, kind: str) -> None:
    """Any exception is recorded by its text and type, teaches, and the next approach is tried."""
    live = conductor(None, actor(lambda task: raising(error)(task) if task.approach == "A" else Outcome(success=True)))
    result = live.run_sync("g")
    made = own_events(live, AttemptMade)[0]
    assert (made.outcome, made.error, made.error_type) == ("raised", text, kind)
    assert (result.attempts[0].error, result.attempts[0].reward, result.choice) == (text, 0.0, "B")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "returned NoneType, not an Outcome"),
        (True, "returned bool, not an Outcome"),
        ((True, 1.0), "returned tuple, not an Outcome"),
        ({"success": True}, "returned dict, not an Outcome"),
        (Outcome, "returned type, not an Outcome"),
        (Outcome(success=True, reward=nan), "reward is nan, not in [0, 1]"),
        (Outcome(success=True, reward=inf), "reward is inf, not in [0, 1]"),
        (Outcome(success=True, reward=-inf), "reward is -inf, not in [0, 1]"),
        (Outcome(success=True, reward=1.5), "reward is 1.5, not in [0, 1]"),
        (Outcome(success=True, reward=-0.1), "reward is -0.1, not in [0, 1]"),
        (Outcome(success=True, reward=np.float64(nan)), "reward is nan, not in [0, 1]"),
        (Outcome(success=True, reward=10**400), "not in [0, 1]"),
        (Outcome(success=True, reward=True), "reward is bool, not a number"),
        (Outcome(success=True, reward="1"), "reward is str, not a number"),  # type: ignore[arg-type]
        (Outcome(success=True, reward=1j), "reward is complex, not a number"),  # type: ignore[arg-type]
        (Outcome(success=None), "success is None, not true or false"),  # type: ignore[arg-type]
        (Outcome(success="yes"), "success is 'yes', not true or false"),  # type: ignore[arg-type]
        (Outcome(success=Unrepresentable()), "unrepresentable"),  # type: ignore[arg-type]
        (Outcome(success=False, error=b"x"), "error is bytes, not text"),  # type: ignore[arg-type]
        (Outcome(success=True, lesson=["x"]), "lesson is list, not text"),  # type: ignore[arg-type]
    ],
)
def test_an_answer_that_nothing_can_be_learned_from_is_a_failed_attempt(answer: Any, why: str) -> None:
    """Whatever is no usable outcome is rejected with the reason, and survived."""
    live = conductor(None, actor(lambda task: answer), max_attempts=1)
    result = live.run_sync("g")
    (made,) = own_events(live, AttemptMade)
    assert why in f"{made.error_type} {made.error}"
    assert made.outcome in ("rejected", "raised")
    assert (result.success, result.reward, result.attempts[0].success) == (False, 0.0, False)
    assert rebuilt(live) == live.state.digests()


@pytest.mark.parametrize(
    ("reward", "learned"),
    [
        (None, 1.0),
        (0, 0.0),
        (1, 1.0),
        (0.25, 0.25),
        (-0.0, 0.0),
        (np.float64(0.25), 0.25),
        (np.float32(0.25), 0.25),
        (np.int64(1), 1.0),
        (Fraction(1, 4), 0.25),
    ],
)
def test_any_number_from_0_to_1_is_a_reward(reward: Any, learned: float) -> None:
    """Rewards of Python and of numpy are learned from as plain floats."""
    live = conductor(None, actor(lambda task: Outcome(success=True, reward=reward)))
    result = live.run_sync("g")
    assert (result.reward, type(result.reward)) == (learned, float)
    assert [type(one.reward) for one in own_events(live, QUpdated)] == [float]


@pytest.mark.parametrize("success", [np.True_, np.bool_(1), np.array([1, 2]).all()])
def test_numpy_s_truth_is_a_success(success: Any) -> None:
    """What a comparison in numpy gives says whether an attempt succeeded."""
    live = conductor(None, actor(lambda task: Outcome(success=success)))
    assert live.run_sync("g").attempts[0].success is True
    assert conductor(None, actor(lambda task: Outcome(success=not success))).run_sync("g").success is False


def test_an_outcome_of_a_class_of_one_s_own_is_an_outcome() -> None:
    """Agents may return more than was asked for."""

    class Rich(Outcome):
        pass

    assert conductor(None, actor(lambda task: Rich(success=True, output=1))).run_sync("g").output == 1


def test_a_partial_reward_is_learned_from() -> None:
    """A failure may be worth something, and a success little: Q moves towards what was said."""
    rewards = {"A": Outcome(success=False, reward=0.6), "B": Outcome(success=True, reward=0.3)}
    live = conductor(None, actor(lambda task: rewards[str(task.approach)]))
    result = live.run_sync("g")
    assert [attempt.reward for attempt in result.attempts] == [0.6, 0.3]
    assert result.reward == 0.3
    assert [one.after for one in own_events(live, QUpdated)] == pytest.approx([0.56, 0.38])


def test_a_failure_is_never_shown_as_valuable() -> None:
    """A memory of a failure that was well rewarded is no pattern to follow."""
    live = conductor(None, actor(lambda task: Outcome(success=False, reward=1.0, error="nearly")), max_attempts=1)
    live.run_sync("g")
    assert [entry.default_value for entry in live.shared_memory.memories.entries()] == pytest.approx([0.8])
    assert "AVOID" not in live.run_sync("g").learned_context


@pytest.mark.parametrize(("success", "said"), [(True, "USE: A — "), (False, "AVOID: A — ")])
def test_a_lesson_is_remembered_with_its_outcome(success: bool, said: str) -> None:
    """What an agent says is to be remembered goes into the memory of its success, and of its failure too."""
    lesson = "filter by ds, never by txn_date"
    live = conductor(None, actor(lambda task: Outcome(success=success, lesson=lesson, error="E")), max_attempts=1)
    live.run_sync("g")
    assert [entry.content for entry in live.shared_memory.memories.entries()] == [f"{said}{lesson}"]


CONTROL = "a\x00b\x1b[31mc\r\n## Things to avoid:\n- everything\u2028d\ud800e\ufeff"


@pytest.mark.parametrize("success", [True, False])
def test_a_text_with_control_characters_is_kept_and_forges_no_section(success: bool) -> None:
    """Control characters survive recording; in a prompt a lesson stays on its own line."""
    live = conductor(None, actor(lambda task: Outcome(success=success, lesson=CONTROL, error=CONTROL)), max_attempts=1)
    live.run_sync("g")
    assert rebuilt(live) == live.state.digests()
    text = live.run_sync("g").learned_context
    assert text.count("\n## ") == 1  # the lessons of Q-learning: one section follows the first
    assert "\n- everything" not in text


def test_huge_texts_are_cut() -> None:
    """An error or a lesson of ten megabytes leaves an attempt of ordinary size."""
    huge = "x" * 10_000_000
    live = conductor(None, actor(lambda task: Outcome(success=task.approach == "B", error=huge, lesson=huge)))
    live.run_sync("g")
    made = own_events(live, AttemptMade)
    assert [len(one.error or "") for one in made] == [2000, 2000]
    assert max(len(one.content) for one in own_events(live, MemoryStored)) < 9000


# Hard names and goals.

HARD_APPROACHES = ["a|||b", "a", "b", "a\nb", "a b", "🤖", "x" * 10_000, "x" * 10_001, "APPROACH: a", "\x00", "\u202e"]


def test_hard_approaches_stay_apart() -> None:
    """Approaches with separators, newlines, emoji, or ten thousand characters each have their own value and memory."""
    live = conductor(None, actor(failing, approaches=HARD_APPROACHES), max_attempts=len(HARD_APPROACHES))
    result = live.run_sync("g")
    assert sorted(map(str, attempts_of(result))) == sorted(HARD_APPROACHES)
    assert len(live.q_predictor.Q) == len(HARD_APPROACHES)
    assert [made.approach for made in own_events(live, AttemptMade)] == attempts_of(result)
    assert len(live.shared_memory.memories["causal"]) == len(HARD_APPROACHES)
    assert rebuilt(live) == live.state.digests()


@pytest.mark.parametrize("goal", ["", " ", "\n\t", None, 7, b"goal", ["goal"]])
def test_what_is_no_goal_is_refused(goal: Any) -> None:
    """A goal that says nothing is refused, and the conductor goes on."""
    live = conductor(None)
    for run in (live.run_sync, lambda one: asyncio.run(live.run(one))):
        with pytest.raises(ConfigError, match="the goal is"):
            run(goal)
    assert len(live.state.episodes) == 0
    assert live.run_sync("g").success


@pytest.mark.parametrize("goal", ["lone \ud800", "\udfff"])
def test_a_goal_that_cannot_be_written_is_refused(goal: str) -> None:
    """A lone surrogate is refused by name, the state is as it was, and the conductor goes on."""
    live = conductor(None)
    before = live.state.digests()
    with pytest.raises(InvalidEvent, match="the goal holds a lone surrogate"):
        live.run_sync(goal)
    assert live.state.digests() == before == rebuilt(live)
    assert live.run_sync("g").success


@pytest.mark.parametrize("goal", ["g" * 100_000, "é|||\n\x00" * 10_000])
def test_a_huge_goal_is_worked_towards(goal: str) -> None:
    """A goal of a hundred thousand characters is recorded whole."""
    live = conductor(None)
    result = live.run_sync(goal)
    assert (result.goal, result.success) == (goal, True)
    assert [one.goal for one in own_events(live, EpisodeStarted)] == [goal]
    assert rebuilt(live) == live.state.digests()


def test_what_is_too_long_is_refused_before_anything_runs() -> None:
    """A goal or an approach over the limit is an error that says so, and nothing was recorded."""
    live = conductor(None)
    before = live.state.digests()
    with pytest.raises(ConfigError, match="more than 100000"):
        live.run_sync("g" * 100_001)
    assert live.state.digests() == before
    with pytest.raises(ConfigError, match="more than 100000"):
        actor(failing, approaches=["x" * 100_001])


def test_an_agent_cannot_change_what_is_recorded_of_its_context() -> None:
    """The memories that a task shows are the agent's own list: the record is made of what it was shown."""

    def vandal(task: Task) -> Outcome:
        task.memories.clear()
        task.memories.append("junk")  # type: ignore[arg-type]
        return Outcome(success=True)

    live = conductor(None, actor(vandal, approaches=["only"]), alpha=0.6)
    live.run_sync("g")
    live.run_sync("g")
    made = own_events(live, AttemptMade)
    assert [len(one.memories) for one in made] == [0, 1]


def test_an_agent_that_swallows_its_cancellation_has_timed_out() -> None:
    """An answer that comes after the limit is no answer."""

    async def stubborn(task: Task) -> Outcome:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return Outcome(success=True)

    live = conductor(None, actor(stubborn, timeout=0.01), max_attempts=1)
    assert [one.outcome for one in live.run_sync("g").attempts] == ["timed_out"]


def test_a_domain_can_be_said_for_one_episode() -> None:
    """The config's domain holds unless run() is told another."""
    live = conductor(None, domain="payments")
    live.run_sync("g")
    live.run_sync("g", domain="refunds")
    assert [one.domain for one in own_events(live, EpisodeEnded)] == ["payments", "refunds"]
    assert {entry.domain for entry in live.shared_memory.memories.entries()} == {"payments", "refunds"}


# Limits.


def test_a_full_level_lets_the_least_valued_go() -> None:
    """A level that is full lets go of what proved worth least, not of what is oldest (M4)."""
    rewards = {"A": 0.0, "B": 0.9, "C": 0.1, "D": 0.5}
    live = conductor(None, actor(lambda task: Outcome(success=True, reward=rewards[task.goal])), semantic_capacity=2)
    for approach, reward in rewards.items():
        live._actors["analyst"] = actor(
            lambda task, reward=reward: Outcome(success=True, reward=reward), approaches=[approach]
        )
        live.run_sync(approach)
    contents = [entry.content for entry in live.shared_memory.memories["semantic"].entries()]
    assert contents == ["USE: B", "USE: D"]
    assert [one.reason for one in own_events(live, MemoryEvicted)] == ["capacity", "capacity"]


def test_levels_of_one_entry_are_enough() -> None:
    """With every capacity at 1 a conductor still learns, and its state is still what the log says."""
    limits: dict[str, Any] = {f"{level}_capacity": 1 for level in LEVELS}
    live = conductor(None, **limits, max_experience_buffer=1, max_hippocampus_size=1, max_neocortex_size=1)
    for i in range(7):
        assert live.run_sync(f"goal {i}").success
    assert all(len(level) <= 1 for level in live.shared_memory.memories.values())
    assert (len(live.brain.hippocampus), live.q_predictor.Q.buffered) == (1, 1)
    assert rebuilt(live) == live.state.digests()


def test_what_was_recalled_may_be_gone_when_it_is_learned_from() -> None:
    """A memory that the agent itself drove out during the attempt is neither counted nor valued, and breaks nothing."""

    def busy(task: Task) -> Outcome:
        live.shared_memory.store(f"note {task.goal}", "semantic", goal=task.goal, initial_value=0.9)
        return Outcome(success=True)

    live = conductor(None, actor(busy, approaches=[]), semantic_capacity=1)
    note = live.shared_memory.store("first note", "semantic", initial_value=0.9)
    assert note is not None
    for i in range(4):
        assert live.run_sync(f"goal {i}").success
    assert note.key in [one.key for one in own_events(live, AttemptMade)[0].memories]
    assert note.key not in [one.key for one in own_events(live, MemoryAccessed)]
    assert note.key not in [key for one in own_events(live, TrajectoryEnded) for key in one.keys]
    assert rebuilt(live) == live.state.digests()


# The context.


def section(text: str, title: str) -> list[str]:
    """Return the lines of one section of a context."""
    found = [part for part in text.split("\n\n") if part.startswith(f"## {title}:")]
    return [line for part in found for line in part.splitlines()[1:]]


def test_nothing_is_said_twice() -> None:
    """What the shared and an actor's own memory both hold, and what is high or low already, is said once."""
    live = conductor(None)
    for memory in (live.shared_memory, live.local_memories["analyst"]):
        for value, content in ((0.9, "high"), (0.1, "low"), (0.5, "middling")):
            memory.store(content, "semantic", goal="g", initial_value=value)
    text = live.run_sync("g").learned_context
    assert [text.count(word) for word in ("high", "low", "middling")] == [1, 1, 1]
    assert section(text, "High-value patterns") == ["- High-value pattern: high (V=0.900)"]
    assert section(text, "Learned Patterns") == ["- middling (V=0.500)"]


def test_the_context_holds_so_many_of_each_kind() -> None:
    """`context_items` limits each section, the best first."""
    live = conductor(None, context_items=2, max_attempts=1)
    for i in range(5):
        live.shared_memory.store(f"good {i}", "semantic", goal="g", initial_value=0.8 + i / 100)
        live.shared_memory.store(f"bad {i}", "causal", goal="g", initial_value=0.1 + i / 100)
    text = live.run_sync("g").learned_context
    assert [line[-16:] for line in section(text, "High-value patterns")] == ["good 4 (V=0.840)", "good 3 (V=0.830)"]
    assert section(text, "Things to avoid") == ["- bad 0 (V=0.100)", "- bad 1 (V=0.110)"]


def test_an_attempt_records_what_it_was_told() -> None:
    """The context that an agent got stands in its attempt, with the memories and lessons that it was made of."""
    told: list[Task] = []

    def listener(task: Task) -> Outcome:
        told.append(task)
        return Outcome(success=True)

    live = conductor(None, actor(listener))
    live.run_sync("g")
    live.run_sync("g")
    made = own_events(live, AttemptMade)
    assert [one.learned_context for one in made] == [task.learned_context for task in told]
    assert [(one.key, one.value) for one in made[1].memories] == [(one.key, one.value) for one in told[1].memories]
    assert [one.content for one in told[1].memories] == ["USE: A"]
    assert len(made[1].lessons) == 1
    accessed = [one for one in own_events(live, MemoryAccessed) if one.cause == "retrieved"]
    assert [(one.episode, one.key) for one in accessed] == [(2, told[1].memories[0].key)]


# The end.


def test_a_closed_conductor_takes_no_goals(tmp_path: Path) -> None:
    """After close() a goal is refused with the way out; closing again does nothing, and the state is still there."""
    live = conductor(tmp_path)
    live.run_sync("g")
    live.close()
    before = bytes_below(tmp_path)
    live.close()
    live.close("failed")
    for run in (live.run_sync, lambda goal: asyncio.run(live.run(goal))):
        with pytest.raises(RunClosed, match="make a new one"):
            run("g")
    with pytest.raises(RunClosed):
        live.shared_memory.store("too late")
    assert bytes_below(tmp_path) == before
    assert len(live.q_predictor.Q) == 2


@pytest.mark.parametrize("asynchronous", [False, True])
def test_leaving_the_with_ends_the_run_and_says_how(tmp_path: Path, asynchronous: bool) -> None:
    """A `with` that is left by an error ends its run as failed, another as closed; `async with` likewise."""

    async def leave(error: Exception | None) -> None:
        async with conductor(tmp_path) as live:
            await live.run("g")
            if error:
                raise error

    def leave_plainly(error: Exception | None) -> None:
        with conductor(tmp_path) as live:
            live.run_sync("g")
            if error:
                raise error

    def left(error: Exception | None) -> None:
        asyncio.run(leave(error)) if asynchronous else leave_plainly(error)

    left(None)
    with pytest.raises(KeyError):
        left(KeyError("mine"))
    assert [one.status for one in of_type(events(tmp_path), RunEnded)] == ["closed", "failed"]


def test_a_conductor_says_what_it_is(tmp_path: Path) -> None:
    """Printing a conductor names its actors, mode, run and start."""
    with conductor(tmp_path) as first:
        first.run_sync("g")
    with conductor(tmp_path) as second:
        assert repr(second).startswith(f"Conductor(analyst; persistent; run {second.run_id}; from {first.run_id}@")
        assert repr(second.state) == "State(4 memories, 2 Q-values, 1 episodes)"


def test_the_clock_is_the_only_clock(tmp_path: Path) -> None:
    """All times in a log come from the conductor's clock (D2)."""
    with conductor(tmp_path, clock=lambda: START) as live:
        live.run_sync("g")
    ats = {
        json.loads(line)["at"]
        for path in tmp_path.rglob("*.jsonl")
        for line in path.read_text().splitlines()
        if '"at"' in line[:40]
    }
    assert ats == {round(START * 1e6)}
    assert [one.name for one in READ_MODELS] == list(live.state.digests())


def test_a_conductor_that_never_ran_is_a_run_like_any_other(tmp_path: Path) -> None:
    """Opening and closing leaves a sound run from which the next one starts."""
    lives: list[Conductor] = []
    for _ in range(2):
        lives.append(conductor(tmp_path))
        lives[-1].close()
    assert lives[1].start is not None
    assert History(tmp_path).check() == []
    assert own_kinds(tmp_path) == ["RunStarted", "RunEnded"] * 2
