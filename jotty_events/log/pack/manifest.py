"""The manifest of a pack, `pack.json`: its tables, and which stretches of which runs they hold.

Invariants: a pack never changes once its folder has its name. Spans are in the order of run and seq, and so are the
rows of every table; so the counts that a span gives for each table also say where its rows stand.
"""

import re
from itertools import accumulate, pairwise

from msgspec import Struct
from msgspec.json import Decoder

from ...errors import FormatError
from .. import layout, sealed
from ..sealed import Sealed

FORMAT = "jotty-events pack"
VERSION = 1


class Table(Struct, frozen=True):
    """A Parquet file: its rows, bytes and SHA-256, and that of its footer.

    `columns` says how fields of the event are kept (`columns.told`); empty for `commits` and `other`. `chunks` has the
    CRC-32 of each column's bytes in each row group, the headers of its pages included.
    """

    name: str
    rows: int
    size: int
    sha256: str
    footer: str
    columns: dict[str, str]
    chunks: list[list[int]]


class Span(Struct, frozen=True):
    """A segment of a run: its seqs, the heads before and after it, and how many rows of each table are its own."""

    run: str
    first: int
    last: int
    before: str
    head: str
    rows: list[int]


class PackManifest(Struct, frozen=True, kw_only=True):
    """What a reader must know of a pack before it reads a table."""

    format: str = FORMAT
    version: int = VERSION
    pack: str
    library: str
    created: int
    tables: list[Table]
    spans: list[Span]
    check: str = ""


_decoder = Decoder(PackManifest)
_OURS = Sealed(format=FORMAT, version=VERSION)
_DIGEST = re.compile("[0-9a-f]{64}")
_NAME = re.compile("[0-9A-Za-z_][0-9A-Za-z_.-]{0,99}")


def seal(manifest: PackManifest) -> bytes:
    """Return the bytes of a manifest as they stand in its file."""
    return sealed.seal(manifest, indent=-1)


def unseal(data: bytes, file: str) -> PackManifest:
    """Read a manifest; FormatError if it is foreign, newer or damaged."""
    manifest = sealed.unseal(_decoder, data, file, _OURS)
    wrong = _contradiction(manifest)
    if wrong:
        raise FormatError(f"{file} contradicts itself: {wrong}", file=file, hint=sealed.HINT)
    return manifest


def is_table_name(name: str) -> bool:
    """Say whether a table of that name can be a file; records of other types are kept in `other`."""
    return _NAME.fullmatch(name) is not None


def _contradiction(manifest: PackManifest) -> str:
    """Return what no writer of ours would write, if anything."""
    tables, spans = manifest.tables, manifest.spans
    names = [one.name for one in tables]
    if len(set(names)) != len(names) or not {layout.COMMITS, layout.OTHER} <= set(names):
        return "its tables have not each one name"
    if not all(map(is_table_name, names)):
        return "a table has no plain name"
    digests = [text for one in tables for text in (one.sha256, one.footer)]
    if not all(map(_DIGEST.fullmatch, [*digests, *(head for one in spans for head in (one.before, one.head))])):
        return "a digest is no SHA-256"
    if any(len(one.rows) != len(tables) or min(one.rows) < 0 for one in spans):
        return "a span does not count the rows of each table"
    if [sum(one.rows[place] for one in spans) for place in range(len(tables))] != [one.rows for one in tables]:
        return "the rows of its spans are not those of its tables"
    return _disorder(manifest)


def _disorder(manifest: PackManifest) -> str:
    commits = [one.name for one in manifest.tables].index(layout.COMMITS)
    for one in manifest.spans:
        if not 0 < one.first <= one.last or sum(one.rows) - one.rows[commits] != one.last - one.first + 1:
            return f"the rows of {one.run} from {one.first} on are not its records"
    if any((one.run, one.last) >= (two.run, two.first) for one, two in pairwise(manifest.spans)):
        return "its spans do not follow each other"
    return ""


def starts(manifest: PackManifest) -> list[list[int]]:
    """Return for each table the row with which each span begins, and at last the number of its rows."""
    return [
        list(accumulate((one.rows[place] for one in manifest.spans), initial=0))
        for place in range(len(manifest.tables))
    ]
