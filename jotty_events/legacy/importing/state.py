"""The state that an import leads to, followed while it is written.

Invariants: what is held in memory is bounded by `EVERY` records and by what lies between: every so often the state is
kept as a snapshot and opened again, which takes up only what is looked at. Where no snapshot can be written, all of it
is held.
"""

from collections.abc import Sequence

from projections import READ_MODELS

from ...events import Event
from ...reading.replay import Replay, Resuming, digests
from ...reading.snapshot.saving import Place, Saver, Saving
from ...reading.snapshot.store import Snapshots
from ...record import Record
from ...runs.point import Point
from ...runs.tree import Tree
from ...runs.writer import RunWriter

EVERY = 100_000
"""Records after which the state is kept."""


class Followed:
    """The state after what was appended so far to one run."""

    def __init__(self, tree: Tree, writer: RunWriter, start: Point | None, library: str) -> None:
        self._tree = tree
        self._writer = writer
        self._library = library
        self._resuming = Resuming(tree.run, Snapshots())
        self._live = Replay(READ_MODELS) if start is None else self._resuming.at(start, READ_MODELS)
        self._since = 0

    def append(self, events: Sequence[Event], now: float) -> None:
        """Append events as one commit at a time in seconds, and follow them; InvalidEvent, WriteFailed."""
        receipt = self._writer.append(events, now)
        for seq, event in enumerate(events, receipt.first):
            self._live.apply(Record(seq, receipt.at, event))
        self._since += len(events)
        if self._since >= EVERY:
            self._writer.sync_some()
            if self.keep():
                self._live = self._resuming.at(self._end, READ_MODELS)

    @property
    def _end(self) -> Point:
        return Point(self._writer.run, self._writer.next_seq - 1)

    def keep(self) -> bool:
        """Write a snapshot of the state; returns whether that was possible."""
        self._since = 0
        found = self._live.result
        saver = Saver(self._tree.files, self._resuming.snapshots, found.saved, self._library, Saving())
        place = Place(self._writer.run, self._writer.next_seq - 1, self._writer.head)
        return saver.save(place, found.states, READ_MODELS, found.unknown, sorted(found.missed))

    def digests(self) -> dict[str, str]:
        """Return the digest of each projection's state."""
        return digests(READ_MODELS, self._live.result.states)
