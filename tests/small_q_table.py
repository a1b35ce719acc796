"""A Q-table as the rules look things up in it: rows in memory, similar states by the index of words."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jotty_events.rules.q.highest import plainly
from jotty_events.rules.q.learning import Known
from jotty_events.rules.words.index import WordIndex
from jotty_events.rules.words.matches import Tier


class Row(NamedTuple):
    nth: int
    value: float
    visits: int = 1
    average_reward: float = 0.5


class Table:
    """A Q-table of (state, action, value), numbered in the order in which they are given."""

    def __init__(self, *entries: tuple[str, str, float]) -> None:
        self.rows = {(state, action): Row(nth, value) for nth, (state, action, value) in enumerate(entries)}
        self.index = WordIndex(state for state, _ in self.rows)

    def entry(self, state: str, action: str) -> Row | None:
        return self.rows.get((state, action))

    def similar_states(self, state: str) -> Iterable[Tier]:
        return self.index.matches(state).tiers()

    def values_of(self, states: Sequence[str]) -> Iterable[Known]:
        return [(state, action, row.value, row.nth) for (state, action), row in self.rows.items() if state in states]

    def highest_near(self, state: str) -> tuple[float, int, float] | None:
        near = dict(self.index.similar(state))
        return plainly([(value, nth, near[known]) for known, _, value, nth in self.values_of(list(near))])
