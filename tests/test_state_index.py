"""The index of the live Q-table's states: in step with the table, whenever it was made, and whatever it was kept in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import conductor

from jotty_events.agents.q import state_index
from jotty_events.agents.q.state_index import VERSION, StateIndex
from jotty_events.errors import DamagedSnapshot
from jotty_events.reading.snapshot.index import TEXTS, KeptIndex
from jotty_events.rules.q.highest import plainly
from jotty_events.rules.words.index import WordIndex
from jotty_events.rules.words.similarity import nearness, similar
from projections.q_table import ENTRIES, QTable
from projections.rows import Rows

texts = st.lists(st.sampled_from("abA"), max_size=2).map(" ".join)
steps = st.tuples(
    st.sampled_from(["write", "write", "drop", "drop state", "similar", "highest"]),
    texts,
    st.sampled_from(["scan", "look up"]),
    st.sampled_from([0.0, 0.25, 1.0]),
)


def put(rows: Rows, state: str, action: str, value: float) -> None:
    held = rows.get((state, action))
    rows.put((state, action), [value, 1, value, 0.0, 0.0, held[-1] if held else rows.next_nth])


def highest(rows: Rows, text: str) -> Any:
    near = [(row[0], row[-1], nearness(text, key[0])) for key, row in rows.items() if similar(text, key[0])]
    return plainly(near)


def neighbours(rows: Rows, text: str) -> list[tuple[str, float]]:
    found = [(state, nearness(text, state)) for (state,) in rows.prefixes() if similar(text, state)]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def told(index: StateIndex, text: str) -> list[tuple[str, float]]:
    return [(state, near) for near, states in index.similar(text) for state in sorted(states())]


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, max_size=8), st.lists(steps, max_size=40))
def test_the_index_says_what_a_look_at_the_table_says(
    begun: list[str], done: list[tuple[str, str, str, float]]
) -> None:
    """Whichever question comes first, and whatever came and went before it: states, values and numbers are exact."""
    rows = Rows(ENTRIES)
    for number, state in enumerate(begun):
        put(rows, state, "scan", number / 8)
    index = StateIndex(QTable({"q_table": {ENTRIES.name: rows}}), None)
    for step, state, action, value in done:
        if step == "write":
            put(rows, state, action, value)
        elif step.startswith("drop"):
            rows.drop((state,) if step == "drop state" else (state, action))
        elif step == "similar":
            assert told(index, state) == neighbours(rows, state)
        else:
            assert index.highest_near(state) == highest(rows, state)


def test_values_are_learned_where_their_states_stand_though_one_went_before() -> None:
    """A state that left the index before the first look at values takes nobody's place."""
    rows = Rows(ENTRIES)
    index = StateIndex(QTable({"q_table": {ENTRIES.name: rows}}), None)
    for state, value in (("a b c", 0.25), ("d e f", 1.0), ("g h i", 0.5)):
        put(rows, state, "scan", value)
    assert told(index, "a b c") == [("a b c", 1.0)]
    rows.drop(("a b c",))
    assert index.highest_near("d e f") == (1.0, 1, 1.0)
    assert index.highest_near("g h i") == (0.5, 2, 1.0)


class Torn(Sequence[str]):
    """Texts that cannot be read: their file is damaged."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        raise DamagedSnapshot("texts are damaged", file="texts.arrow")


class Followed(Rows):
    """Rows of which it is known what came and went since an index of them was kept: nothing."""

    __slots__ = ()

    def watch_from(self, watcher: Any) -> bool:
        self._watchers.append(watcher)
        return True


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> tuple[Rows, StateIndex, list[int]]:
    """Return rows, an index of them whose kept texts are damaged, and the sizes of the indexes made anew."""
    rows, made = Followed(ENTRIES), list[int]()
    for number in range(6):
        put(rows, " ".join(["count", "the", "rows", *("of", "it", "all")[: number % 3], f"{number}"]), "scan", 0.5)
    known = [state for (state,) in rows.prefixes()]
    kept = KeptIndex(VERSION, {}, [], [])
    kept.arrays, kept.texts = WordIndex(known).to_arrays(), Torn(len(known))  # type: ignore[assignment]
    index = StateIndex(QTable({"q_table": {ENTRIES.name: rows}}), kept)

    class Counted(WordIndex):
        def __init__(self, texts: Any = ()) -> None:
            super().__init__(texts)
            made.append(len(self))

    monkeypatch.setattr(state_index, "WordIndex", Counted)
    return rows, index, made


Tearing = tuple[Rows, StateIndex, list[int]]


def test_a_damaged_index_is_made_anew_once(torn: Tearing) -> None:
    """However many tiers of an answer were still to be read, the table is indexed once, and the answer is whole."""
    rows, index, made = torn
    found = told(index, "count the rows 1")
    assert len({near for _, near in found}) > 1
    assert found == neighbours(rows, "count the rows 1")
    assert made == [6]


@pytest.mark.parametrize("changes", ["a state came", "a state went"])
def test_what_is_kept_of_a_damaged_index_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, torn: Tearing, changes: str
) -> None:
    """To keep an index, much of which changed, all its texts are read: damage found only then is no failure."""
    monkeypatch.setattr(state_index, "KEPT_FROM", 1)
    monkeypatch.setattr(state_index, "_FEW", 0)
    rows, index, made = torn
    assert told(index, "nothing like it") == []
    if changes == "a state came":
        put(rows, "nothing like it", "scan", 0.5)
    else:
        rows.drop(("count the rows 0",))
    kept = index.to_keep()
    assert kept is not None
    assert sorted(kept.load()[TEXTS]) == sorted(state for (state,) in rows.prefixes())
    assert (kept.came, kept.went, made) == ([], [], [len(rows)])


def test_a_run_goes_on_though_the_index_to_be_kept_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hinders keeping an index stops no run: the run is closed, and the next one finds all states."""
    monkeypatch.setattr(state_index, "KEPT_FROM", 1)
    monkeypatch.setattr(state_index, "_FEW", 0)
    with conductor(tmp_path) as live:
        for number in range(20):
            live.q_predictor.add_experience(f"count the rows of table {number}", "scan", 0.5, "count the rows of it")
    damaged = list(tmp_path.rglob("*q_states.texts.arrow"))
    assert damaged
    for path in damaged:
        path.write_bytes(bytes(path.stat().st_size))
    with conductor(tmp_path) as live:
        live.q_predictor.add_experience("nothing like them", "scan", 0.5, "and nothing like it")
        live.q_predictor.add_experience("not at all", "scan", 0.5, "and nothing like it")
    with conductor(tmp_path) as live:
        text = "count the rows of table 7"
        tiers = live.q_predictor._reader.similar_states(text)
        found = [(state, near) for near, states in tiers for state in sorted(states())]
        assert found == WordIndex(live.q_predictor.Q.all_states()).similar(text)


def test_values_are_asked_for_only_as_far_as_needed_where_the_index_was_kept(torn: Tearing) -> None:
    """To open a kept index reads no texts: so none that is damaged is noticed by who has nothing to do with it."""
    _, index, made = torn
    assert index.highest_near("nothing like it") is None
    assert made == []
    assert index.highest_near("count the rows 0") is not None
    assert made == [6]


def test_an_index_that_another_version_kept_is_not_opened() -> None:
    """Its arrays may mean something else: the table is indexed anew."""
    rows = Followed(ENTRIES)
    put(rows, "a b c", "scan", 0.25)
    kept = KeptIndex(VERSION - 1, {}, ["came"], ["went"])
    index = StateIndex(QTable({"q_table": {ENTRIES.name: rows}}), kept)
    assert told(index, "a b c") == [("a b c", 1.0)]
    assert index.highest_near("a b c") == (0.25, 0, 1.0)
