"""Q-learning by version 1 beside version 2: where the original's rules differ from the corrected ones."""

import random
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_q_table import Table

from jotty_events.rules.q.learning import (
    UNKNOWN,
    QConclusion,
    best_next,
    choose,
    conclude_update,
    estimate,
    evict,
    evict_sorted,
    greedy,
    priority,
)
from jotty_events.rules.q.lessons import lesson
from jotty_events.rules.q.replay import drawn, reweigh
from jotty_events.rules.words.similarity import similar
from jotty_events.rules.words.text_form import describe_action, describe_state
from jotty_events.rules.words.text_shapes import Crash

phrases = st.lists(st.sampled_from(["a", "b", "c", "d", "B"]), max_size=4).map(" ".join)
tables = st.lists(st.tuples(phrases, phrases, st.sampled_from([0.0, 0.2, 0.5, 0.9])), max_size=8).map(
    lambda rows: Table(*rows)
)


@given(tables, phrases, phrases)
def test_version_1_reads_the_first_similar_entry(table: Table, state: str, action: str) -> None:
    """Of all entries with similar texts the one with the lowest number counts, however near others are (D1)."""
    found = estimate(table, state, action, version=1)
    own = table.entry(state, action)
    alike = [row for (s, a), row in table.rows.items() if similar(s, state) and similar(a, action)]
    first = min(alike, key=lambda row: row.nth, default=None)
    if own is not None:
        assert (found.value, found.nth, found.raw, found.similarity) == (own.value, own.nth, own.value, 1.0)
    elif first is None:
        assert found == UNKNOWN
    else:
        assert (found.value, found.nth, found.raw) == (0.9 * first.value, first.nth, first.value)


def test_the_first_and_the_nearest_differ() -> None:
    """Version 1 takes what was there first, version 2 what is nearest (D1)."""
    table = Table(("a b c d", "x", 0.25), ("a b c", "x", 0.75))
    assert estimate(table, "a b c e", "x", version=1).nth == 0
    assert estimate(table, "a b c e", "x").nth == 1


@given(tables, phrases)
def test_version_1_takes_zero_for_unknown(table: Table, state: str) -> None:
    """The highest value of similar states is the next one, and where that is 0.0 the default is read (M19)."""
    values = [row.value for (known, _), row in table.rows.items() if similar(known, state)]
    found = best_next(table, state, version=1)
    assert found.value == ((max(values, default=0.0) or 0.5) if state else 0.0)


def test_zero_is_a_value_in_version_2() -> None:
    """Where all actions of a state are known to be worth nothing, nothing is expected of it (M19)."""
    table = Table(("a", "x", 0.0), ("a", "y", 0.0))
    assert (best_next(table, "a").value, best_next(table, "a", version=1).value) == (0.0, 0.5)


def conclude(reward: float, version: int, before: float = 0.5) -> QConclusion:
    return conclude_update(
        reward=reward,
        done=True,
        before=before,
        next_max=0.5,
        alpha=0.1,
        gamma=0.99,
        visits_before=0,
        average_before=0.0,
        version=version,
    )


def test_version_1_learns_from_any_finite_reward() -> None:
    """A reward of 1.7 moves the value by its whole error; version 2 refuses it."""
    found = conclude(1.7, 1)
    assert (found.td_error, found.average_reward) == (1.2, 1.7)
    assert found.after == pytest.approx(0.62, rel=1e-12)
    assert priority(1.7, 0.5, version=1) == pytest.approx(1.1211693641406022, rel=1e-12)
    assert (conclude(-30.0, 1).after, conclude(30.0, 1).after) == (0.0, 1.0)
    for refused in (lambda: conclude(1.7, 2), lambda: priority(1.7, 0.5)):
        with pytest.raises(ValueError, match="must be in"):
            refused()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("reward", [nan, inf, -inf], ids=str)
def test_no_version_learns_from_what_is_no_number(version: int, reward: float) -> None:
    """A reward that is not a finite number is an error, never a value of 1.0 (M16)."""
    with pytest.raises(ValueError, match="must be"):
        conclude(reward, version)
    with pytest.raises(ValueError, match="must be"):
        priority(reward, 0.5, version=version)


@given(st.lists(st.sampled_from([0.1, 0.5, 0.7]), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_version_1_sorts_the_buffer_and_drops_the_first(priorities: list[float], rng: random.Random) -> None:
    """The least priority goes, of equal ones the first that stands there; the others stand by their priorities."""
    numbers = list(range(len(priorities)))
    rng.shuffle(numbers)
    buffer = list(zip(numbers, priorities, strict=True))
    nth, order = evict_sorted(buffer)
    least = min(priorities)
    assert nth == next(one for one, kept in buffer if kept == least)
    assert sorted([nth, *order]) == sorted(numbers)
    by = dict(buffer)
    places = {one: place for place, one in enumerate(numbers)}
    assert order == sorted(order, key=lambda one: (by[one], places[one]))


def test_the_newest_experience_stays_in_version_2() -> None:
    """Version 1 drops an unsurprising newest experience at once, version 2 the next least (M15)."""
    buffer = [(0, 0.9), (1, 0.5), (2, 0.1)]
    assert (evict_sorted(buffer), evict(buffer)) == ((2, [1, 0]), 1)
    with pytest.raises(ValueError, match="none to let go"):
        evict_sorted([])


@given(st.lists(st.floats(0.01, 9.0), min_size=1, max_size=9), st.integers(0, 99), st.integers(1, 9))
def test_a_replay_draws_as_random_choices_does(priorities: list[float], seed: int, count: int) -> None:
    """From one number in [0, 1) each, the same places are drawn as by the standard library with these weights."""
    rng = random.Random(seed)
    draws = [rng.random() for _ in range(count)]
    expected = random.Random(seed).choices(range(len(priorities)), weights=priorities, k=count)
    assert drawn(priorities, draws) == expected


@pytest.mark.parametrize("priorities", [[], [0.5, 0.0], [0.5, -1.0]], ids=["none", "zero", "negative"])
def test_a_replay_needs_priorities_above_zero(priorities: list[float]) -> None:
    """A weight that can never be drawn is an error."""
    with pytest.raises(ValueError, match="above zero"):
        drawn(priorities, [0.5])


def test_what_was_replayed_surprises_less() -> None:
    """The error left is that of the value as it is now, and the priority follows from it (M15)."""
    assert list(reweigh(1.0, 0.75)) == pytest.approx([0.25, 0.26**0.6], rel=1e-12)


def test_the_greedy_choice_is_the_first_of_the_highest() -> None:
    """Ties go to the first; nothing to choose from is an error."""
    assert (greedy([0.1, 0.5, 0.5]), choose([0.1, 0.5], epsilon=0.0, draw=0.0, pick=0.0).index) == (1, 1)
    with pytest.raises(ValueError, match="nothing to choose"):
        greedy([])


STATES = [
    ({}, "Initial state (no history)", "Initial state (no history)"),
    ({"query": "helm chart of the account service"}, "| INTENT: COUNT | TEMPORAL: LAST_MONTH", ""),
    ({"query": "Summary"}, "| INTENT: SUM", ""),
    ({"goal": "Count", "actor": "a", "completed": ["b"]}, "STATE_KEYS: goal,actor,completed", "QUERY: Count"),
    ({"goal": "g", "attempts": 1, "actor": "b"}, "ATTEMPTS: 1", "QUERY: g | ATTEMPTS: 1 | ACTOR: b"),
    ({"query": "x", "goal": "g"}, "QUERY: x", "QUERY: x | GOAL: g"),
    ({"query": "x", "filters": {"yesterday": 1, "MTD": 2}}, "TEMPORAL: YESTERDAY |", "TEMPORAL: YESTERDAY+MTD"),
    ({"filters": "today"}, "TEMPORAL: TODAY | FILTER_EXPR: today", "TEMPORAL: TODAY | FILTER_EXPR: today"),
    ({"query": ""}, "QUERY: ", "QUERY: "),
    ({"tool_calls": [{"tool": "a"}, "b"]}, "TOOLS_USED: a,b", "TOOLS_USED: a,b"),
]


@pytest.mark.parametrize(("state", "first", "second"), STATES, ids=range(len(STATES)))
def test_the_texts_of_both_versions(state: dict[str, object], first: str, second: str) -> None:
    """Version 1 knows neither goal nor actor (M8), and finds names inside of words (M18)."""
    assert first in describe_state(state, version=1)
    assert second in describe_state(state)


def test_a_tool_call_without_a_tool_crashes_version_1_only() -> None:
    """The original raises a TypeError for a call without `tool`; version 2 takes its name, or passes it over (M17)."""
    state = {"tool_calls": [{"tool": "a"}, {"name": "search"}, {}]}
    with pytest.raises(TypeError, match="names no tool") as raised:
        describe_state(state, version=1)
    assert isinstance(raised.value, Crash | ValueError)
    assert describe_state(state) == "TOOLS_USED: a,search"
    assert describe_state({"tool_calls": "a"}, version=1) == "STATE_KEYS: tool_calls"


@given(st.dictionaries(st.sampled_from(["actor", "task", "sql", "filters", "x"]), st.text(max_size=5)))
def test_actions_have_one_text_in_all_versions(action: dict[str, str]) -> None:
    """No defect touches the text of an action."""
    assert describe_action(action, version=1) == describe_action(action)


def test_version_1_names_no_approach_in_a_lesson() -> None:
    """Only version 2 says what to do again."""
    said = {"state": "QUERY: q", "action": "APPROACH: broad", "reward": 0.9, "td_error": 0.5}
    assert lesson(**said, version=1) == "✅ SUCCESS: Query='q' (reward=0.90)"  # type: ignore[arg-type]
    assert "approach=broad" in str(lesson(**said))  # type: ignore[arg-type]
