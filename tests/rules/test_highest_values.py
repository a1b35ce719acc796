"""The highest value in similar states, against a look at all of them."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jotty_events.rules.q import highest as highest_values
from jotty_events.rules.q.highest import HighestValues, plainly
from jotty_events.rules.words import index as word_index
from jotty_events.rules.words.index import WordIndex
from jotty_events.rules.words.similarity import nearness, similar

states = st.lists(st.sampled_from(["query:", "count", "sum", "p2p", "A", "a"]), max_size=4).map(" ".join)
values = st.sampled_from([0.0, 0.25, 0.25, 1.0])
steps = st.lists(st.tuples(st.sampled_from(["write", "write", "drop", "ask", "ask"]), states, values), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(states, values, max_size=12),
    steps,
    st.sampled_from([1, 5, 1024]),
    st.sampled_from([0, 3, 1024]),
    st.integers(0, 10),
)
def test_the_highest_value_is_that_of_a_look_at_all_similar_states(
    begun: dict[str, float], done: list[tuple[str, str, float]], few: int, packed: int, all_at: int
) -> None:
    """Whatever is written, dropped, asked before, at once too, and numbered anew: equal values, numbers, nearness."""
    held = {state: (value, nth) for nth, (state, value) in enumerate(begun.items())}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(highest_values, "_FEW", few)
        patch.setattr(word_index, "_FEW", packed)
        index, nth = WordIndex(held), len(held)
        highest = HighestValues(lambda asked: [held[state] for state in asked])
        for at, (step, state, value) in enumerate(done):
            if at == all_at:
                highest.learn_all(index)
            if step == "write":
                held[state] = value, held.get(state, (0.0, nth))[1]
                index.add(state)
                nth += 1
            elif step == "drop":
                held.pop(state, None)
                index.discard(state)
            if step != "ask":
                highest.change(state)
            found = [(*held[one], nearness(state, one)) for one in held if similar(state, one)]
            assert highest.near(index, state) == plainly(found)


def test_what_was_asked_for_is_not_asked_for_again() -> None:
    """A second search asks for what changed since, and for nothing else."""
    held = {"a b c": (0.5, 0), "a b d": (0.25, 1), "z": (1.0, 2)}
    asked: list[str] = []

    def ask(texts: Sequence[str]) -> list[tuple[float, int]]:
        asked.extend(texts)
        return [held[text] for text in texts]

    highest = HighestValues(ask)
    index = WordIndex(held)
    assert highest.near(index, "a b") == (0.5, 0, 2 / 3)
    assert sorted(asked) == ["a b c", "a b d"]
    held["a b d"] = 0.75, 1
    highest.change("a b d")
    for _ in range(2):
        assert highest.near(index, "a b") == (0.75, 1, 2 / 3)
        assert asked[2:] == ["a b d"]
    assert highest.near(index, "y") is None


def test_changes_after_which_nobody_asks_do_not_pile_up() -> None:
    """A table that learns for long without a look at its highest values holds no list of all that changed."""
    held = {f"a {number}": (number / 5000, number) for number in range(3000)}
    highest, index = HighestValues(lambda asked: [held[text] for text in asked]), WordIndex(held)
    highest.learn_all(index)
    for number, state in enumerate(held):
        held[state] = 1 - number / 5000, number
        highest.change(state)
        assert len(highest._changed) <= highest_values._FEW
    assert [highest.near(index, state) for state in ("a 0", "a 2999")] == [(1.0, 0, 1.0), (1 - 2999 / 5000, 2999, 1.0)]


def test_all_states_are_learned_where_they_stand_after_some_went() -> None:
    """States that went from the index, packed or not, or came back to it, shift no others."""
    held = {text: (number / 10, number) for number, text in enumerate(["a b", "c d", "e f", "g h"])}
    index = WordIndex(["a b", "gone", "c d"])
    for text in ("e f", "gone too", "g h"):
        index.add(text)
    for text in ("gone", "gone too", "a b"):
        index.discard(text)
    index.add("a b")
    highest = HighestValues(lambda asked: [held[text] for text in asked])
    highest.learn_all(index)
    assert [highest.near(index, text) for text in held] == [(*one, 1.0) for one in held.values()]


def test_what_was_asked_for_at_once_is_not_asked_for_again() -> None:
    """All states of a new index are asked for once, and after that those that changed."""
    held = {"a b c": (0.5, 0), "a b d": (0.25, 1), "": (1.0, 2)}
    asked: list[list[str]] = []

    def ask(texts: Sequence[str]) -> list[tuple[float, int]]:
        asked.append(list(texts))
        return [held[text] for text in texts]

    highest, index = HighestValues(ask), WordIndex(held)
    highest.learn_all(index)
    assert [highest.near(index, "a b"), highest.near(index, "")] == [(0.5, 0, 2 / 3), (1.0, 2, 1.0)]
    held["a b d"] = 0.75, 1
    highest.change("a b d")
    assert highest.near(index, "a b") == (0.75, 1, 2 / 3)
    assert asked == [["a b c", "a b d", ""], ["a b d"]]
