"""The one writer of a run: what it acknowledges and when, whose it is, and how a run begins, rotates and ends."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recording import (
    FIRST_RUN,
    MODES,
    SAFETY,
    START,
    append,
    begin,
    checked,
    ends,
    event,
    let_go,
    plan,
    run_end,
    scripted_entropy,
    segment_of,
    seqs,
    ticking,
    tree_bytes,
    write,
)

from jotty_events.admission import admit
from jotty_events.errors import InvalidEvent, LockHeld, NameTaken, PointError, RunClosed, UnsafeFile
from jotty_events.events import RunStarted
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.manifest import Ending, Manifest, unseal
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import MAX_LINE, Record
from jotty_events.runs import writer as writing
from jotty_events.runs.group_sync import GroupSync
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability

each_mode = pytest.mark.parametrize("durability", MODES)
NEVER = 3600.0
"""Seconds between two group syncs where a test wants none."""


def manifest_of(files: Files, run: str) -> Manifest:
    return unseal(files.read(layout.manifest(run)), run)


# Receipts.


def test_in_mode_commit_an_append_returns_when_it_is_on_disk() -> None:
    """The receipt is durable at once, and power loss takes nothing."""
    files = MemoryFiles()
    receipt = begin(files).append([event(2), event(3)])
    assert (receipt.first, receipt.last, receipt.durable, receipt.wait(0)) == (2, 3, True, True)
    assert seqs(files.after_power_loss()) == [1, 2, 3]


def test_in_mode_interval_a_receipt_is_waited_for() -> None:
    """The append returns at once; after the wait it is on disk."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.INTERVAL, interval=0.001)
    receipt = writer.append([event(2)])
    assert receipt.wait(SAFETY)
    assert receipt.durable
    assert seqs(files.after_power_loss()) == [1, 2]
    writer.close()


def test_in_mode_interval_nothing_is_durable_before_the_sync() -> None:
    """While the group waits, a receipt says so, a wait with a limit gives up, and power loss takes the append."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.INTERVAL, interval=NEVER)
    receipt = writer.append([event(2)])
    assert (receipt.durable, receipt.wait(0)) == (False, False)
    assert (seqs(files.after_kill()), seqs(files.after_power_loss())) == ([1, 2], [1])
    writer.close()
    assert (receipt.durable, receipt.wait(0)) == (True, True)


def test_in_mode_os_waiting_makes_it_durable() -> None:
    """Nothing is synced until somebody waits; one sync serves all appends before it."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.OS)
    first, second = writer.append([event(2)]), writer.append([event(3)])
    assert (first.durable, second.durable) == (False, False)
    assert seqs(files.after_power_loss()) == [1]
    assert second.wait(SAFETY)
    assert first.durable
    assert seqs(files.after_power_loss()) == [1, 2, 3]


@each_mode
def test_receipts_can_be_awaited(durability: Durability) -> None:
    """Many at once, in an event loop, in any mode; in mode `interval` one group sync serves them all."""
    writer = begin(MemoryFiles(), durability=durability, interval=0.001)

    async def all_of_them() -> list[bool]:
        async with asyncio.timeout(SAFETY):
            return [await receipt for receipt in [writer.append([event(2 + i)]) for i in range(50)]]

    assert asyncio.run(all_of_them()) == [True] * 50
    writer.close()


@each_mode
def test_closing_makes_everything_durable(durability: Durability) -> None:
    """After a close power loss takes nothing, in any mode."""
    files = MemoryFiles()
    run = write(files, durability=durability, interval=NEVER)
    assert seqs(files.after_power_loss(), run) == [1, 2, 3, 4, 5, 6]
    assert files.after_power_loss().read(segment_of(run)) == files.read(segment_of(run))


def test_a_group_ends_whenever_it_is_stopped() -> None:
    """A stop that falls between the last look at it and the next wait is heard, so that no close waits for ever."""
    group = GroupSync(lambda: None, 0.0)

    class StoppedWhileCleared(threading.Event):
        def clear(self) -> None:
            group._stopping.set()
            self.set()
            super().clear()

    waited_on, group._work = group._work, StoppedWhileCleared()
    waited_on.set()  # the thread may wait on the first event still
    group._work.set()
    group._thread.join(SAFETY)
    assert not group._thread.is_alive()


def test_a_receipt_says_what_and_when() -> None:
    """The time is the one that was given, else the clock's, in microseconds; the text is for people."""
    writer = begin(MemoryFiles(), clock=ticking(START, 0.25))
    assert writer.append([event(2)], START + 9.000001).at == 1767700809000001
    assert writer.append([event(3)]).at == 1767700800500000
    assert repr(writer.append([event(4)])) == "Receipt(4..4, durable=True)"


@pytest.mark.parametrize("durability", [Durability.INTERVAL, Durability.OS])
def test_nobody_waits_for_what_will_never_be_on_disk(durability: Durability) -> None:
    """A run that is let go without a sync, because its lock was lost, ends the waiting with an error."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, interval=NEVER)
    receipt = writer.append([event(2)])
    files.remove(layout.lock(writer.run))
    writer.close()
    with pytest.raises(RunClosed):
        receipt.wait(SAFETY)
    assert not receipt.durable


# What is appended.


def test_an_append_is_one_commit() -> None:
    """Its records become readable together; seqs are dense and begin with the start of the run."""
    files = MemoryFiles()
    writer = begin(files)
    assert append(writer, [1, 3, 2]) == [2, 5, 7]
    assert (ends(files), seqs(files)) == ([1, 2, 5, 7], list(range(1, 8)))
    assert (writer.next_seq, writer.closed) == (8, False)


REFUSED: dict[str, Callable[[], list[Any]]] = {
    "nothing": list,
    "a number that is not finite": lambda: [event(2), RunStarted(**{**start_fields(), "now": float("nan")})],
    "a lone surrogate": lambda: [event(2), RunStarted(**{**start_fields(), "mode": "\ud800"})],
    "a record that is too long": lambda: [event(2), RunStarted(**{**start_fields(), "config": {"a": "x" * MAX_LINE}})],
}


def start_fields() -> dict[str, Any]:
    files = MemoryFiles()
    begin(files)
    (kept,) = Tree(files).lineage(Tree(files).resolve("latest")).records()
    assert isinstance(kept.record, Record)
    return {name: getattr(kept.record.event, name) for name in kept.record.event.__struct_fields__}


@pytest.mark.parametrize("refused", REFUSED)
def test_what_cannot_be_kept_is_refused_whole(refused: str) -> None:
    """A typed error with a hint; nothing is written, the run goes on, and the time of the refusal is forgotten."""
    files = MemoryFiles()
    writer = begin(files)
    before = tree_bytes(files)
    with pytest.raises(InvalidEvent) as caught:
        writer.append(REFUSED[refused](), START + 99)
    assert caught.value.hint
    assert tree_bytes(files) == before
    assert append(writer, [1]) == [2]
    writer.close()
    assert manifest_of(files, writer.run).ended == Ending(2, writer.head.hex(), round(START * 1e6))


def test_admitted_events_are_written_without_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are the same; what shows only when it is encoded is refused as whole as ever."""
    events = [admit(event(2)), admit(event(3))]
    surrogate = RunStarted(**{**start_fields(), "mode": "\ud800"})
    looked, unlooked = MemoryFiles(), MemoryFiles()
    begin(looked).append(events, START + 1)
    writer = begin(unlooked)
    monkeypatch.setattr(writing, "admit_all", None)
    writer.append(events, START + 1, admitted=True)
    assert tree_bytes(unlooked) == tree_bytes(looked)
    with pytest.raises(InvalidEvent, match="surrogate"):
        writer.append([event(4), surrogate], START + 2, admitted=True)
    assert tree_bytes(unlooked) == tree_bytes(looked)


def test_the_longest_record_is_kept() -> None:
    """A record of exactly MAX_LINE bytes is written, and read again."""
    files = MemoryFiles()
    writer = begin(files)
    fields = start_fields()
    lines = files.read(segment_of(writer.run)).splitlines()
    room = MAX_LINE - len(lines[0]) - len('"a":""')
    writer.append([RunStarted(**{**fields, "config": {"a": "x" * room}})])
    assert len(files.read(segment_of(writer.run)).splitlines()[3]) == MAX_LINE
    with pytest.raises(InvalidEvent):
        writer.append([RunStarted(**{**fields, "config": {"a": "x" * (room + 1)}})])
    assert ends(files) == [1, 2]


# How a run begins.


def test_a_run_begins_with_what_its_manifest_says() -> None:
    """The first record and the manifest name the same run, uid, parent and settings."""
    files = MemoryFiles()
    parent = write(files)
    writer = begin(files, parent, config={"alpha": 0.5}, seed=7, entropy=scripted_entropy("child"), experiment=True)
    manifest = manifest_of(files, writer.run)
    kept = list(Tree(files).lineage(Tree(files).resolve(writer.run)).records())[-1]
    assert isinstance(kept.record, Record)
    started = kept.record.event
    assert isinstance(started, RunStarted)
    assert manifest.parent is not None
    assert (
        (started.run, started.uid) == (manifest.run, manifest.uid) == (writer.run, scripted_entropy("child")(16).hex())
    )
    assert (started.parent_run, started.parent_seq, started.parent_head) == (
        "run_20260106_120000",
        6,
        manifest.parent.head,
    )
    assert (started.config, started.seed, started.format, started.rules) == ({"alpha": 0.5}, 7, 1, 2)
    assert (manifest.first, manifest.active, manifest.ended, manifest.experiment) == (7, 7, None, True)
    assert (started.now, manifest.created) == (START, round(START * 1e6))


def test_ids_follow_each_other_within_a_second() -> None:
    """A run gets the id of its start, or one second after the greatest id that is there."""
    files = MemoryFiles()
    assert [write(files) for _ in range(3)] == [FIRST_RUN, "run_20260106_120001", "run_20260106_120002"]
    assert write(files, clock=ticking(START + 60)) == "run_20260106_120100"
    assert write(files, clock=ticking(START - 9999)) == "run_20260106_120101"


def test_an_id_is_later_than_that_of_a_parent_elsewhere() -> None:
    """A child in another folder, and a clock that went back, still comes after its parent."""
    disk, memory = MemoryFiles(), MemoryFiles()
    parent = write(disk, clock=ticking(START + 3600))
    tree = Tree(disk)
    child = RunWriter.create(memory, plan(parent=tree.parent(tree.resolve(parent))))
    assert (parent, child.run) == ("run_20260106_130000", "run_20260106_130001")


@pytest.mark.parametrize("name", ["run_99999999_999999", "run_20260230_000000", "run_99991231_235959"])
def test_a_folder_whose_date_has_no_next_second_is_named(name: str) -> None:
    """Nothing can be begun after it: a typed error says what to move away; what was there can still be read."""
    files = MemoryFiles()
    run = write(files)
    files.make_folder(name)
    if name < FIRST_RUN:
        assert write(files) > run
        return
    with pytest.raises(PointError, match=name) as caught:
        begin(files)
    assert caught.value.hint
    assert seqs(files) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "name", ["run_" + "\N{ARABIC-INDIC DIGIT TWO}" * 8 + "_120000", "run_2026010\N{FULLWIDTH DIGIT SIX}_120000"]
)
def test_digits_of_other_scripts_make_no_run(name: str) -> None:
    """A folder that only looks like a run, and sorts behind all of them, is none: no beginner runs in circles."""
    files = MemoryFiles()
    files.make_folder(name)
    assert write(files) == FIRST_RUN
    assert Tree(files).run_ids() == [FIRST_RUN]


def test_a_file_in_the_place_of_a_run_is_passed_by(tmp_path: Path) -> None:
    """An id is taken whatever stands there."""
    (tmp_path / FIRST_RUN).write_text("mine")
    assert begin(DiskFiles(tmp_path)).run == "run_20260106_120001"
    assert (tmp_path / FIRST_RUN).read_text() == "mine"


def _begin_one(folder: str, gate: Any, ids: Any) -> None:
    """Begin a run when all others are ready, and append to it."""
    files = DiskFiles(folder)
    gate.wait(SAFETY)
    writer = begin(files)
    append(writer, [1, 1])
    writer.close(run_end(writer.run))
    ids.put(writer.run)


def test_processes_that_start_in_the_same_second_get_runs_of_their_own(tmp_path: Path) -> None:
    """Six processes, one clock: six runs in six consecutive seconds, each whole."""
    context = multiprocessing.get_context("spawn")
    gate, ids = context.Barrier(6), context.Queue()
    processes = [context.Process(target=_begin_one, args=(str(tmp_path), gate, ids)) for _ in range(6)]
    for process in processes:
        process.start()
    found = sorted(ids.get(timeout=SAFETY) for _ in processes)
    for process in processes:
        process.join(SAFETY)
    assert [process.exitcode for process in processes] == [0] * 6
    assert found == [f"run_20260106_12000{second}" for second in range(6)]
    files = DiskFiles(tmp_path)
    assert [seqs(files, run) for run in found] == [[1, 2, 3, 4]] * 6
    assert (checked(files), checked(files).notes) == ([], [])
    ids.close()


def test_the_link_for_people_follows_the_runs(tmp_path: Path) -> None:
    """`latest` points to the last run that was begun, experiments left out; nothing depends on it."""
    files = DiskFiles(tmp_path)
    first = write(files)
    write(files, experiment=True)
    assert os.readlink(tmp_path / "latest") == first
    second = write(files, clock=ticking(START + 9))
    assert os.readlink(tmp_path / "latest") == second
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    third = write(files)
    assert Tree(files).resolve("latest").run == third


# Rotation.


@each_mode
def test_a_history_reads_the_same_however_it_is_cut_into_segments(durability: Durability) -> None:
    """The same appends with a new segment after every commit, some, or none give the same records, heads and times."""

    def recorded(segment_bytes: int) -> tuple[list[object], int]:
        files = MemoryFiles()
        run = write(files, (1, 2, 1, 3), durability=durability, segment_bytes=segment_bytes)
        tree = Tree(files)
        commits = [(commit.lines, commit.head) for _, commit in tree.lineage(tree.resolve(run)).commits()]
        assert (checked(files), checked(files).notes) == ([], [])
        return [*commits, list(tree.lineage(tree.resolve(run)).records(3))], len(files.names(layout.events(run)))

    whole, files = recorded(10**6)
    assert files == 1
    assert recorded(500)[0] == whole
    assert 1 < recorded(500)[1] < recorded(1)[1]
    assert recorded(1) == (whole, 6)


def test_a_rotation_leaves_a_manifest_that_names_what_is_closed() -> None:
    """After each commit that fills a segment, the manifest has its seqs, size and head, and the next is open."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=1)
    for size in (1, 2, 1):
        append(writer, [size])
        manifest = manifest_of(files.after_power_loss(), writer.run)
        assert manifest.active == writer.next_seq
        assert [one.first for one in manifest.segments[1:]] == [one.last + 1 for one in manifest.segments[:-1]]
        assert (manifest.segments[-1].last, manifest.segments[-1].head) == (writer.next_seq - 1, writer.head.hex())
        assert manifest.segments[0].size == files.size(segment_of(writer.run))


# Whose a run is, and how it ends.


def test_a_run_has_one_writer() -> None:
    """While it is written nobody else gets its lock; afterwards its folder is taken."""
    files = MemoryFiles()
    writer = begin(files)
    with pytest.raises(LockHeld):
        RunWriter(files, writer.run, plan())
    writer.close()
    with pytest.raises(NameTaken):
        RunWriter(files, writer.run, plan())
    assert not files.is_locked(layout.lock(writer.run))
    assert seqs(files) == [1]


@pytest.mark.parametrize("loss", ["deleted", "deleted and made again", "moved"])
def test_a_writer_that_lost_its_lock_is_refused(tmp_path: Path, loss: str) -> None:
    """Whoever deletes or moves LOCK ends the run: nothing more is appended, and what was there stays readable."""
    files = DiskFiles(tmp_path)
    writer = begin(files)
    append(writer, [1])
    lock = tmp_path / layout.lock(writer.run)
    if loss == "moved":
        lock.rename(lock.with_name("LOCK.old"))
    else:
        lock.unlink()
        if loss == "deleted and made again":
            lock.touch()
    with pytest.raises(RunClosed) as caught:
        append(writer, [1])
    assert "lock file" in caught.value.hint
    writer.close(run_end(writer.run))
    assert seqs(files) == [1, 2]
    assert checked(files) == []


CHILD = """
import os, signal, sys, threading
sys.path[:0] = {path!r}
from recording import begin, append, run_end, MODES, seqs, checked, event
from jotty_events.errors import RunClosed
from jotty_events.log.files import DiskFiles

def in_child(writer, receipt):
    signal.alarm(30)  # whoever hangs is killed, and that fails the test
    for attempt in (lambda: append(writer, [1]), lambda: writer.append([event(3)])):
        try:
            attempt()
        except RunClosed as error:
            assert "fork" in error.hint
        else:
            os._exit(3)
    assert writer.closed
    writer.sync_some()
    writer.close(run_end(writer.run))
    os._exit(0)

for mode in MODES:
    files = DiskFiles(os.path.join({folder!r}, mode.value))
    writer = begin(files, durability=mode)
    receipt = writer.append([event(2)])
    taken, free = threading.Event(), threading.Event()
    def hold():
        with writer._guard:
            taken.set()
            free.wait()
    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    child = os.fork()
    if child == 0:
        in_child(writer, receipt)
    assert os.waitpid(child, 0)[1] == 0, mode
    free.set()
    thread.join()
    assert receipt.wait(30)
    append(writer, [1])
    writer.close(run_end(writer.run))
    assert seqs(files) == [1, 2, 3, 4]
    assert checked(files) == []
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    """In any mode, and while another thread appends: the child is told so at once, its parent goes on."""
    program = CHILD.format(path=[str(Path(__file__).parent)], folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=SAFETY, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@each_mode
def test_threads_share_a_writer(durability: Durability) -> None:
    """Appends from several threads are commits one after another, none lost, none torn apart."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, segment_bytes=2000)
    receipts: list[Any] = []

    def work() -> None:
        for _ in range(20):
            receipt = writer.append([event(0), event(0)])
            assert receipt.wait(SAFETY)
            receipts.append(receipt)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SAFETY)
    writer.close()
    assert sorted((one.first, one.last) for one in receipts) == [(2 * i, 2 * i + 1) for i in range(1, 81)]
    assert ends(files) == [1, *range(3, 162, 2)]
    assert checked(files) == []


@each_mode
def test_a_closed_run_takes_no_more(durability: Durability) -> None:
    """An append is refused with a hint, a second close does nothing."""
    files = MemoryFiles()
    writer = begin(files, durability=durability)
    writer.close(run_end(writer.run))
    before = tree_bytes(files)
    with pytest.raises(RunClosed) as caught:
        append(writer, [1])
    assert caught.value.hint
    writer.close(run_end(writer.run))
    writer.sync_some()
    assert tree_bytes(files) == before
    assert writer.closed


def test_a_close_without_an_event_is_an_end_too() -> None:
    """The manifest says where the run ended."""
    files = MemoryFiles()
    writer = begin(files)
    append(writer, [2])
    writer.close()
    assert manifest_of(files, writer.run).ended == Ending(3, writer.head.hex(), round(START * 1e6))
    assert checked(files).notes == []


def test_a_run_that_was_just_begun_can_be_continued() -> None:
    """A writer that died right after it began leaves a run whose only record is its start."""
    files = MemoryFiles()
    let_go(begin(files))
    child = write(files, (1,), "latest")
    assert seqs(files, child) == [1, 2, 3, 4]


def test_an_output_folder_that_cannot_be_is_a_typed_error(tmp_path: Path) -> None:
    """Where a file stands in the way of the output folder, the error names it and has a hint."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UnsafeFile) as caught:
        begin(DiskFiles(tmp_path / "file" / "outputs"))
    assert caught.value.hint
