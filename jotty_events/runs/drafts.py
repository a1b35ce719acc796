"""Runs that are written before anybody is to continue from them, and become part of the history all at once.

Invariants: a draft is a run like any other for whoever names it, but never `latest`. Publishing begins with the run
that is to be `latest`: one replaced manifest is the moment at which all of them count. What a stopped program left is
a draft for ever.
"""

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from ..log import layout
from ..log.files import Files
from ..log.manifest import seal
from .reader import RunReader
from .receipt import write_failed


def publish(files: Files, runs: Sequence[str]) -> None:
    """Make drafts that were closed count, given oldest first; WriteFailed, LockHeld."""
    try:
        for run in reversed(runs):
            _publish(files, run)
        if runs:
            files.point(layout.LATEST, runs[-1])
    except OSError as error:
        raise write_failed(error, files.describe("")) from error


def _publish(files: Files, run: str) -> None:
    lock = files.lock(layout.lock(run))
    try:
        manifest = RunReader(files, run).manifest
        files.replace(layout.manifest(run), seal(replace(manifest, draft=UNSET)))
    finally:
        lock.release()
