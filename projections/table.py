"""The shape of a projection's state: tables of rows, each named by a key.

Invariants: a row has one value per column, in the order of the columns. A table with a `parent` has the parent's key
as the first part of its own, and loses its rows below a parent key that is dropped. `prefix` is how many columns of the
key its rows are grouped by. A table with a column `nth` counts:
`next_nth` is one more than the greatest `nth` that was ever written, dropped rows included.
"""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "int", "float", "bool", "json"]
"""What a column holds; any value may be null. `json` is any JSON value (Arrow keeps it as text)."""

Key = tuple[Any, ...]
Row = list[Any]


@dataclass(frozen=True)
class Column:
    """A column and the value that a new row has in it unless its event says otherwise."""

    name: str
    kind: Kind
    default: Any = None


@dataclass(frozen=True)
class Table:
    """A table of rows by key. With `keep`, each key has not a row but the last `keep` items of one column."""

    name: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    parent: str | None = None
    prefix: int = 0
    keep: int | None = None

    @property
    def nth_at(self) -> int | None:
        """The position of the column `nth`, None if the table does not count."""
        names = [column.name for column in self.columns]
        return names.index("nth") if "nth" in names else None

    def standing(self, column: str) -> int:
        """Return where a column stands in a key and its row, one after the other."""
        return [one.name for one in (*self.key, *self.columns)].index(column)

    def position(self, column: str) -> int:
        """Return where a column stands in a row."""
        return [one.name for one in self.columns].index(column)


def text(name: str, default: str | None = None) -> Column:
    """Return a column of texts."""
    return Column(name, "text", default)


def integer(name: str, default: int | None = None) -> Column:
    """Return a column of 64-bit integers."""
    return Column(name, "int", default)


def real(name: str, default: float | None = None) -> Column:
    """Return a column of floats."""
    return Column(name, "float", default)


def boolean(name: str, default: bool | None = None) -> Column:
    """Return a column of true and false."""
    return Column(name, "bool", default)


def json(name: str, default: Any = None) -> Column:
    """Return a column of JSON values."""
    return Column(name, "json", default)


def table(name: str, key: tuple[Column, ...], *columns: Column, parent: Table | None = None, grouped: int = 0) -> Table:
    """Return a table whose newest row wins (primitive `latest`).

    Rows of one parent lie together; without a parent, rows that agree in the first `grouped` columns of the key do.
    """
    whole = (*parent.key, *key) if parent else key
    return Table(name, whole, columns, parent.name if parent else None, len(parent.key) if parent else grouped)


def last_k(name: str, parent: Table, item: Column, keep: int) -> Table:
    """Return a table that keeps the last `keep` items per key of its parent (primitive `last_k`)."""
    return Table(name, parent.key, (item,), parent.name, len(parent.key), keep)
