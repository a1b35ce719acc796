"""Following a run: each commit once, in order, nothing before it is durable, and nothing left out at the end."""

import threading
from random import Random

import pytest
from faulty_files import FaultyFiles
from recording import (
    MODES,
    SAFETY,
    append,
    begin,
    commits_in,
    ends,
    event,
    let_go,
    run_end,
    segment_of,
    write,
    write_killed,
)

from jotty_events.errors import Corruption, FormatError
from jotty_events.log import layout
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.tail import Tail
from jotty_events.types import Durability

each_mode = pytest.mark.parametrize("durability", MODES)
NEVER = 3600.0


def poll(tail: Tail) -> list[int]:
    """Return the last seqs of the commits that have come, having seen that their lines are the ones of those seqs."""
    found = []
    for commit in tail.poll():
        assert [line.startswith(b'{"seq":%d,' % seq) for seq, line in enumerate(commit.lines, commit.first)]
        found.append(commit.last)
    return found


@each_mode
@pytest.mark.parametrize("segment_bytes", [1, 700, 10**6])
def test_each_commit_is_given_once(durability: Durability, segment_bytes: int) -> None:
    """Poll by poll, whatever number of appends and rotations lies between, and at the end nothing is left."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, segment_bytes=segment_bytes, interval=NEVER)
    tail = Tail(files, writer.run)
    random = Random(segment_bytes)
    seen: list[int] = []
    for _ in range(30):
        append(writer, [random.randint(1, 3) for _ in range(random.randint(0, 4))])
        if random.random() < 0.5:
            writer.sync_some()
        seen += poll(tail)
        assert not tail.ended
        assert durability is Durability.OS or not seen or seen[-1] <= writer.mark.seq
    writer.close(run_end(writer.run))
    seen += poll(tail)
    assert seen == ends(files)
    assert tail.ended
    assert poll(tail) == []


def test_nothing_is_given_before_it_is_durable() -> None:
    """In mode `interval` an append is seen when its group was synced, not when it was written."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.INTERVAL, interval=NEVER)
    tail = Tail(files, writer.run)
    assert poll(tail) == [1]
    append(writer, [1, 2])
    assert poll(tail) == []
    writer.sync_some()
    assert poll(tail) == [2, 4]
    append(writer, [1])
    assert poll(tail) == []
    writer.close()
    assert poll(tail) == [5]


def test_in_mode_os_whole_commits_are_given() -> None:
    """Nothing is ever known to be on disk there, so what is written is what can be followed."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.OS)
    tail = Tail(files, writer.run)
    append(writer, [1, 2])
    assert poll(tail) == [1, 2, 4]


@each_mode
def test_a_killed_run_is_given_to_its_last_whole_commit(durability: Durability) -> None:
    """Once its writer is gone, a follower sees what every reader sees, and that nothing more will come."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, interval=NEVER)
    tail = Tail(files, writer.run)
    seen = poll(tail)
    append(writer, [1, 1])
    let_go(writer)
    files.replace(segment_of(writer.run), files.read(segment_of(writer.run)) + b'{"seq":4,"at":')
    seen += poll(tail)
    assert seen == ends(files) == [1, 2, 3]
    assert tail.ended


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize("segment_bytes", [1, 10**6])
def test_following_can_begin_behind_a_seq(after: int, segment_bytes: int) -> None:
    """Commits that end behind it are given, the one that it lies in as well."""
    files = MemoryFiles()
    run = write(files, (1, 2, 1, 1), segment_bytes=segment_bytes)
    tail = Tail(files, run, after)
    assert poll(tail) == [last for last in (1, 2, 4, 5, 6, 7) if last > after]
    assert tail.ended


def test_a_child_is_followed_from_its_own_start() -> None:
    """What the parent holds is not followed; the child's commits are."""
    files = MemoryFiles()
    child = write(files, (1,), write(files))
    assert poll(Tail(files, child)) == [7, 8, 9]


@pytest.mark.parametrize("asked", range(1, 9))
def test_what_comes_while_the_follower_looks_is_not_left_out(asked: int) -> None:
    """Whatever the writer does between two looks of a poll, an end that is told has everything before it."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=1)

    class Meanwhile(FaultyFiles):
        looks = 0

        def look(self) -> None:
            self.looks += 1
            if self.looks == asked:
                append(writer, [1, 1])
                writer.close(run_end(writer.run))

        def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
            self.look()
            return super().read(path, start, limit)

        def is_locked(self, path: str) -> bool:
            self.look()
            return super().is_locked(path)

    tail = Tail(Meanwhile(files), writer.run)
    seen: list[int] = []
    while not tail.ended:
        seen += poll(tail)
    assert seen == ends(files) == [1, 2, 3, 4]


def test_a_poll_that_is_left_halfway_is_taken_up_again() -> None:
    """What a follower did not take stays to be given."""
    files = MemoryFiles()
    tail = Tail(files, write(files, (1, 1, 1), segment_bytes=700))
    first = next(tail.poll())
    assert first.last == 1
    assert poll(tail) == [2, 3, 4, 5]


@each_mode
def test_a_run_is_followed_while_threads_write_it(durability: Durability) -> None:
    """With a writer that does not wait for anybody, rotations included: each commit once, in order, to the end."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, segment_bytes=1500, interval=0.0001)

    def work() -> None:
        for i in range(150):
            writer.append([event(0)] * (1 + i % 3))
        writer.close(run_end(writer.run))

    thread = threading.Thread(target=work)
    tail = Tail(files, writer.run)
    seen: list[int] = []
    thread.start()
    while not tail.ended:
        seen += poll(tail)
    thread.join(SAFETY)
    assert seen == ends(files)
    assert len(seen) == 152
    assert len(files.names(layout.events(writer.run))) > 5


# Damage.


def test_a_damaged_segment_ends_the_following_with_an_error() -> None:
    """What was durable and does not fit any more is refused, and nothing behind it is given."""
    for segment_bytes in (1, 10**6):
        files = MemoryFiles()
        run = write(files, (1, 1, 1), segment_bytes=segment_bytes)
        path = f"{layout.events(run)}/{files.names(layout.events(run))[0]}"
        files.replace(path, files.read(path).replace(b"goal 2", b"goal 9"))
        with pytest.raises(Corruption) as caught:
            poll(Tail(files, run))
        assert caught.value.file == files.describe(path)


@pytest.mark.parametrize("segment_bytes", [900, 10**6], ids=["before others", "the last one"])
def test_a_closed_segment_that_lost_its_end_is_not_passed_by(segment_bytes: int) -> None:
    """A follower neither goes on to the next segment, nor ends, before it has seen the whole of it."""
    files = MemoryFiles()
    run = write(files, (1, 1, 1), segment_bytes=segment_bytes)
    sound = files.read(segment_of(run))
    files.replace(segment_of(run), b"".join(commits_in(sound)[:-1]))
    with pytest.raises(Corruption) as caught:
        poll(Tail(files, run))
    assert caught.value.file == files.describe(segment_of(run))


def test_a_run_that_lost_its_start_is_damaged() -> None:
    """An empty segment of a run that has a manifest is refused at once."""
    files = MemoryFiles()
    run = write_killed(files)
    files.replace(segment_of(run), b"")
    with pytest.raises(Corruption):
        poll(Tail(files, run))


def test_what_is_no_run_cannot_be_followed() -> None:
    """A folder without manifest is a typed error."""
    files = MemoryFiles()
    files.make_folder("run_20260106_120000")
    with pytest.raises(FormatError):
        Tail(files, "run_20260106_120000")
