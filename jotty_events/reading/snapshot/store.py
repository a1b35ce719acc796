"""Finding and opening snapshots.

Invariants: a snapshot is used only where the chain of the log has its head at its seq, for projections of the same
version, and only if no tag that was unreadable on its way is one that the projection reads. Whatever is wrong with one
is a line in the log of the program, and then it is as if it were not there.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ...errors import FormatError, JottyError, MissingFile
from ...events import tag_of
from ...log import layout
from ...log.files import Files
from ...projection import Found, Projection, is_layered
from ...runs.lineage import Span
from .heads import head_at
from .index import KeptIndex
from .laid import Laid, Saved
from .manifest import MANIFEST, SHEETS, Kept, Manifest, Sheets, unseal

LOG = logging.getLogger("jotty_events")

Rescue = Callable[[Projection, "Opened"], Any]
"""Gives a projection's state at the place of a snapshot that turned out damaged, in another way."""


@dataclass
class Opened:
    """A snapshot in use: the states of some projections after record `seq` of `run`."""

    folder: str
    manifest: Manifest
    states: dict[str, Any]
    saved: Saved

    @property
    def run(self) -> str:
        """The run that it stands in."""
        return self.manifest.run

    @property
    def seq(self) -> int:
        """The seq after which it was made."""
        return self.manifest.seq


class Snapshots:
    """The snapshots of a history; remembers which folders were found damaged."""

    def __init__(self) -> None:
        self._distrusted: dict[str, str] = {}

    def distrust(self, home: str, why: str) -> None:
        """Use nothing more of a folder."""
        if home not in self._distrusted:
            LOG.warning("%s: what it holds is replayed instead", why)
        self._distrusted.setdefault(home, why)

    def distrusts(self, home: str) -> bool:
        """Say whether a folder was found damaged."""
        return home in self._distrusted

    def usable(self, span: Span, wanted: Sequence[Projection], rescue: Rescue) -> Iterator[Opened]:
        """Give out the snapshots in a span that have some of the wanted projections, newest first."""
        for folder in _folders(span.run.files, span.run.run, span.upto):
            found = self._open(span, folder, wanted, rescue)
            if found is not None and found.states:
                yield found

    def _open(self, span: Span, folder: str, wanted: Sequence[Projection], rescue: Rescue) -> Opened | None:
        files = span.run.files
        try:
            manifest = read_manifest(files, folder)
            self._require_right(manifest, span, folder, files)
            found = Opened(folder, manifest, {}, Saved(kept=manifest.kept))
            _Opening(files, found, self.distrust, rescue).open(wanted)
        except MissingFile as error:
            LOG.info("the snapshot %s is not whole: %s", files.describe(folder), error)
        except (JottyError, OSError, ValueError) as error:
            # A manifest that was sealed by somebody else may hold texts that are no numbers.
            self.distrust(folder, f"the snapshot {files.describe(folder)} is ignored: {error}")
        else:
            return found
        return None

    def _require_right(self, manifest: Manifest, span: Span, folder: str, files: Files) -> None:
        where = files.describe(folder)
        bad = [home for home in (folder, *manifest.homes) if self.distrusts(home)]
        if bad:
            raise FormatError(f"it needs {bad[0]}", file=where)
        if manifest.run != span.run.run or layout.seq_of_snapshot(folder.rpartition("/")[2]) != manifest.seq:
            raise FormatError(f"it was made for {manifest.run}@{manifest.seq}", file=where)
        if head_at(span, manifest.seq) != bytes.fromhex(manifest.head):
            raise FormatError("the run has another head at its seq", file=where)


def read_manifest(files: Files, folder: str) -> Manifest:
    """Read the manifest of a snapshot; MissingFile, UnsafeFile, FormatError."""
    path = f"{folder}/{MANIFEST}"
    return unseal(Manifest, files.read(path), files.describe(path))


def _folders(files: Files, run: str, upto: int) -> list[str]:
    """Return the folders of a run's snapshots after seqs up to one, newest first."""
    found = []
    for name in files.names(layout.snapshots(run)):
        seq = layout.seq_of_snapshot(name)
        if seq is not None and seq <= upto:
            found.append((seq, name))
    return [f"{layout.snapshots(run)}/{name}" for _, name in sorted(found, reverse=True)]


class _Opening:
    """Opens the projections of one snapshot."""

    def __init__(self, files: Files, opened: Opened, distrust: Callable[[str, str], None], rescue: Rescue) -> None:
        self._files = files
        self._opened = opened
        self._distrust = distrust
        self._rescue = rescue
        self._sheets: dict[str, Sheets] = {}

    def open(self, wanted: Iterable[Projection]) -> None:
        """Open what is there of the wanted projections; JottyError, OSError."""
        for projection in wanted:
            kept = self._opened.manifest.projections.get(projection.name)
            if kept is not None and self._suits(projection, kept):
                self._take(projection, kept)
        for name, index in self._opened.manifest.indexes.items():
            if index.of in self._opened.states:
                laid = {array: self._laid(layer) for array, layer in index.arrays.items()}
                opened = KeptIndex(index.version, laid, index.came, index.went)
                self._opened.saved.indexes[name] = opened
                self._opened.saved.made[name] = opened, laid

    def _suits(self, projection: Projection, kept: Kept) -> bool:
        if (kept.version, kept.layered) != (projection.version, is_layered(projection)):
            LOG.info("%s has %s in another version", self._opened.folder, projection.name)
            return False
        read = {event if isinstance(event, str) else tag_of(event) for event in projection.reads}
        return not read.intersection(self._opened.manifest.missed)

    def _take(self, projection: Projection, kept: Kept) -> None:
        laid = {name: [self._laid(layer) for layer in table.layers] for name, table in kept.tables.items()}
        state = self._layered(projection, kept, laid) if kept.layered else self._loaded(projection, laid)
        if projection.digest(state) != kept.digest:
            raise FormatError(f"the state of {projection.name} has another digest", file=self._opened.folder)
        self._opened.states[projection.name] = state
        self._opened.saved.layers[projection.name] = laid
        self._opened.saved.digests[projection.name] = kept.digest

    def _laid(self, layer: Any) -> Laid:
        sha = self._opened.manifest.homes.get(layer.home, "")
        sheet = self._sheets_of(layer.home, sha).sheets.get(layer.sheet)
        if sheet is None:
            raise FormatError(f"{layer.home} has no sheet {layer.sheet}", file=layer.home)
        return Laid(self._files, layer, sheet, sha, self._distrust)

    def _sheets_of(self, home: str, sha: str) -> Sheets:
        found = self._sheets.get(home)
        if found is None:
            path = f"{home}/{SHEETS}"
            data = self._files.read(path)
            if sha256(data).hexdigest() != sha:
                raise FormatError(f"{path} is not what the snapshot was made with", file=self._files.describe(path))
            found = self._sheets[home] = unseal(Sheets, data, self._files.describe(path))
        return found

    def _layered(self, projection: Any, kept: Kept, laid: Mapping[str, list[Laid]]) -> Any:
        schemas = projection.schemas()
        if schemas.keys() != kept.tables.keys():
            raise FormatError(f"it has other tables of {projection.name}", file=self._opened.folder)
        found = {
            name: Found(
                [one.opened(schemas[name]) for one in laid[name]], table.count, table.next_nth, int(table.total, 16)
            )
            for name, table in kept.tables.items()
        }
        return projection.opened(found, lambda: self._rescue(projection, self._opened))

    def _loaded(self, projection: Projection, laid: Mapping[str, list[Laid]]) -> Any:
        tables = {name: one.opened().table() for name, (one,) in laid.items()}
        try:
            return projection.load(tables)
        except Exception as error:
            raise FormatError(f"{projection.name} cannot load its dump: {error!r}", file=self._opened.folder) from error
