"""What is explained: one row of one table, and which events can have written it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from projections import ReadModel
from projections.table import Key, Table
from projections.writes import Clear, Const, Drop, Each, Put, Write, source_of

from ...events import EntryImported, Event, tag_of
from ...reading.finding import Search, Wanted
from ..diffing.changes import MEASURED


@dataclass(frozen=True)
class Subject:
    """A row by its key. The lists of the last k that belong to it are part of it."""

    model: ReadModel
    table: Table
    key: Key

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that the row and its lists stand in."""
        lists = (one.name for one in self.model.tables if one.parent == self.table.name and one.keep is not None)
        return frozenset((self.table.name, *lists))

    @property
    def measure(self) -> str | None:
        """The column that is its value."""
        known = MEASURED.get((self.model.name, self.table.name))
        return known or next((column.name for column in self.table.columns if column.kind == "float"), None)

    def search(self) -> Search:
        """Return how the events that may have written the row are found: by what their read model says."""
        found: dict[str, list[Wanted] | None] = {}
        for kind, writes in self.model.writes.items():
            for write in writes:
                self._add(found, tag_of(kind), kind, write)
        imported = {"projection": [self.model.name], "table": sorted(self.tables)}
        return {**found, tag_of(EntryImported): [imported]}

    def _add(self, found: dict[str, list[Wanted] | None], tag: str, kind: type[Event], write: Write) -> None:
        if not self._may_hit(write):
            return
        alternatives = found.setdefault(tag, [])
        if isinstance(write, Each | Clear):
            found[tag] = None
        elif alternatives is not None:
            wanted = _wanted(write.table.key, self.key, write.sources if isinstance(write, Put) else write.keys, kind)
            alternatives += [] if wanted is None else [wanted]

    def _may_hit(self, write: Write) -> bool:
        inner = write.write if isinstance(write, Each) else write
        takes_away = isinstance(inner, Clear | Drop) and inner.table.name == self.table.parent
        return takes_away or inner.table.name in self.tables

    def __str__(self) -> str:
        return f"{self.model.name}.{self.table.name}"


def _wanted(columns: Any, key: Key, sources: Mapping[str, Any], kind: type[Event]) -> Wanted | None:
    """Return the values of the fields by which an event names the row; None if it always names another."""
    wanted: dict[str, list[Any]] = {}
    for column, value in zip(columns, key, strict=False):
        source = source_of(column, sources, kind)
        if not isinstance(source, Const):
            wanted[source] = [value]
        elif source.value != value:
            return None
    return wanted


def tables_of(model: ReadModel) -> Iterator[Table]:
    """Give out the tables of which rows are found by words: those that people ask about; of your own, all."""
    known = [table for table in model.tables if (model.name, table.name) in MEASURED]
    yield from known or (table for table in model.tables if table.keep is None)
