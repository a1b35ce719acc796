"""The events that wrote a row, and the row as each of them left it.

Invariants: what is written stays as the newest event wrote it, as in the tables of the read model; a row that was
taken away has no history from before. An entry of memory that was renamed goes on under its new key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...events import MemoryRenamed
from ...reading.finding import find
from ...record import Record
from ...runs.lineage import Kept, Lineage
from ..touched import Touch, Toucher
from .subject import Subject

Row = dict[str, Any]


@dataclass(frozen=True)
class Link:
    """An event that wrote the row: what it wrote, and the row since."""

    kept: Kept
    wrote: Row
    row: Row

    @property
    def record(self) -> Record:
        """The record of the event."""
        record = self.kept.record
        if not isinstance(record, Record):
            raise TypeError("only what can be read writes a row")
        return record


def chain(lineage: Lineage, subject: Subject, upto: int) -> list[Link]:
    """Return the events that wrote a row up to a seq and since it is there, oldest first; Corruption, FormatError."""
    links = _links(subject, (one for one in find(lineage, subject.search()) if one.record.seq <= upto))
    first = links[0] if links else None
    former = None if first is None else _former(subject, first)
    if first is None or former is None:
        return links
    # Its former name was let go just before, in the same commit.
    return [*chain(lineage, former, first.record.seq - 1 - _RENAMED_BEFORE), *links]


_RENAMED_BEFORE = 1


def _former(subject: Subject, link: Link) -> Subject | None:
    event = link.record.event
    if not isinstance(event, MemoryRenamed) or subject.model.name != "memory":
        return None
    return replace(subject, key=(event.owner, event.level, event.former, *subject.key[3:]))


def _links(subject: Subject, found: Iterable[Kept]) -> list[Link]:
    toucher, links, row = Toucher(subject.model), list[Link](), None
    for kept in found:
        if not isinstance(kept.record, Record):
            continue
        hits = [one for one in toucher.touches(kept.record) if one.hits(subject.key) and _is_about(subject, one)]
        if any(one.table == subject.table.name and one.how in ("drop", "clear") for one in hits):
            links, row = [], None
        wrote, row = _written(subject, hits, row)
        if wrote and row is not None:
            links.append(Link(kept, wrote, dict(row)))
    return links


def _is_about(subject: Subject, touch: Touch) -> bool:
    return touch.table in subject.tables


def _written(subject: Subject, hits: Iterable[Touch], row: Row | None) -> tuple[Row, Row | None]:
    """Return what was written, and the row after it; None while there is no row."""
    wrote: Row = {}
    for touch in hits:
        if touch.table != subject.table.name:
            wrote.update(touch.values if touch.how == "push" else {})
        elif touch.how == "put":
            row = dict(touch.values)
            wrote.update(touch.values)
        elif touch.how == "set" and row is not None:
            row = {**row, **touch.values}
            wrote.update(touch.values)
    return wrote, row
