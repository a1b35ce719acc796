"""The manifest of a run, `run.json`: its parent, its segments, and how it ended.

Invariants: a manifest is replaced atomically, never changed in place. `check` is the SHA-256 of the file's bytes
without the digits of `check` itself, so a damaged manifest is noticed. Unknown fields are ignored; a greater `version`
is refused.
"""

import re
from hashlib import sha256

from msgspec import DecodeError, Struct
from msgspec.json import Decoder, Encoder, format
from msgspec.structs import replace

from ..errors import FormatError

FORMAT = "jotty-events"
VERSION = 1


class Parent(Struct, frozen=True):
    """The point where a run began: the parent run, the last seq taken from it, and the head there (hex)."""

    run: str
    seq: int
    head: str


class Segment(Struct, frozen=True):
    """A closed segment: its seqs, its size in bytes, the head after it, and the SHA-256 of its other lines."""

    first: int
    last: int
    size: int
    head: str
    marks: str


class Ending(Struct, frozen=True):
    """Where a run that was closed ends: its last seq, the head there, and the time (microseconds since 1970)."""

    seq: int
    head: str
    at: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a reader must know of a run before it reads its segments. `active` is the first seq of the open segment."""

    format: str = FORMAT
    version: int = VERSION
    run: str
    uid: str
    parent: Parent | None
    first: int
    experiment: bool
    durability: str
    library: str
    created: int
    segments: list[Segment] = []
    active: int | None = None
    ended: Ending | None = None
    check: str = ""


class _Kind(Struct, frozen=True):
    format: str = ""
    version: int = 0


_encode = Encoder().encode
_decode = Decoder(Manifest).decode
_kind = Decoder(_Kind).decode


def seal(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest as they stand in its file."""
    blank = format(_encode(replace(manifest, check="")), indent=1) + b"\n"
    return blank.replace(b'"check": ""', b'"check": "' + sha256(blank).hexdigest().encode() + b'"')


def unseal(data: bytes, file: str) -> Manifest:
    """Read a manifest; FormatError if it is foreign, newer or damaged."""
    try:
        kind = _kind(data)
        _refuse_others(kind, file)
        manifest = _decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{file} is no run manifest: {error}", file=file, hint=_HINT) from error
    if manifest.check != sha256(data.replace(manifest.check.encode(), b"")).hexdigest():
        raise FormatError(f"{file} does not match its own check sum", file=file, hint="restore it from a backup")
    wrong = _contradiction(manifest)
    if wrong:
        raise FormatError(f"{file} contradicts itself: {wrong}", file=file, hint=_HINT)
    return manifest


_HEAD = re.compile("[0-9a-f]{64}")


def _contradiction(manifest: Manifest) -> str:
    """Return what no writer of ours would write, if anything: readers rely on the rest."""
    parent, segments, ended = manifest.parent, manifest.segments, manifest.ended
    heads = [one.head for one in (parent, *segments, ended) if one is not None]
    if not all(map(_HEAD.fullmatch, heads)):
        return "a head is no SHA-256"
    due = [parent.seq + 1 if parent else 1, *(one.last + 1 for one in segments)]
    if due[0] <= (parent is not None) or manifest.first != due[0] or any(one.last < one.first - 1 for one in segments):
        return "it does not begin where its parent ends"
    if [one.first for one in segments] != due[:-1] or manifest.active not in (None, due[-1]):
        return "its segments do not follow each other"
    if ended is not None and (manifest.active is not None or (ended.seq, ended.head) != _end_of(segments)):
        return "it does not end where its last segment does"
    return ""


def _end_of(segments: list[Segment]) -> tuple[int, str] | None:
    return (segments[-1].last, segments[-1].head) if segments else None


_HINT = "move the folder away, or restore the file from a backup"


def _refuse_others(kind: _Kind, file: str) -> None:
    if kind.format != FORMAT:
        raise FormatError(f"{file} is not a manifest of {FORMAT}", file=file, hint=_HINT)
    if kind.version > VERSION:
        raise FormatError(
            f"{file} has format version {kind.version}, this library reads up to {VERSION}",
            file=file,
            hint="upgrade jotty-events",
        )
