"""What a value may be that enters the log: plain, and the same when it comes back.

Invariants: texts and numbers are of the plain built-in types, floats are finite, integers fit into 64 bits, and JSON
objects hold string keys, null, booleans, integers, finite floats, text, lists and objects to a depth of 400; they are
copies, so that nobody changes them later. Each check gives the value as it comes back, or raises InvalidEvent, which
names the field that it is told of.
"""

from collections.abc import Callable
from math import isfinite
from types import NoneType
from typing import Any

from .errors import InvalidEvent

MAX_DEPTH = 400
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)


def text(value: Any, where: str) -> str:
    """Admit a text that can be written as UTF-8."""
    if not isinstance(value, str):
        raise refused(where, value, "text")
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
        raise refused(where, value, "a number")
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
        raise refused(where, value, "an integer")
    plain = value if type(value) is int else int(value)
    if not MIN_INT <= plain <= MAX_INT:
        raise InvalidEvent(f"{where} does not fit into 64 bits", hint="write it as text")
    return plain


def boolean(value: Any, where: str) -> bool:
    """Admit true or false."""
    if not isinstance(value, bool):
        raise refused(where, value, "true or false")
    return value


def json_object(value: Any, where: str) -> dict[str, Any]:
    """Admit a JSON object, as a copy."""
    if not isinstance(value, dict):
        raise refused(where, value, "a JSON object")
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
    raise refused(where, value, "JSON (text, number, true, false, null, list or object)")


def refused(where: str, value: Any, wanted: str) -> InvalidEvent:
    """Return the error that says which value is not what is wanted."""
    return InvalidEvent(f"{where} is {type(value).__name__}, not {wanted}", hint="convert it before it is recorded")
