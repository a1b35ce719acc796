"""Folds by columns: read models of odd shapes, batches as readers hand them over, and faults that the laws must see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from columns import columns_of
from fold_laws import applied, require_l2, require_l3, require_same_tables
from generators import example_of, learning_events, learning_logs, numbered, records
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jotty_events.columns import tables
from jotty_events.errors import ConfigError, InvalidEvent
from jotty_events.events import (
    Cluster,
    EntryImported,
    Event,
    ExperienceAdded,
    ExperienceEvicted,
    MemoryStored,
    QPruned,
    QUpdated,
    TaskBlocked,
    TierMove,
    TiersAssigned,
)
from projections import MEMORY, Q_TABLE, READ_MODELS, TODOS, ReadModel
from projections.folds import (
    codes,
    column_writes,
    finish,
    fold,
    gathered,
    growing,
    last_k,
    partial,
    registers,
    source,
)
from projections.folds.registers import stamp
from projections.table import boolean, integer, json, real, table, text
from projections.table import last_k as list_of_last
from projections.writes import PRESENT, Clear, Const, Drop, Each, Push, Put, Set

# Read models as somebody might write them.

PAIRS = table(
    "pairs",
    (text("state"), boolean("done"), integer("experience")),
    real("value"),
    text("cause", "unknown"),
    json("said"),
    integer("visits", 7),
    integer("nth"),
    grouped=2,
)
BELOW = table("below", (text("next_state"), text("of")), real("reward"), json("all", "ü"), parent=PAIRS)
DATA = list_of_last("data", PAIRS, json("one"), 3)
FLAGS = list_of_last("flags", PAIRS, boolean("flag"), 2)
ONLY = table("only", (text("of"),), integer("count"), json("ids"), integer("nth"), grouped=1)
MOVED = table("moved", (integer("tier"),), integer("rank"), json("fixed"), integer("nth"))
RANKED = list_of_last("ranked", MOVED, integer("rank"), 2)
_PAIR: dict[str, str | Const] = {"done": Const(True), "experience": "nth"}

ODD = ReadModel(
    "odd",
    1,
    (PAIRS, BELOW, DATA, FLAGS, ONLY, MOVED, RANKED),
    {
        QUpdated: (
            Set(PAIRS, {"visits": "visits", "cause": "cause"}),
            Drop(PAIRS, when={"done": True}),
            Put(PAIRS, {"value": "after", "said": "lesson", "visits": Const(3)}, {"cause": "k"}),
            Put(BELOW, {"of": Const("q")}, {"lesson": PRESENT, "done": False}),
            Push(FLAGS, "done"),
            Push(FLAGS, "done", when={"lesson": PRESENT}),
        ),
        ExperienceAdded: (
            Put(PAIRS, {"experience": "nth", "cause": Const(None)}, {"next_state_data": None}),
            Set(PAIRS, {"said": "action_data", "visits": Const(None)}, {"experience": "nth"}),
            Set(PAIRS, {"said": Const({"k": [1, None]}), "value": "reward"}, _PAIR, {"next_state_data": {}}),
            Push(DATA, "next_state_data", {"experience": "nth"}, {"done": True}),
            Drop(BELOW, {"experience": "nth", "of": Const("q")}, {"done": True}),
        ),
        ExperienceEvicted: (Put(ONLY, {"of": Const(None), "count": "nth", "ids": "order", "nth": Const(5)}),),
        QPruned: (
            Drop(PAIRS, _PAIR),
            Put(PAIRS, {**_PAIR, "said": "reason"}, {"state": "k"}),
            Set(PAIRS, {"nth": "visits"}, _PAIR),
        ),
        TaskBlocked: (
            Clear(BELOW, {"blocked": True}),
            Clear(PAIRS, {"task": "k", "blocked": False}),
            Drop(FLAGS, {"state": "task", "done": "blocked", "experience": Const(1)}),
        ),
        TiersAssigned: (
            Each("moves", TierMove, Put(MOVED, {"fixed": Const([1.5])}, {"rank": PRESENT})),
            Each("clusters", Cluster, Put(ONLY, {"of": "name", "ids": "members", "nth": Const(None)})),
            Each("clusters", Cluster, Set(ONLY, {"count": "rank"}, {"of": "name"}, {"centroid": "k"})),
            Each("moves", TierMove, Push(RANKED, "rank", when={"nth": 1})),
            Each("moves", TierMove, Push(RANKED, "nth")),
            Clear(MOVED, {"whole": True}),
        ),
    },
    lambda states: states,
)
"""Keys of several types, some null; writes of one event to one row before and after one another; overlapping sets."""


STATES = table("states", (text("state"),), real("value"), integer("visits"), integer("nth"))
SAID = list_of_last("said", STATES, text("lesson"), 2)
AHEAD = table("ahead", (text("next_state"),), real("reward"))
SMALL = ReadModel(
    "small",
    1,
    (STATES, SAID, AHEAD),
    {
        QUpdated: (Put(STATES, {"value": "after"}), Push(SAID, "lesson"), Put(AHEAD)),
        QPruned: (Set(STATES, {"visits": "visits"}, when={"action": "a|||b"}), Drop(STATES, when={"action": "k"})),
    },
    lambda states: states,
)
"""Few tables and few events, so that a fault shows soon."""


def histories(model: ReadModel, most: int = 20) -> st.SearchStrategy[list[Any]]:
    """Return records of the events that a model reads, keys colliding."""
    return st.lists(learning_events(model), max_size=most).map(lambda events: records([numbered(events)]))


any_model = st.sampled_from([*READ_MODELS, ODD])


@given(histories(ODD), st.data())
def test_odd_shapes_fold_to_what_they_apply_to(history: list[Any], data: st.DataObject) -> None:
    """Law L2 holds for a user's tables: null and constant keys, several writes of one event, JSON of plain fields."""
    require_l2(ODD, history, data.draw)


@given(histories(ODD), st.data())
def test_odd_shapes_merge_in_any_order(history: list[Any], data: st.DataObject) -> None:
    """Law L3 holds for them as well."""
    require_l3(ODD, history, data.draw)


def test_the_odd_model_is_as_odd_as_it_says() -> None:
    """Its histories reach rows in every table, so that the two tests above look at something."""
    filled = set[str]()

    @settings(max_examples=60, phases=[Phase.generate], database=None)
    @given(histories(ODD))
    def look(history: list[Any]) -> None:
        filled.update(name for name, rows in applied(ODD, history).items() if len(rows))

    look()
    assert filled == {one.name for one in ODD.tables}


# Faults, each of which a law must see.

Plant = Callable[[pytest.MonkeyPatch], None]


def without_tombstones(patch: pytest.MonkeyPatch) -> None:
    for module in (partial, column_writes):
        patch.setattr(module, "dead_until", lambda shape, found, part: np.zeros(part.num_rows, dtype=np.int64))


def without_parents_tombstones(patch: pytest.MonkeyPatch) -> None:
    true = partial.dead_until
    orphan = lambda shape: type(shape)(shape.name, shape.key, shape.columns, None, shape.prefix, shape.keep)  # noqa: E731
    for module in (partial, column_writes):
        patch.setattr(module, "dead_until", lambda shape, found, part: true(orphan(shape), found, part))


def tombstones_for_what_comes_later(patch: pytest.MonkeyPatch) -> None:
    true = partial.dead_until
    later = lambda shape, found, part: true(shape, found, part) * 1000  # noqa: E731
    patch.setattr(column_writes, "dead_until", later)


def one_item_less(patch: pytest.MonkeyPatch) -> None:
    true = last_k.last_rows
    patch.setattr(registers, "last_rows", lambda ids, keep, stamps=None: true(ids, max(1, keep - 1), stamps))


def one_item_more(patch: pytest.MonkeyPatch) -> None:
    true = last_k.last_rows
    for module in (registers, column_writes):
        patch.setattr(module, "last_rows", lambda ids, keep, stamps=None: true(ids, keep + (keep > 1), stamps))


def repeated_items(patch: pytest.MonkeyPatch) -> None:
    true = last_k.last_rows
    patch.setattr(registers, "last_rows", lambda ids, keep, stamps=None: true(ids, keep))


def oldest_wins(patch: pytest.MonkeyPatch) -> None:
    true = registers.stamps_of
    patch.setattr(registers, "stamps_of", lambda part: -true(part))


def sets_before_their_row(patch: pytest.MonkeyPatch) -> None:
    true = registers.stamps_of
    # A part that is written alone has fewer columns than the row.
    patch.setattr(partial, "_written", lambda shape, rows, part: np.zeros(part.num_rows, dtype=np.int64))
    patch.setattr(finish, "stamps_of", lambda part: true(part) * (part.num_columns < 5))


def sets_without_effect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(partial, "_written", lambda shape, rows, part: np.full(part.num_rows, 1 << 62))


def writes_of_one_event_unordered(patch: pytest.MonkeyPatch) -> None:
    true = column_writes.compile_columns
    patch.setattr(fold, "compile_columns", lambda event, writes, known: true(event, writes[::-1], known)[::-1])


def counts_of_the_living(patch: pytest.MonkeyPatch) -> None:
    true = column_writes._Columnar._count
    patch.setattr(
        column_writes._Columnar, "_count", lambda self, source, into: None if self.when else true(self, source, into)
    )


def no_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gathered.Gathered, "count", lambda self, shape, greatest: None)


def prefixes_are_not_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(partial, "after", lambda found, upto: found)


def prefixes_are_believed_too_far(patch: pytest.MonkeyPatch) -> None:
    true = partial.after
    patch.setattr(partial, "after", lambda found, upto: true(found, upto + 1 if upto else 0))


def null_is_an_item(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(source.Source, "is_there", lambda self, name: np.ones(self.size, dtype=bool))


def everything_is_full(patch: pytest.MonkeyPatch) -> None:
    true = growing.Growing.needs_none_before
    full = lambda self, stamp, key: None if true(self, stamp, key) is None else np.ones(len(key[0]), dtype=bool)  # noqa: E731
    patch.setattr(growing.Growing, "needs_none_before", full)


def clearing_spares_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(partial, "_greatest", lambda one, other: {})


def null_is_the_first_value(patch: pytest.MonkeyPatch) -> None:
    plain = lambda indices, bound: codes.Ids(indices.fill_null(0).to_numpy(zero_copy_only=False), max(bound, 1))  # noqa: E731
    patch.setattr(codes, "_of_indices", plain)


def settled_too_early(patch: pytest.MonkeyPatch) -> None:
    true = fold.Folding.partial
    settle = lambda self: partial.settled(self._plan.tables, true(self), self._upto)  # noqa: E731
    patch.setattr(fold.Folding, "partial", settle)


def unsorted_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(finish, "sorted_rows", lambda key: np.arange(len(key[0])))


FAULTS: dict[str, tuple[Plant, ReadModel]] = {
    one.__name__: (one, model)
    for one, model in (
        (without_tombstones, SMALL),
        (without_parents_tombstones, SMALL),
        (tombstones_for_what_comes_later, SMALL),
        (one_item_less, SMALL),
        (one_item_more, SMALL),
        (repeated_items, SMALL),
        (oldest_wins, SMALL),
        (sets_before_their_row, SMALL),
        (sets_without_effect, SMALL),
        (writes_of_one_event_unordered, ODD),
        (counts_of_the_living, ODD),
        (no_counts, SMALL),
        (prefixes_are_not_believed, SMALL),
        (prefixes_are_believed_too_far, SMALL),
        (null_is_an_item, SMALL),
        (everything_is_full, SMALL),
        (clearing_spares_all, TODOS),
        (null_is_the_first_value, SMALL),
        (settled_too_early, SMALL),
        (unsorted_keys, SMALL),
    )
}


def try_the_laws(model: ReadModel, examples: int) -> None:
    """Try L2 and L3 on some histories."""
    fresh = ReadModel(model.name, model.version, model.tables, model.writes, model.view)
    settings(max_examples=examples, phases=[Phase.generate], derandomize=True)(_laws_of(fresh))()


def _laws_of(model: ReadModel) -> Callable[[], None]:
    @given(histories(model, 15), st.data())
    def hold(history: list[Any], data: st.DataObject) -> None:
        require_l3(model, history, data.draw)
        require_l2(model, history, data.draw)

    return hold


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen_by_the_laws(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to fold wrongly breaks a law on some history, so that the silence of the laws means something."""
    plant, model = FAULTS[fault]
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        try_the_laws(model, 300)


def test_without_a_fault_the_laws_are_silent() -> None:
    """What catches the faults above has nothing to say of the folds as they are."""
    try_the_laws(SMALL, 30)


# Batches as readers hand them over.


class Lazy:
    """Columns that say of each when it was read, and know the bounds of integers without reading them."""

    def __init__(self, held: pa.Table) -> None:
        self.held = held
        self.num_rows = held.num_rows
        self.read: list[str] = []

    def column(self, name: str) -> Any:
        self.read.append(name)
        return self.held.column(name)

    def bounds(self, name: str) -> tuple[int, int] | None:
        values: list[Any] = self.held.column(name).drop_null().to_pylist()
        return (min(values), max(values)) if values else None


def lazily(model: ReadModel, history: list[Any], size: int) -> tuple[Any, list[Lazy]]:
    """Fold a history from its end to its beginning; return the partial and the batches in that order."""
    folding, read = model.folding(), []
    for low in range(len(history) - len(history) % size, -1, -size):
        for tag, held in columns_of(history[low : low + size]).items():
            read.append(Lazy(held))
            folding.add(tag, read[-1])
    return folding.partial(), read


@given(any_model, st.data())
def test_a_history_can_be_read_from_its_end(model: ReadModel, data: st.DataObject) -> None:
    """Read newest first, columns only where they are needed, a history comes to the same state."""
    history = data.draw(histories(model))
    found, _ = lazily(model, history, data.draw(st.integers(1, 9)))
    require_same_tables(model.finish_tables(found), model.dump(applied(model, history)))


def updates(count: int, keys: int) -> list[Any]:
    """Return records of Q updates that come to each key in turn, each with a lesson."""
    return records([[example_of(QUpdated, state=f"s{i % keys}", lesson=f"l{i}", visits=i) for i in range(count)]])


def test_values_are_read_only_where_a_key_is_new() -> None:
    """Behind the batches that fill all rows and lists, the columns of the keys are read, and no other one."""
    history = updates(4 * 300, 10)
    found, batches = lazily(Q_TABLE, history, 300)
    assert set(batches[0].read) >= {"seq", "after", "td_error", "lesson"}
    assert [set(batch.read) for batch in batches[1:]] == [{"state", "action"}] * 3
    require_same_tables(Q_TABLE.finish_tables(found), Q_TABLE.dump(applied(Q_TABLE, history)))


def test_values_are_read_where_a_list_is_not_full() -> None:
    """As long as some list has room, its items are read on; the rows beneath are not."""
    history = updates(6 * 30, 10)
    _, batches = lazily(Q_TABLE, history, 30)
    assert ["td_error" in batch.read for batch in batches] == [True] * 6
    assert ["after" in batch.read for batch in batches] == [True, *[False] * 5]
    # After two batches there are six lessons per key.
    assert ["lesson" in batch.read for batch in batches] == [True, True, *[False] * 4]


def test_values_of_what_is_gone_are_not_read() -> None:
    """Steps that were evicted within a stretch are read by their keys alone, if the evictions are read first."""
    steps: list[Event] = [example_of(ExperienceAdded, nth=n) for n in range(9)]
    gone: list[Event] = [example_of(ExperienceEvicted, nth=n, order=None) for n in range(9)]
    held = {tag: Lazy(one) for tag, one in columns_of(records([[*steps, *gone]])).items()}
    folding = Q_TABLE.folding()
    for tag in Q_TABLE.in_order(held):
        folding.add(tag, held[tag])
    assert list(Q_TABLE.in_order(held)) == ["experience_evicted", "experience_added"]
    assert set(held["experience_added"].read) == {"seq", "nth"}
    assert Q_TABLE.finish(folding.partial())["experiences"].next_nth == 9


@given(any_model, st.data())
def test_only_the_columns_that_are_named_are_read(model: ReadModel, data: st.DataObject) -> None:
    """A table of just the columns that a model asks for is enough, and none of them is left out."""
    history = data.draw(histories(model))
    whole = columns_of(history)
    some = {tag: held.select([*model.columns(tag)]) for tag, held in whole.items()}
    require_same_tables(model.finish_tables(model.fold(some)), model.finish_tables(model.fold(whole)))


def test_a_type_that_a_model_does_not_read_has_no_columns() -> None:
    """Nothing is asked for of events that change nothing, and folding them does nothing."""
    assert Q_TABLE.columns("memory_stored") == ()
    assert Q_TABLE.columns("q_pruned") == ("seq", "state", "action", "nth")
    assert len(Q_TABLE.fold(columns_of(records([[example_of(MemoryStored)]])))) == 0


@given(histories(Q_TABLE, 20), st.randoms())
def test_rows_may_come_in_any_order(history: list[Any], random: Any) -> None:
    """A batch that is not in the order of seq is put in order first."""
    shuffled = list(history)
    random.shuffle(shuffled)
    found = Q_TABLE.finish_tables(Q_TABLE.fold(columns_of(shuffled)))
    require_same_tables(found, Q_TABLE.dump(applied(Q_TABLE, history)))


@given(histories(MEMORY), st.data())
def test_a_fold_goes_on_from_a_partial(history: list[Any], data: st.DataObject) -> None:
    """Begun with what a prefix came to, a fold passes over what that stands for and adds the rest."""
    cut = data.draw(st.integers(0, len(history)))
    begun = MEMORY.lift(applied(MEMORY, history[:cut]), history[cut - 1].seq if cut else 0)
    folding = MEMORY.folding(begun)
    for tag, held in columns_of(history[data.draw(st.integers(0, cut)) :]).items():
        folding.add(tag, held)
    require_same_tables(MEMORY.finish_tables(folding.partial()), MEMORY.dump(applied(MEMORY, history)))


def test_what_is_dead_is_forgotten_once_a_fold_is_settled() -> None:
    """Of a thousand steps that came and went nothing is left: memory is that of the state, not of the history."""
    folding, sizes = Q_TABLE.folding(), []
    for first in range(0, 1000, 100):
        steps = [example_of(ExperienceAdded, nth=n) for n in range(first, first + 100)]
        gone = [example_of(ExperienceEvicted, nth=n, order=None) for n in range(first - 3, first + 97) if n >= 0]
        history = records([[*steps, *gone]], first=2 * first + 1)
        for tag, held in columns_of(history).items():
            folding.add(tag, held)
        folding.settle(history[-1].seq)
        sizes.append(len(folding.partial()))
    assert sizes == [3] * 10
    assert Q_TABLE.finish(folding.partial())["experiences"].next_nth == 1000


def test_texts_of_one_dictionary_per_batch_are_one_key() -> None:
    """The same text has another number in each batch, and is the same key; a dictionary may name a text twice."""
    history = updates(4, 2)
    batches = [columns_of([one])["q_updated"] for one in history]
    twice = pa.DictionaryArray.from_arrays(pa.array([1], pa.int32()), pa.array(["s0", "s0"]))
    at = batches[0].schema.get_field_index("state")
    batches[0] = batches[0].set_column(at, "state", twice)
    found = SMALL.finish(SMALL.fold({"q_updated": batches}))
    assert {key: row[1] for key, row in found["states"].items()} == {("s0",): 2, ("s1",): 3}
    assert dict(found["said"].items()) == {("s0",): ["l0", "l2"], ("s1",): ["l1", "l3"]}


def test_a_null_in_an_import_is_an_item() -> None:
    """A list that was imported may hold null, in a fold as in a replay; a lesson that is null is none."""
    rows = [{"state": "s", "lesson": one} for one in ("first", None)]
    events: list[Event] = [EntryImported(projection="small", table="said", row=row, nth=0) for row in rows]
    history = records([events])
    assert dict(SMALL.finish(SMALL.fold(columns_of(history)))["said"].items()) == {("s",): ["first", None]}
    require_same_tables(SMALL.finish_tables(SMALL.fold(columns_of(history))), SMALL.dump(applied(SMALL, history)))


@pytest.mark.parametrize(
    ("shape", "row"),
    [("states", {"state": None}), ("states", {"state": "s", "visits": True}), ("nowhere", {})],
    ids=["no key", "another type", "no table"],
)
def test_an_import_that_does_not_fit_is_refused_by_columns_too(shape: str, row: dict[str, Any]) -> None:
    """A fold refuses the rows that a replay refuses."""
    event = EntryImported(projection="small", table=shape, row=row, nth=0)
    with pytest.raises(InvalidEvent):
        SMALL.fold(columns_of(records([[event]])))


def test_sums_of_stretches_are_kept_as_arrow_tables() -> None:
    """A partial is Arrow tables of keys, stamps and values, so it can be sent elsewhere; tombstones are among them."""
    history = records([[example_of(QUpdated, state="s"), example_of(QPruned, state="s", action="k")]])
    parts = SMALL.fold(columns_of(history)).parts
    assert sorted(parts) == ["ahead/row", "states/drop"]
    assert parts["states/drop"].to_pylist() == [{"state": "s", "_stamp": stamp(2, 1)}]


BAD_WRITES = {
    "a row into a list": Put(SAID),
    "columns of a list": Set(SAID, {"lesson": "lesson"}),
    "an item into a table": Push(STATES, "lesson"),
    "a key of floats": Put(table("floats", (real("after"),), text("action"))),
    "a key of JSON": Put(table("objects", (json("state"),), text("action"))),
}


@pytest.mark.parametrize("write", BAD_WRITES.values(), ids=BAD_WRITES)
def test_writes_that_do_not_suit_their_table_are_refused(write: Any) -> None:
    """They would mean one thing row by row and another by columns, so they mean nothing."""
    tables = {one.name: one for one in (STATES, SAID, write.table)}
    model = ReadModel("bad", 1, tuple(tables.values()), {QUpdated: (write,)}, lambda states: states)
    with pytest.raises(TypeError, match=write.table.name):
        model.apply(model.initial(), records([[example_of(QUpdated)]])[0])
    with pytest.raises(TypeError, match=write.table.name):
        model.folding()


GRANDCHILD = table("leaves", (text("leaf"),), parent=BELOW)
BAD_TABLES = {
    "a grandchild": ((PAIRS, BELOW, GRANDCHILD), "'leaves' lies below 'below', which lies below 'pairs'"),
    "a list of a child": ((PAIRS, BELOW, list_of_last("twigs", BELOW, json("one"), 2)), "'twigs' lies below 'below'"),
    "a child without its parent": ((BELOW,), "the parent 'pairs' of 'below' is no table"),
    "two of one name": ((PAIRS, PAIRS), "one name"),
    "a slash": ((table("pairs/set/value", (text("state"),)),), "slash"),
}


@pytest.mark.parametrize(("tables", "said"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_tables_that_no_fold_would_keep_apart_are_refused(tables: Any, said: str) -> None:
    """What is dropped takes along one level of tables, so a second level is an error before any record is read."""
    with pytest.raises(ConfigError, match=said) as caught:
        ReadModel("bad", 1, tables, {}, lambda states: states)
    assert caught.value.hint


def test_a_list_that_one_event_may_overfill_is_refused() -> None:
    """An event's items are told apart by 16 bits, so a list that holds more of them cannot be filled by `Each`."""
    long = list_of_last("long", MOVED, integer("rank"), (1 << 16) + 1)
    model = ReadModel("bad", 1, (MOVED, long), {TiersAssigned: (Each("moves", TierMove, Push(long, "rank")),)}, dict)
    with pytest.raises(TypeError, match="long"):
        model.folding()


@settings(max_examples=20)
@given(learning_logs(max_events=20))
def test_folding_leaves_what_it_was_given_as_it_is(log: Any) -> None:
    """Neither the columns nor the partials that were merged are changed, and merging twice gives the same."""
    history = records(log)
    for model in READ_MODELS:
        one, other = model.fold(columns_of(history[::2])), model.fold(columns_of(history[1::2]))
        before = repr((one, other))
        found = model.finish_tables(model.merge(one, other))
        require_same_tables(model.finish_tables(model.merge(other, one)), found)
        assert repr((one, other)) == before


@pytest.mark.parametrize("bound", [1, codes.DIRECT, 1 << 40])
def test_keys_of_any_range_are_numbered(bound: int) -> None:
    """Numbers that lie close together address an array, others are hashed: equal keys get equal numbers."""
    key = [pa.array([0, bound, None, 0, -bound, bound]), pa.array([1, 1, 1, 1, bound, 1])]
    ids = codes.ids_of(key)
    assert [int(one) == int(ids.of_row[0]) for one in ids.of_row] == [True, False, False, True, False, False]
    assert len(set(ids.of_row.tolist())) == 4
    assert max(ids.of_row) < ids.bound <= codes.DIRECT * 2


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 4))
def test_the_last_rows_of_each_key_are_found(keys: list[int], keep: int) -> None:
    """The last k rows of each key are what a reader from the end would take first."""
    expected = [at for at, key in enumerate(keys) if keys[at + 1 :].count(key) < keep]
    found = last_k.last_rows(codes.Ids(np.array(keys, dtype=np.int64), 6), keep)
    assert found.tolist() == expected


@given(histories(SMALL))
def test_lists_are_written_some_at_a_time(history: list[Any]) -> None:
    """However few items are taken at once, the lists are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finish, "AT_ONCE", 2)
        found = SMALL.finish_tables(SMALL.fold(columns_of(history)))
    require_same_tables(found, SMALL.dump(applied(SMALL, history)))


@given(histories(MEMORY, 20))
def test_the_columns_of_a_history_are_what_folds_read(history: list[Any]) -> None:
    """Tables that are made of a log as its packs are made fold to the same state."""
    found = MEMORY.fold(tables([("run", record) for record in history]))
    require_same_tables(MEMORY.finish_tables(found), MEMORY.dump(applied(MEMORY, history)))


@given(any_model, st.data())
def test_two_threads_come_to_the_same(model: ReadModel, data: st.DataObject) -> None:
    """The writes of one event are done side by side where batches are large; here they are for every batch."""
    history = data.draw(histories(model, 20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "SIDE_BY_SIDE", 0)
        found, _ = lazily(model, history, data.draw(st.integers(1, 9)))
    require_same_tables(model.finish_tables(found), model.dump(applied(model, history)))


def test_what_a_thread_raises_is_raised() -> None:
    """A batch that lacks a column fails in whichever thread asks for it, and not silently."""
    columns = columns_of(updates(4, 2))["q_updated"].drop_columns(["td_error"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fold, "SIDE_BY_SIDE", 0)
        with pytest.raises(KeyError, match="td_error"):
            Q_TABLE.fold({"q_updated": columns})


def test_parts_are_made_one_as_they_grow() -> None:
    """Read from the beginning, many batches of the same keys leave parts of about the size of the state."""
    growing_parts = growing.Growing(Q_TABLE.plan.registers["entries/row"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "AT_ONCE", 20)
        for first in range(1, 400, 10):
            batch = records([[example_of(QUpdated, state=f"s{i}") for i in range(10)]], first)
            growing_parts.add(Q_TABLE.fold(columns_of(batch)).parts["entries/row"])
            assert sum(part.num_rows for part in growing_parts.parts) <= 30
    assert growing_parts.condense().num_rows == 10
