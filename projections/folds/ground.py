"""The rows of one table that lie beneath a fold, and are taken up into it as far as it says anything of them.

Invariants: `_looked` names the places that the fold knows all of: it has their rows, or there are none. A row that it
does not know is as it was beneath. Where a fold says much, all rows are taken up, and nothing is left beneath.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from jotty_events.errors import DamagedSnapshot

from ..arrow import stored_columns
from ..layers.layered_rows import LayeredRows
from ..layers.loading import load_rows
from ..layers.sheet import ALIVE, PLACE, WAS, WIDTH, everything, place_of, places_in, sheet_of
from ..layers.stack import Layers
from ..rows import Rows
from ..table import Key, Table
from .lift import lifted_rows
from .partial import Partial
from .registers import Part, Register, array_in, drop_name, key_of

FEW = 4096
"""So many rows are taken up at once."""
SHARE = 8
"""All rows are taken up once a fold says something of more than one in so many of them."""


class Ground:
    """The rows of one table beneath a fold."""

    def __init__(self, table: Table, register: Register, rows: Rows, upto: int) -> None:
        self._table, self._register, self._rows, self._upto = table, register, rows, upto
        self._looked: set[bytes] = set()
        self._taken: list[pa.Table] = []
        self.left = len(rows) > 0
        """Whether any row may still be beneath that the fold does not know."""

    def part(self, said: Partial) -> Part | None:
        """Return what was beneath of all that a partial says something of, and was not returned before."""
        if not self.left:
            return None
        stones = [self._table.name, *([self._table.parent] if self._table.parent else [])]
        if any(name in said.cleared for name in stones):
            self.left = False
            return None
        sheet = self._touched(said)
        if sheet is None or not sheet.num_rows:
            return None
        return lifted_rows(self._register, sheet, self._upto)

    def _touched(self, said: Partial) -> pa.Table | None:
        layers = self._rows.layers if isinstance(self._rows, LayeredRows) else None
        size = sum(part.num_rows for part in self._parts(said))
        if layers is not None and len(self._rows) > max(FEW, SHARE * (size + len(self._looked))):
            try:
                return self._looked_up(layers, said)
            except DamagedSnapshot:
                pass
        return self._rest()

    def _parts(self, said: Partial) -> Iterator[Part]:
        """Give out the parts of a partial that name rows of the table, or groups of them."""
        above = "" if self._table.parent is None else drop_name(self._table.parent)
        return (part for name, part in said.parts.items() if name.startswith(f"{self._table.name}/") or name == above)

    def _looked_up(self, layers: Layers, said: Partial) -> pa.Table | None:
        """Return the rows of the keys that a partial names, and of the groups that it takes away."""
        places = set[bytes]()
        for part in self._parts(said):
            if part.num_columns > len(self._table.key):
                places.update(place_of(key, self._table.prefix) for key in _keys(key_of(self._table, part)))
        above = said.parts.get(drop_name(self._table.parent)) if self._table.parent else None
        for prefix in _keys([array_in(above, at) for at in range(above.num_columns - 1)]) if above is not None else ():
            places |= layers.places_below(prefix)
        places -= self._looked
        found = layers.rows_at(sorted(places))
        self._looked |= places
        if found is not None:
            self._taken.append(found)
        return found

    def _rest(self) -> pa.Table:
        """Return all rows that were not looked at before; from now on there are none beneath."""
        self.left = False
        try:
            sheet = everything(self._rows)
        except DamagedSnapshot:
            sheet = everything(self._rows.rescued())
        if not self._looked or not sheet.num_rows:
            return sheet
        looked = np.array(sorted(self._looked), dtype=f"S{2 * WIDTH}")
        return sheet.filter(pa.array(~np.isin(_places(sheet), looked)))

    def rows(self, dumped: pa.Table, next_nth: int) -> Rows:
        """Return all rows, given the dump of those that the fold came to."""
        if not self.left:
            rows = load_rows(self._table, dumped)
            rows.next_nth = next_nth
            return rows
        if dumped.num_rows or self._taken:
            return self._over(dumped, next_nth)
        self._rows.next_nth = next_nth
        return self._rows

    def _over(self, dumped: pa.Table, next_nth: int) -> Rows:
        if not isinstance(self._rows, LayeredRows):
            raise AssertionError("other rows are taken up at once")
        taken = pa.concat_tables(self._taken).combine_chunks() if self._taken else None
        sheet = _sheet(self._table, sheet_of(self._table, dumped), taken)
        return self._rows.with_over(sheet, taken, dumped, next_nth)


def _keys(columns: list[Any]) -> Iterator[Key]:
    return zip(*(column.to_pylist() for column in columns), strict=True)


def _sheet(table: Table, came: pa.Table, taken: pa.Table | None) -> pa.Table:
    """Return the sheet that makes of the rows that were taken up those that the fold came to."""
    if taken is None:
        return came
    before, now = (_places(one) for one in (taken, came))
    came = _marked(came, WAS, np.isin(now, before))
    gone = taken.filter(pa.array(~np.isin(before, now)))
    gone = _marked(_marked(gone, ALIVE, np.zeros(gone.num_rows, dtype=bool)), WAS, np.ones(gone.num_rows, dtype=bool))
    for column in stored_columns(table)[len(table.key) :]:
        at = gone.schema.get_field_index(column.name)
        gone = gone.set_column(at, column.name, pa.nulls(gone.num_rows, gone.schema.field(at).type))
    whole = pa.concat_tables([came, gone]).combine_chunks()
    order: Any = np.argsort(_places(whole), kind="stable")
    return whole.take(order)


def _places(sheet: pa.Table) -> Any:
    return places_in(sheet.column(PLACE).combine_chunks())


def _marked(sheet: pa.Table, name: str, marks: Any) -> pa.Table:
    return sheet.set_column(sheet.schema.get_field_index(name), name, pa.array(marks, type=pa.bool_()))
