"""Writing a snapshot: what changed since the one before, as sheets over its sheets.

Invariants: sheets come first and the manifest last, aside and renamed: half a snapshot is none. Of two sheets that
follow each other the upper one has less than half as many rows, else they are made one: so there are few, and a row is
written again only as often as the table doubles. Bytes are not synced: what a power loss takes is noticed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

from ...errors import DamagedSnapshot, MissingFile, NameTaken, UnsafeFile
from ...log import layout
from ...log.files import Files
from ...projection import Layered, Piece, Projection, is_layered
from .index import TEXTS, Index
from .laid import Laid, Saved
from .manifest import MANIFEST, SHEETS, Kept, KeptIndex, Layer, Manifest, Sheet, Sheets, Table, seal
from .store import Snapshots

_SMALL = 512
"""Sheets of no more rows are always made one with what comes over them."""


class Place(NamedTuple):
    """The end of a commit: its run, its last seq, and the head of the chain there."""

    run: str
    seq: int
    head: bytes


class Writing:
    """Writes one snapshot. `saved` is what lies beneath the states, and what it is brought up to at the end."""

    def __init__(self, files: Files, snapshots: Snapshots, place: Place, saved: Saved, library: str) -> None:
        """Make the folder; OSError."""
        self.folder = _new_folder(files, place)
        self._files, self._snapshots, self._place, self._saved = files, snapshots, place, saved
        self._library = library
        self._sheets: dict[str, Sheet] = {}
        self._kept: dict[str, Kept] = {}
        self._layers: dict[str, dict[str, list[Laid]]] = {}
        self._indexes: dict[str, KeptIndex] = {}
        self._made: dict[str, tuple[object, dict[str, Laid]]] = {}
        self._settling: list[Callable[[], None]] = []

    def take(self, projection: Projection, state: Any) -> None:
        """Write what changed in a projection; OSError, or whatever a projection raises."""
        name = projection.name
        digest = projection.digest(state)
        if not is_layered(projection):
            laid = self._dumped(projection, state, digest)
            tables = {table: Table([one.layer for one in layers], 0, 0, "0") for table, layers in laid.items()}
        else:
            pieces = projection.changes(state, self._damaged(name))
            laid = {table: self._laid(projection, state, table, piece) for table, piece in pieces.items()}
            tables = {
                table: Table([one.layer for one in laid[table]], piece.count, piece.next_nth, f"{piece.total:x}")
                for table, piece in pieces.items()
            }
            self._settling.append(lambda: projection.settle(state))
        self._layers[name] = laid
        self._kept[name] = Kept(projection.version, digest, is_layered(projection), tables)

    def _damaged(self, name: str) -> frozenset[str]:
        layers = self._saved.layers.get(name, {})
        return frozenset(table for table, laid in layers.items() if not all(self._stands(one) for one in laid))

    def _stands(self, one: Laid) -> bool:
        """Say whether a sheet can be built on; another process may have thinned its snapshot out."""
        home = one.layer.home
        return not self._snapshots.distrusts(home) and self._files.exists(f"{home}/{one.sheet.file}")

    def _laid(self, projection: Layered, state: Any, table: str, piece: Piece) -> list[Laid]:
        beneath = [] if piece.whole else self._saved.layers.get(projection.name, {}).get(table, [])
        try:
            return self._laid_over(projection, table, beneath, piece)
        except (DamagedSnapshot, MissingFile, UnsafeFile):
            whole = projection.changes(state, frozenset([table]))[table]
            return self._laid_over(projection, table, [], whole)

    def _laid_over(self, projection: Layered, table: str, beneath: Sequence[Laid], piece: Piece) -> list[Laid]:
        """Return the sheets of a table with its changes: those that are not much larger are made one with them."""
        stack, rows = list(beneath), piece.rows.num_rows
        if not rows:
            return stack
        sheets = [piece.rows]
        schema = projection.schemas()[table]
        while stack and stack[-1].layer.rows <= max(2 * rows, _SMALL):
            top = stack.pop()
            sheets.insert(0, top.opened(schema).table())
            rows += top.layer.rows
        ready = len(sheets) == 1 and (stack or piece.whole)
        merged = piece.rows if ready else projection.merged(sheets, bottom=not stack)
        if not merged.num_rows:
            return stack
        return [*stack, self._written(f"{projection.name}.{table}", merged, schema.names[0])]

    def take_index(self, index: Index) -> None:
        """Write an index, or name its files where it was kept before; not without its projection, or damaged."""
        made, laid = self._saved.made.get(index.name, (None, {}))
        if index.of not in self._kept:
            return
        if made is not index.made or not all(map(self._stands, laid.values())):
            try:
                laid = self._arrays(index)
            except (DamagedSnapshot, MissingFile):
                return
        layers = {name: one.layer for name, one in laid.items()}
        self._made[index.name] = index.made, laid
        self._indexes[index.name] = KeptIndex(index.of, index.version, layers, list(index.came), list(index.went))

    def _arrays(self, index: Index) -> dict[str, Laid]:
        from .sheets import columns

        found = index.load()
        return {
            name: self._written(f"{index.name}.{name}", table, None, whole=name != TEXTS)
            for name, table in columns(found).items()
        }

    def _dumped(self, projection: Projection, state: Any, digest: str) -> dict[str, list[Laid]]:
        """Keep a projection whole, unless it is what it was."""
        if self._saved.digests.get(projection.name) == digest:
            return self._saved.layers[projection.name]
        tables = projection.dump(state)
        return {table: [self._written(f"{projection.name}.{table}", rows, None)] for table, rows in tables.items()}

    def _written(self, name: str, rows: Any, place: str | None, *, whole: bool = False) -> Laid:
        # A projection's name may be anything, another one's and its table's among them; a file's may not.
        name = name if name not in self._sheets else f"{name} {len(self._sheets)}"
        plain = "".join(one if one.isascii() and (one.isalnum() or one in "._") else "_" for one in name)[:60]
        from .sheets import write_sheet

        sheet = write_sheet(self._files, self.folder, f"{len(self._sheets):03d}.{plain}.arrow", rows, place, whole)
        self._sheets[name] = sheet
        return Laid(self._files, Layer(self.folder, name, rows.num_rows), sheet, "", self._snapshots.distrust)

    def finish(self, kept: Sequence[str], unknown: Mapping[str, int], missed: Sequence[str]) -> None:
        """Write the manifest: from now on the snapshot is there; `kept` names it and those before. OSError."""
        described = seal(Sheets(self._sheets))
        mine = sha256(described).hexdigest()
        if self._sheets:
            self._write(SHEETS, described)
        self._describe(mine)
        homes = {one.layer.home: one.home_sha256 for one in self._used()}
        manifest = Manifest(
            library=self._library,
            run=self._place.run,
            seq=self._place.seq,
            head=self._place.head.hex(),
            unknown=dict(unknown),
            missed=sorted(missed),
            projections=self._kept,
            homes=homes,
            kept=list(kept),
            indexes=self._indexes,
        )
        self._files.replace(f"{self.folder}/{MANIFEST}", seal(manifest))
        self._settle(kept)

    def _describe(self, mine: str) -> None:
        """Say of all that was just written by which `sheets.json` it is described."""

        def described(one: Laid) -> Laid:
            return one if one.home_sha256 else replace(one, home_sha256=mine)

        for tables in self._layers.values():
            tables.update({name: list(map(described, layers)) for name, layers in tables.items()})
        for _, arrays in self._made.values():
            arrays.update({name: described(one) for name, one in arrays.items()})

    def _used(self) -> Iterator[Laid]:
        yield from (one for tables in self._layers.values() for layers in tables.values() for one in layers)
        yield from (one for _, arrays in self._made.values() for one in arrays.values())

    def _settle(self, kept: Sequence[str]) -> None:
        self._saved.layers.update(self._layers)
        self._saved.digests.update({name: one.digest for name, one in self._kept.items()})
        self._saved.kept = list(kept)
        self._saved.made = self._made
        for settle in self._settling:
            settle()

    def _write(self, name: str, data: bytes) -> None:
        file = self._files.create(f"{self.folder}/{name}")
        try:
            file.write(data)
        finally:
            file.close()

    def undo(self) -> None:
        """Take away what was written of a snapshot that will not be."""
        for name in self._files.names(self.folder):
            self._files.remove(f"{self.folder}/{name}")
        self._files.remove_folder(self.folder)


def _new_folder(files: Files, place: Place) -> str:
    turn = 0
    while True:
        folder = layout.snapshot(place.run, place.seq, turn)
        try:
            files.make_folder(folder)
        except NameTaken:
            turn += 1
        else:
            return folder
