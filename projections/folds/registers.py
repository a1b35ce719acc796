"""What a fold keeps of each table: registers, in each of which the newest write of a key wins.

A table has a register for whole rows, one for each group of columns that is written alone, one for tombstones; a list
of the last k has one for its items. A part is some rows of a register as an Arrow table: the key, `STAMP`, the values.
Invariants: rows of a part stand in the order of their stamps. A stamp is the seq of an event, in the next 8 bits the
place of the write among those of its event, in the last 16 the place of the item among those that this write gives to
its key; one stamp and one key have one value, wherever they are read. So a lineage has at most 2^39 records.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..arrow import type_of
from ..table import Column, Table
from .codes import ids_of, key_type, trimmed
from .last_k import last_rows

STAMP = "_stamp"
WRITES = 1 << 8
"""How many writes an event may have."""
ITEMS = 1 << 16
"""How many items of one event a list can hold."""

Part = Any
"""An Arrow table: rows of a register."""


def stamp(seq: Any, place: int = WRITES - 1, item: int = ITEMS - 1) -> Any:
    """Return the stamps of writes, of a seq or an array of them; of the last one of its event, unless it is said."""
    return (seq * WRITES + place) * ITEMS + item


@dataclass(frozen=True, eq=False)
class Register:
    """Of each key the newest values, or the last `keep` ones."""

    name: str
    table: Table
    columns: tuple[Column, ...]
    keep: int = 1

    @property
    def schema(self) -> Any:
        """The schema of a part."""
        key = [(column.name, key_type(column)) for column in self.table.key]
        return pa.schema([*key, (STAMP, pa.int64()), *((column.name, type_of(column)) for column in self.columns)])

    def part(self, key: Sequence[Any], stamps: Any, values: Sequence[Any]) -> Part:
        """Return a part made of its columns."""
        return pa.Table.from_arrays([*key, pa.array(stamps, type=pa.int64()), *values], schema=self.schema)

    def condensed(self, parts: Sequence[Part]) -> Part:
        """Return one part for several: of each key the newest rows, each once."""
        whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
        stamps = stamps_of(whole)
        order = np.argsort(stamps, kind="stable")
        ids = ids_of(key_of(self.table, whole)).at(order)
        rows = order[last_rows(ids, self.keep, stamps[order])]
        return _trimmed(whole.take(rows), len(self.table.key))


def _trimmed(part: Part, width: int) -> Part:
    columns = [*(trimmed(array_in(part, at)) for at in range(width)), *part.columns[width:]]
    return pa.Table.from_arrays(columns, schema=part.schema)


def array_in(part: Part, name: str | int) -> Any:
    """Return a column as one array."""
    return part.column(name).unify_dictionaries().combine_chunks()


def key_of(table: Table, part: Part) -> list[Any]:
    """Return the columns of the key, or of what of it there is: of a part of a parent, its own key."""
    return [array_in(part, column.name) for column in table.key]


def stamps_of(part: Part) -> Any:
    """Return the stamps as a numpy array."""
    return part.column(STAMP).to_numpy()


def put_name(table: Table) -> str:
    """Return the name of the register of a table's whole rows."""
    return f"{table.name}/row"


def drop_name(table: str) -> str:
    """Return the name of the register of a table's tombstones."""
    return f"{table}/drop"


def item_name(table: Table) -> str:
    """Return the name of the register of the items of a list."""
    return f"{table.name}/item"


def set_name(table: Table, columns: Iterable[str]) -> str:
    """Return the name of the register of columns that are written alone."""
    return f"{table.name}/set/{','.join(sorted(columns))}"


def registers_of(tables: Iterable[Table], groups: Iterable[tuple[Table, Iterable[str]]]) -> dict[str, Register]:
    """Return all registers of some tables by name; `groups` names what is written alone."""
    found = [_whole(table) for table in tables]
    found += [Register(drop_name(table.name), table, ()) for table in tables]
    found += [Register(set_name(table, names), table, _chosen(table, names)) for table, names in groups]
    return {one.name: one for one in found}


def _whole(table: Table) -> Register:
    if table.keep is None:
        return Register(put_name(table), table, table.columns)
    return Register(item_name(table), table, table.columns, table.keep)


def _chosen(table: Table, names: Iterable[str]) -> tuple[Column, ...]:
    wanted = frozenset(names)
    return tuple(column for column in table.columns if column.name in wanted)
