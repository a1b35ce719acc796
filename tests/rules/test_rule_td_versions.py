"""TD(lambda) by version 1 beside version 2, and where exactly the bounds lie that both have."""

from collections.abc import Callable, Sequence
from functools import partial
from math import isclose
from statistics import pstdev
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jotty_events.rules.memory.goals import ValueRead
from jotty_events.rules.memory.values_in_words import Valued, learned_context, learned_context_with_traces
from jotty_events.rules.td.td_lambda import (
    Adaptation,
    access,
    adapt_alpha,
    carried_from,
    conclude_default,
    decay,
    discounted_return,
    held,
    transfer,
    updated_at,
)

STEADY = [0.1] * 10
SCATTERED = [0.0] * 9 + [1.0]


def both(rule: Callable[..., Any], *given: Any, **named: Any) -> tuple[Any, Any]:
    """Return what version 1 and version 2 conclude."""
    return rule(*given, **named, version=1), rule(*given, **named, version=2)


# Traces and returns.


def test_an_entry_that_is_used_again_adds_to_its_trace_in_version_1() -> None:
    """Version 2 renews the trace, so that alpha stays what it is (E6); others decay alike."""
    again = partial(access, {"a": 0.5, "b": 1.0}, "a", gamma=0.5, lambda_trace=0.5)
    assert both(again) == ({"a": 1.125, "b": 0.25}, {"a": 1.0, "b": 0.25})


@pytest.mark.parametrize(("trace", "kept"), [(1.05e-8, True), (1e-8, True), (0.99e-8, False)])
def test_a_trace_is_dropped_below_the_bound_only(trace: float, kept: bool) -> None:
    """The bound itself is kept."""
    assert ("a" in decay({"a": trace}, 1.0)) is kept


def test_version_1_adds_steps_one_by_one() -> None:
    """Ten tenths are not quite 1 as the original adds them; version 2 loses nothing on the way."""
    assert both(discounted_return, 0.0, STEADY, 1.0) == (0.9999999999999999, 1.0)


# Values.


def test_a_transfer_to_an_unknown_goal_starts_from_a_half_in_version_1() -> None:
    """In version 2 from the entry's default, so that good news raises what was read before (M5)."""
    assert both(carried_from, None, 0.9) == (ValueRead(0.5, "neutral"), ValueRead(0.9, "default"))
    after = [
        transfer(before=one.value, delta=0.05, similarity=0.7, weight=0.3, discount=0.5)
        for one in both(carried_from, None, 0.9)
    ]
    assert after == pytest.approx([0.50525, 0.90525])


def test_a_known_goal_starts_from_its_own_value() -> None:
    """Whatever the default is, by either version."""
    assert both(carried_from, 0.3, 0.9) == (ValueRead(0.3, "goal"), ValueRead(0.3, "goal"))


def test_the_default_is_learned_by_version_2_only() -> None:
    """The original never changes it (M4)."""
    assert both(conclude_default, before=0.5, alpha=0.5, return_=1.0, trace=0.5) == (0.5, 0.625)


@pytest.mark.parametrize(
    ("own", "transferred", "times"),
    [(3.0, True, (3.0, 9.0)), (3.0, False, (9.0, 9.0)), (None, True, (9.0, 9.0))],
)
def test_only_a_transfer_of_version_1_leaves_the_time(
    own: float | None, transferred: bool, times: tuple[float, float]
) -> None:
    """A value that was there keeps the time that it had; a new one has that of the transfer."""
    assert both(updated_at, 9.0, own, transferred=transferred) == times


# The learning rate.


def test_version_1_adapts_again_without_news() -> None:
    """Three calls on the same errors raise alpha three times (E7)."""

    def three(version: int) -> list[float]:
        alphas = [0.01]
        for _ in range(3):
            alphas.append(adapt_alpha(alphas[-1], errors=[0.001] * 10, fresh=0, version=version).after)
        return alphas[1:]

    assert three(1) == pytest.approx([0.011, 0.0121, 0.01331])
    assert three(2) == [0.01] * 3


@pytest.mark.parametrize(("fresh", "after"), [(0, 0.05), (1, 0.055), (2, 0.055)])
def test_one_new_sample_is_news(fresh: int, after: float) -> None:
    """Version 2 adapts as soon as there is one."""
    assert adapt_alpha(0.05, errors=[0.001] * 10, fresh=fresh).after == pytest.approx(after)


@pytest.mark.parametrize(
    ("recent", "seen"),
    [([0.405] * 10, False), ([True] * 4 + [False] * 6, False), ([0.395] * 10, True), ([0.0] * 10, True)],
)
def test_success_declines_by_more_than_a_tenth(recent: Sequence[float], seen: bool) -> None:
    """From a half to four of ten is no decline yet, less is one; version 1 sees none (M6)."""
    successes = [*([True] * 5 + [False] * 5), *recent]
    original, corrected = both(adapt_alpha, 0.01, errors=STEADY, successes=successes)
    assert original.after == 0.01
    assert corrected.after == pytest.approx(0.0105 if seen else 0.01)


@pytest.mark.parametrize(("count", "compared"), [(19, False), (20, True)])
def test_twenty_successes_are_compared(count: int, compared: bool) -> None:
    """Ten with the ten before them; of fewer nothing is known."""
    for found in both(adapt_alpha, 0.01, errors=STEADY, successes=[1.0] * count):
        assert (found.older_success is not None) is compared


@pytest.mark.parametrize(("errors", "after"), [([0.009] * 10, 0.055), ([0.01] * 10, 0.05), ([0.011] * 10, 0.05)])
def test_learning_is_slow_below_a_hundredth(errors: list[float], after: float) -> None:
    """The bound itself is not slow."""
    assert adapt_alpha(0.05, errors=errors).after == pytest.approx(after)


@pytest.mark.parametrize(("ones", "zeros", "after"), [(5, 12, 0.045), (10, 22, 0.05)])
def test_errors_scatter_above_one_and_a_half_means(ones: int, zeros: int, after: float) -> None:
    """A spread of 1.55 means is too much, one of 1.48 is not."""
    assert adapt_alpha(0.05, errors=[1.0] * ones + [0.0] * zeros).after == pytest.approx(after)


@pytest.mark.parametrize(("alpha", "errors", "after"), [(0.00105, SCATTERED, 0.001), (0.0995, [0.0] * 10, 0.1)])
def test_alpha_stays_between_its_bounds(alpha: float, errors: list[float], after: float) -> None:
    """It is not lowered below a thousandth, nor raised above a tenth, unless that is configured."""
    assert [one.after for one in both(adapt_alpha, alpha, errors=errors)] == [after, after]


def test_the_last_fifty_errors_count() -> None:
    """An old outlier is forgotten."""
    found = adapt_alpha(0.05, errors=[99.0] + [0.5] * 50)
    assert (found.samples, found.error_mean, found.error_std, found.after) == (50, 0.5, 0.0, 0.05)


def test_the_mean_of_errors_is_exact_in_version_2() -> None:
    """Version 1 adds them one by one, as the original did."""
    first, second = both(adapt_alpha, 0.05, errors=STEADY)
    assert (first.error_mean, second.error_mean) == (0.09999999999999999, 0.1)


@pytest.mark.parametrize(("before", "left"), [(0, 1), (4, 5), (5, 6), (6, 3)])
def test_samples_are_cut_when_they_are_more_than_two_windows(before: int, left: int) -> None:
    """Exactly two windows stay."""
    assert held(before, 3) == left


def plainly(alpha: float, errors: list[float], successes: list[bool]) -> float:
    """Adapt as the original's rule is written down (RULES R4), with its constants."""
    last = errors[-50:]
    if len(errors) < 10:
        return alpha
    mean = sum(last) / len(last)
    change = -0.1 if pstdev(last) > 1.5 * mean else 0.1 if mean < 0.01 else 0.0
    if len(successes) >= 20 and sum(successes) / 10 < sum(successes[-20:-10]) / 10 - 0.1:
        change += 0.05
    return max(0.001, min(0.1, alpha * (1 + change)))


@given(
    st.sampled_from([0.001, 0.02, 0.095]),
    st.lists(st.sampled_from([0.0, 0.003, 0.125, 1.0]), max_size=60),
    st.lists(st.booleans(), max_size=40),
    st.integers(0, 2),
)
def test_version_1_is_what_is_written_down(
    alpha: float, errors: list[float], successes: list[bool], fresh: int
) -> None:
    """With whatever news: alpha comes out as the rule says, and success never declines."""
    last = errors[-50:] or [0.0]
    mean = sum(last) / len(last)
    # On a bound itself the last digit decides, and that depends on how the sums are made.
    assume(not isclose(mean, 0.01) and (mean == 0 or not isclose(pstdev(last), 1.5 * mean)))
    found: Adaptation = adapt_alpha(alpha, errors=errors, successes=successes, fresh=fresh, version=1)
    assert found.after == pytest.approx(plainly(alpha, errors, successes), rel=1e-12)
    if found.recent_success is not None and found.older_success is not None:
        assert found.recent_success >= found.older_success


# In words.


def told(*values: float) -> list[tuple[str, float, int]]:
    return [(f"m{i}", value, i) for i, value in enumerate(values)]


@pytest.mark.parametrize(("value", "title"), [(0.7, ""), (0.705, "High"), (0.3, ""), (0.295, "Low")])
def test_what_stands_out_is_told_by_both(value: float, title: str) -> None:
    """Above 0.7 and below 0.3, the bounds themselves not (M7)."""
    original = learned_context_with_traces([Valued("m0", value, 0)], {})
    for text in (original, learned_context(told(value))):
        assert (title in text) if title else text == ""


def test_five_of_a_kind_are_told() -> None:
    """The highest and the lowest ones, among equals the oldest first."""
    values = (0.8, 0.9, 0.8, 0.75, 0.95, 0.71, 0.1, 0.2, 0.05, 0.1, 0.0, 0.25)
    original = learned_context_with_traces([Valued(name, value, nth) for name, value, nth in told(*values)], {})
    for text in (original, learned_context(told(*values))):
        lines = [line.removeprefix("- ").removeprefix("AVOID: ") for line in text.split("\n") if line[:1] == "-"]
        high, low = lines[:5], lines[5:]
        assert [line[:2] for line in high] == ["m4", "m1", "m0", "m2", "m3"]
        assert {line[:3].strip(" .") for line in low} >= {"m10", "m8", "m7"}
        assert len(low) == 5


@pytest.mark.parametrize(("value", "moved"), [(0.595, False), (0.605, True), (0.405, False), (0.395, True)])
def test_what_moved_by_more_than_a_tenth_is_told(value: float, moved: bool) -> None:
    """Since it was accessed, up or down."""
    text = learned_context_with_traces([Valued("m", value, 0, 0.5)], {})
    assert ("Recently" in text) is moved


@pytest.mark.parametrize(("trace", "relevant"), [(0.45, False), (0.5, False), (0.51, True)])
def test_a_trace_counts_above_a_half(trace: float, relevant: bool) -> None:
    """The strongest three are looked at."""
    text = learned_context_with_traces([Valued("m", 0.9, 0)], {0: trace})
    assert ("(trace=" in text) is relevant
