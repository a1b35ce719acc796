"""Q-learning: lookup, update, choice, buffer and lessons."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_q_table import Table

from jotty_events.rules.q.learning import (
    NO_NEXT,
    UNKNOWN,
    Estimate,
    QConclusion,
    best_next,
    choose,
    clamp01,
    conclude_update,
    estimate,
    evict,
    lesson,
    priority,
)
from jotty_events.rules.words.similarity import nearness, similar

unit = st.floats(0, 1)


def conclude(reward: float, before: float, alpha: float = 0.6) -> QConclusion:
    return conclude_update(
        reward=reward,
        done=True,
        before=before,
        next_max=0.5,
        alpha=alpha,
        gamma=0.99,
        visits_before=0,
        average_before=0.0,
    )


@pytest.mark.parametrize(
    ("before", "reward", "after"), [(0.5, 0.0, 0.2), (0.5, 1.0, 0.8), (0.72, 1.0, 0.888), (0.8, 1.0, 0.92)]
)
def test_the_numbers_of_the_demo(before: float, reward: float, after: float) -> None:
    """With alpha 0.6 a failure takes 0.5 to 0.2, a success to 0.8; later ones 0.72 to 0.888 and 0.8 to 0.92."""
    assert conclude(reward, before).after == pytest.approx(after, rel=1e-12)


def test_an_update_bootstraps_unless_the_episode_is_done() -> None:
    """The target is reward + gamma * next_max; the error is kept unclamped, the value is not."""
    going = conclude_update(
        reward=1.0,
        done=False,
        before=0.5,
        next_max=0.5,
        alpha=0.3,
        gamma=0.9,
        visits_before=3,
        average_before=0.5,
    )
    assert going == pytest.approx((1.45, 0.95, 0.785, 4, 0.625))
    assert conclude(1.0, 0.5).target == 1.0


@given(unit, st.booleans(), unit, unit, unit, unit, st.integers(0, 9), unit)
def test_what_is_learned_stays_between_zero_and_one(
    reward: float, done: bool, before: float, next_max: float, alpha: float, gamma: float, visits: int, average: float
) -> None:
    """Whatever was observed and read, value and average reward are in [0, 1] and visits grow by one."""
    found = conclude_update(
        reward=reward,
        done=done,
        before=before,
        next_max=next_max,
        alpha=alpha,
        gamma=gamma,
        visits_before=visits,
        average_before=average,
    )
    assert 0.0 <= found.after <= 1.0
    assert 0.0 <= found.average_reward <= 1.0 + 1e-12
    assert found.visits == visits + 1


@pytest.mark.parametrize("reward", [nan, inf, -inf, -0.001, 1.001])
def test_a_reward_that_is_no_reward_is_refused(reward: float) -> None:
    """NaN became 1.0 in the original's clamp (M16); here it is an error, like anything outside [0, 1]."""
    with pytest.raises(ValueError, match="reward"):
        conclude(reward, 0.5)
    with pytest.raises(ValueError, match="reward"):
        priority(reward, 0.5)
    with pytest.raises(ValueError, match="number"):
        clamp01(nan)


@pytest.mark.parametrize("bad", [nan, inf])
def test_a_value_or_rate_that_is_not_finite_is_refused(bad: float) -> None:
    """Nothing that is not a number enters the table by the side of the reward (M16)."""
    with pytest.raises(ValueError, match="finite"):
        conclude(0.5, bad)
    with pytest.raises(ValueError, match="finite"):
        conclude(0.5, 0.5, alpha=bad)


def test_the_entry_itself_is_taken_as_it_is() -> None:
    """An exact entry counts in full, also at 0.5 or 0.0, though a similar one is worth more."""
    table = Table(("a b c d", "x", 0.0), ("a b c e", "x", 0.9))
    assert estimate(table, "a b c d", "x") == Estimate(0.0, 0, 0.0, 1.0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_nearest_similar_entry_counts_whatever_the_order(order: tuple[int, ...]) -> None:
    """The nearest of the similar entries counts at 0.9; among equally near ones the highest (D1)."""
    entries = [("a b c d x y z", "do it", 1.0), ("a b c d e", "do it", 0.25), ("a b c d f", "do it", 0.75)]
    found = estimate(Table(*(entries[place] for place in order)), "a b c d", "do it")
    assert found.raw == 0.75
    assert found.value == pytest.approx(0.675)
    assert found.similarity == pytest.approx(0.8)
    assert found.nth == order.index(2)


def test_both_state_and_action_must_be_similar() -> None:
    """A similar state with another action says nothing, nor the action in another state."""
    table = Table(("a b c d", "left", 0.9), ("z", "right", 0.9))
    assert estimate(table, "a b c e", "right") == UNKNOWN == Estimate(0.5, None, None, 0.0)
    assert estimate(Table(), "s", "a") == UNKNOWN


states = st.lists(st.sampled_from("abcde"), max_size=5).map(" ".join)
actions = st.lists(st.sampled_from("xyz"), max_size=3).map(" ".join)


@given(st.lists(st.tuples(states, actions, unit), max_size=12, unique_by=lambda entry: entry[:2]), states, actions)
def test_the_estimate_is_that_of_looking_at_every_entry(
    entries: list[tuple[str, str, float]], state: str, action: str
) -> None:
    """Stopping early at states further away than the best pair misses nothing."""
    found = estimate(Table(*entries), state, action)
    pairs = [
        (-nearness(state, s) * nearness(action, a), -value, s, a)
        for s, a, value in entries
        if similar(state, s) and similar(action, a)
    ]
    exact = [value for s, a, value in entries if (s, a) == (state, action)]
    expected = exact[0] if exact else -min(pairs)[1] * 0.9 if pairs else 0.5
    assert found.value == pytest.approx(expected)


def test_the_best_next_value_may_be_zero() -> None:
    """Where every known action is worth 0.0, so is the next state (M19); what is unknown is worth 0.5."""
    table = Table(("a b c d", "x", 0.0), ("z", "x", 0.9))
    assert best_next(table, "a b c d") == Estimate(0.0, 0, 0.0, 1.0)
    assert best_next(table, "elsewhere") == UNKNOWN


def test_the_best_next_value_is_the_highest_then_the_oldest_undiscounted() -> None:
    """Any action counts, similarity costs nothing, and among equals the first entry is named."""
    table = Table(("a b c d", "x", 0.7), ("a b c e", "y", 0.7), ("a b c d", "z", 0.2))
    assert best_next(table, "a b c e")[:3] == (0.7, 0, 0.7)
    assert best_next(table, None) == best_next(table, "") == NO_NEXT


@given(st.lists(unit, min_size=1, max_size=6), unit, st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_a_choice_explores_just_when_the_draw_says_so(
    values: list[float], epsilon: float, draw: float, pick: float
) -> None:
    """Below epsilon the pick decides, otherwise the first of the highest values."""
    choice = choose(values, epsilon=epsilon, draw=draw, pick=pick)
    assert choice.explored == (draw < epsilon)
    best = values.index(max(values))
    assert choice.index == (min(int(pick * len(values)), len(values) - 1) if choice.explored else best)


def test_there_must_be_something_to_choose_from() -> None:
    """No candidates is an error of the caller."""
    with pytest.raises(ValueError, match="choose"):
        choose([], epsilon=0.1, draw=0.5, pick=0.5)


def test_the_priority_is_the_surprise() -> None:
    """(|reward - Q| + 0.01) ** 0.6."""
    assert priority(1.0, 0.5) == pytest.approx(0.667639626731701, rel=1e-12)


def test_the_newest_experience_stays_though_nothing_surprised() -> None:
    """The least surprising goes, the oldest among equals, and never the one just added (M15)."""
    assert evict([(4, 0.9), (5, 0.3), (6, 0.3), (7, 0.1)]) == 5
    with pytest.raises(ValueError, match="capacity"):
        evict([(1, 0.5)])


@given(st.lists(st.tuples(st.integers(0, 99), unit), min_size=2, unique_by=lambda pair: pair[0]))
def test_eviction_never_takes_the_newest_and_does_not_mind_the_order(buffer: list[tuple[int, float]]) -> None:
    """What goes is in the buffer, is not its newest, and is the same in any order."""
    gone = evict(buffer)
    assert gone in {nth for nth, _ in buffer} - {max(nth for nth, _ in buffer)}
    assert evict(sorted(buffer)) == gone


FULL = "DOMAIN: UPI | QUERY: q | COLS_TRIED: a,b | RESOLUTION: fix | TABLES: t"


@pytest.mark.parametrize(
    ("state", "action", "reward", "td_error", "taught"),
    [
        ("s", "a", 0.9, 0.0999, None),
        ("s", "a", 0.9, 0.1, "✅ SUCCESS: s... → a... (reward=0.90)"),
        ("s", "a", 0.29, 0.5, "❌ FAILED: s... → a... (reward=0.29)"),
        ("s", "a", 0.7, 0.2, None),
        ("s", "a", 0.7, 0.21, "📈 DISCOVERY: s... → a... performed better than expected (actual=0.70, expected=0.49)"),
        ("s", "a", 0.3, -0.21, "📉 CAUTION: s... → a... performed worse than expected (actual=0.30, expected=0.51)"),
        (
            FULL,
            "TOOL: x | PARTITION: p",
            0.1,
            -0.4,
            "❌ AVOID: Domain=UPI; Query='q'; tried [a,b]; Resolution: fix; tables=t; tool=x; partition=p → FAILED "
            "(reward=0.10)",
        ),
        ("QUERY: q | WORKING_COL: w", "a", 0.71, 0.4, "✅ LEARNED: Query='q'; use [w] instead → SUCCESS (reward=0.71)"),
        ("QUERY: q", "APPROACH: index", 1.0, 0.5, "✅ SUCCESS: Query='q'; approach=index (reward=1.00)"),
    ],
)
def test_lessons_say_what_was_learned(
    state: str, action: str, reward: float, td_error: float, taught: str | None
) -> None:
    """A lesson follows from reward and surprise, and names what the texts say."""
    assert lesson(state=state, action=action, reward=reward, td_error=td_error) == taught


def test_version_one_does_not_name_the_approach() -> None:
    """The original's lessons know no approach."""
    assert lesson(state="QUERY: q", action="APPROACH: index", reward=1.0, td_error=0.5, version=1) == (
        "✅ SUCCESS: Query='q' (reward=1.00)"
    )
