"""Lines of the log: whatever the bytes, a line comes back or a LineError, and what we wrote comes back the same."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from generators import MAX_INT, MIN_INT, collected, event_of, events, json_values, logs, texts
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import fields as struct_fields

from jotty_events.events import BY_TAG, EVENT_TYPES, Event, Redacted, TraceReplayed, WakeCounted, tag_of
from jotty_events.record import (
    ROOT_HEAD,
    CommitLine,
    DurableLine,
    Line,
    LineError,
    Opaque,
    Record,
    decode,
    decode_record,
    encode,
    encode_records,
    leaf,
    next_head,
)

WOKE = WakeCounted(now=1.5, episodes_since_sleep=2)
WOKE_LINE = (
    b'{"seq":7,"at":1767700800000000,"event":{"type":"wake_counted","episode":null,"actor":null,"attempt":null,'
    b'"origin":null,"now":1.5,"episodes_since_sleep":2}}'
)
LEAF = "0123456789abcdef" * 4
REDACTED_LINE = (
    b'{"seq":7,"at":1767700800000000,"leaf":"' + LEAF.encode() + b'","event":{"type":"memory_stored","owner":"shared",'
    b'"level":"semantic","key":"k"}}'
)
UNKNOWN_LINE = b'{"seq":7,"at":0,"event":{"type":"dreamt","of":{"sheep":[1,2,{"a":null}]},"leaf":"x"}}'
COMMIT_LINE = b'{"commit":9,"n":3,"durable":6,"head":"' + LEAF.encode() + b'"}'
DURABLE_LINE = b'{"durable":9}'
LINES = [WOKE_LINE, REDACTED_LINE, UNKNOWN_LINE, COMMIT_LINE, DURABLE_LINE]


def read(line: bytes, reader: Callable[[bytes], Line] = decode) -> Line | None:
    """Return the line that the bytes are, None for a LineError; anything else fails the test."""
    try:
        return reader(line)
    except LineError:
        return None


def require_line_or_error(line: bytes) -> None:
    """See that bytes give a line which says no more than the bytes do, or a LineError; so for records alone."""
    found = read(line)
    if isinstance(found, Opaque):
        assert found.raw == line
    elif found is not None:
        assert decode(encode(found)) == found
    record = read(line, decode_record)
    assert repr(record) == repr(found) or not line.startswith(b'{"seq":')
    assert len(leaf(line)) == 32


# What is written.


def test_a_record_line_is_one_json_document() -> None:
    """The line of a record is fixed to the byte: seq, time, and the event with its tag first."""
    assert encode(Record(7, 1767700800000000, WOKE)) == WOKE_LINE
    assert decode(WOKE_LINE) == Record(7, 1767700800000000, WOKE)


def test_a_commit_line_and_a_durable_mark_are_fixed_to_the_byte() -> None:
    """The marks between records are what FORMAT.md and the design say."""
    assert encode(CommitLine(9, 3, 6, LEAF)) == COMMIT_LINE
    assert encode(DurableLine(9)) == DURABLE_LINE
    assert decode(COMMIT_LINE) == CommitLine(9, 3, 6, LEAF)
    assert decode(DURABLE_LINE) == DurableLine(9)


@given(logs(max_commits=2), st.integers(1, 10**12), st.integers(MIN_INT, MAX_INT))
def test_records_are_numbered_without_gaps(log: list[list[Event]], first: int, at: int) -> None:
    """Each event becomes one line without a newline inside, which begins with its seq; all have the same time."""
    given_events = [event for commit in log for event in commit]
    lines = encode_records(first, at, given_events)
    assert len(lines) == len(given_events)
    assert [line for line in lines if b"\n" in line] == []
    for seq, (line, event) in enumerate(zip(lines, given_events, strict=True), first):
        assert line.startswith(b'{"seq":%d,"at":%d,"event":{"type":"%s"' % (seq, at, tag_of(event).encode()))


@given(events())
def test_other_json_readers_read_the_same(event: Event) -> None:
    """A line is JSON for everybody: Python's own reader finds the fields with the same values."""
    found = json.loads(encode(Record(3, 4, event)))
    assert (found["seq"], found["at"], found["event"]["type"]) == (3, 4, tag_of(event))
    again = decode(json.dumps(found, separators=(",", ":")).encode())
    assert again == Record(3, 4, event)


def test_the_head_is_the_hash_of_the_last_head_and_the_leaves() -> None:
    """The chain needs nothing but SHA-256: anybody can compute it."""
    leaves = [sha256(b"a").digest(), sha256(b"b").digest()]
    expected = sha256(bytes(32) + leaves[0] + leaves[1]).digest()
    assert next_head(ROOT_HEAD, leaves) == expected
    assert next_head(expected, leaves[:1]) == sha256(expected + leaves[0]).digest()


# What is read: records that this version cannot read as events.


def test_an_unknown_tag_is_kept_as_it_is() -> None:
    """A record of a newer version comes back opaque, with its bytes; a field named leaf in its event is no leaf."""
    assert decode(UNKNOWN_LINE) == Opaque(7, 0, "dreamt", UNKNOWN_LINE, None)
    assert leaf(UNKNOWN_LINE) == sha256(UNKNOWN_LINE).digest()


@given(texts.filter(lambda tag: tag not in BY_TAG), st.dictionaries(texts, json_values, max_size=3))
def test_any_unknown_tag_is_kept(tag: str, content: dict[str, Any]) -> None:
    """Whatever a newer version writes into an event, its record is counted and kept."""
    line = encode({"seq": 1, "at": 2, "event": {**content, "type": tag}})
    assert decode(line) == Opaque(1, 2, tag, line, None)


def test_a_redacted_record_keeps_its_leaf() -> None:
    """Without its content a record is opaque, whether or not this version knows its tag, and its leaf stays."""
    assert decode(REDACTED_LINE) == Opaque(7, 1767700800000000, "memory_stored", REDACTED_LINE, LEAF)
    assert leaf(REDACTED_LINE) == bytes.fromhex(LEAF)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)
def test_a_redacted_record_is_never_an_event(kind: type[Event]) -> None:
    """A record with a leaf is redacted even if all fields of its event are there, however long its numbers are."""
    (event, *_) = collected(event_of(kind), 2)
    for seq, at in ((1, 0), (MAX_INT, MIN_INT)):
        whole = encode(Record(seq, at, event))
        redacted = whole.replace(b',"event":{', b',"leaf":"' + LEAF.encode() + b'","event":{', 1)
        assert decode(redacted) == Opaque(seq, at, tag_of(event), redacted, LEAF)
        assert leaf(redacted) == bytes.fromhex(LEAF)


def test_a_text_that_looks_like_a_leaf_is_no_leaf() -> None:
    """Content cannot pretend to be a redaction: its quotes are escaped."""
    event = Redacted(run='{"seq":1,"at":1,"leaf":"' + LEAF + '",', first=1, last=1, reason='"leaf":"', now=0.0)
    line = encode(Record(1, 1, event))
    assert decode(line) == Record(1, 1, event)
    assert leaf(line) == sha256(line).digest()


@pytest.mark.parametrize("bad", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "é" * 32])
def test_a_leaf_that_is_no_hash_is_not_believed(bad: str) -> None:
    """A leaf that is no SHA-256 in lower-case hex is passed over: its line is hashed like any other."""
    line = REDACTED_LINE.replace(LEAF.encode(), bad.encode())
    assert leaf(line) == sha256(line).digest()


@given(events(), st.dictionaries(texts.map("later ".__add__), json_values, min_size=1, max_size=3))
def test_fields_of_a_later_version_are_passed_over(event: Event, later: dict[str, Any]) -> None:
    """A known event with fields that this version does not know is read as far as it is known."""
    whole = encode(Record(1, 2, event))
    extra = encode(later)[1:-1]
    line = whole.replace(b',"event":{', b',"event":{' + extra + b",", 1)
    assert repr(decode(line)) == repr(Record(1, 2, event))
    assert decode(line[:-1] + b"," + extra + b"}") == Record(1, 2, event)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)
def test_a_known_event_that_lacks_a_field_is_an_error(kind: type[Event]) -> None:
    """A known tag without one of its fields is damage, not a record of another version."""
    (event, *_) = collected(event_of(kind), 2)
    line = encode(Record(1, 2, event))
    fields = json.loads(line)["event"]
    for name in [field.encode_name for field in struct_fields(kind) if field.required]:
        lacking = {one: value for one, value in fields.items() if one != name}
        assert name in fields
        with pytest.raises(LineError):
            decode(encode({"seq": 1, "at": 2, "event": lacking}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"now":1.5', b'"now":"1.5"'),
        (b'"now":1.5', b'"now":null'),
        (b'"now":1.5', b'"now":true'),
        (b'"now":1.5', b'"now":NaN'),
        (b'"now":1.5', b'"now":Infinity'),
        (b'"now":1.5', b'"now":1e999'),
        (b'"episodes_since_sleep":2', b'"episodes_since_sleep":2.5'),
        (b'"episodes_since_sleep":2', b'"episodes_since_sleep":"2"'),
        (b'"type":"wake_counted"', b'"type":7'),
        (b'"type":"wake_counted"', b'"type":null'),
        (b'"type":"wake_counted",', b""),
        (b'"actor":null', b'"actor":"\xff"'),
        (b'"actor":null', b'"actor":"\\ud800"'),
        (b'"seq":7', b'"seq":7.5'),
        (b'"seq":7', b'"seq":' + b"7" * 5000),
        (b'"at":1767700800000000', b'"at":"now"'),
        (b"}}", b"}"),
        (b"}}", b"}}}"),
        (b"}}", b"}} {}"),
        (b'{"seq"', b' {"seq"'),
        (b'{"seq"', b'\xef\xbb\xbf{"seq"'),
        (WOKE_LINE, b""),
        (WOKE_LINE, b"null"),
        (WOKE_LINE, b'{"seq":'),
        (WOKE_LINE, b'{"seq":7,"at":1,"event":null}'),
        (WOKE_LINE, b'{"seq":7,"at":1,"event":[]}'),
        (WOKE_LINE, b'{"seq":7,"at":1}'),
    ],
)
def test_a_damaged_record_is_an_error(old: bytes, new: bytes) -> None:
    """A value of the wrong type, a number out of range, a missing part or bytes that are no text: a LineError."""
    line = WOKE_LINE.replace(old, new, 1)
    assert line != WOKE_LINE
    with pytest.raises(LineError):
        decode(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"commit":9,"n":3,"durable":6}',
        b'{"commit":9.5,"n":3,"durable":6,"head":""}',
        b'{"commit":9,"n":"3","durable":6,"head":""}',
        b'{"commit":9,"n":3,"durable":6,"head":7}',
        b'{"commit":' + b"9" * 5000 + b',"n":3,"durable":6,"head":""}',
        b'{"durable":null}',
        b'{"durable":}',
        b'{"durable":9',
        b'{"head":""}',
    ],
)
def test_a_damaged_mark_is_an_error(line: bytes) -> None:
    """A commit line or a durable mark with a part missing or of a wrong type is a LineError."""
    with pytest.raises(LineError):
        decode(line)


DEEP = 100_000
EVENT = b'{"seq":1,"at":1,"event":'


@pytest.mark.parametrize(
    "line",
    [
        EVENT + b"[" * DEEP,
        EVENT + b'{"type":"new","a":' + b"[" * DEEP + b"]" * DEEP + b"}}",
        EVENT + b'{"type":"new","a":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}}",
        EVENT + b'{"type":"imported","unknown":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}}",
        EVENT + b'{"type":"wake_counted","later":' + b"[" * DEEP + b"]" * DEEP + b"}}",
        b'{"seq":' + b"[" * DEEP,
        b'{"seq":1,"later":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"commit":' + b"[" * DEEP,
        b'{"commit":1,"later":' + b'{"a":' * DEEP,
        b'{"durable":' + b"[" * DEEP,
        b'{"durable":1,"later":' + b"[" * DEEP + b"]" * DEEP + b"}",
    ],
    ids=range(11),
)
def test_nesting_without_end_is_an_error(line: bytes) -> None:
    """A line that nests a hundred thousand times is refused, and nothing crashes."""
    assert (read(line), read(line, decode_record)) == (None, None)
    assert len(leaf(line)) == 32


@given(st.binary(max_size=300))
@example(b"")
@example(b"\n")
@example(b"\x00" * 64)
def test_any_bytes_are_a_line_or_an_error(line: bytes) -> None:
    """Bytes from anywhere never raise anything else."""
    require_line_or_error(line)


@given(
    st.sampled_from([b'{"seq":', b'{"commit":', b'{"durable":', EVENT, EVENT + b'{"type":"']), st.binary(max_size=99)
)
def test_any_bytes_behind_a_good_start_are_a_line_or_an_error(start: bytes, rest: bytes) -> None:
    """A line that begins well may go on with anything."""
    require_line_or_error(start + rest)


_numbers = st.integers() | st.integers(10**18, 10**400) | st.floats()
_fields = st.dictionaries(
    st.sampled_from(["seq", "at", "event", "leaf", "commit", "n", "durable", "head", "type"]),
    _numbers | json_values | st.dictionaries(st.just("type"), st.sampled_from([*BY_TAG, "new"]) | json_values),
)


@given(st.sampled_from(["seq", "commit", "durable"]), _numbers, _fields)
def test_any_json_object_is_a_line_or_an_error(first: str, number: float, fields: dict[str, Any]) -> None:
    """Right keys with wrong values, numbers of any size, NaN as some writers spell it: a line or a LineError."""
    rest = {key: one for key, one in fields.items() if key != first}
    require_line_or_error(json.dumps({first: number, **rest}, separators=(",", ":")).encode())


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """Return lines that were good until bytes were cut out, repeated, flipped or put in."""
    line = draw(st.sampled_from(LINES) | events().map(lambda event: encode(Record(7, 8, event))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(line)))
        end = min(len(line), start + draw(st.integers(0, 8)))
        put = draw(
            st.sampled_from([b"", line[start:end] * 2, b'"', b"{", b"}", b"\\", b"\\u", b"0"]) | st.binary(max_size=3)
        )
        line = line[:start] + put + line[end:]
    return line


@given(damaged_lines())
def test_a_damaged_line_is_a_line_or_an_error(line: bytes) -> None:
    """Damage inside a good line never raises anything but LineError."""
    require_line_or_error(line)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_every_flipped_bit_of_a_line_is_a_line_or_an_error(line: bytes) -> None:
    """Each single bit of each kind of line may be wrong, and each line may end anywhere."""
    for at in range(len(line)):
        require_line_or_error(line[:at])
        for bit in range(8):
            require_line_or_error(line[:at] + bytes([line[at] ^ 1 << bit]) + line[at + 1 :])


def test_a_good_line_is_not_refused() -> None:
    """The lines that the tests of damage start from are all good, so that their damage is what is refused."""
    assert [type(read(line)) for line in LINES] == [Record, Opaque, Opaque, CommitLine, DurableLine]


def test_a_record_that_is_an_event_with_null_fields_is_read() -> None:
    """Fields that may be null come back as None, and defaults fill what older lines of learning events left out."""
    short = b'{"seq":1,"at":2,"event":{"type":"trace_replayed","now":1.0,"priority":2.0,"strength_before":3.0,'
    found = decode(short + b'"nth":4,"replays":5,"strength":6.0}}')
    expected = TraceReplayed(now=1.0, priority=2.0, strength_before=3.0, nth=4, replays=5, strength=6.0)
    assert found == Record(1, 2, expected)
    assert [expected.episode, expected.actor, expected.attempt, expected.origin] == [None] * 4
