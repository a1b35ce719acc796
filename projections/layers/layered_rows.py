"""Rows over what a snapshot keeps: they become Python objects on use, and changes lie over them.

Invariants: `groups` holds what was changed and what was looked at; for a key in `_over` it alone says whether there is
a row, for any other key the rows beneath do; some that have none there are in `_absent`, since a new row is looked for
several times. `_sizes` holds how many rows a group that came up has; `_began` whether it had any beneath. What is
damaged beneath is replaced, once, by what `rescue` gives: the same rows. Looking fills in what was looked at, so one
lock keeps a reader from bringing back what a writer takes away.
"""

from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any, TypeVar

import pyarrow as pa

from jotty_events.errors import DamagedSnapshot
from jotty_events.projection import Found

from ..arrow import rows_of
from ..rows import Rows, Watcher
from ..table import Key, Row, Table
from .beneath import Beneath
from .dumped import Dumped
from .relaying import in_memory, relaid
from .stack import Held, Layers

T = TypeVar("T")
_MODULUS = 1 << 256
ROWS = 4096
"""Rows that become Python objects at once where all of them are summed."""

_FEW = 1024
"""So many keys that have no row beneath are known by heart."""

AT_ONCE = 10_000
"""Tables of no more rows are taken up whole as soon as all rows are asked for."""


class LayeredRows(Rows):
    """Rows of which most may still lie in Arrow."""

    __slots__ = (
        "_absent",
        "_began",
        "_beneath",
        "_count",
        "_lock",
        "_over",
        "_pending",
        "_rescue",
        "_sizes",
        "_unsaved",
        "_whole",
    )

    def __init__(self, table: Table, found: Found, rescue: Callable[[], Beneath]) -> None:
        super().__init__(table)
        self.next_nth, self.total = found.next_nth, found.total
        self.changed = {}
        self._beneath: Beneath | None = Layers(table, found.layers)
        self._count = found.count
        self._rescue = rescue
        self._pending: list[tuple[pa.Table | None, pa.Table]] = []
        self._unsaved: list[pa.Table] = []
        self._over: set[Key] = set()
        self._absent: set[Key] = set()
        self._whole: set[Key] = set()
        self._sizes: dict[Key, int] = {}
        self._began: dict[Key, bool] | None = {}
        self._lock = RLock()

    def _ask(self, question: Callable[[Beneath], T]) -> T:
        """Ask what lies beneath; if that is damaged, ask what it was made from."""
        beneath: Beneath = Rows(self.table) if self._beneath is None else self._beneath
        try:
            return question(beneath)
        except DamagedSnapshot:
            self._beneath = rescued = self._rescue()
            return question(rescued)

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""
        found = super().get(key)
        if found is not None or self._beneath is None or key in self._over:
            return found
        with self._lock:
            found = super().get(key)
            return self._fetched(key) if found is None else found

    def _fetched(self, key: Key) -> Row | None:
        prefix = key[: self._prefix]
        if key in self._over or key in self._absent or prefix in self._whole:
            return None
        row = self._ask(lambda beneath: beneath.get(key))
        if row is not None:
            self.groups.setdefault(prefix, {})[key[self._prefix :]] = row
        elif len(self._absent) < _FEW:
            self._absent.add(key)
        else:
            self._absent = {key}
        return row

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""
        if self._beneath is not None and prefix not in self._whole:
            with self._lock:
                self._take_up(prefix)
        return self.groups.get(prefix, {})

    def _take_up(self, prefix: Key) -> None:
        found = self._ask(lambda beneath: beneath.group(prefix))
        missing = {rest: row for rest, row in found.items() if prefix + rest not in self._over}
        if missing:
            # A new dictionary, since another thread may be reading the old one.
            self.groups[prefix] = {**missing, **self.groups.get(prefix, {})}
        self._whole.add(prefix)

    def cells(self, prefixes: Sequence[Key], names: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return some columns of the rows below each of some parents' keys; they are read where they lie."""
        with self._lock:
            # What is changed stands in `groups`, and so does what was looked at.
            lying = [one for one in prefixes if one not in self.groups] if self._beneath is not None else []
            found = dict(zip(lying, self._ask(lambda beneath: beneath.cells(lying, names)), strict=True))
            held = iter(super().cells([one for one in prefixes if one not in found], names))
        return [found[one] if one in found else next(held) for one in prefixes]

    def count(self, prefix: Key) -> int:
        """Return how many rows lie below a parent's key."""
        size = self._sizes.get(prefix, 0 if prefix in self._absent else None)
        if size is not None:
            return size
        return super().count(prefix) if self._beneath is None else self._ask(lambda one: one.count(prefix))

    def put(self, key: Key, row: Row) -> None:
        """Write a whole row."""
        with self._lock:
            self._touch(key)
            self._hold(key, row)
            self._counted(row)

    def set(self, key: Key, positions: tuple[int, ...], values: tuple[Any, ...]) -> None:
        """Write some columns of a row that is there; without it nothing happens."""
        with self._lock:
            super().set(key, positions, values)

    def push(self, key: Key, item: Any) -> None:
        """Append an item to the list of a key, and keep the last ones."""
        with self._lock:
            self._touch(key)
            items = self.get(key)
            if items is None:
                self._hold(key, items := [])
            self._keep_last(items, item)

    def drop(self, key: Key) -> None:
        """Take away a row, or all rows below a parent's key."""
        with self._lock:
            if len(key) == self._prefix and self._prefix:
                self.group(key)
            super().drop(key)

    def clear(self) -> None:
        """Take away all rows; the count of insertions goes on."""
        with self._lock:
            super().clear()
            self._forget_beneath()
            self._count, self._began = 0, None
            self._pending, self._unsaved = [], []
            self._sizes.clear()

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Iterate over keys and rows, in no particular order."""
        return super().items() if self._all_taken_up() else self._stream()

    def _all_taken_up(self) -> bool:
        """Take up all rows where these are few; say whether nothing is left beneath."""
        with self._lock:
            if self._beneath is not None and self._count <= AT_ONCE:
                for key, row in self._ask(lambda beneath: list(beneath.items())):
                    if key not in self._over:
                        self.groups.setdefault(key[: self._prefix], {}).setdefault(key[self._prefix :], row)
                self._forget_beneath()
            return self._beneath is None

    def _forget_beneath(self) -> None:
        self._beneath = None
        self._over, self._absent, self._whole = set(), set(), set()

    def _stream(self) -> Iterator[tuple[Key, Row]]:
        with self._lock:
            self._ask(_require_sound)
            beneath, over = self._beneath, set(self._over)
        # What was only looked at is the same in both.
        yield from (one for one in (beneath.items() if beneath is not None else ()) if one[0] not in over)
        for key in over:
            row_over = Rows.get(self, key)
            if row_over is not None:
                yield key, row_over

    def all_keys(self) -> Iterator[Key]:
        """Iterate over the keys, in no particular order."""
        if self._beneath is None:
            return super().all_keys()
        with self._lock:
            found = self._ask(lambda beneath: list(beneath.all_keys()))
            over = [key for key in self._over if Rows.get(self, key) is not None]
            return iter([key for key in found if key not in self._over] + over)

    def prefixes(self) -> list[Key]:
        """Return the first parts of the keys of all groups, in no particular order."""
        with self._lock:
            if self._beneath is None:
                return [one for one, group in self.groups.items() if group]
            found = dict.fromkeys(self._ask(lambda beneath: beneath.prefixes()))
            found.update(dict.fromkeys(self._sizes))
            return [one for one in found if self._sizes.get(one, 1)]

    def __len__(self) -> int:
        return self._count

    def watch_from(self, watcher: Watcher) -> bool:
        """Tell `watcher`, who knows the groups beneath, what came and went since; False if that is not known."""
        with self._lock:
            if self._began is None:
                return False
            self._watchers.append(watcher)
            for prefix, was in self._began.items():
                if was != (self._sizes[prefix] > 0):
                    (watcher.discard if was else watcher.add)(prefix)
            return True

    def _touch(self, key: Key) -> None:
        super()._touch(key)
        if self._beneath is not None:
            self._over.add(key)

    def _hold(self, key: Key, row: Row) -> None:
        prefix, rest = key[: self._prefix], key[self._prefix :]
        if rest not in self.groups.get(prefix, ()):
            self._resize(prefix, 1)
        self.groups.setdefault(prefix, {})[rest] = row

    def _remove(self, key: Key) -> None:
        prefix = key[: self._prefix]
        self._resize(prefix, -1)
        # Another thread may hold the group: a row is taken out of it, the group itself stays.
        self.groups[prefix].pop(key[self._prefix :], None)

    def _remove_group(self, prefix: Key) -> None:
        gone = self.groups.get(prefix)
        if gone:
            self._resize(prefix, -len(gone))
            self.groups[prefix] = {}

    def _resize(self, prefix: Key, change: int) -> None:
        before = self.count(prefix)
        if self._began is not None:
            self._began.setdefault(prefix, before > 0)
        self._sizes[prefix] = before + change
        self._count += change
        if before == 0:
            self._tell_new(prefix)
        elif before + change == 0:
            self._tell_gone(prefix)

    def sum(self) -> int:
        """Return the sum of the hashes of all rows, brought up to date."""
        with self._lock:
            for gone, came in self._pending:
                self.total = (self.total - self._sum_of(gone) + self._sum_of(came)) % _MODULUS
            self._pending = []
            return super().sum()

    def _sum_of(self, held: pa.Table | None) -> int:
        batches = [] if held is None else held.to_batches(max_chunksize=ROWS)
        return sum(self.hash_of(*one) for batch in batches for one in rows_of(self.table, batch))

    def settle(self) -> None:
        """Take note that all rows were saved as they are: what changes from now on is to be saved next time."""
        super().settle()
        self._unsaved = []

    @property
    def unsaved(self) -> list[pa.Table]:
        """The sheets, oldest first, that are still to be saved together with what is `changed`."""
        return self._unsaved

    def held(self) -> tuple[list[pa.Table], list[Key]] | None:
        """Return the sheets beneath, oldest first, and the keys that were changed over them; None without sheets."""
        with self._lock:
            sheets = None if self._beneath is None else self._ask(_sheets_of)
            return None if sheets is None else (sheets, list(self._over))

    @property
    def layers(self) -> Layers | None:
        """The sheets that these rows are, as long as nothing was changed over them."""
        return self._beneath if isinstance(self._beneath, Layers) and not self._over else None

    def rescued(self) -> Rows:
        """Return the same rows in memory, made in another way than from sheets that turned out damaged."""
        found = self._rescue()
        return found if isinstance(found, Rows) else in_memory(self.table, found.items())

    def with_over(self, sheet: pa.Table, gone: pa.Table | None, came: pa.Table, next_nth: int) -> "LayeredRows":
        """Return these rows, over which nothing was changed, with a sheet over them.

        It takes away the rows of `gone`, or some of them, and holds those of `came`.
        """
        layers = self.layers
        if layers is None:
            raise AssertionError("nothing was changed")
        count = self._count + came.num_rows - (0 if gone is None else gone.num_rows)
        made = LayeredRows(
            self.table, Found([], count, next_nth, self.total), lambda: relaid(self.table, self._rescue(), sheet)
        )
        made._beneath = layers.with_over(Held(sheet))
        made._pending = [*self._pending, (gone, came)]
        made._unsaved = [*self._unsaved, sheet]
        made._tell_groups_of(sheet, layers)
        return made

    def _tell_groups_of(self, sheet: pa.Table, before: Layers) -> None:
        """Take note of the groups that came and went with the newest sheet, where anybody may want to know."""
        if not self._prefix or self.table.parent is not None:
            self._began = None
            return
        columns = [sheet.column(one.name).to_pylist() for one in self.table.key[: self._prefix]]
        for prefix in dict.fromkeys(zip(*columns, strict=True)):
            self._sizes[prefix] = self._ask(lambda beneath, one=prefix: beneath.count(one))  # type: ignore[misc]
            if self._began is not None:
                self._began[prefix] = before.count(prefix) > 0


def over_dump(table: Table, dumped: pa.Table) -> LayeredRows:
    """Return the rows of a dump, none of which was summed or saved yet."""
    rows = LayeredRows(table, Found([], dumped.num_rows, 0, 0), lambda: Rows(table))
    rows._beneath = Dumped(table, dumped)
    rows._pending = [(None, dumped)]
    rows.changed = rows._began = None
    return rows


def _sheets_of(beneath: Beneath) -> list[pa.Table] | None:
    return beneath.sheets() if isinstance(beneath, Layers | Dumped) else None


def _require_sound(beneath: Beneath) -> None:
    if isinstance(beneath, Layers):
        beneath.require_sound()
