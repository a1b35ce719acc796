"""How a run begins in which something is learned again: with the settings of the run that it was learned in before."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass

from ..config import JottyConfig
from ..events import Left, RunStarted
from ..learning.unwritten import dropped, tags_of_only
from ..projection import Projection
from ..runs.branches import REFOLD
from ..runs.point import Point
from ..runs.tree import Tree
from ..runs.writer import RunPlan
from ..session import Session
from ..types import Clock, Durability, Entropy, Json


@dataclass(frozen=True)
class Means:
    """What new runs are begun with."""

    clock: Clock
    entropy: Entropy
    library: str


def begun(
    tree: Tree,
    projections: Sequence[Projection],
    start: Point | None,
    like: RunStarted,
    config: JottyConfig,
    means: Means,
    *,
    durably: bool,
    refold: Left | None = None,
) -> Session:
    """Begin a run at a point, with the seed and the mode of the run that began `like` this.

    One of a `refold`, which says what else it leaves, is a draft and counts once it is published. PointError inside a
    commit, WriteFailed, ReadOnly.
    """
    settings = config.to_json() | _start(start, asked=refold is not None)
    plan = RunPlan(
        clock=means.clock,
        entropy=means.entropy,
        rules=config.rules_version,
        library=means.library,
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        mode=like.mode if refold is None else REFOLD,
        config=settings,
        seed=like.seed,
        parent=tree.parent(start, durably=durably) if start else None,
        experiment=like.experiment,
        draft=refold is not None,
        left=refold,
        # Closing makes all of it durable; until then it is nothing that anybody was told of.
        durability=Durability.OS,
        segment_bytes=config.segment_bytes,
    )
    return Session(
        projections,
        clock=means.clock,
        tree=tree,
        start=start,
        plan=plan,
        seed=like.seed,
        rules=config.rules_version,
        learns=config.enable_learning,
        dropped=dropped(config),
        unwritten=tags_of_only(dropped(config)),
    )


def _start(point: Point | None, *, asked: bool) -> Json:
    return {"start_from": str(point) if asked and point else None, "auto_load_on_start": point is not None}
