"""What is made of a history: branches, other learning from the same experiences, and copies elsewhere."""

import secrets
import time
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from projections import READ_MODELS

from .. import __version__
from ..log.files import DiskFiles
from ..reading.replay import Progress
from ..runs.point import Point
from ..types import Clock, Entropy
from .bundling.opening import open_bundle
from .bundling.unpacking import Unpacked, unpack
from .bundling.writing import Bundled, bundle
from .fork import Forked, Moment, fork
from .opened import Opened

if TYPE_CHECKING:
    from ..legacy.exporting.point import Exported
    from ..legacy.importing.report import Report as Imported
    from ..relearning.beginning import Means
    from ..relearning.refolded import Refolded


class Branching(Opened):
    """A history that runs are added to, or taken from; those that are there stay as they are."""

    def fork(self, point: str | Point = "latest", *, experiment: bool = False) -> Forked:
        """Begin a run that starts at a point; a conductor continues it: `JottyConfig(start_from=forked.run)`.

        It is `latest` from then on, unless it is an experiment. PointError inside a commit, WriteFailed.
        """
        moment = Moment(time.time, secrets.token_bytes, __version__)
        return fork(self.tree, self.point(point), moment, experiment=experiment)

    def refold(
        self,
        point: str | Point = "latest",
        *,
        rules: int | None = None,
        without: Sequence[str | Point] = (),
        only: Sequence[str] = (),
        commit: bool = False,
        progress: Progress | None = None,
        **parameters: Any,
    ) -> "Refolded":
        """Return what would have been learned from the same experiences: they are learned again, no others are made.

        `rules` and `parameters` (alpha=0.2) take the place of what each run was learned by. `without` names runs, or
        records (RUN@SEQ) with all that was learned of them; `only` the agents whose attempts count. With `commit` it
        is written as new runs, the last of which is `latest` then; the original stays. ConfigError for no such
        parameter, UnknownKey for no such agent, UnknownRules, UnknownRun, PointError, FormatError, Corruption,
        WriteFailed.
        """
        from ..relearning.changes import changes
        from ..relearning.refold import Refold

        refold = Refold(
            self.tree, self._projections, changes(self.tree, rules, without, only, parameters), self._means()
        )
        learn = refold.commit if commit else refold.state
        return learn(self.point(point), progress)

    def absorb(self, run: str | None = None) -> Point | None:
        """Learn again, in a new run on the latest one, what runs beside it observed: all that ended, or one of them.

        A conductor does so by itself when it begins. Returns the new run's end, None if there is nothing to absorb.
        StillWritten, PointError for what is no branch, UnknownRules, FormatError, Corruption, WriteFailed.
        """
        from ..relearning.absorb import absorb

        return absorb(self.tree, self._projections, self._means(), run)[0]

    def bundle(self, point: str | Point, file: str | PathLike[str]) -> Bundled:
        """Write all records that lead to a point into one new file, to be opened or unpacked elsewhere.

        PointError inside a commit, NameTaken if the file exists, WriteFailed, Corruption.
        """
        return bundle(self.tree, self.point(point), file, f"jotty-events {__version__}")

    def unpack(self, file: str | PathLike[str]) -> Unpacked:
        """Bring the runs of a bundle into this folder; those that are there already stay as they are.

        NameTaken if a run of the same id and another uid is there; MissingFile, FormatError, Corruption, WriteFailed.
        """
        return unpack(open_bundle(file), self.tree)

    def export(
        self,
        point: str | Point,
        folder: str | PathLike[str],
        progress: Progress | None = None,
        *,
        exactly: bool = False,
    ) -> "Exported":
        """Write the state at a point into `folder`/jotty_state, in the files that the original keeps and loads.

        The same point gives the same bytes. The files also say what the original forgets, under names that it passes
        over; with `exactly` they have no field but its own. NameTaken for a file that no export wrote, UnsafeFile for a
        link that leads elsewhere, WriteFailed if the disk refuses; and as `at` does.
        """
        from ..legacy.exporting.point import export

        found = self.point(point)
        states = self._resuming.at(found, READ_MODELS, progress).result.states
        return export(self.tree, found, states, DiskFiles(folder), exactly=exactly)

    def import_state(
        self,
        folder: str | PathLike[str],
        *,
        partial: bool = False,
        progress: Progress | None = None,
        clock: Clock = time.time,
        entropy: Entropy = secrets.token_bytes,
    ) -> "Imported":
        """Import what the original kept in a folder: one tree of its files, or many runs, each of which becomes a run.

        Nothing is written unless all of it is sound; with `partial` what is sound is imported, and the report tells of
        the rest. What was imported before is left alone. `progress` is told how many bytes were read since it was last
        told; each file is read twice. ImportRefused, with all that is wrong; MissingFile or UnsafeFile if there is no
        such folder; WriteFailed if the disk refuses, FormatError for a file that changes meanwhile: then no run is
        continued from what was written (see runs/drafts.py).
        """
        from ..legacy.importing.folders import Import, Writer

        writer = Writer(f"jotty-events {__version__}", clock, entropy)
        return Import(self.tree, DiskFiles(folder), writer).run(partial=partial, progress=progress or (lambda _: None))

    def _means(self) -> "Means":
        from ..relearning.beginning import Means

        return Means(time.time, secrets.token_bytes, f"jotty-events {__version__}")
