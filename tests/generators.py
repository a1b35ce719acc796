"""Strategies for events and logs, derived from the event union and the read models themselves.

Invariants: nothing here lists the fields of an event, so that a new event, field or table is covered at birth. Every
event that `events` gives can be admitted as it is, and every log can be replayed. Two families: `logs` draws every
field from everything that a field may hold; `learning_logs` draws keys from small vocabularies and numbers entries as
a learner would, so that entries are updated, let go, and come again.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
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
    MemoryStored,
    PatternLearned,
    QPruned,
    QUpdated,
    TaskAdded,
    TodoOpened,
    ValueUpdated,
)
from jotty_events.record import Record
from jotty_events.types import LEVELS, SHARED
from projections import READ_MODELS
from projections.table import Column, Table

E = TypeVar("E")
Commit = list[Event]
Log = list[Commit]
Fields = Mapping[str, st.SearchStrategy[Any]]

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
        return st.dictionaries(texts, texts, max_size=3) if args == (str, str) else json_objects
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _structs(hint, {})
    raise TypeError(f"no strategy for fields of type {hint!r}: say here what such a field may hold")


def _structs(kind: type[Struct], known: Fields) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    chosen = {name: known[name] if name in known else values_of(hints[name]) for name in kind.__struct_fields__}
    return st.builds(kind, **chosen)


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


def _row(table: Table, kinds: Fields, known: Fields, *, nulls: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return rows as an import gives them: `nth` stands in the event, and a column may be left out."""

    def cell(column: Column) -> st.SearchStrategy[Any]:
        return known[column.name] if column.name in known else kinds[column.kind]

    key = {column.name: cell(column) for column in table.key}
    rest = {column.name: cell(column) for column in table.columns if column.name != "nth"}
    if nulls:
        return st.fixed_dictionaries(key, optional={name: st.none() | one for name, one in rest.items()})
    return st.fixed_dictionaries(key | rest)


# Histories as a learner would write them.

WORDS = ("k", "k2", "a|||b", "😀", "")
IDS = 8

_word = st.sampled_from(WORDS)
_id = st.integers(0, IDS - 1)
_small_floats = st.floats(-2, 2) | st.sampled_from(HARD_FLOATS)
_small_json = st.dictionaries(
    _word, _word | _small_floats | st.integers(0, 3) | st.lists(_word, max_size=2), max_size=2
)
_KEYS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("key", "goal", "state", "action", "link", "goal_id", "task", "name", "projection"), _word),
    "owner": st.sampled_from((SHARED, "sql|||writer")),
    "level": st.sampled_from(LEVELS[:2]),
    "learner": st.sampled_from(("td", "q")),
    "of": st.sampled_from(("all", "brain", "buffer", "hippocampus", "list", "neocortex")),
    "nth": _id,
    "id": _id,
    "episode": st.integers(1, 3),
}
_LISTED: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("context", "content", "state_data", "action_data", "next_state_data", "result"), _small_json),
    **dict.fromkeys(("ids", "members"), st.lists(_id, max_size=4, unique=True)),
}
_PLAIN_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": _word,
    "float": _small_floats,
    "int": st.integers(0, 9),
    "bool": st.booleans(),
    "json": st.lists(_word, max_size=3),
}


def _plausible(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    known = {name: one for name, one in _KEYS.items() if hints.get(name) in (str, int)}
    lists = {name: st.lists(_id, max_size=4, unique=True) | st.none() for name in ("order",) if name in hints}
    if hints.get("order") == list[str] | None:
        lists = {"order": st.lists(_word, max_size=4, unique=True) | st.none()}
    moves = {"moves": st.lists(_structs(_item(hints["moves"]), {"nth": _id}), max_size=3)} if "moves" in hints else {}
    return _structs(kind, {**known, **lists, **moves})


def _item(hint: Any) -> type[Struct]:
    (kind,) = get_args(hint)
    assert issubclass(kind, Struct)
    return kind


def _plausible_imports(*, nulls: bool) -> list[st.SearchStrategy[Event]]:
    known = {**_KEYS, **_LISTED}
    return [
        _imports_of(name, table.name, _row(table, _PLAIN_KINDS, known, nulls=nulls), {"nth": _id})
        for name, table in tables()
    ]


@cache
def learning_events(*, imports: bool = True, nulls: bool = True) -> st.SearchStrategy[Event]:
    """Return events that change a state, with keys that come again."""
    kinds = {kind: _plausible(kind) for model in READ_MODELS for kind in model.writes}
    # As many imports as events of two types; a nested `one_of` would give each table as many as a type.
    elsewhere = [st.sampled_from(_plausible_imports(nulls=nulls)).flatmap(lambda one: one)] * 2 if imports else []
    return st.sampled_from([*kinds.values(), *elsewhere]).flatmap(lambda one: one)


def learning_logs(
    max_commits: int = 12, *, imports: bool = True, nulls: bool = True, min_commits: int = 0
) -> st.SearchStrategy[Log]:
    """Return histories of entries that are added, updated, let go and added again, numbered as a learner does."""
    commit = st.lists(learning_events(imports=imports, nulls=nulls), min_size=1, max_size=6)
    return st.lists(commit, min_size=min_commits, max_size=max_commits).map(numbered)


_MEMORY = ("owner", "level", "key")
_NUMBERED: dict[type[Event], tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    MemoryStored: (("nth", "memory", _MEMORY), ("goal_nth", "value", (*_MEMORY, "goal"))),
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


def numbered(log: Log) -> Log:
    """Return the log with insertion numbers as a learner gives them: the entry's own, else the next."""
    known: dict[str, dict[tuple[Any, ...], int]] = {}
    following: dict[str, int] = {}
    return [[_number(event, known, following) for event in commit] for commit in log]


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


def collected(strategy: st.SearchStrategy[E], count: int) -> list[E]:
    """Return about `count` examples at once, for a test that is too dear to be run for each of them."""
    found: list[E] = []

    @settings(max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def collect(one: E) -> None:
        found.append(one)

    collect()
    return found
