"""The last rows of each key: one for what the newest write decides, several for a list of the last k.

Invariants: rows stand in the order in which they were written, so the last one is the newest; so do the rows that are
returned. There are fewer than 2^31 of them.
"""

from typing import Any

import numpy as np

from .codes import Ids

_HALF = 32
_ROW = (1 << _HALF) - 1


def last_rows(ids: Ids, keep: int, stamps: Any = None) -> Any:
    """Return the positions of the last `keep` rows of each id; of rows with the same stamp, only the last counts."""
    return _last(ids) if keep == 1 else _several(ids, keep, stamps)


def _last(ids: Ids) -> Any:
    rows = np.arange(len(ids.of_row))
    newest = np.empty(ids.bound, dtype=np.int64)
    # Where an index is repeated, numpy assigns the last of its values.
    newest[ids.of_row] = rows
    return np.flatnonzero(newest[ids.of_row] == rows)


def _several(ids: Ids, keep: int, stamps: Any) -> Any:
    group, rows = _grouped(ids)
    if stamps is not None and len(rows):
        ordered = stamps[rows]
        once = np.append((group[1:] != group[:-1]) | (ordered[1:] != ordered[:-1]), True)
        group, rows = group[once], rows[once]
    starts, sizes = _runs(group)
    from_end = np.repeat(starts + sizes - 1, sizes) - np.arange(len(group))
    return np.sort(rows[from_end < keep])


def groups_of(ids: Ids) -> tuple[Any, Any, Any]:
    """Return the rows, group by group and in order within it; where the groups begin, and how many rows each has."""
    group, rows = _grouped(ids)
    return (rows, *_runs(group))


def _grouped(ids: Ids) -> tuple[Any, Any]:
    # One sort of plain integers is several times cheaper than an argsort.
    order = np.sort(ids.of_row << _HALF | np.arange(len(ids.of_row)))
    return order >> _HALF, order & _ROW


def _runs(group: Any) -> tuple[Any, Any]:
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(group) else np.empty(0, dtype=np.int64)
    return starts, np.diff(starts, append=len(group))
