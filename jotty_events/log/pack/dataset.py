"""The events of one type of a whole history as one Arrow dataset.

Invariants: every record stands in it once, whether it is packed or not. The schema is that of this version
(`columns.schema`), in which a later field that an older pack does not have is null.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from ...columns import schema, tables
from ...events import BY_TAG
from ...record import Record
from .reading import Pack
from .stretch import Packed, PackedSpan

AT_ONCE = 8192
"""Loose records that are turned into columns at once."""


def dataset(tag: str, packs: Iterable[tuple[Pack, Sequence[int]]], loose: Iterable[tuple[str, Record]]) -> Any:
    """Return a `pyarrow.dataset.Dataset` of the events of one tag.

    `packs` come with the places of their spans that count; `loose` are the records that are in no pack. Corruption.
    """
    wanted = schema(BY_TAG[tag])
    files: list[Any] = []
    held: list[pa.Table] = []
    for pack, places in packs:
        stretch = _stretch(pack, places)
        if len(places) < len(pack.spans()):
            held += stretch.tables(tag)
            continue
        files += [pack.table(tag).fragment()] if tag in pack.names else []
        aside = stretch.aside(tag)
        held += [aside] if aside is not None else []
    return ds.dataset([_files(files, wanted), ds.dataset(_table([*held, *_of(tag, loose)], wanted))])


def _files(fragments: list[Any], wanted: pa.Schema) -> Any:
    form = ds.ParquetFileFormat()
    return ds.FileSystemDataset(fragments, wanted, form) if fragments else ds.dataset(wanted.empty_table())


def _stretch(pack: Pack, places: Sequence[int]) -> Packed:
    spans = [pack.spans()[place] for place in places]
    return Packed(
        pack, [PackedSpan(place, one.run, one.first, one.last) for place, one in zip(places, spans, strict=True)]
    )


def _of(tag: str, loose: Iterable[tuple[str, Record]]) -> list[pa.Table]:
    found: list[pa.Table] = []
    part: list[tuple[str, Record]] = []
    for one in loose:
        part.append(one)
        if len(part) == AT_ONCE:
            found.append(tables(part)[tag])
            part = []
    return [*found, *tables(part).values()]


def _table(parts: list[pa.Table], wanted: pa.Schema) -> pa.Table:
    return pa.concat_tables([wanted.empty_table(), *(_as(one, wanted) for one in parts)])


def _as(part: pa.Table, wanted: pa.Schema) -> pa.Table:
    """Return a table in the schema of this version."""
    columns = [
        part.column(one.name).cast(one.type) if one.name in part.column_names else pa.nulls(part.num_rows, one.type)
        for one in wanted
    ]
    return pa.table(columns, schema=wanted)
