"""The manifest of a run, `run.json`: its parent, its segments, and how it ended.

Invariants: a manifest is replaced atomically, never changed in place. It carries its own check sum (`sealed`).
"""

import re

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from ..errors import FormatError
from . import sealed
from .sealed import Sealed

FORMAT = "jotty-events"
VERSION = 1


class Parent(Struct, frozen=True):
    """The point where a run began: the parent run, the last seq taken from it, and the head there (hex)."""

    run: str
    seq: int
    head: str


class Segment(Struct, frozen=True):
    """A closed segment: its seqs, its size in bytes, the head after it, and the SHA-256 of its other lines.

    If `pack` names a pack, its records are there, and `size` and `marks` say what its file was.
    """

    first: int
    last: int
    size: int
    head: str
    marks: str
    pack: str | UnsetType = UNSET


class Ending(Struct, frozen=True):
    """Where a run that was closed ends: its last seq, the head there, and the time (microseconds since 1970)."""

    seq: int
    head: str
    at: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a reader must know of a run before it reads its segments. `active` is the first seq of the open segment.

    A `draft` is not to be continued: it never becomes `latest`, until what it is part of is whole.
    """

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
    draft: bool | UnsetType = UNSET
    check: str = ""


_decoder = Decoder(Manifest)
_OURS = Sealed(format=FORMAT, version=VERSION)


def seal(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest as they stand in its file."""
    return sealed.seal(manifest)


def unseal(data: bytes, file: str) -> Manifest:
    """Read a manifest; FormatError if it is foreign, newer or damaged."""
    manifest = sealed.unseal(_decoder, data, file, _OURS)
    wrong = _contradiction(manifest)
    if wrong:
        raise FormatError(f"{file} contradicts itself: {wrong}", file=file, hint=sealed.HINT)
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
