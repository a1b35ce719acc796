"""Replay by columns: whatever is packed or kept in snapshots, every point has the state that its records give."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from generators import Log, example_of, learning_logs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packing import pack
from recording import append, begin, forge, let_go, redact, write
from test_snapshots import EAGER, Counting, Writing, cells, hurt, snapshot_files

from jotty_events.errors import UnknownEvent
from jotty_events.events import BY_TAG, Event, ExperienceAdded, ExperienceEvicted, QPruned, QUpdated
from jotty_events.log import layout
from jotty_events.log.files import Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack import filling
from jotty_events.projection import Projection
from jotty_events.reading import fold, replay
from jotty_events.reading.replay import Replay, Replayed, Resuming, digests
from jotty_events.reading.snapshot.heads import head_at
from jotty_events.reading.snapshot.saving import Place, Saver
from jotty_events.reading.snapshot.store import Snapshots
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from projections import Q_TABLE, READ_MODELS, ReadModel
from projections.folds import continuing, ground, lift, partial
from projections.layers import layered_rows, loading
from projections.layers.layered_rows import LayeredRows
from projections.rows import Rows

PROJECTIONS: tuple[Projection, ...] = (*READ_MODELS, Counting())
few = settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    deadline=None,
)


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fold the smallest packs, in small windows and row groups, onto rows that are looked up and left in Arrow."""
    for module, name, value in (
        (fold, "LEAST", 1),
        (fold, "WINDOW", 7),
        (fold, "BATCH", 5),
        (filling, "ROWS", 3),
        (filling, "CHUNK", 3),
        (fold, "CHUNK", 3),
        (continuing, "LEAST", 3),
        (ground, "FEW", 0),
        (ground, "SHARE", 0),
        (loading, "SMALL", 1),
        (layered_rows, "AT_ONCE", 2),
    ):
        monkeypatch.setattr(module, name, value)


def pack_some(files: Files, spared: Sequence[str]) -> None:
    """Pack all closed runs but some."""
    locks = [files.lock(layout.lock(run)) for run in spared]
    try:
        pack(files)
    finally:
        for lock in locks:
            lock.release()


def at(files: Files, point: Point) -> Replayed:
    return Resuming(Tree(files).run, Snapshots()).at(point, PROJECTIONS).result


def row_by_row(files: Files, point: Point) -> Replayed:
    return Replay(PROJECTIONS).run(Tree(files).lineage(point).records())


def told(found: Replayed) -> Any:
    """Return all that a replay says of a point."""
    mine = {name: state for name, state in found.states.items() if name != "counting"}
    return digests(PROJECTIONS, found.states), cells(mine), found.seq, dict(found.unknown), found.missed


def histories(files: Files, logs: list[Log], random: Random) -> list[Point]:
    """Write a run per log, each forked off somewhere; in between, save some states and pack some runs."""
    points: list[Point] = []
    for log in logs:
        writing = Writing(files, random.choice(points[-4:]) if points else None)
        points.append(writing.point)
        for commit in log:
            writing.commit(commit)
            points.append(writing.point)
            if random.random() < 0.15:
                assert writing.save()
        writing.writer.close()
        if random.random() < 0.6:
            runs = Tree(files).run_ids()
            pack_some(files, [run for run in runs if random.random() < 0.25])
    return points


_logs = st.lists(learning_logs(max_events=14), min_size=1, max_size=4)
_random = st.randoms(use_true_random=False)


@few
@given(_logs, _random)
def test_what_is_packed_gives_the_states_that_its_records_give(logs: list[Log], random: Random) -> None:
    """At every commit of every run, with forks, snapshots, packed and loose runs: rows, digests and counts agree."""
    files = MemoryFiles()
    points = histories(files, logs, random)
    for point in [*random.sample(points, min(len(points), 4)), points[-1]]:
        with pytest.MonkeyPatch.context() as patch:
            # One window within a pack, or one over several.
            patch.setattr(fold, "WINDOW", random.choice((7, 60)))
            assert told(at(files, point)) == told(row_by_row(files, point))


@few
@given(_logs, _random)
def test_a_damaged_snapshot_beneath_a_fold_changes_no_answer(logs: list[Log], random: Random) -> None:
    """Sheets that turn out damaged while a fold looks rows up, or later, are replaced by what they were made of."""
    files = MemoryFiles()
    points = histories(files, logs, random)
    pack(files)
    expected = told(row_by_row(files, points[-1]))
    for path, data in snapshot_files(files).items():
        hurt(files, path, data, random)
    assert told(at(files, points[-1])) == expected


@few
@given(_logs, _random)
def test_a_state_that_was_folded_is_saved_as_any_other(logs: list[Log], random: Random) -> None:
    """Over and over resumed from packs and saved again, a lineage has the states of its records at the end."""
    files = MemoryFiles()
    parent: Point | None = None
    for log in logs:
        writing = Writing(files, parent)
        for commit in log:
            writing.commit(commit)
        if random.random() < 0.6:
            assert writing.save()
        writing.writer.close()
        pack(files)
        parent = Point(writing.writer.run, Tree(files).run(writing.writer.run).end.seq)  # type: ignore[union-attr]
        assert told(at(files, parent)) == told(row_by_row(files, parent))


# The same beside a history that was never packed nor cached, with records that nobody can read.

RUN_LINES = (b'"type":"run_started"', b'"type":"run_ended"')


def written(files: Files, logs: list[Log], random: Random) -> list[Point]:
    """Write a run per log as lines alone, each forked off somewhere: some tags are of the future, some redacted."""
    points: list[Point] = []
    for log in logs:
        writing = Writing(files, random.choice(points[-4:]) if points else None)
        mine = [writing.point]
        for commit in log:
            writing.commit(commit)
            mine.append(writing.point)
        writing.writer.close()
        forge(files, writing.writer.run, lambda line: _later(line, random))
        for seq in range(mine[0].seq + 1, mine[-1].seq + 1):
            if random.random() < 0.1:
                redact(files, writing.writer.run, seq, seq)
        points += mine
    return points


def _later(line: bytes, random: Random) -> bytes:
    spared = any(one in line for one in RUN_LINES) or random.random() > 0.15
    return line if spared else re.sub(rb'"event":\{"type":"', b'"event":{"type":"later_', line, count=1)


def save_at(files: Files, point: Point) -> None:
    """Keep the states at the end of a commit, as somebody who resumed there does."""
    found = at(files, point)
    (*_, span) = Tree(files).lineage(point).spans
    head = head_at(span, point.seq)
    assert head is not None
    saver = Saver(files, Snapshots(), found.saved, "test", EAGER)
    place = Place(point.run, point.seq, head)
    assert saver.save(place, found.states, PROJECTIONS, found.unknown, sorted(found.missed))


def delete_snapshots(files: Files, share: float, random: Random) -> None:
    for path in snapshot_files(files):
        if random.random() < share:
            files.remove(path)


@few
@given(_logs, _random, st.sampled_from([3, 10**6]))
def test_packs_and_snapshots_change_no_answer(logs: list[Log], random: Random, long: int) -> None:
    """While runs are packed, states saved and snapshots deleted, each point says what it said as lines alone."""
    files = MemoryFiles()
    points = written(files, logs, random)
    expected = {point: told(row_by_row(files, point)) for point in random.sample(points, min(len(points), 4))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "LONG", long)
        for _ in range(4):
            if random.random() < 0.5:
                pack_some(files, [run for run in Tree(files).run_ids() if random.random() < 0.5])
            if random.random() < 0.7:
                save_at(files, random.choice(points))
            delete_snapshots(files, random.choice([0, 0, 0.2]), random)
            point = random.choice(list(expected))
            assert told(at(files, point)) == expected[point]
        pack(files)
        delete_snapshots(files, 1.0, random)
        for point, said in expected.items():
            assert told(at(files, point)) == said


def test_a_long_loose_history_is_folded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was not packed yet is made columns where it is long, so that a large state stays in Arrow."""
    monkeypatch.setattr(replay, "LONG", 100)
    monkeypatch.setattr(ReadModel, "apply", None)
    files = MemoryFiles()
    run = write(files, [1] * 120)
    rows = at(files, Tree(files).resolve(run)).states["episodes"]["episodes"]
    assert isinstance(rows, LayeredRows)
    assert len(rows) == 120


# The same in small, so that a fault shows soon.


def steps(low: int, high: int) -> list[Event]:
    """Return experiences and updates of a few keys; each experience but the newest two is evicted again."""
    found: list[Event] = []
    for n in range(low, high):
        found.append(example_of(ExperienceAdded, nth=n, state=f"s{n % 5}"))
        found.append(example_of(QUpdated, state=f"s{n % 5}", action=f"a{n % 3}", lesson=f"l{n}", visits=n, nth=n % 15))
        found += [example_of(ExperienceEvicted, nth=n - 2, order=None)] if n > 1 else []
        found += [example_of(QPruned, state=f"s{n % 5}", action=f"a{n % 3}", nth=n % 15)] if n % 7 == 3 else []
    return found


def saved_and_packed(files: Files, beneath: int = 40, above: int = 20) -> tuple[Point, Point]:
    """Write a run with a snapshot in it and a packed tail behind; return both places."""
    writing = Writing(files)
    writing.commit(steps(0, beneath))
    assert writing.save()
    place = writing.point
    writing.commit(steps(beneath, beneath + above))
    writing.writer.close()
    pack(files)
    return place, writing.point


Fault = Callable[[pytest.MonkeyPatch], None]


def nothing_is_taken_away(patch: pytest.MonkeyPatch) -> None:
    true = ground._sheet
    patch.setattr(ground, "_sheet", lambda table, came, taken: true(table, came, None))


def nothing_is_taken_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ground.Ground, "part", lambda self, said: None)


def the_sum_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LayeredRows, "_sum_of", lambda self, held: 0)


def older_rows_win(patch: pytest.MonkeyPatch) -> None:
    true = lift.lifted_rows
    patch.setattr(ground, "lifted_rows", lambda register, held, upto: true(register, held, upto + 1000))


@pytest.mark.parametrize("plant", [nothing_is_taken_away, nothing_is_taken_up, the_sum_stays, older_rows_win])
def test_a_planted_fault_is_seen(plant: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to lay a fold wrongly over a snapshot shows, so that the silence of the tests above means something."""
    files = MemoryFiles()
    place, point = saved_and_packed(files)
    expected = told(row_by_row(files, point))
    assert at(files, point).saved_at == place.seq
    assert told(at(files, point)) == expected
    plant(monkeypatch)
    assert told(at(files, point)) != expected


def test_rows_that_a_tail_says_nothing_of_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a snapshot, only the rows of the keys in the packed tail become Python objects or are read at all."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.commit([example_of(QUpdated, state=f"s{n}", action="a", nth=n) for n in range(200)])
    assert writing.save()
    writing.commit([example_of(QUpdated, state=f"s{n}", action="a", nth=n) for n in (3, 300)])
    writing.writer.close()
    pack(files)
    looked: list[int] = []
    true = lift.lifted_rows

    def look(register: Any, held: Any, upto: int) -> Any:
        looked.append(held.num_rows)
        return true(register, held, upto)

    monkeypatch.setattr(ground, "lifted_rows", look)
    rows = at(files, writing.point).states["q_table"]["entries"]
    assert (max(looked), len(rows), dict(rows.groups)) == (1, 201, {})
    assert [rows.get((state, "a")) is not None for state in ("s3", "s300", "s301")] == [True, True, False]


def test_a_large_state_is_saved_whole_without_python_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was folded, or loaded from a dump, is written from its Arrow tables: no row is asked for."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.commit(steps(0, 60))
    writing.writer.close()
    pack(files)
    state = at(files, writing.point).states["q_table"]
    expected = Q_TABLE.changes(row_by_row(files, writing.point).states["q_table"])

    def refuse(self: Rows, *key: Any) -> Any:
        raise AssertionError("a row was asked for")

    monkeypatch.setattr(LayeredRows, "items", refuse)
    monkeypatch.setattr(LayeredRows, "get", refuse)
    pieces = Q_TABLE.changes(state)
    for name, piece in expected.items():
        found = pieces[name]
        assert (found.whole, found.count, found.next_nth, found.total) == (
            True,
            piece.count,
            piece.next_nth,
            piece.total,
        )
        assert found.rows.to_pylist() == piece.rows.to_pylist()


def test_what_came_over_a_snapshot_is_saved_over_it() -> None:
    """A state of a snapshot and a packed tail is saved as what changed, with rows changed since among it."""
    files = MemoryFiles()
    _, point = saved_and_packed(files, 200, 4)
    writing = Writing(files, point)
    writing.commit([example_of(QUpdated, state="s1", action="a1", nth=1), example_of(QPruned, state="s2", action="a2")])
    pieces = Q_TABLE.changes(writing.live.result.states["q_table"])
    assert not pieces["entries"].whole
    assert 0 < pieces["experiences"].rows.num_rows < 10
    assert writing.save()
    writing.writer.close()
    assert told(at(files, writing.point)) == told(row_by_row(files, writing.point))


def test_what_is_dead_is_forgotten_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by the state and a window: of thousands of steps that came and went, few are ever held."""
    monkeypatch.setattr(fold, "WINDOW", 250)
    monkeypatch.setattr(continuing, "LEAST", 250)
    files = MemoryFiles()
    writing = Writing(files)
    writing.commit(steps(0, 1000))
    writing.writer.close()
    pack(files)
    held: list[int] = []
    true = partial.settled

    def count(tables: Any, said: Any, upto: int) -> Any:
        held.append(len(said))
        return true(tables, said, upto)

    monkeypatch.setattr(continuing, "settled", count)
    assert told(at(files, writing.point)) == told(row_by_row(files, writing.point))
    assert len(held) > 10
    assert max(held) < 1000


class Watcher(set[Any]):
    """Groups that are known, and then told."""


def test_an_index_beside_a_snapshot_is_told_what_came_and_went() -> None:
    """Who knows the groups of a snapshot is told of those that the packed tail added and took away."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.commit([example_of(QUpdated, state=f"s{n}", action="a", nth=n) for n in range(9)])
    assert writing.save()
    watcher = Watcher(writing.live.result.states["q_table"]["entries"].prefixes())
    writing.commit([example_of(QPruned, state="s4", action="a", nth=4), example_of(QUpdated, state="new", nth=9)])
    writing.writer.close()
    pack(files)
    rows = at(files, writing.point).states["q_table"]["entries"]
    assert rows.watch_from(watcher)
    assert watcher == {(f"s{n}",) for n in range(9) if n != 4} | {("new",)} == set(rows.prefixes())


# What cannot be read.


def with_unknown(files: Files) -> Point:
    """Write a run with a tag from the future and a redacted record, and pack it."""
    run = write(files, (4, 2))
    forge(files, run, lambda line: line.replace(b'"episode_started","episode":2', b'"from_later","episode":2'))
    redact(files, run, 4, 4)
    return Tree(files).resolve(run)


def test_what_cannot_be_read_is_counted_alike() -> None:
    """Unknown and redacted records are passed over and counted on all paths."""
    files = MemoryFiles()
    point = with_unknown(files)
    expected = told(at(files, point))
    assert expected[3] == {"from_later": 1, "episode_started": 1}
    assert expected[4] == {"from_later"}
    pack(files)
    assert told(at(files, point)) == expected == told(row_by_row(files, point))


def test_tags_with_tables_that_are_not_known_are_counted_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack made by a version that knows more events is replayed by one that does not know them."""
    files = MemoryFiles()
    run = write(files, (4, 2))
    pack(files)
    known = {tag: kind for tag, kind in BY_TAG.items() if tag != "episode_started"}
    monkeypatch.setattr("jotty_events.log.pack.stretch.BY_TAG", known)
    found = Resuming(Tree(files).run, Snapshots()).at(Tree(files).resolve(run), [Q_TABLE]).result
    assert (dict(found.unknown), found.missed) == ({"episode_started": 6}, {"episode_started"})


class Needy(Counting):
    """A projection that needs a tag from the future."""

    reads = ("from_later", "q_updated")


def test_a_tag_that_is_needed_and_unknown_is_refused_from_packs_too() -> None:
    """The same error names the same record, whether it is packed or loose."""
    files = MemoryFiles()
    point = with_unknown(files)
    refusals = []
    for _ in range(2):
        with pytest.raises(UnknownEvent) as caught:
            Resuming(Tree(files).run, Snapshots()).at(point, [*READ_MODELS, Needy()])
        refusals.append(str(caught.value))
        pack(files)
    assert refusals[0] == refusals[1]


def test_few_packed_records_are_applied_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short history is not worth a fold."""
    monkeypatch.setattr(fold, "LEAST", 1000)
    files = MemoryFiles()
    _, point = saved_and_packed(files)
    monkeypatch.setattr(fold, "Fold", None)
    assert told(at(files, point)) == told(row_by_row(files, point))


def test_progress_tells_of_every_record() -> None:
    """However they are read, the records that are told sum up to all."""
    files = MemoryFiles()
    _, point = saved_and_packed(files)
    child = begin(files, str(point))
    append(child, (3,))
    let_go(child)
    seen: list[int] = []
    end = Tree(files).resolve("latest")
    Resuming(Tree(files).run, Snapshots()).at(end, READ_MODELS, seen.append)
    assert sum(seen) == end.seq
    assert len(seen) > 3
