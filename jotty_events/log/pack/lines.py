"""The records of a pack in the order of their seqs: the tables of all types, woven together.

Invariants: memory is bounded by some thousand lines and one batch per table. Every seq that is asked for comes once, or
it is Corruption: a record that no table holds, or one that stands where another is due.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import lt
from typing import Any, Protocol

from ...columns import SEQ, lines

WINDOW = 4096
"""So many lines are put in order at once."""


class Rows(Protocol):
    """A table whose rows are records."""

    name: str
    layout: Any

    def batches(self, start: int, stop: int) -> Iterator[Any]:
        """Give out rows, some at a time."""

    def corrupt(self, what: str, offset: int = 0) -> Exception:
        """Return the error of damage."""


class Cursor:
    """Goes through the rows of one table from `start` to `stop`."""

    def __init__(self, table: Rows, start: int, stop: int, *, raw: bool) -> None:
        self._table = table
        self._batches = table.batches(start, stop)
        self._raw = raw
        self._seqs: list[int] = []
        self._lines: list[bytes] = []
        self._place = 0

    def fill(self, slots: list[bytes | None], base: int) -> None:
        """Put the lines of the seqs from `base` on into their slots, and pass over those of earlier seqs."""
        end = base + len(slots)
        while self._place < len(self._seqs) or self._load(base):
            begin = bisect_left(self._seqs, base, self._place)
            upto = bisect_left(self._seqs, end, begin)
            for seq, line in zip(self._seqs[begin:upto], self._lines[begin:upto], strict=True):
                slots[seq - base] = line
            self._place = upto
            if upto < len(self._seqs):
                return

    def _load(self, base: int) -> bool:
        """Read the next batch that holds a seq not before `base`."""
        last = self._seqs[-1] if self._seqs else -1
        for batch in self._batches:
            seqs = batch.column(SEQ).to_pylist()
            if seqs[0] <= last or not all(map(lt, seqs, seqs[1:])):
                raise self._table.corrupt(f"its rows are not in the order of seq near {seqs[0]}")
            last = seqs[-1]
            if last >= base:
                keep = bisect_left(seqs, base)
                self._seqs, self._lines, self._place = seqs[keep:], self._lines_of(batch.slice(keep)), 0
                return True
        return False

    def _lines_of(self, batch: Any) -> list[bytes]:
        if self._raw:
            found: list[bytes] = batch.column("line").to_pylist()
            return found
        try:
            return list(lines(self._table.name, batch, self._table.layout))
        except (ValueError, TypeError) as error:
            raise self._table.corrupt(f"a record cannot be made of its row: {error}") from error


def woven(cursors: Sequence[Cursor], first: int, last: int) -> Iterator[bytes | None]:
    """Give out the lines from seq `first` to `last`, None where no table has one."""
    for base in range(first, last + 1, WINDOW):
        slots: list[bytes | None] = [None] * min(WINDOW, last + 1 - base)
        for cursor in cursors:
            cursor.fill(slots, base)
        yield from slots
