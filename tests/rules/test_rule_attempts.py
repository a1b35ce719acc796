"""Attempts and episodes: texts, choices, and what an episode comes to; and sums that no version of Python changes."""

from typing import NamedTuple

import pytest

from jotty_events.rules import attempts
from jotty_events.rules.brain import patterns as brain
from jotty_events.rules.memory import causal
from jotty_events.rules.memory import entries as memory
from jotty_events.rules.memory.goals import value_with_transfer
from jotty_events.rules.td.td_lambda import adapt_alpha, conclude_alpha, discounted_return
from jotty_events.rules.todo import replanning
from jotty_events.rules.todo import tasks as todo


class Candidate(NamedTuple):
    approach: str
    q: float
    tried: bool = False


class Result(NamedTuple):
    success: bool
    reward: float


def test_an_attempt_is_known_by_goal_and_actor_and_by_its_approach() -> None:
    """The state names goal and actor; the action names the approach, or the actor where there is none."""
    assert attempts.described("Count", "a") == "QUERY: Count | INTENT: COUNT | ACTOR: a"
    assert attempts.described_action("by date", "a") == "APPROACH: by date"
    assert attempts.described_action(None, "a") == "ACTOR: a"


def test_the_best_approach_that_was_not_tried_is_taken() -> None:
    """What failed in this round waits for the others; a draw below epsilon explores among these as well."""
    known = [Candidate("best", 0.9, tried=True), Candidate("low", 0.1), Candidate("high", 0.6)]
    assert attempts.take(known, epsilon=0.0, draw=0.0, pick=0.0) == ("high", False)
    assert attempts.take(known, epsilon=0.5, draw=0.4, pick=0.4) == ("low", True)
    assert attempts.take([], epsilon=1.0, draw=0.0, pick=0.0) == (None, False)
    with pytest.raises(ValueError, match="nothing to choose"):
        attempts.take([Candidate("only", 0.5, tried=True)], epsilon=0.0, draw=0.0, pick=0.0)


def test_an_episode_succeeds_if_all_actors_do() -> None:
    """The reward is the mean over all actors, those that never tried included."""
    results = [Result(True, 1.0), Result(False, 0.25), Result(False, 0.0), Result(True, 1.0)]
    assert not attempts.succeeded(results)
    assert attempts.succeeded(results[::3])
    assert attempts.episode_reward(results) == 0.5625
    with pytest.raises(ValueError, match="without an actor"):
        attempts.episode_reward([])


def test_sums_are_the_same_in_every_version_of_python() -> None:
    """The built-in sum rounds otherwise since 3.12: ten tenths are 1.0 here, wherever this runs."""
    assert discounted_return(0.0, [0.1] * 10, 1.0) == 1.0
    assert attempts.episode_reward([Result(True, 0.1)] * 10) == 0.1
    assert value_with_transfer(None, 0.0, others=[(0.1, 1.0)] * 10, weight=1.0).value == 1.0
    assert adapt_alpha(0.05, errors=[0.1] * 10).error_mean == 0.1


def test_alpha_follows_from_the_statistics_that_are_recorded() -> None:
    """Scattered errors lower it, tiny ones raise it, declining success raises it half as much; within its limits."""

    def after(mean: float, std: float, recent: float | None = None, rate: float = 0.1) -> float:
        return conclude_alpha(
            0.5,
            error_mean=mean,
            error_std=std,
            recent_success=recent,
            older_success=None if recent is None else 0.9,
            rate=rate,
            alpha_min=0.1,
            alpha_max=0.9,
            unstable_above=1.5,
            slow_below=0.01,
        )

    assert after(0.1, 0.151) == 0.45
    assert after(0.1, 0.149) == 0.5
    assert after(0.0099, 0.0) == 0.55
    assert after(0.1, 0.0, 0.79) == 0.525
    assert after(0.1, 0.0, 0.81) == 0.5
    assert (after(0.1, 1.0, rate=1.0), after(0.0, 0.0, rate=1.0)) == (0.1, 0.9)


def test_what_was_not_given_starts_in_the_middle() -> None:
    """An entry starts at 0.5 and so does a link, unless something else was said; 0.0 is something."""
    assert [memory.starting_value(one) for one in (None, 0.0, 0.9)] == [0.5, 0.0, 0.9]
    assert [causal.starting_confidence(one) for one in (None, 0.0, 0.7, 1.0)] == [0.5, 0.1, 0.7, 0.99]


def test_a_replay_strengthens_and_a_reward_moves_what_is_expected() -> None:
    """A tenth more, at most 2; and a tenth of the way towards the reward."""
    assert [brain.strengthened(one) for one in (1.0, 1.9, 2.0)] == [1.1, 2.0, 2.0]
    assert brain.expectation(0.5, 1.0) == pytest.approx(0.55, rel=1e-15)


def test_a_list_is_named_by_its_goal_and_time() -> None:
    """The id is the MD5 of both; a whole second reads the same from every clock."""
    assert todo.todo_id("g", 5.0) == "66783b4dafd694d4f5e3e554d155b302"
    assert todo.todo_id("g", 5) == todo.todo_id("g", 5.0) != todo.todo_id("g", 5.5)
    assert (replanning.replan_actions(None), replanning.replan_actions(["a"])) == ([], ["reordered by priority"])
