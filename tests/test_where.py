"""Conditions that are written as text: what they say of a state, and what is refused before any state is looked at."""

import warnings
from contextlib import suppress

import pytest
from by_hand import episode_end, evicted, goal, history, pattern, q, started, stored
from generators import example_of
from hypothesis import example, given
from hypothesis import strategies as st

from jotty_events import State
from jotty_events.errors import ConditionError
from jotty_events.events import AlphaAdapted, TaskAdded
from jotty_events.verbs.where import DEEPEST, LONGEST, Where
from jotty_events.verbs.where_names import NAMES, VALUE, Shape


def known() -> State:
    """Return a state of two Q-values, four memories, a goal, two patterns, a task and two episodes."""
    return history(
        [q(0.25), q(0.75, "stay", "t", 1)],
        [stored("one", 0), stored("two", 1, value=0.9), stored("three", 2, "meta"), stored("four", 3, owner="analyst")],
        [stored("gone", 4), evicted("gone")],
        [goal("count", 0), goal("sum", 1, "analyst"), pattern(0, 0.4), pattern(1, 0.6)],
        [example_of(TaskAdded, task="t1", assignee="analyst", nth=0, blocks=[])],
        [example_of(AlphaAdapted, learner="q", cause="errors", after=0.125)],
        [started(1)],
        [episode_end(1), started(2)],
    ).at()


KNOWN = known()


@pytest.mark.parametrize(
    "text",
    [
        'q_table["s", "go"].value < 0.3',
        'q_table["s", "go"].value == 0.25 and q_table["t", "stay"].visits == 2',
        '0.2 < q_table["s", "go"].value <= 0.25',
        '("s", "go") in q_table',
        '("s", "fly") not in q_table',
        "len(q_table) == 2",
        "q_table.count() == 2",
        "q_table.count(value < 0.5) == 1",
        'q_table.count(value > 0.1, action != "go") == 1',
        'q_table.count(state="s", value=0.25) == 1',
        'q_table.parameter("alpha") == 0.125',
        'q_table.parameter("none") == None',
        '"lesson é 😀" in q_table["s", "go"].lessons or True',
        'len(q_table["s", "go"].td_errors) == 1',
        'memory.count(level="semantic") == 3',
        'memory.count(level="semantic", owner="shared") == 2',
        'memory.count("one" in key) == 1',
        'memory["shared"].count() == 3',
        'memory["shared"]["semantic"].count(default_value > 0.8) == 1',
        'len(memory["shared"]["semantic"]) == 2',
        'memory["shared"]["semantic"]["two"].content == "content of two"',
        'memory["shared"]["semantic"]["two"].value("g") == 0.9',
        'memory["shared"]["semantic"]["two"].value("another goal") == 0.9',
        'memory["shared"]["semantic"]["two"].goal_values["g"].value == 0.9',
        '"context" in memory["shared"]["semantic"]["two"].context',
        'memory["shared"]["semantic"]["two"].context["context"][0] == 1',
        '"gone" not in memory["shared"]["semantic"]',
        '"analyst" in memory',
        'goals["shared"]["count"].goal == "count"',
        'goals.count(owner="analyst") == 1',
        "brain.neocortex.count(strength > 0.5) == 1",
        "len(brain.hippocampus) == 0",
        'brain.machine.mode == "online"',
        'todos["t1"].status == "pending" and todos.count(assignee="analyst") == 1',
        "len(episodes) == 2 and episodes.last == 2",
        'episodes[1].success and episodes[1].goal == "goal 1"',
        "episodes[2].success == None",
        "not episodes[2].success",
        "episodes.count(success=True) == 1",
        "-1 < len(episodes)",
        "not (False or None)",
    ],
)
def test_a_condition_that_holds(text: str) -> None:
    """Each form of the language, on a state that was made up by hand."""
    assert Where(text)(KNOWN) is True
    assert Where(f"not ({text})")(KNOWN) is False


@pytest.mark.parametrize(
    "text",
    [
        'q_table["s", "fly"].value < 0.3',
        'q_table["s", "fly"].value >= 0.3',
        'q_table["s", "fly"].value == 0.3',
        'memory["nobody"]["semantic"]["one"].value("g") > 0',
        'memory["nobody"]["semantic"].count() > 0',
        'len(memory["nobody"]["semantic"]) >= 0',
        'memory["shared"]["no level"].count() == 0',
        "episodes[9].reward < 1 or episodes[9].reward > 0",
        '"x" in q_table["s", "fly"].lessons',
        'memory["shared"]["semantic"]["one"].context["no"]["such"] == 1',
        'memory["shared"]["semantic"]["one"].context["context"][99] == 1',
        "episodes[2].reward < 1",
        'todos["no task"].status != None',
    ],
)
def test_what_is_not_there_is_neither_less_nor_greater(text: str) -> None:
    """An entry, an owner, a field that is empty: equal to None only, and nothing is in it."""
    assert Where(text)(KNOWN) is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no condition"),
        ("   ", "no condition"),
        ("q_table[", "no condition"),
        ("a b", "no condition"),
        ("x = 1", "no condition"),
        ("import os", "no condition"),
        ("\0", "no condition"),
        (r"'\d' == 1", "no condition"),
        ("9" * 5000, "characters"),
        ("9" * 3999 + "<1", "characters"),
        ("nothing < 1", "no 'nothing'"),
        ("q_tabel.count() < 1", "no 'q_tabel'"),
        ('q_table["a", "b"].valeu < 1', "no 'valeu'"),
        ('q_table["a", "b"].__class__ == 1', "no '__class__'"),
        ('q_table["a", "b"]._row == 1', "no '_row'"),
        ("q_table._state == 1", "no '_state'"),
        ("memory.__init__ == 1", "no '__init__'"),
        ("q_table.watch_states(1) == 1", "no 'watch_states' to call"),
        ('q_table["a"].value < 1', "not how q_table is asked"),
        ('q_table["a", "b", "c"].value < 1', "not how q_table is asked"),
        ('memory["a", "b"].count() < 1', "not how memory is asked"),
        ("episodes[1:2] == 1", "no place"),
        ("brain.hippocampus[0] == 1", "not how the hippocampus is asked"),
        ("q_table < 1", "is q_table, not a value"),
        ("q_table", "is q_table, not a value"),
        ('q_table["a", "b"] == 1', "is a Q-value, not a value"),
        ("1 in brain", "nothing can be looked for"),
        ("1 + 1 == 2", "no place"),
        ("2 ** 9999999 > 1", "no place"),
        ("'a' * 99 == 1", "no place"),
        ("~1 == 1", "no place"),
        ("-'a' == 1", "no place"),
        ("-True == 1", "no place"),
        ("lambda: 1", "no place"),
        ("[1, 2] == 1", "no place"),
        ("{1: 2} == 1", "no place"),
        ("(1, 2) == 1", "no place"),
        ("f'{q_table}' == 'a'", "no place"),
        ("[x for x in episodes] == 1", "no place"),
        ("(x := 1) == 1", "no place"),
        ("1 if True else 2", "no place"),
        ("await x", "no place"),
        ("b'a' == 1", "neither a number nor a text"),
        ("1j == 1", "neither a number nor a text"),
        ("... == 1", "neither a number nor a text"),
        ("None is None", "cannot be compared so"),
        ("open('x') == 1", "cannot be called"),
        ("eval('1')", "cannot be called"),
        ("len() == 1", "cannot be called"),
        ("len(episodes, episodes) == 1", "cannot be called"),
        ("len(brain) == 1", "cannot be called"),
        ("memory.count(levle='semantic') == 1", "no 'levle'"),
        ("memory.count(**1) == 1", "no '**'"),
        ("memory.count(*1) == 1", "no place"),
        ("q_table.count(q_table.count() > 1) == 1", "no 'q_table'"),
        ("brain.count() == 1", "brain has no 'count'"),
        ("q_table.parameter() == 1", "no 'parameter' to call"),
        ("q_table.parameter('a', 'b') == 1", "no 'parameter' to call"),
        ("episodes.last() == 1", "no 'last' to call"),
    ],
)
def test_what_is_no_condition_is_refused_before_a_state_is_looked_at(text: str, said: str) -> None:
    """The error says what was wrong, the hint how conditions look; no state is needed for that."""
    with pytest.raises(ConditionError) as caught:
        Where(text)
    assert said in caught.value.message
    assert caught.value.hint


def test_a_misspelt_name_is_put_right() -> None:
    """The nearest name is named, in the projection and in its entries."""
    for text, near in (("q_tabel == 1", "q_table"), ('q_table["a", "b"].valeu < 1', "value")):
        with pytest.raises(ConditionError) as caught:
            Where(text)
        assert caught.value.hint == f"did you mean {near}?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("episodes[1].goal < 1", "cannot be compared"),
        ("1 in episodes[1].goal", "cannot be compared"),
        ('"a" in episodes[1].reward', "cannot be compared"),
        ("len(episodes[1].reward) == 1", "has no length"),
        ("episodes[1].reward", "neither true nor false"),
        ("q_table.count(value) == 1", "neither true nor false"),
        ("len(episodes) and True", "neither true nor false"),
    ],
)
def test_values_that_do_not_fit_are_told(text: str, said: str) -> None:
    """What only a state can show is said with the place in the condition."""
    with pytest.raises(ConditionError) as caught:
        Where(text)(KNOWN)
    assert said in caught.value.message
    assert caught.value.hint


def test_nesting_has_an_end() -> None:
    """A text that is nested without end is refused, whichever way it is."""
    for text in ("not " * 500 + "True", "(" * 900 + "True" + ")" * 900, "q_table" + ".a" * 900, "-" * 3000 + "1 < 2"):
        with pytest.raises(ConditionError):
            Where(text)
    assert Where("not " * (DEEPEST - 2) + "True")(KNOWN) is (DEEPEST % 2 == 0)
    assert Where(" and ".join(["True"] * (LONGEST // 9)))(KNOWN)


def test_everything_that_has_a_name_can_be_read() -> None:
    """Each field of each projection is read on a state that has it, and on one that has nothing."""
    empty = history().at()
    names = [f"{name}.{one}" for name, reading in NAMES.items() for one in reading.shape.fields]
    assert len(names) > 20
    for name in names:
        shape = NAMES[name.split(".")[0]].shape.fields[name.split(".")[1]].shape
        text = f"{name} != 0" if shape.is_value else f"{name}.count() != 0" if shape.row else None
        for state in (KNOWN, empty):
            assert text is None or isinstance(Where(text)(state), bool)


def test_every_entry_tells_all_of_its_fields() -> None:
    """What an entry gives as JSON can be named in a condition."""

    def rows(shape: Shape) -> None:
        if shape.row is not None and shape.rows is not None:
            found = list(shape.rows(getattr(KNOWN, shape.name)))
            assert found
            told = set((found[0].entry if shape.name == "goals" else found[0]).to_dict())
            assert told - {"goal_values"} <= set(shape.row.fields)
            assert all(reading.read(found[0]) is not VALUE for reading in shape.row.fields.values())

    for reading in NAMES.values():
        rows(reading.shape)


VOCABULARY = """
q_table memory brain todos goals episodes count len value level key owner True None and or not in is if else lambda
import eval open __class__ for x ( ) [ ] { } . , < <= == != >= > = + - * / % ** @ : ; # \\ ' " "a" 'b' 0 1 0.5 1e999
"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=30))
@example("1e999 > 0")
@example("'\ud800' == 'a'")
def test_any_text_is_a_condition_or_a_typed_error(text: str) -> None:
    """Whatever somebody types, there is an answer or a ConditionError; no warning, and no other error."""
    with warnings.catch_warnings(), suppress(ConditionError):
        warnings.simplefilter("error")
        assert Where(text)(KNOWN) in (True, False)
