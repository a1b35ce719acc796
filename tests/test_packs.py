"""Packed history reads as the segments did: commits, points, forks, time, episodes, check, verify, tail."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Event_
from typing import Any

import pytest
from contract_files import put
from generators import example_of, learning_logs, logs
from hypothesis import given, settings
from msgspec.structs import replace as change
from packing import SMALL, ends_of, family, loose_in, pack, pack_ids, reading
from recording import (
    SAFETY,
    START,
    append,
    begin,
    checked,
    forge,
    let_go,
    names_of,
    redact,
    run_end,
    seqs,
    ticking,
    write,
    write_killed,
)

from jotty_events.errors import LockHeld, PointError
from jotty_events.events import EpisodeStarted, Event, ModelAnswered, Redacted
from jotty_events.history import History
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack.stretch import Packed
from jotty_events.record import Opaque, Record, decode_record
from jotty_events.runs.stretches import Loose
from jotty_events.runs.tail import Tail
from jotty_events.runs.tree import Tree

POINTS = [
    "latest",
    "latest~0",
    "run_20260106_120000#1",
    "run_20260106_120000#2",
    "run_20260106_120000@3",
    "run_20260106_120001#1",
    "run_20260106_120001@4",
    "run_20260106_120001~1",
    "@2026-01-06T12:00:00Z",
]


@pytest.fixture(params=["memory", "disk"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """Files in memory, and files of this machine."""
    return MemoryFiles() if request.param == "memory" else DiskFiles(tmp_path / "outputs")


def put_log(files: Files, log: list[list[Event]]) -> None:
    """Append a log as one run."""
    writer = begin(files, segment_bytes=2000)
    for commit in log:
        writer.append(commit)
    writer.close(run_end(writer.run))


def test_packed_runs_read_as_their_segments_did(files: Files) -> None:
    """Commits with heads, marks and lines are the same, and where they end; no segment is left; check finds nothing."""
    family(files)
    before, ends = reading(files), ends_of(files)
    report = pack(files)
    assert (reading(files), ends_of(files)) == (before, ends)
    assert (loose_in(files), len(report.packs), report.packs[0].runs) == ([], 1, sorted(before))
    assert checked(files) == []
    assert seqs(files, "run_20260106_120001")[-1] == 9


@settings(max_examples=15, deadline=None)
@given(logs())
def test_any_log_reads_the_same_from_a_pack(log: list[list[Event]]) -> None:
    """Law L1 through packs: whatever the fields hold, the lines come back to the byte."""
    files = MemoryFiles()
    put_log(files, log)
    before = reading(files)
    pack(files)
    assert (reading(files), loose_in(files)) == (before, [])


def test_a_model_that_gave_no_answer_is_packed() -> None:
    """A field of any value may be null: a call that failed has no answer, and packs like one that has."""
    files = MemoryFiles()
    put_log(files, [[example_of(ModelAnswered, answer=None), example_of(ModelAnswered, answer={"a": [None]})]])
    before = reading(files)
    pack(files)
    assert (reading(files), loose_in(files)) == (before, [])


@settings(max_examples=10, deadline=None)
@given(learning_logs(max_events=30))
def test_state_is_the_same_from_a_pack(log: list[list[Event]]) -> None:
    """A learner's log gives the same state digests before and after it is packed."""
    files = MemoryFiles()
    put_log(files, log)
    before = History(files=files).at().digests()
    pack(files)
    assert History(files=files).at().digests() == before


@pytest.mark.parametrize("point", POINTS)
def test_points_are_where_they_were(point: str) -> None:
    """Each kind of point names the same place on packed history."""
    files = MemoryFiles()
    family(files)
    before = Tree(files).resolve(point)
    pack(files)
    assert Tree(files).resolve(point) == before


def test_a_place_inside_a_commit_is_read_and_not_continued() -> None:
    """On packed history too: the state after half a commit can be read, and no run begins there."""
    files = MemoryFiles()
    run = family(files)[0]
    before = list(Tree(files).lineage(Tree(files).resolve(f"{run}@3")).records())
    pack(files)
    tree = Tree(files)
    assert list(tree.lineage(tree.resolve(f"{run}@3")).records()) == before
    with pytest.raises(PointError, match="inside a commit"):
        tree.parent(tree.resolve(f"{run}@3"))


def test_a_run_begins_at_a_packed_point() -> None:
    """A child of a packed parent is pinned to its head, reads through it, and can be packed in its turn."""
    files = MemoryFiles()
    first = write(files, (2, 2))
    pack(files)
    child = write(files, (1, 3), f"{first}@3")
    before = reading(files)
    assert seqs(files, child) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    pack(files)
    assert (reading(files), len(pack_ids(files)), checked(files)) == (before, 2, [])


def test_packing_again_does_nothing() -> None:
    """A history whose segments are all packed is left as it is."""
    files = MemoryFiles()
    family(files)
    pack(files)
    again = pack(files)
    assert (again.packs, again.finished, len(pack_ids(files))) == ([], [], 1)


def test_a_run_that_is_being_written_is_left_alone() -> None:
    """The packer passes over it, and packs it once it is closed; what is appended meanwhile is there."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=SMALL)
    append(writer, (3, 3, 3))
    report = pack(files)
    assert (report.live, report.packs) == ([writer.run], [])
    append(writer, (1,))
    writer.close(run_end(writer.run))
    before = reading(files)
    assert pack(files).live == []
    assert (reading(files), loose_in(files)) == (before, [])


def test_two_packers_do_not_meet() -> None:
    """While one holds the lock of packs, another is told so."""
    files = MemoryFiles()
    write(files)
    files.make_folder(layout.PACKS)
    held = files.lock(layout.PACKS_LOCK)
    with pytest.raises(LockHeld):
        pack(files)
    held.release()
    assert len(pack(files).packs) == 1


def test_what_a_killed_writer_left_unfinished_is_kept_aside() -> None:
    """The bytes behind the last commit are in a file of their own, and a note of check, no finding, says so."""
    files = MemoryFiles()
    killed = family(files)[2]
    torn = files.read(layout.segment(killed, 1)).rpartition(b"\n")[2]
    pack(files)
    result = checked(files)
    assert files.read(layout.tail(killed, 1)) == torn
    assert (result, names_of(files, result.notes)) == ([], {layout.tail(killed, 1)})


def test_a_killed_run_without_a_commit_in_its_last_segment_keeps_that_segment() -> None:
    """The closed segments are packed; the open one stays where it is, torn as it is."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=SMALL)
    append(writer, (3, 3))
    let_go(writer)
    active = layout.segment(writer.run, writer.next_seq)
    assert files.read(active) == b""
    before = reading(files)
    pack(files)
    assert (reading(files), loose_in(files), checked(files)) == (before, [], [])
    assert files.exists(active)


def test_redacted_and_unknown_records_stay_what_they_are() -> None:
    """What no column can hold stands in `other` as it is: a redacted record, a tag from the future, odd spelling."""
    files = MemoryFiles()
    run = write(files, (4,))
    forge(files, run, lambda line: line.replace(b'"episode_started","episode":2', b'"from_later","episode":2'))
    forge(files, run, lambda line: line.replace(b'"episode":3,', b'"episode": 3,'))
    redact(files, run, 4, 4)
    writer = begin(files)
    writer.append([Redacted(run=run, first=4, last=4, reason="asked for", now=START)])
    writer.close(run_end(writer.run))
    before = reading(files)
    pack(files)
    kept = [decode_record(line) for *_, lines in before[run] for line in lines]
    assert [type(one) for one in kept[1:4]] == [Opaque, Record, Opaque]
    assert (reading(files), checked(files), checked(files).unknown) == (before, [], 1)
    stretch = next(Tree(files).lineage(Tree(files).resolve(run)).stretches())
    assert isinstance(stretch, Packed)
    assert [one.seq for one in stretch.opaque] == [2, 4]
    assert [seq for part in stretch.tables("episode_started") for seq in part.column("seq").to_pylist()] == [5, 3]


def test_an_integer_of_more_than_64_bits_is_kept_as_it_stands() -> None:
    """No writer of ours writes one; a pack keeps the line that has it."""
    files = MemoryFiles()
    run = write(files, (2,))
    forge(files, run, lambda line: line.replace(b'"episode":2,', b'"episode":%d,' % 2**70))
    before = reading(files)
    pack(files)
    assert reading(files) == before


def test_many_small_runs_share_a_pack() -> None:
    """Twelve runs become one pack, and each reads as it did."""
    files = MemoryFiles()
    for _ in range(12):
        write(files, (1, 1))
    before = reading(files)
    report = pack(files)
    assert ([len(one.runs) for one in report.packs], reading(files)) == ([12], before)


def test_a_damaged_run_is_left_as_it_is() -> None:
    """Its segment stays, the report names it, and the other runs are packed."""
    files = MemoryFiles()
    broken, sound = write(files, (2,)), write(files, (2,))
    path = layout.segment(broken, 1)
    files.replace(path, files.read(path).replace(b'"goal 2"', b'"gaol 2"'))
    report = pack(files)
    assert ([run for run, _ in report.damaged], report.packs[0].runs, loose_in(files)) == ([broken], [sound], [path])


def test_a_run_whose_manifest_is_damaged_keeps_no_other_from_being_packed() -> None:
    """The report names it; the other runs are packed, also where packs are there already."""
    files = MemoryFiles()
    broken = write(files, (2,))
    for _ in range(2):
        sound = write(files, (2,))
        files.replace(layout.manifest(broken), b"no manifest")
        report = pack(files)
        assert ([run for run, _ in report.damaged], report.packs[0].runs) == ([broken], [sound])
    assert len(pack_ids(files)) == 2


def test_a_reader_that_was_open_goes_on_when_its_run_is_packed() -> None:
    """A reader that has the old manifest finds the rest of the run in the pack."""
    files = MemoryFiles()
    run = family(files)[0]
    wanted = list(Tree(files).run(run).ends())
    reader = Tree(files).run(run)
    commits = reader.commits()
    begun = [next(commits)]
    pack(files)
    assert [one.mark for one in [*begun, *commits]] == wanted


def test_readers_and_a_writer_go_on_while_others_pack(tmp_path: Path) -> None:
    """A thread packs again and again while runs are written and read: every reading is whole, and nothing is lost."""
    files = DiskFiles(tmp_path)
    write(files, (1, 2), segment_bytes=SMALL)
    done = Event_()

    def keep_packing() -> int:
        made = 0
        while not done.is_set():
            made += len(pack(DiskFiles(tmp_path)).packs)
        return made

    with ThreadPoolExecutor(1) as pool:
        packing = pool.submit(keep_packing)
        try:
            wanted = [len(seqs(files, write(files, (1, 2, 1), "latest", segment_bytes=SMALL))) for _ in range(8)]
            found = [len(seqs(DiskFiles(tmp_path), run)) for run in Tree(files).run_ids()[1:]]
        finally:
            done.set()
        made = packing.result(SAFETY)
    pack(files)
    assert (found, loose_in(files), checked(files)) == (wanted, [], [])
    assert wanted == list(range(11, 59, 6))
    assert made + 1 >= len(pack_ids(files)) > 0


def test_a_follower_goes_on_when_its_run_is_packed() -> None:
    """`log --follow` that is behind gives out what is packed by then, each commit once."""
    files = MemoryFiles()
    run = family(files)[0]
    wanted = [commit.last for commit in Tree(files).run(run).commits()]
    tail = Tail(files, run)
    pack(files)
    assert [commit.last for commit in tail.poll()] == wanted
    assert (list(tail.poll()), tail.ended) == ([], True)


def test_stretches_are_the_lineage() -> None:
    """Packed and loose stretches follow each other, and hold each record of the lineage once, cut where it is cut."""
    files = MemoryFiles()
    first = write(files, (2, 2, 2), segment_bytes=SMALL)
    other = write(files, (1,))
    second = write(files, (2, 1), f"{first}@3")
    pack(files)
    third = write(files, (2,), f"{second}@6")
    tree = Tree(files)
    stretches = list(tree.lineage(tree.resolve(third)).stretches())
    assert [(type(one), one.first, one.upto) for one in stretches] == [(Packed, 1, 6), (Loose, 7, 10)]
    packed, loose = stretches
    assert isinstance(packed, Packed)
    assert isinstance(loose, Loose)
    assert (other, packed.tags) == ("run_20260106_120001", ["episode_started", "run_started"])
    found = {tag: [seq for part in packed.tables(tag) for seq in part.column("seq").to_pylist()] for tag in packed.tags}
    assert found == {"episode_started": [2, 3, 5, 6], "run_started": [1, 4]}
    assert packed.rows("episode_started") == 4
    assert [commit.last for _, commit in loose.commits()] == [7, 9, 10]


def test_stretches_begin_behind_a_seq() -> None:
    """What a snapshot stands for is not read again, inside a span of a pack either."""
    files = MemoryFiles()
    run = write(files, (2, 2, 2))
    pack(files)
    (stretch,) = Tree(files).lineage(Tree(files).resolve(f"{run}@6")).stretches(3)
    assert isinstance(stretch, Packed)
    assert [part.column("seq").to_pylist() for part in stretch.tables("episode_started")] == [[4, 5, 6]]


def test_a_batch_reads_columns_and_knows_their_bounds() -> None:
    """A batch gives columns one by one, of the rows of the stretch only, and the least and the greatest integer."""
    files = MemoryFiles()
    run = write(files, (5,))
    pack(files)
    (whole,) = Tree(files).lineage(Tree(files).resolve(run)).stretches()
    (part,) = Tree(files).lineage(Tree(files).resolve(f"{run}@4")).stretches(2)
    assert isinstance(whole, Packed)
    assert isinstance(part, Packed)
    (batch,), (cut,) = whole.batches("episode_started"), part.batches("episode_started", newest_first=True)
    assert (batch.num_rows, batch.bounds("seq"), batch.bounds("goal")) == (5, (2, 6), None)
    assert (cut.num_rows, cut.bounds("episode"), cut.column("goal").to_pylist()) == (2, (3, 4), ["goal 3", "goal 4"])


def test_events_of_packed_and_loose_runs_are_one_table(files: Files) -> None:
    """`events` has every record of a type once: packed, loose, in `other`; an unfinished packing changes nothing."""
    run = write(files, (4,))
    forge(files, run, lambda line: line.replace(b'"episode":3,', b'"episode": 3,'))
    pack(files)
    write(files, (3,))
    write_killed(files, (2,))
    table = History(files=files).events("episode_started").to_table()
    assert sorted(zip(table.column("run").to_pylist(), table.column("seq").to_pylist(), strict=True)) == [
        ("run_20260106_120000", 2),
        ("run_20260106_120000", 3),
        ("run_20260106_120000", 4),
        ("run_20260106_120000", 5),
        ("run_20260106_120001", 2),
        ("run_20260106_120001", 3),
        ("run_20260106_120001", 4),
        ("run_20260106_120002", 2),
        ("run_20260106_120002", 3),
    ]
    assert History(files=files).events("q_updated").count_rows() == 0


def test_a_pack_that_was_not_named_by_all_counts_for_those_that_name_it() -> None:
    """Where one run names a pack and another does not yet, each record is in the table once."""
    files = MemoryFiles()
    first, second = write(files, (2,)), write(files, (2,))
    manifests = {run: files.read(layout.manifest(run)) for run in (first, second)}
    segment = files.read(layout.segment(second, 1))
    pack(files)
    files.replace(layout.manifest(second), manifests[second])
    put(files, layout.segment(second, 1), segment)
    assert History(files=files).events("episode_started").count_rows() == 4
    assert pack(files).finished == pack_ids(files)
    assert (loose_in(files), checked(files), checked(files).notes) == ([], [], [])


def test_a_run_whose_segments_go_into_several_packs_names_them_all(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put into one pack stays named there when the rest of the run is put into the next ones."""
    runs = family(files)
    before, ends = reading(files), ends_of(files)
    monkeypatch.setattr("jotty_events.runs.packing.MOST_BYTES", 1)
    made = pack(files)
    held = [run for one in made.packs for run in one.runs]
    assert held.count(runs[0]) > 1
    assert loose_in(files) == []
    assert (reading(files), ends_of(files), checked(files)) == (before, ends, [])
    assert pack(files).packs == []


def test_a_pack_says_what_it_holds(monkeypatch: Any) -> None:
    """Larger histories become several packs, each of the runs that it names, in order."""
    files = MemoryFiles()
    runs = [write(files, (1,)) for _ in range(5)]
    before = reading(files)
    monkeypatch.setattr("jotty_events.runs.packing.MOST_RUNS", 2)
    report = pack(files)
    assert [one.runs for one in report.packs] == [runs[:2], runs[2:4], runs[4:]]
    assert [one.pack for one in report.packs] == pack_ids(files)
    assert (reading(files), checked(files)) == (before, [])


def test_row_groups_and_windows_do_not_show(monkeypatch: Any) -> None:
    """With row groups of three rows and windows of two lines a pack reads as with large ones, from any place."""
    files = MemoryFiles()
    run = write(files, (3, 1, 4, 1, 5), segment_bytes=SMALL)
    before, ends = reading(files), ends_of(files)
    for name, value in (
        ("filling.CHUNK", 3),
        ("filling.ROWS", 3),
        ("lines.WINDOW", 2),
        ("parquet.BATCH", 2),
        ("writing.WINDOW", 2),
    ):
        monkeypatch.setattr(f"jotty_events.log.pack.{name}", value)
    pack(files)
    assert (reading(files), ends_of(files)) == (before, ends)
    commits = [(commit.last, commit.lines) for commit in Tree(files).run(run).commits()]
    for after in range(17):
        found = [(commit.last, commit.lines) for commit in Tree(files).run(run).commits(after)]
        assert found == [one for one in commits if one[0] > after]


def test_times_are_found_without_reading_records(monkeypatch: Any) -> None:
    """`@time`, `run#n` and the parent point of a child read the tables of commits and of ended episodes only."""
    files = MemoryFiles()
    clock = ticking(START, 10.0)
    writer = begin(files, clock=clock)
    append(writer, (1, 1, 1))
    let_go(writer)
    pack(files)

    def refuse(*_: Any) -> None:
        raise AssertionError("records were read")

    monkeypatch.setattr("jotty_events.log.pack.reading.woven", refuse)
    tree = Tree(files)
    assert tree.resolve("@2026-01-06T12:00:31Z").seq == 3
    assert tree.parent(tree.resolve("latest")).seq == 4
    assert tree.resolve("latest").seq == 4


def test_an_event_of_an_unknown_tag_with_its_own_table_is_read(monkeypatch: Any) -> None:
    """A pack made by a version that knows more is read by one that does not know the tag: its lines come back."""
    files = MemoryFiles()
    run = write(files, (3,))
    before = reading(files)
    pack(files)
    monkeypatch.setattr("jotty_events.log.pack.stretch.BY_TAG", {})
    assert reading(files) == before
    (stretch,) = Tree(files).lineage(Tree(files).resolve(run)).stretches()
    assert isinstance(stretch, Packed)
    assert stretch.unknown == {"episode_started": 3, "run_ended": 1, "run_started": 1}


def test_the_time_of_a_commit_is_that_of_its_last_record() -> None:
    """`ends` says the same of a segment and of a pack, the time included."""
    files = MemoryFiles()
    writer = begin(files, clock=ticking(START, 1.5))
    writer.append([EpisodeStarted(episode=1, run="r", goal="g", domain="d", now=START)], START + 7)
    let_go(writer)
    loose = ends_of(files)
    pack(files)
    assert ends_of(files) == loose
    assert loose[writer.run][-1].at == round((START + 7) * 1e6)


def test_a_manifest_says_which_pack(files: Files) -> None:
    """A packed segment keeps what was said of its file, and names the pack; the run's end stays what it was."""
    run = write(files, (1,))
    before = Tree(files).run(run).manifest
    (made,) = pack(files).packs
    after = Tree(files).run(run).manifest
    assert after.ended == before.ended
    assert after.segments == [change(one, pack=made.pack) for one in before.segments]
