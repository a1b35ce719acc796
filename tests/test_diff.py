"""Diff: what was added, removed and changed between two points, by which events, for people and for scripts."""

from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from by_hand import evicted, history, pattern, q, started, stored, write
from generators import Log, example_of, learning_logs
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import pack
from stage import START, actor, analyst, conductor, ticking
from test_cli import ACTIVE, HOSTILE, STYLES, TERMINAL, jotty, read

from jotty_events import History
from jotty_events.cli.diff_page import page
from jotty_events.errors import PointError, UnknownRun
from jotty_events.events import EpisodeStarted, MemoryStored, QPruned, QUpdated
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.verbs.diffing.changes import Diff
from jotty_events.verbs.diffing.diff import Differing
from jotty_events.verbs.diffing.filters import Asked
from projections import READ_MODELS, ReadModel
from projections.rows import Rows
from projections.table import integer, table
from projections.table import text as text_column
from projections.writes import Put

RUN = "run_20260106_120000"
BEGIN = f"{RUN}@1"


def told(found: Diff) -> list[tuple[Any, ...]]:
    """Return the changes that people ask about: kind, table, key, what they were worth before and after."""
    return [(one.kind, one.table, one.key, *one.worth()) for one in found if one.measure is not None]


def seqs(causes: Sequence[Any]) -> list[tuple[int, str]]:
    return [(one.seq, one.type) for one in causes]


# By hand.


def learned() -> History:
    """Return a history in which `go` falls from 0.9 to 0.2, `stay` comes and `b` takes the place of `a`."""
    return history(
        [q(0.9), stored("a", 0, value=0.4)],
        [q(0.5), q(0.6, "stay", nth=1)],
        [evicted("a"), stored("b", 1, "meta")],
        [q(0.2)],
    )


def test_what_was_added_removed_and_changed_is_found_with_its_events() -> None:
    """Between two points of one run: each row with what it was worth, and the events that wrote it in between."""
    found = learned().diff(f"{RUN}@3", f"{RUN}@8")
    assert told(found) == [
        ("added", "entries", ("shared", "meta", "b"), None, 0.5),
        ("removed", "entries", ("shared", "semantic", "a"), 0.4, None),
        ("added", "goal_values", ("shared", "meta", "b", "g"), None, 0.5),
        ("removed", "goal_values", ("shared", "semantic", "a", "g"), 0.4, None),
        ("changed", "entries", ("s", "go"), 0.9, 0.2),
        ("added", "entries", ("s", "stay"), None, 0.6),
    ]
    changed, added = found.of("q_table", "entries")
    assert seqs(changed.events) == [(4, "q_updated"), (8, "q_updated")]
    assert {one.run for one in changed.events} == {RUN}
    assert changed.columns == ["value"]
    assert changed.before is not None
    assert changed.after == {**changed.before, "value": 0.2}
    assert seqs(added.events) == [(5, "q_updated")]
    gone = found.of("memory", "goal_values")[1]
    assert (gone.after, seqs(gone.events)) == (None, [(6, "memory_evicted")])
    assert not any(one.undone for one in found)
    assert found.meeting == learned().point(f"{RUN}@3")


def test_the_other_way_round_it_is_taken_away() -> None:
    """From the later point to the earlier one all is turned round, and the events are those that are not there then."""
    there, back = learned().diff(f"{RUN}@3", f"{RUN}@8"), learned().diff(f"{RUN}@8", f"{RUN}@3")
    turned = {(one.projection, one.table, one.key): (one.after, one.before) for one in back}
    assert turned == {(one.projection, one.table, one.key): (one.before, one.after) for one in there}
    fallen = back.of("q_table", "entries")[0]
    assert (fallen.events, seqs(fallen.undone)) == ([], [(4, "q_updated"), (8, "q_updated")])


def test_the_biggest_movers_stand_first() -> None:
    """Within a table the rows stand in the order of how far they moved, whatever their keys are."""
    made = history(
        [q(0.5, f"a{n}", nth=n) for n in range(4)],
        [q(value, f"a{n}", nth=n) for n, value in enumerate([0.6, 0.1, 0.5, 0.8])],
    )
    found = made.diff(f"{RUN}@5", "latest").of("q_table", "entries")
    assert [one.key[1] for one in found] == ["a1", "a3", "a0"]
    assert [round(one.moved, 9) for one in found] == [0.4, 0.3, 0.1]


def test_what_was_changed_and_changed_back_does_not_differ() -> None:
    """A value that is again what it was is no difference; how often it was tried is one."""
    made = history([q(0.5)], [q(0.9)], [q(0.5)])
    assert not made.diff(f"{RUN}@2", f"{RUN}@4").of("q_table", "entries")
    assert made.diff(f"{RUN}@2", f"{RUN}@3").of("q_table", "entries")


def branches() -> tuple[History, str, str]:
    """Return a history with two branches from a root: on one `go` becomes 0.2, on the other `stay` 0.7."""
    files = MemoryFiles()
    root = write(files, [[q(0.9)], [q(0.8)]])
    one = write(files, [[q(0.2)]], f"{root}@2")
    other = write(files, [[q(0.7, "stay", nth=1)]], f"{root}@3")
    return History(files=files), one, other


def test_across_a_fork_the_common_ancestor_counts() -> None:
    """Of two branches only what either wrote since they part is told: what is undone, and what is done instead."""
    made, one, other = branches()
    found = made.diff(one, other)
    assert str(found.meeting) == f"{RUN}@2"
    stay, go = found.of("q_table", "entries")
    assert (go.key, *go.worth()) == (("s", "go"), 0.2, 0.8)
    assert [(cause.run, cause.seq) for cause in go.undone] == [(one, 4)]
    assert [(cause.run, cause.seq) for cause in go.events] == [(RUN, 3)]
    assert (stay.key, *stay.worth(), seqs(stay.events), stay.undone) == (
        ("s", "stay"),
        None,
        0.7,
        [(5, "q_updated")],
        [],
    )


def test_two_roots_differ_in_all_that_they_hold() -> None:
    """Runs without a common ancestor are compared, too: there is no place where their lines part."""
    files = MemoryFiles()
    one, other = write(files, [[q(0.9)]]), write(files, [[q(0.1)], [stored("a", 0)]])
    found = History(files=files).diff(one, other)
    assert found.meeting is None
    assert [(one.table, *one.worth()) for one in found if one.measure][-1] == ("entries", 0.9, 0.1)
    assert found.of("memory", "entries")[0].kind == "added"


def test_points_that_are_not_there_are_refused() -> None:
    """A malformed point, a run that is not there, a seq behind the end: the errors of points, as everywhere."""
    for a, kind in [("wat", PointError), ("run_19990101_000000", UnknownRun), (f"{RUN}@99", PointError)]:
        with pytest.raises(kind):
            learned().diff(a, "latest")


# Filters.


def shared_work() -> History:
    """Return a history of two agents and two goals."""
    named = {"goal": "Count users", "nth": 0, "goal_nth": 0, "default_value": 0.5}
    own = example_of(MemoryStored, owner="ann", agent="ann", level="episodic", key="a", actor="ann", episode=1, **named)
    other = {**named, "nth": 1, "goal_nth": 1, "goal": "Sum sales"}
    shared = example_of(
        MemoryStored, owner="shared", agent="bob", level="meta", key="b", actor="bob", episode=2, **other
    )
    learned = example_of(QUpdated, state="s", action="go", after=0.7, visits=1, nth=0, actor="bob", episode=2)
    goals = [
        EpisodeStarted(episode=n, run=RUN, goal=g, domain="d", now=1.0)
        for n, g in [(1, "Count users"), (2, "Sum sales")]
    ]
    return history(goals, [own], [shared, learned])


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({"agent": "ann"}, {("ann", "episodic", "a")}),
        ({"agent": "bob"}, {("shared", "meta", "b"), ("s", "go")}),
        ({"level": "meta"}, {("shared", "meta", "b")}),
        ({"goal": "COUNT"}, {("ann", "episodic", "a"), (1,)}),
        ({"goal": "sales"}, {("shared", "meta", "b"), ("s", "go"), (2,)}),
        ({"goal": "sales", "level": "episodic"}, set()),
    ],
    ids=["owner", "actor", "level", "goal of a row", "goal of an episode", "both"],
)
def test_filters_keep_what_is_asked_for(asked: dict[str, str], keys: set[Any]) -> None:
    """An agent owns a row or acted; a goal is named by the row, by its event or by the event's episode."""
    found = shared_work().diff(BEGIN, "latest", **asked)  # type: ignore[arg-type]
    assert {one.key for one in found if one.table in ("entries", "episodes")} == keys


def test_an_episode_that_began_before_the_first_point_has_its_goal() -> None:
    """What is learned in an episode is for its goal, though the episode began before the points part."""
    found = shared_work().diff(f"{RUN}@3", "latest", goal="sales")
    assert ("s", "go") in {one.key for one in found}


# Properties.


def rows_of(made: History, point: str, models: Sequence[ReadModel] = READ_MODELS) -> dict[Any, dict[str, Any]]:
    """Return all rows of a state by projection, table and key, each by its columns."""
    states = made._resuming.at(made.point(point), made._projections).result.states
    found = {}
    for model in models:
        for name, rows in states[model.name].items():
            names = [column.name for column in rows.table.columns]
            for key, row in rows.items():
                values = [list(row)] if rows.table.keep is not None else row
                found[model.name, name, key] = dict(zip(names, values, strict=True))
    return found


def applied(rows: dict[Any, Any], found: Diff) -> dict[Any, Any]:
    """Return rows with each change's `after` in the place of its `before`."""
    made = dict(rows)
    for one in found:
        place = one.projection, one.table, one.key
        assert made.pop(place, None) == one.before
        if one.after is not None:
            made[place] = one.after
    return made


def forked(log: Log, cut: int) -> tuple[History, list[str]]:
    """Return a history whose root has a log up to a commit, and whose branches each go on with all that is left."""
    files = MemoryFiles()
    root = write(files, log[:cut])
    ends = [1, *accumulate((len(commit) for commit in log[:cut]), initial=1)]
    one = write(files, log[cut:], f"{root}@{ends[-1]}")
    other = write(files, log[cut + 1 :], f"{root}@{ends[len(ends) // 2]}")
    return History(files=files), [f"{root}@{ends[len(ends) // 2]}", root, one, other]


@settings(max_examples=25)
@given(learning_logs(), st.data())
def test_a_diff_applied_to_the_first_state_gives_the_second(log: Log, data: st.DataObject) -> None:
    """Over any history with forks, from any point to any other; and from a point to itself nothing differs."""
    made, points = forked(log, data.draw(st.integers(0, len(log))))
    a, b = data.draw(st.sampled_from(points)), data.draw(st.sampled_from(points))
    assert applied(rows_of(made, a), made.diff(a, b)) == rows_of(made, b)
    assert len(made.diff(a, a)) == 0
    assert all(one.events or one.undone for one in made.diff(a, b))


@settings(max_examples=10)
@given(learning_logs())
def test_a_diff_is_the_same_over_packs(log: Log) -> None:
    """Whether records are packed changes nothing."""
    files = MemoryFiles()
    root = write(files, log)
    write(files, log[:3], f"{root}@1")
    before = History(files=files).diff(BEGIN, root).to_dict()
    pack(files)
    assert History(files=files).diff(BEGIN, root).to_dict() == before


def test_only_what_was_written_since_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large table two rows were written: the others are never looked at."""
    made = history(
        [q(0.5, f"{n}", nth=n) for n in range(500)],
        [q(0.9, "7", nth=7), example_of(QPruned, state="s", action="9", nth=9)],
    )
    a, b = made.point(f"{RUN}@501"), made.point()
    states = [made._resuming.at(end, READ_MODELS).result.states for end in (a, b)]
    asked: list[Any] = []
    get = Rows.get

    def noted(rows: Rows, key: Any) -> Any:
        asked.append(key)
        return get(rows, key)

    monkeypatch.setattr(Rows, "get", noted)
    monkeypatch.setattr(Rows, "items", lambda rows: pytest.fail("all rows were looked at"))
    found = Differing(made.tree, a, b, READ_MODELS).between(states[0], states[1], Asked())
    assert [one.key[1] for one in found.of("q_table", "entries")] == ["7", "9"] or len(
        found.of("q_table", "entries")
    ) == 2
    assert {key[1] for key in asked if len(key) == 2} == {"7", "9"}


# Projections of one's own.

VISITS = table("visits", (text_column("action"),), integer("times"))
VISITED = ReadModel(
    "visited", 1, (VISITS,), {QUpdated: (Put(VISITS, {"times": "visits"}),)}, lambda states: states["visited"]
)


class Counting:
    """A projection that is not made of tables: it counts memories by level."""

    name, version, reads = "counting", 1, (MemoryStored,)

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], record: Any) -> None:
        state[record.event.level] = state.get(record.event.level, 0) + 1

    def dump(self, state: dict[str, int]) -> dict[str, Any]:
        import pyarrow as pa

        return {"levels": pa.table({"level": sorted(state), "times": [state[one] for one in sorted(state)]})}

    def load(self, tables: Any) -> dict[str, int]:
        return {row["level"]: row["times"] for row in tables["levels"].to_pylist()}

    def digest(self, state: dict[str, int]) -> str:
        return repr(sorted(state.items()))

    def view(self, states: Any) -> Any:
        return states[self.name]


def test_projections_of_ones_own_are_compared() -> None:
    """One made of tables tells events as ours do; of another one the rows of its dump are compared."""
    files = MemoryFiles()
    write(files, [[q(0.9), stored("a", 0)], [q(0.5), stored("b", 1), stored("c", 2, "meta")]])
    found = History(files=files, projections=[VISITED, Counting()]).diff(f"{RUN}@2", "latest")
    # The same number of visits is written again: nothing of ours differs in `visited`.
    assert not found.of("visited")
    rest = {one.key: (one.kind, one.before, one.after, one.events) for one in found.of("counting")}
    assert rest == {
        ("semantic",): ("added", None, {"level": "semantic", "times": 2}, ()),
        ("meta",): ("added", None, {"level": "meta", "times": 1}, ()),
    }
    from_start = History(files=files, projections=[VISITED]).diff(BEGIN, "latest").of("visited")
    assert [(one.key, one.after, seqs(one.events)) for one in from_start] == [
        (("go",), {"times": 1}, [(2, "q_updated"), (4, "q_updated")])
    ]


# For people and scripts.


def test_a_diff_prints_well() -> None:
    """As text it names both points, each row with its values, and how many rows are of no interest to people."""
    text = str(learned().diff(f"{RUN}@3", f"{RUN}@8"))
    assert text.splitlines()[0] == f"from {RUN}@3 to {RUN}@8: 10 rows differ"
    assert text.splitlines()[-1] == "and 4 rows of what the learners keep for themselves"
    assert "changed q_table.entries s | go value 0.900 → 0.200" in text
    assert "removed memory.entries shared | semantic | a (content of a) default_value 0.400 → -" in text
    assert str(learned().diff(BEGIN, BEGIN)).endswith("nothing differs")


def recorded(folder: Path, agent: Any = analyst) -> Path:
    for turn in range(2):
        with conductor(folder, actor(agent), clock=ticking(START + 60 * turn)) as live:
            live.run_sync(f"Count P2P {turn}")
    return folder


def test_the_command_prints_tables_and_a_document(tmp_path: Path) -> None:
    """`diff` tells people what differs, and scripts everything; the second point is `latest` if none is named."""
    folder = recorded(tmp_path)
    done = jotty("diff", "latest~1", "--output", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "q_table.entries, from run_20260106_120000" in done.stdout
    assert "q_updated run_20260106_120100@" in done.stdout
    found = read("diff", "latest~1", "latest", "--output", folder)
    assert found == History(folder).diff("latest~1").to_dict()
    assert set(found) == {"a", "b", "meeting", "counts", "changes"}
    assert read("diff", "latest", "--output", folder)["changes"] == []
    assert "nothing differs" in jotty("diff", "latest", "latest", "--output", folder).stdout
    assert jotty("diff", "latest~1", "--agent", "nobody", "--output", folder).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["diff"], 2), (["diff", "wat"], 2), (["diff", "latest~9"], 1), (["diff", f"{RUN}@1", "--since", "x"], 2)],
    ids=["none", "malformed", "not there", "option"],
)
def test_the_command_fails_as_all_do(arguments: list[str], code: int, tmp_path: Path) -> None:
    """Bad usage is 2, a place that is not there 1, each with a hint."""
    done = jotty(*arguments, "--output", recorded(tmp_path))
    assert done.exit_code == code
    assert "hint:" in done.stderr


class Reading(HTMLParser):
    """Collects the tags of a page, their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


EVIL = f'<script>alert(1)</script><img src=x onerror="alert(2)">&lt;{HOSTILE}'


def hostile() -> History:
    """Return a history whose texts are made to break out of a page or a terminal."""
    named = {"owner": EVIL, "level": "semantic", "goal": EVIL, "nth": 0, "goal_nth": 0}
    made = example_of(MemoryStored, key=EVIL, content=EVIL, default_value=0.5, **named)
    return history([made, q(0.4, EVIL, EVIL), pattern(0, 1.0), started(1)])


def test_hostile_texts_stay_text_on_the_page() -> None:
    """Nothing from the log becomes a tag or an attribute; the page loads nothing and has nothing that runs."""
    html = page(hostile().diff(BEGIN, "latest")).decode()
    seen = Reading()
    seen.feed(html)
    assert seen.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td"),
        *("b", "div", "br", "span", "details", "summary", "pre"),
    }
    assert seen.attributes <= {"lang", "charset", "http-equiv", "content", "class"}
    assert "<script>alert(1)</script>" in seen.text
    assert not ACTIVE.search(html)
    assert "http://" not in html
    assert "https://" not in html


def test_hostile_texts_stay_text_on_the_terminal(tmp_path: Path) -> None:
    """Neither with colours nor without does anything active from the log reach the terminal."""
    found = hostile().diff(BEGIN, "latest")
    assert EVIL[:20] in str(found)
    folder = recorded(tmp_path, lambda task: (_ for _ in ()).throw(LookupError(EVIL)))
    for env in ({}, TERMINAL):
        done = jotty("diff", f"{RUN}@1", "--output", folder, env=env)
        assert done.exit_code == 0
        assert not ACTIVE.search(STYLES.sub("", done.stdout))


def test_the_report_is_written_into_a_file(tmp_path: Path) -> None:
    """`--html` writes the page, and says so; with `--json` the document is printed as well."""
    folder, file = recorded(tmp_path / "outputs"), tmp_path / "report.html"
    done = jotty("diff", "latest~1", "--html", file, "--output", folder)
    assert done.exit_code == 0
    assert "written to" in done.stdout
    assert file.read_bytes() == page(History(folder).diff("latest~1"))
    assert read("diff", "latest~1", "--html", file, "--output", folder)["changes"]
    missing = jotty("diff", "latest~1", "--html", tmp_path / "no" / "such.html", "--output", folder)
    assert missing.exit_code == 1
