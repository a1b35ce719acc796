"""What a trajectory's end does to one entry: its value for the goal, and what is carried over to related goals."""

from typing import NamedTuple

from projections.memory import GoalValue, MemoryEntry

from ...config import JottyConfig
from ...events import TrajectoryEnded, ValueUpdated
from ...rules.memory import goals
from ...rules.memory.goals import ValueRead
from ...rules.td import td_lambda
from ...session import Session, Transaction
from ..memory.goals import GoalReader


class Related(NamedTuple):
    """A related goal, how similar it is, and the value that a transfer to it starts from."""

    goal: str
    similarity: float
    before: ValueRead


class Carrying:
    """Draws up the updates of an entry."""

    def __init__(self, config: JottyConfig, session: Session) -> None:
        self._config = config
        self._session = session

    @property
    def _rules(self) -> int:
        return self._session.rules

    def related(self, entry: MemoryEntry, goal: str) -> list[Related]:
        """Return the goals to which a change is carried over, the nearest first (RULES R4).

        Version 2 goes to those that the entry has a value for; version 1 to all, be they known to the entry or not.
        """
        reader = GoalReader(self._session, entry.owner, self._config)
        if self._rules >= 2:
            found = reader.related_values(entry, goal)
            return [Related(one, near, ValueRead(value, "goal")) for one, near, value in found]
        if not self._config.enable_goal_hierarchy:
            return []
        return [
            Related(one.goal, near, self._start(entry, entry.goal_values.get(one.goal)))
            for one, near in reader.related(goals.goal_id(goal))
        ]

    def _start(self, entry: MemoryEntry, own: GoalValue | None) -> ValueRead:
        return td_lambda.carried_from(None if own is None else own.value, entry.default_value, self._rules)

    def update(
        self, commit: Transaction, entry: MemoryEntry, before: ValueRead, trace: float, ended: TrajectoryEnded
    ) -> ValueUpdated:
        """Return the update of an entry's value for the goal of a trajectory, read at its latest access."""
        alpha, return_ = ended.alpha, ended.return_
        own = entry.goal_values.get(ended.goal)
        return ValueUpdated(
            **self._session.provenance,
            owner=entry.owner,
            level=entry.level,
            key=entry.key,
            goal=ended.goal,
            cause="td",
            now=commit.now,
            return_=return_,
            before=before.value,
            before_from=before.source,
            default_before=entry.default_value,
            alpha=alpha,
            trace=trace,
            source_goal=None,
            source_delta=None,
            similarity=None,
            weight=None,
            td_error=return_ - before.value,
            after=td_lambda.conclude_value(before=before.value, alpha=alpha, return_=return_, trace=trace),
            default_after=td_lambda.conclude_default(
                before=entry.default_value, alpha=alpha, return_=return_, trace=trace, version=self._rules
            ),
            access_count=1 if own is None else own.access_count + 1,
            updated=commit.now,
            nth=entry.nth,
            goal_nth=self._session.view("memory").next_goal_nth if own is None else own.nth,
        )

    def transfer(self, commit: Transaction, entry: MemoryEntry, related: Related, source: ValueUpdated) -> ValueUpdated:
        """Return what carries a change over to a related goal (RULES R4, M5)."""
        weight, discount = self._config.goal_transfer_weight, self._config.goal_transfer_discount
        delta, before = source.after - source.before, related.before
        own = entry.goal_values.get(related.goal)
        return ValueUpdated(
            **self._session.provenance,
            owner=entry.owner,
            level=entry.level,
            key=entry.key,
            goal=related.goal,
            cause="transfer",
            now=commit.now,
            return_=None,
            before=before.value,
            before_from=before.source,
            default_before=entry.default_value,
            alpha=None,
            trace=None,
            source_goal=source.goal,
            source_delta=delta,
            similarity=related.similarity,
            weight=weight * discount,
            td_error=None,
            after=td_lambda.transfer(
                before=before.value, delta=delta, similarity=related.similarity, weight=weight, discount=discount
            ),
            default_after=entry.default_value,
            access_count=0 if own is None else own.access_count,
            updated=td_lambda.updated_at(
                commit.now, None if own is None else own.updated, transferred=True, version=self._rules
            ),
            nth=entry.nth,
            goal_nth=self._session.view("memory").next_goal_nth if own is None else own.nth,
        )
