"""Questions that only a log can answer: what changed, why, since when, with what effect, and what comes."""

from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any

from ..reading.replay import Progress, require_names_apart
from ..runs.point import Point
from .bisect import Bisected, Bisection, Predicate
from .opened import Opened

if TYPE_CHECKING:
    from .diffing.changes import Diff
    from .explaining.context import ContextExplanation
    from .explaining.steps import Explanation
    from .impacts.impact import Impact
    from .subscribe import Delivered, Pause


class Asking(Opened):
    """A history that is asked; nothing is written."""

    def diff(
        self,
        a: str | Point,
        b: str | Point = "latest",
        *,
        agent: str | None = None,
        level: str | None = None,
        goal: str | None = None,
        progress: Progress | None = None,
    ) -> "Diff":
        """Return the rows that differ between the states at two points, with the events that made them differ.

        The points may lie on different branches. `agent`, `level` (of memory) and `goal` (a part of it) keep only what
        is about them. PointError, UnknownRun, FormatError, Corruption.
        """
        from .diffing.diff import Differing
        from .diffing.filters import Asked

        one, other = self.point(a), self.point(b)
        require_names_apart(self._projections)
        before, after = (self._resuming.at(end, self._projections, progress).result.states for end in (one, other))
        asked = Asked(agent, level, goal)
        return Differing(self.tree, one, other, self._projections).between(before, after, asked, progress)

    def explain(
        self,
        point: str | Point,
        projection: str | None,
        key: str | Iterable[Any],
        *,
        goal: str | None = None,
        follow: int = 0,
        progress: Progress | None = None,
    ) -> "Explanation":
        """Return every event that made a value of the state at a point, newest first, with the arithmetic.

        `key` is a whole key, such as (state, action), or a text: the beginning of one, or words. Without a projection
        all are looked through. `goal` asks for a memory's value for a goal. With `follow`, what numbers were taken from
        is explained as well, so many deep. UnknownKey, AmbiguousKey, ConfigError, PointError, FormatError, Corruption.
        """
        from .explaining.explain import Explaining, models_named

        place, models = self.point(point), models_named(self._projections, projection)
        explaining = Explaining(self.tree, place, self._resuming.at(place, models, progress).result.states)
        return explaining.explain(explaining.find(models, key, goal).subject, follow)

    def explain_context(self, attempt: str | Point, point: str | Point = "latest") -> "ContextExplanation":
        """Return what stood in an attempt's prompt and what it chose from, and which events put that there.

        The attempt is the record at `RUN@SEQ`, or `EPISODE.ATTEMPT` on the way to `point`. UnknownKey, PointError.
        """
        from .explaining.context import explain_context

        return explain_context(self.tree, attempt, self.point(point))

    def impact(
        self,
        event: str | int | Point,
        upto: str | Point | None = None,
        *,
        depth: int | None = None,
        progress: Progress | None = None,
    ) -> "Impact":
        """Return what later events, up to a point, took up of what an event left, each with the reason.

        The event is `RUN@SEQ`, or a seq on the way to the point: the end of the latest line that the event is in, if
        none is given. `depth` is how many events away an effect may be. UnknownKey, PointError, UnknownRun, Corruption.
        """
        from .impacts.impact import impact, placed

        place, end = placed(self.tree, event, None if upto is None else self.point(upto), self.point)
        return impact(self.tree, place, end, depth, progress)

    def bisect(
        self,
        predicate: Predicate | str,
        start: str | Point,
        end: str | Point = "latest",
        progress: Progress | None = None,
    ) -> Bisected:
        """Return the first commit after `start`, on the way to `end`, at which a predicate over the state holds.

        A text is a condition, as verbs/where.py says. Of a predicate that turns more than once, one commit is found at
        which it holds and just before which it did not. NoTurn if it does not turn from false to true between the two;
        PredicateFailed, ConditionError; PointError unless `start` leads to `end`. `progress` is told of each state.
        """
        return Bisection(self.tree, self._state, self.point(start), self.point(end)).find(predicate, progress)

    def subscribe(
        self, after: str | Point | None = "latest", pause: "Pause | None" = None
    ) -> "AsyncGenerator[Delivered, None]":
        """Return an async iterator over all records behind a point, or a cursor, those to come in any run included.

        None stands for the very beginning. A point also means: what comes from now on in earlier runs that are being
        written. `pause` waits for some seconds between two looks. PointError, UnknownRun; while iterating FormatError,
        Corruption.
        """
        from .subscribe import begun, subscribe  # asyncio takes a while to load

        feed = begun(self.tree, None if after is None else str(after))
        return subscribe(self.tree, feed) if pause is None else subscribe(self.tree, feed, pause)
