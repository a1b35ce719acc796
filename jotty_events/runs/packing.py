"""Packing: loose segments of many runs become a pack, whatever happens on the way.

Invariants: one packer at a time (`packs/LOCK`), which holds the LOCK of each run while it packs it; a run that somebody
is writing is left alone. The order is: tables in a folder of no name, synced; read back and compared with the
segments; the folder gets its name; manifests name the pack; segments are removed. So a crash leaves either what
was there or a pack that is proven, and packing again removes the one and finishes the other.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import Corruption, JottyError, LockHeld, NameTaken
from ..log import layout
from ..log.files import Files, Lock
from ..types import Clock
from .begun import UNREADABLE, clear_begun, finish_packs, is_loose, remove_leftovers, remove_segments
from .loose import LooseRun, Part, loose_run
from .reader import RunReader
from .receipt import write_failed
from .tree import Tree
from .witness import Witness

if TYPE_CHECKING:
    from ..log.pack.reading import Pack

MOST_BYTES = 1 << 30
"""About so many bytes of segments become one pack; more make several."""
MOST_RUNS = 256
"""So many runs share a pack at most: the packer holds the locks of all of them."""

Progress = Callable[[int], None]
"""Told how many records were packed since it was last told."""


@dataclass(frozen=True)
class NewPack:
    """A pack that was made: its id, the runs in it, its records, the bytes of their segments and of its files."""

    pack: str
    runs: list[str]
    records: int
    before: int
    after: int


@dataclass
class PackReport:
    """What packing did: new packs, packs that were finished, and runs that were left alone, with the reason."""

    packs: list[NewPack] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Chosen:
    """What goes into one pack: runs with the parts of each, and their locks."""

    parts: list[tuple[LooseRun, list[Part]]] = field(default_factory=list)
    locks: ExitStack = field(default_factory=ExitStack)
    size: int = 0

    def add(self, run: LooseRun, part: Part) -> None:
        if not self.parts or self.parts[-1][0] is not run:
            self.parts.append((run, []))
        self.parts[-1][1].append(part)
        self.size += part.segment.size

    @property
    def full(self) -> bool:
        return self.size >= MOST_BYTES or len(self.parts) >= MOST_RUNS


class Packer:
    """Packs what is loose below one folder. `library` is written down as who did it."""

    def __init__(self, tree: Tree, clock: Clock, library: str) -> None:
        self._tree = tree
        self._files: Files = tree.files
        self._clock = clock
        self._library = library
        self._report = PackReport()

    def pack(self, progress: Progress | None = None) -> PackReport:
        """Pack everything that can be; LockHeld while another does, WriteFailed if the disk refuses.

        Runs that are being written or damaged are left alone, and told in the report.
        """
        self._report = PackReport()
        if not self._tree.run_ids():
            return self._report
        try:
            with self._alone():
                clear_begun(self._files)
                self._report.finished = finish_packs(self._tree)
                remove_leftovers(self._tree)
                self._pack_all(progress or _untold)
        except OSError as error:
            raise write_failed(error, self._files.describe(layout.PACKS)) from error
        return self._report

    @contextmanager
    def _alone(self) -> Iterator[None]:
        for folder in (layout.PACKS, layout.PACKS_BEGUN):
            with suppress(NameTaken):
                self._files.make_folder(folder)
        lock = self._files.lock(layout.PACKS_LOCK)
        try:
            yield
        finally:
            lock.release()

    def _pack_all(self, progress: Progress) -> None:
        chosen = _Chosen()
        try:
            for run in self._tree.run_ids():
                found = self._take(run, chosen)
                for part in found.parts if found else ():
                    chosen.add(found, part)  # type: ignore[arg-type]
                    if chosen.full:
                        self._pack(chosen, progress)
                        chosen.parts, chosen.size = [], 0
                if not chosen.parts:
                    chosen.locks.close()
            self._pack(chosen, progress)
        finally:
            chosen.locks.close()

    def _take(self, run: str, chosen: _Chosen) -> LooseRun | None:
        """Lock a run and return what is loose of it; None if nothing is, or if it has to be left alone."""
        try:
            if not self._tree.exists(run) or not is_loose(RunReader(self._files, run).manifest):
                return None
            lock: Lock = self._files.lock(layout.lock(run))
            chosen.locks.callback(lock.release)
            return loose_run(RunReader(self._files, run, owned=True))
        except LockHeld:
            self._report.live.append(run)
        except UNREADABLE as error:
            self._report.damaged.append((run, error.message))
        return None

    def _pack(self, chosen: _Chosen, progress: Progress) -> None:
        """Make a pack of what was chosen; a run that proves to be damaged is left out, and the rest tried again."""
        while chosen.parts:
            try:
                self._make(chosen, progress)
            except _Damaged as found:
                self._report.damaged.append((found.run, found.message))
                chosen.parts = [one for one in chosen.parts if one[0].run != found.run]
            else:
                return

    def _make(self, chosen: _Chosen, progress: Progress) -> None:
        pack = layout.pack_id(self._clock(), [*self._files.names(layout.PACKS), *self._files.names(layout.PACKS_BEGUN)])
        try:
            try:
                after = self._write(pack, chosen, progress)
            except OverflowError:
                clear_begun(self._files)
                after = self._write(pack, chosen, progress, careful=True)
        except BaseException:
            with suppress(OSError, JottyError):
                clear_begun(self._files)
            raise
        self._files.move_folder(layout.begun_pack(pack), layout.pack(pack))
        self._files.sync(layout.PACKS)
        self._files.sync("")
        for run, parts in chosen.parts:
            run.put(pack, parts)
        for run, parts in chosen.parts:
            remove_segments(self._files, run.run, parts)
        every = [part.segment for _, parts in chosen.parts for part in parts]
        runs = [run.run for run, _ in chosen.parts]
        records = sum(one.last - one.first + 1 for one in every)
        self._report.packs.append(NewPack(pack, runs, records, sum(one.size for one in every), after))

    def _write(self, pack: str, chosen: _Chosen, progress: Progress, *, careful: bool = False) -> int:
        """Write the tables and prove them; returns the bytes that the pack takes."""
        # Arrow takes a while to load, and only who packs needs it.
        from ..log.pack.reading import Pack
        from ..log.pack.writing import PackWriter

        writer = PackWriter(self._files, pack, careful=careful)
        seen: list[str] = []
        try:
            for run, parts in chosen.parts:
                for part in parts:
                    witness = Witness()
                    with _blaming(run.run):
                        writer.add(run.run, part.before, witness.watch(run.commits(part)))
                    seen.append(witness.digest)
            writer.finish(self._library, round(self._clock() * 1e6))
        finally:
            writer.close()
        self._prove(Pack(self._files, pack, writer.folder), chosen, seen, progress)
        return sum(self._files.size(f"{writer.folder}/{name}") for name in self._files.names(writer.folder))

    def _prove(self, written: "Pack", chosen: _Chosen, seen: list[str], progress: Progress) -> None:
        """Read back what was written, and see that it is to the byte what was seen in the segments; Corruption."""
        every = [(run.run, part.segment.first) for run, parts in chosen.parts for part in parts]
        for place, (run, first) in enumerate(every):
            witness = Witness()
            for commit in witness.watch(written.commits(place)):
                progress(len(commit.lines))
            if witness.digest != seen[place]:
                what = f"{run} reads otherwise from the pack than from its segment {first}"
                raise Corruption(what, file=self._files.describe(written.folder), offset=0, hint="report this")
        for entry in written.manifest.tables:
            if written.table(entry.name).digest() != entry.sha256:
                raise written.table(entry.name).corrupt("the file is not what was written")


class _Damaged(Exception):
    """A run that cannot be read to its end."""

    def __init__(self, run: str, message: str) -> None:
        super().__init__(message)
        self.run = run
        self.message = message


@contextmanager
def _blaming(run: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise _Damaged(run, error.message) from error


def _untold(count: int) -> None:
    """Take note of nothing."""
