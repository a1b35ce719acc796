"""The state that was learned again, and how much of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..projection import Projection
from ..runs.point import Point
from ..state import State
from .tally import Tally


class Refolded(State):
    """What would have been learned from the same experiences: they are learned again, and no others are made.

    `source` is the point whose observations were learned from. `runs` are the runs that it was written to, `point` is
    their end: none if it was not. `learned`, `left_out` and `skipped` count observations: learned from again, left out
    as asked for, and those that refer to what is not there any more, by the reason.
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        states: Mapping[str, Any],
        source: Point,
        tally: Tally,
        runs: Sequence[str] = (),
        point: Point | None = None,
    ) -> None:
        super().__init__(projections, states)
        self.source = source
        self.runs = list(runs)
        self.point = point
        self.learned = tally.learned
        self.left_out = tally.left_out
        self.skipped: dict[str, int] = dict(sorted(tally.skipped.items()))

    def __str__(self) -> str:
        lines = [
            f"{self.source} learned again from the same experiences: {self.learned} observations,"
            f" {self.left_out} left out, {sum(self.skipped.values())} that could not be learned from"
        ]
        lines += [f"  {count} x {reason}" for reason, count in self.skipped.items()]
        if self.point is not None:
            lines.append(f"written to {', '.join(self.runs)}: it is at {self.point}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return what was done as JSON values, without the state."""
        return {
            "source": {"run": self.source.run, "seq": self.source.seq},
            "learned": self.learned,
            "left_out": self.left_out,
            "skipped": self.skipped,
            "runs": self.runs,
            "point": None if self.point is None else {"run": self.point.run, "seq": self.point.seq},
            "digests": self.digests(),
        }
