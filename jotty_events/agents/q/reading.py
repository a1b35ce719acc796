"""The live Q-table as the rules look things up in it.

Invariants: a lookup never scans the table: similar states are found through an index, which is made anew when the
state was replayed, and kept up with it otherwise.
"""

from collections.abc import Iterable, Iterator, Sequence

from projections.q_table import QEntry, QTable

from ...reading.snapshot.index import Index
from ...rules.q.learning import Known
from ...rules.q.retention import Key
from ...rules.words.matches import Tier
from ...session import Session
from .state_index import NAME, StateIndex


class TableReader:
    """The live table as the rules look things up in it; similar states are found through an index."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._indexed: object = None
        self._index: StateIndex | None = None
        session.keep_index(self._index_to_keep)

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def entry(self, state: str, action: str) -> QEntry | None:
        """Return the entry of exactly this state and action."""
        return self._table.get((state, action))

    def actions_of(self, state: str) -> Iterable[tuple[str, QEntry]]:
        """Return the actions known in exactly this state, oldest first."""
        return self._table.actions_of(state)

    def highest_near(self, state: str) -> tuple[float, int, float] | None:
        """Return the highest value in a similar state, the `nth` of its entry, and how near the state is."""
        return self._current_index().highest_near(state)

    def values_of(self, states: Sequence[str]) -> Iterable[Known]:
        """Return (state, action, value, insertion number) of the entries of exactly these states."""
        return self._table.values_of(states)

    def similar_states(self, state: str) -> Iterator[Tier]:
        """Give out the states similar to this one, itself included, by their Jaccard index, the nearest first."""
        return self._current_index().similar(state)

    def _current_index(self) -> StateIndex:
        """Return the index of the live table, made anew after the state was replayed."""
        states = self._session.states["q_table"]
        if self._index is None or self._indexed is not states:
            self._indexed = states
            self._index = StateIndex(self._table, self._session.kept_index(NAME))
        return self._index

    def _index_to_keep(self) -> Index | None:
        """Return the index for a snapshot, unless it was neither kept before nor needed since."""
        needed = self._indexed is self._session.states["q_table"] or self._session.kept_index(NAME) is not None
        return self._current_index().to_keep() if needed else None


class Without:
    """A table as it would be without one entry."""

    def __init__(self, reader: TableReader, key: Key) -> None:
        self._reader = reader
        self._key = key

    def entry(self, state: str, action: str) -> QEntry | None:
        """Return the entry of exactly this state and action, unless it is the one left out."""
        return None if (state, action) == self._key else self._reader.entry(state, action)

    def values_of(self, states: Sequence[str]) -> Iterable[Known]:
        """Return what is known of the actions in exactly these states, but for the one left out."""
        return [one for one in self._reader.values_of(states) if one[:2] != self._key]

    def similar_states(self, state: str) -> Iterator[Tier]:
        """Give out the states similar to this one, the nearest first."""
        return self._reader.similar_states(state)
