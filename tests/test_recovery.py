"""Recovery is reading: of a run that was killed, an exact prefix of its commits, never less than what was durable."""

from collections.abc import Callable

import pytest
from faulty_files import FaultyFiles, read_only
from hypothesis import given
from hypothesis import strategies as st
from recording import (
    MODES,
    append,
    begin,
    checked,
    commits_in,
    ends,
    let_go,
    run_end,
    segment_of,
    seqs,
    tree_bytes,
    write,
    write_killed,
)

from jotty_events.errors import Corruption, JottyError
from jotty_events.log import layout
from jotty_events.log.files import Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.tree import Tree
from jotty_events.types import Durability

SIZES = (1, 2, 1)
ENDS = [1, 2, 4, 5]
NEVER = 3600.0

each_mode = pytest.mark.parametrize("durability", MODES)


class Killed:
    """A run that was killed: its bytes, and up to which byte and seq it was durable."""

    def __init__(self, durability: Durability) -> None:
        files = MemoryFiles()
        writer = begin(files, durability=durability, interval=NEVER)
        append(writer, SIZES[:-1])
        if durability is Durability.INTERVAL:
            writer.sync_some()
        append(writer, SIZES[-1:])
        self.acknowledged = writer.mark.seq
        let_go(writer)
        self.files = files
        self.path = segment_of(writer.run)
        self.data = files.read(self.path)
        mark = b'{"durable":%d}\n' % self.acknowledged
        self.durable_end = self.data.index(mark) + len(mark)

    def damaged(self, data: bytes) -> Files:
        """Return the same files with other bytes in the segment."""
        self.files.replace(self.path, data)
        return self.files


KILLED = {mode: Killed(mode) for mode in MODES}


def outcome(files: Files) -> list[int] | JottyError:
    """Return the last seqs of the commits that can be read, or the error that says why none can."""
    try:
        assert seqs(files) == list(range(1, ends(files)[-1] + 1))
        return ends(files)
    except JottyError as error:
        return error


def flip(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def test_what_was_durable_when_the_runs_were_killed() -> None:
    """All in mode `commit`, up to the last sync in mode `interval`, only the start in mode `os`; all can be read."""
    assert {mode: killed.acknowledged for mode, killed in KILLED.items()} == {
        Durability.COMMIT: 5,
        Durability.INTERVAL: 4,
        Durability.OS: 1,
    }
    assert [outcome(killed.damaged(killed.data)) for killed in KILLED.values()] == [ENDS] * 3


# Cuts: what a crash of the machine may leave.


@each_mode
def test_a_log_cut_at_any_byte_gives_whole_commits(durability: Durability) -> None:
    """Law L7: the state of some commit, and with the bytes that were durable never less; a tail is a note."""
    killed = KILLED[durability]
    for cut in range(len(killed.data) + 1):
        files = killed.damaged(killed.data[:cut])
        left = outcome(files)
        if cut < killed.data.index(b'{"durable":1}'):
            assert isinstance(left, Corruption)
            continue
        assert isinstance(left, list)
        assert left == ENDS[: len(left)]
        assert cut < killed.durable_end or left[-1] >= killed.acknowledged
        assert checked(files) == []
        assert len(checked(files).notes) == (cut not in line_ends(killed.data))


def line_ends(data: bytes) -> list[int]:
    """Return the bytes behind which a line of the segment ends that is no record."""
    places, at = [], 0
    for line in data.splitlines(keepends=True):
        at += len(line)
        if not line.startswith(b'{"seq":'):
            places.append(at)
    return places


@each_mode
@pytest.mark.parametrize(
    "tail", [b"\0" * 300, b"\n", b"{", b'{"seq":6,"at":1}\n', b"\xff\n" * 9, b'{"durable":', b"x" * 5000 + b"\n"]
)
def test_a_torn_tail_is_a_note_and_stays(durability: Durability, tail: bytes) -> None:
    """Whatever follows the last whole commit is passed over, named with its byte, and left in place."""
    killed = KILLED[durability]
    files = killed.damaged(killed.data + tail)
    before = tree_bytes(files)
    found = checked(files)
    assert (outcome(files), found) == (ENDS, [])
    (note,) = found.notes
    assert (note.file, note.offset) == (files.describe(killed.path), len(killed.data))
    assert "passed over" in note.message
    assert tree_bytes(files) == before


@each_mode
def test_reading_twice_is_reading_once(durability: Durability) -> None:
    """Recovery changes nothing, so it gives the same again, also where nothing could be changed."""
    killed = KILLED[durability]
    files = killed.damaged(killed.data + b'{"seq":6,"at":')
    before = tree_bytes(files)
    mounted = FaultyFiles(files, read_only)
    assert outcome(files) == outcome(files) == outcome(mounted) == ENDS
    assert [str(one) for one in checked(mounted).notes] == [str(one) for one in checked(files).notes]
    assert tree_bytes(files) == before


@each_mode
@pytest.mark.parametrize("tail", [b"", b"\0\0\0", b'{"seq":6,"at":1767700800000000,"event":{"type":"epis'])
def test_the_next_run_goes_on_behind_the_last_whole_commit(durability: Durability, tail: bytes) -> None:
    """It takes the next seq, the dead run's files stay as they are, and the whole line is sound."""
    files = MemoryFiles()
    dead = write_killed(files, SIZES, durability=durability)
    files.replace(segment_of(dead), files.read(segment_of(dead)) + tail)
    before = tree_bytes(files, dead)
    child = write(files, (2,), "latest")
    assert seqs(files, child) == list(range(1, 10))
    assert (checked(files), len(checked(files).notes)) == ([], 1 if tail else 0)
    assert tree_bytes(files, dead) == before


def test_a_tail_behind_a_rotation_is_one_of_the_last_segment() -> None:
    """Only the segment that was being written may end in the middle; the closed ones before it may not."""
    files = MemoryFiles()
    run = write_killed(files, (1, 1, 1), segment_bytes=700)
    names = files.names(layout.events(run))
    assert len(names) > 1
    last = f"{layout.events(run)}/{names[-1]}"
    sound = files.read(last)
    files.replace(last, sound + b'{"seq":')
    assert (ends(files), checked(files)) == ([1, 2, 3, 4], [])
    files.replace(last, sound)
    first = f"{layout.events(run)}/{names[0]}"
    files.replace(first, files.read(first) + b'{"seq":')
    assert isinstance(outcome(files), Corruption)


# Flips: what a disk may do to bytes that were acknowledged.


@each_mode
def test_no_flipped_byte_loses_what_was_durable(durability: Durability) -> None:
    """Each byte in turn: either the damage is reported, or all commits that were durable are read, unchanged."""
    killed = KILLED[durability]
    silent = []
    for at in range(len(killed.data)):
        files = killed.damaged(flip(killed.data, at, 1 << at % 8))
        found, left = checked(files), outcome(files)
        assert bool(found) == isinstance(left, JottyError), at
        if found:
            assert {one.file for one in found} == {files.describe(killed.path)}
            continue
        assert isinstance(left, list)
        assert left == ENDS[: len(left)]
        assert left[-1] >= killed.acknowledged, at
        if at < killed.durable_end:
            silent.append(at)
    assert set(silent) <= harmless(killed.data), "a byte that matters was changed unnoticed"


def harmless(data: bytes) -> set[int]:
    """Return the bytes that say nothing about records: durable marks, and what is `durable` in commit lines."""
    places: set[int] = set()
    start = 0
    for line in data.splitlines(keepends=True):
        if line.startswith(b'{"durable":'):
            places |= set(range(start, start + len(line)))
        elif line.startswith(b'{"commit":'):
            number = line.index(b'"durable":') + len(b'"durable":')
            places |= set(range(start + number, start + line.index(b",", number)))
        start += len(line)
    return places


@pytest.mark.parametrize("mask", [0x01, 0x0F, 0x20, 0x80, 0xFF])
def test_no_flip_of_any_kind_changes_what_is_read(mask: int) -> None:
    """Other bits, case and digits: a commit that is given out is one that was written."""
    killed = KILLED[Durability.COMMIT]
    for at in range(0, len(killed.data), 3):
        left = outcome(killed.damaged(flip(killed.data, at, mask)))
        assert isinstance(left, Corruption) or left == ENDS, at


def test_in_mode_os_damage_looks_like_a_torn_tail() -> None:
    """Nothing was ever known to be on disk there, so what does not fit is a note, and what is before it is read."""
    killed = KILLED[Durability.OS]
    at = killed.data.index(b'"goal 3"')
    files = killed.damaged(flip(killed.data, at, 1))
    assert (outcome(files), checked(files)) == ([1, 2], [])
    (note,) = checked(files).notes
    assert note.offset < len(killed.data)


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "first dropped": lambda commits: commits[1:],
    "dropped": lambda commits: [*commits[:1], *commits[2:]],
    "two dropped": lambda commits: [*commits[:1], *commits[3:]],
    "repeated": lambda commits: [*commits[:2], *commits[1:]],
    "reordered": lambda commits: [commits[0], commits[2], commits[1], commits[3]],
    "reversed": lambda commits: commits[::-1],
    "moved to the end": lambda commits: [*commits[:1], *commits[2:], commits[1]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_commits_out_of_place_are_damage(change: str) -> None:
    """A dropped, repeated or reordered commit before the last durable one is reported, with file and byte."""
    killed = KILLED[Durability.COMMIT]
    files = killed.damaged(b"".join(CHANGES[change](commits_in(killed.data))))
    assert isinstance(outcome(files), Corruption)
    (finding,) = checked(files)
    assert finding.file == files.describe(killed.path)
    assert 0 <= finding.offset < files.size(killed.path)


def test_a_repeated_end_is_a_tail() -> None:
    """Commits that stand once more behind all others take nothing away: a note names the byte where they begin."""
    killed = KILLED[Durability.COMMIT]
    for repeated in (killed.data, commits_in(killed.data)[-1]):
        files = killed.damaged(killed.data + repeated)
        assert (outcome(files), checked(files)) == (ENDS, [])
        assert [note.offset for note in checked(files).notes] == [len(killed.data)]


def test_a_lost_tail_shows_only_in_what_was_built_on_it() -> None:
    """A chain cannot tell that its end is missing; a child run can."""
    files = MemoryFiles()
    run = write_killed(files, SIZES)
    sound = files.read(segment_of(run))
    files.replace(segment_of(run), b"".join(commits_in(sound)[:-1]))
    assert (outcome(files), checked(files)) == (ENDS[:-1], [])
    files.replace(segment_of(run), sound)
    child = write(files, (1,), run)
    files.replace(segment_of(run), b"".join(commits_in(sound)[:-1]))
    assert isinstance(outcome(files), Corruption)
    assert [finding.run for finding in checked(files)] == [child]


@given(st.sampled_from(MODES), st.integers(0, 2000), st.integers(0, 300), st.binary(max_size=40))
def test_no_damage_gives_what_was_never_written(durability: Durability, at: int, length: int, instead: bytes) -> None:
    """Bytes replaced by any others: a prefix of the commits, or a typed error; never anything else."""
    killed = KILLED[durability]
    files = killed.damaged(killed.data[:at] + instead + killed.data[at + length :])
    try:
        left = ends(files)
        assert left == ENDS[: len(left)]
        assert seqs(files) == list(range(1, left[-1] + 1))
    except JottyError as error:
        assert error.hint  # noqa: PT017 - both ways are right, and each has its own condition


@pytest.mark.parametrize("left", [0, 1, 200])
def test_a_run_that_lost_its_first_commit_is_damaged(left: int) -> None:
    """Its manifest is written after that commit is on disk, so a run without it is not one that holds nothing."""
    files = MemoryFiles()
    run = write_killed(files, (1,), write(files))
    path = segment_of(run, 7)
    files.replace(path, files.read(path)[:left])
    with pytest.raises(Corruption):
        Tree(files).latest()
    (finding,) = checked(files)
    assert (finding.file, finding.offset) == (files.describe(path), 0)


def test_a_close_that_was_killed_before_its_manifest_is_a_killed_run() -> None:
    """With its last record on disk, and a manifest that does not know of it, a run is whole and can be continued."""
    files = MemoryFiles()
    writer = begin(files)
    append(writer, [1])
    manifest = files.read(layout.manifest(writer.run))
    writer.close(run_end(writer.run))
    files.replace(layout.manifest(writer.run), manifest)
    assert ends(files) == [1, 2, 3]
    assert (checked(files), checked(files).notes) == ([], [])
    assert seqs(files, write(files, (1,), "latest")) == [1, 2, 3, 4, 5, 6]
