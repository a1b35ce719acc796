"""A history that is open: its runs, and the state at any point of them."""

from collections.abc import Iterator, Sequence
from os import PathLike

from projections import READ_MODELS

from ..log.files import DiskFiles, Files
from ..projection import Projection
from ..reading.replay import Progress, Resuming, require_names_apart
from ..reading.snapshot.store import Snapshots
from ..runs.lineage import Kept
from ..runs.point import Point
from ..runs.reader import RunReader
from ..runs.tree import Tree
from ..state import State


class Opened:
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
        return self._state(self.point(point), progress)

    def _state(self, point: Point, progress: Progress | None = None) -> State:
        replay = self._resuming.at(point, self._projections, progress)
        return State(self._projections, replay.result.states)
