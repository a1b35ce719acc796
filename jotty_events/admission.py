"""What may enter the log: only what comes back the same.

Invariants: an admitted event decodes to an equal event, and that encodes to the same bytes. Integers in float fields
became floats, texts and numbers are of the plain built-in types, floats are finite, integers fit into 64 bits, and
JSON objects hold string keys, null, booleans, integers, finite floats, text, lists and objects to a depth of 400; they
are copies, so that nobody changes them later. Nothing else is admitted (a typed error names the field).

The check runs on every append, so it first looks at the types of all fields at once: an event of plain types needs
no look at single fields. A lone surrogate in a text of such an event is found when it is encoded: see RunWriter.append.
Many events at once are looked at type by type (batch.py), and one by one only where that proves nothing.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import hypot, isfinite
from operator import itemgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple, replace

from .batch import MAX_LENGTH, are_plain
from .errors import InvalidEvent
from .events import EVENT_TYPES, EntryImported, Event, tag_of
from .events.importable import TABLES, has_table

MAX_DEPTH = 400
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
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
    if plan is None or plan[0] != types:
        plan = _plans.get((type(event), types))
    # The length of all numbers as a vector: below the limit only if each number is, and never so if one is not finite.
    try:
        if plan is not None and hypot(*plan[1](values)) < MAX_LENGTH:
            _last[type(event)] = plan
            return event
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
        _require_table(event)
    changed = {}
    for (name, where, check), value in zip(_fields(type(event)), values, strict=True):
        kept = check(value, where)
        if kept is not value:
            changed[name] = kept
    _remember(event, values, mutable=bool(changed))
    return replace(event, **changed) if changed else event


def _require_table(event: EntryImported) -> None:
    """Refuse an entry for a table that is not there: no replay could take it up."""
    names = event.projection, event.table
    if all(isinstance(name, str) for name in names) and not has_table(*names):
        raise InvalidEvent(
            f"entry_imported.table is {event.table!r:.60}, and {event.projection} has no such table",
            hint=f"its tables are {', '.join(TABLES[event.projection])}",
        )


_EVENTS = frozenset(EVENT_TYPES)
_Plan = tuple[tuple[type, ...], _Picker]
_plans: dict[tuple[type, tuple[type, ...]], _Plan] = {}
_last: dict[type, _Plan] = {}
_PLAIN = {str, float, int, bool, NoneType, UnsetType}


def _remember(event: Event, values: tuple[Any, ...], *, mutable: bool) -> None:
    """Keep the types of an event that needed no change: the next one of the same types needs a look at its numbers."""
    types = tuple(map(type, values))
    if not mutable and _PLAIN.issuperset(types):
        _plans[type(event), types] = types, _pick([i for i, kind in enumerate(types) if kind in (float, int)])


def _pick(indices: list[int]) -> _Picker:
    if len(indices) > 1:
        return itemgetter(*indices)
    return itemgetter(slice(indices[0], indices[0] + 1) if indices else slice(0))


_known: dict[type[Struct], dict[str, Kind]] = {}


def _kinds(struct: type[Struct]) -> dict[str, Kind]:
    """Return the check of each field of a struct."""
    if struct not in _known:
        hints = get_type_hints(struct)
        _known[struct] = {name: _kind(hints[name]) for name in struct.__struct_fields__}
    return _known[struct]


@cache
def _fields(event: type[Event]) -> list[tuple[str, str, Kind]]:
    """Return of each field its name, how messages call it, and its check."""
    return [(name, f"{tag_of(event)}.{name}", check) for name, check in _kinds(event).items()]


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
            raise _refused(where, value, "a list")
        return [item(one, f"{where}[{i}]") for i, one in enumerate(value)]

    return check


def _map(item: Kind) -> Kind:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _refused(where, value, "an object")
        return {text(key, where): item(one, f"{where}.{key}") for key, one in value.items()}

    return check


def _struct(kind: type[Struct]) -> Kind:
    def check(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise _refused(where, value, kind.__name__)
        kinds = _kinds(kind)
        kept = {name: kinds[name](getattr(value, name), f"{where}.{name}") for name in value.__struct_fields__}
        return value if all(kept[name] is getattr(value, name) for name in kept) else kind(**kept)

    return check


def text(value: Any, where: str) -> str:
    """Admit a text that can be written as UTF-8."""
    if not isinstance(value, str):
        raise _refused(where, value, "text")
    plain = value if type(value) is str else str.__str__(value)
    if not plain.isascii():
        _encodable(plain, where)
    return plain


def _encodable(value: str, where: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidEvent(
            f"{where} holds a lone surrogate at character {error.start}",
            hint="decode the text with errors='replace' first",
        ) from error


def number(value: Any, where: str) -> float:
    """Admit a finite float; an integer becomes a float."""
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise _refused(where, value, "a number")
    plain = value if type(value) is float else _as_float(value, where)
    if not isfinite(plain):
        raise InvalidEvent(f"{where} is {plain}", hint="only finite numbers can be learned from")
    return plain


def _as_float(value: float, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidEvent(f"{where} is too large for a float", hint="scale it down") from error


def integer(value: Any, where: str) -> int:
    """Admit an integer of at most 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused(where, value, "an integer")
    if not MIN_INT <= value <= MAX_INT:
        raise InvalidEvent(f"{where} does not fit into 64 bits", hint="write it as text")
    return value if type(value) is int else int(value)


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _refused(where, value, "true or false")
    return value


_SCALARS: dict[Any, Kind] = {str: text, float: number, int: integer, bool: _boolean}


def json_object(value: Any, where: str) -> dict[str, Any]:
    """Admit a JSON object, as a copy."""
    if not isinstance(value, dict):
        raise _refused(where, value, "a JSON object")
    copy: dict[str, Any] = value.copy() if _is_simple(value) else _json(value, where, 1)
    return copy


def json_value(value: Any, where: str) -> Any:
    """Admit any JSON value, as a copy."""
    return _json(value, where, 1)


def _is_simple(value: dict[Any, Any]) -> bool:
    """Say whether a JSON object is flat and ordinary, as most are: then it needs no closer look."""
    return type(value) is dict and all(type(key) is str and key.isascii() for key in value) and _are_simple(value)


def _are_simple(value: dict[str, Any]) -> bool:
    for one in value.values():
        ordinary = _ORDINARY.get(type(one))
        if ordinary is None or not ordinary(one):
            return False
    return True


_ORDINARY: dict[type, Callable[[Any], bool]] = {
    str: str.isascii,
    float: isfinite,
    int: lambda one: MIN_INT <= one <= MAX_INT,
    bool: lambda _: True,
    NoneType: lambda _: True,
}


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise InvalidEvent(f"{where} has the key {key!r:.80}", hint="keys of a JSON object are text: use str(key)")
    return text(key, where)


def _json(value: Any, where: str, depth: int) -> Any:
    """Admit a JSON value that is inside `depth - 1` others. One frame per level: Python allows 1000 in all."""
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, dict | list):
        return _json_scalar(value, where)
    if depth > MAX_DEPTH:
        raise InvalidEvent(f"{where[:80]}… nests deeper than {MAX_DEPTH}", hint="flatten it")
    if isinstance(value, dict):
        copy = {}
        for key, one in value.items():
            ordinary = _ORDINARY.get(type(one))
            if ordinary is not None and ordinary(one) and type(key) is str and key.isascii():
                copy[key] = one
            else:
                copy[_key(key, where)] = _json(one, f"{where}.{key}", depth + 1)
        return copy
    items = []
    for i, one in enumerate(value):
        ordinary = _ORDINARY.get(type(one))
        items.append(one if ordinary is not None and ordinary(one) else _json(one, f"{where}[{i}]", depth + 1))
    return items


def _json_scalar(value: Any, where: str) -> Any:
    for kind, check in ((str, text), (float, number), (int, integer)):
        if isinstance(value, kind):
            return check(value, where)
    raise _refused(where, value, "JSON (text, number, true, false, null, list or object)")


def _refused(where: str, value: Any, wanted: str) -> InvalidEvent:
    return InvalidEvent(f"{where} is {type(value).__name__}, not {wanted}", hint="convert it before it is recorded")
