"""The state of a dump.

Invariants: equal dumps give equal states; large tables are left in Arrow, and become rows as they are asked for.
"""

from collections.abc import Mapping

import pyarrow as pa

from ..arrow import COUNTERS, rows_of
from ..rows import Rows
from ..table import Table
from .layered_rows import over_dump

SMALL = 256
"""A table of no more rows is loaded at once."""


def load(tables: tuple[Table, ...], dumped: Mapping[str, pa.Table]) -> dict[str, Rows]:
    """Return the state of a dump; large tables are left in Arrow, and become rows as they are asked for."""
    state = {table.name: load_rows(table, dumped[table.name]) for table in tables}
    for counter in dumped[COUNTERS].to_pylist():
        state[counter["table"]].next_nth = counter["next_nth"]
    return state


def load_rows(table: Table, dumped: pa.Table) -> Rows:
    """Return the rows of one table; what it counted is not known."""
    if dumped.num_rows > SMALL:
        return over_dump(table, dumped)
    rows = Rows(table)
    for key, row in rows_of(table, dumped):
        rows.put(key, row)
    return rows
