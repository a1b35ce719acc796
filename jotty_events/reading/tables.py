"""The events of one type of a whole history as a table that any engine can query.

Invariants: every readable record of every run stands in it once, wherever it is kept.
"""

from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError
from ..events import BY_TAG, tag_of
from ..record import Record, decode_record
from ..runs.stretches import Loose, stretches_of
from ..runs.tree import Tree


def events_of(tree: Tree, tag: str) -> Any:
    """Return a `pyarrow.dataset.Dataset` of the events of one tag; ConfigError if no event has it; Corruption."""
    if tag not in BY_TAG:
        raise ConfigError(f"{tag!r} is no type of event", hint=f"types are {', '.join(sorted(BY_TAG))}")
    # Arrow takes a while to load, and only who asks for tables needs it.
    from ..log.pack.dataset import dataset

    places: dict[str, list[int]] = {}
    loose: list[Loose] = []
    for run in tree.runs():
        for stretch in stretches_of(run, 0, run.end.seq) if run.end else ():
            if isinstance(stretch, Loose):
                loose.append(stretch)
            else:
                places.setdefault(stretch.pack.pack, []).extend(span.place for span in stretch.spans)
    packs = [(tree.packs.pack(name), sorted(found)) for name, found in sorted(places.items())]
    return dataset(tag, packs, _records(tag, loose))


def _records(tag: str, loose: list[Loose]) -> Iterator[tuple[str, Record]]:
    for stretch in loose:
        for run, commit in stretch.commits():
            for record in map(decode_record, commit.lines):
                if isinstance(record, Record) and tag_of(record.event) == tag:
                    yield run, record
