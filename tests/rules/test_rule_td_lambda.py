"""TD(lambda): traces, returns, values, transfer and the learning rate."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.td.td_lambda import (
    access,
    adapt_alpha,
    carried_from,
    conclude_default,
    conclude_value,
    decay,
    discounted_return,
    held,
    transfer,
    updated_at,
    value_at_access,
)

unit = st.floats(0, 1)


@pytest.mark.parametrize(("before", "return_", "after"), [(0.5, 0.0, 0.2), (0.5, 1.0, 0.8), (0.8, 1.0, 0.92)])
def test_the_values_of_the_demo(before: float, return_: float, after: float) -> None:
    """With alpha 0.6 and a fresh trace a memory goes from 0.5 to 0.2 or 0.8, and on to 0.92."""
    assert conclude_value(before=before, alpha=0.6, return_=return_, trace=1.0) == pytest.approx(after, rel=1e-12)


def test_many_accesses_leave_one_trace() -> None:
    """Twelve accesses act as one (E6); the original's traces add up to 8.757."""
    corrected: dict[str, float] = {}
    original: dict[str, float] = {}
    for _ in range(12):
        corrected = access(corrected, "m", gamma=0.99, lambda_trace=0.95)
        original = access(original, "m", gamma=0.99, lambda_trace=0.95, version=1)
    assert corrected == {"m": 1.0}
    assert original["m"] == pytest.approx(8.757, abs=1e-3)


def test_traces_decay_keep_their_order_and_drop_out() -> None:
    """An access decays the others; what falls below 1e-8 is dropped, and comes back at the end."""
    traces = access(
        access(access({}, "a", gamma=0.5, lambda_trace=0.4), "b", gamma=0.5, lambda_trace=0.4),
        "a",
        gamma=1,
        lambda_trace=1,
    )
    assert list(traces.items()) == [("a", 1.0), ("b", 1.0)]
    assert decay({"a": 1e-7, "b": 1.0}, 0.05) == {"b": 0.05}


keys = st.sampled_from("abc")
trajectories = st.lists(st.tuples(keys, st.sampled_from([0.0, 0.25, -1.5, 3.0])), min_size=1, max_size=25)


@given(trajectories, st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.sampled_from([0.0, 0.3, 0.95, 1.0]), unit, unit)
def test_a_trajectory_gives_what_its_definition_gives(
    steps: list[tuple[str, float]], gamma: float, lambda_trace: float, alpha: float, final: float
) -> None:
    """Traces are sums over accesses of (gamma * lambda) ** age, in version 2 the newest alone; the return is a sum."""
    taken = [key for key, _ in steps]
    ages = {key: [len(taken) - 1 - at for at, one in enumerate(taken) if one == key] for key in set(taken)}
    for version in (1, 2):
        traces: dict[str, float] = {}
        for key in taken:
            traces = access(traces, key, gamma=gamma, lambda_trace=lambda_trace, version=version)
        for key, known in ages.items():
            counted = known if version == 1 else known[-1:]
            defined = sum((gamma * lambda_trace) ** age for age in counted)
            assert traces.get(key, 0.0) == pytest.approx(defined, abs=1e-6)
        rewards = [reward for _, reward in steps if reward]
        found = discounted_return(final, rewards, gamma, version)
        assert found == pytest.approx(final + sum(reward * gamma**at for at, reward in enumerate(rewards)))
        for trace in traces.values():
            value = conclude_value(before=0.5, alpha=alpha, return_=found, trace=trace)
            assert value == pytest.approx(min(1.0, max(0.0, 0.5 + alpha * trace * (found - 0.5))))


def test_the_return_discounts_steps_but_not_the_end() -> None:
    """R = final + r0 + r1 * gamma + …, without bootstrapping."""
    assert discounted_return(0.5, [0.1, 0.2, 0.4], 0.5) == pytest.approx(0.5 + 0.1 + 0.1 + 0.1)
    assert discounted_return(0.25, [], 0.99) == 0.25


@given(unit, unit, st.floats(-5, 5), st.floats(0, 20))
def test_values_stay_between_zero_and_one(before: float, alpha: float, return_: float, trace: float) -> None:
    """No return and no trace takes a value out of [0, 1]."""
    assert 0.0 <= conclude_value(before=before, alpha=alpha, return_=return_, trace=trace) <= 1.0


def test_a_return_that_is_not_a_number_is_refused() -> None:
    """NaN never becomes a value (M16)."""
    with pytest.raises(ValueError, match="nan"):
        conclude_value(before=0.5, alpha=0.5, return_=nan, trace=1.0)


def test_a_positive_transfer_raises_what_the_related_goal_read_before() -> None:
    """Starting from the entry's default of 0.9, good news elsewhere is good news here (M5)."""
    assert transfer(before=0.9, delta=0.1, similarity=0.7, weight=0.3, discount=0.5) == pytest.approx(0.9105)
    assert transfer(before=0.9, delta=-9.0, similarity=1.0, weight=1.0, discount=1.0) == 0.0


def test_alpha_waits_for_ten_errors_and_for_news() -> None:
    """Too few errors, or none since the last time, leave alpha as it is (E7); the original adapted on every call."""
    tiny = [0.001] * 10
    assert adapt_alpha(0.05, errors=tiny[:9]).after == 0.05
    assert adapt_alpha(0.05, errors=tiny, fresh=0).after == 0.05
    assert adapt_alpha(0.05, errors=tiny, fresh=0, version=1).after == pytest.approx(0.055)


def test_alpha_rises_on_tiny_errors_and_falls_on_scattered_ones() -> None:
    """Slow learning speeds up, unstable learning slows down, both within their limits."""
    assert adapt_alpha(0.05, errors=[0.001] * 10).after == pytest.approx(0.055)
    scattered = adapt_alpha(0.05, errors=[0.0] * 9 + [1.0])
    assert scattered.after == pytest.approx(0.045)
    assert scattered.samples == 10
    assert scattered.error_mean == pytest.approx(0.1)
    assert scattered.error_std == pytest.approx(0.3)
    assert adapt_alpha(0.0999, errors=[0.001] * 10).after == 0.1


def test_a_decline_of_success_is_seen() -> None:
    """After fifteen successes and fifteen failures alpha rises by half a step (M6); the original never saw it."""
    steady = [0.1] * 10
    successes = [True] * 15 + [False] * 15
    corrected = adapt_alpha(0.01, errors=steady, successes=successes)
    assert (corrected.recent_success, corrected.older_success) == (0.0, 0.5)
    assert corrected.after == pytest.approx(0.0105)
    original = adapt_alpha(0.01, errors=steady, successes=successes, version=1)
    assert (original.recent_success, original.after) == (1.5, 0.01)


def test_the_return_of_version_1_is_added_from_left_to_right() -> None:
    """On every version of Python: 0.1 ten times is not 1 there, and is 1 in version 2."""
    steps = [0.1] * 10
    assert (discounted_return(0.0, steps, 1.0, 1), discounted_return(0.0, steps, 1.0)) == (0.9999999999999999, 1.0)


def test_a_default_is_learned_in_version_2_only() -> None:
    """By the formula of values (M4)."""
    defaults = [conclude_default(before=0.5, alpha=0.5, return_=1.0, trace=0.5, version=one) for one in (1, 2)]
    assert defaults == [0.5, 0.625]


def test_what_is_read_and_carried() -> None:
    """An access reads the goal's own value or the default; a transfer starts from these, in version 1 from 0.5 (M5)."""
    assert (value_at_access(0.2, 0.9), value_at_access(None, 0.9)) == ((0.2, "goal"), (0.9, "default"))
    assert [carried_from(own, 0.9) for own in (0.2, None)] == [(0.2, "goal"), (0.9, "default")]
    assert [carried_from(own, 0.9, 1) for own in (0.2, None)] == [(0.2, "goal"), (0.5, "neutral")]


def test_when_a_value_counts_as_learned() -> None:
    """Now, but for a transfer of version 1 to a value that was there."""
    assert updated_at(5.0, 1.0, transferred=True) == updated_at(5.0, 1.0, transferred=False, version=1) == 5.0
    assert updated_at(5.0, None, transferred=True, version=1) == 5.0
    assert updated_at(5.0, 1.0, transferred=True, version=1) == 1.0


def test_samples_are_cut_when_there_are_twice_as_many() -> None:
    """To the window."""
    assert [held(before, 3) for before in (0, 4, 5, 6)] == [1, 5, 6, 3]
