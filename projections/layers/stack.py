"""Rows that lie in Arrow, sheet over sheet, and become Python objects only when they are asked for.

Invariants: nothing here changes. The newest sheet that has a place says whether there is a row, and which. Whatever
gives out a batch may find it damaged (DamagedSnapshot), at the first touch and never later.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.json import decode

from jotty_events.projection import Batches

from ..arrow import rows_of, stored_columns
from ..table import Key, Row, Table
from .sheet import ALIVE, PLACE, WAS, WIDTH, group_of, place_of, places_in

_FIRST, _LAST = bytes(WIDTH), b"\xff" * WIDTH
_FEW = 8
"""So few rows are read cell by cell: a part of a batch takes longer to cut out than to read."""
_SINGLY = 32
"""So many cells of a column are read one by one: to list all of a batch takes as long."""


class Held:
    """A sheet in memory."""

    def __init__(self, sheet: pa.Table, rows: int = 4096) -> None:
        self._batches = [one for one in sheet.to_batches(max_chunksize=rows) if one.num_rows]
        self.firsts: list[bytes] = [one.column(PLACE)[0].as_py() for one in self._batches]
        self.counts: list[int] = [one.num_rows for one in self._batches]

    def batch(self, number: int) -> pa.RecordBatch:
        """Return a batch."""
        return self._batches[number]


class _Leaf:
    """A batch that is sound."""

    def __init__(self, table: Table, batch: pa.RecordBatch) -> None:
        self._table = table
        self._batch = batch
        # A list is searched several times as fast as an array; numpy leaves out the zeros at the end.
        self.places: list[bytes] = places_in(batch.column(PLACE)).tolist()
        self._columns = [(batch.column(one.name), one.kind == "json") for one in stored_columns(table)]
        self._listed: dict[tuple[str, ...], list[list[Any]]] = {}
        self._singly: dict[tuple[str, ...], list[Any]] = {}
        self._looks: dict[tuple[str, ...], int] = {}

    def cells(self, names: tuple[str, ...], at: int) -> tuple[Any, ...]:
        """Return some cells of one row, marks included; whole columns become Python objects once many were wanted."""
        listed = self._listed.get(names)
        return self._cells_singly(names, at) if listed is None else tuple([values[at] for values in listed])

    def _cells_singly(self, names: tuple[str, ...], at: int) -> tuple[Any, ...]:
        columns = self._singly.get(names)
        if columns is None:
            columns = self._singly[names] = [self._batch.column(name) for name in names]
        self._looks[names] = looks = self._looks.get(names, 0) + 1
        if looks > _SINGLY:
            self._listed[names] = list(map(_values, columns))
        return tuple([column[at].as_py() for column in columns])

    def row(self, at: int) -> Row | None:
        """Return one row, None if it says that there is none."""
        if not self._batch.column(ALIVE)[at].as_py():
            return None
        width = len(self._table.key)
        cells = [_cell(column[at].as_py(), is_json) for column, is_json in self._columns[width:]]
        return cells[0] if self._table.keep is not None else cells

    def key(self, at: int) -> Key:
        """Return the key of one row."""
        return tuple(column[at].as_py() for column, _ in self._columns[: len(self._table.key)])

    def keys(self) -> list[Key]:
        """Return all keys."""
        columns = (column.to_pylist() for column, _ in self._columns[: len(self._table.key)])
        return list(zip(*columns, strict=True))

    def taken(self, rows: Sequence[int]) -> pa.RecordBatch:
        """Return some rows as they stand in the sheet."""
        return self._batch.take(pa.array(rows, type=pa.int64()))

    def marks(self, name: str, low: int = 0, high: int | None = None) -> list[bool]:
        """Return the marks `ALIVE` or `WAS` of some rows."""
        found: list[Any] = self._batch.column(name)[low:high].to_pylist()
        return found

    def rows(self, low: int = 0, high: int | None = None) -> Iterator[tuple[Key, Row | None]]:
        """Give out some rows with their keys."""
        if high is not None and high - low <= _FEW:
            yield from ((self.key(at), self.row(at)) for at in range(low, high))
            return
        part = self._batch[low:high]
        for (key, row), alive in zip(rows_of(self._table, part), part.column(ALIVE).to_pylist(), strict=True):
            yield key, row if alive else None


def _values(column: Any) -> list[Any]:
    # By way of numpy it takes a tenth of the time, but numpy knows no missing numbers.
    plain = not column.null_count and pa.types.is_primitive(column.type)
    found: list[Any] = column.to_numpy(zero_copy_only=False).tolist() if plain else column.to_pylist()
    return found


def _cell(value: Any, is_json: bool) -> Any:
    return decode(value) if is_json and value is not None else value


class _Layer:
    """One sheet."""

    def __init__(self, table: Table, batches: Batches) -> None:
        self._table = table
        self._batches = batches
        self._firsts = batches.firsts
        self._starts = [0, *accumulate(batches.counts)]
        self._leaves: dict[int, _Leaf] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    def leaf(self, number: int) -> _Leaf:
        """Return a batch, looked at once."""
        found = self._leaves.get(number)
        if found is None:
            found = self._leaves[number] = _Leaf(self._table, self._batches.batch(number))
        return found

    def leaves(self) -> Iterator[_Leaf]:
        """Give out all batches."""
        return map(self.leaf, range(len(self._firsts)))

    def sheet(self) -> pa.Table:
        """Return all batches, looked at once more."""
        return pa.Table.from_batches([self._batches.batch(number) for number in range(len(self._firsts))])

    def find(self, place: bytes) -> tuple[_Leaf, int] | None:
        """Return where a place stands, None if it is not here."""
        number = bisect_right(self._firsts, place) - 1
        if number < 0:
            return None
        leaf = self.leaf(number)
        wanted = place.rstrip(b"\0")
        at = bisect_left(leaf.places, wanted)
        return (leaf, at) if at < len(leaf.places) and leaf.places[at] == wanted else None

    def position(self, place: bytes) -> int:
        """Return how many rows stand before a place."""
        number = bisect_right(self._firsts, place) - 1
        if number < 0:
            return 0
        return self._starts[number] + bisect_left(self.leaf(number).places, place.rstrip(b"\0"))

    def span(self, group: bytes) -> tuple[int, int]:
        """Return the positions between which the rows of a group stand."""
        if not self._firsts:
            return 0, 0
        low = self.position(group + _FIRST)
        return low, self.position(group + _LAST)

    def standing(self, group: bytes) -> list[tuple[_Leaf, int]]:
        """Return where the rows of a group stand, which are few, one by one."""
        low, last = group + _FIRST, group + _LAST
        wanted, found = low.rstrip(b"\0"), []
        number = max(0, bisect_right(self._firsts, low) - 1)
        while number < len(self._firsts) and self._firsts[number] <= last:
            leaf = self.leaf(number)
            at = bisect_left(leaf.places, wanted)
            while at < len(leaf.places) and leaf.places[at] < last:
                found.append((leaf, at))
                at += 1
            number += 1
        return found

    def parts(self, low: int, high: int) -> Iterator[tuple[_Leaf, int, int]]:
        """Give out the rows between two positions, batch by batch."""
        number = bisect_right(self._starts, low) - 1
        while low < high:
            start, end = self._starts[number], self._starts[number + 1]
            yield self.leaf(number), low - start, min(high, end) - start
            low, number = end, number + 1

    def heads(self) -> Iterator[Key]:
        """Give out the key of the first row of each group."""
        at = 0
        while at < len(self):
            leaf, within, _ = next(self.parts(at, at + 1))
            yield leaf.key(within)
            group = leaf.places[within].ljust(2 * WIDTH, b"\0")[:WIDTH]
            # A sheet that says wrongly where its batches begin would be gone through for ever.
            at = max(at + 1, self.position(group + _LAST))


class Layers:
    """The sheets of one table; the oldest one is whole."""

    def __init__(self, table: Table, oldest_first: Sequence[Batches]) -> None:
        self._table = table
        self._prefix = table.prefix
        self._oldest = [_Layer(table, one) for one in oldest_first]
        self._newest = self._oldest[::-1]

    def with_over(self, sheet: Batches) -> "Layers":
        """Return these sheets and one over them."""
        made = Layers(self._table, [sheet])
        made._oldest = [*self._oldest, *made._oldest]
        made._newest = made._oldest[::-1]
        return made

    def get(self, key: Key) -> Row | None:
        """Return the row of a whole key, None if there is none."""
        place = place_of(key, self._prefix)
        for layer in self._newest:
            hit = layer.find(place)
            if hit is not None:
                return hit[0].row(hit[1])
        return None

    def group(self, prefix: Key) -> dict[Key, Row]:
        """Return the rows below a parent's key, by the rest of their keys."""
        group, found = group_of(prefix), dict[Key, Row]()
        for layer in self._oldest:
            for leaf, low, high in layer.parts(*layer.span(group)):
                for key, row in leaf.rows(low, high):
                    _lay(found, key[self._prefix :], row)
        return found

    def cells(self, prefixes: Sequence[Key], names: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return some columns of the rows below each of some parents' keys, in no particular order; no JSON."""
        wanted = (ALIVE, *names)
        return [self._cells_of(group_of(prefix), wanted) for prefix in prefixes]

    def _cells_of(self, group: bytes, wanted: tuple[str, ...]) -> list[tuple[Any, ...]]:
        found: dict[bytes, tuple[Any, ...]] = {}
        for layer in self._oldest:
            for leaf, at in layer.standing(group):
                alive, *cells = leaf.cells(wanted, at)
                if alive:
                    found[leaf.places[at]] = tuple(cells)
                else:
                    found.pop(leaf.places[at], None)
        return list(found.values())

    def count(self, prefix: Key) -> int:
        """Return how many rows lie below a parent's key."""
        group = group_of(prefix)
        low, high = self._oldest[0].span(group) if self._oldest else (0, 0)
        return high - low + sum(_gain(layer.parts(*layer.span(group))) for layer in self._oldest[1:])

    def prefixes(self) -> list[Key]:
        """Return the first parts of the keys of all groups, in no particular order."""
        above = {key[: self._prefix]: None for layer in self._oldest[1:] for key in layer.heads()}
        beneath = (key[: self._prefix] for layer in self._oldest[:1] for key in layer.heads())
        return [one for one in beneath if one not in above] + [one for one in above if self.count(one)]

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Give out all keys and rows, in no particular order."""
        return self._scan(_Leaf.rows)

    def all_keys(self) -> Iterator[Key]:
        """Give out all keys, in no particular order."""
        return (key for key, _ in self._scan(_keys_and_marks))

    def _scan(self, look: "Callable[[_Leaf], Iterator[tuple[Key, Any]]]") -> Iterator[tuple[Key, Any]]:
        seen = set[Key]()
        for layer in self._newest[:-1]:
            for leaf in layer.leaves():
                for key, found in look(leaf):
                    if key not in seen and found is not None:
                        yield key, found
                    seen.add(key)
        for layer in self._oldest[:1]:
            for leaf in layer.leaves():
                yield from [one for one in look(leaf) if one[1] is not None and one[0] not in seen]

    def sheets(self) -> list[pa.Table]:
        """Return the sheets, oldest first."""
        return [layer.sheet() for layer in self._oldest if len(layer)]

    def rows_at(self, places: Iterable[bytes]) -> pa.Table | None:
        """Return the rows of some places, as their sheets have them; None if there are none."""
        found: dict[int, tuple[_Leaf, list[int]]] = {}
        for place in places:
            hit = next((one for layer in self._newest if (one := layer.find(place)) is not None), None)
            if hit is not None:
                found.setdefault(id(hit[0]), (hit[0], []))[1].append(hit[1])
        batches = [leaf.taken(rows) for leaf, rows in found.values()]
        return pa.Table.from_batches(batches).filter(pc.field(ALIVE)) if batches else None

    def places_below(self, prefix: Key) -> set[bytes]:
        """Return the places of the rows below a parent's key, of those too that are taken away."""
        group = group_of(prefix)
        parts = (part for layer in self._oldest for part in layer.parts(*layer.span(group)))
        return {place.ljust(2 * WIDTH, b"\0") for leaf, low, high in parts for place in leaf.places[low:high]}

    def require_sound(self) -> None:
        """Touch all batches; DamagedSnapshot if one is not as it was written."""
        for layer in self._oldest:
            for _ in layer.leaves():
                pass


def _lay(found: dict[Key, Row], rest: Key, row: Row | None) -> None:
    if row is None:
        found.pop(rest, None)
    else:
        found[rest] = row


def _gain(parts: Iterator[tuple[_Leaf, int, int]]) -> int:
    """Return how many rows more there are with these parts of a sheet than beneath it."""
    return sum(sum(leaf.marks(ALIVE, low, high)) - sum(leaf.marks(WAS, low, high)) for leaf, low, high in parts)


def _keys_and_marks(leaf: _Leaf) -> Iterator[tuple[Key, Any]]:
    return zip(leaf.keys(), (alive or None for alive in leaf.marks(ALIVE)), strict=True)
