"""One segment: what is written comes back commit by commit, and whatever does not fit ends the reading."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import Sheet, event

from jotty_events.errors import Corruption
from jotty_events.log.segment import Commit, SegmentReader, SegmentWriter, at_of
from jotty_events.record import (
    MAX_LINE,
    ROOT_HEAD,
    CommitLine,
    DurableLine,
    LineError,
    encode,
    encode_records,
    next_head,
)

FIRST = 7
SIZES = (1, 3, 1, 2)


def lines(first: int, size: int) -> list[bytes]:
    """Return record lines."""
    return encode_records(first, first * 1000, [event(first + i) for i in range(size)])


def written(sizes: tuple[int, ...] = SIZES, *, durable: bool = True) -> tuple[bytes, SegmentWriter]:
    """Write a segment with a commit of each size; each is marked durable, unless nothing is."""
    writer = SegmentWriter(sheet := Sheet(), FIRST, ROOT_HEAD, FIRST - 1)
    for size in sizes:
        writer.append(lines(writer.last + 1, size))
        if durable:
            writer.mark_durable(writer.last)
    return sheet.data, writer


def reader_of(data: bytes) -> SegmentReader:
    return SegmentReader(data, file="f", first=FIRST, head=ROOT_HEAD, durable=FIRST - 1)


def read(data: bytes) -> tuple[list[Commit], SegmentReader]:
    """Read a segment to where it ends or does not fit."""
    reader = reader_of(data)
    return list(reader), reader


DATA, WRITER = written()
COMMITS, _ = read(DATA)


def commit_line(records: list[bytes], head: bytes = ROOT_HEAD, durable: int = FIRST - 1) -> bytes:
    """Return the lines of a commit, as they must be."""
    mark = CommitLine(FIRST + len(records) - 1, len(records), durable, next_head(head, leaves(records)).hex())
    return b"\n".join([*records, encode(mark)]) + b"\n"


def leaves(records: list[bytes]) -> list[bytes]:
    return [sha256(line).digest() for line in records]


# Sound segments.


def test_commits_come_back_as_they_were_appended() -> None:
    """Each append is one commit with its lines, seqs, place in the file, head, and what was durable before it."""
    assert [commit.lines for commit in COMMITS] == [lines(commit.first, len(commit.lines)) for commit in COMMITS]
    assert [(commit.first, commit.last) for commit in COMMITS] == [(7, 7), (8, 10), (11, 11), (12, 13)]
    assert [commit.durable for commit in COMMITS] == [6, 7, 10, 11]
    for commit in COMMITS:
        assert DATA[commit.start : commit.end].splitlines()[:-1] == commit.lines
    assert COMMITS[-1].head == WRITER.head


def test_a_sound_segment_stops_at_its_end() -> None:
    """Nothing is left over, everything is durable, and the file is what the manifest will say."""
    _, reader = read(DATA)
    assert reader.stop == (len(DATA), "")
    assert (reader.last, reader.durable, reader.proven_durable()) == (13, 13, 13)
    reader.require_sound_tail()
    reader.require_closed(WRITER.closed())
    reader.require_end(WRITER.closed())


@pytest.mark.parametrize("from_commit", range(len(SIZES)))
def test_reading_can_begin_behind_any_commit(from_commit: int) -> None:
    """What a follower reads from the middle is what the rest is from the start, offsets included."""
    known = COMMITS[from_commit]
    rest = SegmentReader(
        DATA[known.end :], file="f", first=known.last + 1, head=known.head, durable=known.durable, base=known.end
    )
    assert list(rest) == COMMITS[from_commit + 1 :]
    assert rest.stop == (len(DATA), "")
    rest.require_end(WRITER.closed())


def test_an_empty_segment_has_no_commits() -> None:
    """A segment that was begun and never written to is sound."""
    commits, reader = read(b"")
    assert (commits, reader.stop) == ([], (0, ""))


def test_nothing_is_known_durable_where_nothing_was_synced() -> None:
    """Without marks all commits are read, and none is proven."""
    data, _ = written(durable=False)
    commits, reader = read(data)
    assert [commit.last for commit in commits] == [7, 10, 11, 13]
    assert reader.proven_durable() == 6


def test_the_time_of_a_record_is_read_from_its_line() -> None:
    """Times before 1970 too; a line that has none is a LineError."""
    assert [at_of(line) for line in (lines(8, 1)[0], b'{"seq":1,"at":-5,"event":{}}')] == [8000, -5]
    with pytest.raises(LineError):
        at_of(b'{"seq":1,"event":{},"at":5}')


# Segments that end, or go on with something else.


@given(st.integers(0, len(DATA)))
def test_a_segment_cut_anywhere_gives_whole_commits(cut: int) -> None:
    """Whatever byte is the last, exactly the commits before it are given out, and that is no damage."""
    commits, reader = read(DATA[:cut])
    assert commits == [commit for commit in COMMITS if commit.end <= cut]
    reader.require_sound_tail()
    if cut < len(DATA):
        with pytest.raises(Corruption):
            reader.require_closed(WRITER.closed())


@given(st.binary(max_size=60), st.integers(0, len(COMMITS)))
def test_bytes_behind_commits_are_passed_over(garbage: bytes, kept: int) -> None:
    """Arbitrary bytes behind commits give no commit, and the reading ends where they begin."""
    data = DATA[: COMMITS[kept - 1].end] if kept else b""
    commits, reader = read(data + garbage)
    assert commits == COMMITS[:kept]
    assert reader.stop.offset >= len(data)
    assert bool(reader.stop.reason) == bool(garbage)


pieces = st.tuples(st.integers(0, len(DATA)), st.integers(0, 80)).map(lambda cut: DATA[cut[0] : cut[0] + cut[1]])


@given(st.integers(0, len(DATA)), st.integers(0, 200), st.binary(max_size=20) | pieces)
def test_damage_never_gives_a_commit_that_was_not_written(at: int, length: int, instead: bytes) -> None:
    """Bytes taken out, put in or copied from elsewhere: what is given out are the first commits, unchanged."""
    commits, reader = read(DATA[:at] + instead + DATA[at + length :])
    assert [commit.lines for commit in commits] == [commit.lines for commit in COMMITS[: len(commits)]]
    assert reader.stop.offset <= len(DATA) + len(instead)


ONE = lines(FIRST, 1)
TWO = lines(FIRST, 2)
WHOLE = commit_line(ONE)
MISFITS = {
    "a count that is too small": commit_line(TWO).replace(b'"n":2', b'"n":1'),
    "a seq that is not the last one": WHOLE.replace(b'"commit":7', b'"commit":8'),
    "a head of something else": commit_line(ONE, head=b"x" * 32),
    "no records": b'{"commit":6,"n":0,"durable":6,"head":"%s"}\n' % (b"0" * 64),
    "its own records durable": commit_line(ONE, durable=FIRST),
    "less durable than before": commit_line(ONE, durable=FIRST - 2),
    "a gap": commit_line([ONE[0], lines(FIRST + 2, 1)[0]]),
    "the same seq twice": commit_line([ONE[0], ONE[0]]),
    "a mark among the records": ONE[0] + b'\n{"durable":6}\n' + WHOLE.partition(b"\n")[2],
    "a blank line": b"\n" + WHOLE,
    "carriage returns": WHOLE.replace(b"\n", b"\r\n"),
    "spaces": WHOLE.replace(b'{"seq":7', b'{"seq": 7'),
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "leading zeros": WHOLE.replace(b'{"seq":7', b'{"seq":07'),
    "upper case": WHOLE.replace(WHOLE[-67:-3], WHOLE[-67:-3].upper()),
    "no time": commit_line([ONE[0].replace(b'"at":7000,', b"")]),
    "a time that is no integer": commit_line([ONE[0].replace(b'"at":7000,', b'"at":7000.5,')]),
    "a record that is no JSON and fits no leaf": WHOLE.replace(b'"goal 7"', b"goal 7"),
}


def test_the_commit_that_the_misfits_are_made_of_fits() -> None:
    """What is changed below is sound before."""
    assert [len(read(commit_line(one))[0]) for one in (ONE, TWO)] == [1, 1]
    assert all(data not in (WHOLE, commit_line(TWO)) for data in MISFITS.values())


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_not_given_out(misfit: str) -> None:
    """The reading ends before it, and says at which byte and why."""
    commits, reader = read(MISFITS[misfit] + WHOLE)
    assert commits == []
    assert reader.stop.reason
    assert 0 <= reader.stop.offset <= len(MISFITS[misfit])


@pytest.mark.parametrize("durable", [5, 8])
def test_a_mark_neither_steps_back_nor_runs_ahead(durable: int) -> None:
    """What was durable stays so, and nothing is durable that was not written."""
    commits, reader = read(WHOLE + encode(DurableLine(durable)) + b"\n")
    assert len(commits) == 1
    assert f"says that {durable} is durable" in reader.stop.reason


def test_a_line_that_is_too_long_is_not_taken() -> None:
    """A record line of MAX_LINE bytes is read, one byte more is not."""
    longest = ONE[0].replace(b'"goal 7"', b'"goal %s7"' % (b" " * (MAX_LINE - len(ONE[0]))))
    assert len(longest) == MAX_LINE
    assert len(read(commit_line([longest]))[0]) == 1
    commits, reader = read(commit_line([longest.replace(b"goal ", b"goal  ")]))
    assert commits == []
    assert f"a line has {MAX_LINE + 1} bytes" in reader.stop.reason


# What proves that more was there.


def test_a_later_mark_tells_damage_from_a_torn_tail() -> None:
    """Where a commit that was durable cannot be read any more, the file and the byte are named."""
    second = COMMITS[1]
    data = DATA[: second.start + 50] + b"X" + DATA[second.start + 51 :]
    _, reader = read(data)
    with pytest.raises(Corruption) as caught:
        reader.require_sound_tail()
    assert (caught.value.file, caught.value.offset) == ("f", reader.stop.offset)
    assert second.start <= reader.stop.offset < second.end


def test_a_mark_proves_what_it_says_also_without_its_newline() -> None:
    """A damaged newline joins the last commit line and its mark: the mark still says that the commit was there."""
    data = bytearray(DATA)
    data[COMMITS[-1].end - 1] ^= 1
    commits, reader = read(bytes(data))
    assert commits == COMMITS[:-1]
    assert reader.proven_durable() == 13
    with pytest.raises(Corruption):
        reader.require_sound_tail()


@pytest.mark.parametrize("said", [b'{"durable":99}', b'{"commit":99,"n":1,"durable":99,"head":""}'])
def test_a_record_that_speaks_of_durable_proves_nothing(said: bytes) -> None:
    """In an unfinished tail, what stands inside of a record is no mark."""
    tail = lines(14, 1)[0].replace(b'"goal 14"', said)
    _, reader = read(DATA + tail + b"\n" + tail)
    assert reader.stop.reason
    reader.require_sound_tail()


@pytest.mark.parametrize("digits", [20, 5000, 1_000_000])
def test_a_mark_with_an_endless_number_proves_nothing(digits: int) -> None:
    """A number that no seq can have is passed over like any other garbage."""
    _, reader = read(DATA + b'{"durable":' + b"9" * digits + b"}\n")
    assert reader.stop.reason
    reader.require_sound_tail()
