"""What some records, in any number of stretches, do to the tables of a projection; and how two of these become one.

Invariants: merging is associative, commutative and idempotent, since each register keeps the newest by stamp. Nothing
is filtered that an older record could still need to meet: tombstones are kept. A partial with `upto` stands for
all records up to that seq: what another one says of these is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..table import Table
from .codes import places_of
from .registers import Part, Register, array_in, drop_name, item_name, key_of, put_name, stamp, stamps_of


@dataclass(frozen=True)
class Partial:
    """Parts by register; by table, the stamp of the newest Clear and the next insertion number."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    cleared: Mapping[str, int] = field(default_factory=dict)
    next_nth: Mapping[str, int] = field(default_factory=dict)
    upto: int = 0

    def __len__(self) -> int:
        return sum(part.num_rows for part in self.parts.values())


def merge(registers: Mapping[str, Register], one: Partial, other: Partial) -> Partial:
    """Return what both say together."""
    if one.upto < other.upto:
        one, other = other, one
    other = after(other, one.upto)
    names = dict.fromkeys([*one.parts, *other.parts])
    found = {name: [partial.parts[name] for partial in (one, other) if name in partial.parts] for name in names}
    parts = {name: registers[name].condensed(parts) if len(parts) > 1 else parts[0] for name, parts in found.items()}
    return Partial(parts, _greatest(one.cleared, other.cleared), _greatest(one.next_nth, other.next_nth), one.upto)


def _greatest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


def after(partial: Partial, upto: int) -> Partial:
    """Return what a partial says of the records after a seq."""
    limit = stamp(upto)
    parts = {name: part.filter(stamps_of(part) > limit) for name, part in partial.parts.items()}
    cleared = {name: one for name, one in partial.cleared.items() if one > limit}
    return Partial({name: part for name, part in parts.items() if part.num_rows}, cleared, partial.next_nth)


def settled(tables: tuple[Table, ...], partial: Partial, upto: int) -> Partial:
    """Return a partial of all records up to a seq without what no later record can need: the dead and their stones."""
    parts: dict[str, Part] = {}
    for table in tables:
        whole = put_name(table) if table.keep is None else item_name(table)
        if whole in partial.parts:
            _settle(table, partial, whole, parts)
    return Partial(parts, {}, partial.next_nth, upto)


def _settle(table: Table, partial: Partial, whole: str, into: dict[str, Part]) -> None:
    """Keep the rows of a table that are alive, and what was written to them alone."""
    found = partial.parts[whole]
    rows = found.filter(stamps_of(found) >= dead_until(table, partial, found))
    if not rows.num_rows:
        return
    into[whole] = rows
    for name, part in partial.parts.items():
        if name.startswith(f"{table.name}/set/"):
            newer = part.filter(stamps_of(part) > _written(table, rows, part))
            into.update({name: newer} if newer.num_rows else {})


def _written(table: Table, rows: Part, part: Part) -> Any:
    """Return when the row that each row of a part belongs to was written: later than anything, if there is none."""
    places = places_of(key_of(table, part), key_of(table, rows))
    return np.where(places < 0, np.iinfo(np.int64).max, stamps_of(rows)[places])


def dead_until(table: Table, partial: Partial, part: Part) -> Any:
    """Return for each row the stamp of the newest tombstone that it lies under: its own, its parent's, the table's."""
    stones = [table.name] if table.parent is None else [table.name, table.parent]
    key = [array_in(part, column.name) for column in table.key]
    dead = np.full(part.num_rows, max(partial.cleared.get(name, 0) for name in stones), dtype=np.int64)
    for name in stones:
        stone = partial.parts.get(drop_name(name))
        if stone is not None:
            width = stone.num_columns - 1
            places = places_of(key[:width], [array_in(stone, at) for at in range(width)])
            np.maximum(dead, np.where(places < 0, 0, stamps_of(stone)[places]), out=dead)
    return dead
