"""How single values of a state or an action become text (RULES R1a).

Invariants: a shape takes any JSON value, and returns None where the value is not of the kind that it is made for.
Lists and objects are cut before they are named; nothing here knows under which key a value stood.
"""

from collections.abc import Callable, Mapping
from math import inf

Shape = Callable[[object], str | None]
"""Makes the text of one value, or None if the value is of another kind."""


class Crash(TypeError, ValueError):
    """The original has no text for such a value: it raises a TypeError (M17)."""


def first(values: object, most: int) -> list[str]:
    """Return the first items of a list, or the first keys of an object, as texts; of anything else none."""
    return [str(value) for value in list(values)[:most]] if isinstance(values, list | Mapping) else []


def text(most: int | None = None) -> Shape:
    """Return the shape of any value as text, cut at so many characters."""
    return lambda value: str(value)[:most]


def items(most: int, each: Callable[[object], str] = str) -> Shape:
    """Return the shape of a list: its first items."""

    def shape(value: object) -> str | None:
        return ",".join(map(each, value[:most])) if isinstance(value, list) else None

    return shape


def keys(most: int, joint: str = ",") -> Shape:
    """Return the shape of an object: its first keys."""
    return lambda value: joint.join(first(value, most)) if isinstance(value, Mapping) else None


def last_name(value: object) -> str:
    """Return what follows the last dot."""
    return str(value).rpartition(".")[2]


def two_places(value: object) -> str:
    """Return a number to two decimals, anything else as it is."""
    return f"{value:.2f}" if _is_number(value) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**53)


def two_highest(value: object) -> str | None:
    """Name the two keys with the highest numbers, the first of equal ones before the others."""
    if not isinstance(value, Mapping):
        return None
    ranked = sorted(value.items(), key=lambda item: item[1] if _is_number(item[1]) else -inf, reverse=True)
    return ",".join(str(name) for name, _ in ranked[:2])


def errors(value: object) -> str | None:
    """Name the first five errors."""
    return f"[{','.join(map(_error, value[:5]))}]" if isinstance(value, list) else None


def _error(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{value.get('type', 'ERR')}:{value.get('column', '')}"
    return str(value)[:30]


def tools(value: object) -> str | None:
    """Name the first five tool calls; a call that names no tool is passed over (M17)."""
    return ",".join(name for name in map(_tool, value[:5]) if name) if isinstance(value, list) else None


def _tool(call: object) -> str:
    if not isinstance(call, Mapping):
        return str(call)
    named = call.get("tool", call.get("name"))
    return "" if named is None else str(named)


def tools_or_crash(value: object) -> str | None:
    """Name the first five tool calls as version 1 does: Crash for a call that is an object without `tool`."""
    if not isinstance(value, list):
        return None
    for call in value[:5]:
        if isinstance(call, Mapping) and "tool" not in call:
            raise Crash(f"the tool call {dict(call)!r:.80} names no tool")
    return ",".join(str(call["tool"]) if isinstance(call, Mapping) else str(call) for call in value[:5])


def schemas(value: object) -> str | None:
    """Name the first three tools with two of their inputs and outputs each."""
    if not isinstance(value, Mapping):
        return None
    return ";".join(_schema(str(name), schema) for name, schema in list(value.items())[:3])


def _schema(name: str, schema: object) -> str:
    if not isinstance(schema, Mapping):
        return f"{name}:{str(schema)[:20]}"
    return f"{name}({','.join(first(schema.get('input'), 2))})->{','.join(first(schema.get('output'), 2))}"


def todo(value: object) -> str | None:
    """Count the tasks that are completed, pending and failed."""
    if not isinstance(value, Mapping):
        return None
    return f"{value.get('completed', 0)}✓/{value.get('pending', 0)}⏳/{value.get('failed', 0)}✗"


def outcomes(value: object) -> str | None:
    """Mark the last five outcomes."""
    return "".join("✓" if outcome else "✗" for outcome in value[-5:]) if isinstance(value, list) else None


def completed(value: object) -> str | None:
    """Name what was completed, if anything was (M8)."""
    if isinstance(value, list):
        return ",".join(first(value, 5)) or None
    return None if value is None else str(value)


def params(value: object) -> str | None:
    """Name the first three parameters with the beginnings of their values."""
    if not isinstance(value, Mapping):
        return None
    return ",".join(f"{name}={str(param)[:20]}" for name, param in list(value.items())[:3])
