"""Saving a session's Q-table as one JSON object, and taking such an object over.

Invariants: what is taken over replaces all that was there, as one commit; what is no saved table changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from projections.q_table import Experience, QEntry, QTable

from ...events import TiersAssigned
from ...rules.q.retention import Key
from ...rules.q.tiers import FIRST_THRESHOLD
from ...session import Session, Transaction
from ...types import Json
from .buffer import Buffer
from .pruning import Pruning
from .saving import REPLACED, import_rows, joined, rows_of
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
        """Return all that was learned as one JSON object."""
        progress = self._tiers.progress
        # Version 1 begins with a last reward of 0.0, and does not save how long the plateau is (P13).
        first = 0.0 if self._session.rules < 2 else None
        saved = {
            "q_table": {joined(_key(entry)): entry_json(entry) for entry in self._table.entries()},
            "experience_buffer": [_experience(one) for one in self._table.experiences],
            "tier1_working": self._keys(self._tiers.tier(1)),
            "tier2_clusters": {
                one.name: {"centroid": one.centroid, "members": self._keys(self._tiers.members(one))}
                for one in self._tiers.clusters()
            },
            "tier3_archive": self._keys(self._tiers.tier(3)),
            "tier1_threshold": self._tiers.threshold,
            "last_episode_reward": first if progress.last_reward is None else progress.last_reward,
            "alpha": alpha,
            "gamma": gamma,
            "epsilon": epsilon,
        }
        if self._session.rules >= 2:
            saved["episodes_without_improvement"] = progress.without_improvement
        return saved

    def _keys(self, entries: list[QEntry]) -> list[str]:
        return [joined(_key(entry)) for entry in entries]

    def take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        """Take over a saved state in the place of what was learned; ConfigError if it is none."""
        rows = rows_of(saved, self._table.next_nth, self._table.next_experience)
        self._clear(commit)
        import_rows(commit, rows)

    def _clear(self, commit: Transaction) -> None:
        for entry in self._table.entries():
            self._pruning.let_go(commit, entry, REPLACED)
        for one in self._table.experiences:
            self._buffer.let_go(commit, one.nth, one.priority)
        if self._table.tiering is not None:
            commit.add(self._untiered(commit))

    def _untiered(self, commit: Transaction) -> TiersAssigned:
        """Return the event that empties all tiers."""
        before = self._tiers.progress
        return TiersAssigned(
            **self._session.provenance,
            now=commit.now,
            reward=None,
            last_reward_before=before.last_reward,
            without_improvement_before=before.without_improvement,
            threshold_before=self._tiers.threshold,
            last_reward=before.last_reward,
            without_improvement=before.without_improvement,
            threshold=FIRST_THRESHOLD,
            whole=True,
            moves=[],
            clusters=[],
        )


def _key(entry: QEntry) -> Key:
    return entry.state, entry.action


def entry_json(entry: QEntry) -> Json:
    """Return what the original keeps of an entry."""
    return {
        "value": entry.value,
        "context": [],
        "learned_lessons": entry.lessons,
        "visit_count": entry.visits,
        "avg_reward": entry.average_reward,
        "td_errors": entry.td_errors,
        "created_at": entry.created,
        "last_updated": entry.updated,
    }


def _experience(one: Experience) -> Json:
    return {
        "timestamp": one.time,
        "state": one.state_data,
        "state_desc": one.state,
        "action": one.action_data,
        "action_desc": one.action,
        "reward": one.reward,
        "next_state": one.next_state_data,
        "next_state_desc": one.next_state,
        "done": one.done,
        "priority": one.priority,
        "td_error": one.error,
    }
