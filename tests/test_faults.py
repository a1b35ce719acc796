"""What is left when the disk refuses, the power fails or the process is killed, at every step of a run's life."""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faulty_files import Call, FailAt, FaultyFiles, Handler, honest, never_syncs, read_only
from recording import (
    FIRST_RUN,
    MODES,
    SAFETY,
    append,
    begin,
    checked,
    ends,
    event,
    run_end,
    segment_of,
    seqs,
    tree_bytes,
    write,
    write_killed,
)

from jotty_events.errors import JottyError, RunClosed, WriteFailed
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability

SIZES = (1, 2, 1, 3, 1)
SMALL = 400
"""Bytes after which a segment is closed, so that the steps of a rotation are among those that fail."""
ENDS = [1, 2, 4, 5, 8, 9, 10]
"""The last seqs of all commits of a scripted run: its start, one of each size, its end."""

each_mode = pytest.mark.parametrize("durability", MODES)
each_how = pytest.mark.parametrize("how", ["before", "half", "after"])


@dataclass
class Script:
    """A run's life: begun, appended to, closed. `acknowledged` grows whenever an append is said to be kept."""

    files: Files
    durability: Durability
    acknowledged: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    writer: RunWriter | None = None
    error: BaseException | None = None

    def play(self) -> "Script":
        """Go through all of it, or to the first error."""
        try:
            self._play()
        except (JottyError, OSError) as error:
            self.error = error
        return self

    def _play(self) -> None:
        self.writer = begin(self.files, durability=self.durability, segment_bytes=SMALL)
        for size in SIZES:
            receipt = self.writer.append([event(self.writer.next_seq + i) for i in range(size)])
            self.returned.append(receipt.last)
            assert receipt.wait(SAFETY)
            self.acknowledged.append(receipt.last)
        self.writer.close(run_end(self.writer.run))
        self.returned.append(ENDS[-1])
        self.acknowledged.append(ENDS[-1])


def readable(files: Files) -> list[int]:
    """Return the last seqs of the commits that a reader of `latest` finds, having seen that all events are right."""
    if Tree(files).latest() is None:
        return []
    assert seqs(files)[-1] == ends(files)[-1]
    return ends(files)


# The disk refuses.


def failures(durability: Durability, error: int, how: str) -> Iterator[tuple[FailAt, FaultyFiles, Script]]:
    """Play the script once for each call that it makes, with that call failing."""
    number = 0
    while True:
        number += 1
        fault = FailAt(number, error, how)
        faulty = FaultyFiles(MemoryFiles(), fault)
        script = Script(faulty, durability).play()
        if fault.hit is None:
            assert script.error is None
            return
        yield fault, faulty, script


@each_mode
@each_how
def test_a_failed_call_ends_the_run_and_loses_nothing(durability: Durability, how: str) -> None:
    """Whichever call fails: a typed error, no further acknowledgement, an exact prefix, and the next run goes on."""
    steps = set()
    for fault, faulty, script in failures(durability, errno.ENOSPC if how == "half" else errno.EIO, how):
        assert fault.hit is not None
        steps.add((fault.hit.name, fault.hit.path.rpartition("/")[2]))
        assert isinstance(script.error, WriteFailed), fault.hit
        assert script.error.hint
        kept = list(script.acknowledged)
        require_over(script, faulty)
        assert script.acknowledged == kept
        left = readable(faulty)
        assert left == ENDS[: len(left)]
        assert set(kept) <= set(left), fault.hit
        assert checked(faulty) == []
        require_continued(faulty, left)
    assert {name for name, _ in steps} == {"make_folder", "lock", "create", "write", "sync", "replace"}
    assert ("replace", "run.json") in steps


def require_over(script: Script, faulty: FaultyFiles) -> None:
    """See that a failed run takes no more appends, that closing it changes nothing, and that it lets everything go."""
    before = tree_bytes(faulty.files)
    if script.writer is not None and not script.writer._closed:
        with pytest.raises(RunClosed):
            script.writer.append([event(1)])
        script.writer.close(run_end(script.writer.run))
    assert tree_bytes(faulty.files) == before
    assert faulty.open == []
    assert not any(faulty.is_locked(layout.lock(run)) for run in Tree(faulty).run_ids())


def require_continued(files: Files, left: list[int]) -> None:
    """See that the next run begins where the readable part of the failed one ends."""
    run = write(files, (2,), "latest" if left else None)
    assert ends(files, run)[: len(left)] == left
    last = left[-1] if left else 0
    assert seqs(files, run) == list(range(1, last + 5))
    assert checked(files) == []


@each_how
def test_a_creation_that_fails_leaves_no_run(how: str) -> None:
    """Before its manifest stands there is no run, and what was `latest` stays it; after that it is a whole run."""
    number = 0
    while True:
        number += 1
        files = MemoryFiles()
        parent = write(files)
        fault = FailAt(number, errno.EIO, how)
        faulty = FaultyFiles(files, fault)
        try:
            writer = begin(faulty, parent)
            faulty.handler = honest
            writer.close()
            break
        except WriteFailed:
            assert fault.hit is not None
        latest = Tree(files).latest()
        assert latest is not None
        stands = how == "after" and fault.hit.name == "replace"
        assert (latest.run == parent) != stands
        assert readable(files)[:5] == ends(files, parent)
        assert len(readable(files)) == 5 + stands
        assert faulty.open == []
        assert not any(files.is_locked(layout.lock(run)) for run in Tree(files).run_ids())
        require_continued(files, readable(files))
    assert number > 10


def test_an_unusable_manifest_ends_the_run_before_more_is_acknowledged(tmp_path: Path) -> None:
    """A symlink in the manifest's place is met at a rotation: nothing goes to a segment that nobody will read."""
    files = DiskFiles(tmp_path)
    writer = begin(files, segment_bytes=SMALL)
    manifest = tmp_path / layout.manifest(writer.run)
    manifest.rename(tmp_path / "aside")
    manifest.symlink_to(tmp_path / "aside")
    with pytest.raises(JottyError):
        append(writer, [1] * 5)
    with pytest.raises(RunClosed):
        append(writer, [1])
    writer.close()
    manifest.unlink()
    (tmp_path / "aside").rename(manifest)
    assert readable(files) == list(range(1, writer.mark.seq + 1))
    assert checked(files) == []


@each_mode
@pytest.mark.parametrize("name", ["write", "sync", "replace"])
@pytest.mark.parametrize("how", ["before", "after"])
def test_an_append_that_is_cut_off_ends_the_run(durability: Durability, name: str, how: str) -> None:
    """An interrupt leaves the disk and the books apart: one more line could be one that no reader takes."""

    class Interrupt:
        armed = False

        def __call__(self, call: Call) -> Any:
            if not self.armed or call.name != name:
                return call.act()
            self.armed = False
            if how == "after":
                call.act()
            raise KeyboardInterrupt

    interrupt = Interrupt()
    files = FaultyFiles(MemoryFiles(), interrupt)
    writer = begin(files, durability=durability, segment_bytes=1, interval=SAFETY)
    interrupt.armed = True
    with pytest.raises(KeyboardInterrupt):
        append(writer, [1])
    with pytest.raises(RunClosed):
        append(writer, [1])
    writer.close(run_end(writer.run))
    assert readable(files) in ([1], [1, 2])
    assert checked(files) == []


@pytest.mark.parametrize("call", ["write", "fdatasync", "fsync"])
def test_a_disk_that_fails_at_any_call_loses_nothing(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on a real folder: each call to the system in turn fails, a write after half of its bytes."""
    calls = 0
    fails_at = 0
    real = getattr(os, call)

    def failing(fd: int, *data: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != fails_at:
            return real(fd, *data)
        if data:
            real(fd, data[0][: len(data[0]) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    if not hasattr(os, call):
        pytest.skip("this system has no such call")
    monkeypatch.setattr(os, call, failing)
    while True:
        calls, fails_at = 0, fails_at + 1
        files = DiskFiles(tmp_path / f"{call} {fails_at}")
        script = Script(files, Durability.COMMIT).play()
        if calls < fails_at:
            break
        assert isinstance(script.error, WriteFailed)
        if script.writer is not None:
            script.writer.close()
        assert set(script.acknowledged) <= set(readable(files))
        assert checked(files) == []
        require_continued(files, readable(files))
    assert fails_at > 2


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes seven bytes at a time gets all of them, in order."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    files = DiskFiles(tmp_path)
    script = Script(files, Durability.COMMIT).play()
    assert script.acknowledged == ENDS[1:]
    assert readable(files) == ENDS
    assert checked(files) == []


def test_nothing_is_needed_but_reading() -> None:
    """On a folder mounted read-only a killed run and its torn tail are read and checked, and nothing changes."""
    files = MemoryFiles()
    run = write_killed(files)
    files.replace(segment_of(run), files.read(segment_of(run)) + b'{"seq":6,"at":')
    before = tree_bytes(files)
    mounted = FaultyFiles(files, read_only)
    assert readable(mounted) == [1, 2, 4, 5]
    assert (len(checked(mounted)), len(checked(mounted).notes)) == (0, 1)
    with pytest.raises(WriteFailed):
        begin(mounted, durability=Durability.COMMIT)
    assert tree_bytes(files) == before


# The power fails, or the process is killed.


class Watch:
    """Looks, before and after each call, at what a crash at that moment would leave."""

    def __init__(self, handler: Handler, crash: Callable[[], Files], kept: Callable[[], list[int]]) -> None:
        self._handler = handler
        self._crash = crash
        self._kept = kept
        self.looks = 0
        self.lost: list[str] = []

    def __call__(self, call: Call) -> Any:
        self._look(f"before {call.name} of {call.path}")
        found = self._handler(call)
        self._look(f"after {call.name} of {call.path}")
        return found

    def _look(self, when: str) -> None:
        self.looks += 1
        kept = self._kept()
        left = self._crash()
        try:
            found = readable(left)
            if found != ENDS[: len(found)] or not set(kept) <= set(found) or checked(left):
                self.lost.append(f"{when}: {found} of {kept}")
        except JottyError as error:
            self.lost.append(f"{when}: {error}")


def watched(durability: Durability, crash: str, handler: Handler) -> Watch:
    """Play the script, and watch what each moment's crash would leave of what was acknowledged by then."""
    memory = MemoryFiles()
    files = FaultyFiles(memory)
    script = Script(files, durability)
    # A kill leaves all that an append returned for; power loss, in modes other than `commit`, what was waited for.
    kept = script.returned if crash == "after_kill" or durability is Durability.COMMIT else script.acknowledged
    watch = Watch(handler, getattr(memory, crash), lambda: list(kept))
    files.handler = watch
    script.play()
    assert script.error is None
    assert script.acknowledged == ENDS[1:]
    return watch


@each_mode
@pytest.mark.parametrize("crash", ["after_kill", "after_power_loss"])
def test_a_crash_at_any_moment_leaves_what_was_acknowledged(durability: Durability, crash: str) -> None:
    """Around each call to the disk, a kill or a power loss leaves a sound prefix with all that was promised."""
    watch = watched(durability, crash, honest)
    assert watch.looks > 50
    assert watch.lost == []


@each_mode
def test_the_watch_sees_a_disk_that_only_says_so(durability: Durability) -> None:
    """The same watch over files whose sync does nothing finds losses, so its silence means something."""
    assert watched(durability, "after_power_loss", never_syncs).lost != []


def test_a_child_makes_durable_what_it_is_built_on() -> None:
    """A parent in mode `os` that was killed is on disk before its child's start is: power loss takes neither."""
    files = MemoryFiles()
    parent = write_killed(files, (1, 2), durability=Durability.OS)
    assert readable(files.after_power_loss()) == [1]
    begin(files, parent)
    left = files.after_power_loss()
    assert readable(left) == [1, 2, 4, 5]
    assert checked(left) == []


def test_the_first_run_has_the_name_that_the_clock_gives() -> None:
    """What the scripts above call the first run is the one that is written."""
    assert write(MemoryFiles()) == FIRST_RUN
