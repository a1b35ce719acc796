"""Planting a change: a value that is different in one bit, one character, or one part."""

from math import inf, nextafter
from typing import Any

from generators import example_of
from msgspec import Struct
from msgspec.structs import replace

from jotty_events.events import Event


def changed(kind: type[Event], field: str, value: Any) -> Any:
    """Return what a field of an event may hold, as near to another value as there is."""
    return getattr(example_of(kind), field) if value is None or value in ([], {}) else nudged(value)


def nudged(value: Any) -> Any:
    """Return a value that is nearly the same."""
    if isinstance(value, Struct):
        last = value.__struct_fields__[-1]
        return replace(value, **{last: nudged(getattr(value, last))})
    if isinstance(value, dict):
        return {name: nudged(one) for name, one in value.items()}
    if isinstance(value, list):
        return [*value[:-1], nudged(value[-1])] if value else [1]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, float):
        return nextafter(value, inf)
    if isinstance(value, str):
        return f"{value}x"
    return not value if isinstance(value, bool) else (value or 0) + 1
