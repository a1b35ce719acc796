"""The live Q-table, ranked by retention, and which of its entries stand in the upper tiers.

Invariants: what is asked for is what sorting the whole table would give; what changed since it was last asked is
ranked anew, and nothing else, unless the state was replayed.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from projections.q_table import QEntry, QTable

from ...rules.q.ranking import Ranking
from ...rules.q.retention import Kept, Key, error_mean
from ...session import Session

UPPER = (1, 2)
"""The tiers that are small, and so are kept at hand."""


def kept(entry: QEntry, version: int) -> Kept:
    """Return what the rank of an entry follows from."""
    mean = error_mean(entry.td_errors, version=version)
    return Kept((entry.state, entry.action), entry.nth, entry.value, entry.visits, mean, entry.updated)


class QRanking:
    """Ranks the entries of one session's Q-table."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ranked: object = None
        self._changed: dict[Key, None] = {}
        self._moved: dict[int, None] = {}
        self._ranking = Ranking()
        self._keys: dict[int, Key] = {}
        self._numbers: dict[Key, int] = {}
        self.upper: dict[int, int] = {}
        """The tiers of entries in tiers 1 and 2, by their insertion numbers."""
        self.untiered: dict[int, None] = {}
        """The insertion numbers of entries that are in no tier."""

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def __len__(self) -> int:
        return len(self._ranking)

    def current(self, now: float = float("-inf")) -> Ranking:
        """Return the ranking of the live table, which is about to be asked for at a time, where that is known."""
        states = self._session.states["q_table"]
        if self._ranked is not states:
            self._begin(now)
            self._ranked = states
        changed, moved = list(self._changed), list(self._moved)
        self._changed.clear()
        self._moved.clear()
        for key in changed:
            self._rank(key)
        for nth in moved:
            self._tier(nth)
        return self._ranking

    def _begin(self, now: float) -> None:
        table = self._table
        # All at once: to look up each entry's errors and tier by itself takes many times as long.
        means = {key: error_mean(errors) for key, errors in table.all_td_errors()}
        none, tiers = error_mean(()), table.standing()
        entries = [
            Kept(key, nth, value, visits, means.get(key, none), updated)
            for key, value, visits, updated, nth in table.retained()
        ]
        entries.sort(key=attrgetter("nth"))
        self._ranking = Ranking(entries, now)
        self._keys = {entry.nth: entry.key for entry in entries}
        self._numbers = {entry.key: entry.nth for entry in entries}
        self.upper = {nth: tiers[nth] for nth in self._keys if tiers.get(nth) in UPPER}
        self.untiered = dict.fromkeys(nth for nth in self._keys if nth not in tiers)
        table.follow(self._note_entry, self._note_tier)

    def _note_entry(self, key: tuple[Any, ...]) -> None:
        self._changed[key[0], key[1]] = None

    def _note_tier(self, key: tuple[Any, ...]) -> None:
        self._moved[key[0]] = None

    def _rank(self, key: Key) -> None:
        entry = self._table.get(key)
        before = self._numbers.pop(key, None)
        if before is not None:
            self._keys.pop(before, None)
        if entry is None:
            self._ranking.discard(key)
        else:
            self._ranking.put(kept(entry, 2))
            self._keys[entry.nth], self._numbers[key] = key, entry.nth
            self._tier(entry.nth)
        if before is not None:
            self._tier(before)

    def _tier(self, nth: int) -> None:
        """Note the tier that an entry stands in now."""
        tier = self._table.tier_of(nth)
        self.upper.pop(nth, None)
        self.untiered.pop(nth, None)
        if nth not in self._keys:
            return
        if tier in UPPER:
            self.upper[nth] = tier
        elif not tier:
            self.untiered[nth] = None

    def keys(self, numbers: Iterable[int]) -> list[Key]:
        """Return the texts of entries by their insertion numbers, without those that are gone."""
        self.current()
        return [self._keys[nth] for nth in numbers if nth in self._keys]
