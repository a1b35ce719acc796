"""Unpacking a bundle: its runs become runs of an output folder.

Invariants: a run appears whole or not at all, ancestors first: it is written aside and then gets its name. A run that
is there already is left as it is, if it is the same one and reaches as far; one of the same id and another uid is
refused, before anything is written. Nothing outside the folder is written, whatever the bundle says.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import JottyError, NameTaken
from ...log import layout
from ...log.files import Files
from ...runs.reader import RunReader
from ...runs.receipt import write_failed
from ...runs.tree import Tree
from .manifest import BundledRun
from .opening import Bundle


@dataclass(frozen=True)
class Unpacked:
    """What became of a bundle's runs: those that are new, and those that were there before."""

    added: list[str]
    present: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)


def unpack(bundle: Bundle, tree: Tree) -> Unpacked:
    """Bring the runs of a bundle into a folder; NameTaken, FormatError, Corruption, LockHeld, WriteFailed.

    `latest` names what it names by the ids of all runs then.
    """
    present = [run.run for run in bundle.manifest.runs if _is_there(run, tree)]
    absent = [run.run for run in bundle.manifest.runs if run.run not in present]
    for run in bundle.manifest.runs:
        for _ in RunReader(bundle.files, run.run).commits():
            pass  # what cannot be read is refused here, before anything is written
    try:
        _Unpacking(bundle, tree.files).all(absent)
        latest = tree.latest()
        if latest is not None:
            tree.files.point(layout.LATEST, latest.run)
    except OSError as error:
        raise write_failed(error, tree.files.describe("")) from error
    return Unpacked(absent, present)


def _is_there(run: BundledRun, tree: Tree) -> bool:
    """Say whether a folder has a run already; NameTaken if what it has under that id is not the same."""
    if not tree.files.exists(run.run):
        return False
    reader = RunReader(tree.files, run.run)
    if reader.manifest.uid != run.uid:
        raise NameTaken(
            f"{tree.files.describe(run.run)} is another run of the same id", hint="unpack into another folder"
        )
    end = next(reader.ends(run.last - 1), None)
    if end is None or (end.last, end.head.hex()) != (run.last, run.head):
        raise NameTaken(
            f"{tree.files.describe(run.run)} is the same run, and does not reach seq {run.last} or differs there",
            hint="unpack into another folder: no run is written on",
        )
    return True


class _Unpacking:
    """Writes runs aside, and gives them their names."""

    def __init__(self, bundle: Bundle, files: Files) -> None:
        self._bundle = bundle
        self._files = files

    def all(self, runs: list[str]) -> None:
        """Write runs, oldest first, alone."""
        if not runs:
            return
        with suppress(NameTaken):
            self._files.make_folder(layout.UNPACKING)
        lock = self._files.lock(layout.UNPACKING_LOCK)
        try:
            for run in runs:
                self._clear(run)
                self._write(run)
                self._files.move_folder(layout.unpacking(run), run)
                self._files.sync("")
        finally:
            lock.release()

    def _write(self, run: str) -> None:
        self._files.make_folder(f"{layout.UNPACKING}/{layout.events(run)}")
        for path in self._bundle.paths(run):
            sink = self._files.create(f"{layout.UNPACKING}/{path}")
            try:
                sink.write(self._bundle.content(path))
                sink.sync()
            finally:
                sink.close()
        for folder in (layout.events(run), run):
            self._files.sync(f"{layout.UNPACKING}/{folder}")

    def _clear(self, run: str) -> None:
        """Remove what somebody who was stopped left of a run."""
        for folder in (f"{layout.UNPACKING}/{layout.events(run)}", layout.unpacking(run)):
            for name in self._files.names(folder):
                self._files.remove(f"{folder}/{name}")
            with suppress(JottyError):
                self._files.remove_folder(folder)
