"""What rows may lie over."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from ..table import Key, Row


class Beneath(Protocol):
    """Rows that can be looked at: sheets of a snapshot, or other rows."""

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""

    def cells(self, prefixes: Sequence[Key], names: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return some columns of the rows below each of some parents' keys, in no particular order; no JSON."""

    def count(self, prefix: Key) -> int:
        """Return how many rows lie below a parent's key."""

    def prefixes(self) -> list[Key]:
        """Return the first parts of the keys of all groups."""

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Give out all keys and rows."""

    def all_keys(self) -> Iterator[Key]:
        """Give out all keys."""
