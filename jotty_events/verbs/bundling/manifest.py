"""What a bundle says of itself, `bundle.json`: where its lineage ends, its runs, and its files.

Invariants: it is the last file of a bundle, so a bundle that has it is whole. It names every other file, and no other
names are taken: a manifest and segments for each of its runs.
"""

import re
from hashlib import sha256

from msgspec import Struct
from msgspec.json import Decoder

from ...errors import FormatError, PointError
from ...log import layout, sealed
from ...log.sealed import Sealed

NAME = "bundle.json"
FORMAT = "jotty-events bundle"
VERSION = 1

_PATH = re.compile(r"(run_\d{8}_\d{6})/(?:run\.json|events/\d{12}\.jsonl)", re.ASCII)
_OURS = Sealed(format=FORMAT, version=VERSION)


class BundledRun(Struct, frozen=True):
    """A run: its seqs as far as the lineage takes them, and the head there. `uid` keeps runs of equal id apart."""

    run: str
    uid: str
    first: int
    last: int
    head: str


class BundledFile(Struct, frozen=True):
    """A file: its path below an output folder, its bytes and their SHA-256."""

    path: str
    size: int
    sha256: str


class BundleManifest(Struct, frozen=True, kw_only=True):
    """The lineage of the point after `seq` of `run`; its runs, oldest first, and their files."""

    format: str = FORMAT
    version: int = VERSION
    library: str
    run: str
    seq: int
    head: str
    runs: list[BundledRun]
    files: list[BundledFile]
    check: str = ""


_decoder = Decoder(BundleManifest)


def seal(manifest: BundleManifest) -> bytes:
    """Return the bytes of a manifest as they stand in a bundle."""
    return sealed.seal(manifest)


def unseal(data: bytes, file: str) -> BundleManifest:
    """Read a manifest; FormatError if it is foreign, newer or damaged, or names what no bundle of ours has."""
    manifest = sealed.unseal(_decoder, data, file, _OURS)
    wrong = _contradiction(manifest)
    if wrong:
        raise FormatError(f"{file} contradicts itself: {wrong}", file=file, hint="make the bundle anew")
    return manifest


def bundled(path: str, data: bytes) -> BundledFile:
    """Return what the manifest says of a file."""
    return BundledFile(path, len(data), sha256(data).hexdigest())


def _contradiction(manifest: BundleManifest) -> str:
    """Return what no bundle of ours would say, if anything."""
    runs = [one.run for one in manifest.runs]
    if not runs or sorted(set(runs)) != runs or not all(map(_is_date, runs)):
        return "its runs do not follow each other"
    last = manifest.runs[-1]
    if (last.run, last.last, last.head) != (manifest.run, manifest.seq, manifest.head):
        return "its last run does not end at its point"
    named = [one.path for one in manifest.files]
    found = [_PATH.fullmatch(path) for path in named]
    if len(set(named)) < len(named) or any(one is None or one[1] not in runs for one in found):
        return "it names files that are not of its runs"
    return ""


def _is_date(run: str) -> bool:
    """Say whether a name is a run's id behind which there are others: new runs take a greater one than all present."""
    try:
        return layout.is_run_id(run) and bool(layout.run_id_after(run))
    except PointError:
        return False
