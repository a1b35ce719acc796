"""What a snapshot says of itself, `snapshot.json`, and of the sheets that it wrote, `sheets.json`.

Invariants: both files are one line of JSON and one line with its SHA-256. A snapshot is there just when its manifest
is: that is written last, aside, and renamed. Sheets never change; a manifest names those of earlier snapshots by their
folder, and the SHA-256 of what that folder says of its sheets.
"""

from hashlib import sha256
from typing import Any, TypeVar

from msgspec import DecodeError, Struct, field
from msgspec.json import Decoder, Encoder

from ...errors import FormatError

FORMAT = "jotty-events snapshot"
VERSION = 1
MANIFEST = "snapshot.json"
SHEETS = "sheets.json"


class Batch(Struct, frozen=True, array_like=True):
    """A record batch in an Arrow file: its first byte, its bytes and rows, the place of its first row, its SHA-256."""

    at: int
    length: int
    rows: int
    first: str
    sha256: str


class Sheet(Struct, frozen=True):
    """An Arrow file. `schema` is its Arrow schema as hex, where the projection does not say it."""

    file: str
    size: int
    batches: list[Batch]
    schema: str = ""


class Sheets(Struct, frozen=True):
    """The Arrow files that one snapshot wrote, by projection and table."""

    sheets: dict[str, Sheet]


class Layer(Struct, frozen=True):
    """A sheet, in the folder of the snapshot that wrote it."""

    home: str
    sheet: str
    rows: int


class Table(Struct, frozen=True):
    """What is kept of a table: its sheets, oldest first, its rows, its count of insertions, its sum of hashes."""

    layers: list[Layer]
    count: int
    next_nth: int
    total: str


class Kept(Struct, frozen=True):
    """What is kept of a projection. `layered`: its tables lie over one another; else each is one sheet, as dumped."""

    version: int
    digest: str
    layered: bool
    tables: dict[str, Table]


class KeptIndex(Struct, frozen=True):
    """What is kept of an index of a projection's state: its arrays, each one sheet, and what came and went since."""

    of: str
    version: int
    arrays: dict[str, Layer]
    came: list[str]
    went: list[str]


class Manifest(Struct, frozen=True, kw_only=True):
    """A snapshot after record `seq` of `run`, where the head of the chain is `head`.

    `unknown` counts the tags that were passed over on the way, `missed` names those that could not be read; `homes`
    has the SHA-256 of each folder's `sheets.json`; `kept` names the snapshots that are left in this lineage.
    """

    format: str = FORMAT
    version: int = VERSION
    library: str
    run: str
    seq: int
    head: str
    unknown: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    projections: dict[str, Kept]
    homes: dict[str, str]
    kept: list[str] = field(default_factory=list)
    indexes: dict[str, KeptIndex] = field(default_factory=dict)


class _Kind(Struct, frozen=True):
    format: str = ""
    version: int = 0


S = TypeVar("S", Manifest, Sheets)

_encode = Encoder(order="sorted").encode
_kind = Decoder(_Kind).decode
_decoders: dict[type, Decoder[Any]] = {Manifest: Decoder(Manifest), Sheets: Decoder(Sheets)}


def seal(content: Manifest | Sheets) -> bytes:
    """Return the bytes of a file."""
    line = _encode(content)
    return b"%b\n%b\n" % (line, sha256(line).hexdigest().encode())


def unseal(kind: type[S], data: bytes, file: str) -> S:
    """Read a file; FormatError if it is damaged, foreign, or of another version."""
    line, _, check = data.partition(b"\n")
    if check != sha256(line).hexdigest().encode() + b"\n":
        raise FormatError(f"{file} does not match its own check sum", file=file)
    try:
        if kind is Manifest and _kind(line) != _Kind(FORMAT, VERSION):
            raise FormatError(f"{file} has another format or version", file=file)
        found = _decoders[kind].decode(line)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{file} cannot be read: {error}", file=file) from error
    if not isinstance(found, kind):
        raise FormatError(f"{file} is another file", file=file)
    return found
