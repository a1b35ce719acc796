"""All records of a history, those of runs that come later too, as somebody goes on reading.

Invariants: every record of every run behind the cursor is given out once, those of a run in the order of seq, runs by
id where several have something new. Nothing is given out before it is durable, as `Tail` says; so nothing is ever
taken back by a recovery. The cursor of a record, taken up again, gives just what followed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..errors import UnknownRun
from .cursor import cursor_text
from .tail import Tail
from .tree import Tree


class Line(NamedTuple):
    """A record line, its seq, and the run that it stands in; `beside` says how far other runs had been given out."""

    run: str
    seq: int
    line: bytes
    beside: tuple[tuple[str, int], ...] = ()

    @property
    def cursor(self) -> str:
        """Where to go on behind this record."""
        return cursor_text({**dict(self.beside), self.run: self.seq})


class Feed:
    """Reads the runs of a tree behind a cursor, and goes on with whatever comes."""

    def __init__(self, tree: Tree, cursor: Mapping[str, int] | None = None) -> None:
        """Without a cursor all runs are read from their first record on; UnknownRun for a cursor of another history."""
        self._tree = tree
        self._given = dict(cursor or {})
        self._tails: dict[str, Tail | None] = dict.fromkeys(sorted(self._given))
        for run in self._tails:
            if run not in tree.run_ids():
                raise UnknownRun(f"{run} is not in {tree.files.describe('')}", hint="take a cursor of this history")
        self._done = {run for run in tree.run_ids() if run < max(self._given, default="")} - self._tails.keys()

    @property
    def cursor(self) -> str:
        """Where to go on behind what was given out so far; empty at the very beginning."""
        return cursor_text(self._given)

    def poll(self) -> Iterator[Line]:
        """Give out what has come since the last poll, and the runs that were begun since; FormatError, Corruption."""
        for run in self._tree.run_ids():
            if run not in self._done and run not in self._tails:
                self._tails[run] = None
                self._given[run] = 0
        self._forget()
        for run in sorted(self._tails):
            yield from self._of(run)

    def _of(self, run: str) -> Iterator[Line]:
        tail = self._tail(run)
        if tail is None:
            return
        for commit in tail.poll():
            beside = tuple((one, seq) for one, seq in self._given.items() if one != run)
            after = self._given[run]
            self._tails[run] = None  # whoever stops within this commit begins anew where he stopped
            for seq, line in enumerate(commit.lines, commit.first):
                if seq > after:
                    self._given[run] = seq
                    yield Line(run, seq, line, beside)
            self._tails[run] = tail
        if tail.ended:
            self._finish(run)

    def _tail(self, run: str) -> Tail | None:
        """Return what follows a run; None while it has no manifest yet."""
        if self._tails[run] is None and self._tree.exists(run):
            self._tails[run] = Tail(self._tree.files, run, self._given[run], self._tree.packs)
        return self._tails[run]

    def _finish(self, run: str) -> None:
        self._done.add(run)
        del self._tails[run]
        self._forget()

    def _forget(self) -> None:
        """Name no run any more that is over, but for the greatest one: it says which runs were there."""
        greatest = max(self._given, default="")
        for one in self._done & self._given.keys() - {greatest}:
            del self._given[one]
