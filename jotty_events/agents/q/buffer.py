"""The experience buffer: takes steps in, lets others go, and draws some to be learned from again.

Invariants: the buffer holds at most as many steps as its capacity after every call. Version 1 keeps it in the order
that its last eviction sorted it into; version 2 in the order in which the steps came.
"""

from itertools import islice

from projections.q_table import Experience, QTable

from ...events import ExperienceAdded, ExperienceEvicted, ExperienceReweighed
from ...rules.q import learning as q_learning
from ...rules.q import replay as q_replay
from ...rules.q.learning import Estimate
from ...rules.words.similarity import similar
from ...session import Session, Transaction
from .buffer_order import BufferOrder
from .reading import TableReader
from .steps import Given


class Buffer:
    """The experience buffer of one Q-table."""

    def __init__(self, session: Session, reader: TableReader, capacity: int) -> None:
        self._session = session
        self._reader = reader
        self._capacity = capacity
        self._order = BufferOrder()

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def add(self, commit: Transaction, step: Given, known: Estimate | None = None) -> int:
        """Put a step into the buffer; returns its insertion number there. `known` is Q, where it was looked up."""
        version = self._session.rules
        nth = self._table.next_experience
        found = known or q_learning.estimate(self._reader, step.state, step.action, version=version)
        q = found.value
        commit.add(
            ExperienceAdded(
                **self._session.provenance,
                state=step.state,
                action=step.action,
                reward=step.reward,
                next_state=step.next_state,
                done=step.done,
                state_data=step.state_data,
                action_data=step.action_data,
                next_state_data=step.next_state_data,
                now=commit.now,
                q_before=q,
                error=q_learning.surprise(step.reward, q),
                priority=q_learning.priority(step.reward, q, version=version),
                nth=nth,
            )
        )
        self.make_room(commit)
        return nth

    def make_room(self, commit: Transaction) -> None:
        """Let steps go where the buffer holds too many (M15)."""
        while self._table.buffered > self._capacity:
            self._let_one_go(commit)

    def _let_one_go(self, commit: Transaction) -> None:
        if self._session.rules >= 2:
            self.let_go(commit, *self._order.least(self._session.states["q_table"], self._table))
        else:
            buffer = self._table.priorities()
            nth, order = q_learning.evict_sorted(buffer)
            self.let_go(commit, nth, dict(buffer)[nth], order)

    def let_go(self, commit: Transaction, nth: int, priority: float, order: list[int] | None = None) -> None:
        """Take a step out of the buffer; `order` lists those that remain, where they were sorted."""
        commit.add(
            ExperienceEvicted(
                **self._session.provenance,
                now=commit.now,
                capacity=self._capacity,
                priority=priority,
                nth=nth,
                order=order,
            )
        )

    def drawn(self, count: int) -> list[tuple[Experience, float]]:
        """Draw steps by their priorities, with replacement; each with the number in [0, 1) that it was drawn by."""
        buffer = self._table.priorities()
        draws = [self._session.rng.random() for _ in range(count)]
        places = q_replay.drawn([priority for _, priority in buffer], draws)
        return [(self._table.experience(buffer[place][0]), draw) for place, draw in zip(places, draws, strict=True)]

    def reweigh(self, commit: Transaction, replayed: Experience) -> None:
        """Weigh a step by what it still surprises, now that it was replayed (M15)."""
        entry = self._reader.entry(replayed.state, replayed.action)
        if entry is None:
            return
        self._order = BufferOrder()  # it goes by what the step weighed before
        after = q_replay.reweigh(replayed.reward, entry.value)
        commit.add(
            ExperienceReweighed(
                **self._session.provenance,
                now=commit.now,
                reward=replayed.reward,
                q=entry.value,
                nth=replayed.nth,
                error=after.error,
                priority=after.priority,
            )
        )

    def similar(self, state: str, action: str, most: int) -> list[Experience]:
        """Return the newest steps in a similar state or of a similar action, newest first."""
        held = self._table.experiences
        if self._session.rules < 2:
            newest = sorted(held, key=lambda one: one.time, reverse=True)
        else:
            newest = sorted(held, key=lambda one: -one.nth)
        found = (one for one in newest if similar(one.state, state) or similar(one.action, action))
        return list(islice(found, most))
