"""The files below the log: the shared contract, and what only a disk or only memory can show."""

import errno
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from contract_files import ON_A_FILE, ON_A_PATH, FilesContract, put
from hypothesis import given, settings
from hypothesis import strategies as st

from jotty_events.errors import JottyError, LockHeld, UnsafeFile
from jotty_events.log import disk_lock
from jotty_events.log import files as module
from jotty_events.log.files import Appender, DiskFiles, Files, Lock
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.storage import ASIDE


class TestDiskFiles(FilesContract):
    """A folder of this machine keeps the contract."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> Files:
        """Files below a folder that does not exist yet."""
        return DiskFiles(tmp_path / "new" / "outputs")


class TestMemoryFiles(FilesContract):
    """Memory keeps the contract."""

    @pytest.fixture
    def files(self) -> Files:
        """Files in memory."""
        return MemoryFiles()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An existing, empty output folder."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


@pytest.fixture
def disk(root: Path) -> DiskFiles:
    """Files below an existing, empty output folder."""
    return DiskFiles(root)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the output folder, with one file in it."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "x").write_bytes(b"theirs")
    return folder


# The same answers from both


PATHS = st.sampled_from(["", "a", "b", "a/b", "a/c", "a/b/c", "a/l", "l", "..", "a//b"])
STEPS = st.lists(st.tuples(st.sampled_from([*sorted(ON_A_PATH), "write", "release"]), PATHS), max_size=25)


class Actor:
    """Plays steps on one implementation and tells what came of each."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.appenders: list[Appender] = []
        self.locks: list[Lock] = []

    def play(self, step: str, path: str) -> object:
        """Return a comparable result: a value, the type of an error, or the state of all locks and appenders."""
        try:
            result = self._do(step, path)
        except (JottyError, OSError) as error:
            return type(error)
        if isinstance(result, list | bytes | int | None):
            return result
        return [lock.held() for lock in self.locks], [file.size for file in self.appenders]

    def _do(self, step: str, path: str) -> object:
        if step == "write":
            for file in self.appenders:
                file.write(path.encode())
            return [lock.held() for lock in self.locks]
        if step == "release":
            while self.locks:
                self.locks.pop().release()
            return None
        result = ON_A_PATH[step](self.files, path)
        if step == "create":
            self.appenders.append(result)  # type: ignore[arg-type]
        if step == "lock":
            self.locks.append(result)  # type: ignore[arg-type]
        return result

    def close(self) -> None:
        """Give everything back."""
        for held in self.locks:
            held.release()
        for file in self.appenders:
            file.close()


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_disk_and_memory_answer_alike(steps: list[tuple[str, str]]) -> None:
    """Any steps give the same results and the same kinds of errors on both."""
    with tempfile.TemporaryDirectory() as folder, patch.object(module, "_flush"):
        disk, memory = Actor(DiskFiles(Path(folder) / "outputs")), Actor(MemoryFiles())
        try:
            for step, path in steps:
                assert disk.play(step, path) == memory.play(step, path), (step, path)
        finally:
            disk.close()
            memory.close()


# The output folder


@pytest.mark.parametrize("operation", ["names", "exists", "size", "read", "sync", "remove", "is_locked"])
def test_looking_makes_no_folder(tmp_path: Path, operation: str) -> None:
    """Only a write makes the output folder."""
    with suppress(JottyError):
        ON_A_PATH[operation](DiskFiles(tmp_path / "outputs"), "run/x")
    assert list(tmp_path.iterdir()) == []


def test_the_output_folder_may_be_reached_through_a_symlink(tmp_path: Path, root: Path) -> None:
    """A user may keep the outputs elsewhere; the link is resolved once."""
    link = tmp_path / "link"
    link.symlink_to(root)
    files = DiskFiles(link)
    link.unlink()
    files.replace("x", b"1")
    assert (root / "x").read_bytes() == b"1"
    assert files.describe("x") == os.path.realpath(root / "x")


def test_a_relative_output_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that changes its folder does not move the log."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    files = DiskFiles("outputs")
    monkeypatch.chdir(tmp_path / "elsewhere")
    files.replace("x", b"1")
    assert (tmp_path / "outputs" / "x").read_bytes() == b"1"


def test_a_file_in_place_of_the_output_folder_is_refused(tmp_path: Path) -> None:
    """Reading and writing both name what stands there."""
    (tmp_path / "outputs").write_bytes(b"kept")
    files = DiskFiles(tmp_path / "outputs")
    for operation in ("names", "exists", "read", "create", "make_folder", "lock"):
        with pytest.raises(UnsafeFile) as caught:
            ON_A_PATH[operation](files, "x")
        assert caught.value.file == files.describe("")
    assert (tmp_path / "outputs").read_bytes() == b"kept"


def test_an_output_folder_with_nul_in_its_name_is_refused() -> None:
    """The system could not even look at it."""
    with pytest.raises(UnsafeFile):
        DiskFiles("a\0b")


# What stands in place of a file


def make_fifo(path: Path) -> None:
    """Put a FIFO without a writer, on which a plain open would wait for ever."""
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    """Put a socket."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def make_link_outside(path: Path) -> None:
    """Put a symlink to a file outside the output folder."""
    path.symlink_to(path.parent.parent / "outside" / "x")


def make_link_to_device(path: Path) -> None:
    """Put a symlink to a device that never ends."""
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("operation", ON_A_FILE)
@pytest.mark.parametrize("make", [make_fifo, make_socket, make_link_outside, make_link_to_device])
def test_only_regular_files_are_touched(
    disk: DiskFiles, root: Path, outside: Path, make: Callable[[Path], None], operation: str
) -> None:
    """A FIFO, a socket or a link is refused at once, with a hint, and stays as it was."""
    make(root / "x")
    before = os.lstat(root / "x")
    with pytest.raises(UnsafeFile) as caught:
        ON_A_PATH[operation](disk, "x")
    assert caught.value.hint
    assert caught.value.file == disk.describe("x")
    after = os.lstat(root / "x")
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert os.listdir(root) == ["x"]
    assert (outside / "x").read_bytes() == b"theirs"


@pytest.mark.parametrize("operation", sorted(set(ON_A_PATH) - {"point_target"}))
def test_a_folder_swapped_for_a_symlink_leads_nowhere(
    disk: DiskFiles, root: Path, outside: Path, operation: str
) -> None:
    """Nothing outside is read, made or removed through a run folder that became a link."""
    (root / "run").symlink_to(outside)
    with pytest.raises(UnsafeFile) as caught:
        ON_A_PATH[operation](disk, "run/x")
    assert caught.value.file == disk.describe("run")
    assert os.listdir(outside) == ["x"]
    assert (outside / "x").read_bytes() == b"theirs"


# A disk that refuses


WRITING = ["make_folder", "create", "replace", "lock"]


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every call that could write fail as on a read-only disk, also for a superuser."""
    really_open = os.open

    def guarded_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return really_open(path, flags, mode, dir_fd=dir_fd)

    def refuse(*_args: object, **_names: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", guarded_open)
    for name in ("mkdir", "write", "rename", "unlink", "symlink"):
        monkeypatch.setattr(os, name, refuse)


def test_a_read_only_folder_can_be_read_and_probed(disk: DiskFiles, request: pytest.FixtureRequest) -> None:
    """Reading, listing and asking for a lock open nothing for writing."""
    put(disk, "x", b"1")
    owner = disk.lock("LOCK")
    request.getfixturevalue("read_only")
    assert (disk.read("x"), disk.size("x"), disk.names("")) == (b"1", 1, ["LOCK", "x"])
    assert disk.is_locked("LOCK")
    assert not disk.is_locked("x")
    owner.release()


@pytest.mark.parametrize("operation", WRITING)
def test_a_refused_write_is_a_plain_oserror(disk: DiskFiles, request: pytest.FixtureRequest, operation: str) -> None:
    """The caller, who knows what is lost, gives it its name."""
    request.getfixturevalue("read_only")
    with pytest.raises(OSError, match=os.strerror(errno.EROFS)):
        ON_A_PATH[operation](disk, "x")


def test_a_link_that_cannot_be_made_is_done_without(disk: DiskFiles, request: pytest.FixtureRequest) -> None:
    """Nothing trusts the link, so nothing fails for want of it."""
    request.getfixturevalue("read_only")
    disk.point("latest", "run_1")
    assert disk.names("") == []


def test_a_link_that_cannot_be_put_in_place_leaves_nothing_aside(
    disk: DiskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The half-made link is taken away and the old one stays."""
    disk.point("latest", "run_1")
    monkeypatch.setattr(os, "rename", failing(errno.EIO))
    disk.point("latest", "run_2")
    assert disk.names("") == ["latest"]
    assert os.readlink(disk.describe("latest")) == "run_1"


def failing(number: int) -> Callable[..., Any]:
    """Return a call that always fails with this error."""

    def fail(*_args: object, **_names: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_short_write_is_continued(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes three bytes at a time gets them all."""
    really_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: really_write(fd, data[:3]))
    put(disk, "x", b"0123456789")
    disk.replace("y", b"abcdefgh")
    assert (disk.read("x"), disk.read("y")) == (b"0123456789", b"abcdefgh")


def test_an_appender_never_overwrites(disk: DiskFiles, root: Path) -> None:
    """Bytes that something else put at the end of the file stay, and ours come after them."""
    file = disk.create("x")
    file.write(b"ours")
    with (root / "x").open("ab") as other:
        other.write(b" theirs")
    file.write(b" again")
    file.close()
    assert disk.read("x") == b"ours theirs again"


def test_a_short_read_is_continued(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives three bytes at a time is asked again, and a file that shrank ends the read."""
    put(disk, "x", b"0123456789")
    really_read = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, length, start: really_read(fd, min(3, length), start))
    assert disk.read("x", 1, 8) == b"12345678"
    monkeypatch.setattr(os, "pread", lambda fd, length, start: really_read(fd, 3, start) if start < 3 else b"")
    assert disk.read("x") == b"012"


def test_a_disk_that_takes_nothing_is_an_oserror(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """No progress is a failure, not a loop."""
    file = disk.create("x")
    monkeypatch.setattr(os, "write", lambda fd, data: 0)
    with pytest.raises(OSError, match="no more bytes"):
        file.write(b"1")
    assert file.size == 0
    file.close()


def test_a_disk_that_fills_up_says_how_far_it_got(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size counts what went in before the error, as the file does."""
    really_write, full = os.write, failing(errno.ENOSPC)
    file = disk.create("x")
    monkeypatch.setattr(os, "write", lambda fd, data: really_write(fd, data[:4]) if len(data) > 4 else full())
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        file.write(b"01234567")
    assert file.size == 4
    assert disk.read("x") == b"0123"
    file.close()


@pytest.mark.parametrize("call", ["os.write", "os.rename", "jotty_events.log.files._flush"])
def test_a_failed_replacement_leaves_the_old_file_and_nothing_aside(
    disk: DiskFiles, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Whichever step fails, the file is the one from before and the error is the disk's."""
    disk.replace("x", b"old")
    monkeypatch.setattr(call, failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        disk.replace("x", b"new")
    assert disk.names("") == ["x"]
    assert disk.read("x") == b"old"


def test_a_failed_removal_does_not_hide_the_first_failure(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two failures in a row the first one is reported."""
    monkeypatch.setattr(os, "write", failing(errno.ENOSPC))
    monkeypatch.setattr(os, "unlink", failing(errno.EROFS))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        disk.replace("x", b"new")


def test_what_a_killed_replacement_left_is_passed_over(disk: DiskFiles, root: Path) -> None:
    """A leftover of a process with the same number is neither used nor removed."""
    leftover = root / f"{ASIDE}{os.getpid()}-0"
    leftover.write_bytes(b"half")
    disk.replace("x", b"1")
    disk.point("latest", "x")
    assert leftover.read_bytes() == b"half"
    assert disk.names("") == [leftover.name, "latest", "x"]


def test_a_replacement_is_on_disk_before_and_after_it_takes_the_name(
    disk: DiskFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the bytes are synced, then the name changes, then the folder is synced."""
    steps: list[object] = []
    really_rename = os.rename

    def flush(fd: int, bytes_only: bool = False) -> None:
        found = os.fstat(fd)
        steps.append("folder" if stat.S_ISDIR(found.st_mode) else found.st_size)

    def rename(*args: Any, **names: Any) -> None:
        steps.append("rename")
        really_rename(*args, **names)

    monkeypatch.setattr(module, "_flush", flush)
    monkeypatch.setattr(os, "rename", rename)
    disk.replace("x", b"12345")
    assert steps == [5, "rename", "folder"]


def test_a_new_output_folder_is_durable_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of the root and of its parents are synced, which no caller could do from inside."""
    synced: list[int] = []
    monkeypatch.setattr(module, "_flush", lambda fd, bytes_only=False: synced.append(os.fstat(fd).st_ino))
    DiskFiles(tmp_path / "new" / "outputs").make_folder("run")
    assert synced == [tmp_path.stat().st_ino, (tmp_path / "new").stat().st_ino]


# Locks between processes


def start(root: Path, program: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a Python program that has `files`, below the same folder, and answers on its output."""
    head = f"import os, sys\nfrom jotty_events.log.files import DiskFiles\nfiles = DiskFiles({str(root)!r})\n"
    source = Path(module.__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", head + program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
    )


def answer(child: "subprocess.Popen[str]") -> str:
    """Wait for one line of a child."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


TAKE = """
from jotty_events.errors import LockHeld
try:
    lock = files.lock("LOCK")
    print("owner", flush=True)
except LockHeld:
    print("refused", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def children() -> Iterator[list["subprocess.Popen[str]"]]:
    """Collects processes; each is ended by closing its input."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for child in started:
        child.communicate(timeout=60)


def test_of_several_processes_one_owns_a_lock(
    disk: DiskFiles, root: Path, children: list["subprocess.Popen[str]"]
) -> None:
    """Processes that start together find one owner among them."""
    children += [start(root, TAKE) for _ in range(3)]
    assert sorted(answer(child) for child in children) == ["owner", "refused", "refused"]
    assert disk.is_locked("LOCK")
    with pytest.raises(LockHeld):
        disk.lock("LOCK")


def test_a_killed_owner_leaves_a_free_lock(
    disk: DiskFiles, root: Path, children: list["subprocess.Popen[str]"]
) -> None:
    """The lock goes with the process; its file stays and can be locked again."""
    children.append(start(root, TAKE))
    assert answer(children[0]) == "owner"
    children[0].kill()
    children[0].wait()
    assert disk.exists("LOCK")
    assert not disk.is_locked("LOCK")
    lock = disk.lock("LOCK")
    assert lock.held()
    lock.release()


FORK = """
lock = files.lock("LOCK")
def tell(text):
    os.write(1, (text + "\\n").encode())
if os.fork() == 0:
    held = lock.held()
    if "release" in sys.argv:
        lock.release()
    tell(f"child {held} {files.is_locked('LOCK')}")
    sys.stdin.read()
    tell("child ends")
    os._exit(0)
os.wait()
tell(f"parent {lock.held()} {files.is_locked('LOCK')}")
"""


def test_a_forked_child_does_not_own_its_parents_lock(root: Path, children: list["subprocess.Popen[str]"]) -> None:
    """The child sees that it holds nothing, and its release takes nothing from the parent."""
    child = start(root, FORK, "release")
    children.append(child)
    assert answer(child) == "child False True"
    assert child.stdin is not None
    child.stdin.close()
    child.stdin = None
    assert answer(child) == "child ends"
    assert answer(child) == "parent True True"


def test_a_forked_child_does_not_keep_a_dead_parents_lock(
    disk: DiskFiles, root: Path, children: list["subprocess.Popen[str]"]
) -> None:
    """After the owner was killed its lock is free, though a child of it lives on."""
    child = start(root, FORK)
    children.append(child)
    assert answer(child) == "child False True"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not disk.is_locked("LOCK")
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    child.stdin = None
    assert answer(child) == "child ends"


def test_a_lock_of_another_process_is_not_held(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the owner that still has the open file is not the owner, and its release unlocks nothing."""
    lock = disk.lock("LOCK")
    shared = os.dup(lock._fd)  # type: ignore[attr-defined]
    monkeypatch.setattr("jotty_events.log.disk_lock.process", lambda: -1)
    assert not lock.held()
    lock.release()
    assert disk.is_locked("LOCK")
    os.close(shared)
    assert not disk.is_locked("LOCK")


def test_a_probe_in_progress_does_not_turn_an_owner_away(disk: DiskFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever meets only the shared lock of a probe tries again, and gets the lock once the probe is gone."""
    disk.replace("LOCK", b"")
    probe = os.open(disk.describe("LOCK"), os.O_RDONLY)
    fcntl.flock(probe, fcntl.LOCK_SH)
    waits: list[float] = []

    def let_the_probe_end(seconds: float) -> None:
        if not waits:
            os.close(probe)
        waits.append(seconds)

    monkeypatch.setattr("jotty_events.log.disk_lock.time.sleep", let_the_probe_end)
    lock = disk.lock("LOCK")
    assert lock.held()
    assert len(waits) == 1
    lock.release()


def test_a_probe_that_never_ends_is_not_waited_for_without_end(
    disk: DiskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped reader costs a typed error, not a hang; and other probes are not misled by it."""
    disk.replace("LOCK", b"")
    probe = os.open(disk.describe("LOCK"), os.O_RDONLY)
    fcntl.flock(probe, fcntl.LOCK_SH)
    monkeypatch.setattr("jotty_events.log.disk_lock.time.sleep", lambda seconds: None)
    with pytest.raises(LockHeld):
        disk.lock("LOCK")
    assert not disk.is_locked("LOCK")
    os.close(probe)


def test_a_lock_file_swapped_while_it_is_being_locked_is_locked_anew(
    disk: DiskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock on a file that lost its name is worth nothing, so the file that has the name is locked."""
    really_claim, swaps = disk_lock.claim, [1, 1]

    def claim(fd: int) -> bool:
        if swaps:
            swaps.pop()
            disk.remove("LOCK")
        return really_claim(fd)

    monkeypatch.setattr(module, "claim", claim)
    lock = disk.lock("LOCK")
    assert lock.held()
    assert disk.is_locked("LOCK")
    assert not swaps
    lock.release()


def test_a_lock_that_cannot_be_looked_at_is_not_held(disk: DiskFiles, root: Path) -> None:
    """An owner whose whole folder was moved away stops, rather than write into it."""
    disk.make_folder("run")
    lock = disk.lock("run/LOCK")
    (root / "run").rename(root / "moved")
    assert not lock.held()
    (root / "run").write_bytes(b"")
    assert not lock.held()
    lock.release()


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="open descriptors cannot be counted here")
def test_refusals_leak_no_descriptor(disk: DiskFiles, root: Path) -> None:
    """A program that meets bad files for days does not run out of descriptors."""
    make_fifo(root / "fifo")
    (root / "link").symlink_to("fifo")
    disk.make_folder("d")
    lock = disk.lock("LOCK")
    before = len(os.listdir("/dev/fd"))
    for path in ("fifo", "fifo/x", "link", "link/x", "d", "gone/x", "LOCK", "LOCK/x"):
        for operation in sorted(set(ON_A_PATH) - {"remove", "replace"}):
            with suppress(JottyError, FileNotFoundError):
                ON_A_PATH[operation](disk, path)
    assert len(os.listdir("/dev/fd")) == before
    lock.release()


# What memory remembers of a crash


def durable_file(files: MemoryFiles, path: str) -> Appender:
    """Make a file whose name is durable, below durable folders."""
    file = files.create(path)
    folders = path.split("/")[:-1]
    for depth in range(len(folders) + 1):
        files.sync("/".join(folders[:depth]))
    return file


def test_a_power_loss_takes_the_bytes_after_the_last_sync() -> None:
    """What was synced stays to the byte; the file itself is untouched by asking."""
    files = MemoryFiles()
    file = durable_file(files, "x")
    file.write(b"kept")
    file.sync()
    file.write(b" lost")
    assert files.after_power_loss().read("x") == b"kept"
    assert files.read("x") == b"kept lost"


def test_a_power_loss_leaves_a_named_file_empty_if_it_was_never_synced() -> None:
    """A durable name says nothing about bytes."""
    files = MemoryFiles()
    durable_file(files, "x").write(b"lost")
    assert files.after_power_loss().read("x") == b""


def test_a_power_loss_takes_a_file_whose_folder_was_not_synced() -> None:
    """Synced bytes without a durable name are gone."""
    files = MemoryFiles()
    file = files.create("x")
    file.write(b"1")
    file.sync()
    assert files.after_power_loss().names("") == []
    files.sync("")
    assert files.after_power_loss().read("x") == b"1"


def test_a_power_loss_takes_a_folder_that_its_parent_does_not_know_durably() -> None:
    """Every name on the way has to be synced; a synced folder in one that is gone is gone with it."""
    files = MemoryFiles()
    files.make_folder("run/events")
    files.replace("run/events/x", b"1")
    files.sync("run")
    assert files.after_power_loss().names("") == []
    files.sync("")
    assert files.after_power_loss().read("run/events/x") == b"1"


def test_a_power_loss_does_not_undo_a_replacement() -> None:
    """A replaced file is durable at once, and so are the names beside it."""
    files = MemoryFiles()
    durable_file(files, "x").write(b"old")
    files.create("neighbour").write(b"1")
    files.replace("x", b"new")
    left = files.after_power_loss()
    assert (left.read("x"), left.read("neighbour")) == (b"new", b"")


def test_a_power_loss_brings_back_what_was_removed_without_a_sync() -> None:
    """A removal counts once the folder was synced."""
    files = MemoryFiles()
    files.replace("x", b"1")
    files.remove("x")
    assert files.after_power_loss().read("x") == b"1"
    files.sync("")
    assert files.after_power_loss().names("") == []


def test_a_power_loss_takes_a_link_that_was_not_synced() -> None:
    """A link is a name like any other."""
    files = MemoryFiles()
    files.point("latest", "run_1")
    assert not files.after_power_loss().exists("latest")
    files.sync("")
    assert files.after_power_loss().exists("latest")


def test_a_file_synced_by_its_path_survives_a_power_loss() -> None:
    """A child can make its parent's segment durable without the parent's appender."""
    files = MemoryFiles()
    durable_file(files, "run").write(b"1")
    files.sync("run")
    assert files.after_power_loss().read("run") == b"1"


def test_a_kill_takes_nothing_but_the_locks() -> None:
    """What the system had been given is there, synced or not, and anybody can own it."""
    files = MemoryFiles()
    files.make_folder("run")
    files.create("run/x").write(b"written")
    lock = files.lock("run/LOCK")
    left = files.after_kill()
    assert left.read("run/x") == b"written"
    assert not left.is_locked("run/LOCK")
    assert left.lock("run/LOCK").held()
    assert lock.held()


def test_a_power_loss_takes_the_locks_as_well() -> None:
    """Nobody owns anything on a machine that just started."""
    files = MemoryFiles()
    files.replace("LOCK", b"")
    files.lock("LOCK")
    assert not files.after_power_loss().is_locked("LOCK")


def test_a_power_loss_after_a_kill_still_takes_what_was_not_synced() -> None:
    """Killing a process makes nothing durable; what outlived a power loss does outlive the next."""
    files = MemoryFiles()
    file = durable_file(files, "x")
    file.write(b"kept")
    file.sync()
    file.write(b" lost")
    files.create("unnamed")
    left = files.after_kill().after_power_loss()
    assert (left.names(""), left.read("x")) == (["x"], b"kept")
    assert left.after_power_loss().read("x") == b"kept"


@pytest.mark.parametrize("crash", [MemoryFiles.after_kill, MemoryFiles.after_power_loss])
def test_what_is_left_is_a_copy(crash: Callable[[MemoryFiles], MemoryFiles]) -> None:
    """Neither side sees what the other writes afterwards."""
    files = MemoryFiles()
    file = durable_file(files, "d")
    file.write(b"1")
    file.sync()
    left = crash(files)
    file.write(b"2")
    file.sync()
    left.replace("new", b"")
    assert (left.read("d"), files.names("")) == (b"1", ["d"])


def test_a_copied_process_does_not_own_a_lock_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child has the memory of its parent and must not think that it owns the run."""
    lock = MemoryFiles().lock("LOCK")
    assert lock.held()
    monkeypatch.setattr("jotty_events.log.memory_files.process", lambda: -1)
    assert not lock.held()
