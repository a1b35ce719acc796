"""What an event does to the tables of a projection, said once, for replay row by row and by columns alike.

Each write names a table and, where an event's field has another name than the column, which field fills which column.
A value that is no field is given as `Const`. Whatever a new row's event does not say takes the column's default.
Invariants: a write looks at its event alone, never at the state; so the newest write of a column wins in any grouping.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from msgspec import Struct

from jotty_events.errors import ConfigError

from .rows import Rows
from .table import Column, Table

Apply = Callable[[dict[str, Rows], Any], None]
Getter = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Const:
    """A value that an event's type alone decides."""

    value: Any


Source = str | Const


class _Present:
    """Any value but null."""


PRESENT = _Present()
"""In a condition: the field is not null."""


@dataclass(frozen=True)
class Put:
    """Write a whole row."""

    table: Table
    sources: Mapping[str, Source] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Set:
    """Write some columns of a row, if it is there."""

    table: Table
    columns: Mapping[str, Source]
    keys: Mapping[str, Source] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Push:
    """Append an item to a list of the last k, unless it is null."""

    table: Table
    item: str
    keys: Mapping[str, Source] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Take away a row, and what lies below it in other tables."""

    table: Table
    keys: Mapping[str, Source] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Clear:
    """Take away all rows of a table, and what lies below them."""

    table: Table
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Each:
    """Do a write for each item of a list in the event; the item's fields are the sources."""

    items: str
    kind: type[Struct]
    write: Put | Set | Push


Write = Put | Set | Push | Drop | Clear | Each


def compile_write(write: Write, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    """Return the function that does a write, row by row; TypeError for one that does not suit its table."""
    if isinstance(write, Each):
        return _each(write, tables)
    require_suited(write)
    apply = _COMPILERS[type(write)](write, event, tables)
    return _guarded(apply, write.when) if write.when else apply


def require_flat(tables: tuple[Table, ...]) -> None:
    """See that tables are at most parent and child, and that each is told from all others; ConfigError otherwise."""
    parents = {table.name: table.parent for table in tables}
    if len(parents) < len(tables):
        raise ConfigError("two tables of a read model have one name", hint="give each a name of its own")
    for name, parent in parents.items():
        if "/" in name:
            raise ConfigError(f"the table {name!r} has a slash in its name", hint="leave it out: registers have one")
        if parent is not None and parent not in parents:
            raise ConfigError(f"the parent {parent!r} of {name!r} is no table of the read model", hint="pass it, too")
        if parent is not None and parents[parent] is not None:
            raise ConfigError(
                f"the table {name!r} lies below {parent!r}, which lies below {parents[parent]!r} itself",
                hint=f"make {parents[parent]!r} its parent: what is dropped takes along one level, not two",
            )


def require_suited(write: Put | Set | Push | Drop | Clear) -> None:
    """Raise TypeError for a write that does not suit its table."""
    kind, table = type(write).__name__, write.table
    if isinstance(write, Push) is (table.keep is None) and not isinstance(write, Drop | Clear):
        raise TypeError(f"{kind} into {table.name!r}: items are pushed to a list, and nothing else is")
    for column in table.key:
        # Two zeros are equal and not the same, and a list can be no key.
        if column.kind not in ("text", "int", "bool"):
            raise TypeError(f"{kind} into {table.name!r}: {column.name!r} is {column.kind}, of which no key is made")


def _each(write: Each, tables: tuple[Table, ...]) -> Apply:
    apply, items = compile_write(write.write, write.kind, tables), attrgetter(write.items)

    def each(state: dict[str, Rows], event: Any) -> None:
        for item in items(event) or ():
            apply(state, item)

    return each


def _guarded(apply: Apply, when: Mapping[str, Any]) -> Apply:
    wanted = tuple(when.items())

    def guarded(state: dict[str, Rows], event: Any) -> None:
        if all(meets(getattr(event, name), value) for name, value in wanted):
            apply(state, event)

    return guarded


def meets(value: Any, wanted: Any) -> bool:
    """Say whether a field's value is as a condition wants it."""
    return value is not None if wanted is PRESENT else bool(value == wanted)


def _put(write: Put, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    name = write.table.name
    key = getter_of(write.table.key, write.sources, event)
    row = getter_of(write.table.columns, write.sources, event)
    return lambda state, one: state[name].put(key(one), list(row(one)))


def _set(write: Set, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    name = write.table.name
    chosen = tuple(column for column in write.table.columns if column.name in write.columns)
    positions = tuple(write.table.position(column.name) for column in chosen)
    key, values = getter_of(write.table.key, write.keys, event), getter_of(chosen, write.columns, event)
    return lambda state, one: state[name].set(key(one), positions, values(one))


def _push(write: Push, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    name, key, item = write.table.name, getter_of(write.table.key, write.keys, event), attrgetter(write.item)

    def push(state: dict[str, Rows], one: Any) -> None:
        value = item(one)
        if value is not None:
            state[name].push(key(one), value)

    return push


def _drop(write: Drop, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    names, key = _family(write.table, tables), getter_of(write.table.key, write.keys, event)

    def drop(state: dict[str, Rows], one: Any) -> None:
        dead = key(one)
        for name in names:
            state[name].drop(dead)

    return drop


def _clear(write: Clear, event: type[Struct], tables: tuple[Table, ...]) -> Apply:
    names = _family(write.table, tables)

    def clear(state: dict[str, Rows], one: Any) -> None:
        for name in names:
            state[name].clear()

    return clear


_COMPILERS: dict[type, Callable[..., Apply]] = {Put: _put, Set: _set, Push: _push, Drop: _drop, Clear: _clear}


def _family(table: Table, tables: tuple[Table, ...]) -> tuple[str, ...]:
    """Return the names of a table and of all that have it as parent."""
    return (table.name, *(one.name for one in tables if one.parent == table.name))


def getter_of(columns: tuple[Column, ...], sources: Mapping[str, Source], event: type[Struct]) -> Getter:
    """Return the function that takes the columns' values out of an event."""
    chosen = [source_of(column, sources, event) for column in columns]
    names = [source for source in chosen if isinstance(source, str)]
    if len(names) == len(chosen) > 1:
        return attrgetter(*names)
    getters = [_one(source) for source in chosen]
    return lambda one: tuple(getter(one) for getter in getters)


def _one(source: Source) -> Callable[[Any], Any]:
    if isinstance(source, str):
        return attrgetter(source)
    value = source.value
    return lambda _: value


def source_of(column: Column, sources: Mapping[str, Source], event: type[Struct]) -> Source:
    """Return what fills a column: a field of the event or a constant; TypeError for a field that is not there."""
    source = sources.get(column.name, column.name)
    if isinstance(source, Const) or source in event.__struct_fields__:
        return source
    if column.name in sources:
        raise TypeError(f"{event.__name__} has no field {source!r} for the column {column.name!r}")
    return Const(column.default)
