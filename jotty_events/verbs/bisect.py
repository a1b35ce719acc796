"""Bisecting a history: the first commit at which something holds.

Invariants: states are computed for two points and for the logarithm of the number of commits between them, no more.
Where a predicate turns more than once, one commit is found at which it holds and just before which it did not.
"""

from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import JottyError, NoTurn, PointError, PredicateFailed
from ..runs.lineage import Kept, Lineage
from ..runs.point import Point
from ..runs.tree import Tree
from ..state import State
from .meeting import meeting
from .where import Where

Predicate = Callable[[State], object]
"""Says of a state whether something holds there."""

Progress = Callable[[int], None]
"""Told how many states were computed since it was last told."""


@dataclass(frozen=True)
class Bisected:
    """Where a predicate turned: it does not hold at `before`, and holds at `at`, one commit later.

    `records` are those of that commit; `commits` lay between the two ends, `states` were computed.
    """

    before: Point
    at: Point
    records: list[Kept]
    commits: int
    states: int

    def to_dict(self) -> dict[str, Any]:
        """Return the places and counts as JSON values, without the records."""
        return {
            "before": asdict(self.before),
            "at": asdict(self.at),
            "commits": self.commits,
            "states": self.states,
        }

    def __str__(self) -> str:
        return f"holds from {self.at} on, not yet at {self.before}: {self.states} states of {self.commits} commits"


class Bisection:
    """The search between two points of one lineage; `at` gives the state at a point."""

    def __init__(self, tree: Tree, at: Callable[[Point], State], start: Point, end: Point) -> None:
        """PointError unless `start` leads to `end`."""
        require_leads_to(tree, start, end)
        self._tree = tree
        self._at = at
        self._start = start
        self._lineage = tree.lineage(end)
        # Eight bytes a commit: a history has millions of them.
        self._lasts = array("q", (one.last for _, one in self._lineage.ends(start.seq)))
        if not self._lasts or self._lasts[-1] != end.seq:
            self._lasts.append(end.seq)
        self._states = 0

    @property
    def most(self) -> int:
        """How many states are computed at most."""
        return 2 + (len(self._lasts) - 1).bit_length()

    def find(self, predicate: Predicate | str, progress: Progress | None = None) -> Bisected:
        """Return where the predicate turns from false to true; a text is a condition, as verbs/where.py says.

        NoTurn if it does not, PredicateFailed if it raises, ConditionError for a text that is no condition.
        """
        holds = Where(predicate) if isinstance(predicate, str) else predicate
        self._states = 0

        def asked(place: int) -> bool:
            found = self._asked(holds, self._point(place))
            if progress is not None:
                progress(1)
            return found

        before, at = -1, len(self._lasts) - 1
        self._require_turn(asked(before), asked(at))
        while at - before > 1:
            middle = (before + at) // 2
            before, at = (before, middle) if asked(middle) else (middle, at)
        return self._found(self._point(before), self._point(at))

    def _point(self, place: int) -> Point:
        return self._start if place < 0 else _place(self._lineage, self._lasts[place])

    def _asked(self, predicate: Predicate, point: Point) -> bool:
        state = self._at(point)
        self._states += 1
        try:
            return bool(predicate(state))
        except JottyError:
            raise
        except Exception as error:
            raise PredicateFailed(
                f"the predicate raised {type(error).__name__} at {point}: {error}",
                hint="let it return False where what it looks at is not there yet",
            ) from error

    def _require_turn(self, before: bool, after: bool) -> None:
        """Refuse ends between which nothing turns true."""
        end = _place(self._lineage, self._lasts[-1])
        if before and after:
            raise NoTurn(f"it holds at {self._start} already, and at {end}", hint="take an earlier first point")
        if not after:
            hint = "ask for the opposite (not …)" if before else "take a later second point, or another condition"
            where = f"it holds at {self._start}, and not at {end}" if before else f"it holds neither at {self._start}"
            raise NoTurn(where if before else f"{where} nor at {end}", hint=hint)

    def _found(self, before: Point, at: Point) -> Bisected:
        records = list(self._tree.lineage(at).records(before.seq))
        return Bisected(before, at, records, len(self._lasts), self._states)


def _place(lineage: Lineage, seq: int) -> Point:
    """Return the point after a seq of a lineage: in the run that holds it."""
    return next(Point(span.run.run, seq) for span in lineage.spans if seq <= span.upto)


def require_leads_to(tree: Tree, start: Point, end: Point) -> None:
    """See that one point lies before another in its lineage; PointError says how they lie otherwise."""
    if start == end:
        raise PointError(f"both points are {start}", hint="take two points that differ")
    if _leads_to(tree, start, end):
        return
    if _leads_to(tree, end, start):
        raise PointError(f"{start} comes after {end}", hint="give the earlier point first")
    parting = meeting(tree, start, end)
    hint = f"they part at {parting}: begin there" if parting else "they have no ancestor in common"
    raise PointError(f"{start} does not lead to {end}: they lie on different branches", hint=hint)


def _leads_to(tree: Tree, start: Point, end: Point) -> bool:
    return any(one.run.run == start.run and start.seq <= one.upto for one in tree.lineage(end).spans)
