"""Events as columns: tables give back the very lines, whatever the fields hold."""

from typing import Any

import pyarrow as pa
import pytest
from generators import example_of, logs, records
from hypothesis import given, settings
from msgspec import UNSET, Struct, UnsetType

from jotty_events import columns
from jotty_events.events import EVENT_TYPES, EpisodeStarted, Event, QUpdated, tag_of
from jotty_events.log import layout
from jotty_events.log.pack.manifest import is_table_name
from jotty_events.record import Record, decode_record, encode


class Later(Struct, frozen=True, kw_only=True, tag_field="type", tag="later"):
    """An event whose fields came later."""

    born: int
    plain: str | UnsetType = UNSET
    either: float | UnsetType | None = UNSET
    nested: dict[str, Any] | UnsetType | None = UNSET


def later_tables(rows: list[Later]) -> pa.Table:
    """Return the rows as a table, as that of an event of the union is made."""
    held = columns.layout_of(Later)
    arrays = [array for one in held for array in one.arrays([getattr(row, one.written) for row in rows])]
    first: list[Any] = [pa.array(["r"] * len(rows)), pa.array(range(len(rows))), pa.array([7] * len(rows))]
    return pa.Table.from_arrays([*first, *arrays], schema=columns.schema_of(held))


@settings(max_examples=40, deadline=None)
@given(logs())
def test_tables_give_back_the_lines(log: list[list[Event]]) -> None:
    """Law L1 by columns: the records of any log come back from their tables, and as the same bytes."""
    kept = [decode_record(encode(one)) for one in records(log)]
    tables = columns.tables(("run_x", one) for one in kept if isinstance(one, Record))
    lines = {one.seq: encode(one) for one in kept}
    for tag, table in tables.items():
        seqs: list[Any] = table.column("seq").to_pylist()
        assert list(columns.lines(tag, table)) == [lines[seq] for seq in seqs]
        assert [(run, encode(one)) for run, one in columns.records(tag, table)] == [
            ("run_x", lines[seq]) for seq in seqs
        ]


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)
def test_every_event_type_has_a_table(kind: type[Event]) -> None:
    """Columns begin with run, seq and at, each name is there once, and the layout can be told and read again."""
    schema = columns.schema(kind)
    assert tuple(schema.names[:3]) == columns.FIRST
    assert len(set(schema.names)) == len(schema.names)
    assert columns.layout_from(columns.told(columns.layout_of(kind))) == columns.layout_of(kind)
    assert is_table_name(tag_of(kind))
    assert tag_of(kind) not in (layout.COMMITS, layout.OTHER)


def test_a_field_that_is_named_as_a_first_column_is_kept_apart() -> None:
    """The run that an event names is another column than the run that its record stands in."""
    event = example_of(EpisodeStarted, run="named")
    table = columns.tables([("kept in", Record(1, 2, event))])["episode_started"]
    assert (table.column("run").to_pylist(), table.column("run_").to_pylist()) == (["kept in"], ["named"])


def test_what_is_nested_is_the_text_of_the_line() -> None:
    """A JSON column holds the bytes that stand in the line: the order of keys, and how numbers are written."""
    line = encode(Record(1, 2, example_of(EVENT_TYPES[0], config={"b": 1e22, "a": [1.0, -0.0, "ü"]})))
    record = decode_record(line)
    assert isinstance(record, Record)
    text = columns.tables([("r", record)])["run_started"].column("config")[0].as_py()
    assert text.encode() in line
    assert text == '{"b":1e22,"a":[1.0,-0.0,"ü"]}'


def test_dictionaries_make_no_difference() -> None:
    """Lines are the same from a table whose texts are dictionary-encoded."""
    kept = [("r", Record(seq, 2, example_of(QUpdated, state=f"s{seq % 2}"))) for seq in range(1, 5)]
    table = columns.tables(kept)["q_updated"]
    texts = [place for place, one in enumerate(table.schema) if pa.types.is_string(one.type)]
    encoded = table
    for place in texts:
        name = table.schema.names[place]
        encoded = encoded.set_column(place, name, table.column(name).dictionary_encode())
    assert list(columns.lines("q_updated", encoded)) == list(columns.lines("q_updated", table))


def test_absent_null_and_there_are_three_things() -> None:
    """A later field that is absent, null or set comes back as it was, and is written as it was."""
    rows = [
        Later(born=1),
        Later(born=2, plain="x", either=None, nested=None),
        Later(born=3, either=0.5, nested={"a": None}),
    ]
    held = columns.layout_of(Later)
    found = list(columns.lines("later", later_tables(rows), held))
    assert found == [b'{"seq":%d,"at":7,"event":%b}' % (seq, encode(row)) for seq, row in enumerate(rows)]


def test_a_table_from_before_a_later_field_has_none_of_it() -> None:
    """Where a column of a later field is missing, the field is absent."""
    rows = [Later(born=1), Later(born=2)]
    held = columns.layout_of(Later)
    old = later_tables(rows).select(["run", "seq", "at", "born"])
    assert list(columns.lines("later", old, held)) == list(columns.lines("later", later_tables(rows), held))


def test_an_integer_of_more_than_64_bits_does_not_fit() -> None:
    """Such a record is said not to fit, and a table of it is an OverflowError."""
    wide = Record(1, 2, example_of(QUpdated, visits=2**64))
    assert not columns.fits(wide)
    assert columns.fits(Record(1, 2, example_of(QUpdated)))
    with pytest.raises(OverflowError):
        columns.tables([("r", wide)])
