"""Ripples: patterns, links, weak and strong memories; and when the brain sleeps."""

from typing import Any

import pytest

from jotty_events.rules.brain.consolidator import Link, Strengthened, links, patterns, strengthened, to_prune
from jotty_events.rules.brain.sleep import held, is_kept_for_later, next_sleep_in, should_sleep


def episodes(*said: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [{"action": action, "agent": agent, "reward": reward} for action, agent, reward in said]


def test_what_most_successes_have_in_common() -> None:
    """Three successes above 0.7 with the same action are a pattern; two are none, nor are three at 0.7."""
    good = episodes(("a", "x", 0.8), ("b", "y", 0.9), ("a", "z", 1.0), ("a", "w", 0.71))
    assert patterns(good, 3) == ["SUCCESS_PATTERN: Action 'a' led to success 3 times"]
    assert patterns(good[:3], 3) == []
    assert patterns(episodes(*[("a", str(i), 0.7) for i in range(3)]), 3) == []
    assert patterns(good[:3], 2) == ["SUCCESS_PATTERN: Action 'a' led to success 2 times"]


def test_what_most_failures_have_in_common() -> None:
    """Failures are below 0.3; what is not said is a failure, of no action."""
    bad = episodes(("a", "x", 0.29), ("a", "y", 0.0), ("a", "z", 0.3))
    assert patterns(bad, 3) == []
    assert patterns(bad, 2) == ["AVOID: FAILURE_PATTERN: Action 'a' led to failure 2 times"]
    assert patterns([{}, {}, {}], 3) == [
        "AVOID: FAILURE_PATTERN: Action '' led to failure 3 times",
        "AGENT_PATTERN: unknown has 0% success rate over 3 tasks",
    ]


def test_the_first_of_equally_frequent_actions_counts() -> None:
    """The action that came first."""
    mixed = episodes(("b", "1", 1.0), ("a", "2", 1.0), ("a", "3", 1.0), ("b", "4", 1.0))
    assert patterns(mixed, 2) == ["SUCCESS_PATTERN: Action 'b' led to success 2 times"]


def test_how_each_agent_fares() -> None:
    """Over at least three episodes, however low the threshold is."""
    mixed = episodes(("a", "x", 0.8), ("b", "x", 0.5), ("c", "x", 0.9), ("d", "y", 0.5), ("e", "y", 0.5))
    assert patterns(mixed, 1)[-1] == "AGENT_PATTERN: x has 67% success rate over 3 tasks"
    assert patterns(mixed, 4) == []
    assert patterns(episodes(*[("a", "z", 0.7)] * 3), 3) == ["AGENT_PATTERN: z has 0% success rate over 3 tasks"]


def test_a_change_of_reward_is_a_link() -> None:
    """From one episode to the next, by more than 0.3; a reward that is not said is 0.5."""
    found = links([*episodes(("a", "x", 0.0), ("b", "x", 0.3), ("c", "x", 1.0)), {"action": "d"}])
    assert found == [Link("b", "c", 0.7, 0.7), Link("c", "d", -0.5, 0.7)]
    assert links(episodes(("a", "x", 0.0))) == []
    assert links(episodes(("a", "x", 0.5), ("b", "x", 0.84)))[0].reward_delta == pytest.approx(0.34)


def test_a_reward_is_a_number() -> None:
    """Text and truth values are refused."""
    for reward in ("much", True, None):
        with pytest.raises(ValueError, match="not a number"):
            links([{"reward": reward}, {}])
        with pytest.raises(ValueError, match="not a number"):
            patterns([{"reward": reward}], 3)


def test_the_first_weak_memories_are_pruned() -> None:
    """Those below the threshold, in their order, no more than a share of all."""
    values = [0.14, 0.15, 0.05, 0.0, 0.9]
    assert to_prune(values, 0.15, 0.4) == [0, 2]
    assert to_prune(values, 0.15, 0.39) == [0]
    assert to_prune(values, 0.15, 1.0) == [0, 2, 3]
    assert to_prune([], 0.15, 1.0) == []


def test_strong_memories_grow_by_a_tenth() -> None:
    """Those above the threshold, up to 1."""
    assert strengthened([0.85, 0.875, 0.95], 0.85) == Strengthened([1, 2], [0.85, 0.9625000000000001, 1.0])


def test_sleep_comes_after_the_interval() -> None:
    """The minimum is for the first sleep only; in version 1 for every sleep (M11)."""
    for version, slept in ((1, False), (2, True)):
        assert should_sleep(3, 1, interval=3, minimum=5, version=version) is slept
        assert not should_sleep(4, 0, interval=3, minimum=5, version=version)
        assert should_sleep(5, 0, interval=3, minimum=5, version=version)
        assert not should_sleep(2, 1, interval=3, minimum=0, version=version)


def test_what_comes_in_sleep_is_kept() -> None:
    """Until the brain wakes; version 1 loses it (M11)."""
    assert [is_kept_for_later(mode) for mode in ("online", "offline", "dreaming")] == [False, True, True]
    assert not is_kept_for_later("offline", version=1)
    assert [held(before, 3) for before in (0, 2, 3)] == [1, 3, 3]
    assert [next_sleep_in(since, 3) for since in (0, 3, 9)] == [3, 0, 0]
