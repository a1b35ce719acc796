"""The experience buffer by priority, kept up with the live table: a full one is not looked through at each step.

Invariants: what it names is what `rules.q_learning.evict` would name of the whole buffer. Where the table changed in
another way than by a step that was added or let go here, it begins anew.
"""

from heapq import heapify, heappop, heappush

from projections.q_table import QTable


class BufferOrder:
    """Experiences, the least priority first, then the oldest."""

    def __init__(self) -> None:
        self._of: object = None
        self._heap: list[tuple[float, int]] = []
        self._held = 0
        self._next = 0

    def least(self, state: object, table: QTable) -> tuple[int, float]:
        """Return (nth, priority) of the experience to let go, and count it as gone; the newest stays unless alone.

        `state` is what the table shows: another object is another buffer. ValueError if the buffer is empty.
        """
        self._follow(state, table)
        newest = table.next_experience - 1
        kept = None
        while self._heap:
            priority, nth = heappop(self._heap)
            if nth == newest and self._heap:
                kept = priority, nth
                continue
            if kept is not None:
                heappush(self._heap, kept)
            self._held -= 1
            return nth, priority
        raise ValueError("an empty buffer has nothing to let go")

    def _follow(self, state: object, table: QTable) -> None:
        added = range(self._next, table.next_experience)
        if self._of is not state or self._held + len(added) != table.buffered:
            self._heap = [(priority, nth) for nth, priority in table.priorities()]
            heapify(self._heap)
            self._held = len(self._heap)
        else:
            for nth in added:
                heappush(self._heap, (table.experience(nth).priority, nth))
            self._held += len(added)
        self._of, self._next = state, table.next_experience
