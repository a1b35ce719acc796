"""The lines of a log: records, and the marks that close commits and say what is on disk.

Invariants: a line is one JSON document without a newline inside. The first key says what a line is: `seq` a record,
`commit` a commit line, `durable` a mark that stands alone. Decoding what `encode` gave returns an equal record, and
encoding that again the same bytes (law L1). Any bytes give a line or a `LineError`, never another exception.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import count, repeat

from msgspec import DecodeError, Raw, Struct, ValidationError
from msgspec.json import Decoder, Encoder

from .events import BY_TAG, Event

MAX_LINE = 16 * 1024 * 1024
"""Bytes of the longest line that a writer may write and a reader must accept."""

ROOT_HEAD = bytes(32)
"""The head before the first commit of a run without a parent."""


class Record(Struct, frozen=True, gc=False):
    """An event as kept: `seq` is dense along a lineage, `at` is microseconds since 1970, UTC."""

    seq: int
    at: int
    event: Event


class Opaque(Struct, frozen=True):
    """A record that this version cannot read as an event: its tag is unknown, or its content was redacted."""

    seq: int
    at: int
    tag: str
    raw: bytes
    leaf: str | None = None


class CommitLine(Struct, frozen=True):
    """Closes the `n` records up to seq `commit`; `head` chains them, `durable` was on disk when this was written."""

    commit: int
    n: int
    durable: int
    head: str


class DurableLine(Struct, frozen=True):
    """All records up to seq `durable` are on disk."""

    durable: int


class LineError(ValueError):
    """A line is none of ours."""


class _Tag(Struct, frozen=True):
    type: str


class _Envelope(Struct, frozen=True):
    seq: int
    at: int
    event: Raw
    leaf: str | None = None


Line = Record | Opaque | CommitLine | DurableLine

_encoder = Encoder()
encode = _encoder.encode
"""Bytes of a line, without its newline."""
encode_lines = _encoder.encode_lines
"""Bytes of many lines, each with its newline."""

_record = Decoder(Record)
_envelope = Decoder(_Envelope)
_tag = Decoder(_Tag)
_commit = Decoder(CommitLine)
_durable = Decoder(DurableLine)


_UNREADABLE = (DecodeError, UnicodeDecodeError, RecursionError)


def decode(line: bytes) -> Line:
    """Read one line; LineError if it is none of ours."""
    if line.startswith(b'{"seq":'):
        return decode_record(line)
    try:
        if line.startswith(b'{"commit":'):
            return _commit.decode(line)
        if line.startswith(b'{"durable":'):
            return _durable.decode(line)
    except _UNREADABLE as error:
        raise LineError(str(error)) from error
    raise LineError("a line begins with none of seq, commit, durable")


def decode_record(line: bytes) -> Record | Opaque:
    """Read a record line, LineError if it is none; one with an unknown tag or a leaf of its own comes back opaque."""
    try:
        try:
            record = _record.decode(line)
        except ValidationError:
            return _opaque(line)
        return _opaque(line) if b'"leaf":"' in line[:_REDACTED_WITHIN] else record
    except _UNREADABLE as error:
        raise LineError(str(error)) from error


def _opaque(line: bytes) -> Record | Opaque:
    envelope = _envelope.decode(line)
    tag = _tag.decode(envelope.event).type
    if envelope.leaf is None and tag in BY_TAG:
        return _record.decode(line)
    return Opaque(envelope.seq, envelope.at, tag, line, envelope.leaf)


_REDACTED = re.compile(rb'\{"seq":\d+,"at":-?\d+,"leaf":"([0-9a-f]{64})",')
_REDACTED_WITHIN = 64


def leaf(line: bytes) -> bytes:
    """Return the leaf of a record line: the SHA-256 of its bytes, or what a redacted line kept of them."""
    kept = _kept_leaf(line)
    return sha256(line).digest() if kept is None else kept


def redacted_in(lines: Iterable[bytes]) -> list[bytes]:
    """Return those of some record lines that have lost their content and kept their leaf."""
    return [line for line in lines if b'"leaf":"' in line[:_REDACTED_WITHIN] and _REDACTED.match(line)]


def _kept_leaf(line: bytes) -> bytes | None:
    if b'"leaf":"' not in line[:_REDACTED_WITHIN]:
        return None
    redacted = _REDACTED.match(line)
    return None if redacted is None else bytes.fromhex(redacted[1].decode())


def leaves_in(lines: Sequence[bytes]) -> list[bytes]:
    """Return the leaf of each record line, redacted ones included."""
    return [leaf(line) for line in lines] if redacted_in(lines) else leaves_of(lines)


def records_in(lines: Sequence[bytes]) -> list[Record] | None:
    """Return the records of lines if each of them is encoded again to the same bytes; None if any is not.

    All at once takes a fraction of the time. It proves as much: neither the lines nor what the encoder gives hold a
    newline, so where the joined bytes agree and there are as many records as lines, each line agrees.
    """
    block = b"\n".join([*lines, b""])
    try:
        found = _record.decode_lines(block)
        return found if len(found) == len(lines) and encode_lines(found) == block else None
    except (*_UNREADABLE, UnicodeEncodeError):
        return None


def encode_records(first: int, at: int, events: Iterable[Event]) -> list[bytes]:
    """Return the lines of events that get the seqs from `first` on, all at the time `at`."""
    return list(map(encode, map(Record, count(first), repeat(at), events)))


_fresh = sha256().copy


def leaves_of(lines: Iterable[bytes]) -> list[bytes]:
    """Return the leaves of record lines that hold their content: nothing was redacted in what is being written."""
    leaves = []
    for line in lines:
        # To copy a digest that was begun is cheaper than to ask the library for a new one.
        digest = _fresh()
        digest.update(line)
        leaves.append(digest.digest())
    return leaves


def next_head(previous: bytes, leaves: Sequence[bytes]) -> bytes:
    """Return SHA-256(previous head, then the leaves of one commit): the chain of FORMAT.md."""
    return sha256(previous + b"".join(leaves)).digest()
