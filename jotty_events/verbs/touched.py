"""Which rows an event writes, as its read model says.

Invariants: nothing here knows what an event means. The writes of the read model are done once more, onto tables that
hold nothing and remember what they are told; so this can never say otherwise than a replay.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from projections import ReadModel
from projections.table import Key, Row, Table

from ..events import Event, tag_of
from ..record import Record

How = Literal["put", "set", "push", "drop", "clear"]


class Touch(NamedTuple):
    """One write: `values` are the columns that it sets; `key` is a parent's where rows below it are dropped."""

    table: str
    how: How
    key: Key
    values: dict[str, Any]

    def hits(self, key: Key) -> bool:
        """Say whether the row of a key is written by this."""
        if self.how == "clear":
            return True
        return key[: len(self.key)] == self.key if self.how == "drop" else key == self.key


class _Noting:
    """Stands where a table's rows stand, and notes what is done to them."""

    def __init__(self, table: Table, noted: list[Touch]) -> None:
        self._table = table
        self._names = [column.name for column in table.columns]
        self._noted = noted

    def _note(self, how: How, key: Key, values: dict[str, Any]) -> None:
        self._noted.append(Touch(self._table.name, how, key, values))

    def put(self, key: Key, row: Row) -> None:
        self._note("put", key, dict(zip(self._names, row, strict=True)))

    def set(self, key: Key, positions: tuple[int, ...], values: tuple[Any, ...]) -> None:
        self._note("set", key, {self._names[at]: value for at, value in zip(positions, values, strict=True)})

    def push(self, key: Key, item: Any) -> None:
        self._note("push", key, {self._names[0]: item})

    def drop(self, key: Key) -> None:
        self._note("drop", key, {})

    def clear(self) -> None:
        self._note("clear", (), {})


class Toucher:
    """Says what the events of one read model write."""

    def __init__(self, model: ReadModel) -> None:
        self.model = model
        self._noted: list[Touch] = []
        self._stage: Any = {table.name: _Noting(table, self._noted) for table in model.tables}

    def touches(self, record: Record) -> Sequence[Touch]:
        """Return the writes of a record, in their order."""
        self._noted.clear()
        self.model.apply(self._stage, record)
        return list(self._noted)


@cache
def tags_of(model: ReadModel) -> frozenset[str]:
    """Return the tags of the events that a read model reads."""
    return frozenset(tag_of(kind) for kind in model.reads)


def named(key: Key) -> str:
    """Return a row's key as people read it."""
    return " | ".join("-" if part is None else str(part) for part in key)


def context_of(event: Event) -> tuple[int | None, str | None, int | None]:
    """Return the episode, the actor and the attempt that an event belongs to, where it says so."""
    return getattr(event, "episode", None), getattr(event, "actor", None), getattr(event, "attempt", None)
