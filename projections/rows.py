"""The rows of one table, and their digest.

Invariants: `total` is the sum modulo 2^256 of SHA-256 over the canonical rows as they were when `digest` was last
asked; `touched` holds, for each key changed since, the hash that its row had then (0 if there was none).
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Protocol

from msgspec.json import Encoder

from .table import Key, Row, Table

_MODULUS = 1 << 256
_encode = Encoder(order="sorted").encode


class Watcher(Protocol):
    """Is told of groups of rows that come and go, so that it can keep an index of them."""

    def add(self, prefix: Key) -> None:
        """Take note of a new group."""

    def discard(self, prefix: Key) -> None:
        """Take note that a group is gone."""


class Rows:
    """Rows by key; keys of one group lie together, so that dropping the group is one step."""

    __slots__ = ("_followers", "_nth_at", "_prefix", "_watchers", "groups", "next_nth", "table", "total", "touched")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.groups: dict[Key, dict[Key, Row]] = {}
        self.next_nth = 0
        self.total = 0
        self.touched: dict[Key, int] = {}
        self._prefix = table.prefix
        self._nth_at = table.nth_at
        self._watchers: list[Watcher] = []
        self._followers: list[Callable[[Key], None]] = []

    def watch(self, watcher: "Watcher") -> None:
        """Tell `watcher` of every group that is there, and from now on of those that come and go."""
        self._watchers.append(watcher)
        for prefix in self.groups:
            watcher.add(prefix)

    def follow(self, changed: Callable[[Key], None]) -> None:
        """Tell `changed` the key of every row that is written or taken away from now on."""
        self._followers.append(changed)

    def release(self) -> None:
        """Tell nobody any more."""
        self._watchers, self._followers = [], []

    def __deepcopy__(self, _: object) -> "Rows":
        """Return rows that change on their own; nobody watches them. Values are shared: a row takes new ones."""
        copy = Rows(self.table)
        copy.groups = {
            prefix: {rest: list(row) for rest, row in group.items()} for prefix, group in self.groups.items()
        }
        copy.next_nth, copy.total, copy.touched = self.next_nth, self.total, dict(self.touched)
        return copy

    def _group_for(self, prefix: Key) -> dict[Key, Row]:
        group = self.groups.get(prefix)
        if group is None:
            group = self.groups[prefix] = {}
            for watcher in self._watchers:
                watcher.add(prefix)
        return group

    def _drop_group(self, prefix: Key) -> None:
        if self.groups.pop(prefix, None) is not None:
            for watcher in self._watchers:
                watcher.discard(prefix)

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""
        group = self.groups.get(key[: self._prefix])
        return None if group is None else group.get(key[self._prefix :])

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""
        return self.groups.get(prefix, {})

    def put(self, key: Key, row: Row) -> None:
        """Write a whole row."""
        self._touch(key)
        self._group_for(key[: self._prefix])[key[self._prefix :]] = row
        if self._nth_at is not None and row[self._nth_at] is not None and row[self._nth_at] >= self.next_nth:
            self.next_nth = row[self._nth_at] + 1

    def set(self, key: Key, positions: tuple[int, ...], values: tuple[Any, ...]) -> None:
        """Write some columns of a row that is there; without it nothing happens."""
        row = self.get(key)
        if row is None:
            return
        self._touch(key)
        for position, value in zip(positions, values, strict=True):
            row[position] = value

    def push(self, key: Key, item: Any) -> None:
        """Append an item to the list of a key, and keep the last ones."""
        self._touch(key)
        items = self._group_for(key).setdefault((), [])
        items.append(item)
        if self.table.keep is not None and len(items) > self.table.keep:
            del items[: -self.table.keep]

    def drop(self, key: Key) -> None:
        """Take away a row, or all rows below a parent's key."""
        if len(key) == self._prefix and self._prefix:
            for rest in self.group(key):
                self._touch(key + rest)
            self._drop_group(key)
        elif self.get(key) is not None:
            self._touch(key)
            self._remove(key)

    def _remove(self, key: Key) -> None:
        group = self.groups[key[: self._prefix]]
        del group[key[self._prefix :]]
        if not group:
            self._drop_group(key[: self._prefix])

    def clear(self) -> None:
        """Take away all rows; the count of insertions goes on."""
        for key in [key for key, _ in self.items()]:
            self._touch(key)
        for prefix in list(self.groups):
            self._drop_group(prefix)

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Iterate over keys and rows, in no particular order."""
        for prefix, group in self.groups.items():
            for rest, row in group.items():
                yield prefix + rest, row

    def __len__(self) -> int:
        return sum(map(len, self.groups.values()))

    def _touch(self, key: Key) -> None:
        for changed in self._followers:
            changed(key)
        if key not in self.touched:
            row = self.get(key)
            self.touched[key] = 0 if row is None else self._hash(key, row)

    def _hash(self, key: Key, row: Row) -> int:
        return int.from_bytes(sha256(_encode([self.table.name, key, row])).digest())

    def digest(self) -> int:
        """Return the sum of the hashes of all rows, the count of insertions included."""
        for key, before in self.touched.items():
            row = self.get(key)
            now = 0 if row is None else self._hash(key, row)
            self.total = (self.total - before + now) % _MODULUS
        self.touched.clear()
        counter = int.from_bytes(sha256(_encode([self.table.name, self.next_nth])).digest())
        return (self.total + counter) % _MODULUS
