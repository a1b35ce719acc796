"""Saving a session's Q-table as one JSON object, and taking such an object over.

Invariants: what is taken over replaces all that was there, as one commit; what is no saved table changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from projections.q_table import QTable

from ...session import Session, Transaction
from ...types import Json
from .buffer import Buffer
from .portrait import TablePortrait
from .pruning import Pruning
from .saving import REPLACED, has_table, import_rows, rows_of
from .tiers import Tiers


class Saved:
    """The Q-table of one session, as it is saved."""

    def __init__(self, session: Session, tiers: Tiers, pruning: Pruning, buffer: Buffer) -> None:
        self._session = session
        self._tiers = tiers
        self._pruning = pruning
        self._buffer = buffer

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def state(self, alpha: float, gamma: float, epsilon: float) -> Json:
        """Return all that was learned as one JSON object; in version 1 without what the original leaves out."""
        version = self._session.rules
        parameters = {"alpha": alpha, "gamma": gamma, "epsilon": epsilon}
        return TablePortrait(self._table, version).drawn(parameters, complete=version >= 2)

    def take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        """Take over a saved state in the place of what was learned; ConfigError if it is none."""
        rows = rows_of(saved, self._table.next_nth, self._table.next_experience)
        if has_table(saved):
            self._clear(commit)
        for one in self._table.experiences:
            self._buffer.let_go(commit, one.nth, one.priority)
        import_rows(commit, rows)

    def _clear(self, commit: Transaction) -> None:
        for entry in self._table.entries():
            self._pruning.let_go(commit, entry, REPLACED)
        if self._table.tiering is not None:
            self._tiers.empty(commit)
