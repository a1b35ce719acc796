"""The event union keeps its promises: stable tags, groups for all fields, and lines that are read for ever.

`golden/events.jsonl` holds one line per event type as it was first released. A line is never changed or removed: a test
that fails here says that logs which people have on disk are read differently now.
"""

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from generators import example_of, values_of
from msgspec import Struct
from msgspec.structs import fields as struct_fields

import jotty_events.events as events_module
from jotty_events.admission import admit
from jotty_events.events import (
    BY_TAG,
    EVENT_TYPES,
    GROUPS,
    EntryImported,
    Event,
    Learned,
    Origin,
    fields_in,
    group_of,
    tag_of,
)
from jotty_events.record import Record, decode, encode

GOLDEN = Path(__file__).parent / "golden" / "events.jsonl"
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

each_type = pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def golden_lines() -> dict[str, bytes]:
    """Return the golden lines by their tag."""
    lines = GOLDEN.read_bytes().splitlines()
    return {re.findall(rb'"type":"([^"]*)"', line)[0].decode(): line for line in lines}


@each_type
def test_every_field_of_an_event_has_a_group(kind: type[Event]) -> None:
    """Each field is observed, read or concluded, and the groups together are the whole event."""
    names = kind.__struct_fields__
    assert [name for name in names if group_of(kind, name) not in GROUPS] == []
    assert sorted(name for group in GROUPS for name in fields_in(kind, group)) == sorted(names)


def test_the_group_of_a_field_that_is_not_there_is_an_error() -> None:
    """A misspelt field has no group, not an empty one."""
    with pytest.raises(KeyError):
        group_of(EntryImported, "rows")


def test_where_a_learning_came_from_is_observed() -> None:
    """Episode, actor, attempt and origin come from outside, in every learning event."""
    learning = [kind for kind in EVENT_TYPES if issubclass(kind, Learned)]
    assert len(learning) > 20
    assert {group_of(kind, name) for kind in learning for name in Learned.__struct_fields__} == {"observed"}


@each_type
def test_a_tag_is_the_name_of_its_event(kind: type[Event]) -> None:
    """Tags are snake_case, follow from the name of the class, and stand in the field `type`."""
    assert SNAKE.fullmatch(tag_of(kind))
    assert tag_of(kind) == snake(kind.__name__)
    assert kind.__struct_config__.tag_field == "type"


def test_tags_are_unique() -> None:
    """No two events of the union share a tag, and each is found by its own."""
    assert len(BY_TAG) == len(EVENT_TYPES) == len(set(EVENT_TYPES))
    assert all(BY_TAG[tag_of(kind)] is kind for kind in EVENT_TYPES)


@each_type
def test_an_event_can_be_imported_by_its_name(kind: type[Event]) -> None:
    """Every event of the union is a public name of the package of events."""
    assert kind.__name__ in events_module.__all__
    assert getattr(events_module, kind.__name__) is kind


def test_no_event_stands_outside_the_union() -> None:
    """Every tagged struct that the package of events offers is part of the union."""
    offered = [getattr(events_module, name) for name in events_module.__all__]
    tagged = {one for one in offered if isinstance(one, type) and issubclass(one, Struct) and one.__struct_config__.tag}
    assert tagged == set(EVENT_TYPES)


@each_type
def test_an_event_writes_all_its_fields(kind: type[Event]) -> None:
    """A field is written whatever it holds, unless it came later and is unset; its name is snake_case."""
    config, hints = kind.__struct_config__, get_type_hints(kind)
    assert config.frozen
    assert not any([config.omit_defaults, config.array_like, config.forbid_unknown_fields])
    written = [field.encode_name for field in struct_fields(kind)]
    assert [name for name in written if not SNAKE.fullmatch(name)] == []
    assert "type" not in written
    line = encode(Record(1, 2, example_of(kind)))
    empty = {name: None for name in kind.__struct_fields__ if type(None) in get_args(hints[name])}
    blank = encode(Record(1, 2, kind(**{**_as_dict(example_of(kind)), **empty})))
    for name in written:
        assert f',"{name}":'.encode() in line
        assert f',"{name}":'.encode() in blank


def _as_dict(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


@each_type
def test_an_event_cannot_be_changed(kind: type[Event]) -> None:
    """What happened stays as it was."""
    event = example_of(kind)
    with pytest.raises(AttributeError):
        setattr(event, kind.__struct_fields__[0], None)


def test_every_tag_has_a_golden_line() -> None:
    """Each event of the union has a line in the golden file; a new one gets the line that is printed here."""
    golden = golden_lines()
    missing = [
        encode(Record(seq, 1767700800000000 + seq, example_of(kind))).decode()
        for seq, kind in enumerate(EVENT_TYPES, 1)
        if tag_of(kind) not in golden
    ]
    assert missing == [], "append to golden/events.jsonl:\n" + "\n".join(missing)
    assert len(golden) == len(GOLDEN.read_bytes().splitlines())
    assert GOLDEN.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("tag", sorted(golden_lines()))
def test_a_golden_line_is_read_and_written_as_ever(tag: str) -> None:
    """A line that was written once decodes to its event, is admitted unchanged, and encodes to the same bytes."""
    line = golden_lines()[tag]
    record = decode(line)
    assert isinstance(record, Record)
    assert type(record.event) is BY_TAG[tag]
    assert encode(record) == line
    assert encode(Record(record.seq, record.at, admit(record.event))) == line


def test_a_golden_line_leaves_no_field_empty() -> None:
    """The golden lines show every field of their events with a value, so that a changed type is noticed."""
    records = [decode(line) for line in golden_lines().values()]
    events = [record.event for record in records if isinstance(record, Record)]
    empty = [
        (tag_of(event), name) for event in events for name, one in _as_dict(event).items() if one in (None, [], {})
    ]
    assert empty == []


def test_a_field_of_a_new_type_needs_a_strategy() -> None:
    """The strategies refuse a type that they do not know, instead of leaving it out of the laws."""
    with pytest.raises(TypeError, match="no strategy"):
        values_of(bytes)


def test_an_origin_names_a_record() -> None:
    """An observation that was learned again keeps the run and seq where it was first made."""
    kind = BY_TAG["wake_counted"]
    event = kind(**{**_as_dict(example_of(kind)), "origin": Origin(run="run_20260106_120000", seq=7)})
    line = encode(Record(1, 2, event))
    assert b'"origin":{"run":"run_20260106_120000","seq":7}' in line
    assert decode(line) == Record(1, 2, event)
