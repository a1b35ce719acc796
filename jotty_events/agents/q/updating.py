"""One update of a Q-value: reads the table, asks the rules, appends what they conclude.

Invariants: an update reads what the updates before it left; what it read and what it concluded are one event.
"""

from projections.q_table import QTable

from ...config import JottyConfig
from ...events import QUpdated
from ...rules.q import learning as q_learning
from ...rules.q.learning import Estimate
from ...session import Session, Transaction
from .reading import TableReader
from .steps import Taken


class Updating:
    """Updates the Q-values of one session's table."""

    def __init__(self, session: Session, reader: TableReader, config: JottyConfig) -> None:
        self._session = session
        self._reader = reader
        self._config = config

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def parameter(self, name: str, configured: float) -> float:
        """Return a parameter: as it was learned or loaded, else as configured."""
        learned = self._table.parameter(name)
        return configured if learned is None else learned

    def learn(
        self,
        commit: Transaction,
        step: Taken,
        cause: str,
        experience: int | None,
        draw: float | None = None,
        known: Estimate | None = None,
    ) -> float:
        """Move the value of a step's action towards what came of it; returns the TD error (RULES R1).

        `known` is Q, where it was looked up.
        """
        version = self._session.rules
        before = known or q_learning.estimate(self._reader, step.state, step.action, version=version)
        ends = step.done or not step.next_state
        following = q_learning.NO_NEXT
        if not ends:
            following = q_learning.best_next(self._reader, step.next_state, version=version)
        own = self._reader.entry(step.state, step.action)
        average_before = own.average_reward if own else 0.0
        alpha = self.parameter("alpha", self._config.alpha)
        gamma = self.parameter("gamma", self._config.gamma)
        concluded = q_learning.conclude_update(
            reward=step.reward,
            done=ends,
            before=before.value,
            next_max=following.value,
            alpha=alpha,
            gamma=gamma,
            visits_before=own.visits if own else 0,
            average_before=average_before,
            version=version,
        )
        lesson = q_learning.lesson(
            state=step.state, action=step.action, reward=step.reward, td_error=concluded.td_error, version=version
        )
        commit.add(
            QUpdated(
                **self._session.provenance,
                state=step.state,
                action=step.action,
                reward=step.reward,
                next_state=step.next_state,
                done=step.done,
                cause=cause,
                experience=experience,
                draw=draw,
                now=commit.now,
                before=before.value,
                before_nth=before.nth,
                before_raw=before.raw,
                before_similarity=before.similarity,
                next_max=following.value,
                next_nth=following.nth,
                average_before=average_before,
                alpha=alpha,
                gamma=gamma,
                target=concluded.target,
                td_error=concluded.td_error,
                after=concluded.after,
                visits=concluded.visits,
                average_reward=concluded.average_reward,
                lesson=lesson,
                created=own.created if own else commit.now,
                nth=own.nth if own else self._table.next_nth,
            )
        )
        return concluded.td_error
