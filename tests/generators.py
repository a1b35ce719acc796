"""Strategies for events and logs, derived from the event union and the read models themselves.

Invariants: nothing here lists the fields of an event, so that a new event, field or table is covered at birth. Every
event that `events` gives can be admitted as it is, and every log can be replayed. Two families: `logs` draws every
field from everything that a field may hold; `learning_logs` draws keys from small vocabularies and numbers entries as
a learner would, so that entries are updated, let go, and come again.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import cycle
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from jotty_events.events import (
    EVENT_TYPES,
    CausalLinked,
    EntryImported,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    GoalAdded,
    MemoryEvicted,
    MemoryRenamed,
    MemoryStored,
    PatternLearned,
    QPruned,
    QUpdated,
    TaskAdded,
    TodoOpened,
    ValueUpdated,
)
from jotty_events.reading.replay import Replay
from jotty_events.record import Record
from jotty_events.types import LEVELS, SHARED
from projections import MEMORY, Q_TABLE, READ_MODELS, ReadModel
from projections.table import Column, Table

E = TypeVar("E")
Commit = list[Event]
Log = list[Commit]
Events = st.SearchStrategy[Event]
Fields = Mapping[str, st.SearchStrategy[Any]]
NamedFields = Mapping[str, Fields]

MAX_INT = 2**63 - 1
MIN_INT = -(2**63)

HARD_TEXTS = (
    "",
    "a|||b",
    "|||",
    "\x00\x01\x1f\x7f\x85",
    "\u2028\ufeff\ufffe",
    "e\u0301 ß İ",
    "😀👩‍🚀\U0010ffff",
    'quote " backslash \\ slash / {"seq":1,"leaf":"',
    "line\nbreak\r\n\t",
    "9" * 400,
    "long ü " * 3000,
)
HARD_FLOATS = (0.0, -0.0, 5e-324, -2.2250738585072011e-308, 1.7e308, -sys.float_info.max, 1e16, 1e22, 0.1, 1 / 3)
HARD_INTEGERS = (0, 1, -1, 2**53 + 1, MAX_INT, MAX_INT - 1, MIN_INT)


def one_of_these(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for values that are too long to be named in messages."""
    return st.integers(0, len(values) - 1).map(values.__getitem__)


texts = st.text(max_size=12) | one_of_these(HARD_TEXTS)
floats = st.floats(allow_nan=False, allow_infinity=False) | one_of_these(HARD_FLOATS)
integers = st.integers(MIN_INT, MAX_INT) | one_of_these(HARD_INTEGERS)
json_scalars = st.none() | st.booleans() | integers | floats | texts
json_values = st.recursive(
    json_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
json_objects = st.dictionaries(texts, json_values, max_size=3)

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    float: floats,
    int: integers,
    bool: st.booleans(),
    NoneType: st.none(),
    Any: json_values,
    UnsetType: st.just(UNSET),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a field's type; TypeError for one that no event has had so far."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of(*map(values_of, args))
    if origin is list:
        return st.lists(values_of(args[0]), max_size=3)
    if origin is dict:
        return json_objects if args[1] is Any else st.dictionaries(texts, values_of(args[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _structs(hint, {})
    raise TypeError(f"no strategy for fields of type {hint!r}: say here what such a field may hold")


def _structs(kind: type[Struct], known: Fields) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    chosen = {name: known[name] if name in known else values_of(hints[name]) for name in kind.__struct_fields__}
    return st.builds(kind, **chosen)


_CONTENT = [1, -0.5, True, None, {"a|||b": "\u2028"}]


def example_of(kind: type[E], **fields: Any) -> E:
    """Return one event of fixed values, none of them null, but for those that are given."""
    hints = get_type_hints(kind)
    names: tuple[str, ...] = kind.__struct_fields__  # type: ignore[attr-defined]
    return kind(**{name: _value(hints[name], name, i) for i, name in enumerate(names, 1)} | fields)


def _value(hint: Any, name: str, i: int) -> Any:
    args = get_args(hint)
    if hint is bool:
        return i % 2 == 0
    if hint in (str, int, float, Any):
        return {str: f"{name} é 😀", int: i, float: i + 0.1, Any: {name: _CONTENT}}[hint]
    if get_origin(hint) is list:
        return [_value(args[0], name, i), _value(args[0], name, i + 1)]
    if get_origin(hint) is dict:
        return {name: _CONTENT if args[1] is Any else "a" if args[1] is str else _value(args[1], name, i)}
    if isinstance(hint, type) and issubclass(hint, Struct):
        inner = get_type_hints(hint)
        return hint(**{one: _value(inner[one], one, j) for j, one in enumerate(hint.__struct_fields__, i)})
    return _value(next(one for one in args if one not in (NoneType, UnsetType)), name, i)


@cache
def event_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return events of one type, each field with anything that it may hold; rows that are imported fit their table."""
    if kind is EntryImported:
        return st.one_of(_imports_of("elsewhere", "table", json_objects, {}), *_any_imports())
    return _structs(kind, {})


def events() -> st.SearchStrategy[Event]:
    """Return events of every type of the union."""
    return st.sampled_from(EVENT_TYPES).flatmap(event_of)


def logs(max_commits: int = 5) -> st.SearchStrategy[Log]:
    """Return logs of unrelated events."""
    return st.lists(st.lists(events(), min_size=1, max_size=3), max_size=max_commits)


# Imported rows: every table of every read model.

_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "float": floats,
    "int": integers,
    "bool": st.booleans(),
    "json": json_values,
}


def tables() -> list[tuple[str, Table]]:
    """Return every table with the name of its read model."""
    return [(model.name, table) for model in READ_MODELS for table in model.tables]


def _any_imports() -> list[st.SearchStrategy[Event]]:
    return [_imports_of(name, table.name, _row(table, _KINDS, {}, nulls=True), {}) for name, table in tables()]


def _imports_of(projection: str, table: str, row: st.SearchStrategy[Any], known: Fields) -> st.SearchStrategy[Event]:
    fixed = {"projection": st.just(projection), "table": st.just(table), "row": row}
    return _structs(EntryImported, {**known, **fixed})


def _row(table: Table, kinds: Fields, named: NamedFields, *, nulls: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return rows as an import gives them: `nth` stands in the event, and a column may be left out."""

    def cell(column: Column) -> st.SearchStrategy[Any]:
        known = named.get(column.kind, {})
        return known[column.name] if column.name in known else kinds[column.kind]

    key = {column.name: cell(column) for column in table.key}
    rest = {column.name: cell(column) for column in table.columns if column.name != "nth"}
    if nulls:
        return st.fixed_dictionaries(key, optional={name: st.none() | one for name, one in rest.items()})
    return st.fixed_dictionaries(key | rest)


# Histories as a learner would write them. They are long, so an event is one draw: a byte chooses each field's value.

WORDS = ("k", "k", "a|||b", "😀")
_IDS = (0, 1, 2, 3, 4)
_CONTENTS: tuple[Any, ...] = (
    {},
    {"k": 1},
    {"b": [1.5, None, {"x": "😀"}], "a": True},
    {"a|||b": -0.0, "": {"k": {}}},
)
_PLAIN: dict[Any, Sequence[Any]] = {
    str: WORDS + HARD_TEXTS[:7],
    float: (0.25, 0.5, 1.0, *HARD_FLOATS),
    int: _IDS,
    bool: (False, True),
    dict[str, Any]: _CONTENTS,
    Any: (None, "k", 0.5, [], *_CONTENTS),
    list[str]: ([], ["k"], ["a|||b", "😀"], ["k", "k", "😀"]),
    list[int]: ([], [0], [1, 0], [4, 2, 3]),
    list[float]: ([], [0.5], [-0.0, 1.7e308]),
}
_KEYS: dict[str, Sequence[Any]] = {
    **dict.fromkeys(("key", "goal", "state", "action", "link", "goal_id", "task", "name", "projection"), WORDS),
    "owner": (SHARED, SHARED, SHARED, "sql|||writer"),
    "level": (LEVELS[0], LEVELS[0], LEVELS[1]),
    "learner": ("td", "q"),
    "of": ("all", "brain", "buffer", "completed", "failed", "hippocampus", "list", "neocortex"),
    **dict.fromkeys(("digest", "let_go", "before", "after"), WORDS),
    "kind": ("error", "success"),
    "cause": ("errors", "reset", "experienced", "queued", "set", "valued", "predicted", "measured"),
    "mode": ("online", "offline"),
    "status": ("pending", "completed", "failed"),
    **dict.fromkeys(("nth", "id"), _IDS),
    "episode": (1, 2, 3),
}
_OBJECTS = (
    *("context", "content", "state_data", "action_data", "next_state_data", "result"),
    *("experience", "checkpoint", "measured"),
)
_OFTEN = (MemoryStored, MemoryStored, MemoryEvicted, ValueUpdated, QUpdated, QUpdated, QPruned, TaskAdded, TaskAdded)
"""What comes more often than other events: entries, and what lets go of them."""


def _choices(name: str, hint: Any) -> Sequence[Any]:
    """Return the values that a field takes in a history; TypeError for a type that no event has had so far."""
    if name in _KEYS and hint in (str, int):
        return _KEYS[name]
    if hint in _PLAIN:
        return _PLAIN[hint]
    if get_origin(hint) in (Union, UnionType):
        inner = [one for one in get_args(hint) if one not in (NoneType, UnsetType)]
        empty = [value for kind, value in ((NoneType, None), (UnsetType, UNSET)) if kind in get_args(hint)]
        return [*_choices(name, inner[0]), *empty]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return [_chosen(hint, bytes((i * 7 + j * 3) % 256 for j in range(32))) for i in range(8)]
    if get_origin(hint) is list:
        items = _choices(name, get_args(hint)[0])
        return [[], list(items[:1]), list(items[1:3]), list(items[2:5]), list(items[5:])]
    raise TypeError(f"no values for fields of type {hint!r}: say here what such a field may hold")


@cache
def _fields_of(kind: type[Struct]) -> dict[str, Sequence[Any]]:
    hints = get_type_hints(kind)
    return {name: _choices(name, hints[name]) for name in kind.__struct_fields__}


def _chosen(kind: type[Struct], data: bytes) -> Any:
    return kind(**_pick(_fields_of(kind), data))


def _pick(fields: Mapping[str, Sequence[Any]], data: bytes) -> dict[str, Any]:
    return {name: values[byte % len(values)] for (name, values), byte in zip(fields.items(), data, strict=False)}


def _bytes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


# Composites, so that a failing example is shown as the events that it is and not as the bytes that chose them.


@st.composite
def _plausible(draw: st.DrawFn, kind: type[Event]) -> Event:
    event: Event = _chosen(kind, draw(_bytes(len(kind.__struct_fields__))))
    return event


_LEFT_OUT = object()


@st.composite
def _plausible_import(draw: st.DrawFn, model: ReadModel, shape: Table, nulls: bool) -> Event:
    fields = _row_of(shape, nulls)
    data = draw(_bytes(1 + len(fields)))
    row = {name: one for name, one in _pick(fields, data[1:]).items() if one is not _LEFT_OUT}
    return EntryImported(projection=model.name, table=shape.name, row=row, nth=_IDS[data[0] % len(_IDS)])


@cache
def _row_of(shape: Table, nulls: bool) -> dict[str, Sequence[Any]]:
    none = (None, _LEFT_OUT) if nulls else ()
    key = {column.name: _cells(column) for column in shape.key}
    return key | {column.name: [*_cells(column), *none] for column in shape.columns if column.name != "nth"}


def _cells(column: Column) -> Sequence[Any]:
    if column.kind != "json":
        return _choices(column.name, {"text": str, "int": int, "float": float, "bool": bool}[column.kind])
    if column.name in ("ids", "members"):
        return _PLAIN[list[int]]
    return _CONTENTS if column.name in _OBJECTS else _PLAIN[list[str]]


@cache
def learning_events(model: ReadModel | None = None, *, imports: bool = True, nulls: bool = True) -> Events:
    """Return events that change a state (that of one read model), with keys that come again."""
    models = READ_MODELS if model is None else (model,)
    kinds = [kind for one in models for kind in one.writes]
    often = [kind for kind in _OFTEN if kind in kinds]
    written = [_plausible(kind) for kind in (*kinds, *often)]
    imported = [_plausible_import(one, shape, nulls) for one in models for shape in one.tables]
    # Half as many imports as other events; each table on its own would outweigh the types of events.
    elsewhere = [_any_of(imported)] * (len(kinds) // 2 or 1) if imports else []
    return _any_of([*written, *elsewhere])


def _any_of(strategies: Sequence[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return a strategy that takes each of these as often as any other, be it made of many or of one."""
    return one_of_these(strategies).flatmap(lambda one: one)


_ABOUT = (None, None, *READ_MODELS, MEMORY, Q_TABLE)


@st.composite
def learning_logs(draw: st.DrawFn, max_events: int = 40, *, imports: bool = True, nulls: bool = True) -> Log:
    """Return histories of entries that are added, updated, let go and added again, numbered as a learner does.

    Most are about one read model, so that their keys collide often.
    """
    about, size = draw(st.sampled_from(_ABOUT)), draw(st.integers(0, max_events))
    event = learning_events(about, imports=imports, nulls=nulls)
    rest = numbered(draw(st.lists(event, min_size=size, max_size=size)))
    sizes = cycle(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    log: Log = []
    while rest:
        size = next(sizes)
        log.append(rest[:size])
        rest = rest[size:]
    return log


_MEMORY = ("owner", "level", "key")
_NUMBERED: dict[type[Event], tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    MemoryStored: (("nth", "memory", _MEMORY), ("goal_nth", "value", (*_MEMORY, "goal"))),
    MemoryRenamed: (("nth", "memory", _MEMORY),),
    ValueUpdated: (("goal_nth", "value", (*_MEMORY, "goal")),),
    CausalLinked: (("nth", "link", ("owner", "link")),),
    GoalAdded: (("nth", "goal", ("owner", "goal_id")),),
    QUpdated: (("nth", "q", ("state", "action")),),
    TaskAdded: (("nth", "task", ("task",)),),
    ExperienceAdded: (("nth", "step", ()),),
    ExperienceEncoded: (("nth", "trace", ()),),
    PatternLearned: (("nth", "pattern", ()),),
}
_LET_GO: dict[type[Event], tuple[tuple[str, tuple[str, ...]], ...]] = {
    MemoryEvicted: (("memory", _MEMORY), ("value", _MEMORY)),
    QPruned: (("q", ("state", "action")),),
    TodoOpened: (("task", ()),),
}


def numbered(events: Iterable[Event]) -> list[Event]:
    """Return the events with insertion numbers as a learner gives them: the entry's own, else the next."""
    known: dict[str, dict[tuple[Any, ...], int]] = {}
    following: dict[str, int] = {}
    return [_number(event, known, following) for event in events]


def _number(event: Event, known: dict[str, dict[tuple[Any, ...], int]], following: dict[str, int]) -> Event:
    for kind, fields in _LET_GO.get(type(event), ()):
        dead = tuple(getattr(event, name) for name in fields)
        entries = known.get(kind, {})
        known[kind] = {key: nth for key, nth in entries.items() if key[: len(dead)] != dead}
    changed = {}
    for field, kind, names in _NUMBERED.get(type(event), ()):
        # What has no key of its own is new each time.
        key = tuple(getattr(event, name) for name in names) or (following.get(kind, 0),)
        entries = known.setdefault(kind, {})
        if key not in entries:
            entries[key] = following.get(kind, 0)
            following[kind] = entries[key] + 1
        changed[field] = entries[key]
    return replace(event, **changed)


def records(log: Iterable[Commit], first: int = 1) -> list[Record]:
    """Return the records of a log, with dense seqs from `first` on."""
    return [Record(seq, seq * 1000, event) for seq, event in enumerate((e for commit in log for e in commit), first)]


def states_of(log: Iterable[Commit]) -> dict[str, Any]:
    """Return the states of all read models after a log."""
    replay = Replay(READ_MODELS)
    for record in records(log):
        replay.apply(record)
    return replay.result.states


def collected(strategy: st.SearchStrategy[E], count: int) -> list[E]:
    """Return about `count` examples at once, for a test that is too dear to be run for each of them."""
    found: list[E] = []

    @settings(max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def collect(one: E) -> None:
        found.append(one)

    collect()
    return found
