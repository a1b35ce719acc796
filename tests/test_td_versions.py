"""What version 2 of TD(lambda) corrects, beside what version 1 does as the original did."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
from recording import scripted_entropy
from stage import actor, conductor, ticking

from jotty_events import (
    AdaptiveLearningRate,
    HierarchicalMemory,
    JottyConfig,
    LearningMode,
    Outcome,
    TDLambdaLearner,
)
from jotty_events.agents.memory.goal_hierarchy import GoalHierarchy
from jotty_events.errors import ConfigError
from projections.memory import MemoryEntry

START = 1767700800.0


def config_of(version: int, **settings: Any) -> JottyConfig:
    return JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL, **{"alpha": 0.5, **settings})


def learners(version: int, **settings: Any) -> tuple[HierarchicalMemory, TDLambdaLearner]:
    config = config_of(version, **settings)
    memory = HierarchicalMemory("sql", config, clock=lambda: START)
    return memory, TDLambdaLearner(config, memory._session)


def stored(memory: HierarchicalMemory, content: str, goal: str = "g", value: float = 0.5) -> MemoryEntry:
    entry = memory.store(content, "semantic", {"entities": ["e"]}, goal, value, domain="d", task_type="t")
    assert entry is not None
    return entry


def both(tried: Callable[[int], Any]) -> tuple[Any, Any]:
    """Return what version 1 and version 2 give."""
    return tried(1), tried(2)


def test_many_accesses_multiply_alpha_in_version_1() -> None:
    """Twelve accesses of one memory: the original's trace adds up to 8.757, and one step is nearly all the way (E6)."""

    def after(version: int) -> float:
        memory, td = learners(version, alpha=0.1)
        entry = stored(memory, "x", value=0.0)
        td.start_episode("g")
        for _ in range(12):
            td.record_access(entry)
        ((_, _, value),) = td.end_episode(0.5)
        return value

    assert both(after) == (pytest.approx(0.1 * 0.5 * 8.757, abs=1e-4), pytest.approx(0.05))


def test_a_related_goal_begins_at_a_half_in_version_1() -> None:
    """Good news for one goal takes a related one from the entry's 0.9 to 0.5 (M5); version 2 lets it be."""

    def values(version: int) -> tuple[float, float]:
        memory, td = learners(version)
        memory.goal_hierarchy.add_goal("other", "d", "t", ["e"])
        entry = stored(memory, "x", value=0.9)
        td.start_episode("g")
        td.record_access(entry)
        td.end_episode(1.0, goal_hierarchy=memory.goal_hierarchy)
        learned = memory.memories["semantic"][entry.key]
        return learned.value("g"), learned.value("other")

    assert both(values) == (
        (0.95, pytest.approx(0.5 + 0.05 * 0.9 * 0.15)),
        (0.95, pytest.approx(0.95)),  # read from the default, which was learned as well
    )


def test_the_default_is_learned_by_version_2_only() -> None:
    """What decides on eviction and protection follows what was learned (M4); the original's stays as it was stored."""

    def default(version: int) -> float:
        memory, td = learners(version)
        entry = stored(memory, "x", value=0.5)
        td.start_episode("g")
        td.record_access(entry)
        td.end_episode(1.0)
        return memory.memories["semantic"][entry.key].default_value

    assert both(default) == (0.5, 0.75)


def test_a_transfer_leaves_the_time_of_a_value_in_version_1() -> None:
    """The original does not say when a transferred value was learned."""

    def updated(version: int) -> tuple[float, float]:
        clock = [START]
        config = config_of(version)
        memory = HierarchicalMemory("sql", config, clock=lambda: clock[0])
        td = TDLambdaLearner(config, memory._session)
        entry = stored(memory, "x", "one")
        memory.goal_hierarchy.add_goal("two", "d", "t", ["e"])
        memory.set_goal_value(entry, "two", 0.4)
        clock[0] += 60.0
        td.start_episode("two")
        td.record_access(entry)
        td.end_episode(1.0)
        values = memory.memories["semantic"][entry.key].goal_values
        return values["two"].updated - START, values["one"].updated - START

    assert both(updated) == ((60.0, 0.0), (60.0, 60.0))


def test_an_access_reads_what_related_goals_say_in_version_2_only() -> None:
    """The original reads the goal's own value or the default."""

    def read(version: int) -> tuple[float, str]:
        memory, td = learners(version)
        entry = stored(memory, "x", "one", 0.9)
        memory.goal_hierarchy.add_goal("two", "d", "t", ["e"])
        td.start_episode("two")
        td.record_access(entry)
        (value,) = td.values_at_access.values()
        return value

    assert both(read) == ((0.9, "default"), (pytest.approx(0.9), "related"))


def test_a_trajectory_ends_once_in_version_2() -> None:
    """The original's traces live until another trajectory is begun, and teach again."""

    def updates(version: int) -> list[int]:
        memory, td = learners(version)
        td.start_episode("g")
        td.record_access(stored(memory, "x"))
        return [len(td.end_episode(1.0)) for _ in range(2)]

    assert both(updates) == ([1, 1], [1, 0])


def test_alpha_waits_for_data_in_version_2() -> None:
    """The original adapts alpha on each call, also where nothing was learned since (E7)."""

    def alphas(version: int) -> list[float]:
        rate = AdaptiveLearningRate(config_of(version, alpha=0.01, enable_adaptive_alpha=True), clock=lambda: START)
        for _ in range(10):
            rate.record_td_error(0.001)
        return [rate.get_adapted_alpha() for _ in range(3)]

    assert both(alphas) == (pytest.approx([0.011, 0.0121, 0.01331]), pytest.approx([0.011, 0.011, 0.011]))


def test_a_decline_of_success_is_seen_by_version_2() -> None:
    """The original compares all successes with ten of them, and never finds fewer (M6)."""

    def alpha(version: int) -> float:
        rate = AdaptiveLearningRate(config_of(version, alpha=0.01, enable_adaptive_alpha=True), clock=lambda: START)
        for _ in range(10):
            rate.record_td_error(0.5)
        for i in range(30):
            rate.record_success(i < 15)
        return rate.get_adapted_alpha()

    assert both(alpha) == (0.01, pytest.approx(0.0105))


def test_the_conductor_tells_version_2_of_successes() -> None:
    """The original has nobody who records them (M6)."""

    def noted(version: int) -> tuple[int, int]:
        live = conductor(None, rules_version=version, enable_adaptive_alpha=True)
        live.run_sync("g")
        rate = live.td_learner.adaptive_lr
        assert rate is not None
        return len(rate.td_errors), len(rate.success_rates)

    assert both(noted) == ((2, 0), (2, 2))


def test_alpha_is_adapted_only_where_that_is_enabled() -> None:
    """By default a conductor learns with the alpha that it was given, and notes nothing."""
    live = conductor(None)
    live.run_sync("g")
    assert (live.td_learner.adaptive_lr, live.td_learner.alpha) == (None, 0.6)
    off = AdaptiveLearningRate(config_of(1, alpha=0.3), clock=lambda: START)
    for _ in range(12):
        off.record_td_error(0.0)
    assert (off.get_adapted_alpha(), len(off.td_errors)) == (0.3, 12)


@pytest.mark.parametrize("version", [1, 2])
def test_an_adapted_alpha_survives_the_run(version: int, tmp_path: Any) -> None:
    """What was noted and what alpha became is there in the next run (P14)."""
    told = []
    for i in range(2):
        live = conductor(
            tmp_path,
            clock=ticking(START + 1000 * i),
            entropy=scripted_entropy(str(i)),
            alpha=0.05,
            enable_adaptive_alpha=True,
            rules_version=version,
        )
        with live:
            rate = live.td_learner.adaptive_lr
            assert rate is not None
            told.append((rate.alpha, len(rate.td_errors)))
            for _ in range(12):
                rate.record_td_error(0.0)
            rate.get_adapted_alpha()
    assert told == [(0.05, 0), (pytest.approx(0.055), 12)]


@pytest.mark.parametrize("version", [1, 2])
def test_samples_are_cut_to_the_window(version: int) -> None:
    """As soon as they are more than twice as many."""
    config = config_of(version, adaptive_window_size=3, enable_adaptive_alpha=True)
    rate, held = AdaptiveLearningRate(config, clock=lambda: START), []
    for i in range(8):
        rate.record_td_error(-float(i))
        rate.record_success(i > 3)
        held.append(len(rate.td_errors))
    assert held == [1, 2, 3, 4, 5, 6, 3, 4]
    assert (rate.td_errors, rate.success_rates) == ([4.0, 5.0, 6.0, 7.0], [1.0, 1.0, 1.0, 1.0])
    rate.reset()
    assert (rate.alpha, rate.td_errors, rate.success_rates) == (0.5, [], [])


@pytest.mark.parametrize("version", [1, 2])
def test_steps_on_the_way_are_rewarded(version: int) -> None:
    """By what is configured, and what they say reaches the return (P16); where they are off, they are none."""
    _, td = learners(version, architect_proceed_reward=0.2, tool_success_reward=0.1)
    td.start_episode("g")
    said = [td.reward_architect_proceed(0.5), td.reward_tool_success("sql", True), td.reward_tool_success("sql", False)]
    said.append(td.reward_partial_completion(0.5))
    assert said == td.step_rewards == pytest.approx([0.1, 0.1, -0.05, 0.15])
    _, off = learners(version, enable_intermediate_rewards=False)
    assert (off.reward_partial_completion(1.0), off.step_rewards) == (0.0, [])


@pytest.mark.parametrize("version", [1, 2])
def test_only_the_memories_that_are_given_are_valued(version: int) -> None:
    """Others that were accessed stay as they are; without a hierarchy nothing is carried over."""
    memory, td = learners(version)
    first, second = stored(memory, "first"), stored(memory, "second")
    td.start_episode("g")
    td.record_access(first)
    td.record_access(second)
    updates = td.end_episode(1.0, {second.key: second}, None)
    assert [(name, before) for name, before, _ in updates] == [(("sql", "semantic", second.key), 0.5)]


@pytest.mark.parametrize("version", [1, 2])
def test_a_content_is_found_or_stored(version: int) -> None:
    """On all levels of a memory; the end values those of that memory only, towards the goal of the trajectory."""
    memory, td = learners(version)
    known = stored(memory, "known")
    td.start_episode("g")
    for content in ("known", "new"):
        td.record_access_from_hierarchical_memory(memory, "d", "t", content, "causal", 0.1)
    assert [name[1] for name in td.access_sequence] == ["semantic", "episodic"]
    assert td.step_rewards == [0.1, 0.1]
    with pytest.raises(ConfigError, match="towards 'g'"):
        td.end_episode_with_hierarchical_memory(memory, "d", "h", 1.0)
    updates = td.end_episode_with_hierarchical_memory(memory, "d", "g", 1.0, GoalHierarchy("sql"))
    assert [name[2] for name, _, _ in updates] == [known.key, next(iter(memory.memories["episodic"]))]


def test_learned_values_in_words() -> None:
    """Version 1 tells own values, moves and traces; version 2 what every memory is worth (M7)."""

    def told(version: int) -> str:
        memory, td = learners(version)
        high, low = stored(memory, "h" * 160, value=0.9), stored(memory, "low", value=0.1)
        stored(memory, "of another goal", "z", 0.95)
        td.start_episode("g")
        td.record_access(high)
        td.record_access(low)
        td.end_episode(1.0)
        return td.get_learned_context(memory.memories)

    first, second = both(told)
    assert first == (
        "# TD(λ) Learned Values:\n"
        f"\n## High-Value Patterns (Learned from Success):\n- {'h' * 150}... (V=0.947)\n"
        "\n## Recently Updated Understanding:\n- ↑ low... (V=0.550, Δ=+0.450)\n"
        f"\n## Currently Relevant (High Eligibility):\n- low... (trace=1.00)\n- {'h' * 150}... (trace=0.94)\n"
    )
    assert second == f"## High-value memories:\n- of another goal (V=0.950)\n- {'h' * 160} (V=0.947)"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_numbers_that_are_not_finite_are_refused(version: int, number: float) -> None:
    """As rewards, as steps and as errors; the trajectory goes on without them."""
    memory, td = learners(version, enable_adaptive_alpha=True)
    td.start_episode("g")
    td.record_access(stored(memory, "x"))
    assert td.adaptive_lr is not None
    calls: tuple[Callable[[], Any], ...] = (
        lambda: td.end_episode(number),
        lambda: td.reward_partial_completion(number),
        lambda: td.reward_architect_proceed(number),
        lambda: td.adaptive_lr.record_td_error(number) if td.adaptive_lr else None,
    )
    before = memory._session.digests()
    for call in calls:
        with pytest.raises(ConfigError):
            call()
    assert (memory._session.digests(), td.step_rewards) == (before, [])
    assert len(td.end_episode(1.0)) == 1


def test_rewards_out_of_bounds_are_the_original_s() -> None:
    """Version 1 learns from any finite reward, version 2 refuses what is not in [0, 1]; values stay in bounds."""
    memory, td = learners(1)
    td.start_episode("g")
    td.record_access(stored(memory, "x", value=0.2))
    assert td.end_episode(-0.5)[0][2] == 0.0
    with pytest.raises(ConfigError, match="reward"):
        learners(2)[1].end_episode(-0.5)


def test_an_agent_s_steps_count_in_its_attempt() -> None:
    """What an agent is rewarded for on the way is part of the return of its attempt."""

    def agent(task: Any) -> Outcome:
        live.td_learner.reward_tool_success("sql", True)
        return Outcome(success=True, reward=0.5)

    live = conductor(None, actor(agent, approaches=[]))
    result = live.run_sync("g")
    assert result.success
    entry = live.shared_memory.memories["semantic"].entries()[0]
    assert entry.value("g") == pytest.approx(entry_after(0.5, 0.6, 0.55))


def entry_after(before: float, alpha: float, return_: float) -> float:
    return before + alpha * (return_ - before)
