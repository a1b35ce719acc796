"""The read models: what each event does to a state, what lies under a tombstone, and what people read of it."""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from generators import (
    MAX_INT,
    MIN_INT,
    Log,
    events,
    example_of,
    learning_events,
    learning_logs,
    logs,
    records,
    states_of,
    tables,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from naive import EFFECTS, tables_after, tables_of

from jotty_events.errors import InvalidEvent
from jotty_events.events import (
    EVENT_TYPES,
    AlphaAdapted,
    CausalLinked,
    Cluster,
    ConsolidationDone,
    EntryImported,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceEvicted,
    ExperienceForgotten,
    GoalAdded,
    GoalScored,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryStored,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    QPruned,
    QUpdated,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskSkipped,
    TaskStarted,
    TierMove,
    TiersAssigned,
    TodoOpened,
    TodoReplanned,
    TraceReplayed,
    ValueUpdated,
    WakeCounted,
    tag_of,
)
from jotty_events.reading.replay import digests
from jotty_events.record import Record
from jotty_events.state import State
from jotty_events.types import LEVELS, SHARED
from projections import MEMORY, READ_MODELS, ReadModel
from projections.rows import Rows
from projections.table import Key, Table, integer, last_k, real, table, text
from projections.view import RowView, TableView
from projections.writes import Each, Put, Set

each_model = pytest.mark.parametrize("model", READ_MODELS, ids=lambda one: one.name)
each_table = pytest.mark.parametrize(("model", "shape"), tables(), ids=lambda one: getattr(one, "name", one))

MODELS = {model.name: model for model in READ_MODELS}


def state_of(*events: Any) -> State:
    """Return what people read after some events."""
    return State(READ_MODELS, states_of([list(events)]))


def rows_of(model: str, shape: str, *events: Any) -> Rows:
    """Return one table after some events."""
    rows: Rows = states_of([list(events)])[model][shape]
    return rows


def stored(key: str = "k", **fields: Any) -> MemoryStored:
    return example_of(MemoryStored, **{"owner": "shared", "level": "semantic", "key": key, "goal": "g", **fields})


def evicted(key: str = "k", **fields: Any) -> MemoryEvicted:
    return example_of(MemoryEvicted, **{"owner": "shared", "level": "semantic", "key": key, **fields})


def valued(key: str = "k", **fields: Any) -> ValueUpdated:
    return example_of(ValueUpdated, **{"owner": "shared", "level": "semantic", "key": key, "goal": "g", **fields})


def updated(state: str = "s", action: str = "a", **fields: Any) -> QUpdated:
    return example_of(QUpdated, **{"state": state, "action": action, "lesson": None, **fields})


def pruned(state: str = "s", action: str = "a", **fields: Any) -> QPruned:
    return example_of(QPruned, **{"state": state, "action": action, **fields})


def tasked(name: str = "t", **fields: Any) -> TaskAdded:
    return example_of(TaskAdded, **{"task": name, **fields})


# Every event, against plain dictionaries.


@given(learning_logs(imports=False))
def test_a_state_is_what_plain_dictionaries_say(log: Log) -> None:
    """Each event writes, drops and keeps just what the naive reading of it does, in any history."""
    assert tables_of(states_of(log)) == tables_after(log)


def test_the_naive_reading_knows_every_event_that_is_read() -> None:
    """No event that changes a state is left out of the comparison."""
    assert set(EFFECTS) == {event for model in READ_MODELS for event in model.writes}


@each_model
def test_a_model_reads_just_what_it_writes_and_imports(model: ReadModel) -> None:
    """What a projection says that it reads is what changes it: an unknown tag among these must stop a replay."""
    assert set(model.reads) == {*model.writes, EntryImported}
    assert set(model.reads) <= set(EVENT_TYPES)


@given(learning_logs(max_events=10), events())
def test_events_that_a_model_does_not_read_change_nothing(log: Log, event: Event) -> None:
    """Records of other facts leave a state as it was."""
    states = states_of(log)
    before = digests(READ_MODELS, states)
    for model in READ_MODELS:
        if type(event) not in model.writes and getattr(event, "projection", "") != model.name:
            model.apply(states[model.name], Record(99, 0, event))
            assert model.digest(states[model.name]) == before[model.name]


@given(logs() | learning_logs())
def test_applying_an_event_does_not_change_it(log: Log) -> None:
    """A record that was applied may be written, applied elsewhere, or compared: it stays as it was."""
    before = repr(log)
    first, second = states_of(log), states_of(log)
    assert repr(log) == before
    assert digests(READ_MODELS, first) == digests(READ_MODELS, second)


# Entries that are not there, tombstones, and the count of insertions.

PARTIAL = [
    (model, kind)
    for model in READ_MODELS
    for kind, writes in model.writes.items()
    if all(isinstance(write, Set) for write in writes)
]


@pytest.mark.parametrize(("model", "kind"), PARTIAL, ids=lambda one: getattr(one, "name", None) or tag_of(one))
def test_an_update_of_a_row_that_is_not_there_does_nothing(model: ReadModel, kind: type[Event]) -> None:
    """What changes some columns of an entry makes no entry."""
    state = model.initial()
    empty = model.digest(state)
    model.apply(state, Record(1, 0, example_of(kind)))
    assert model.digest(state) == empty
    assert sum(map(len, state.values())) == 0


def test_there_are_updates_that_change_some_columns() -> None:
    """The test above is not empty, and the events that also write whole rows do not update what is not there."""
    assert len(PARTIAL) >= 9
    assert len(rows_of("memory", "entries", valued(), example_of(MemoryAccessed))) == 0
    assert len(rows_of("todos", "tasks", example_of(TaskFailed))) == 0


@given(learning_logs(imports=False))
def test_the_next_number_is_one_more_than_any_that_was_ever_given(log: Log) -> None:
    """Insertion numbers are never given twice: what was let go, cleared or replaced still counts."""
    states = states_of(log)
    for name, shape in tables():
        events_of_log = [event for commit in log for event in commit]
        numbers = [nth for event in events_of_log for nth in numbers_for(MODELS[name], shape.name, event)]
        assert states[name][shape.name].next_nth == max([-1, *numbers]) + 1


def is_done(put: Put, event: Event) -> bool:
    """Say whether an event meets the conditions of a write; those of an item have none."""
    return all(getattr(event, name) == value for name, value in put.when.items())


def numbers_for(model: ReadModel, name: str, event: Event) -> list[int]:
    """Return the insertion numbers that an event writes into a table, by itself or with each of its items."""
    found: list[int] = []
    for write in model.writes.get(type(event), ()):
        put = write.write if isinstance(write, Each) else write
        if isinstance(put, Put) and put.table.name == name and put.table.nth_at is not None and is_done(put, event):
            field = put.sources.get("nth", "nth")
            items = getattr(event, write.items) if isinstance(write, Each) else [event]
            found += [getattr(one, field) for one in items if isinstance(field, str)]
    return found


def test_the_count_of_insertions_survives_tombstones() -> None:
    """After everything was let go, the next entry still gets a new number."""
    memory = state_of(stored(nth=7, goal_nth=9), evicted()).memory
    assert (memory.next_nth, memory.next_goal_nth, len(memory)) == (8, 10, 0)
    table = state_of(updated(nth=4), pruned(nth=4)).q_table
    assert (table.next_nth, len(table)) == (5, 0)
    todos = state_of(tasked(nth=3), example_of(TodoOpened)).todos
    assert (todos.next_nth, len(todos)) == (4, 0)
    brain = state_of(example_of(ExperienceEncoded, nth=5), example_of(ExperienceForgotten, nth=5)).brain
    assert (brain.next_trace, brain.hippocampus) == (6, [])
    brain = state_of(example_of(PatternLearned, nth=2), example_of(PatternForgotten, nth=2)).brain
    assert (brain.next_pattern, brain.neocortex) == (3, [])


def test_the_count_of_insertions_never_goes_back() -> None:
    """An older number, written again, does not lower the count."""
    assert state_of(stored("a", nth=7), stored("b", nth=2)).memory.next_nth == 8
    assert state_of(updated(nth=7), updated("t", nth=2)).q_table.next_nth == 8


def test_an_entry_that_is_let_go_takes_what_lies_below_it() -> None:
    """Goal values, TD errors, lessons and reasons go with their entry; those of others stay."""
    left = state_of(stored("a"), stored("b"), valued("a", goal="h"), evicted("a"))
    assert [key[2] for key, _ in rows_of("memory", "goal_values", stored("a"), stored("b"), evicted("a")).items()] == [
        "b"
    ]
    assert list(left.memory["shared"]["semantic"]) == ["b"]
    events = [updated(lesson="x"), updated("s", "b", lesson="y"), pruned()]
    for shape in ("entries", "td_errors", "lessons"):
        assert [key for key, _ in rows_of("q_table", shape, *events).items()] == [("s", "b")]
    events = [tasked(), example_of(TaskFailed, task="t"), example_of(TodoOpened)]
    for shape in ("tasks", "reasons", "order"):
        assert len(rows_of("todos", shape, *events)) == 0


def test_an_entry_that_comes_again_begins_anew() -> None:
    """After a tombstone nothing of the old entry is left: no goal values, errors, lessons, flags or counts."""
    old = [stored(nth=0), valued(goal="h"), example_of(MemoryProtected, owner="shared", level="semantic", key="k")]
    fresh = stored(nth=1, content="new", default_value=0.25)
    entry = state_of(*old, evicted(), fresh).memory["shared"]["semantic"]["k"]
    assert entry.to_dict() == state_of(fresh).memory["shared"]["semantic"]["k"].to_dict()
    assert (list(entry.goal_values), entry.value("h"), entry.protected) == (["g"], 0.25, False)
    again = updated(nth=1, td_error=0.5, lesson="new")
    cell = state_of(updated(nth=0, lesson="old"), pruned(nth=0), again).q_table["s", "a"]
    assert (cell.td_errors, cell.lessons, cell.nth) == ([0.5], ["new"], 1)


@given(learning_logs())
def test_nothing_of_a_family_outlives_the_end_of_its_entry(log: Log) -> None:
    """Whatever happened before, letting an entry go leaves no row under its key, in its table and in those below."""
    for model, shape, key, end in families(log):
        states = states_of([*log, [end]])
        family = [one for one in model.tables if shape in (one.name, one.parent)]
        left = [(one.name, other) for one in family for other, _ in states[model.name][one.name].items()]
        assert [(name, other) for name, other in left if other[: len(key)] == key] == []


def families(log: Log) -> Iterable[tuple[ReadModel, str, Key, Event]]:
    """Return, for each entry that a log left, the event that lets it go."""
    states = states_of(log)
    for key, _ in list(states["memory"]["entries"].items())[:2]:
        owner, level, name = key
        yield MODELS["memory"], "entries", key, evicted(name, owner=owner, level=level)
    for key, _ in list(states["q_table"]["entries"].items())[:2]:
        yield MODELS["q_table"], "entries", key, pruned(*key)
    for key, _ in list(states["todos"]["tasks"].items())[:1]:
        yield MODELS["todos"], "tasks", key, example_of(TodoOpened)


# The last k.


def test_the_last_twenty_errors_and_five_lessons_are_kept() -> None:
    """Of many errors, lessons and reasons the newest are kept, oldest first; no lesson is no lesson."""
    q_events = [updated(td_error=float(i), lesson=None if i % 2 else f"lesson {i}") for i in range(50)]
    entry = state_of(*q_events).q_table["s", "a"]
    assert entry.td_errors == [float(i) for i in range(30, 50)]
    assert entry.lessons == [f"lesson {i}" for i in (40, 42, 44, 46, 48)]
    failures = [example_of(TaskFailed, task="t", reason=f"error {i}") for i in range(25)]
    assert state_of(tasked(), *failures).todos["t"].failure_reasons == [f"error {i}" for i in range(5, 25)]


@given(learning_logs())
def test_a_list_of_the_last_k_is_never_longer(log: Log) -> None:
    """No history makes a list longer than its bound, or leaves an empty one."""
    states = states_of(log)
    for model, shape in tables():
        if shape.keep is not None:
            assert all(0 < len(items) <= shape.keep for _, items in states[model][shape.name].items())


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 99)), max_size=40), st.integers(1, 6))
def test_pushes_keep_the_newest_of_each_key(pushes: list[tuple[str, int]], keep: int) -> None:
    """`last_k` is the end of all that was pushed under a key."""
    rows = Rows(last_k("last", table("parent", (text("k"),)), integer("item"), keep))
    for key, item in pushes:
        rows.push((key,), item)
    expected = {key: [item for other, item in pushes if other == key][-keep:] for key, _ in pushes}
    assert {key[0]: items for key, items in rows.items()} == expected


# Tiers.


def assigned(moves: list[tuple[int, int]], *, whole: bool, clusters: list[Cluster] | None = None) -> TiersAssigned:
    listed = [TierMove(nth=nth, tier=tier, rank=None) for nth, tier in moves]
    return example_of(TiersAssigned, whole=whole, moves=listed, clusters=clusters)


def tiers_of(*events: Any) -> dict[Any, int]:
    return {key[0]: row[0] for key, row in rows_of("q_table", "tiers", *events).items()}


def test_a_whole_assignment_replaces_all_tiers() -> None:
    """What a whole assignment does not name is in no tier any more."""
    before = assigned([(0, 1), (1, 2), (2, 3)], whole=False)
    assert tiers_of(before, assigned([(1, 1)], whole=True)) == {1: 1}
    assert tiers_of(before, assigned([], whole=True)) == {}


def test_a_partial_assignment_moves_what_it_names() -> None:
    """What a partial assignment does not name stays where it is."""
    before = assigned([(0, 1), (1, 2)], whole=True)
    assert tiers_of(before, assigned([(1, 1), (5, 3)], whole=False)) == {0: 1, 1: 1, 5: 3}
    assert tiers_of(before, assigned([], whole=False)) == {0: 1, 1: 2}


def test_clusters_are_replaced_where_new_ones_are_given() -> None:
    """No clusters leave the old ones, an empty list takes them away."""
    one, other = (Cluster(name=name, rank=0, centroid=name, members=[1]) for name in "ab")
    before = assigned([], whole=False, clusters=[one])
    for given_ones, expected in ((None, ["a"]), ([], []), ([other], ["b"]), ([one, other], ["a", "b"])):
        rows = rows_of("q_table", "clusters", before, assigned([], whole=False, clusters=given_ones))
        assert sorted(key[0] for key, _ in rows.items()) == expected


def test_clusters_and_what_tiering_goes_by_are_read() -> None:
    """The last assignment says which entries are alike, and from which numbers the next one starts."""
    cluster = Cluster(name="c", rank=0, centroid="s", members=[1, 4])
    event = replace(assigned([], whole=True, clusters=[cluster]), threshold=0.6, last_reward=0.5, without_improvement=2)
    q_table = state_of(event).q_table
    found = q_table.clusters["c"]
    assert (found.name, found.centroid, found.members, len(q_table.clusters)) == ("c", "s", [1, 4], 1)
    assert q_table.tiering is not None
    assert q_table.tiering.to_dict() == {"threshold": 0.6, "last_reward": 0.5, "without_improvement": 2}
    assert (state_of().q_table.tiering, len(state_of().q_table.clusters)) == (None, 0)


def test_an_entry_stands_in_its_tier_until_it_is_pruned() -> None:
    """The tier of an entry is found by its number, 0 if it has none, and goes with the entry."""
    moved = assigned([(3, 2)], whole=True)
    assert state_of(updated(nth=3)).q_table["s", "a"].tier == 0
    assert state_of(updated(nth=3), moved).q_table["s", "a"].tier == 2
    assert tiers_of(updated(nth=3), moved, pruned(nth=3)) == {}


# What people read.


def test_a_memory_reads_as_it_was_stored() -> None:
    """An entry shows what its events said, by owner, level and key."""
    where = {"owner": "sql", "level": "episodic", "key": "k|||1"}
    first = stored(
        **where, nth=3, goal_nth=5, content="USE x", context={"a": [1]}, default_value=0.5, now=10.0, source_episode=2
    )
    events = [
        first,
        example_of(MemoryAccessed, **where, access_count=4, ucb_visits=2, total_accesses=9, now=11.0),
        example_of(MemoryMerged, **where, similar_entries=["k2"], access_count=5, now=12.0),
        example_of(MemoryProtected, **where, protected=True, reason="value"),
        valued(**where, goal="h", after=0.8, default_after=0.6, access_count=3, goal_nth=6, now=13.0),
    ]
    memory = state_of(*events).memory
    entry = memory["sql"]["episodic"]["k|||1"]
    assert (entry.owner, entry.level, entry.key, entry.nth) == ("sql", "episodic", "k|||1", 3)
    assert (entry.content, entry.context, entry.source_episode) == ("USE x", {"a": [1]}, 2)
    assert (entry.created, entry.last_accessed) == (10.0, 12.0)
    assert (entry.access_count, entry.ucb_visits, entry.similar_entries) == (5, 2, ["k2"])
    assert (entry.protected, entry.protection_reason, entry.default_value) == (True, "value", 0.6)
    assert (entry.value("g"), entry.value("h"), entry.value("never seen")) == (0.5, 0.8, 0.6)
    assert [(goal, one.value, one.access_count) for goal, one in entry.goal_values.items()] == [
        ("g", 0.5, 0),
        ("h", 0.8, 3),
    ]
    assert [one.goal for one in entry.newest_goals(1)] == ["h"]
    assert memory["sql"].total_accesses == 9
    assert [one.key for one in memory["sql"].entries()] == ["k|||1"]
    assert entry.to_dict()["goal_values"] == {"g": 0.5, "h": 0.8}


def test_owners_and_levels_are_read_by_name() -> None:
    """Owners are listed by name; every owner has five levels and no sixth; who never remembered is a KeyError."""
    memory = state_of(stored(owner="b"), stored(owner="a"), stored(owner="a", level="meta")).memory
    assert (list(memory), len(memory), "a" in memory, "c" in memory) == (["a", "b"], 2, True, False)
    assert list(memory["a"]) == list(memory[SHARED]) == list(memory.of("nobody")) == list(LEVELS)
    nobody = memory.of("nobody")
    assert (len(memory["a"]), len(nobody["meta"]), nobody.total_accesses) == (5, 0, 0)
    assert memory.get("nobody") is None
    for unknown in (lambda: memory["nobody"], lambda: memory["a"]["working"]):
        with pytest.raises(KeyError):
            unknown()


def test_an_owner_that_forgot_everything_is_still_one() -> None:
    """Whoever was counted to remember once has empty levels now, and so has an agent that may yet remember."""
    accessed = example_of(MemoryAccessed, owner="a", level="meta", key="k", total_accesses=1)
    gone = state_of(stored(owner="a", level="meta"), accessed, evicted(owner="a", level="meta"))
    assert len(gone.memory["a"]["meta"]) == 0
    live = State(READ_MODELS, states_of([]), owners=["sql"])
    assert list(live.memory["sql"]["semantic"]) == list(live.goals["sql"]) == []
    for owners in (live.memory, live.goals):
        with pytest.raises(KeyError, match="nobody"):
            owners["nobody"]


def test_links_consolidations_and_parameters_are_read() -> None:
    """A causal link shows its proof; consolidations are counted per owner; each learner has its own alpha."""
    link = example_of(CausalLinked, owner="a", link="l", confidence=0.7, nth=2)
    events = [
        link,
        example_of(MemoryConsolidated, owner="a", count=3),
        example_of(AlphaAdapted, learner="td", after=0.25),
        example_of(AlphaAdapted, learner="q", after=0.5),
    ]
    state = state_of(*events)
    found = state.memory["a"].links["l"]
    assert (found.link, found.cause, found.effect, found.confidence) == ("l", link.cause, link.effect, 0.7)
    proof = (link.supporting, link.contradicting, link.transferable)
    assert (found.supporting, found.contradicting, found.transferable) == proof
    assert (state.memory["a"].consolidations, state.memory.of("b").consolidations) == (3, 0)
    assert (state.memory.parameter("alpha"), state.q_table.parameter("alpha")) == (0.25, 0.5)
    assert (state.memory.parameter("beta"), state_of().q_table.parameter("alpha")) == (None, None)
    assert state.memory.next_link_nth == 3


def test_a_q_value_reads_as_it_was_updated_last() -> None:
    """An entry of the Q-table shows the newest update, found by the texts of state and action."""
    old = updated(after=0.1, visits=1, nth=4, now=1.0, created=1.0, td_error=0.25, lesson="one")
    new = updated(after=0.9, visits=2, average_reward=0.75, nth=4, now=2.0, created=1.0, td_error=-0.5, lesson="two")
    entry = state_of(old, new).q_table["s", "a"]
    assert (entry.state, entry.action, entry.value, entry.visits, entry.nth) == ("s", "a", 0.9, 2, 4)
    assert (entry.average_reward, entry.created, entry.updated) == (0.75, 1.0, 2.0)
    assert (entry.td_errors, entry.lessons) == ([0.25, -0.5], ["one", "two"])
    assert entry.to_dict()["td_errors"] == [0.25, -0.5]


def test_the_actions_of_a_state_are_listed_oldest_first() -> None:
    """The actions known in one state are found without those of others, which may begin with the same text."""
    events = [
        updated("s", "b", nth=2, after=0.75),
        updated("s|||a", "x", nth=1, after=1.0),
        updated("s", "a", nth=5, after=0.75),
        updated("s", "c", nth=0, after=0.25),
    ]
    q_table = state_of(*events).q_table
    assert [action for action, _ in q_table.actions_of("s")] == ["c", "b", "a"]
    assert q_table.actions_of("nowhere") == []
    assert q_table.highest_in(["s", "s|||a"]) == [(0.75, 2), (1.0, 1)]
    known = [("s", "a", 0.75, 5), ("s", "b", 0.75, 2), ("s", "c", 0.25, 0), ("s|||a", "x", 1.0, 1)]
    assert sorted(q_table.values_of(["s", "nowhere", "s|||a"])) == known
    assert list(q_table) == [("s", "c"), ("s|||a", "x"), ("s", "b"), ("s", "a")]
    one_by_one = [((one.state, one.action), one.value, one.visits, one.updated, one.nth) for one in q_table.entries()]
    assert sorted(q_table.retained()) == sorted(one_by_one)
    assert dict(q_table.all_td_errors()) == {key: one.td_errors for key, one in q_table.items() if one.td_errors}
    assert q_table.all_lessons() == {key: one.lessons for key, one in q_table.items() if one.lessons}
    with pytest.raises(KeyError):
        q_table["s", "z"]
    foreign: list[Any] = ["s", ("s",), None]
    assert [key for key in foreign if key in q_table] == []


def test_the_buffer_stands_as_a_rule_sorted_it() -> None:
    """Experiences stand in the last order that was given, and what came later stands behind."""
    steps = [example_of(ExperienceAdded, nth=i, priority=float(i), reward=i / 10) for i in range(4)]
    sorted_once = example_of(ExperienceEvicted, nth=1, order=[3, 0, 2])
    later = example_of(ExperienceAdded, nth=4)
    unsorted_once = example_of(ExperienceEvicted, nth=0, order=None)
    q_table = state_of(*steps, sorted_once, later, unsorted_once).q_table
    assert [one.nth for one in q_table.experiences] == [3, 2, 4]
    assert (q_table.buffered, q_table.next_experience) == (3, 5)
    assert q_table.priorities()[:2] == [(3, 3.0), (2, 2.0)]
    assert q_table.experience(2).reward == 0.2
    with pytest.raises(KeyError):
        q_table.experience(1)


def test_a_brain_reads_as_it_slept() -> None:
    """Traces and patterns show their strength and order, and the counters say how long the brain is awake."""
    brain = state_of().brain
    assert (brain.consolidations, brain.last_sleep, brain.episodes_since_sleep, brain.expected_reward) == (0, 0, 0, 0.5)
    assert (len(brain), brain.hippocampus, brain.neocortex) == (0, [], [])
    events = [
        *(example_of(ExperienceEncoded, nth=i, expected_reward=0.6, now=float(i)) for i in range(3)),
        *(example_of(PatternLearned, nth=i, now=float(i)) for i in range(3)),
        example_of(TraceReplayed, nth=1, replays=2, strength=1.5),
        example_of(PatternReinforced, nth=2, strength=2.5, sources=3, now=9.0),
        example_of(ExperienceForgotten, nth=0, order=[2, 1]),
        example_of(PatternForgotten, nth=1, order=None),
        example_of(WakeCounted, episodes_since_sleep=4),
        example_of(ConsolidationDone, count=2, episode=6),
    ]
    brain = state_of(*events).brain
    assert [(one.nth, one.replays) for one in brain.hippocampus] == [(2, 0), (1, 2)]
    assert [(one.nth, one.sources, one.created, one.reinforced) for one in brain.neocortex][1] == (2, 3, 2.0, 9.0)
    assert (brain.consolidations, brain.last_sleep, brain.episodes_since_sleep) == (2, 6, 0)
    assert (brain.expected_reward, len(brain)) == (0.6, 4)
    woken = state_of(*events, example_of(WakeCounted, episodes_since_sleep=1)).brain
    assert woken.episodes_since_sleep == 1


def test_a_task_reads_as_it_went() -> None:
    """A task shows how it stands: added, started, failed, started again, completed."""
    events = [example_of(TodoOpened, todo="list", root_task="goal"), tasked(depends_on=["x"], nth=0)]
    todos = state_of(*events).todos
    assert (todos.todo_id, todos.root_task, todos["t"].status, todos["t"].attempts) == ("list", "goal", "pending", 0)
    events += [example_of(TaskStarted, task="t", attempts=1, now=1.0)]
    assert state_of(*events).todos["t"].status == "in_progress"
    events += [example_of(TaskFailed, task="t", error="no", reason="no", status="pending")]
    task = state_of(*events).todos["t"]
    assert (task.status, task.error, task.failure_reasons, task.attempts) == ("pending", "no", ["no"], 1)
    events += [example_of(TaskStarted, task="t", attempts=2, now=2.0)]
    events += [example_of(TaskCompleted, task="t", reward=0.5, result={"rows": 3}, now=3.0)]
    task = state_of(*events).todos["t"]
    assert (task.status, task.reward, task.result, task.started, task.completed) == (
        "completed",
        0.5,
        {"rows": 3},
        2.0,
        3.0,
    )
    assert (state_of().todos.todo_id, state_of().todos.root_task) == (None, None)


def test_a_task_may_be_blocked_unblocked_and_skipped() -> None:
    """A blocked task waits, an unblocked one is pending again, a skipped one is done with."""
    blocked, free = (example_of(TaskBlocked, task="t", blocked=one) for one in (True, False))
    assert state_of(tasked(), blocked).todos["t"].status == "blocked"
    assert state_of(tasked(), blocked, free).todos["t"].status == "pending"
    assert state_of(tasked(), example_of(TaskSkipped, task="t")).todos["t"].status == "skipped"


def test_tasks_stand_in_the_planned_order() -> None:
    """A new order holds until the next list; tasks that it does not name come behind, as they were added."""
    added = [tasked(name, nth=i) for i, name in enumerate("abcd")]
    planned = example_of(TodoReplanned, order=["c", "a"])
    kept = example_of(TodoReplanned, order=None)
    assert [one.task_id for one in state_of(*added, planned, kept).todos.ordered()] == ["c", "a", "b", "d"]
    assert list(state_of(*added, planned).todos) == ["a", "b", "c", "d"]
    anew = [*added, planned, example_of(TodoOpened), *added]
    assert [one.task_id for one in state_of(*anew).todos.ordered()] == ["a", "b", "c", "d"]


def test_goals_and_episodes_read_as_they_went() -> None:
    """A goal shows how often it was reached, an episode how it ended; both are there before."""
    events: list[Event] = [
        example_of(GoalAdded, owner="a", goal_id="g", goal="count", parent=None, nth=2),
        example_of(EpisodeStarted, episode=3, run="run_1", goal="count", now=1.0),
    ]
    state = state_of(*events)
    assert (state.goals["a"]["g"].success_rate, state.goals["a"]["g"].episode_count) == (0.5, 0)
    assert (state.episodes[3].status, state.episodes[3].success, state.episodes[3].reward) == ("running", None, None)
    events += [
        example_of(GoalScored, owner="a", goal_id="g", episode_count=1, success_rate=1.0),
        example_of(EpisodeEnded, episode=3, status="succeeded", success=True, reward=0.9, attempts=2, now=2.0),
    ]
    state = state_of(*events)
    goal, episode = state.goals["a"]["g"], state.episodes[3]
    assert (goal.goal, goal.parent_id, goal.episode_count, goal.success_rate, goal.nth) == ("count", None, 1, 1.0, 2)
    assert (list(state.goals), len(state.goals), "b" in state.goals, state.goals.next_nth) == (["a"], 1, False, 3)
    assert (episode.run, episode.goal, episode.status, episode.success) == ("run_1", "count", "succeeded", True)
    assert (episode.reward, episode.attempts, episode.started, episode.ended) == (0.9, 2, 1.0, 2.0)
    assert (state.episodes.last, state_of().episodes.last) == (3, 0)


def views_of(state: State) -> list[TableView[Any, Any]]:
    """Return every mapping of entries that a state shows."""
    owners = list(state.memory.values())
    levels = [level for owner in owners for level in owner.values()]
    goals = [entry.goal_values for level in levels for entry in level.values()]
    links = [owner.links for owner in owners]
    q_table = state.q_table
    return [*levels, *goals, *links, *state.goals.values(), q_table, q_table.clusters, state.todos, state.episodes]


def entries_of(state: State) -> list[RowView]:
    """Return every entry that a state shows."""
    inside = [entry for view in views_of(state) for entry in view.values()]
    return [*inside, *state.brain.hippocampus, *state.brain.neocortex, *state.q_table.experiences]


@given(learning_logs(nulls=False))
def test_a_view_is_a_mapping(log: Log) -> None:
    """Iteration, length, lookup and membership of every view agree, whatever the keys look like."""
    for view in views_of(State(READ_MODELS, states_of(log))):
        keys = list(view)
        assert len(view) == len(keys) == len(set(keys))
        assert all(key in view for key in keys)
        assert [view[key].to_dict() for key in keys] == [one.to_dict() for one in view.entries()]
        assert [one.to_dict() for one in view.values()] == [one.to_dict() for one in view.entries()]
        missing = [key for key in ("not there", ("not", "there"), 77, (), None) if key in view]
        assert missing == []
        with pytest.raises(KeyError):
            view["not there"]


@given(learning_logs(nulls=False))
def test_entries_stand_in_the_order_of_insertion(log: Log) -> None:
    """A view shows its entries by their insertion number; where there is none, by their key."""
    state = State(READ_MODELS, states_of(log))
    for view in views_of(state):
        entries = list(view.values())
        if entries and hasattr(entries[0], "nth"):
            assert [one.nth for one in entries] == sorted(one.nth for one in entries)
    assert list(state.episodes) == sorted(state.episodes)
    assert list(state.q_table.clusters) == sorted(state.q_table.clusters)
    unranked = [one.nth for one in state.q_table.experiences if one.nth not in ranked(log)]
    assert unranked == sorted(unranked)


def ranked(log: Log) -> set[int]:
    """Return the numbers of experiences that some order names."""
    orders = [event.order for commit in log for event in commit if isinstance(event, ExperienceEvicted)]
    imported = [event.row for commit in log for event in commit if isinstance(event, EntryImported)]
    return {nth for order in orders for nth in order or ()} | {nth for row in imported for nth in row.get("ids", ())}


@given(learning_logs(nulls=False))
def test_entries_become_json(log: Log) -> None:
    """`to_dict` of every entry is made of the plain types of JSON, and comes back from JSON as it was."""
    state = State(READ_MODELS, states_of(log))
    shown = [entry.to_dict() for entry in entries_of(state)]
    for one in [*shown, state.brain.to_dict()]:
        assert is_json(one)
        assert repr(msgspec.json.decode(msgspec.json.encode(one))) == repr(one)
    assert all(repr(entry).startswith(type(entry).__name__ + "(") for entry in entries_of(state))


def is_json(value: Any) -> bool:
    """Tell whether a value is of the plain types of JSON, all through."""
    if type(value) is dict:
        return all(type(key) is str and is_json(one) for key, one in value.items())
    if type(value) is list:
        return all(map(is_json, value))
    return value is None or type(value) in (str, int, float, bool)


@given(learning_logs())
def test_reading_changes_nothing(log: Log) -> None:
    """Looking at every entry of a state, and for entries that are not there, leaves its digests as they were."""
    states = states_of(log)
    before = digests(READ_MODELS, states)
    state = State(READ_MODELS, states)
    for view in views_of(state):
        assert [*map(repr, view.entries()), view.get("not there")]
    assert repr(state)
    assert state.memory[SHARED]["semantic"].get("not there") is None
    assert state.goals.of("nobody").get("k") is None
    assert state.digests() == before


@given(learning_logs(nulls=False))
def test_a_loaded_state_reads_the_same(log: Log) -> None:
    """Whatever people and rules read of a state they read of its dump, and in the same order (law L4)."""
    states = states_of(log)
    loaded = {model.name: model.load(model.dump(states[model.name])) for model in READ_MODELS}
    assert shown(State(READ_MODELS, loaded)) == shown(State(READ_MODELS, states))


def test_entries_of_one_number_stand_in_the_order_of_their_keys() -> None:
    """Imported entries may share a number: whichever came first, they are read in one order."""
    key = {"owner": "shared", "level": "semantic", "key": "k"}
    first, second = (imported("memory", "goal_values", {**key, "goal": goal, "value": 0.5}, nth=3) for goal in "ab")
    for events_in_order in ([first, second], [second, first]):
        entry = state_of(stored(nth=0, goal="g", goal_nth=0), *events_in_order).memory["shared"]["semantic"]["k"]
        assert list(entry.goal_values) == ["g", "a", "b"]
        assert [one.goal for one in entry.newest_goals(2)] == ["b", "a"]


def shown(state: State) -> list[str]:
    """Return all that a state shows, as text."""
    memories = [entry for owner in state.memory.values() for entry in owner.entries()]
    newest = [[one.goal for one in entry.newest_goals(2)] for entry in memories]
    tasks = [one.task_id for one in state.todos.ordered()]
    counts = [(owner.total_accesses, owner.consolidations) for owner in state.memory.values()]
    brain = state.brain.to_dict()
    return [*map(repr, entries_of(state)), repr((newest, tasks, counts, brain, state.q_table.priorities()))]


# Imported entries.


def imported(model: str, shape: str, row: dict[str, Any], nth: int = 3) -> EntryImported:
    return EntryImported(projection=model, table=shape, row=row, nth=nth)


@each_table
def test_a_row_of_any_table_can_be_imported(model: str, shape: Table) -> None:
    """A whole row is written as it was elsewhere; what it leaves out takes the default, and `nth` is the event's."""
    values: dict[str, Any] = {"text": "😀", "int": MAX_INT, "float": -0.0, "bool": True, "json": {"a": [1, None]}}
    row = {column.name: values[column.kind] for column in (*shape.key, *shape.columns)}
    key = tuple(values[column.kind] for column in shape.key)
    rows = rows_of(model, shape.name, imported(model, shape.name, row))
    expected = [3 if column.name == "nth" else values[column.kind] for column in shape.columns]
    assert repr(rows.get(key)) == repr(expected)
    bare = {column.name: values[column.kind] for column in shape.key}
    rows = rows_of(model, shape.name, imported(model, shape.name, bare))
    assert rows.get(key) == [3 if column.name == "nth" else column.default for column in shape.columns]
    assert rows.next_nth == (0 if shape.nth_at is None else 4)


def test_an_import_for_another_projection_is_passed_over() -> None:
    """A row of a projection that is not this one changes nothing here."""
    empty = digests(READ_MODELS, states_of([]))
    after = digests(READ_MODELS, states_of([[imported("q_table", "entries", {"state": "s", "action": "a"})]]))
    assert [name for name in empty if after[name] != empty[name]] == ["q_table"]
    assert digests(READ_MODELS, states_of([[imported("elsewhere", "entries", {})]])) == empty


@pytest.mark.parametrize(
    ("shape", "row", "word"),
    [
        ("nowhere", {}, "nowhere"),
        ("entries", {"state": "s"}, "key"),
        ("entries", {"state": "s", "action": None}, "key"),
        ("entries", {"state": "s", "action": 1}, "action"),
        ("entries", {"state": "s", "action": "a", "value": "0.5"}, "value"),
        ("entries", {"state": "s", "action": "a", "value": True}, "value"),
        ("entries", {"state": "s", "action": "a", "visits": 1.0}, "visits"),
        ("entries", {"state": "s", "action": "a", "visits": True}, "visits"),
        ("tiers", {"id": True, "tier": 1}, "id"),
        ("tiers", {"id": 1.0, "tier": 1}, "id"),
        ("experiences", {"id": 1, "done": 1}, "done"),
        ("td_errors", {"state": "s", "action": "a", "td_error": "x"}, "td_error"),
        ("td_errors", {"td_error": 0.5}, "key"),
    ],
)
def test_a_row_that_does_not_fit_its_table_is_refused(shape: str, row: dict[str, Any], word: str) -> None:
    """An unknown table, half a key, a value of another kind: a typed error that names it, and nothing is written."""
    model = MODELS["q_table"]
    state = model.initial()
    with pytest.raises(InvalidEvent, match=word) as caught:
        model.apply(state, Record(1, 0, imported("q_table", shape, row)))
    assert caught.value.hint
    assert sum(map(len, state.values())) == 0


# The digest of a state.


def test_the_digest_is_the_sum_of_the_hashes_of_canonical_rows() -> None:
    """Anybody can compute it: each row, and each count of insertions, as JSON with sorted keys, summed."""
    event = EpisodeStarted(episode=1, run="r", goal="é", domain="d", now=2.5)
    lines = ['["episodes",[1],["r","é","d","running",null,null,null,2.5,null]]', '["episodes",0]']
    total = sum(int.from_bytes(sha256(line.encode()).digest()) for line in lines) % 2**256
    assert state_of(event).digests()["episodes"] == f"{total:064x}"
    link = example_of(GoalAdded, owner="o", goal_id="g", goal="x", parent=None, domain="d", operation_type="t")
    lines = ['["nodes",["o","g"],["x",null,"d","t",["entities é 😀","entities é 😀"],0,0.5,4]]', '["nodes",5]']
    total = sum(int.from_bytes(sha256(line.encode()).digest()) for line in lines) % 2**256
    assert state_of(replace(link, nth=4)).digests()["goals"] == f"{total:064x}"


@given(learning_logs(), st.data())
def test_the_digest_changes_with_any_cell(log: Log, data: st.DataObject) -> None:
    """One other value in one cell, one row more or less, or another count of insertions: another digest."""
    states = states_of(log)
    filled = [(name, shape) for name, shape in tables() if len(states[name][shape.name])]
    name, shape = data.draw(st.sampled_from(filled or tables()))
    model, state = MODELS[name], states[name]
    before = model.digest(state)
    rows = state[shape.name]
    undo = data.draw(st.sampled_from([another_cell, a_row_less, a_row_more, another_count]))(rows, data)
    if undo is not None:
        assert model.digest(state) != before
        undo()
    assert model.digest(state) == before


Undo = Callable[[], None] | None


def some_row(rows: Rows, data: st.DataObject) -> tuple[Key, Any] | None:
    """Choose a row that is there, if any."""
    found = sorted(rows.items(), key=lambda item: repr(item[0]))
    return data.draw(st.sampled_from(found)) if found else None


def another_cell(rows: Rows, data: st.DataObject) -> Undo:
    found = some_row(rows, data)
    # The count of insertions is a change of its own.
    cells = [at for at in range(len(rows.table.columns)) if at != rows.table.nth_at]
    if found is None or not cells:
        return None
    key, row = found
    at = data.draw(st.sampled_from(cells))
    old = list(row)
    others: list[Any] = [None, "other", -0.0, 0.0, 0, 1, True, False, [], [1], {}]
    new = data.draw(st.sampled_from([one for one in others if repr(one) != repr(row[at])]))
    rows.put(key, [*row[:at], new, *row[at + 1 :]])
    return lambda: rows.put(key, old)


def a_row_less(rows: Rows, data: st.DataObject) -> Undo:
    found = some_row(rows, data)
    if found is None:
        return None
    key, row = found
    rows.drop(key)
    return lambda: rows.put(key, row)


def a_row_more(rows: Rows, data: st.DataObject) -> Undo:
    key = tuple("new" if column.kind == "text" else 99 for column in rows.table.key)
    rows.put(key, [-1 if column.name == "nth" else None for column in rows.table.columns])
    return lambda: rows.drop(key)


def another_count(rows: Rows, data: st.DataObject) -> Undo:
    count = rows.next_nth

    def undo() -> None:
        rows.next_nth = count

    rows.next_nth += 1
    return undo


def test_the_same_row_in_two_tables_or_under_two_keys_is_not_the_same_state() -> None:
    """A row counts with its table and its key: moved, or with keys exchanged, it gives another digest."""
    shape = (text("a"), text("b"))
    one, other = Rows(table("one", shape, real("v"))), Rows(table("other", shape, real("v")))
    swapped, joined = Rows(table("one", shape, real("v"))), Rows(table("one", shape, real("v")))
    one.put(("x", "y"), [1.0])
    other.put(("x", "y"), [1.0])
    swapped.put(("y", "x"), [1.0])
    joined.put(('x","y', ""), [1.0])
    assert len({one.digest(), other.digest(), swapped.digest(), joined.digest()}) == 4


# Indexes that are kept beside the rows.


class Index:
    """A set of groups that insists on being told of each once."""

    def __init__(self) -> None:
        self.groups: set[Key] = set()

    def add(self, prefix: Key) -> None:
        assert prefix not in self.groups
        self.groups.add(prefix)

    def discard(self, prefix: Key) -> None:
        self.groups.remove(prefix)


GROUPED = table("grouped", (text("a"), text("b"), text("c")), real("v"), integer("nth"), grouped=1)
PARENT = table("parent", (text("a"), text("b")), real("v"))
SHAPES = {
    "grouped": GROUPED,
    "alone": PARENT,
    "child": table("child", (text("c"),), real("v"), parent=PARENT),
    "last": last_k("last", PARENT, real("v"), 2),
}

_part = st.sampled_from("xy")
_operations = st.lists(
    st.tuples(st.sampled_from(["put", "put", "set", "drop", "drop group", "clear", "watch"]), _part, _part, _part),
    max_size=30,
)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(operations=_operations)
def test_an_index_knows_the_groups_that_are_there(shape: Table, operations: list[tuple[str, str, str, str]]) -> None:
    """Whoever watches a table, from the start or later, knows its groups after every change, and is told each once."""
    rows, expected = Rows(shape), dict[Key, Any]()
    watchers = [Index()]
    rows.watch(watchers[0])
    for operation, *parts in operations:
        watchers += [Index()] if operation == "watch" else []
        operate(rows, expected, operation, tuple(parts)[: len(shape.key)], watchers[-1])
        assert {key for key, _ in rows.items()} == set(expected)
        assert rows.groups.keys() == {key[: shape.prefix] for key in expected}
        assert all(watcher.groups == set(rows.groups) for watcher in watchers)
        assert len(rows) == len(expected)


def operate(rows: Rows, expected: dict[Key, Any], operation: str, key: Key, newest: Index) -> None:
    """Do one change to rows and to a plain dictionary."""
    prefix = key[: rows.table.prefix]
    if operation == "put" and rows.table.keep is not None:
        rows.push(key, 1.0)
        expected[key] = 1.0
    elif operation == "put":
        rows.put(key, [1.0, 1])
        expected[key] = 1.0
    elif operation == "set":
        rows.set(key, (0,), (2.0,))
    elif operation == "drop":
        rows.drop(key)
        expected.pop(key, None)
    elif operation == "drop group" and prefix:
        rows.drop(prefix)
        for dead in [other for other in expected if other[: len(prefix)] == prefix]:
            del expected[dead]
    elif operation == "clear":
        rows.clear()
        expected.clear()
    elif operation == "watch":
        rows.watch(newest)


@given(learning_logs())
def test_an_index_of_states_follows_the_q_table(log: Log) -> None:
    """Who watches the states of the Q-table knows those in it after every event, as one who comes at the end."""
    early, late = Index(), Index()
    model = MODELS["q_table"]
    state = model.initial()
    model.view({"q_table": state}).watch_states(early)
    for record in records(log):
        model.apply(state, record)
        assert early.groups == {key[:1] for key, _ in state["entries"].items()}
    model.view({"q_table": state}).watch_states(late)
    assert late.groups == early.groups


# Numbers at the edge.


@pytest.mark.parametrize("nth", [MAX_INT, MIN_INT, -1, 0])
def test_any_insertion_number_is_kept(nth: int) -> None:
    """A number at the edge of 64 bits neither breaks a state nor its dump; a negative one leaves the count at 0."""
    model = MODELS["q_table"]
    state = states_of([[updated(nth=nth)]])["q_table"]
    assert state["entries"].next_nth == max(nth + 1, 0)
    back = model.load(model.dump(state))
    assert back["entries"].next_nth == state["entries"].next_nth
    assert model.digest(back) == model.digest(state)


def test_every_model_is_drawn_from() -> None:
    """The strategies of histories know each read model: an event of each of its types is drawn."""
    for model in READ_MODELS:
        assert isinstance(learning_events(model), st.SearchStrategy)
    assert isinstance(state_of().memory, Mapping)


def test_a_state_cannot_be_changed_through_its_views() -> None:
    """What a reader changes is a copy, and what he sets is refused."""
    state = MEMORY.initial()
    MEMORY.apply(state, Record(1, 1, example_of(MemoryStored, owner="shared", level="semantic", context={"a": [1]})))
    before = MEMORY.digest(state)
    (entry,) = MEMORY.view({"memory": state})["shared"]["semantic"].values()
    entry.context["a"].append(2)
    entry.context["b"] = 1
    with pytest.raises(AttributeError, match="read-only"):
        entry.content = "other"
    assert MEMORY.digest(state) == before
    assert entry.context == {"a": [1]}
