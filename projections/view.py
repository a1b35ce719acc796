"""What people read: mappings over the rows of a state, in the order of insertion.

Invariants: a view holds no data of its own and changes none; it shows the state as it is when it is asked.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar, overload

from .rows import Rows
from .table import Key, Row, Table

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class RowView:
    """One row, its cells as attributes."""

    __slots__ = ("_key", "_row", "_state")

    def __init__(self, state: Mapping[str, Rows], key: Key, row: Row) -> None:
        self._state = state
        self._key = key
        self._row = row

    def __repr__(self) -> str:
        cells = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names())
        return f"{type(self).__name__}({cells})"

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name, value in vars(cls).items() if isinstance(value, Cell)]

    def to_dict(self) -> dict[str, Any]:
        """Return the cells by name, as JSON values."""
        return {name: getattr(self, name) for name in self._names()}

    def _items(self, table: Table) -> list[Any]:
        """Return this row's list of the last k."""
        return list(self._state[table.name].get(self._key) or ())


class Cell(Generic[T]):
    """An attribute of a RowView that reads one column, of the key or of the row."""

    def __init__(self, table: Table, column: str) -> None:
        keys = [one.name for one in table.key]
        self._of_key = column in keys
        self._at = keys.index(column) if self._of_key else table.position(column)

    @overload
    def __get__(self, view: None, owner: type[RowView]) -> "Cell[T]": ...
    @overload
    def __get__(self, view: RowView, owner: type[RowView]) -> T: ...
    def __get__(self, view: RowView | None, owner: type[RowView]) -> "T | Cell[T]":
        if view is None:
            return self
        cell: T = view._key[self._at] if self._of_key else view._row[self._at]
        return _copied(cell) if isinstance(cell, dict | list) else cell

    def __set__(self, view: RowView, value: object) -> None:
        raise AttributeError("a state is read-only: learning changes it, through events")


def _copied(value: Any) -> Any:
    """Return a JSON value that a reader may change without changing the state."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


class TableView(Mapping[K, V]):
    """The rows below one parent key as a mapping, ordered by `nth` where the table counts, else by key."""

    __slots__ = ("_entry", "_prefix", "_rows", "_state")

    def __init__(
        self,
        state: Mapping[str, Rows],
        table: Table,
        entry: Callable[[Mapping[str, Rows], Key, Row], V],
        prefix: Key = (),
    ) -> None:
        self._state = state
        self._rows = state[table.name]
        self._entry = entry
        self._prefix = prefix

    def _matching(self) -> list[tuple[Key, Row]]:
        width = len(self._prefix)
        table = self._rows.table
        if width == table.prefix:
            # A list, since another thread may go on learning.
            found = [(self._prefix + rest, row) for rest, row in list(self._rows.group(self._prefix).items())]
        else:
            found = [(key, row) for key, row in self._rows.items() if key[:width] == self._prefix]
        at = table.nth_at
        return sorted(found, key=lambda item: item[0] if at is None else (item[1][at], item[0]))

    def _key_of(self, key: Key) -> Any:
        rest = key[len(self._prefix) :]
        return rest[0] if len(rest) == 1 else rest

    def _whole(self, key: K) -> Key:
        return self._prefix + (key if isinstance(key, tuple) else (key,))

    def __getitem__(self, key: K) -> V:
        whole = self._whole(key)
        row = self._rows.get(whole) if len(whole) == len(self._rows.table.key) else None
        if row is None:
            raise KeyError(key)
        return self._entry(self._state, whole, row)

    def __iter__(self) -> Iterator[K]:
        return iter([self._key_of(key) for key, _ in self._matching()])

    def __len__(self) -> int:
        if not self._prefix:
            return len(self._rows)
        grouped = len(self._prefix) == self._rows.table.prefix
        return self._rows.count(self._prefix) if grouped else len(self._matching())

    def entries(self) -> list[V]:
        """Return all entries, in order."""
        return [self._entry(self._state, key, row) for key, row in self._matching()]

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key!r}: {self[key]!r}' for key in self)}}}"
