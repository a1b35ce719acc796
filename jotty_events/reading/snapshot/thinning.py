"""Which snapshots are kept, and taking away the others.

Invariants: the newest few stay, and of the older ones ever fewer: two that follow each other are at most as far apart
as a share of their age. No more than so many runs have any. A sheet goes with the last snapshot that names it, as far
as this lineage and the newest runs know; who misses one replays.
"""

from collections.abc import Iterable, Iterator, Sequence

from ...errors import JottyError
from ...log import layout
from ...log.files import Files
from .manifest import MANIFEST, SHEETS, Layer, Manifest, Sheets, unseal
from .store import LOG, read_manifest

NEWEST = 4
SHARE = 16
"""Before a point that is n events old, there is a snapshot within about n / SHARE events, while there is room."""
LOOKED_AT = 50
"""So many of the newest runs are looked at for snapshots of other lineages."""


def chosen(folders: Sequence[str], runs: int) -> list[str]:
    """Return which of a lineage's snapshots to keep, oldest first as they are given; in at most so many runs."""
    share = float(SHARE)
    while True:
        kept = _spaced(folders, share)
        if len({run_of(folder) for folder in kept}) <= runs or share < 1e-3:
            newest = sorted({run_of(folder) for folder in kept})[-runs:]
            return [folder for folder in kept if run_of(folder) in newest]
        share /= 2


def _spaced(folders: Sequence[str], share: float) -> list[str]:
    if not folders:
        return []
    end = seq_of(folders[-1])
    kept = list(folders[-NEWEST:])
    older = folders[:-NEWEST]
    for at in range(len(older) - 1, -1, -1):
        # Left out only where the one before it is near enough for all that lies in between.
        before = seq_of(older[at - 1]) if at else 0
        if seq_of(kept[0]) - before > (end - seq_of(kept[0])) / share:
            kept.insert(0, older[at])
    return kept


def run_of(folder: str) -> str:
    """Return the run that a snapshot stands in."""
    return folder.partition("/")[0]


def seq_of(folder: str) -> int:
    """Return the seq that a snapshot was made after."""
    return layout.seq_of_snapshot(folder.rpartition("/")[2]) or 0


def take_away(files: Files, dropped: Iterable[str], kept: Iterable[str]) -> None:
    """Remove snapshots, and all sheets that none of those kept needs; what cannot be removed stays."""
    gone = {folder: found for folder in dropped if (found := _manifest(files, folder)) is not None}
    if not gone:
        return
    needed = _needed(files, {*kept, *_elsewhere(files)} - gone.keys())
    for folder in gone:
        files.remove(f"{folder}/{MANIFEST}")
    for home in sorted({home for folder, found in gone.items() for home in (folder, *found.homes)}):
        _sweep(files, home, needed.get(home))


def _manifest(files: Files, folder: str) -> Manifest | None:
    try:
        return read_manifest(files, folder)
    except (JottyError, OSError) as error:
        LOG.info("%s is no snapshot: %s", files.describe(folder), error)
        return None


def _elsewhere(files: Files) -> list[str]:
    """Return the snapshots of the newest runs, whatever lineage they are of."""
    runs = [name for name in files.names("") if layout.is_run_id(name)][-LOOKED_AT:]
    folders = (f"{layout.snapshots(run)}/{name}" for run in runs for name in files.names(layout.snapshots(run)))
    return [folder for folder in folders if files.exists(f"{folder}/{MANIFEST}")]


def _needed(files: Files, folders: Iterable[str]) -> dict[str, set[str]]:
    """Return the sheets that some snapshots need, by the folders that they stand in."""
    needed: dict[str, set[str]] = {}
    for folder in folders:
        found = _manifest(files, folder)
        for layer in _layers(found) if found else ():
            needed.setdefault(layer.home, set()).add(layer.sheet)
    return needed


def _layers(manifest: Manifest) -> Iterator[Layer]:
    for one in manifest.projections.values():
        for table in one.tables.values():
            yield from table.layers
    for index in manifest.indexes.values():
        yield from index.arrays.values()


def _sweep(files: Files, home: str, needed: set[str] | None) -> None:
    """Remove what nobody needs of a folder."""
    if files.exists(f"{home}/{MANIFEST}"):
        return
    spared = {SHEETS, *_files_of(files, home, needed)} if needed else set[str]()
    for name in files.names(home):
        if name not in spared:
            files.remove(f"{home}/{name}")
    if not spared:
        files.remove_folder(home)


def _files_of(files: Files, home: str, sheets: set[str]) -> set[str]:
    path = f"{home}/{SHEETS}"
    described = unseal(Sheets, files.read(path), files.describe(path)).sheets
    return {one.file for name, one in described.items() if name in sheets}
