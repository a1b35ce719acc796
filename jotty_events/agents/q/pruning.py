"""Forgetting: entries of the archive that taught too little leave the Q-table.

Invariants: only entries of tier 3 go, each by an event that says why. Version 1 looks at a random share of them (D4);
version 2 at those that are retained least, and keeps what would be read otherwise without it (M14).
"""

from collections.abc import Iterator

from projections.q_table import QEntry

from ...events import QPruned
from ...rules.q import learning as q_learning
from ...rules.q import tiers
from ...rules.q.retention import error_mean
from ...session import Session, Transaction
from .reading import TableReader, Without
from .tiers import Tiers

ARCHIVE = "archive"
"""Why an entry goes."""


class Pruning:
    """Prunes the archive of one session's Q-table."""

    def __init__(self, session: Session, reader: TableReader, tiers_: Tiers) -> None:
        self._session = session
        self._reader = reader
        self._tiers = tiers_

    def prune(self, commit: Transaction, rate: float) -> int:
        """Let go what taught little, of a share of the archive in [0, 1]; returns how many entries went."""
        looked_at = self._sampled(rate) if self._session.rules < 2 else self._least(commit.now, rate)
        return sum(self.judge(commit, entry, draw) for entry, draw in list(looked_at))

    def _sampled(self, rate: float) -> Iterator[tuple[QEntry, int | None]]:
        archive = self._tiers.tier(3)
        if archive:
            count = tiers.sampled(len(archive), rate)
            yield from ((archive[place], place) for place in self._session.rng.sample(range(len(archive)), count))

    def _least(self, now: float, rate: float) -> Iterator[tuple[QEntry, int | None]]:
        ranking = self._tiers.ranking.current(now)
        index = self._tiers.ranking
        archived = len(ranking) - len(index.upper) - len(index.untiered)
        if archived > 0:
            last = ranking.worst(tiers.sampled(archived, rate), now)
            found = self._tiers.entries(entry.key for entry in reversed(last))
            yield from ((entry, None) for entry in found if entry.tier == 3)

    def judge(self, commit: Transaction, entry: QEntry, draw: int | None) -> bool:
        """Let an entry go if it taught too little; `draw` is its place in the archive, where it was drawn by that."""
        mean = error_mean(entry.td_errors, version=self._session.rules)
        value, visits = entry.value, entry.visits
        if self._session.rules < 2:
            elsewhere = None
            goes = tiers.taught_little(value=value, visits=visits, error_mean=mean)
        else:
            others = Without(self._reader, (entry.state, entry.action))
            elsewhere = q_learning.estimate(others, entry.state, entry.action).value
            goes = tiers.forgettable(value=value, visits=visits, error_mean=mean, elsewhere=elsewhere)
        if goes:
            self.let_go(commit, entry, ARCHIVE, draw, elsewhere)
        return goes

    def let_go(
        self, commit: Transaction, entry: QEntry, reason: str, draw: int | None = None, elsewhere: float | None = None
    ) -> None:
        """Take an entry out of the table."""
        commit.add(
            QPruned(
                **self._session.provenance,
                state=entry.state,
                action=entry.action,
                reason=reason,
                now=commit.now,
                value=entry.value,
                visits=entry.visits,
                error_mean=error_mean(entry.td_errors, version=self._session.rules),
                elsewhere=elsewhere,
                draw=draw,
                nth=entry.nth,
            )
        )
