"""Comparing states of which only the dump is known: those of projections that are not made of our tables.

A row is named by the first column of its table, where that tells all rows apart, else by all that it says.
"""

from collections.abc import Iterator
from typing import Any

from ...projection import Projection
from .changes import Change, Row

Key = tuple[Any, ...]


def foreign(projection: Projection, before: Any, after: Any) -> Iterator[Change]:
    """Give out the rows that differ between two states."""
    if projection.digest(before) == projection.digest(after):
        return
    olds, news = projection.dump(before), projection.dump(after)
    for name in sorted({*olds, *news}):
        old, new = _rows(olds.get(name)), _rows(news.get(name))
        by_first = _is_named(old) and _is_named(new)
        one, other = _keyed(old, by_first), _keyed(new, by_first)
        for key in dict.fromkeys([*one, *other]):
            if one.get(key) != other.get(key):
                yield Change(projection.name, name, key, one.get(key), other.get(key))


def _rows(table: Any) -> list[Row]:
    return [] if table is None else table.to_pylist()


def _is_named(rows: list[Row]) -> bool:
    firsts = [repr(next(iter(row.values()), None)) for row in rows]
    return len(set(firsts)) == len(firsts)


def _keyed(rows: list[Row], by_first: bool) -> dict[Key, Row]:
    return {(_shown(next(iter(row.values()))),) if by_first else tuple(map(repr, row.values())): row for row in rows}


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
