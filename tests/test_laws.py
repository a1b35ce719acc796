"""The laws of the design, over generated logs: L1 to L7. Each holds for any log; none may ever be bent."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace as with_changes
from itertools import accumulate, count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from columns import columns_of
from fold_laws import require_l2, require_l3, require_same_tables
from generators import Commit, Log, collected, learning_events, learning_logs, logs, records, states_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from jotty_events.admission import admit
from jotty_events.errors import Corruption, PointError
from jotty_events.events import Event, GoalScored, Redacted, WakeCounted
from jotty_events.history import History
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.replay import Replay, digests
from jotty_events.record import Record, decode, encode, encode_records
from jotty_events.runs.point import Point
from jotty_events.runs.reader import RunReader
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability
from projections import READ_MODELS
from projections.rows import Rows

each_mode = pytest.mark.parametrize("durability", Durability, ids=lambda one: one.value)
any_log = logs() | learning_logs()

NEVER = 3600.0
"""An interval after which no test is still running: what is synced in mode `interval`, a test has synced."""


def plan(**changes: Any) -> RunPlan:
    """Return the plan of a run at a fixed time, one microsecond later each time that it is asked."""
    ticks = count()
    clock = lambda: 1_767_700_800 + next(ticks) / 1e6  # noqa: E731  (each plan has a clock of its own)
    made = RunPlan(clock=clock, entropy=lambda n: b"u" * n, rules=2, library="0", mode="persistent", interval=NEVER)
    return with_changes(made, **changes)


def written(files: Files, log: Log, **changes: Any) -> RunWriter:
    """Write a run with a log, one append per commit, and leave it open."""
    writer = RunWriter.create(files, plan(durability=Durability.OS, **changes))
    for commit in log:
        writer.append(commit)
    return writer


def digests_at(tree: Tree, point: Point) -> dict[str, str]:
    """Return the digests at a point, by replay from the first record."""
    return digests(READ_MODELS, Replay(READ_MODELS).run(tree.lineage(point).records()).states)


def digests_of(log: Log) -> dict[str, str]:
    return digests(READ_MODELS, states_of(log))


# L1: decode(encode(e)) == e, and re-encoding gives the same bytes.


@given(any_log)
def test_l1_a_record_comes_back_as_it_was_written(log: Log) -> None:
    """Every record of every log decodes to an equal event, of the same types to the last sign, and the same bytes."""
    for record in records(log):
        line = encode(record)
        back = decode(line)
        assert isinstance(back, Record)
        assert back == record
        assert repr(back) == repr(record)
        assert encode(back) == line


@given(st.lists(learning_events(), min_size=1, max_size=8))
def test_l1_what_is_admitted_and_appended_comes_back(commit: Commit) -> None:
    """What goes through admission and a run is read from the log as it was admitted."""
    files = MemoryFiles()
    writer = written(files, [commit])
    read = [kept.record for kept in Tree(files).lineage(Point(writer.run, writer.next_seq - 1)).records(1)]
    assert [one.event for one in read if isinstance(one, Record)] == [admit(event) for event in commit]
    assert [encode(one) for one in read] == encode_records(2, read[0].at, commit)
    writer.close()


# L2: row by row or by columns, the same state.


@given(any_log, st.data())
def test_l2_folding_columns_is_applying_rows(log: Log, data: st.DataObject) -> None:
    """Batches of any size in any order fold to the state that the records make one by one, for every projection."""
    seen = {type(event) for commit in log for event in commit}
    for model in READ_MODELS:
        if seen & {*model.reads}:
            require_l2(model, records(log), data.draw)


# L3: parts merge to the whole.


@given(any_log, st.data())
def test_l3_merging_parts_is_folding_the_whole(log: Log, data: st.DataObject) -> None:
    """Cut anywhere, in any order and grouping, parts repeated, prefixes lifted or settled: the same state."""
    model = data.draw(st.sampled_from(READ_MODELS))
    require_l3(model, records(log), data.draw)


@given(learning_logs(max_events=25), learning_logs(max_events=15), learning_logs(max_events=15), st.data())
def test_l3_the_runs_of_a_lineage_fold_on_their_own(log: Log, later: Log, other: Log, data: st.DataObject) -> None:
    """The parent's records are folded up to the fork, the child's on top; what the parent learned later stays out."""
    files = MemoryFiles()
    tree = Tree(files)
    parent = written(files, log)
    ends = list(accumulate((len(commit) for commit in log), initial=1))
    point = Point(parent.run, data.draw(st.sampled_from(ends)))
    child = written(files, later, parent=tree.parent(point))
    for commit in other:
        parent.append(commit)
    lineage = list(tree.lineage(tree.resolve(child.run)).records())
    by_run = [
        [kept.record for kept in lineage if kept.run == run and isinstance(kept.record, Record)]
        for run in (child.run, parent.run)
    ]
    for model in READ_MODELS:
        above, beneath = (model.fold(columns_of(part)) for part in by_run)
        state = Replay([model]).run(lineage).states[model.name]
        require_same_tables(model.finish_tables(model.merge(above, beneath)), model.dump(state))
    parent.close()
    child.close()


# L4: load(dump(state)) == state.


@given(any_log, learning_logs(max_events=20))
def test_l4_a_dump_gives_the_state_back(before: Log, after: Log) -> None:
    """A loaded state has the same digest, the same dump, and stays the same under every record that follows."""
    states = states_of(before)
    loaded = {model.name: model.load(model.dump(states[model.name])) for model in READ_MODELS}
    assert digests(READ_MODELS, loaded) == digests(READ_MODELS, states)
    assert all_rows(loaded) == all_rows(states)
    for record in records(after):
        for model in READ_MODELS:
            model.apply(states[model.name], record)
            model.apply(loaded[model.name], record)
    assert digests(READ_MODELS, loaded) == digests(READ_MODELS, states)
    for model in READ_MODELS:
        require_equal_dumps(model.dump(loaded[model.name]), model.dump(states[model.name]))


def all_rows(states: dict[str, dict[str, Rows]]) -> dict[tuple[str, str], str]:
    """Return all rows of all tables as text, which tells apart what is equal but not the same; and the counters."""
    return {
        (name, rows.table.name): repr((sorted(rows.items(), key=lambda item: repr(item[0])), rows.next_nth))
        for name, state in states.items()
        for rows in state.values()
    }


def require_equal_dumps(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, shape in one.items():
        assert shape.schema.equals(other[name].schema)
        # Arrow's own `equals` takes 0.0 and -0.0 for the same.
        assert repr(shape.to_pylist()) == repr(other[name].to_pylist())


@given(learning_logs(max_events=25), st.randoms())
def test_l4_equal_states_have_equal_dumps(log: Log, random: Any) -> None:
    """The dump of a state follows from its rows, not from the order in which they came."""
    states = states_of(log)
    for model in READ_MODELS:
        state, shuffled = states[model.name], model.initial()
        for name, rows in state.items():
            found = list(rows.items())
            random.shuffle(found)
            for key, row in found:
                shuffled[name].put(key, row)
            shuffled[name].next_nth = rows.next_nth
        assert model.digest(shuffled) == model.digest(state)
        require_equal_dumps(model.dump(shuffled), model.dump(state))


# The same state, however the records are handed over.


@given(learning_logs(), st.data())
def test_a_state_does_not_depend_on_where_its_log_is_cut(log: Log, data: st.DataObject) -> None:
    """Rebuilt in two halves, with digests asked in between or not, through a dump or not: the same state."""
    every = records(log)
    cut = data.draw(st.integers(0, len(every)))
    whole = Replay(READ_MODELS)
    for record in every:
        whole.apply(record)
    first = Replay(READ_MODELS)
    for record in every[:cut]:
        first.apply(record)
    half = {
        model.name: model.load(model.dump(first.result.states[model.name]))
        if data.draw(st.booleans())
        else first.result.states[model.name]
        for model in READ_MODELS
    }
    second = Replay(READ_MODELS, half)
    for record in every[cut:]:
        second.apply(record)
        if data.draw(st.booleans()):
            digests(READ_MODELS, second.result.states)
    assert digests(READ_MODELS, second.result.states) == digests(READ_MODELS, whole.result.states)
    assert all_rows(second.result.states) == all_rows(whole.result.states)


@given(learning_logs(), st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(60, 400))
def test_a_state_does_not_depend_on_commits_and_segments(log: Log, sizes: list[int], segment_bytes: int) -> None:
    """The same events in other commits, in segments of any size, read from the log: the same state."""
    events = [event for commit in log for event in commit]
    other: Log = []
    while events:
        size = sizes[len(other) % len(sizes)]
        other, events = [*other, events[:size]], events[size:]
    files = MemoryFiles()
    writer = written(files, other, segment_bytes=segment_bytes)
    writer.close()
    assert digests_at(Tree(files), Tree(files).resolve("latest")) == digests_of(log)


@given(learning_logs(max_events=30), st.data())
def test_a_state_can_be_read_at_any_record(log: Log, data: st.DataObject) -> None:
    """Also inside a commit the state is that of the records so far; but no run can begin there."""
    files = MemoryFiles()
    tree = Tree(files)
    written(files, log).close()
    ends = list(accumulate((len(commit) for commit in log), initial=1))
    point = tree.resolve(f"{tree.resolve('latest').run}@{data.draw(st.integers(1, ends[-1]))}")
    events = [event for commit in log for event in commit]
    assert digests_at(tree, point) == digests_of([events[: point.seq - 1]])
    if point.seq not in ends:
        with pytest.raises(PointError):
            tree.parent(point)


# L5: a child run begins with its parent's state, and a fork copies no events.


@given(learning_logs(max_events=30), learning_logs(max_events=15), learning_logs(max_events=15), st.data())
def test_l5_a_child_begins_with_the_state_of_its_parent_point(
    log: Log, later: Log, other: Log, data: st.DataObject
) -> None:
    """At its start a child has the state at its parent point, wherever that is; what both learn later stays apart."""
    files = MemoryFiles()
    tree = Tree(files)
    parent = written(files, log)
    ends = list(accumulate((len(commit) for commit in log), initial=1))
    nth = data.draw(st.integers(0, len(log)))
    point = Point(parent.run, ends[nth])
    child = RunWriter.create(files, plan(parent=tree.parent(point)))
    at_start = Point(child.run, point.seq + 1)
    assert digests_at(tree, at_start) == digests_at(tree, point) == digests_of(log[:nth])
    for commit in later:
        child.append(commit)
    for commit in other:
        parent.append(commit)
    parent.close()
    child.close()
    assert digests_at(tree, at_start) == digests_at(tree, point) == digests_of(log[:nth])
    assert digests_at(tree, tree.resolve(child.run)) == digests_of([*log[:nth], *later])
    assert digests_at(tree, tree.resolve(parent.run)) == digests_of([*log, *other])
    assert tree.resolve(f"{child.run}~1") == point


@given(learning_logs(max_events=30), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_l5_a_fork_copies_no_events(log: Log, places: list[int]) -> None:
    """However many runs begin at points of a run, each holds its own first record only, and the run is as it was."""
    files = MemoryFiles()
    tree = Tree(files)
    parent = written(files, log)
    parent.close()
    before = files.read(layout.segment(parent.run, 1))
    ends = list(accumulate((len(commit) for commit in log), initial=1))
    for place in places:
        seq = ends[place % len(ends)]
        fork = RunWriter.create(files, plan(parent=tree.parent(Point(parent.run, seq)), experiment=True))
        (commit,) = RunReader(files, fork.run).commits()
        assert (commit.first, commit.last) == (seq + 1, seq + 1)
        assert commit.lines[0].startswith(b'{"seq":%d,' % (seq + 1))
        assert b'"event":{"type":"run_started",' in commit.lines[0]
        fork.close()
    assert files.read(layout.segment(parent.run, 1)) == before
    assert tree.resolve("latest") == Point(parent.run, ends[-1])


@given(st.lists(learning_logs(max_events=8), min_size=2, max_size=5), st.data())
def test_l5_a_long_line_of_runs_is_one_history(parts: list[Log], data: st.DataObject) -> None:
    """Each run of a line begins somewhere in the one before: its state is that of all the parts up to there."""
    files = MemoryFiles()
    tree = Tree(files)
    line: Log = []
    parent = None
    for part in parts:
        writer = RunWriter.create(files, plan(parent=parent, durability=Durability.OS))
        for commit in part:
            writer.append(commit)
        assert digests_at(tree, tree.resolve(writer.run)) == digests_of([*line, *part])
        writer.close()
        taken = data.draw(st.integers(0, len(part)))
        line += part[:taken]
        last = sum(map(len, part[taken:]))
        parent = tree.parent(Point(writer.run, tree.resolve(writer.run).seq - last))
    seqs = [kept.record.seq for kept in tree.lineage(tree.resolve("latest")).records()]
    assert seqs == list(range(1, len(seqs) + 1))


# L6: the same digests in another process, under another hash seed.

REPLAY = """
import json, sys
from jotty_events.history import History
history = History(sys.argv[1])
found = {run.run: history.at(run.run).digests() for run in history.runs()}
print(json.dumps({"hash": hash("a seed of its own"), "digests": found}))
"""


def test_l6_another_process_finds_the_same_digests(tmp_path: Path) -> None:
    """Logs on disk have the same digests in three processes with other hash seeds as in the one before (D3)."""
    expected = {}
    for log in collected(any_log, 60):
        writer = written(DiskFiles(tmp_path), log)
        writer.close()
        expected[writer.run] = digests_of(log)
    assert len({json.dumps(one) for one in expected.values()}) > 20
    found = [replayed(tmp_path, seed) for seed in ("0", "1", "4242")]
    assert len({one["hash"] for one in found}) == 3
    assert [one["digests"] for one in found] == [expected] * 3


def replayed(folder: Path, seed: str) -> Any:
    """Return what another process finds in a folder, under a hash seed."""
    command = [sys.executable, "-c", REPLAY, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@settings(max_examples=10)
@given(learning_logs(max_events=30))
def test_l6_a_disk_and_memory_hold_the_same(log: Log) -> None:
    """A log on disk is the same, to the byte and to the digest, as in memory."""
    memory = MemoryFiles()
    with tempfile.TemporaryDirectory() as folder:
        disk = DiskFiles(folder)
        runs = [written(files, log) for files in (disk, memory)]
        for run in runs:
            run.close()
        assert runs[0].run == runs[1].run
        path = layout.segment(runs[0].run, 1)
        assert disk.read(path) == memory.read(path)
        assert History(folder).at().digests() == History(files=memory).at().digests() == digests_of(log)


# L7: a cut at any byte leaves the state of some commit, and never less than was acknowledged as durable.


class Cut(NamedTuple):
    """What can be known of a cut without any reader of ours: complete lines, split by hand."""

    commits: list[int]
    durable: int


def by_hand(data: bytes) -> Cut:
    """Read the whole lines of a segment with `json` alone: the ends of its commits, and what a mark calls durable."""
    lines = [json.loads(line) for line in data.split(b"\n")[:-1]]
    commits = [line["commit"] for line in lines if "commit" in line]
    return Cut(commits, max([0, *(line["durable"] for line in lines if "durable" in line)]))


LOOKS_LIKE_MARKS = '"}}\n{"durable":9}\n{"commit":3,"n":1,"durable":3,"head":""}\n'
SMALL: Log = [
    [WakeCounted(now=1.0, episodes_since_sleep=1), WakeCounted(now=2.0, episodes_since_sleep=2)],
    [Redacted(run=LOOKS_LIKE_MARKS, first=1, last=1, reason="😀", now=3.0)],
    [
        GoalScored(
            owner="a", goal="b", goal_id="c", success=True, episode_count=1, success_rate_before=0.5, success_rate=1.0
        )
    ],
    [WakeCounted(now=4.0, episodes_since_sleep=0), WakeCounted(now=5.0, episodes_since_sleep=1)],
    [WakeCounted(now=6.0, episodes_since_sleep=2)],
]


class Killed(NamedTuple):
    """What a run left that was killed: its files, the segment it was writing, and what came before that."""

    files: MemoryFiles
    run: str
    segment: str
    before: list[int]
    acknowledged: int


def killed(log: Log, durability: Durability, *, syncs: Sequence[int] = (), **changes: Any) -> Iterator[Killed]:
    """Yield a run killed after a log, first as long as it still holds its lock; it syncs after the commits `syncs`."""
    files = MemoryFiles()
    writer = RunWriter.create(files, plan(durability=durability, **changes))
    for nth, commit in enumerate(log):
        writer.append(commit)
        if nth in syncs:
            writer.sync_some()
    for left in (files, files.after_kill()):
        reader = RunReader(left, writer.run)
        path = layout.segment(writer.run, reader.segments[-1])
        before = [commit.last for commit in reader.commits() if commit.last < reader.segments[-1]]
        yield Killed(left, writer.run, path, before, writer.mark.seq)
    writer.close()


def require_some_commit(one: Killed, durability: Durability, data: bytes, cut: int) -> bool:
    """Cut a segment, and see that reading gives what stands before the cut: all whole commits, or all durable ones.

    False for a cut into the first commit of the run: that was on disk before the run came into being.
    """
    one.files.replace(one.segment, data[:cut])
    expected = by_hand(data[:cut])
    ends = [*one.before, *expected.commits]
    reader = RunReader(one.files, one.run)
    if not ends:
        with pytest.raises(Corruption):
            list(reader.commits())
        return False
    found = list(reader.commits())
    if reader.live and durability is not Durability.OS:
        ends = [end for end in ends if end <= max(expected.durable, *one.before, 0)]
    assert [commit.last for commit in found] == ends
    assert expected.durable <= (ends[-1] if ends else 0)
    lines = [line for commit in found for line in commit.lines]
    assert lines == record_lines(one, data)[: len(lines)]
    if cut == len(data):
        assert ends[-1] >= one.acknowledged
    return True


def record_lines(one: Killed, data: bytes) -> list[bytes]:
    """Return the record lines of a run by hand, those of its earlier segments first."""
    paths = [layout.segment(one.run, first) for first in RunReader(one.files, one.run).segments][:-1]
    whole = b"".join([*map(one.files.read, paths), data])
    return [line for line in whole.split(b"\n") if line.startswith(b'{"seq":')]


@pytest.mark.parametrize(
    ("durability", "syncs"),
    [(Durability.COMMIT, ()), (Durability.INTERVAL, (1, 3)), (Durability.OS, ()), (Durability.OS, (1, 3))],
    ids=["commit", "interval", "os", "os, synced twice"],
)
def test_l7_a_cut_at_any_byte_leaves_whole_commits(durability: Durability, syncs: tuple[int, ...]) -> None:
    """At every byte of a small log: what is read is what stands before the cut, and a cut alone is no corruption."""
    for one in killed(SMALL, durability, syncs=syncs):
        data = one.files.read(one.segment)
        assert one.acknowledged == by_hand(data).durable
        for cut in range(len(data) + 1):
            require_some_commit(one, durability, data, cut)


@each_mode
def test_l7_a_cut_behind_a_rotation_leaves_the_closed_segments(durability: Durability) -> None:
    """Cut at any byte of the segment that was being written, the segments before it are all there."""
    for one in killed([*SMALL, *SMALL[:1]], durability, segment_bytes=900):
        data = one.files.read(one.segment)
        assert len(RunReader(one.files, one.run).segments) >= 2
        assert len(data) > 0 or one.before
        for cut in range(len(data) + 1):
            require_some_commit(one, durability, data, cut)


@each_mode
@given(log=any_log, data=st.data())
def test_l7_any_log_may_be_cut_anywhere(durability: Durability, log: Log, data: st.DataObject) -> None:
    """Any log, synced at any times, cut at any byte: the state is that of the commits that are left."""
    syncs = data.draw(st.lists(st.integers(0, max(0, len(log) - 1)), max_size=3))
    for one in killed(log, durability, syncs=syncs):
        whole = one.files.read(one.segment)
        cut = data.draw(st.integers(0, len(whole)))
        whole_commits = require_some_commit(one, durability, whole, cut)
        tree = Tree(one.files)
        end = RunReader(one.files, one.run).end if whole_commits else None
        if end is not None:
            ends = list(accumulate((len(commit) for commit in log), initial=1))
            assert digests_at(tree, Point(one.run, end.seq)) == digests_of(log[: ends.index(end.seq)])


@each_mode
def test_l7_a_cut_run_can_be_continued(durability: Durability) -> None:
    """The next run begins at the last commit that is left, and what was behind the cut is not in its line."""
    *_, one = killed(SMALL, durability)
    data = one.files.read(one.segment)
    for cut in range(commit_ends(data)[0], len(data) + 1, 13):
        files = one.files.after_kill()
        files.replace(one.segment, data[:cut])
        tree = Tree(files)
        kept = tree.resolve("latest")
        assert kept == Point(one.run, by_hand(data[:cut]).commits[-1])
        child = RunWriter.create(files, plan(parent=tree.parent(kept)))
        assert digests_at(tree, Point(child.run, kept.seq + 1)) == digests_at(tree, kept)
        assert files.read(one.segment) == data[:cut]
        child.close()


@each_mode
def test_l7_damage_before_the_durable_mark_is_no_cut(durability: Durability) -> None:
    """The tests above could fail: a byte that is missing before a mark, with the rest still there, is corruption."""
    *_, one = killed(SMALL, durability, syncs=(4,))
    data = one.files.read(one.segment)
    last_mark = data.rindex(b'{"durable":')
    for lost in range(0, data.rindex(b'{"commit":', 0, last_mark), 11):
        one.files.replace(one.segment, data[:lost] + data[lost + 1 :])
        with pytest.raises(Corruption) as caught:
            list(RunReader(one.files, one.run).commits())
        assert caught.value.file == one.files.describe(one.segment)
        # The damage is found in the commit that it hit, or in the next one where it hit the newline between them.
        begins = max([0, *(end for end in commit_ends(data) if end <= lost)])
        assert begins <= caught.value.offset < len(data)


def commit_ends(data: bytes) -> list[int]:
    """Return where the commit lines of a segment end, found by hand."""
    ends = list(accumulate(len(line) + 1 for line in data.split(b"\n")[:-1]))
    return [end for end, line in zip(ends, data.split(b"\n"), strict=False) if line.startswith(b'{"commit":')]


@each_mode
def test_l7_what_was_acknowledged_survives_a_power_loss(durability: Durability) -> None:
    """After every append, a power loss leaves at least what its receipt called durable, and reading finds no damage."""
    files = MemoryFiles()
    writer = RunWriter.create(files, plan(durability=durability))
    for nth, commit in enumerate(SMALL):
        receipt = writer.append(commit)
        assert receipt.durable is (durability is Durability.COMMIT)
        if nth == 2:
            writer.sync_some()
            assert receipt.durable
        left = [one.last for one in RunReader(files.after_power_loss(), writer.run).commits()]
        assert left[-1] >= writer.mark.seq
        assert left == [1, *accumulate(map(len, SMALL), initial=1)][1 : len(left) + 1]
    writer.close()


def test_the_small_log_says_what_the_tests_of_cuts_need() -> None:
    """The log that is cut at every byte has commits of one and of several records, and texts that look like marks."""
    assert {len(commit) for commit in SMALL} == {1, 2}
    events: list[Event] = [event for commit in SMALL for event in commit]
    assert any(LOOKS_LIKE_MARKS in astuple(event) for event in events)
