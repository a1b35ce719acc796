"""Finding the records of a lineage that say something certain, without reading all that the others say.

Invariants: records come in the order of seq, and are the same wherever they are kept. Of what is packed only columns
are read; of what is loose only lines of the tags that are wanted are decoded.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import fields as struct_fields

from ..events import BY_TAG, Event, tag_of
from ..record import Record
from ..runs.lineage import Kept, Lineage
from ..runs.stretches import Loose
from .judging import decoded

Wanted = Mapping[str, Collection[Any]]
"""Values by the names of an event's fields; an event fits if each field has one of its values."""

Search = Mapping[str, Sequence[Wanted] | None]
"""By tag, the alternatives of which an event must fit one; None stands for all events of a tag."""

_TAGGED = re.compile(rb'\{"seq":\d+,"at":-?\d+,"event":\{"type":"([a-z_]+)"')


def find(lineage: Lineage, search: Search, after: int = 0) -> Iterator[Kept]:
    """Give out the records after a seq that fit; those that cannot be read fit nothing. Corruption, FormatError."""
    for stretch in lineage.stretches(after) if search else ():
        yield from _loose(stretch, search) if isinstance(stretch, Loose) else _packed(stretch, search)


def _packed(stretch: Any, search: Search) -> Iterator[Kept]:
    from ..columns import column_name
    from ..log.pack.finding import found

    kept: list[Kept] = []
    for tag in sorted(search.keys() & set(stretch.tags) & BY_TAG.keys()):
        alternatives = search[tag]
        named = (
            None
            if alternatives is None
            else [{column_name(_written(tag, name)): values for name, values in one.items()} for one in alternatives]
        )
        kept += [Kept(run, record) for run, record in found(stretch, tag, named)]
    yield from sorted(kept, key=lambda one: one.record.seq)


def _written(tag: str, name: str) -> str:
    return next(one.encode_name for one in struct_fields(BY_TAG[tag]) if one.name == name)


def _loose(stretch: Loose, search: Search) -> Iterator[Kept]:
    for run, commit in stretch.commits():
        for seq, line in enumerate(commit.lines, commit.first):
            tagged = _TAGGED.match(line)
            if tagged is None or tagged[1].decode() in search:
                record = decoded(stretch.run, seq, line)
                if isinstance(record, Record) and fits(record.event, search):
                    yield Kept(run, record)


def fits(event: Event, search: Search) -> bool:
    """Say whether an event is searched for."""
    tag = tag_of(event)
    if tag not in search:
        return False
    alternatives = search[tag]
    return alternatives is None or any(
        all(getattr(event, name) in values for name, values in one.items()) for one in alternatives
    )
