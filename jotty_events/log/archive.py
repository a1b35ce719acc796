"""One file that holds files: a tar archive (POSIX ustar, nothing compressed), which any `tar` can unpack.

Invariants of what is written: the same files in the same order give the same bytes: no times, no owners. Invariants of
reading: only plain files are taken, each name once; nothing is given out that lies beyond the end; whatever else the
bytes are is a FormatError, found out without more memory than the names take.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..errors import FormatError
from .storage import Appender

BLOCK = 512
MOST_BYTES = 8**11 - 1
"""Bytes of the largest file that a header can speak of."""

_END = bytes(2 * BLOCK)
_NAME, _SIZE, _SUM, _KIND, _MAGIC, _PREFIX = (
    slice(0, 100),
    slice(124, 136),
    slice(148, 156),
    slice(156, 157),
    slice(257, 265),
    slice(345, 500),
)
_USTAR = b"ustar\x0000"


class Member(NamedTuple):
    """A file in an archive: its name, its first byte there, and how many it has."""

    name: str
    start: int
    size: int


class ArchiveWriter:
    """Writes files into an archive, one after the other."""

    def __init__(self, sink: Appender) -> None:
        self._sink = sink

    def add(self, name: str, data: bytes) -> None:
        """Append a file; OSError if the disk refuses."""
        self._sink.write(_header(name.encode("ascii"), len(data)))
        self._sink.write(data + bytes(-len(data) % BLOCK))

    def finish(self) -> None:
        """Append the end, and return when all is on disk; OSError."""
        self._sink.write(_END)
        self._sink.sync()


def _header(name: bytes, size: int) -> bytes:
    if len(name) >= _NAME.stop or size > MOST_BYTES:
        raise OverflowError(f"{name!r} of {size} bytes fits into no archive")
    fields = [
        name.ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0" * 2,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        b"0",
        bytes(100),
        _USTAR,
        bytes(64),
        b"0000000\0" * 2,
        bytes(167),
    ]
    blank = b"".join(fields)
    return blank[: _SUM.start] + b"%06o\0 " % sum(blank) + blank[_SUM.stop :]


def members(data: memoryview, file: str) -> Iterator[Member]:
    """Give out the files of an archive, in order; FormatError for what is none, or has lost its end."""
    at, end = 0, len(data)
    while True:
        header = bytes(data[at : at + BLOCK])
        if len(header) < BLOCK:
            raise _refused(file, at, "it was cut short")
        if not any(header):
            if bytes(data[at:]) != _END:
                raise _refused(file, at, "it does not end as an archive does")
            return
        member = _member(header, at, file)
        at = member.start + member.size + -member.size % BLOCK
        if at > end:
            raise _refused(file, member.start, f"{member.name!r} goes on behind its end: it was cut short")
        yield member


def _member(header: bytes, at: int, file: str) -> Member:
    blank = header[: _SUM.start] + b" " * 8 + header[_SUM.stop :]
    if header[_MAGIC] != _USTAR or _octal(header[_SUM]) != sum(blank):
        raise _refused(file, at, "it is no archive, or damaged")
    size = _octal(header[_SIZE])
    name = header[_NAME].rstrip(b"\0")
    if header[_KIND] != b"0" or any(header[_PREFIX]) or size is None or not name.isascii() or b"\0" in name:
        raise _refused(file, at, "it holds something that is no plain file")
    return Member(name.decode("ascii"), at + BLOCK, size)


def _octal(field: bytes) -> int | None:
    digits = field.rstrip(b"\0 ")
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else None


def _refused(file: str, at: int, what: str) -> FormatError:
    return FormatError(f"{file} is no bundle: {what} (at byte {at})", file=file, hint="make the bundle anew")
