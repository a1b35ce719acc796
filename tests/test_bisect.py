"""Bisecting: the first commit at which something holds, by few states, and what is refused."""

from collections.abc import Callable
from itertools import accumulate
from math import ceil, log2
from pathlib import Path
from typing import Any

import pytest
from by_hand import evicted, history, q, started, stored, write
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import pack
from stage import START, actor, analyst, conductor, ticking

from jotty_events import History, State
from jotty_events.cli.telling import tag
from jotty_events.errors import ConditionError, NoTurn, PointError, PredicateFailed, UnknownRun
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.point import Point
from jotty_events.verbs.bisect import Bisection
from tools.loads.synthetic import Load, synthesize

RUN = "run_20260106_120000"
BEGIN = f"{RUN}@1"


def falling() -> History:
    """Return a history in which a Q-value falls: 0.9 after record 2, 0.6 after 4, 0.25 after 6, 0.1 after 7."""
    return history([q(0.9)], [started(1), q(0.6)], [stored("a", 0), q(0.25)], [q(0.1)])


def value(state: State) -> float:
    return state.q_table["s", "go"].value if ("s", "go") in state.q_table else 1.0


@pytest.mark.parametrize(
    "below", ['q_table["s", "go"].value < 0.3', lambda state: value(state) < 0.3], ids=["text", "call"]
)
def test_the_commit_that_made_it_true_is_found(below: Any) -> None:
    """Of a value that falls the first commit below the limit is found, with its records and the point before it."""
    found = falling().bisect(below, BEGIN)
    assert (str(found.before), str(found.at)) == (f"{RUN}@4", f"{RUN}@6")
    assert [one.record.seq for one in found.records] == [5, 6]
    assert (found.commits, found.states) == (5, 4)
    assert found.to_dict() == {
        "before": {"run": RUN, "seq": 4},
        "at": {"run": RUN, "seq": 6},
        "commits": 5,
        "states": 4,
    }
    assert str(found) == f"holds from {RUN}@6 on, not yet at {RUN}@4: 4 states of 5 commits"


def test_a_turn_at_the_very_first_and_at_the_very_last_commit() -> None:
    """The ends themselves are looked at, and both can be what is found."""
    assert str(falling().bisect("len(q_table) > 0", BEGIN).at) == f"{RUN}@2"
    assert str(falling().bisect("len(q_table) > 0", BEGIN).before) == BEGIN
    last = falling().bisect('q_table["s", "go"].value < 0.2', BEGIN, f"{RUN}@7")
    assert (str(last.before), str(last.at)) == (f"{RUN}@6", f"{RUN}@7")
    only = falling().bisect('q_table["s", "go"].value < 0.2', f"{RUN}@6", f"{RUN}@7")
    assert (str(only.before), str(only.at), only.states, only.commits) == (f"{RUN}@6", f"{RUN}@7", 2, 1)


def test_ends_inside_of_commits() -> None:
    """From inside a commit its own end is a candidate; an end inside one is the last."""
    found = falling().bisect('q_table["s", "go"].value < 0.7', f"{RUN}@3", f"{RUN}@5")
    assert (str(found.before), str(found.at)) == (f"{RUN}@3", f"{RUN}@4")
    found = falling().bisect("memory.count() > 0", f"{RUN}@2", f"{RUN}@5")
    assert (str(found.before), str(found.at), found.commits) == (f"{RUN}@4", f"{RUN}@5", 2)


def family() -> History:
    """Return a root that ends at seq 4, its child (5-8), and a branch from seq 2 of the root (3-5)."""
    files = MemoryFiles()
    root = write(files, [[q(0.9)], [q(0.8)]])
    write(files, [[q(0.7)], [q(0.2)]], root)
    write(files, [[q(0.3)]], f"{root}@2", experiment=True)
    return History(files=files)


def test_a_bisection_goes_through_parents() -> None:
    """What turned in an ancestor is found there, what turned later in the child."""
    root, child, branch = (run.run for run in family().runs())
    found = family().bisect('q_table["s", "go"].value < 0.85', f"{root}@1", child)
    assert (str(found.before), str(found.at)) == (f"{root}@2", f"{root}@3")
    found = family().bisect('q_table["s", "go"].value < 0.75', f"{root}@1", child)
    assert (str(found.before), str(found.at)) == (f"{child}@5", f"{child}@6")
    assert {one.run for one in found.records} == {child}
    found = family().bisect('q_table["s", "go"].value < 0.5', f"{root}@1", branch)
    assert (str(found.before), str(found.at)) == (f"{branch}@3", f"{branch}@4")


# Refusals.


@pytest.mark.parametrize(
    ("text", "said", "advice"),
    [
        ("len(q_table) > 5", "neither", "later second point"),
        ("len(q_table) >= 0", "already", "earlier first point"),
        ("len(q_table) == 0", "and not at", "opposite"),
    ],
)
def test_ends_that_agree_are_refused(text: str, said: str, advice: str) -> None:
    """A predicate that never holds, holds from the start, or stops holding: told apart, each with what to do."""
    with pytest.raises(NoTurn) as caught:
        falling().bisect(text, BEGIN)
    assert said in caught.value.message
    assert advice in caught.value.hint


def test_a_predicate_that_raises_is_named_with_the_place() -> None:
    """An entry that is not there yet: the error names the point and what was raised, and has it as its cause."""
    with pytest.raises(PredicateFailed, match=f"KeyError at {BEGIN}") as caught:
        falling().bisect(lambda state: state.q_table["s", "go"].value < 0.3, BEGIN)
    assert isinstance(caught.value.__cause__, KeyError)
    assert "return False" in caught.value.hint


def test_an_error_of_ours_in_a_predicate_stays_what_it_is() -> None:
    """A condition that compares what cannot be compared says so itself."""
    with pytest.raises(ConditionError, match="cannot be compared"):
        falling().bisect("episodes[1].goal < 1", f"{RUN}@3")
    with pytest.raises(ConditionError, match="no condition"):
        falling().bisect("wat wat", BEGIN)


def test_points_that_do_not_follow_each_other_are_refused() -> None:
    """The later point first, one point twice, two branches, a run that is not there: each says how it is."""
    history = family()
    root, child, branch = (run.run for run in history.runs())
    wrong: list[tuple[str, str, str, str]] = [
        (child, root, "comes after", "earlier point first"),
        (f"{child}@6", f"{child}@5", "comes after", "earlier point first"),
        (root, root, "both points are", "differ"),
        (branch, child, "different branches", f"they part at {root}@2"),
        (f"{root}@3", branch, "different branches", f"they part at {root}@2"),
    ]
    for start, end, said, hint in wrong:
        with pytest.raises(PointError, match=said) as caught:
            history.bisect(lambda _: True, start, end)
        assert hint in caught.value.hint
    with pytest.raises(UnknownRun):
        history.bisect(lambda _: True, "run_19990101_000000", child)


def test_two_roots_have_nothing_in_common() -> None:
    """Runs that never had an ancestor together cannot be bisected between."""
    files = MemoryFiles()
    one, other = write(files, [[q(0.9)]]), write(files, [[q(0.1)]])
    with pytest.raises(PointError) as caught:
        History(files=files).bisect(lambda _: True, one, other)
    assert "no ancestor" in caught.value.hint


# Properties.

COMMITS = st.lists(st.integers(1, 3), min_size=1, max_size=40)


def sized(sizes: list[int]) -> History:
    """Return a history whose commits have these sizes; each record adds a Q-value."""
    lasts = accumulate(sizes)
    return history(
        *[[q(0.5, f"{n}", nth=n) for n in range(last - size, last)] for last, size in zip(lasts, sizes, strict=True)]
    )


def scanned(history: History, predicate: Callable[[State], bool], start: Point, end: Point) -> Point:
    """Return the first point behind a commit at which a predicate holds, by looking at all of them."""
    ends = [Point(run, one.last) for run, one in history.tree.lineage(end).ends(start.seq)]
    return next(one for one in ends if predicate(history.at(one)))


@settings(max_examples=30)
@given(COMMITS, st.data())
def test_a_bisection_equals_the_scan(sizes: list[int], data: st.DataObject) -> None:
    """For whatever turns once, the commit is the one that looking at every state gives, by a few of them."""
    made = sized(sizes)
    total = sum(sizes)
    many = data.draw(st.integers(1, total))
    first = data.draw(st.integers(0, many - 1))
    start, end = Point(RUN, first + 1), made.point()

    def enough(state: State) -> bool:
        return len(state.q_table) >= many

    found = made.bisect(enough, start, end)
    assert found.at == scanned(made, enough, start, end)
    assert not enough(made.at(found.before))
    assert found.states <= 2 + ceil(log2(max(1, found.commits)))
    between = list(made.tree.lineage(found.at).ends(found.before.seq))
    assert [one.last for _, one in between] == [found.at.seq]


@settings(max_examples=30)
@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_of_many_turns_one_is_found(turns: list[bool]) -> None:
    """A predicate that turns to and fro: it holds at what is found, and not one commit before."""
    wanted = [*turns, True]
    made = history(*[[stored("a", 0) if holds else evicted("a")] for holds in wanted])
    found = made.bisect("memory.count() == 1", BEGIN, f"{RUN}@{len(wanted) + 1}")
    assert made.at(found.at).memory["shared"]["semantic"].get("a")
    assert not made.at(found.before).memory["shared"]["semantic"].get("a")
    assert found.at.seq == found.before.seq + 1


# Great histories.


def counting(history: History, monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """Return a list that tells which states a history computed."""
    asked: list[Point] = []
    state = history._state

    def counted(point: Point) -> State:
        asked.append(point)
        return state(point)

    monkeypatch.setattr(history, "_state", counted)
    return asked


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_few_states_of_a_great_history_are_computed(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand commits in several runs twelve states at most are looked at: the logarithm and the two ends."""
    files = MemoryFiles()
    synthesize(files, Load(events=3000, keys=100, runs=3, batch=3))
    if packed:
        pack(files)
    history = History(files=files)
    asked = counting(history, monkeypatch)
    found = history.bisect("q_table.count(visits >= 10) >= 50", f"{history.runs()[0].run}@1")
    assert found.commits > 1000
    assert len(asked) == found.states <= 2 + ceil(log2(found.commits))
    assert not [one for one in asked if one.seq > history.point().seq]
    assert 0 < found.at.seq < history.point().seq


def test_snapshots_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a snapshot no state is replayed from the start: the answer is the same, with fewer records."""
    files = MemoryFiles()
    synthesize(files, Load(events=2000, keys=100, batch=4))
    history = History(files=files)
    run = history.point().run
    condition, start = "q_table.count(visits >= 10) >= 90", f"{run}@1"
    plain = history.bisect(condition, start)
    assert history.snapshot(str(plain.before))
    read: list[int] = []
    again = History(files=files)
    replayed = again._resuming.at
    monkeypatch.setattr(again._resuming, "at", lambda point, models, progress: replayed(point, models, read.append))
    assert again.bisect(condition, start) == plain
    assert sum(read) > 0
    states = again._resuming.at(plain.at, again._projections, None).result
    assert states.saved_at == plain.before.seq


def test_the_progress_is_told() -> None:
    """Each state is told, and their number is known before."""
    made = sized([1] * 20)
    told: list[int] = []
    search = Bisection(made.tree, made.at, Point(RUN, 1), made.point())
    found = search.find("len(q_table) > 7", told.append)
    assert sum(told) == found.states
    assert found.states in (search.most - 1, search.most)


# A run that learned something wrong.


def test_what_conductors_learned_can_be_bisected(tmp_path: Path) -> None:
    """Three runs; in the second an approach stops working: the attempt in which its value fell is found."""
    broken = actor(lambda task: (_ for _ in ()).throw(LookupError("gone")) if task.approach == "B" else analyst(task))
    for turn, who in enumerate([actor(), broken, actor()]):
        with conductor(tmp_path, who, clock=ticking(START + 60 * turn)) as live:
            live.run_sync(f"goal {turn}")
    history = History(tmp_path)
    first, second, _ = (run.run for run in history.runs())
    condition = 'q_table.count("APPROACH: B" in action and value < 0.5) > 0'
    found = history.bisect(condition, first)
    assert found.at.run == second
    assert {tag(one.record) for one in found.records} >= {"attempt_made", "q_updated"}
    assert found == history.bisect(
        lambda state: any(
            "APPROACH: B" in action and entry.value < 0.5 for (_, action), entry in state.q_table.items()
        ),
        first,
    )
