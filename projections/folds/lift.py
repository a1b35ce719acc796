"""From a state to a partial that stands for all the records behind it.

Invariants: no stamp is greater than that of the last record. The items of a list get stamps that keep their order;
these are not those of the records that pushed them, which no one will compare them with: whoever says anything of
records up to there is not listened to.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Raw
from msgspec.json import Decoder

from ..arrow import type_of
from ..layers.sheet import everything
from ..rows import Rows
from .codes import coded
from .partial import Partial
from .registers import Part, Register, array_in, item_name, put_name, stamp

_any_list = Decoder(list[Any]).decode
_raw_list = Decoder(list[Raw]).decode


def lifted(registers: Mapping[str, Register], state: Mapping[str, Rows], upto: int) -> Partial:
    """Return the state at a seq as the partial of all records up to there; of rows in sheets, none is looked at."""
    parts: dict[str, Part] = {}
    for rows in state.values():
        held = everything(rows)
        if held.num_rows:
            name = put_name(rows.table) if rows.table.keep is None else item_name(rows.table)
            parts[name] = lifted_rows(registers[name], held, upto)
    return Partial(parts, {}, {name: rows.next_nth for name, rows in state.items()}, upto)


def lifted_rows(register: Register, held: Any, upto: int) -> Part:
    """Return the rows of a dump, or of a sheet, as a part."""
    return (_rows if register.table.keep is None else _items)(register, held, upto)


def _key(register: Register, held: Any) -> list[Any]:
    return [coded(column, array_in(held, column.name)) for column in register.table.key]


def _rows(register: Register, held: Any, upto: int) -> Part:
    cells = [array_in(held, column.name) for column in register.columns]
    return register.part(_key(register, held), np.full(held.num_rows, stamp(upto)), cells)


def _items(register: Register, held: Any, upto: int) -> Part:
    item = register.columns[0]
    texts = held.column(item.name).to_pylist()
    lists = [_raw_items(text) if item.kind == "json" else _any_list(text) for text in texts]
    sizes = np.array([len(one) for one in lists])
    ends = np.repeat(np.cumsum(sizes), sizes)
    stamps = stamp(upto) + 1 + np.arange(len(ends)) - ends
    order = np.argsort(stamps, kind="stable")
    rows = pa.array(np.repeat(np.arange(len(lists)), sizes)[order])
    values = pa.array([one for items in lists for one in items], type=type_of(item)).take(pa.array(order))
    return register.part([one.take(rows) for one in _key(register, held)], stamps[order], [values])


def _raw_items(text: str) -> list[str | None]:
    return [None if one == b"null" else bytes(one).decode() for one in map(bytes, _raw_list(text))]
