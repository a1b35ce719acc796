"""Rows to import, and the insertion numbers that they get.

Invariants: what has one key has one number, in whatever file it comes again; numbers are dense, in the order in which
keys first came.
"""

from hashlib import blake2b
from typing import NamedTuple

from ...events import EntryImported
from ...types import Json


class Row(NamedTuple):
    """A row of one projection's table; `nth` is its insertion number, where that table counts."""

    projection: str
    table: str
    row: Json
    nth: int = 0
    checked: bool = False
    """Whether a model has looked at all of it: numbers, and texts of ASCII (others may hold half a character)."""

    def event(self) -> EntryImported:
        """Return the event that imports it."""
        return EntryImported(projection=self.projection, table=self.table, row=self.row, nth=self.nth)


def digest(*parts: str) -> bytes:
    """Return 16 bytes that stand for some texts: a name that is short however long they are."""
    found = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8))
        found.update(data)
    return found.digest()


class Numbers:
    """Insertion numbers by table and key."""

    def __init__(self) -> None:
        self._of: dict[str, dict[bytes, int]] = {}
        self._next: dict[str, int] = {}
        self._said: dict[str, list[str]] = {}

    def of(self, table: str, *key: str) -> int:
        """Return the number of a key, the next one for a new key."""
        known = self._of.setdefault(table, {})
        return known.setdefault(digest(*key), len(known))

    def knows(self, table: str, *key: str) -> bool:
        """Say whether a key came before."""
        return digest(*key) in self._of.get(table, ())

    def following(self, table: str) -> int:
        """Return the next number, for what has no key of its own."""
        self._next[table] = self._next.get(table, -1) + 1
        return self._next[table]

    def at_least(self, table: str, number: int) -> int:
        """Return a number that is greater than all before, and at least the one given."""
        self._next[table] = max(number, self._next.get(table, 0) + 1)
        return self._next[table]

    def again(self, of: str) -> bool:
        """Say whether this was asked of the same before."""
        before = of in self._said
        self._said.setdefault(of, [])
        return before

    def left_over(self, of: str, names: list[str]) -> list[str]:
        """Return the names that the file before said in such a list and this one does not."""
        before, self._said[of] = self._said.get(of, []), names
        now = set(names)
        return [name for name in before if name not in now]
