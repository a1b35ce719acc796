"""Opening a bundle: its files as those of a history that is only read.

Invariants: whatever the file holds, opening gives files of the names that a bundle has, or a FormatError; nothing is
written, and no more memory is taken than the names and manifests in it.
"""

from hashlib import sha256
from os import PathLike

from ...errors import FormatError
from ...log import layout
from ...log.archive import Member, members
from ...log.archived_files import ArchivedFiles
from ...log.files import Files, file_beside
from ...log.manifest import Manifest
from ...log.manifest import unseal as unseal_run
from .manifest import NAME, BundledRun, BundleManifest, unseal


class Bundle:
    """An open bundle: what it says of itself, and its files."""

    def __init__(self, file: str, manifest: BundleManifest, files: ArchivedFiles) -> None:
        self.file = file
        self.manifest = manifest
        self.files = files

    def content(self, path: str) -> bytes:
        """Return the bytes of a file, having seen that they are as they were; FormatError."""
        data = self.files.read(path)
        due = next(one for one in self.manifest.files if one.path == path)
        if sha256(data).hexdigest() != due.sha256:
            raise _refused(self.file, f"{path} is damaged")
        return data

    def paths(self, run: str) -> list[str]:
        """Return the files of a run, its manifest last."""
        mine = [one.path for one in self.manifest.files if one.path.startswith(f"{run}/")]
        return sorted(mine, key=lambda path: (path == layout.manifest(run), path))


def open_bundle(path: str | PathLike[str]) -> Bundle:
    """Open a bundle; MissingFile, UnsafeFile for what is no file, FormatError for one that is no sound bundle."""
    files, name = file_beside(path)
    return opened(files, name)


def opened(files: Files, name: str) -> Bundle:
    """Open a bundle that lies among other files, as `open_bundle` does."""
    file = files.describe(name)
    data = files.view(name)
    found: dict[str, Member] = {}
    for member in members(data, file):
        if member.name in found or NAME in found:
            raise _refused(file, f"{member.name[:80]!r} is there twice, or behind its end")
        found[member.name] = member
    if NAME not in found:
        raise _refused(file, f"it has no {NAME}")
    own = found.pop(NAME)
    manifest = unseal(bytes(data[own.start : own.start + own.size]), f"{file}:{NAME}")
    if {name: member.size for name, member in found.items()} != {one.path: one.size for one in manifest.files}:
        raise _refused(file, f"its files are not those that {NAME} names")
    bundle = Bundle(file, manifest, ArchivedFiles(data, file, found))
    _require_lineage(bundle)
    return bundle


def _require_lineage(bundle: Bundle) -> None:
    """See that the runs are what the bundle says of them, and follow each other."""
    before: BundledRun | None = None
    for run in bundle.manifest.runs:
        path = layout.manifest(run.run)
        if not bundle.files.exists(path):
            raise _refused(bundle.file, f"it has no {path}")
        wrong = _wrong_in(unseal_run(bundle.files.read(path), bundle.files.describe(path)), run, before, bundle)
        if wrong:
            raise _refused(bundle.file, f"{run.run} {wrong}")
        before = run


def _wrong_in(manifest: Manifest, run: BundledRun, before: BundledRun | None, bundle: Bundle) -> str:
    """Return what about a run's manifest is not as the bundle says, if anything."""
    parent = manifest.parent and (manifest.parent.run, manifest.parent.seq, manifest.parent.head)
    if (manifest.run, manifest.uid, manifest.first) != (run.run, run.uid, run.first):
        return "is another run"
    if parent != (before and (before.run, before.last, before.head)):
        return "does not begin where the one before it ends"
    if not manifest.segments or manifest.active is not None:
        return "has no closed segments"
    if (manifest.segments[-1].last, manifest.segments[-1].head) != (run.last, run.head):
        return "does not end where it should"
    if any(isinstance(one.pack, str) for one in manifest.segments):
        return "names a pack, and a bundle has none"
    named = {layout.segment(run.run, one.first): one.size for one in manifest.segments}
    held = {one.path: one.size for one in bundle.manifest.files if one.path.startswith(f"{run.run}/events/")}
    return "" if named == held else "has other segments"


def _refused(file: str, what: str) -> FormatError:
    return FormatError(f"{file} is no sound bundle: {what}", file=file, hint="make the bundle anew")
