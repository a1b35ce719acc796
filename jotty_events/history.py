"""The history of an output folder: its runs, the state at any point of them, and all that is asked of it."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import Any

from projections import READ_MODELS

from . import __version__
from .projection import Projection
from .reading.check import Checked
from .reading.check import check as check_tree
from .reading.snapshot.saving import Place, Saver, Saving
from .reading.tables import events_of
from .reading.verify import Verified
from .reading.verify import verify as verify_tree
from .reading.walk import Factory
from .runs.packing import Packer, PackReport
from .runs.point import Point
from .verbs.asking import Asking
from .verbs.branching import Branching
from .verbs.bundling.opening import open_bundle


class History(Asking, Branching):
    """All runs under one folder; reading changes nothing there."""

    @classmethod
    def open_bundle(cls, file: str | PathLike[str], *, projections: Sequence[Projection] = ()) -> "History":
        """Return the history in a bundle, where it lies: it can be read like any other, and not written.

        MissingFile; FormatError for what is no sound bundle.
        """
        return cls(projections=projections, files=open_bundle(file).files)

    def snapshot(self, point: str | Point = "latest") -> bool:
        """Keep the state at a point, so that it and later ones are found sooner; returns whether that was possible.

        It is only a cache: no answer changes. PointError for a point inside a commit, and as `at` does.
        """
        found = self.point(point)
        place = self.tree.parent(found, durably=False)
        result = self._resuming.at(found, self._projections).result
        if result.saved_at == found.seq and result.saved.digests.keys() == result.states.keys():
            return True
        saver = Saver(self.tree.files, self._resuming.snapshots, result.saved, __version__, Saving())
        head = bytes.fromhex(place.head)
        return saver.save(
            Place(found.run, found.seq, head), result.states, self._projections, result.unknown, sorted(result.missed)
        )

    def events(self, tag: str) -> Any:
        """Return the events of one type, of all runs, as a `pyarrow.dataset.Dataset`: packed and loose ones alike.

        Columns are `run`, `seq`, `at`, then the event's fields; what is nested is JSON text. ConfigError for a tag that
        no event has; Corruption.
        """
        return events_of(self.tree, tag)

    def pack(self) -> PackReport:
        """Pack the closed segments of all runs into Parquet tables; no answer changes.

        Runs that are being written are left alone. LockHeld while another process packs, WriteFailed if the disk
        refuses.
        """
        return Packer(self.tree, time.time, f"jotty-events {__version__}").pack()

    def check(self) -> Checked:
        """Return what is not as it was written: empty when the bytes of all runs are sound."""
        return check_tree(self.tree)

    def verify(
        self,
        runs: Sequence[str] | None = None,
        progress: Callable[[str], None] | None = None,
        *,
        deep: bool = False,
        most: int = 1,
        workers: int = 1,
    ) -> Verified:
        """Return what follows otherwise than it was recorded: empty when the rules agree with all runs.

        With `deep`, what was read is compared with the replayed state, too. `runs` names those to verify, `most` says
        how many divergences of each are wanted; `progress` is told each run's id. `workers` processes share the work
        where there is much of it. UnknownRun, FormatError, Corruption.
        """
        return verify_tree(
            self.tree, runs, progress, most=most, deep=self._reenactment() if deep else None, workers=workers
        )

    def _reenactment(self) -> Factory:
        from .reenacting import deep

        return partial(deep, self._projections[len(READ_MODELS) :])
