"""The rows of one table, and their digest.

Invariants: `total` is the sum modulo 2^256 of SHA-256 over the canonical rows as they were when `digest` was last
asked; `touched` holds, for each key changed since, the hash that its row had then (0 if there was none). `changed`
holds, for each key changed since the rows were last saved, whether it had a row then; it is None where all rows are to
be saved.
"""

from collections.abc import Callable, Iterator, Sequence
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

    __slots__ = (
        "_followers",
        "_nth_at",
        "_prefix",
        "_size",
        "_watchers",
        "changed",
        "groups",
        "next_nth",
        "table",
        "total",
        "touched",
    )

    def __init__(self, table: Table) -> None:
        self.table = table
        self.groups: dict[Key, dict[Key, Row]] = {}
        self.next_nth = 0
        self.total = 0
        self.touched: dict[Key, int] = {}
        self.changed: dict[Key, bool] | None = None
        self._prefix = table.prefix
        self._size = 0
        self._nth_at = table.nth_at
        self._watchers: list[Watcher] = []
        self._followers: list[Callable[[Key], None]] = []

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of every group that is there, and from now on of those that come and go."""
        self._watchers.append(watcher)
        for prefix in self.prefixes():
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
        for key, row in self.items():
            copy._group_for(key[: self._prefix])[key[self._prefix :]] = list(row)
        copy.next_nth, copy.total, copy._size = self.next_nth, self.sum(), len(self)
        return copy

    def watch_from(self, watcher: Watcher) -> bool:
        """Say whether what came and went since the rows were kept is known: here it is not."""
        return False

    def prefixes(self) -> list[Key]:
        """Return the first parts of the keys of all groups, in no particular order."""
        return list(self.groups)

    def _group_for(self, prefix: Key) -> dict[Key, Row]:
        group = self.groups.get(prefix)
        if group is None:
            group = self.groups[prefix] = {}
            self._tell_new(prefix)
        return group

    def _tell_new(self, prefix: Key) -> None:
        for watcher in self._watchers:
            watcher.add(prefix)

    def _tell_gone(self, prefix: Key) -> None:
        for watcher in self._watchers:
            watcher.discard(prefix)

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""
        group = self.groups.get(key[: self._prefix])
        return None if group is None else group.get(key[self._prefix :])

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""
        return self.groups.get(prefix, {})

    def cells(self, prefixes: Sequence[Key], names: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return some columns of the rows below each of some parents' keys, in no particular order; no JSON."""
        at = [self.table.standing(name) for name in names]
        return [self._cells_of(prefix, at) for prefix in prefixes]

    def _cells_of(self, prefix: Key, at: Sequence[int]) -> list[tuple[Any, ...]]:
        # A list, since another thread may go on learning.
        found = [(*prefix, *rest, *row) for rest, row in list(self.group(prefix).items())]
        return [tuple([cells[one] for one in at]) for cells in found]

    def count(self, prefix: Key) -> int:
        """Return how many rows lie below a parent's key."""
        return len(self.groups.get(prefix, ()))

    def put(self, key: Key, row: Row) -> None:
        """Write a whole row."""
        self._touch(key)
        group, rest = self._group_for(key[: self._prefix]), key[self._prefix :]
        self._size += rest not in group
        group[rest] = row
        self._counted(row)

    def _counted(self, row: Row) -> None:
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
        group = self._group_for(key)
        self._size += not group
        self._keep_last(group.setdefault((), []), item)

    def _keep_last(self, items: list[Any], item: Any) -> None:
        items.append(item)
        if self.table.keep is not None and len(items) > self.table.keep:
            del items[: -self.table.keep]

    def drop(self, key: Key) -> None:
        """Take away a row, or all rows below a parent's key."""
        if len(key) == self._prefix and self._prefix:
            for rest in self.group(key):
                self._touch(key + rest)
            self._remove_group(key)
        elif self.get(key) is not None:
            self._touch(key)
            self._remove(key)

    def _remove(self, key: Key) -> None:
        prefix = key[: self._prefix]
        group = self.groups[prefix]
        del group[key[self._prefix :]]
        self._size -= 1
        if not group:
            del self.groups[prefix]
            self._tell_gone(prefix)

    def _remove_group(self, prefix: Key) -> None:
        gone = self.groups.pop(prefix, None)
        if gone is not None:
            self._size -= len(gone)
            self._tell_gone(prefix)

    def clear(self) -> None:
        """Take away all rows; the count of insertions goes on."""
        gone = self.prefixes() if self._watchers else ()
        for key in list(self.all_keys()) if self._followers else ():
            self._tell_changed(key)
        self.groups = {}
        self._size = 0
        # Nothing is left that could have had a hash: the sum begins anew, and so does what is saved.
        self.total = 0
        self.touched = {}
        self.changed = None
        for prefix in gone:
            self._tell_gone(prefix)

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Iterate over keys and rows, in no particular order; another thread may go on changing them meanwhile."""
        for prefix, group in list(self.groups.items()):
            for rest, row in list(group.items()):
                yield prefix + rest, row

    def all_keys(self) -> Iterator[Key]:
        """Iterate over the keys, in no particular order."""
        return (key for key, _ in self.items())

    def held(self) -> tuple[list[Any], list[Key]] | None:
        """Return the sheets beneath, oldest first, and the keys that were changed over them; None without sheets."""
        return None

    def rescued(self) -> "Rows":
        """Return the same rows in memory, made in another way than from sheets that turned out damaged."""
        return self

    @property
    def unsaved(self) -> list[Any]:
        """The sheets, oldest first, that are still to be saved together with what is `changed`."""
        return []

    def __len__(self) -> int:
        return self._size

    def settle(self) -> None:
        """Take note that all rows were saved as they are: what changes from now on is to be saved next time."""
        self.sum()
        self.changed = {}

    def _tell_changed(self, key: Key) -> None:
        for changed in self._followers:
            changed(key)

    def _touch(self, key: Key) -> None:
        self._tell_changed(key)
        if key not in self.touched:
            row = self.get(key)
            self.touched[key] = 0 if row is None else self.hash_of(key, row)
            if self.changed is not None:
                self.changed.setdefault(key, row is not None)

    def hash_of(self, key: Key, row: Row) -> int:
        """Return what a row adds to the sum."""
        return int.from_bytes(sha256(_encode([self.table.name, key, row])).digest())

    def sum(self) -> int:
        """Return the sum of the hashes of all rows, brought up to date."""
        for key, before in self.touched.items():
            row = self.get(key)
            now = 0 if row is None else self.hash_of(key, row)
            self.total = (self.total - before + now) % _MODULUS
        self.touched.clear()
        return self.total

    def digest(self) -> int:
        """Return the sum of the hashes of all rows, the count of insertions included."""
        counter = int.from_bytes(sha256(_encode([self.table.name, self.next_nth])).digest())
        return (self.sum() + counter) % _MODULUS
