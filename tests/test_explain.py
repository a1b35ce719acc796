"""Explain: every event behind a value with its arithmetic, keys found by words, and what a prompt was made of."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from by_hand import evicted, history, pattern, q, stored, write
from generators import Log, example_of, learning_logs
from hypothesis import given, settings
from msgspec import UNSET
from msgspec.structs import replace
from packing import pack
from stage import START, actor, analyst, conductor, ticking
from test_cli import ACTIVE, HOSTILE, STYLES, TERMINAL, jotty, read

from jotty_events import History
from jotty_events.errors import AmbiguousKey, ConfigError, PointError, UnknownKey
from jotty_events.events import (
    AttemptMade,
    Candidate,
    EpisodeStarted,
    Event,
    GoalAdded,
    GoalScored,
    KeptValue,
    MemoryEvicted,
    MemoryRenamed,
    ModelAnswered,
    QUpdated,
    Recalled,
    TrajectoryEnded,
    ValueUpdated,
)
from jotty_events.log.files import DiskFiles
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack.parquet import ParquetTable
from jotty_events.rules import VERSIONS
from jotty_events.verbs.explaining.chain import chain
from jotty_events.verbs.explaining.explain import Explaining
from jotty_events.verbs.explaining.keys import rows_in
from jotty_events.verbs.explaining.numbers import figure
from jotty_events.verbs.explaining.steps import Explanation
from jotty_events.verbs.explaining.subject import Subject
from projections import Q_TABLE, READ_MODELS
from projections.q_table import ENTRIES
from tools.loads.synthetic import Load, synthesize

RUN = "run_20260106_120000"

# By hand: Q-values.

_OF_Q: dict[str, Any] = {
    "state": "s",
    "action": "go",
    "next_state": "t",
    "done": False,
    "cause": "experience",
    "before_raw": None,
    "before_similarity": 0.0,
    "next_nth": None,
    "average_before": 0.0,
    "alpha": 0.1,
    "gamma": 0.99,
    "lesson": None,
    "episode": None,
}


def updated(**fields: Any) -> QUpdated:
    return example_of(QUpdated, **{**_OF_Q, **fields})


FIRST = updated(
    reward=0.0,
    before=0.5,
    before_nth=None,
    next_max=0.0,
    target=0.0,
    td_error=-0.5,
    after=0.45,
    visits=1,
    nth=0,
    average_reward=0.0,
)
AGAIN = updated(
    reward=1.0,
    before=0.45,
    before_nth=0,
    before_raw=0.45,
    before_similarity=1.0,
    next_max=0.8,
    next_nth=1,
    target=1.792,
    td_error=1.342,
    after=0.5842,
    visits=2,
    nth=0,
    average_reward=0.5,
    lesson="do it",
)
NEXT = updated(
    state="t",
    action="stay",
    reward=0.8,
    done=True,
    before=0.5,
    before_nth=None,
    next_max=0.0,
    alpha=1.0,
    target=0.8,
    td_error=0.3,
    after=0.8,
    visits=1,
    nth=1,
    average_reward=0.8,
)
SIMILAR = updated(
    action="go on",
    reward=1.0,
    done=True,
    before=0.72,
    before_nth=1,
    before_raw=0.8,
    before_similarity=0.75,
    next_max=0.0,
    alpha=0.5,
    target=1.0,
    td_error=0.28,
    after=0.86,
    visits=1,
    nth=2,
    average_reward=1.0,
)


def valued() -> History:
    """Return a history of three Q-values: `go` is updated twice, `go on` takes the most of its value from `stay`."""
    return history([FIRST], [NEXT], [AGAIN, SIMILAR])


def lines(found: Explanation) -> list[tuple[int, list[str]]]:
    return [(step.seq, list(step.lines)) for step in found.steps]


def test_each_update_says_its_arithmetic_newest_first() -> None:
    """The recorded numbers stand in the rule's own formula, and what each was taken from beside them."""
    found = valued().explain("latest", "q_table", ("s", "go"))
    assert lines(found) == [
        (
            4,
            [
                "0.5842 = clamp(0.45 + 0.10 * (1.00 + 0.99 * 0.80 - 0.45)): cause experience",
                "0.45 was its own value",
                "0.80 is the best that was known of what comes next: from (t, stay)",
                "0.50 = (1 * 0.00 + 1.00) / 2: average reward",
                "lesson 'do it'",
            ],
        ),
        (
            2,
            [
                "0.45 = clamp(0.50 + 0.10 * (0.00 + 0.99 * 0.00 - 0.50)): cause experience",
                "0.50 = 0.50: nothing like it was known",
                "0.00 = 0.50: nothing was known of what comes next",
                "average reward 0.00, at its first visit",
            ],
        ),
    ]
    assert [step.value for step in found.steps] == [0.5842, 0.45]
    assert (found.measure, found.value, found.row["visits"]) == ("value", 0.5842, 2)
    assert [(one.role, one.nth, one.key, one.raw) for one in found.steps[0].sources] == [
        ("next_max", 1, ("t", "stay"), 0.8)
    ]


def test_a_value_that_was_inherited_says_from_where() -> None:
    """A new entry begins with nine tenths of a similar one's value; its update is final, so nothing comes next."""
    found = valued().explain("latest", "q_table", ("s", "go on"))
    assert lines(found)[0][1][:2] == [
        "0.86 = clamp(0.72 + 0.50 * (1.00 - 0.72)): cause experience",
        "0.72 = 0.90 * 0.80: from (t, stay), similar by 0.75",
    ]
    source = found.steps[0].sources[0]
    assert (source.role, source.key, source.raw, source.similarity, source.step) == (
        "before",
        ("t", "stay"),
        0.8,
        0.75,
        None,
    )


def test_what_was_read_is_followed_on_request() -> None:
    """With `follow` the event that left the value is there as well, and what that read in turn, so many deep."""
    found = valued().explain("latest", "q_table", ("s", "go on"), follow=1)
    step = found.steps[0].sources[0].step
    assert step is not None
    assert (step.seq, step.value) == (3, 0.8)
    assert "    before was left by\n        run_20260106_120000@3 q_updated" in str(found)
    made = history([NEXT], [SIMILAR], [updated(**_further())])
    one = made.explain("latest", "q_table", ("s", "third"), follow=1).steps[0].sources[0].step
    two = made.explain("latest", "q_table", ("s", "third"), follow=2).steps[0].sources[0].step
    assert one is not None
    assert two is not None
    assert (one.seq, one.sources[0].step) == (3, None)
    assert two.sources[0].step is not None
    assert two.sources[0].step.seq == 2


def _further() -> dict[str, Any]:
    began = {"before": 0.774, "before_nth": 2, "before_raw": 0.86, "before_similarity": 0.8}
    return {
        "action": "third",
        "reward": 1.0,
        "done": True,
        "next_max": 0.0,
        "alpha": 0.0,
        "after": 0.774,
        "visits": 1,
        "nth": 3,
        "average_reward": 1.0,
        "target": 1.0,
        "td_error": 0.226,
        **began,
    }


def test_a_value_is_followed_to_what_it_was_then() -> None:
    """What an entry was worth later does not count: the last update before the one that read it does."""
    later = updated(**{**_further(), "action": "go on", "nth": 2, "after": 0.1, "visits": 2})
    made = history([NEXT], [SIMILAR], [updated(**_further())], [later])
    step = made.explain("latest", "q_table", ("s", "third"), follow=1).steps[0].sources[0].step
    assert step is not None
    assert (step.seq, step.value) == (3, 0.86)


def test_an_earlier_point_has_a_shorter_story() -> None:
    """What came later is not there, whether the point lies in the same run or the run goes on in a child."""
    found = valued().explain(f"{RUN}@3", "q_table", ("s", "go"))
    assert ([step.seq for step in found.steps], found.value) == ([2], 0.45)
    files = MemoryFiles()
    root = write(files, [[FIRST], [NEXT]])
    child = write(files, [[AGAIN]], root)
    found = History(files=files).explain(child, "q_table", ("s", "go"))
    assert [(step.run, step.seq) for step in found.steps] == [(child, 6), (root, 2)]


# By hand: memory.

NAME = {"owner": "shared", "level": "semantic", "key": "k", "nth": 0, "goal_nth": 0, "episode": None}
WAY = example_of(
    TrajectoryEnded,
    goal="g",
    final_reward=1.0,
    step_rewards=[0.5, 0.2],
    owners=["shared"] * 2,
    levels=["semantic"] * 2,
    keys=["k", "other"],
    gamma=0.9,
    lambda_trace=0.5,
    alpha=0.4,
    return_=1.68,
    episode=None,
)
TD = example_of(
    ValueUpdated,
    **NAME,
    goal="g",
    cause="td",
    return_=1.68,
    before=0.5,
    before_from="goal",
    default_before=0.5,
    alpha=0.4,
    trace=0.45,
    source_goal=None,
    source_delta=None,
    similarity=None,
    weight=None,
    td_error=1.18,
    after=0.7124,
    default_after=0.7124,
)
TRANSFER = example_of(
    ValueUpdated,
    **{**NAME, "goal_nth": 1},
    goal="h",
    cause="transfer",
    return_=None,
    before=0.7124,
    before_from="default",
    default_before=0.7124,
    alpha=None,
    trace=None,
    source_goal="g",
    source_delta=0.2124,
    similarity=0.6,
    weight=0.15,
    td_error=None,
    after=0.731516,
    default_after=0.7124,
)


def remembered() -> History:
    """Return a history of one memory, valued at the end of a way of two steps, with a transfer to another goal."""
    return history([stored("k", 0)], [WAY, TD, TRANSFER])


def test_a_return_and_a_trace_are_told_with_a_value() -> None:
    """Of TD(lambda): the step that was taken, the return as a sum, the trace as a power, the default beside it."""
    found = remembered().explain("latest", "memory", ("shared", "semantic", "k"), goal="g")
    assert (found.table, found.key, found.value) == ("goal_values", ("shared", "semantic", "k", "g"), 0.7124)
    assert lines(found)[0] == (
        4,
        [
            "0.7124 = clamp(0.50 + 0.40 * (1.68 - 0.50) * 0.45): return 1.68, trace 0.45, for 'g'",
            "0.50 was its value for the goal",
            "1.68 = 1.00 + 0.50 * 0.90 ** 0 + 0.20 * 0.90 ** 1: the return",
            "0.45 = (0.90 * 0.50) ** 1: the trace, accesses on the way: 2",
            "0.7124 = clamp(0.50 + 0.40 * (1.68 - 0.50) * 0.45): its value for no goal in particular",
        ],
    )
    assert [step.type for step in found.steps] == ["value_updated", "memory_stored"]


def test_a_transfer_names_the_goal_that_it_came_from() -> None:
    """A value that was carried over says from which goal, and what it began with; words are enough to find it."""
    found = remembered().explain("latest", "memory", "content of k", goal="h")
    assert lines(found) == [
        (
            5,
            [
                "0.731516 = clamp(0.7124 + 0.2124 * 0.60 * 0.15): for 'h', carried over from 'g', similar by 0.60",
                "0.7124 was its value for no goal in particular",
                "0.7124 = 0.7124: its value for no goal in particular stays",
            ],
        )
    ]


def test_without_a_goal_the_entry_itself_is_explained() -> None:
    """Its default comes first in each line, and updates for every goal belong to it."""
    found = remembered().explain("latest", "memory", "k")
    assert (found.table, found.measure, found.value) == ("entries", "default_value", 0.7124)
    assert [step.seq for step in found.steps] == [5, 4, 2]
    assert found.steps[1].lines[0].endswith("its value for no goal in particular")


def test_a_memory_that_was_renamed_has_its_former_story() -> None:
    """Under its new key an entry goes on from what it was: the events of its old key are there."""
    kept = {"owner": "shared", "level": "semantic", "key": "new", "goal": "g", "value": 0.7124, "access_count": 0}
    value = {**kept, "updated": 1.0, "nth": 0}
    renamed = example_of(
        MemoryRenamed, **NAME_OF, former="k", key="new", default_value=0.7124, goal_values=[_kept_value(value)], nth=0
    )
    gone = example_of(MemoryEvicted, owner="shared", level="semantic", key="k", reason="renamed", nth=0)
    made = history([stored("k", 0)], [WAY, TD], [gone, renamed])
    for goal in (None, "g"):
        found = made.explain("latest", "memory", ("shared", "semantic", "new"), goal=goal)
        assert [step.type for step in found.steps] == ["memory_renamed", "value_updated", "memory_stored"]
        assert found.value == found.steps[0].value == 0.7124


NAME_OF = {"owner": "shared", "level": "semantic", "episode": None}


def _kept_value(fields: dict[str, Any]) -> Any:
    return KeptValue(**fields)


def test_what_was_let_go_and_came_again_has_no_story_from_before() -> None:
    """An entry that took the place of one of the same key is explained from its own beginning."""
    made = history([stored("k", 0, value=0.1)], [evicted("k")], [stored("k", 1, value=0.9)])
    found = made.explain("latest", "memory", "k")
    assert [(step.seq, step.value) for step in found.steps] == [(4, 0.9)]


def test_the_occasion_is_told() -> None:
    """Episode, goal, attempt and what a model answered in it stand with the event that was learned from it."""
    context = {"episode": 7, "actor": "ann", "attempt": 2}
    started = EpisodeStarted(episode=7, run=RUN, goal="Count users", domain="d", now=1.0)
    tried = {"approach": "B", "outcome": "raised", "reward": 0.0, "error": "gone", "error_type": "LookupError"}
    attempt = example_of(AttemptMade, **context, **tried)
    answer = example_of(
        ModelAnswered, **context, purpose="relevance", model="m", answer={"score": 1}, failure=None, used=True
    )
    made = history([started], [answer, attempt, updated(**{**_first(), **context})])
    step = made.explain("latest", "q_table", "go").steps[0]
    assert step.occasion.goal == "Count users"
    assert step.occasion.attempt == attempt
    assert [seq for seq, _ in step.occasion.answers] == [3]
    told = str(made.explain("latest", "q_table", "go"))
    assert "in episode 7: Count users" in told
    assert "attempt 2 by ann: B, raised, reward 0.00 (LookupError: gone)" in told
    assert "m, asked about relevance at 3, answered {'score': 1}" in told


def _first() -> dict[str, Any]:
    return {name: getattr(FIRST, name) for name in FIRST.__struct_fields__}


# Keys.


def test_keys_are_found_by_their_beginning_and_by_words() -> None:
    """A whole key or part, its beginning, words in any order, words of the content: what fits better hides the rest."""
    named = history(
        [q(0.1, "scan all", "ACTOR: ann", 0), q(0.2, "scan", "ACTOR: bob", 1), q(0.3, "seek it", "ACTOR: bob", 2)],
        [stored("general:x:1", 0), pattern(0, 1.0)],
    )
    for key, wanted in [
        ("scan", ("ACTOR: bob", "scan")),
        ("scan a", ("ACTOR: ann", "scan all")),
        ("it bob", ("ACTOR: bob", "seek it")),
        ("ACTOR: bob | scan", ("ACTOR: bob", "scan")),
        ("q_table.entries ACTOR: ann | scan all", ("ACTOR: ann", "scan all")),
    ]:
        assert named.explain("latest", "q", key).key == wanted
    assert named.explain("latest", None, "content general:x").key == ("shared", "semantic", "general:x:1")
    assert named.explain("latest", None, "general:x").table == "entries"
    assert named.explain("latest", "brain", (0,)).table == "neocortex"
    assert named.explain("latest", "brain", "neocortex 0").value == 1.0


def test_a_key_that_fits_several_lists_them() -> None:
    """Of many rows the first ten are named in the message, and all in the error."""
    many = history([q(0.5, f"go {n:02}", nth=n) for n in range(12)])
    with pytest.raises(AmbiguousKey, match=r"fits 12 rows: q_table.entries s \| go 00;.*and 2 more") as caught:
        many.explain("latest", "q_table", "go")
    assert caught.value.matches == [f"q_table.entries s | go {n:02}" for n in range(12)]
    assert "more words" in caught.value.hint


@pytest.mark.parametrize("key", ["gone with", "", "   ", ("s", "nowhere"), ("s",), (1, 2, 3, 4, 5), "\ud800"])
def test_a_key_that_is_not_there_names_the_nearest(key: Any) -> None:
    """Text, emptiness, whole keys and nonsense: the error names what comes near, and never fails itself."""
    with pytest.raises(UnknownKey) as caught:
        valued().explain("latest", "q_table", key)
    assert set(caught.value.near) <= {"q_table.entries s | go", "q_table.entries s | go on", "q_table.entries t | stay"}
    with pytest.raises(UnknownKey) as caught:
        valued().explain("latest", "memory", key)
    assert caught.value.hint == "nothing is known there yet"


def test_a_goal_that_has_no_value_is_refused() -> None:
    """The error says that the default counts, and for which goals there are values; Q entries have no goals at all."""
    with pytest.raises(UnknownKey) as caught:
        remembered().explain("latest", "memory", "k", goal="elsewhere")
    assert "its default counts" in caught.value.message
    assert caught.value.near == ["g", "h"]
    with pytest.raises(UnknownKey, match="no values for goals"):
        valued().explain("latest", "q_table", ("s", "go"), goal="g")


def test_a_projection_that_is_not_there_and_points_are_refused() -> None:
    """The names of projections are listed; a key that only exists on another branch is not there."""
    with pytest.raises(ConfigError, match="wat") as caught:
        valued().explain("latest", "wat", "go")
    assert "q_table" in caught.value.hint
    with pytest.raises(PointError):
        valued().explain(f"{RUN}@99", "q_table", "go")
    files = MemoryFiles()
    root = write(files, [[FIRST]])
    one = write(files, [[NEXT]], f"{root}@1")
    with pytest.raises(UnknownKey):
        History(files=files).explain(root, "q_table", ("t", "stay"))
    assert History(files=files).explain(one, "q_table", ("t", "stay")).value == 0.8


# Properties.


def explaining(made: History, point: str = "latest") -> tuple[Explaining, dict[str, Any]]:
    place = made.point(point)
    states = made._resuming.at(place, made._projections).result.states
    return Explaining(made.tree, place, states), states


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@settings(max_examples=6)
@given(log=learning_logs(max_events=16))
def test_the_newest_event_leaves_what_the_state_holds(packed: bool, log: Log) -> None:
    """For every row of every table, over any log: what the chain writes is the row, to the last bit."""
    files = MemoryFiles()
    root = write(files, log[: len(log) // 2])
    write(files, log[len(log) // 2 :], root)
    if packed:
        pack(files)
    made = History(files=files)
    point, (_, states) = made.point(), explaining(made)
    for model in READ_MODELS:
        for table in (one for one in model.tables if one.keep is None):
            names = [column.name for column in table.columns]
            for key, row in states[model.name][table.name].items():
                links = chain(made.tree.lineage(point), Subject(model, table, key), point.seq)
                assert repr(links[-1].row) == repr(dict(zip(names, row, strict=True)))
                assert [one.record.seq for one in links] == sorted({one.record.seq for one in links})


def test_a_sum_that_overflows_is_told_as_a_text() -> None:
    """JSON has no infinity, so what the rules conclude from numbers near the greatest is said in words."""
    added = example_of(GoalAdded, owner="shared", goal_id="k", goal="k", nth=0)
    scored = example_of(
        GoalScored, owner="shared", goal_id="k", success=False, success_rate_before=1.7e308, episode_count=3
    )
    explains, states = explaining(history([added], [scored]))
    told = [explains.explain(row.subject).to_dict() for row in rows_in(READ_MODELS, states)]
    assert "inf" in {step["recomputed"] for one in told for step in one["steps"]}
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@settings(max_examples=8)
@given(learning_logs(max_events=15))
def test_every_row_can_be_explained(log: Log) -> None:
    """Whatever numbers events hold, an explanation is drawn up, prints, is JSON, and ends with the state's value."""
    made = history(*log)
    explains, states = explaining(made)
    for row in list(rows_in(READ_MODELS, states)):
        found = explains.explain(row.subject, follow=1)
        assert repr(found.steps[0].value) == repr(found.value)
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["steps"]
        assert str(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two agents learned, to be read by several tests."""
    made = tmp_path_factory.mktemp("learned")
    learned(made)
    return made


def learned(folder: Path, rules: int = 2) -> History:
    """Return what two agents learned in four runs, one of which goes wrong now and then."""
    flaky = actor(lambda task: analyst(task) if task.attempt % 2 else None, "flaky", approaches=["B", "C"])
    goals = ("Count P2P transactions", "Count users", "Count P2P users")
    for turn, goal in enumerate(goals):
        settings: dict[str, Any] = {"rules_version": rules, "consolidation_interval": 2}
        with conductor(folder, actor(), flaky, clock=ticking(START + 100 * turn), **settings) as live:
            live.run_sync(goal)
    return History(folder)


def explanations(made: History) -> Iterator[Explanation]:
    """Give out the explanations of all rows that people ask about, values of memories for goals included."""
    explains, states = explaining(made)
    for row in list(rows_in(READ_MODELS, states)):
        yield explains.explain(row.subject)
        if row.table.name == "entries" and row.model.name == "memory":
            for (goal,) in list(states["memory"]["goal_values"].group(row.key)):
                yield explains.explain(explains.find([row.model], row.key, goal).subject)


EQUATION = re.compile(r"(-?[\d.e-]+) = ([^:]+)(?::|$)")


def clamp(value: float) -> float:
    return max(0.0, min(1.0, value))


@pytest.mark.parametrize("rules", VERSIONS)
def test_the_arithmetic_holds(rules: int, tmp_path: Path) -> None:
    """Of what agents learned by either version of the rules: every equation is true, and the rules say the same."""
    told, held = 0, 0
    for found in explanations(learned(tmp_path, rules)):
        assert found.steps[0].value == found.value
        for step in found.steps:
            told += 1
            assert step.recomputed in (None, step.value)
            for line in step.lines:
                equation = EQUATION.match(line)
                if equation and "lesson" not in line:
                    names = {"clamp": clamp, "min": min, "max": max, "__builtins__": {}}
                    right = eval(equation[2], names)
                    held += 1
                    assert float(equation[1]) == pytest.approx(right, abs=1e-5), line
    assert told > 100
    assert held > 100


def test_an_explanation_is_the_same_over_packs(tmp_path: Path) -> None:
    """Whether records are packed changes nothing of what is explained."""
    made = learned(tmp_path)
    before = [found.to_dict() for found in explanations(made)]
    assert pack(DiskFiles(tmp_path)).packs
    assert [found.to_dict() for found in explanations(History(tmp_path))] == before


def test_of_packs_only_what_can_have_written_the_row_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of other events are left alone, and where the key is not found only its own columns are read."""
    files = MemoryFiles()
    synthesize(files, Load(events=1000, keys=50, runs=2, batch=10))
    pack(files)
    made = History(files=files)
    explains, states = explaining(made)
    asked: list[tuple[str, str]] = []
    reading = ParquetTable.read

    def noted(table: ParquetTable, group: int, name: str) -> Any:
        asked.append((table.name, name))
        return reading(table, group, name)

    monkeypatch.setattr(ParquetTable, "read", noted)
    assert not chain(made.tree.lineage(made.point()), Subject(Q_TABLE, ENTRIES, ("no", "where")), made.point().seq)
    assert {name for tag, name in asked if tag == "q_updated"} <= {"state", "action"}
    assert {tag for tag, _ in asked} <= {"q_updated", "q_pruned", "entry_imported"}
    key = next(iter(states["q_table"]["entries"].all_keys()))
    found = explains.explain(Subject(Q_TABLE, ENTRIES, key))
    assert found.steps[0].value == found.value
    assert "experience_added" not in {tag for tag, _ in asked}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.45, "0.45"),
        (0.5, "0.50"),
        (1.0, "1.00"),
        (1 / 3, "0.333333"),
        (-0.0, "-0.00"),
        (1e-9, "1e-09"),
        (1e12, "1000000000000.0"),
        (None, "null"),
    ],
    ids=str,
)
def test_numbers_are_written_to_six_places(value: float | None, text: str) -> None:
    """At least two decimals, at most six, and what would be lost by that in full."""
    assert figure(value) == text


# What stood in a prompt.


def test_the_context_of_an_attempt_is_explained(folder: Path) -> None:
    """Each memory, lesson and candidate with the events that made it, none of them later than the prompt."""
    made = History(folder)
    found = made.explain_context("3.1")
    attempt = found.attempt
    assert (attempt.episode, attempt.attempt) == (3, 1)
    assert [one.kind for one in found.parts] == [
        *["memory"] * len(attempt.memories),
        *["lesson"] * len(attempt.lessons),
        *["candidate"] * len(attempt.candidates),
    ]
    assert attempt.memories
    assert attempt.lessons
    for part in found.parts:
        assert [put.cause.seq for put in part.events] == sorted((put.cause.seq for put in part.events), reverse=True)
        assert all(put.cause.seq <= attempt.read_at for put in part.events)
        known = part.kind != "candidate" or part.says != "nothing was known of it"
        assert bool(part.events) is known
    assert found.parts[0].says in found.text
    assert {part.events[-1].cause.type for part in found.parts if part.kind == "memory"} == {"memory_stored"}
    assert made.explain_context(f"{found.run}@{found.seq}") == found
    assert found.text.splitlines()[0] in str(found)


def test_a_prompt_that_was_made_up_by_hand() -> None:
    """One memory, one lesson and one candidate, each put there by one event: these, and no later ones, are named."""
    taught = updated(**{**_first(), "lesson": "look before you leap"})
    recalled = Recalled(owner="shared", level="semantic", key="k", value=0.5)
    known = Candidate(approach="go", q=0.45, nth=0, tried=False)
    attempt = example_of(
        AttemptMade,
        episode=1,
        attempt=1,
        read_at=3,
        memories=[recalled],
        lessons=["look before you leap"],
        candidates=[known, Candidate(approach="x", q=0.5, nth=None, tried=False)],
        learned_context="## Told",
        origin=None,
    )
    made = history([stored("k", 0), taught], [TD, AGAIN], [attempt_without_origin(attempt)])
    parts = made.explain_context("1.1").parts
    assert [(one.kind, one.key, [put.cause.seq for put in one.events]) for one in parts] == [
        ("memory", ("shared", "semantic", "k"), [2]),
        ("lesson", ("look before you leap",), [3]),
        ("candidate", ("go",), [3]),
        ("candidate", ("x",), []),
    ]
    assert parts[0].says == "content of k"


def attempt_without_origin(event: AttemptMade) -> Event:
    return replace(event, origin=UNSET)


@pytest.mark.parametrize("attempt", [f"{RUN}@2", "9.9", "1.x", "1.", "latest"])
def test_what_is_no_attempt_is_refused(attempt: str) -> None:
    """A record that is something else, an attempt that never was, nonsense: typed errors, each with a hint."""
    with pytest.raises((UnknownKey, PointError)) as caught:
        valued().explain_context(attempt)
    assert caught.value.hint


# The command.


def test_the_command_tells_people_and_scripts(folder: Path) -> None:
    """Words find the value at latest or at a point; `--json` gives the whole explanation, `--context` a prompt."""
    made = History(folder)
    done = jotty("explain", "P2P transactions APPROACH B ACTOR: analyst", "--output", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert " = clamp(" in done.stdout
    key = "P2P transactions APPROACH B ACTOR: analyst"
    document = read("explain", "latest", key, "--in", "q", "--follow", "2", "--output", folder)
    assert document == json.loads(json.dumps(made.explain("latest", "q_table", key, follow=2).to_dict()))
    entry = next(iter(made.at().memory["shared"]["semantic"]))
    memory = read("explain", f"shared | semantic | {entry}", "--goal", "count users", "--output", folder)
    assert (memory["table"], memory["key"][-1]) == ("goal_values", "Count users")
    assert "the prompt said" in jotty("explain", "--context", "2.1", "--output", folder).stdout
    told = read("explain", "latest", "--context", "2.1", "--output", folder)
    assert told["learned_context"] == made.explain_context("2.1").text


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        ([], 2, "UsageError"),
        (["wat", "B"], 2, "UsageError"),
        (["latest", "B", "C"], 2, "UsageError"),
        (["B", "--in", "wat"], 2, "UsageError"),
        (["B", "--follow", "-1"], 2, "UsageError"),
        (["latest", "B", "--context", "1.1"], 2, "UsageError"),
        (["no such thing at all"], 1, "UnknownKey"),
        (["APPROACH"], 1, "AmbiguousKey"),
        (["latest~9", "B"], 1, "PointError"),
        (["--context", "9.9"], 1, "UnknownKey"),
    ],
)
def test_the_command_fails_as_all_do(arguments: Sequence[str], code: int, kind: str, folder: Path) -> None:
    """Bad usage is 2; a key that is not there, or that fits several, is 1, and the error says which in JSON."""
    done = jotty("explain", *arguments, "--json", "--output", folder)
    assert done.exit_code == code
    assert json.loads(done.stdout)["error"]["type"] == kind
    assert "hint:" in done.stderr


def test_hostile_texts_stay_text_on_the_terminal(tmp_path: Path) -> None:
    """What an agent said of its failure is printed, and does nothing; nor does a key that is not there."""
    with conductor(tmp_path, actor(lambda task: (_ for _ in ()).throw(LookupError(HOSTILE)))) as live:
        live.run_sync(f"Count {HOSTILE}")
    for arguments in (["APPROACH: A"], ["--context", "1.2"], [HOSTILE + "x"]):
        for env in ({}, TERMINAL):
            done = jotty("explain", *arguments, "--output", tmp_path, env=env)
            assert not ACTIVE.search(STYLES.sub("", done.output))
