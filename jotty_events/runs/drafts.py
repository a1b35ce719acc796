"""Runs that are written before anybody is to continue from them, and become part of the history all at once.

Invariants: a draft is a run like any other for whoever names it, but never `latest`. Publishing begins with the run
that is to be `latest`: one replaced manifest is the moment at which all of them count, also where a program was stopped
right after it. What one left that was stopped before is a draft for ever.
"""

from collections.abc import Iterator, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from ..log import layout
from ..log.files import Files
from ..log.manifest import seal
from .reader import RunReader
from .receipt import write_failed
from .tree import Tree


def publish(files: Files, runs: Sequence[str]) -> None:
    """Make drafts that were closed count, given oldest first; WriteFailed, LockHeld."""
    try:
        for run in reversed(runs):
            _publish(files, run)
        if runs and not RunReader(files, runs[-1]).manifest.experiment:
            files.point(layout.LATEST, runs[-1])
    except OSError as error:
        raise write_failed(error, files.describe("")) from error


def drafts_before(tree: Tree, run: RunReader) -> Iterator[RunReader]:
    """Give out the drafts that a run of the same import follows, newest first: they count as it does.

    UnknownRun or FormatError for one that is gone or damaged.
    """
    while run.parent is not None and (before := tree.run(run.parent.run)).draft:
        yield before
        run = before


def _publish(files: Files, run: str) -> None:
    lock = files.lock(layout.lock(run))
    try:
        manifest = RunReader(files, run).manifest
        files.replace(layout.manifest(run), seal(replace(manifest, draft=UNSET)))
    finally:
        lock.release()
