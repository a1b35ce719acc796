"""What may enter the log: only what comes back the same.

Invariants: an admitted event decodes to an equal event, and that encodes to the same bytes. Integers in float fields
became floats, and all values are such as values.py admits. All else is refused: a typed error names the field.

The check runs on every append, so it first looks at the types of all fields at once: an event of plain types needs
no look at single fields. A lone surrogate in a text of such an event is found when it is encoded: see RunWriter.append.
Many events at once are looked at type by type (batch.py), and one by one only where that proves nothing.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import hypot
from operator import itemgetter
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple, replace

from .batch import MAX_LENGTH, are_plain
from .errors import InvalidEvent
from .events import EVENT_TYPES, EntryImported, Event, tag_of
from .events.importable import TABLES, has_table
from .values import boolean, integer, json_object, json_value, number, refused, text

_FEW = 16
"""Fewer events of one type than this are cheaper to look at one by one."""

_UNION = frozenset(EVENT_TYPES)

Kind = Callable[[Any, str], Any]
_Picker = Callable[[tuple[Any, ...]], Any]


def admit(event: Event) -> Event:
    """Return the event as it will come back from the log; InvalidEvent if it would not."""
    if type(event) not in _EVENTS:
        raise InvalidEvent(f"{type(event).__name__} is no event", hint="append a list of events of jotty_events.events")
    values = astuple(event)
    types = tuple(map(type, values))
    plan = _last.get(type(event))
    if plan is None or plan.types != types:
        plan = _plans.get((type(event), types))
    # The length of all numbers as a vector: below the limit only if each number is, and never so if one is not finite.
    try:
        if plan is not None and hypot(*plan.numbers(values)) < MAX_LENGTH:
            _last[type(event)] = plan
            return _checked(event, values, plan.others) if plan.others else event
    except OverflowError:
        pass  # An integer is too large for a float, and so for the log: the closer look names it.
    return _admit_slowly(event, values)


def admit_all(events: Sequence[Event]) -> list[Event]:
    """Return events as they will come back from the log, each as `admit` gives it; InvalidEvent if one would not."""
    if len(events) < _FEW:
        return list(map(admit, events))
    groups: dict[type, list[Event]] = {}
    for event in events:
        groups.setdefault(type(event), []).append(event)
    plain = {kind for kind, alike in groups.items() if _are_plain(kind, alike)}
    if len(plain) == len(groups):
        return list(events)
    return [event if type(event) in plain else admit(event) for event in events]


def _are_plain(kind: type, alike: list[Event]) -> bool:
    return kind in _EVENTS and len(alike) >= _FEW and are_plain(kind, alike)


def _admit_slowly(event: Event, values: tuple[Any, ...]) -> Event:
    if type(event) not in _UNION:
        raise InvalidEvent(f"{type(event).__name__} is no event of the log", hint="use the events of jotty_events")
    if type(event) is EntryImported:
        return _checked(_in_a_table(event), values, _fields(type(event)))
    fields = _fields(type(event))
    admitted = _checked(event, values, fields)
    _remember(event, values, [one for one in fields if getattr(admitted, one.name) is not values[one.at]])
    return admitted


def _checked(event: Event, values: tuple[Any, ...], fields: Sequence["_Field"]) -> Event:
    """Return the event with some of its fields looked at, as they will come back from the log."""
    kept = {one.name: one.check(values[one.at], one.where) for one in fields}
    changed = {one.name: kept[one.name] for one in fields if kept[one.name] is not values[one.at]}
    return replace(event, **changed) if changed else event


def _in_a_table(event: EntryImported) -> EntryImported:
    """Return an entry unless it is for a table that is not there: no replay could take it up."""
    names = event.projection, event.table
    if all(isinstance(name, str) for name in names) and not has_table(*names):
        raise InvalidEvent(
            f"entry_imported.table is {event.table!r:.60}, and {event.projection} has no such table",
            hint=f"its tables are {', '.join(TABLES[event.projection])}",
        )
    return event


_EVENTS = frozenset(EVENT_TYPES)


class _Field(NamedTuple):
    """A field of an event: its place, its name, how messages call it, and its check."""

    at: int
    name: str
    where: str
    check: Kind


class _Plan(NamedTuple):
    """What is left to look at in events whose fields have these types: the numbers, and what is not of plain types."""

    types: tuple[type, ...]
    numbers: _Picker
    others: list[_Field]


_plans: dict[tuple[type, tuple[type, ...]], _Plan] = {}
_last: dict[type, _Plan] = {}
_PLAIN = {str, float, int, bool, NoneType, UnsetType}


def _remember(event: Event, values: tuple[Any, ...], changed: Sequence[_Field]) -> None:
    """Keep the types of an event: the next one of the same types needs a look at its numbers, and at what is not plain.

    Unless a plain value had to be changed: that is to be done each time.
    """
    types = tuple(map(type, values))
    if not any(types[one.at] in _PLAIN for one in changed):
        numbers = _pick([i for i, kind in enumerate(types) if kind in (float, int)])
        others = [one for one in _fields(type(event)) if types[one.at] not in _PLAIN]
        _plans[type(event), types] = _Plan(types, numbers, others)


def _pick(indices: list[int]) -> _Picker:
    if len(indices) > 1:
        return itemgetter(*indices)
    return itemgetter(slice(indices[0], indices[0] + 1) if indices else slice(0))


_SCALARS: dict[Any, Kind] = {str: text, float: number, int: integer, bool: boolean}
_known: dict[type[Struct], dict[str, Kind]] = {}


def _kinds(struct: type[Struct]) -> dict[str, Kind]:
    """Return the check of each field of a struct."""
    if struct not in _known:
        hints = get_type_hints(struct)
        _known[struct] = {name: _kind(hints[name]) for name in struct.__struct_fields__}
    return _known[struct]


@cache
def _fields(event: type[Event]) -> list[_Field]:
    """Return the fields of an event."""
    kinds = _kinds(event).items()
    return [_Field(at, name, f"{tag_of(event)}.{name}", check) for at, (name, check) in enumerate(kinds)]


def _kind(hint: Any) -> Kind:
    """Return the check of one type: it gives the value as it comes back, or raises InvalidEvent."""
    if get_origin(hint) in (Union, UnionType):
        return _optional(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if hint is Any:
        return json_value
    if get_origin(hint) is list:
        return _list(_kind(get_args(hint)[0]))
    if get_origin(hint) is dict:
        item = get_args(hint)[1]
        return json_object if item is Any else _map(_kind(item))
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct(hint)
    raise TypeError(f"no admission for fields of type {hint!r}")


def _optional(hint: Any) -> Kind:
    (inner,) = (arg for arg in get_args(hint) if arg not in (NoneType, UnsetType))
    check = _kind(inner)
    if UnsetType not in get_args(hint):
        return lambda value, where: None if value is None else check(value, where)
    empty = [value for kind, value in ((NoneType, None), (UnsetType, UNSET)) if kind in get_args(hint)]
    return lambda value, where: value if any(value is one for one in empty) else check(value, where)


def _list(item: Kind) -> Kind:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise refused(where, value, "a list")
        return [item(one, f"{where}[{i}]") for i, one in enumerate(value)]

    return check


def _map(item: Kind) -> Kind:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise refused(where, value, "an object")
        return {text(key, where): item(one, f"{where}.{key}") for key, one in value.items()}

    return check


def _struct(kind: type[Struct]) -> Kind:
    def check(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise refused(where, value, kind.__name__)
        kinds = _kinds(kind)
        kept = {name: kinds[name](getattr(value, name), f"{where}.{name}") for name in value.__struct_fields__}
        return value if all(kept[name] is getattr(value, name) for name in kept) else kind(**kept)

    return check
