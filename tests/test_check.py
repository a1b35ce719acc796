"""Whatever of a history is not as it was written is found, with the file and the byte; and nothing that is."""

import os
import socket
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from faulty_files import FaultyFiles
from hypothesis import given
from hypothesis import strategies as st
from recording import (
    FIRST_RUN,
    START,
    append,
    begin,
    checked,
    commits_in,
    forge,
    names_of,
    redact,
    remanifest,
    run_end,
    segment_of,
    seqs,
    tree_bytes,
    write,
    write_killed,
)

from jotty_events.errors import Corruption, FormatError, JottyError, UnsafeFile
from jotty_events.events import Redacted
from jotty_events.history import History
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.manifest import Ending, Manifest, Parent, Segment, seal, unseal
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.check import check
from jotty_events.runs.tree import Tree


def flip(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


# Sound histories.


def test_a_sound_history_has_no_findings() -> None:
    """Closed, killed and branching runs, with rotation: counted, and nothing said against them."""
    files = MemoryFiles()
    root = write(files, (1, 2), segment_bytes=1)
    write_killed(files, (1,), root)
    write(files, (2,), root)
    told: list[str] = []
    found = check(Tree(files), told.append)
    assert (found, found.notes) == ([], [])
    assert (found.runs, found.records, found.unknown) == (3, 5 + 2 + 4, 0)
    assert str(found) == "sound: 3 runs, 11 records"
    assert told == Tree(files).run_ids()


def test_an_empty_folder_is_sound() -> None:
    """Nothing is wrong with nothing."""
    assert str(checked(MemoryFiles())) == "sound: 0 runs, 0 records"


def test_a_history_can_be_asked(tmp_path: Path) -> None:
    """`History.check` is the same check; findings print with run, file, byte and message, and convert to JSON."""
    run = write(DiskFiles(tmp_path))
    path = tmp_path / segment_of(run)
    path.write_bytes(flip(path.read_bytes(), 700, 1))
    (finding,) = History(tmp_path).check()
    assert finding.to_dict() == {
        "run": run,
        "file": str(path),
        "offset": finding.offset,
        "message": finding.message,
    }
    assert str(finding) == f"{run}: {path} at byte {finding.offset}: {finding.message}"


def test_a_run_that_is_being_written_is_a_note() -> None:
    """It is checked up to what is durable; that it goes on is no finding."""
    files = MemoryFiles()
    append(begin(files), [1, 1])
    found = checked(files)
    assert (found, found.records) == ([], 3)
    assert [note.message for note in found.notes] == ["is being written: checked up to what is durable"]


def test_a_rotation_during_the_check_is_no_finding() -> None:
    """A segment that is begun between two looks of the check is not taken for one that no manifest names."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=1)

    class Meanwhile(FaultyFiles):
        def names(self, folder: str) -> list[str]:
            if folder == layout.events(writer.run):
                append(writer, [1])
            return super().names(folder)

    found = checked(Meanwhile(files))
    assert found == []
    assert [note.message for note in found.notes] == ["is being written: checked up to what is durable"]
    assert writer.next_seq == 3


# Flipped bytes of runs that were closed.


def closed_history() -> MemoryFiles:
    """Write a root of several segments and a child, both closed."""
    files = MemoryFiles()
    write(files, (1,), write(files, (1, 2), segment_bytes=700))
    return files


CLOSED = closed_history()
CLOSED_FILES = sorted(path for path in tree_bytes(CLOSED) if not path.endswith(layout.LOCK))


def test_the_closed_history_has_what_is_flipped_below() -> None:
    """Two manifests and three segments, all of them sound."""
    assert [path.rpartition("/")[2] for path in CLOSED_FILES] == [
        "000000000001.jsonl",
        "000000000003.jsonl",
        "run.json",
        "000000000006.jsonl",
        "run.json",
    ]
    assert (checked(CLOSED), checked(CLOSED).notes) == ([], [])


@pytest.mark.parametrize("path", CLOSED_FILES)
def test_every_flipped_byte_of_a_closed_run_is_found(path: str) -> None:
    """Each byte of each file in turn: a finding names that very file, and a byte not behind the damage's commit."""
    files = CLOSED.after_kill()
    sound = files.read(path)
    for at in range(len(sound)):
        files.replace(path, flip(sound, at, 1 << at % 8))
        found = checked(files)
        assert path in names_of(files, found), at
        assert all(0 <= finding.offset <= len(sound) for finding in found)
    files.replace(path, sound)
    assert checked(files) == []


def test_the_byte_that_is_named_is_the_place() -> None:
    """Reading ends in the commit that the damage is in, and the finding says where that is."""
    files = MemoryFiles()
    run = write(files, (1, 1, 1))
    sound = files.read(segment_of(run))
    start = 0
    for commit in commits_in(sound):
        for at in (start, start + commit.index(b"\n") - 10):
            files.replace(segment_of(run), flip(sound, at, 2))
            (finding,) = checked(files)
            assert start <= finding.offset < start + len(commit)
        start += len(commit)


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "nothing left": lambda commits: [],
    "first dropped": lambda commits: commits[1:],
    "dropped": lambda commits: [commits[0], *commits[2:]],
    "last dropped": lambda commits: commits[:-1],
    "repeated": lambda commits: [*commits[:2], *commits[1:]],
    "last repeated": lambda commits: [*commits, commits[-1]],
    "reordered": lambda commits: [commits[0], commits[2], commits[1], *commits[3:]],
    "garbage behind": lambda commits: [*commits, b"garbage"],
    "a line behind": lambda commits: [*commits, b"\n"],
    "a mark behind": lambda commits: [*commits, b'{"durable":5}\n'],
    "half a commit behind": lambda commits: [*commits, commits[-1][:50]],
    "cut": lambda commits: [*commits[:-1], commits[-1][:-1]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_closed_segment_is_to_the_last_byte_what_it_was(change: str) -> None:
    """Whatever was dropped, repeated, reordered or put behind is found, and so a state is refused."""
    files = MemoryFiles()
    run = write(files, (1, 2, 1))
    commits = commits_in(files.read(segment_of(run)))
    files.replace(segment_of(run), b"".join(CHANGES[change](commits)))
    (finding,) = checked(files)
    assert names_of(files, [finding]) == {segment_of(run)}
    with pytest.raises(Corruption):
        seqs(files)


def test_what_is_damaged_in_one_run_does_not_hide_what_is_in_another() -> None:
    """Every run is checked, also behind one that is damaged."""
    files = MemoryFiles()
    runs = [write(files) for _ in range(3)]
    for run in runs[:2]:
        files.replace(segment_of(run), files.read(segment_of(run)) + b"x")
    assert [finding.run for finding in checked(files)] == runs[:2]
    assert checked(files).runs == 3


# Files that are missing, or something else.


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    aside = path.with_name("aside")
    if path.exists():
        path.rename(aside)
    path.symlink_to(aside)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def listening(path: Path) -> None:
    where = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(where)


PUT: dict[str, Callable[[Path], None]] = {
    "a link to it": link,
    "a dangling link": dangling,
    "a FIFO": fifo,
    "a socket": listening,
    "a folder": Path.mkdir,
}


PLACES = [(name, put) for name in ("segment", "manifest", "lock", "events") for put in PUT]
PLACES.remove(("events", "a folder"))  # that is what belongs there


@pytest.mark.parametrize(("name", "put"), PLACES)
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, name: str, put: str, closed: bool) -> None:
    """In the place of a file of ours, or the segments' folder: named, and never followed or waited for."""
    files = DiskFiles(tmp_path)
    run = (write if closed else write_killed)(files)
    paths = {"segment": segment_of(run), "manifest": layout.manifest(run), "lock": layout.lock(run)}
    path = tmp_path / (paths | {"events": layout.events(run)})[name]
    if name == "events":
        path.rename(path.with_name("aside"))
    elif put != "a link to it":
        path.unlink()
    PUT[put](path)
    if name == "lock" and closed:
        assert (checked(files), seqs(files)) == ([], [1, 2, 3, 4, 5, 6])
        return
    (finding,) = checked(files)
    assert finding.file == str(path)
    with pytest.raises(UnsafeFile, match=path.name):
        seqs(files)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
def test_a_missing_segment_is_found(closed: bool) -> None:
    """One that the manifest names and that is not there is damage, wherever it stands."""
    for gone in (0, 1):
        files = MemoryFiles()
        run = (write if closed else write_killed)(files, (1, 2), segment_bytes=700)
        path = f"{layout.events(run)}/{files.names(layout.events(run))[gone]}"
        files.remove(path)
        (finding,) = checked(files)
        assert names_of(files, [finding]) == {path}
        with pytest.raises(Corruption, match="missing"):
            seqs(files)


def test_an_old_manifest_in_the_place_of_the_last_is_found() -> None:
    """One from before a rotation leaves records out without any other trace: their segment is a finding."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=1)
    append(writer, [1])
    old = files.read(layout.manifest(writer.run))
    append(writer, [1])
    writer.close(run_end(writer.run))
    files.replace(layout.manifest(writer.run), old)
    assert seqs(files) == [1, 2, 3]
    assert names_of(files, checked(files)) == {segment_of(writer.run, 4)}


def test_files_that_nobody_names_are_notes() -> None:
    """What others put beside the segments is said and left alone, as is a segment that was begun and never used."""
    files = MemoryFiles()
    run = write(files)
    for name in ("notes.txt", "000000000007.jsonl", "7.jsonl", ".aside-1-0"):
        files.create(f"{layout.events(run)}/{name}")
    files.replace(f"{layout.events(run)}/notes.txt", b"mine")
    found = checked(files)
    assert found == []
    assert sorted(name.rpartition("/")[2] for name in names_of(files, found.notes)) == [
        ".aside-1-0",
        "000000000007.jsonl",
        "7.jsonl",
        "notes.txt",
    ]


# Manifests.


def sealed(**changes: object) -> bytes:
    """Return a manifest that is as it must be but for some fields, with a check that fits."""
    sound: dict[str, object] = {
        "run": FIRST_RUN,
        "uid": "0" * 32,
        "parent": None,
        "first": 1,
        "experiment": False,
        "durability": "commit",
        "library": "test",
        "created": 0,
        "active": 1,
    }
    return seal(Manifest(**(sound | changes)))  # type: ignore[arg-type]


HEAD = "0" * 64
CLOSED_SEGMENT = Segment(1, 3, 10, HEAD, HEAD)
UNUSABLE = {
    "empty": b"",
    "not JSON": b"run",
    "no object": b"[]",
    "an object of others": b'{"name": "package", "version": 1}',
    "another format": sealed(format="others"),
    "a newer version": sealed(version=2),
    "a version that is no number": sealed().replace(b'"version": 1', b'"version": "1"'),
    "a newer version of another form": b'{"format":"jotty-events","version":3,"run":7}',
    "no check": sealed().replace(b'"check"', b'"chuck"'),
    "an empty check": seal(unseal(sealed(), "")).replace(b'"check": "', b'"check": "", "was": "'),
    "one space more": sealed() + b" ",
    "cut": sealed()[:-40],
    "no text": b"\xff\xfe" + sealed(),
    "nested deeply": b"[" * 100_000,
    "a lone surrogate": sealed().replace(b'"test"', b'"\\ud800"'),
    "a head that is none": sealed(segments=[Segment(1, 3, 10, "x" * 64, HEAD)], active=4),
    "a parent's head that is none": sealed(parent=Parent(FIRST_RUN, 3, ""), first=4, active=4),
    "a first seq without a parent": sealed(first=2, active=2),
    "a first seq that is not the parent's next": sealed(parent=Parent(FIRST_RUN, 3, HEAD), first=5, active=5),
    "a parent point before the first record": sealed(parent=Parent(FIRST_RUN, 0, HEAD), first=1),
    "segments with a gap": sealed(segments=[CLOSED_SEGMENT, Segment(5, 6, 10, HEAD, HEAD)], active=7),
    "segments that overlap": sealed(segments=[CLOSED_SEGMENT, Segment(3, 6, 10, HEAD, HEAD)], active=7),
    "a segment that ends before it begins": sealed(segments=[Segment(1, -1, 10, HEAD, HEAD)], active=0),
    "an active segment elsewhere": sealed(segments=[CLOSED_SEGMENT], active=5),
    "an end and an active segment": sealed(segments=[CLOSED_SEGMENT], active=4, ended=Ending(3, HEAD, 0)),
    "an end elsewhere": sealed(segments=[CLOSED_SEGMENT], active=None, ended=Ending(2, HEAD, 0)),
    "an end of another head": sealed(segments=[CLOSED_SEGMENT], active=None, ended=Ending(3, "1" * 64, 0)),
    "an end without segments": sealed(active=None, ended=Ending(0, HEAD, 0)),
    "the manifest of another run": sealed(run="run_20200101_000000"),
}


def test_the_manifest_that_the_unusable_ones_are_made_of_is_usable() -> None:
    """What is changed above is sound before, closed segments included."""
    assert unseal(sealed(), "").run == FIRST_RUN
    assert unseal(sealed(segments=[CLOSED_SEGMENT], active=4), "").active == 4
    assert unseal(sealed(segments=[CLOSED_SEGMENT], active=None, ended=Ending(3, HEAD, 0)), "").ended is not None
    assert unseal(sealed(segments=[CLOSED_SEGMENT], active=None), "").ended is None


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_an_unusable_manifest_is_found(unusable: str) -> None:
    """A foreign, newer, damaged or contradictory manifest is a typed error that names it and has a hint."""
    files = MemoryFiles()
    run = write(files)
    files.replace(layout.manifest(run), UNUSABLE[unusable])
    for ask in (lambda: Tree(files).latest(), lambda: seqs(files, run), lambda: seqs(files)):
        with pytest.raises(FormatError) as caught:
            ask()
        assert caught.value.file == files.describe(layout.manifest(run))
        assert caught.value.hint
    (finding,) = checked(files)
    assert names_of(files, [finding]) == {layout.manifest(run)}


def test_a_newer_version_says_what_to_do() -> None:
    """The version is looked at before anything else, so that a later form is never called damaged."""
    for newer in ("a newer version", "a newer version of another form"):
        with pytest.raises(FormatError, match="version") as caught:
            unseal(UNUSABLE[newer], "f")
        assert "upgrade" in caught.value.hint


def test_a_manifest_may_hold_more_than_is_known() -> None:
    """Keys of a later library are ignored, and its check covers them."""
    plain = sealed().replace(b' "uid"', b' "mood": {"a": [1]},\n "uid"')
    digits = unseal(sealed(), "").check.encode()
    known = plain.replace(digits, sha256(plain.replace(digits, b"")).hexdigest().encode())
    assert unseal(known, "").run == FIRST_RUN
    with pytest.raises(FormatError):
        unseal(plain, "")


@given(st.binary(max_size=60) | st.tuples(st.integers(0, 330), st.binary(max_size=5)).map(lambda cut: spliced(*cut)))
def test_any_bytes_are_a_manifest_or_a_format_error(data: bytes) -> None:
    """Whatever stands in run.json, nothing but a FormatError is raised."""
    try:
        assert seal(unseal(data, "f"))
    except FormatError as error:
        assert error.file == "f"  # noqa: PT017 - both ways are right


def spliced(at: int, instead: bytes) -> bytes:
    whole = sealed()
    return whole[:at] + instead + whole[at + len(instead) :]


@pytest.mark.parametrize("field", ["uid", "parent"])
def test_a_manifest_that_its_first_record_denies_is_found(field: str) -> None:
    """A sound manifest of another run, put in this one's place under its name, does not pass."""
    files = MemoryFiles()
    root, other = write(files), write(files, seed=5)
    run = write(files, (1,), root)
    head = unseal(files.read(layout.manifest(other)), "").segments[-1].head
    changes: dict[str, object] = {"uid": "f" * 32, "parent": Parent(other, 6, head)}
    remanifest(files, run, **{field: changes[field]})
    assert layout.manifest(run) in names_of(files, checked(files)) or field == "parent"
    assert {finding.run for finding in checked(files)} == {run}


# Records.


def test_records_of_a_later_version_are_counted() -> None:
    """An unknown tag is no finding: its bytes are as they were written."""
    files = MemoryFiles()
    run = write(files)
    forge(files, run, lambda line: line.replace(b"episode_started", b"dreamt"))
    found = checked(files)
    assert (found, found.unknown, found.records) == ([], 4, 6)


@pytest.mark.parametrize(
    ("sound", "instead"),
    [
        (b'"goal":"goal 3"', b'"goal":3'),
        (b'"goal":"goal 3"', b'"goal":'),
        (b'"goal":"goal 3",', b""),
        (b'"type":"episode_started","episode":3', b'"episode":3'),
        (b'"goal 3"', b'"\xff"'),
        (b'"goal 3"', b'"\\ud800"'),
        (b'"event":{"type":"episode_started","episode":3', b'"event":7,"other":{"episode":3'),
        (b'"goal 3"', b"[" * 5000 + b"]" * 5000),
    ],
)
def test_a_record_that_was_never_an_event_is_found(sound: bytes, instead: bytes) -> None:
    """With a chain and a manifest that fit, a line that cannot be read is a finding, and a typed error for a state."""
    files = MemoryFiles()
    run = write(files)
    forge(files, run, lambda line: line.replace(sound, instead))
    (finding,) = checked(files)
    assert "cannot be read" in finding.message
    with pytest.raises(FormatError, match="record 3 cannot be read") as caught:
        seqs(files)
    assert caught.value.hint


def test_a_record_without_a_time_is_found() -> None:
    """The time of a commit is read from its last line, so that has to have one."""
    files = MemoryFiles()
    run = write(files, (1,))
    whole = files.read(segment_of(run))
    forge(files, run, lambda line: line.replace(b'{"seq":2,"at":1767700800000000,', b'{"seq":2,'))
    assert files.read(segment_of(run)) != whole
    for ask in (lambda: seqs(files), lambda: Tree(files).resolve("@2026-01-06T13:00:00Z"), lambda: seqs(files, run)):
        with pytest.raises(JottyError):
            ask()
    assert names_of(files, checked(files)) == {segment_of(run)}


def test_content_that_was_taken_away_must_be_accounted_for() -> None:
    """A redacted record is sound if a record says so, of that very run and seq, and a finding if none does."""
    files = MemoryFiles()
    run = write(files, (1, 2))
    redact(files, run, 2, 4)
    assert [finding.message for finding in checked(files)] == [
        f"the content of record {seq} was taken away, and no record says so" for seq in (2, 3, 4)
    ]
    writer = begin(files, run)
    writer.append([Redacted(run=run, first=2, last=3, reason="asked for", now=START)])
    writer.append([Redacted(run=writer.run, first=4, last=4, reason="asked for", now=START)])
    writer.close()
    (finding,) = checked(files)
    assert "record 4" in finding.message
    assert names_of(files, [finding]) == {segment_of(run)}


def test_a_check_changes_nothing(tmp_path: Path) -> None:
    """Neither in sound histories nor in damaged ones."""
    files = DiskFiles(tmp_path)
    run = write_killed(files, (1,), write(files))
    path = tmp_path / segment_of(run, 7)
    path.write_bytes(path.read_bytes()[:-30])
    before = _everything(tmp_path, files)
    checked(files)
    assert _everything(tmp_path, files) == before


def _everything(root: Path, files: Files) -> list[object]:
    return [tree_bytes(files), [(path.name, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))]]
