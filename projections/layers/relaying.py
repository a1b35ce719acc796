"""Rows in memory for rows over Arrow: what is left where a sheet turned out damaged.

Invariants: what is made is equal to what it is made from.
"""

from collections.abc import Iterable

import pyarrow as pa

from ..arrow import rows_of
from ..rows import Rows
from ..table import Key, Row, Table
from .beneath import Beneath
from .sheet import ALIVE


def in_memory(table: Table, items: Iterable[tuple[Key, Row]]) -> Rows:
    """Return rows in memory that hold some keys and rows."""
    made = Rows(table)
    for key, row in items:
        made.put(key, row)
    return made


def relaid(table: Table, beneath: Beneath, sheet: pa.Table) -> Rows:
    """Return rows with a sheet over them as rows in memory."""
    over = dict(zip((key for key, _ in rows_of(table, sheet)), sheet.column(ALIVE).to_pylist(), strict=True))
    made = in_memory(table, ((key, row) for key, row in beneath.items() if key not in over))
    for key, row in rows_of(table, sheet):
        if over[key]:
            made.put(key, row)
    return made
