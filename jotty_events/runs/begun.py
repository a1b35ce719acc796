"""What a packer that was stopped left behind: packs not done, packs that no manifest names, segments that stayed.

Invariants: only who holds `packs/LOCK` calls these. A run may name a pack that holds its loose segments; since it was
proven its bytes may have changed, so it is proven again. A segment is removed only if the manifest on disk says that it
is packed. A run whose manifest is damaged is passed over.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import Corruption, FormatError, LockHeld, MissingFile, UnsafeFile
from ..log import layout
from ..log.files import Files
from ..log.manifest import Manifest, Segment
from .loose import LooseRun, Part, loose_run
from .packs import Packs
from .reader import RunReader
from .tree import Tree
from .witness import Witness

if TYPE_CHECKING:
    from ..log.pack.reading import Pack

UNREADABLE = (Corruption, FormatError, MissingFile, UnsafeFile)
"""What reading a damaged run raises."""


def manifest_in(tree: Tree, run: str) -> Manifest | None:
    """Return a run's manifest, None if there is none, or if it is damaged: packing that run tells of it."""
    try:
        return RunReader(tree.files, run).manifest if tree.exists(run) else None
    except UNREADABLE:
        return None


def is_loose(manifest: Manifest) -> bool:
    """Say whether a run may have something to pack."""
    return manifest.active is not None or any(map(_is_loose, manifest.segments))


def _is_loose(segment: Segment) -> bool:
    return not isinstance(segment.pack, str) and segment.last >= segment.first


def clear_begun(files: Files) -> None:
    """Remove packs that were never done; OSError."""
    for pack in files.names(layout.PACKS_BEGUN):
        folder = f"{layout.PACKS_BEGUN}/{pack}"
        for name in files.names(folder):
            files.remove(f"{folder}/{name}")
        files.remove_folder(folder)


def finish_packs(tree: Tree) -> list[str]:
    """Let runs name the packs that hold their loose segments already; returns these packs. OSError, Corruption."""
    names = [name for name in tree.files.names(layout.PACKS) if layout.is_pack_id(name)]
    manifests = ((run, manifest_in(tree, run)) for run in (tree.run_ids() if names else ()))
    loose = {run for run, manifest in manifests if manifest is not None and is_loose(manifest)}
    return [name for name in names if loose and _finish(tree, name, loose)]


def _finish(tree: Tree, name: str, loose: set[str]) -> bool:
    pack = Packs(tree.files).pack(name)
    spans = {(one.run, one.first, one.last, one.head) for one in pack.spans() if one.run in loose}
    finished = False
    for run in sorted({one[0] for one in spans}):
        with suppress(LockHeld):
            lock = tree.files.lock(layout.lock(run))
            try:
                with suppress(*UNREADABLE):
                    finished |= _name(loose_run(RunReader(tree.files, run, owned=True)), pack, spans)
            finally:
                lock.release()
    return finished


def _name(run: LooseRun, pack: "Pack", spans: set[tuple[str, int, int, str]]) -> bool:
    """Let a run name a pack, if it holds some of the run's loose segments."""
    parts = [one for one in run.parts if _named(one) in spans and _holds(pack, run, one)]
    if parts:
        run.put(pack.pack, parts)
        remove_segments(run.reader.files, run.run, parts)
    return bool(parts)


def _holds(pack: "Pack", run: LooseRun, part: Part) -> bool:
    """Say whether a pack gives to the byte what stands in a segment; one that does not is left, and named by nobody."""
    stands, packed = Witness(), Witness()
    try:
        deque(stands.watch(run.commits(part)), maxlen=0)
        deque(packed.watch(pack.commits(pack.span_of(run.run, part.segment))), maxlen=0)
    except UNREADABLE:
        return False
    return stands.digest == packed.digest


def _named(part: Part) -> tuple[str, int, int, str]:
    return part.run, part.segment.first, part.segment.last, part.segment.head


def remove_segments(files: Files, run: str, parts: Sequence[Part]) -> None:
    """Remove the files of segments that the manifest says are packed; OSError."""
    _remove(files, run, (one.segment.first for one in parts))


def _remove(files: Files, run: str, firsts: Iterable[int]) -> None:
    for first in firsts:
        with suppress(MissingFile):
            files.remove(layout.segment(run, first))
    files.sync(layout.events(run))


def remove_leftovers(tree: Tree) -> None:
    """Remove the files of segments that are packed; OSError."""
    for run in tree.run_ids():
        names = set(tree.files.names(layout.events(run)))
        manifest = manifest_in(tree, run) if names else None
        if manifest is not None:
            packed = [one.first for one in manifest.segments if isinstance(one.pack, str)]
            left = [first for first in packed if layout.segment(run, first).rpartition("/")[2] in names]
            if left:
                _remove(tree.files, run, left)
