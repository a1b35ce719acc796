"""A segment: a stretch of a run's records as lines, written by one owner and read by anybody.

Invariants of what is written: the lines of one append stand together, records first, then their commit line; a record
line begins with `{"seq":N,` where N is one more than that of the record before. Invariants of reading: a commit is
given out only if its count, its seqs and its head agree; nothing behind a place that disagrees is given out.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import NamedTuple, Protocol

from ..errors import Corruption
from ..record import (
    MAX_LINE,
    CommitLine,
    DurableLine,
    LineError,
    decode,
    encode,
    leaves_in,
    leaves_of,
    next_head,
    redacted_in,
)
from .manifest import Segment


class Sink(Protocol):
    """Where lines go: an open file that only grows."""

    def write(self, data: bytes) -> None:
        """Write all of the data, or raise OSError."""


class Commit(NamedTuple):
    """The record lines of one append, as they stand in the file from byte `start` to byte `end`; both 0 in a pack."""

    first: int
    last: int
    head: bytes
    durable: int
    lines: list[bytes]
    start: int
    end: int

    @property
    def mark(self) -> "CommitEnd":
        """Where the commit ends; LineError if its last record does not begin with its seq and its time."""
        return CommitEnd(self.first, self.last, self.head, self.durable, at_of(self.lines[-1]))


class CommitEnd(NamedTuple):
    """A commit without its records: its seqs, the head after it, what was durable, the time of its last record."""

    first: int
    last: int
    head: bytes
    durable: int
    at: int


class Stop(NamedTuple):
    """Where reading ended, and why: `reason` is empty at the end of a sound file."""

    offset: int
    reason: str


class SegmentWriter:
    """Appends commits to one segment, and keeps the head of the chain."""

    def __init__(self, sink: Sink, first: int, head: bytes, durable: int) -> None:
        self.first = first
        self.last = first - 1
        self.head = head
        self.durable = durable
        self.size = 0
        self._sink = sink
        self._marks = sha256()

    def append(self, lines: Sequence[bytes]) -> None:
        """Write record lines and their commit line with one write; OSError if the disk refuses."""
        head = next_head(self.head, leaves_of(lines))
        last = self.last + len(lines)
        mark = encode(CommitLine(last, len(lines), self.durable, head.hex())) + b"\n"
        self._write(b"\n".join([*lines, mark]), mark)
        self.last, self.head = last, head

    def mark_durable(self, seq: int) -> None:
        """Write that all records up to `seq` are on disk; the caller has synced them."""
        self.durable = seq
        mark = encode(DurableLine(seq)) + b"\n"
        self._write(mark, mark)

    def _write(self, data: bytes, mark: bytes) -> None:
        self._sink.write(data)
        self._marks.update(mark)
        self.size += len(data)

    def closed(self) -> Segment:
        """Return what the manifest says of this segment once it is closed."""
        return Segment(self.first, self.last, self.size, self.head.hex(), self._marks.hexdigest())


class SegmentReader:
    """Reads the commits of one segment's bytes. After iterating, `stop` says where and why it ended.

    `data` are the bytes of the file from `base` on; `first` is the seq that is due there, `head` and `durable` what
    the chain and the marks said so far.
    """

    def __init__(self, data: bytes, *, file: str, first: int, head: bytes, durable: int, base: int = 0) -> None:
        self.file = file
        self.last = first - 1
        self.head = head
        self.durable = durable
        self.stop = Stop(0, "")
        self.whole = base
        """The byte up to which there are whole commits and marks."""
        self._data = data
        self._base = base
        self._marks = sha256()

    def __iter__(self) -> Iterator[Commit]:
        """Give out commits until the end, or until something disagrees."""
        position = start = 0
        lines: list[bytes] = []
        while (end := self._data.find(b"\n", position)) >= 0:
            if not lines and (lines := self._records(position)):
                position += sum(map(len, lines)) + len(lines)
                end = self._data.find(b"\n", position)
                if end < 0:
                    break
            line = self._data[position:end]
            if len(line) <= MAX_LINE and line.startswith(b'{"seq":%d,' % (self.last + len(lines) + 1)):
                lines.append(line)
            else:
                reason = self._mark(line, lines)
                if reason:
                    self.stop = Stop(self._base + position, reason)
                    return
                if lines:
                    yield self._whole(lines, start, end + 1)
                lines, start = [], end + 1
                self.whole = self._base + start
            position = end + 1
        self.stop = Stop(self._base + start, "" if start == len(self._data) else _NOT_WHOLE)

    def _records(self, start: int) -> list[bytes]:
        """Return the lines from a byte to the next commit line if all are the records that are due, else none.

        Taken at once, since most are; whatever is wrong is found where lines are taken one by one.
        """
        end = self._data.find(_COMMIT_LINE, start) if self._data.startswith(b'{"seq":', start) else -1
        lines = self._data[start : max(start, end)].split(b"\n")
        due = map(b'{"seq":%d,'.__mod__, count(self.last + 1))
        return lines if all(map(bytes.startswith, lines, due)) and max(map(len, lines)) <= MAX_LINE else []

    @property
    def unreadable(self) -> bool:
        """Whether reading ended at something that does not fit, not where the bytes end."""
        return self.stop.reason not in ("", _NOT_WHOLE)

    def go_on(self, data: bytes) -> None:
        """Take other bytes of the file: those from `whole` on, to be read by iterating again."""
        self._data, self._base = data, self.whole

    @property
    def marks(self) -> str:
        """The digest of marks of what was read, as a manifest has it."""
        return self._marks.hexdigest()

    def _whole(self, lines: list[bytes], start: int, end: int) -> Commit:
        first = self.last - len(lines) + 1
        return Commit(first, self.last, self.head, self.durable, lines, self._base + start, self._base + end)

    def _mark(self, line: bytes, lines: list[bytes]) -> str:
        """Take in a line that is no next record; return what is wrong with it, if anything."""
        if len(line) > MAX_LINE:
            return f"a line has {len(line)} bytes, more than {MAX_LINE}"
        try:
            mark = decode(line)
        except LineError as error:
            return f"a line cannot be read: {error}"
        # A redacted line is not what its leaf is the digest of: the manifest's digest of marks covers its bytes.
        self._marks.update(b"\n".join([*redacted_in(lines), line, b""]))
        if isinstance(mark, CommitLine):
            return self._commit(mark, lines)
        if isinstance(mark, DurableLine):
            return self._durable(mark, lines)
        return f"a record has seq {mark.seq} where {self.last + len(lines) + 1} is due"

    def _commit(self, mark: CommitLine, lines: list[bytes]) -> str:
        last = self.last + len(lines)
        if not lines or (mark.commit, mark.n) != (last, len(lines)):
            return f"a commit line closes {mark.n} records up to {mark.commit}, not the {len(lines)} up to {last}"
        if _AT.match(lines[-1]) is None:
            return f"record {last} does not begin with its seq and its time"
        if not self.durable <= mark.durable <= self.last:
            return f"a commit line says that {mark.durable} is durable, after {self.durable}"
        head = next_head(self.head, leaves_in(lines))
        if mark.head != head.hex():
            return f"the records up to {last} do not match the head of their commit line"
        self.last, self.head, self.durable = last, head, mark.durable
        return ""

    def _durable(self, mark: DurableLine, lines: list[bytes]) -> str:
        if lines or not self.durable <= mark.durable <= self.last:
            return f"a mark says that {mark.durable} is durable, after {self.durable} of {self.last}"
        self.durable = mark.durable
        return ""

    def proven_durable(self) -> int:
        """Return the greatest seq that any mark in the file calls durable, those behind the stop included."""
        tail = self._data[self.stop.offset - self._base :]
        return max([self.durable, *map(_durable_in, tail.split(b"\n"))])

    def require_sound_tail(self, known: int = 0) -> None:
        """Raise Corruption if what cannot be read was durable once: then it is damaged, not unfinished.

        `known` is a seq that was durable whatever the marks say.
        """
        if max(known, self.proven_durable()) > self.last:
            wrong = self.stop.reason or f"the file ends at seq {self.last}, and more was on disk"
            raise Corruption(wrong, file=self.file, offset=self.stop.offset, hint=_DAMAGED)

    def require_closed(self, segment: Segment) -> None:
        """Raise Corruption unless the file is, to the last byte, the closed segment of the manifest."""
        wrong = self.stop.reason or self._differs(segment)
        if wrong:
            raise Corruption(wrong, file=self.file, offset=self.stop.offset, hint=_DAMAGED)

    def require_end(self, segment: Segment) -> None:
        """Raise Corruption unless reading, from wherever it began, came to the end of the closed segment."""
        if (self.last, self.head.hex()) != (segment.last, segment.head):
            wrong = self.stop.reason or f"the file ends at seq {self.last}, the manifest says {segment.last}"
            raise Corruption(wrong, file=self.file, offset=self.stop.offset, hint=_DAMAGED)

    def _differs(self, segment: Segment) -> str:
        if self._base + len(self._data) != segment.size or self.last != segment.last:
            return f"the file ends at seq {self.last}, the manifest says {segment.last}"
        if (self.head.hex(), self.marks) != (segment.head, segment.marks):
            return "the file does not match the manifest's digests"
        return ""


_NOT_WHOLE = "the last commit is not whole"
_COMMIT_LINE = b'\n{"commit":'
_DAMAGED = "restore the file from a backup, or start from an earlier point"


_AT = re.compile(rb'\{"seq":\d+,"at":(-?\d{1,19}),')
_DURABLE = re.compile(rb'"durable":(\d{1,19})[,}]')


def at_of(line: bytes) -> int:
    """Return the time of a commit's last record line: microseconds since 1970."""
    found = _AT.match(line)
    if found is None:
        raise LineError("a record line does not begin with its seq and its time")
    return int(found[1])


def _durable_in(line: bytes) -> int:
    """Return the seq that a mark calls durable, -1 for other lines; two marks whose newline is damaged both count."""
    if not line.startswith((b'{"commit":', b'{"durable":')):
        return -1
    return max(map(int, _DURABLE.findall(line)), default=-1)
