"""The history of an output folder: its runs, and the state at any point of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from os import PathLike
from typing import Any

from projections import READ_MODELS

from . import __version__
from .log.files import DiskFiles, Files
from .projection import Projection
from .reading.check import Checked
from .reading.check import check as check_tree
from .reading.replay import Progress, Resuming, require_names_apart
from .reading.snapshot.saving import Place, Saver, Saving
from .reading.snapshot.store import Snapshots
from .reading.tables import events_of
from .reading.verify import Verified
from .reading.verify import verify as verify_tree
from .reading.walk import Factory
from .runs.lineage import Kept
from .runs.packing import Packer, PackReport
from .runs.point import Point
from .runs.reader import RunReader
from .runs.tree import Tree
from .state import State


class History:
    """All runs under one folder; reading changes nothing there."""

    def __init__(
        self,
        output: str | PathLike[str] = "./outputs",
        *,
        projections: Sequence[Projection] = (),
        files: Files | None = None,
    ) -> None:
        """`projections` are read models of your own, beside those of this project."""
        self.tree = Tree(DiskFiles(output) if files is None else files)
        self._projections: tuple[Projection, ...] = (*READ_MODELS, *projections)
        self._resuming = Resuming(self.tree.run, Snapshots())

    def runs(self) -> list[RunReader]:
        """Return the runs, oldest first."""
        return list(self.tree.runs())

    def point(self, text: str | Point = "latest") -> Point:
        """Return the place that a point names; PointError or UnknownRun if there is none."""
        return self.tree.resolve(str(text))

    def records(self, point: str | Point = "latest", after: int = 0) -> Iterator[Kept]:
        """Give out the records that lead to a point, those after seq `after`, with the runs that they stand in."""
        return self.tree.lineage(self.point(point)).records(after)

    def at(self, point: str | Point = "latest", progress: Progress | None = None) -> State:
        """Return the state at a point: of the nearest snapshot before it, and what was recorded since."""
        require_names_apart(self._projections)
        replay = self._resuming.at(self.point(point), self._projections, progress)
        return State(self._projections, replay.result.states)

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
