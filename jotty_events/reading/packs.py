"""Whether the files of packs are what was written: digests, sizes, and whether somebody needs them.

Invariants: what stands in a pack is compared with the chain where its runs are read; here its files are, byte by byte.
"""

from typing import TYPE_CHECKING

from ..errors import Corruption, FormatError, JottyError, UnsafeFile
from ..log import layout
from ..runs.packs import Packs
from ..runs.tree import Tree
from .findings import Checked, Finding

if TYPE_CHECKING:
    from ..log.pack.manifest import Table
    from ..log.pack.reading import Pack


def check_packs(tree: Tree, packs: Packs, result: Checked) -> None:
    """Look at the files of every pack; one that no run names any more is a note."""
    named = _named(tree)
    for pack in tree.files.names(layout.PACKS):
        if layout.is_pack_id(pack):
            _check(tree, packs.pack(pack), result)
            if pack not in named:
                _note(tree, pack, result, "no run names this pack: packing again finishes it, if it was not done")
    for begun in tree.files.names(layout.PACKS_BEGUN):
        where = tree.files.describe(layout.begun_pack(begun))
        result.notes.append(Finding(begun, where, 0, "a pack that is being written, or was never done"))


def _named(tree: Tree) -> set[str]:
    """Return the packs that runs name; a run whose manifest is damaged was found elsewhere."""
    named: set[str] = set()
    for run in tree.run_ids():
        try:
            segments = tree.run(run).manifest.segments if tree.exists(run) else []
        except JottyError:
            continue
        named.update(one.pack for one in segments if isinstance(one.pack, str))
    return named


def _check(tree: Tree, pack: "Pack", result: Checked) -> None:
    try:
        entries = pack.manifest.tables
    except (Corruption, FormatError, UnsafeFile) as error:
        result.append(_finding(pack, error))
        return
    for entry in entries:
        _check_table(pack, entry, result)
    named = {layout.pack_manifest(pack.folder), *(layout.table(pack.folder, one.name) for one in entries)}
    for name in tree.files.names(pack.folder):
        if f"{pack.folder}/{name}" not in named:
            _note(tree, pack.pack, result, f"the pack does not name the file {name}")


def _check_table(pack: "Pack", entry: "Table", result: Checked) -> None:
    try:
        table = pack.table(entry.name)
        if table.digest() != entry.sha256:
            raise table.corrupt("the file is not what was written: its SHA-256 is another")
    except (Corruption, FormatError, UnsafeFile) as error:
        result.append(_finding(pack, error))


def _finding(pack: "Pack", error: Corruption | FormatError | UnsafeFile) -> Finding:
    return Finding(pack.pack, error.file, getattr(error, "offset", 0), error.message)


def _note(tree: Tree, pack: str, result: Checked, message: str) -> None:
    result.notes.append(Finding(pack, tree.files.describe(layout.pack(pack)), 0, message))
