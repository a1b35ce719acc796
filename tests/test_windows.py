"""Closed segments read in windows: the same commits and refusals as of the file at once, whatever the window."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import Sheet, event

from jotty_events.errors import Corruption, MissingFile
from jotty_events.log import layout, windows
from jotty_events.log.manifest import Segment
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.segment import Commit, SegmentReader, SegmentWriter
from jotty_events.log.windows import closed_commits
from jotty_events.record import ROOT_HEAD, Record, encode, encode_records, leaf, leaves_in, records_in
from jotty_events.runs.witness import Witness

RUN = "run_20260106_120000"
FIRST = 7
NAME = MemoryFiles().describe(layout.segment(RUN, FIRST))


def written() -> tuple[bytes, Segment]:
    """Return the bytes of a closed segment with short and long commits, and what the manifest says of it."""
    writer = SegmentWriter(sheet := Sheet(), FIRST, ROOT_HEAD, FIRST - 1)
    for size in (1, 12, 1, 3):
        at = writer.last + 1
        writer.append(encode_records(at, at * 1000, [event(at + i) for i in range(size)]))
        writer.mark_durable(writer.last)
    return sheet.data, writer.closed()


DATA, SEGMENT = written()


def files_with(data: bytes) -> MemoryFiles:
    files = MemoryFiles()
    files.make_folder(layout.events(RUN))
    files.replace(layout.segment(RUN, FIRST), data)
    return files


def at_once(data: bytes, segment: Segment = SEGMENT) -> tuple[list[Commit], str]:
    """Return the commits of a file that is read at once, and the refusal."""
    reader = SegmentReader(data, file=NAME, first=FIRST, head=ROOT_HEAD, durable=FIRST - 1)
    found = list(reader)
    try:
        reader.require_closed(segment)
    except Corruption as error:
        return found, f"{error.message} {error.offset}"
    return found, ""


def in_windows(data: bytes, window: int, upto: int | None = None) -> tuple[list[Commit], str]:
    """Return the same of a file that is read in windows of so many bytes."""
    found: list[Commit] = []
    files = files_with(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", window)
        try:
            found.extend(closed_commits(files, RUN, SEGMENT, ROOT_HEAD, upto))
        except Corruption as error:
            return found, f"{error.message} {error.offset}"
    return found, ""


@pytest.mark.parametrize("window", [1, 2, 100, 700, len(DATA) - 1, len(DATA), len(DATA) + 1])
def test_windows_do_not_show(window: int) -> None:
    """However little is read at once, longer commits come whole, with their places in the file."""
    assert in_windows(DATA, window) == at_once(DATA)
    assert [len(one.lines) for one in at_once(DATA)[0]] == [1, 12, 1, 3]


@pytest.mark.parametrize("window", [100, 1000])
def test_what_is_left_behind_the_end_is_not_looked_at(window: int) -> None:
    """With a last byte, what a killed writer left is passed over; without, it is damage."""
    assert in_windows(DATA + b'{"seq":24,"at', window, upto=len(DATA)) == at_once(DATA)
    assert in_windows(DATA + b'{"seq":24,"at', window)[1] != ""


@given(st.integers(0, len(DATA)), st.integers(0, 200), st.binary(max_size=20), st.integers(50, 2000))
def test_damage_is_found_in_windows_as_at_once(at: int, length: int, instead: bytes, window: int) -> None:
    """The same commits before it, and the same byte and reason."""
    data = DATA[:at] + instead + DATA[at + length :]
    assert in_windows(data, window) == at_once(data)


def test_a_file_that_goes_away_is_missing() -> None:
    """Between two windows too: the reader looks into the manifest again."""
    files = files_with(DATA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", 400)
        commits = closed_commits(files, RUN, SEGMENT, ROOT_HEAD)
        next(commits)
        files.remove(layout.segment(RUN, FIRST))
        with pytest.raises(MissingFile):
            list(commits)


# Many lines at once.

LINES = encode_records(FIRST, 5, [event(i) for i in range(4)])
REDACTED = b'{"seq":8,"at":5,"leaf":"%s","event":{"type":"episode_started","episode":1}}' % (b"ab" * 32)


def test_lines_that_are_encoded_again_to_the_same_are_records_at_once() -> None:
    """All of them come back, none is left out."""
    found = records_in(LINES)
    assert found is not None
    assert [encode(one) for one in found] == LINES
    assert all(type(one) is Record for one in found)


ODD: dict[str, bytes] = {
    "spaces": LINES[1].replace(b'"at":5', b'"at": 5'),
    "another spelling of a number": LINES[1].replace(b'"now":', b'"now":0'),
    "an escape that needs none": LINES[1].replace(b"goal", b"\\u0067oal"),
    "an unknown tag": LINES[1].replace(b'"type":"', b'"type":"future_'),
    "an unknown key": LINES[1].replace(b'"event":{', b'"more":1,"event":{'),
    "a redacted record": REDACTED,
    "a lone surrogate": LINES[1].replace(b"goal", b"\\ud800"),
    "nothing": b"",
    "no JSON": b"{",
    "two records": LINES[1] + LINES[2],
    "a second line inside": LINES[1] + b"\n" + LINES[2],
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", range(len(LINES) + 1))
def test_one_odd_line_among_many_is_seen(odd: str, place: int) -> None:
    """Then nothing is said of any of them, and each is looked at alone."""
    assert ODD[odd] not in LINES
    assert records_in([*LINES[:place], ODD[odd], *LINES[place:]]) is None


def test_leaves_of_redacted_lines_are_those_that_they_keep() -> None:
    """Among others, and alone."""
    mixed = [LINES[0], REDACTED, LINES[2]]
    assert leaves_in(mixed) == [leaf(LINES[0]), bytes.fromhex("ab" * 32), leaf(LINES[2])]
    assert leaves_in(LINES) == [leaf(one) for one in LINES]


# What was seen.

COMMITS, _ = at_once(DATA)


def seen(commits: list[Commit]) -> str:
    witness = Witness()
    assert list(witness.watch(commits)) == commits
    return witness.digest


CHANGES: dict[str, Any] = {
    "a line": lambda one: one._replace(lines=[*one.lines[:-1], one.lines[-1] + b" "]),
    "a line more": lambda one: one._replace(lines=[*one.lines, b"x"]),
    "where lines end": lambda one: one._replace(lines=[one.lines[0][:9], one.lines[0][9:], *one.lines[2:]]),
    "the head": lambda one: one._replace(head=bytes(32)),
    "the durable mark": lambda one: one._replace(durable=one.durable - 1),
    "the last seq": lambda one: one._replace(last=one.last + 1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", range(len(COMMITS)))
def test_a_witness_sees_each_difference(change: str, place: int) -> None:
    """Whatever of any commit is otherwise, the digest is."""
    others = [CHANGES[change](one) if index == place else one for index, one in enumerate(COMMITS)]
    assert seen(COMMITS) == seen(list(COMMITS)) != seen(others)


def test_a_witness_sees_a_commit_less() -> None:
    """Two commits in place of one, or one that is left out, are another history."""
    assert len({seen(COMMITS[:count]) for count in range(len(COMMITS) + 1)}) == len(COMMITS) + 1
