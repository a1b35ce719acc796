"""The hippocampal filter: salience, novelty, relevance, and what is expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.brain.hippocampus import (
    Running,
    Weights,
    digest,
    has_to_go,
    is_judged,
    judge,
    novelty,
    relevance,
    salience,
)

unit = st.floats(0, 1)


@pytest.mark.parametrize(
    ("reward", "expected", "found"),
    [
        (0.5, 0.5, 0.0),
        (0.7, 0.5, 0.4),
        (0.9, 0.5, 0.8),
        (0.91, 0.91, 0.3),
        (0.1, 0.1, 0.0),
        (0.09, 0.09, 0.3),
        (0.95, 0.5, 1.0),
        (0.0, 1.0, 1.0),
        (0.3, 1.0, 1.0),
    ],
)
def test_a_reward_stands_out_by_its_surprise(reward: float, expected: float, found: float) -> None:
    """Twice the distance from what was expected, 0.3 more above 0.9 and below 0.1, at most 1."""
    assert salience(reward, expected) == pytest.approx(found, abs=1e-12)


def test_a_content_is_new_once() -> None:
    """Then it is familiar."""
    assert (novelty(False), novelty(True)) == (0.8, 0.2)
    assert digest("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


@pytest.mark.parametrize(
    ("length", "found"),
    [(1, 0.3004), (100, 0.34), (101, 0.4004), (500, 0.56), (501, 0.6204), (1000, 0.82), (5000, 0.82)],
)
def test_relevance_follows_the_length(length: int, found: float) -> None:
    """0.4 for a thousand characters, and 0.6 of 0.5, 0.6 or 0.7 for what is short, longer than 100, than 500."""
    assert relevance("x" * length, "goal") == pytest.approx(found, rel=1e-12)


def test_relevance_is_not_judged_without_a_goal_or_a_content() -> None:
    """It is 0.5 then, and no sample."""
    assert (relevance("x", ""), relevance("", "goal")) == (0.5, 0.5)
    assert (is_judged("x", ""), is_judged("", "g"), is_judged("x", "g")) == (False, False, True)
    running = Running(0.25, 0.5, 3)
    judged = judge("x", 0.5, "", expected=0.5, seen=False, running=running, threshold=0.4)
    assert judged.running == running


def test_the_strength_of_an_experience() -> None:
    """A worked value of the original: 0.3 of salience, 0.4 of novelty, 0.3 of relevance."""
    judged = judge("x" * 44, 0.95, "goal", expected=0.5, seen=False, running=Running(), threshold=0.4)
    assert judged[:4] == pytest.approx((1.0, 0.8, 0.3176, 0.71528))
    assert judged.remembered
    assert judged.expected_reward == pytest.approx(0.545)
    assert judged.running == pytest.approx((0.3176, 0.0, 1))


def test_what_reaches_the_threshold_is_remembered() -> None:
    """A strength that is just as great is enough; and the weights are those that are given."""
    only_novelty = Weights(0.0, 1.0, 0.0)
    for threshold, remembered in ((0.8, True), (0.81, False)):
        judged = judge(
            "x", 0.5, "g", expected=0.5, seen=False, running=Running(), weights=only_novelty, threshold=threshold
        )
        assert (judged.strength, judged.remembered) == (0.8, remembered)


def test_running_figures_begin_with_a_guess() -> None:
    """0.5 and 0.2 before there are samples; then the mean and the deviation of a sample."""
    running = Running()
    assert (running.middle, running.spread) == (0.5, 0.2)
    running = running.with_one_more(0.3176)
    assert (running.middle, running.spread, running.samples) == (0.3176, 0.2, 1)
    running = running.with_one_more(0.3252)
    assert (running.middle, running.spread) == pytest.approx((0.3214, 0.005374011537017739))


@given(st.lists(unit, min_size=2, max_size=30))
def test_running_figures_are_those_of_all_samples(values: list[float]) -> None:
    """Whatever their order."""
    running = Running()
    for value in values:
        running = running.with_one_more(value)
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    assert running.mean == pytest.approx(mean)
    assert running.squares == pytest.approx(squares, abs=1e-9)
    assert running.spread == pytest.approx((squares / (len(values) - 1)) ** 0.5, abs=1e-6)


def test_the_oldest_content_goes_for_a_new_one() -> None:
    """From a thousand on (E5), and never in version 1."""
    assert [has_to_go(known, False) for known in (999, 1000)] == [False, True]
    assert not has_to_go(1000, True)
    assert not has_to_go(5000, False, version=1)
