"""Conductors among tasks, threads, time limits, interrupts and other processes."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from functools import partial
from pathlib import Path
from threading import Barrier, Event, Thread, current_thread
from typing import Any

import pytest
from stage import (
    SAFETY,
    START,
    actor,
    analyst,
    conductor,
    events,
    in_time,
    of_type,
    own_events,
    rebuilt,
    ticking,
    wait_for,
)

from jotty_events import Conductor, History, Outcome, RunResult, Task
from jotty_events.errors import NestedRun, RunClosed
from jotty_events.events import AttemptMade, EpisodeEnded, EpisodeStarted, MemoryStored, RunEnded

GOOD = Outcome(success=True)


async def sensible(task: Task) -> Outcome:
    """Succeed with B, asynchronously."""
    await asyncio.sleep(0)
    return Outcome(success=task.approach == "B")


class Analyst:
    """An agent that is an object with an async call."""

    async def __call__(self, task: Task) -> Outcome:
        return await sensible(task)


class Answer:
    """Something that can be awaited and is no coroutine."""

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return Outcome(success=True)


def test_agents_may_be_async_in_any_way() -> None:
    """Coroutine functions, objects, partials and functions that return awaitables are all awaited."""

    async def two(extra: str, task: Task) -> Outcome:
        return await sensible(task)

    def plain(task: Task) -> Any:
        return Answer() if task.approach == "B" else sensible(task)

    agents: list[Any] = [sensible, Analyst(), partial(two, "extra"), plain]
    for agent in agents:
        live = conductor(None, actor(agent))
        for run in (live.run_sync, lambda goal, live=live: wait_for(live.run(goal))):
            assert run("g").choice == "B"
        assert live.state.digests() == rebuilt(live)


def test_where_plain_functions_run() -> None:
    """run_sync() calls a plain function in the calling thread, run() never in that of the event loop."""
    threads: list[Thread] = []

    def agent(task: Task) -> Outcome:
        threads.append(current_thread())
        return GOOD

    live = conductor(None, actor(agent))
    live.run_sync("g")
    wait_for(live.run("g"))
    live._actors["analyst"] = actor(agent, timeout=SAFETY)
    live.run_sync("g")
    assert threads[0] is current_thread()
    assert current_thread() not in threads[1:]


def test_the_event_loop_goes_on_while_a_plain_function_runs() -> None:
    """A plain function that waits for something that only the event loop can do is not a deadlock."""

    async def main() -> RunResult:
        loop, told = asyncio.get_running_loop(), Event()

        def agent(task: Task) -> Outcome:
            loop.call_soon_threadsafe(told.set)
            return Outcome(success=told.wait(SAFETY))

        return await conductor(None, actor(agent)).run("g")

    assert wait_for(main()).success


def test_context_variables_reach_an_agent_in_a_thread() -> None:
    """What a caller set in its context is known to a plain function, wherever that runs."""
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
    seen: list[str] = []

    def agent(task: Task) -> Outcome:
        seen.append(tenant.get())
        return GOOD

    live = conductor(None, actor(agent))

    async def main() -> None:
        tenant.set("somebody")
        await live.run("g")
        live.run_sync("g")

    wait_for(main())
    assert seen == ["somebody"] * 2


# Time limits.


def test_an_async_agent_that_takes_too_long_is_cancelled() -> None:
    """A coroutine past its limit is cancelled and recorded as timed out; the next attempt goes on."""
    cancelled: list[str | None] = []

    async def agent(task: Task) -> Outcome:
        if task.approach == "A":
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(task.approach)
        return GOOD

    live = conductor(None, actor(agent, timeout=0.001))
    result = live.run_sync("g")
    assert cancelled == ["A"]
    assert [attempt.outcome for attempt in result.attempts] == ["timed_out", "succeeded"]
    made = own_events(live, AttemptMade)[0]
    assert (made.error, made.error_type, made.reward) == ("no answer within 0.001 s", "TimeoutError", 0.0)


def test_nobody_waits_for_a_plain_function_past_its_limit() -> None:
    """run_sync() returns while the abandoned function still runs, and what it answers later is heard by nobody."""
    gave_up, answered = Event(), Event()

    def agent(task: Task) -> Outcome:
        gave_up.wait(SAFETY)
        answered.set()
        return Outcome(success=True, output="too late")

    live = conductor(None, actor(agent), actor_timeout=0.001, max_attempts=1)
    result = live.run_sync("g")
    assert not answered.is_set()
    gave_up.set()
    assert answered.wait(SAFETY)
    assert (result.output, [one.outcome for one in result.attempts]) == (None, ["timed_out"])
    assert live.state.digests() == rebuilt(live)


def test_an_actor_s_own_limit_goes_before_the_common_one() -> None:
    """A long limit of one actor holds against a short one for all."""

    async def agent(task: Task) -> Outcome:
        for _ in range(50):
            await asyncio.sleep(0)
        return GOOD

    live = conductor(None, actor(agent, timeout=SAFETY), actor_timeout=1e-9)
    assert live.run_sync("g").success


def test_an_agent_that_makes_an_error_of_its_cancellation_is_timed_out() -> None:
    """What a coroutine raises because its time was up is a time limit that was passed, not an error of its own."""

    async def agent(task: Task) -> Outcome:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise ValueError("I was interrupted") from error
        return GOOD

    result = conductor(None, actor(agent, timeout=0.001), max_attempts=1).run_sync("g")
    assert result.attempts[0].outcome == "timed_out"


# Cancellation and interrupts.


async def cancel_in_mid_attempt(live: Conductor, started: asyncio.Event) -> None:
    """Start a goal, cancel it once its agent waits, and see that the cancellation comes back."""
    running = asyncio.create_task(live.run("a goal"))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("limit", [None, SAFETY])
def test_a_cancelled_goal_is_recorded_and_the_conductor_goes_on(tmp_path: Path, limit: float | None) -> None:
    """Attempt and episode end as cancelled, nothing is learned of them, and the next goal is worked towards."""

    async def main() -> None:
        started, stuck = asyncio.Event(), True

        async def agent(task: Task) -> Outcome:
            if stuck:
                started.set()
                await asyncio.Event().wait()
            return await sensible(task)

        with conductor(tmp_path, actor(agent, timeout=limit)) as live:
            await cancel_in_mid_attempt(live, started)
            (made,) = own_events(live, AttemptMade)
            assert (made.outcome, made.error, made.success) == ("cancelled", "CancelledError", False)
            (ended,) = own_events(live, EpisodeEnded)
            assert (ended.status, ended.attempts, ended.success, ended.reward) == ("cancelled", 1, False, 0.0)
            assert (len(live.shared_memory), len(live.q_predictor.Q), len(live.brain.hippocampus)) == (0, 0, 0)
            stuck = False
            result = await live.run("another goal")
            assert (result.success, result.episode) == (True, 2)
            assert live.state.digests() == rebuilt(live)

    wait_for(main())
    assert [(one.status, one.attempts) for one in History(tmp_path).at().episodes.entries()] == [
        ("cancelled", 1),
        ("succeeded", 2),
    ]
    assert History(tmp_path).check() == []


def test_a_goal_with_a_plain_function_can_be_cancelled() -> None:
    """Cancelling does not wait for the thread of a plain function."""
    gave_up = Event()

    async def main() -> None:
        loop, started = asyncio.get_running_loop(), asyncio.Event()

        def agent(task: Task) -> Outcome:
            loop.call_soon_threadsafe(started.set)
            gave_up.wait(SAFETY)
            return GOOD

        live = conductor(None, actor(agent))
        await cancel_in_mid_attempt(live, started)
        assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled"]
        gave_up.set()
        assert (await live.run("g")).success

    wait_for(main())


def test_a_goal_that_never_pauses_can_be_cancelled_between_attempts() -> None:
    """A cancellation that comes while a plain function runs is heard before the next attempt."""
    running: list[asyncio.Task[Any]] = []

    def agent(task: Task) -> Outcome:
        running[0].cancel()
        return Outcome(success=False)

    live = conductor(None, actor(agent), max_attempts=5)

    async def main() -> None:
        running.append(asyncio.create_task(live._run("g", None, threaded=False)))
        with pytest.raises(asyncio.CancelledError):
            await running[0]

    wait_for(main())
    assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled"]
    assert [one.outcome for one in own_events(live, AttemptMade)] == ["failed"]


def test_a_goal_that_is_thrown_away_ends_as_cancelled() -> None:
    """A coroutine that nobody runs to its end gives the turn back when it is closed."""

    async def agent(task: Task) -> Outcome:
        await asyncio.Event().wait()
        return GOOD

    live = conductor(None, actor(agent))

    async def main() -> None:
        thrown, elsewhere = live.run("g"), copy_context()
        for _ in range(3):
            elsewhere.run(thrown.send, None)
        thrown.close()

    wait_for(main())
    live._actors["analyst"] = actor(sensible)
    assert live.run_sync("g").success
    assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled", "succeeded"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("how", ["here", "in a thread", "async"])
def test_what_is_no_exception_ends_the_episode_and_goes_on_its_way(error: type[BaseException], how: str) -> None:
    """An interrupt inside an agent is recorded as a cancellation and raised again; the conductor can be used."""

    def plain(task: Task) -> Outcome:
        raise error("stop")

    async def asynchronous(task: Task) -> Outcome:
        raise error("stop")

    who = actor(asynchronous if how == "async" else plain, timeout=SAFETY if how == "in a thread" else None)
    live = conductor(None, who)
    with pytest.raises(error):
        live.run_sync("g")
    assert [(one.outcome, one.error) for one in own_events(live, AttemptMade)] == [("cancelled", error.__name__)]
    assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled"]
    live._actors["analyst"] = actor()
    assert live.run_sync("g").success
    assert live.state.digests() == rebuilt(live)


@pytest.fixture
def heard() -> Iterator[None]:
    """Interrupts as Python hears them, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interrupt_stops_a_plain_function_at_once() -> None:
    """Ctrl-C while a plain function runs in the calling thread is raised in that function, not after it."""
    passed: list[str] = []

    def agent(task: Task) -> Outcome:
        signal.raise_signal(signal.SIGINT)
        passed.append("the interrupt was only noted")
        return GOOD

    live = conductor(None, actor(agent))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        live.run_sync("g")
    assert passed == []
    assert [one.outcome for one in own_events(live, AttemptMade)] == ["cancelled"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("heard")
def test_an_interrupt_cancels_an_async_agent() -> None:
    """Ctrl-C while a coroutine waits cancels it, and is raised once that is recorded."""

    async def agent(task: Task) -> Outcome:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()
        return GOOD

    live = conductor(None, actor(agent))
    with pytest.raises(KeyboardInterrupt):
        live.run_sync("g")
    assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled"]


@pytest.mark.usefixtures("heard")
def test_an_interrupt_does_not_fall_into_an_append(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while an attempt is recorded is heard when that is done: the log has all of it."""
    live = conductor(None, actor(lambda task: Outcome(success=False)), max_attempts=5)
    session = live._session
    append = session._append

    def interrupted(done: Any) -> None:
        if any(isinstance(event, AttemptMade) for event in done.events):
            signal.raise_signal(signal.SIGINT)
        append(done)

    monkeypatch.setattr(session, "_append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        live.run_sync("g")
    assert [one.outcome for one in own_events(live, AttemptMade)] == ["failed"]
    assert [one.status for one in own_events(live, EpisodeEnded)] == ["cancelled"]
    assert live.state.digests() == rebuilt(live)


# Nested runs.


def calls_back(live: list[Conductor], how: str) -> Callable[[Task], Any]:
    """Return an agent that runs its own conductor."""

    def plainly(task: Task) -> Outcome:
        return Outcome(success=live[0].run_sync("inner").success)

    def own_loop(task: Task) -> Outcome:
        return Outcome(success=asyncio.run(live[0].run("inner")).success)

    async def awaited(task: Task) -> Outcome:
        return Outcome(success=(await live[0].run("inner")).success)

    async def in_a_task(task: Task) -> Outcome:
        return Outcome(success=(await asyncio.create_task(live[0].run("inner"))).success)

    async def plainly_in_the_loop(task: Task) -> Outcome:
        return plainly(task)

    async def in_a_thread(task: Task) -> Outcome:
        return await asyncio.to_thread(plainly, task)

    return {
        "plainly": plainly,
        "own loop": own_loop,
        "awaited": awaited,
        "in a task": in_a_task,
        "plainly in the loop": plainly_in_the_loop,
        "in a thread": in_a_thread,
    }[how]


OUTER = ("run_sync", "run", "run_sync in a loop")
INNER = ("plainly", "own loop", "awaited", "in a task", "plainly in the loop", "in a thread")
# In the calling thread asyncio itself refuses a second event loop.
NESTED = [(outer, inner) for outer in OUTER for inner in INNER if (outer, inner) != ("run_sync", "own loop")]


@in_time
@pytest.mark.parametrize(("outer", "inner"), NESTED)
def test_an_agent_that_runs_its_own_conductor_is_refused(outer: str, inner: str) -> None:
    """Waiting for oneself would never end: however it is asked for, it is a failed attempt that says why."""
    lives: list[Conductor] = []
    live = conductor(None, actor(calls_back(lives, inner)), max_attempts=1)
    lives.append(live)

    async def in_a_loop() -> RunResult:
        return live.run_sync("outer")

    run: dict[str, Callable[[], RunResult]] = {
        "run_sync": lambda: live.run_sync("outer"),
        "run": lambda: wait_for(live.run("outer")),
        "run_sync in a loop": lambda: wait_for(in_a_loop()),
    }
    result = run[outer]()
    (made,) = own_events(live, AttemptMade)
    assert (made.error_type, result.success) == ("NestedRun", False)
    assert "use another conductor" in str(made.error)
    assert [one.goal for one in own_events(live, EpisodeStarted)] == ["outer"]


def test_an_agent_may_run_another_conductor() -> None:
    """Conductors may stand in one another; only waiting for oneself is refused, also over another one."""
    lives: list[Conductor] = []

    def innermost(task: Task) -> Outcome:
        with pytest.raises(NestedRun):
            lives[0].run_sync("around the corner")
        return GOOD

    async def middle(task: Task) -> Outcome:
        return Outcome(success=(await conductor(None, actor(innermost)).run("middle")).success)

    lives.append(conductor(None, actor(middle)))
    assert lives[0].run_sync("outer").success


def test_what_an_agent_leaves_running_may_use_the_conductor_later() -> None:
    """A task that outlives its attempt is not taken for a nested run once the episode has ended."""
    later: list[asyncio.Task[RunResult]] = []

    async def main() -> None:
        ended = asyncio.Event()

        async def background() -> RunResult:
            await ended.wait()
            return await live.run("later")

        async def agent(task: Task) -> Outcome:
            if not later:
                later.append(asyncio.create_task(background()))
            return GOOD

        live = conductor(None, actor(agent))
        await live.run("first")
        ended.set()
        assert (await later[0]).success

    wait_for(main())


@in_time
def test_run_sync_does_not_stop_the_loop_that_it_waits_for() -> None:
    """Where an episode goes on in the very event loop that run_sync() would stop, it is refused, not a deadlock."""

    async def main() -> None:
        started, go_on = asyncio.Event(), asyncio.Event()

        async def agent(task: Task) -> Outcome:
            started.set()
            await go_on.wait()
            return GOOD

        live = conductor(None, actor(agent))
        running = asyncio.create_task(live.run("g"))
        await started.wait()
        with pytest.raises(NestedRun, match=r"await run\(\) instead"):
            live.run_sync("h")
        go_on.set()
        assert (await running).success
        assert live.run_sync("h").success

    wait_for(main())


# At the same time.


def test_goals_that_are_gathered_follow_each_other_in_order() -> None:
    """Five goals at once are five episodes, first come first served, each learning from the one before."""
    inside: list[str] = []
    met: list[str] = []

    async def agent(task: Task) -> Outcome:
        met.extend(inside)
        inside.append(task.goal)
        await asyncio.sleep(0)
        inside.remove(task.goal)
        return Outcome(success=task.approach == "B")

    live = conductor(None, actor(agent))
    goals = [f"goal {i}" for i in range(5)]

    async def main() -> list[RunResult]:
        return await asyncio.gather(*(live.run(goal) for goal in goals))

    results = wait_for(main())
    assert met == []
    assert [one.episode for one in results] == [1, 2, 3, 4, 5]
    assert [one.goal for one in own_events(live, EpisodeEnded)] == goals
    assert [len(one.attempts) for one in results] == [2, 1, 1, 1, 1]
    assert live.state.digests() == rebuilt(live)


def test_who_gives_up_waiting_is_passed_over() -> None:
    """A goal that is cancelled before its turn leaves no trace, and those behind it get theirs."""

    async def main() -> None:
        started, go_on = asyncio.Event(), asyncio.Event()

        async def agent(task: Task) -> Outcome:
            started.set()
            await go_on.wait()
            return GOOD

        live = conductor(None, actor(agent))
        first, second, third = (asyncio.create_task(live.run(goal)) for goal in ("first", "second", "third"))
        await started.wait()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go_on.set()
        await asyncio.gather(first, third)
        assert [one.goal for one in own_events(live, EpisodeStarted)] == ["first", "third"]

    wait_for(main())


@in_time
def test_who_waits_in_a_loop_that_died_is_passed_over() -> None:
    """An event loop that was closed with a goal still waiting in it holds nobody else up."""
    started, go_on = Event(), Event()

    def agent(task: Task) -> Outcome:
        started.set()
        go_on.wait(SAFETY)
        return GOOD

    live = conductor(None, actor(agent))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(live.run_sync, "first")
        assert started.wait(SAFETY)
        loop = asyncio.new_event_loop()
        lost = loop.create_task(live.run("lost"))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        last = pool.submit(live.run_sync, "last")
        go_on.set()
        assert first.result(SAFETY).success
        assert last.result(SAFETY).success
    lost._log_destroy_pending = False  # type: ignore[attr-defined]
    del lost
    gc.collect()
    assert live.run_sync("after").success
    assert [one.goal for one in own_events(live, EpisodeStarted)] == ["first", "last", "after"]


@in_time
@pytest.mark.parametrize("asynchronous", [False, True])
def test_goals_from_many_threads_follow_each_other(tmp_path: Path, asynchronous: bool) -> None:
    """Eight threads, each with its own loop or none: every goal is one whole episode, and nothing is lost."""
    barrier = Barrier(8)
    with conductor(tmp_path, actor(sensible if asynchronous else analyst)) as live, ThreadPoolExecutor(8) as pool:

        def work(i: int) -> list[RunResult]:
            barrier.wait(SAFETY)
            if asynchronous:
                return [asyncio.run(live.run(f"{i}.{j}")) for j in range(3)]
            return [live.run_sync(f"{i}.{j}") for j in range(3)]

        results = [result for found in pool.map(work, range(8)) for result in found]
        assert live.state.digests() == rebuilt(live)
    assert sorted(one.episode for one in results) == list(range(1, 25))
    assert all(one.success for one in results)
    ordered = events(tmp_path)
    kinds = [type(one) for one in ordered if isinstance(one, EpisodeStarted | EpisodeEnded)]
    assert kinds == [EpisodeStarted, EpisodeEnded] * 24
    assert {one.status for one in of_type(ordered, EpisodeEnded)} == {"succeeded"}
    assert History(tmp_path).check() == []


def test_threads_may_use_the_learners_while_episodes_run(tmp_path: Path) -> None:
    """What other threads store in the meantime is whole, and in the log in the order in which it was learned."""
    barrier = Barrier(4)
    with conductor(tmp_path) as live, ThreadPoolExecutor(4) as pool:

        def store(owner: int) -> None:
            barrier.wait(SAFETY)
            for i in range(20):
                live.shared_memory.store(f"{owner}.{i}", "procedural", goal="g")
                live.q_predictor.add_experience(f"state {owner}", f"action {i}", 0.5)

        def work(_: int) -> None:
            barrier.wait(SAFETY)
            for i in range(10):
                live.run_sync(f"goal {i}")

        list(pool.map(lambda i: work(i) if i == 0 else store(i), range(4)))
        assert live.state.digests() == rebuilt(live)
    stored = {one.content for one in of_type(events(tmp_path), MemoryStored)}
    assert {f"{owner}.{i}" for owner in (1, 2, 3) for i in range(20)} <= stored
    assert History(tmp_path).check() == []


class Pause:
    """A projection of one's own that stops in the middle of the first attempt's commit, to look around."""

    name, version, reads = "pause", 1, (AttemptMade,)

    def __init__(self) -> None:
        self.look_around: Callable[[], None] | None = None

    def initial(self) -> None:
        return None

    def apply(self, state: None, record: Any) -> None:
        look, self.look_around = self.look_around, None
        if look is not None:
            look()

    def digest(self, state: None) -> str:
        return ""


QUESTIONS: dict[str, Callable[[Conductor], Any]] = {
    "digests": lambda live: live.state.digests(),
    "to_dict": lambda live: live.shared_memory.to_dict(),
    "retrieve": lambda live: live.shared_memory.retrieve("words", "g"),
    "knowledge": lambda live: live.shared_memory.get_consolidated_knowledge("g"),
    "estimate": lambda live: live.q_predictor.estimate("s", "a"),
    "predict": lambda live: live.q_predictor.predict_q_value("s", "a"),
    "best action": lambda live: live.q_predictor.get_best_action("s", ["a"]),
    "lessons": lambda live: live.q_predictor.get_learned_context("s"),
    "valued": lambda live: live.td_learner.get_learned_context(live.shared_memory.memories, "g"),
    "patterns": lambda live: live.brain.get_consolidated_knowledge(),
    "progress": lambda live: live.todo.progress(),
    "next task": lambda live: live.todo.get_next_task(),
}


@in_time
def test_what_other_threads_ask_is_answered_between_commits() -> None:
    """Nothing that is asked while a commit is being made is answered before it is whole; then all of it is."""
    pause = Pause()
    live = conductor(None, projections=[pause])
    early: list[str] = []
    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        asked: dict[str, Future[Any]] = {}

        def look_around() -> None:
            asked.update({name: pool.submit(question, live) for name, question in QUESTIONS.items()})
            answered = wait(asked.values(), 0.1).done
            early.extend(name for name, answer in asked.items() if answer in answered)

        pause.look_around = look_around
        live.run_sync("g")
        assert early == []
        for answer in asked.values():
            answer.result(SAFETY)
    assert len(asked) == len(QUESTIONS)
    assert live.state.digests() == rebuilt(live)


def test_run_sync_works_inside_a_running_loop() -> None:
    """In a notebook, where a loop runs already, run_sync() works, for plain and async agents alike."""

    async def main() -> list[RunResult]:
        lives = [conductor(None, actor(agent)) for agent in (sensible, lambda task: Outcome(success=True))]
        return [live.run_sync("g") for live in lives]

    assert [result.success for result in wait_for(main())] == [True, True]


def test_run_sync_inside_a_loop_raises_what_the_run_raises() -> None:
    """Errors of the conductor come out of the thread that it ran in."""

    async def main() -> None:
        live = conductor(None)
        live.close()
        with pytest.raises(RunClosed):
            live.run_sync("g")
        other = conductor(None, actor(interrupt))
        with pytest.raises(KeyboardInterrupt):
            other.run_sync("g")
        assert [one.status for one in own_events(other, EpisodeEnded)] == ["cancelled"]

    asyncio.run(main())


def interrupt(task: Task) -> Outcome:
    """Be interrupted."""
    raise KeyboardInterrupt


# The end of a run.


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_run_that_is_closed_under_an_episode_ends_it(tmp_path: Path, asynchronous: bool) -> None:
    """close() by an agent ends the run at once; the episode raises RunClosed, and the log is sound."""
    lives: list[Conductor] = []

    def agent(task: Task) -> Outcome:
        lives[0].close()
        return GOOD

    lives.append(conductor(tmp_path, actor(agent)))
    with pytest.raises(RunClosed):
        wait_for(lives[0].run("g")) if asynchronous else lives[0].run_sync("g")
    assert len(of_type(events(tmp_path), RunEnded)) == 1
    assert History(tmp_path).check() == []
    assert History(tmp_path).at().digests() == lives[0].state.digests()


def test_those_who_wait_hear_that_the_conductor_was_closed() -> None:
    """A goal that waits for its turn is refused when it comes, if the conductor was closed meanwhile."""

    async def main() -> None:
        started, go_on = asyncio.Event(), asyncio.Event()

        async def slow(task: Task) -> Outcome:
            started.set()
            await go_on.wait()
            return GOOD

        live = conductor(None, actor(slow))
        first = asyncio.create_task(live.run("g"))
        await started.wait()
        second = asyncio.create_task(live.run("too late"))
        await asyncio.sleep(0)
        live._closed = True
        go_on.set()
        await first
        with pytest.raises(RunClosed):
            await second

    wait_for(main())


def test_a_conductor_that_nobody_holds_ends_its_run(tmp_path: Path) -> None:
    """Without close() the run ends when the conductor is collected, and the next one does not take it for live."""
    live = conductor(tmp_path)
    live.run_sync("g")
    digests = live.state.digests()
    del live
    gc.collect()
    (ended,) = of_type(events(tmp_path), RunEnded)
    assert (ended.status, ended.digests) == ("exited", digests)
    assert not next(iter(History(tmp_path).runs())).live


PROGRAM = """
import asyncio, os, sys, threading
from jotty_events import AgentConfig, Conductor, JottyConfig, Outcome

def agent(task):
    return Outcome(success=task.approach == "B")

config = JottyConfig(output_base_dir=sys.argv[1], durability="{durability}", commit_interval=3600)
conductor = Conductor([AgentConfig(name="a", agent=agent, approaches=["A", "B"])], config)
conductor.run_sync("g")
{ending}
"""
ENDINGS = {
    "it ends": "",
    "an error": "raise ValueError('mine')",
    "sys.exit": "sys.exit(3)",
    "an interrupt": "raise KeyboardInterrupt",
    "in a cycle": "conductor.me = conductor",
    "an abandoned thread": "threading.Thread(target=threading.Event().wait, daemon=True).start()",
}


def run_program(folder: Path, ending: str, durability: str = "commit") -> subprocess.CompletedProcess[str]:
    """Run a program that never closes its conductor."""
    text = PROGRAM.format(ending=ending, durability=durability)
    command = [sys.executable, "-c", text, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SAFETY)


@pytest.mark.parametrize(
    ("ending", "durability"), [*((one, "commit") for one in ENDINGS), ("it ends", "interval"), ("it ends", "os")]
)
def test_a_program_that_ends_without_close_ends_its_run(tmp_path: Path, ending: str, durability: str) -> None:
    """However the interpreter ends, the run is ended by then, with the digests of its state."""
    done = run_program(tmp_path, ENDINGS[ending], durability)
    assert "jotty_events" not in done.stderr
    found = events(tmp_path)
    assert (len(of_type(found, EpisodeEnded)), len(of_type(found, AttemptMade))) == (1, 2)
    (ended,) = of_type(found, RunEnded)
    assert ended.status == "exited"
    before_the_end = History(tmp_path).point().seq - 1
    run = History(tmp_path).point().run
    assert ended.digests == History(tmp_path).at(f"{run}@{before_the_end}").digests()
    assert History(tmp_path).check() == []


def test_a_forked_child_ends_no_run_of_its_parent(tmp_path: Path) -> None:
    """A child that exits with its parent's conductor in its memory leaves the run to the parent."""
    forked = """
pid = os.fork()
if pid == 0:
    try:
        conductor.run_sync("in the child")
    except Exception as error:
        print(type(error).__name__, flush=True)
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
conductor.run_sync("in the parent")
"""
    done = run_program(tmp_path, forked)
    assert (done.stdout, done.returncode) == ("RunClosed\n", 0), done.stderr
    assert [one.goal for one in of_type(events(tmp_path), EpisodeEnded)] == ["g", "in the parent"]
    assert len(of_type(events(tmp_path), RunEnded)) == 1
    assert History(tmp_path).check() == []


def test_a_plain_function_that_never_returns_does_not_keep_the_interpreter(tmp_path: Path) -> None:
    """A program whose agent is stuck past its limit ends all the same."""
    stuck = """
def forever(task):
    threading.Event().wait()

stuck = AgentConfig(name="b", agent=forever, timeout=0.01, max_attempts=1)
other = Conductor([stuck], JottyConfig(learning_mode="contextual"))
print(other.run_sync("g").attempts[0].outcome)
"""
    done = run_program(tmp_path, stuck)
    assert (done.stdout, done.returncode) == ("timed_out\n", 0), done.stderr


def test_one_clock_for_all(tmp_path: Path) -> None:
    """A clock that stands still or goes back makes no negative durations, and no run that ends before it began."""
    times = iter([START, *(START - i for i in range(1000))])
    with conductor(tmp_path, clock=lambda: next(times)) as live:
        assert [attempt.duration for attempt in live.run_sync("g").attempts] == [0.0, 0.0]
    with conductor(tmp_path, clock=ticking(START - 3600)) as live:
        assert live.run_sync("g").first_choice == "B"
    assert History(tmp_path).check() == []


def test_a_child_forked_in_the_middle_of_a_commit_is_refused_at_once(tmp_path: Path) -> None:
    """A guard that was held at the fork is taken for ever in the child: there it is never asked for."""
    with conductor(tmp_path) as live, live._session.transaction():
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that hangs is killed, and that is another status than the one below
            os._exit(_refused_in_a_child(live))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == REFUSED


REFUSED = 7


def _refused_in_a_child(live: Conductor) -> int:
    """Return REFUSED if nothing can be run or closed from another thread of this process, and nothing waits."""
    found: list[int] = []

    def work() -> None:
        live.state.digests()
        try:
            live.run_sync("g")
        except RunClosed:
            live.close()
            found.append(REFUSED)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    return found[0] if found else 0
