"""Forking: a run that starts at an earlier point.

Invariants: a fork copies nothing: it is a run of two records, its start, which names its parent point, and its end. It
begins at the end of a commit, whose records are on disk before the fork is. The run that it leaves stays as it was.
"""

import platform
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ..events import RunEnded
from ..rules import DEFAULT_VERSION
from ..runs.branches import left_by_now
from ..runs.point import Point
from ..runs.tree import Tree
from ..runs.writer import RunPlan, RunWriter
from ..types import Clock, Entropy

MODE = "fork"
"""What a fork's `run_started` has as its mode: nothing is learned in it."""

STATUS = "forked"
"""How a fork ends; it has no digests, since they are those of its parent point, and nobody replayed that."""


@dataclass(frozen=True)
class Forked:
    """A run that begins where another was cut: a conductor continues it with `JottyConfig(start_from=forked.run)`.

    `start` is the point that it starts from; `experiment` says that neither it nor what continues it is ever `latest`.
    """

    run: str
    start: Point
    experiment: bool

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.run} starts at {self.start}{', as an experiment' if self.experiment else ''}"


class Moment(NamedTuple):
    """When, by which random bytes, and by which version of this library a fork is made."""

    clock: Clock
    entropy: Entropy
    library: str


def fork(tree: Tree, start: Point, moment: Moment, *, experiment: bool = False) -> Forked:
    """Begin a run at a point, and close it; PointError inside a commit, WriteFailed, ReadOnly.

    A run that starts in an experiment is one as well.
    """
    aside = experiment or tree.run(start.run).manifest.experiment
    plan = RunPlan(
        clock=moment.clock,
        entropy=moment.entropy,
        rules=DEFAULT_VERSION,
        library=moment.library,
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        mode=MODE,
        parent=tree.parent(start),
        left=left_by_now(tree),
        experiment=aside,
    )
    writer = RunWriter.create(tree.files, plan)
    now = moment.clock()
    writer.close(RunEnded(run=writer.run, status=STATUS, versions={}, digests={}, now=now), now)
    return Forked(writer.run, start, aside)
