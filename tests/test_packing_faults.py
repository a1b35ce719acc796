"""Packing that is stopped at any step, by a full disk, a kill, a power loss: nothing is lost or there twice."""

import errno
from collections.abc import Callable
from typing import Any

import pytest
from faulty_files import Call, FailAt, FaultyFiles, read_only
from packing import TORN, family, loose_in, pack, pack_ids, reading, tear
from recording import begin, checked, let_go, ticking, tree_bytes, write

from jotty_events.errors import WriteFailed
from jotty_events.events import EpisodeStarted
from jotty_events.log import layout
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack.reading import Pack
from jotty_events.runs.auto_packing import Threshold, pack_if_due
from jotty_events.runs.loose import LooseRun
from jotty_events.runs.tree import Tree

Crash = Callable[[MemoryFiles], MemoryFiles]


class Killed(Exception):
    """The process is gone."""


class DeadFrom:
    """Lets nothing happen from the `number`-th call on: what a killed process does."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, call: Call) -> Any:
        if call.number >= self.number:
            raise Killed(call.name)
        return call.act()


def small() -> MemoryFiles:
    """Return a history of a closed run, and of a killed one whose last commit is torn."""
    files = MemoryFiles()
    write(files, (2,))
    writer = begin(files)
    writer.append([EpisodeStarted(episode=2, run="run 2", goal="goal 2", domain="d", now=2.0)])
    let_go(writer)
    tear(files, writer.run)
    return files


def steps() -> int:
    """Return how many calls change something while that history is packed."""
    files = FaultyFiles(small())
    pack(files)
    return files.calls


STEPS = steps()
WANTED = reading(small())


def require_whole(files: MemoryFiles) -> None:
    """See that nothing is lost or damaged, that packing finishes what was begun, and that nothing is there twice."""
    assert (reading(files), checked(files)) == (WANTED, [])
    pack(files)
    assert (reading(files), checked(files), loose_in(files)) == (WANTED, [], [])
    assert files.names(layout.PACKS_BEGUN) == []
    spans = [(one.run, one.first) for name in pack_ids(files) for one in Pack(files, name).spans()]
    assert len(set(spans)) == len(spans)
    tails = [data for path, data in tree_bytes(files).items() if path.endswith(".tail")]
    assert tails == [TORN]


@pytest.mark.parametrize("crash", [MemoryFiles.after_kill, MemoryFiles.after_power_loss], ids=["kill", "power"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_crash_before_any_step_loses_nothing(step: int, crash: Crash) -> None:
    """Whatever the process had done by then, the history reads the same, and packing again finishes or cleans up."""
    files = small()
    with pytest.raises(Killed):
        pack(FaultyFiles(files, DeadFrom(step)))
    require_whole(crash(files))


@pytest.mark.parametrize("how", ["before", "half", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1, 2))
def test_a_full_disk_at_any_step_loses_nothing(step: int, how: str) -> None:
    """The packer says that the disk refused; the history reads the same, and with room again it is packed."""
    files = small()
    with pytest.raises(WriteFailed):
        pack(FaultyFiles(files, FailAt(step, errno.ENOSPC, how)))
    require_whole(files.after_kill())


def test_a_packer_that_writes_something_else_is_caught() -> None:
    """The control: what is read back otherwise than it stands in the segments is refused, and no segment is removed."""
    files = MemoryFiles()
    family(files)
    before = tree_bytes(files)

    def flips(call: Call) -> Any:
        done = call.act()
        if call.name == "sync" and call.path.endswith("episode_started.parquet"):
            data = bytearray(files.read(call.path))
            data[data.index(b"goal 2")] ^= 1
            files.replace(call.path, bytes(data))
        return done

    with pytest.raises(Exception, match="parquet"):
        pack(FaultyFiles(files, flips))
    assert {path: data for path, data in tree_bytes(files).items() if "LOCK" not in path} == {
        path: data for path, data in before.items() if "LOCK" not in path
    }


def test_a_read_only_folder_is_refused() -> None:
    """Where nothing can be written, packing says so."""
    with pytest.raises(WriteFailed):
        pack(FaultyFiles(small(), read_only))


def test_packing_at_the_end_of_a_run_waits_for_enough() -> None:
    """Below both thresholds nothing is packed; beyond one of them everything is."""
    files = MemoryFiles()
    for _ in range(4):
        write(files, (1,))
    tree = Tree(files)
    few = pack_if_due(tree, Threshold(size=1 << 30, runs=5), 0, ticking(), "test")
    assert (few, pack_ids(files)) == (None, [])
    many = pack_if_due(tree, Threshold(size=1 << 30, runs=4), 0, ticking(), "test")
    assert many is not None
    assert len(many.packs) == 1
    write(files, (1,))
    assert pack_if_due(Tree(files), Threshold(size=1 << 30, runs=4), 0, ticking(), "test") is None
    large = pack_if_due(Tree(files), Threshold(size=500, runs=4), 500, ticking(), "test")
    assert large is not None
    assert len(pack_ids(files)) == 2


def test_packing_at_the_end_of_a_run_fails_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk, or another packer, is told in the log of the program, and raised to nobody."""
    files = small()
    refusing = FaultyFiles(files, FailAt(12, errno.ENOSPC))
    assert pack_if_due(Tree(refusing), Threshold(runs=1), 0, ticking(), "test") is None
    assert "were not packed" in caplog.text
    held = files.lock(layout.PACKS_LOCK)
    assert pack_if_due(Tree(files), Threshold(runs=1), 0, ticking(), "test") is None
    held.release()
    require_whole(files.after_kill())


def test_the_locks_of_packed_runs_are_free_again() -> None:
    """After packing nobody holds a lock, after a failure neither."""
    for handler in (lambda call: call.act(), FailAt(14, errno.EIO)):
        files = small()
        try:
            pack(FaultyFiles(files, handler))
        except WriteFailed:
            assert isinstance(handler, FailAt)
        assert [run for run in Tree(files).run_ids() if files.is_locked(layout.lock(run))] == []
        assert not files.is_locked(layout.PACKS_LOCK)


def test_a_run_that_somebody_holds_is_not_finished_by_another() -> None:
    """A pack that a run does not name yet stays so while that run's lock is held."""
    files = small()
    run = Tree(files).run_ids()[0]
    manifest, segment = files.read(layout.manifest(run)), files.read(layout.segment(run, 1))
    pack(files)
    files.replace(layout.manifest(run), manifest)
    files.replace(layout.segment(run, 1), segment)
    held = files.lock(layout.lock(run))
    report = pack(files)
    assert (report.finished, report.live) == ([], [run])
    held.release()
    assert pack(files).finished == pack_ids(files)
    assert reading(files) == WANTED


@pytest.mark.parametrize("table", ["episode_started", "commits"])
def test_a_pack_that_was_damaged_before_it_was_named_takes_no_segment(monkeypatch: Any, table: str) -> None:
    """A packer was killed before the manifests, and a byte flipped since: the segments are packed anew."""
    files = small()
    with monkeypatch.context() as patch:
        patch.setattr(LooseRun, "put", _killed)
        with pytest.raises(Killed):
            pack(files)
    (name,) = pack_ids(files)
    path = f"{layout.pack(name)}/{table}.parquet"
    data = bytearray(files.read(path))
    data[len(data) // 8] ^= 1
    files.replace(path, bytes(data))
    report = pack(files)
    assert (report.finished, len(report.packs), loose_in(files), reading(files)) == ([], 1, [], WANTED)


def _killed(*_: Any) -> None:
    raise Killed
