"""Giving an entry a value for a goal, as it was stored."""

from projections.memory import MemoryEntry

from ...events import ValueUpdated
from ...rules.memory.goals import ValueRead
from ...session import Session, Transaction


class Valuing:
    """Gives values that were not learned but said."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def give(self, commit: Transaction, entry: MemoryEntry, goal: str, value: float, before: ValueRead) -> None:
        """Set V(goal) of an entry, which was `before`; its default value stays."""
        own = entry.goal_values.get(goal)
        commit.add(
            ValueUpdated(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                goal=goal,
                cause="stored",
                now=commit.now,
                return_=value,
                before=before.value,
                before_from=before.source,
                default_before=entry.default_value,
                alpha=None,
                trace=None,
                source_goal=None,
                source_delta=None,
                similarity=None,
                weight=None,
                td_error=None,
                after=value,
                default_after=entry.default_value,
                access_count=0 if own is None else own.access_count,
                updated=commit.now,
                nth=entry.nth,
                goal_nth=self._session.view("memory").next_goal_nth if own is None else own.nth,
            )
        )
