"""Many events of one type at once: are all of them what the log gives back as it is?

Invariants: yes is proof, no is none: who gets a no looks at each event by itself. No object is changed or kept, and no
code of an unknown type is called.

Why by columns. Asking each value for its type costs more than writing it. A column of numbers is packed by `marshal`
in one call, which writes a code of the exact type in front of each value and refuses what is no plain value; so the
codes at equal distances are the proof, whatever the values are. Whether this Python packs so is seen when the module
is loaded (`_measured`); if it does not, the types are asked for one by one, and nothing but time is lost.
"""

import marshal
from collections.abc import Iterable
from functools import cache
from math import hypot
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, UnsetType
from msgspec.structs import astuple

MAX_LENGTH = 9.0e18
"""A little less than the greatest integer: whatever is longer is looked at more closely."""

_PLAIN = frozenset((str, float, int, bool, NoneType, UnsetType))
_NUMBERS = frozenset((float, int))
_WITHOUT_REFERENCES = 2
"""The version of marshal's format that writes each value in full, however often it occurs."""

Kinds = frozenset[type]
Column = tuple[Any, ...]


def are_plain(kind: type[Struct], events: Iterable[Struct]) -> bool:
    """Say whether all events of one type hold only finite numbers, text and the like, of the very types of its fields.

    A lone surrogate in a text is not seen here. TypeError if there is no such event.
    """
    allowed = _allowed(kind)
    return allowed is not None and all(map(_is_plain, zip(*map(astuple, events), strict=True), allowed))


@cache
def _allowed(kind: type[Struct]) -> tuple[Kinds, ...] | None:
    """Return the plain types of each field; None if one of them can hold none."""
    hints = get_type_hints(kind)
    allowed = tuple(_parts(hints[name]) & _PLAIN for name in kind.__struct_fields__)
    return allowed if all(allowed) else None


def _parts(hint: Any) -> Kinds:
    return frozenset(get_args(hint)) if get_origin(hint) in (Union, UnionType) else frozenset((hint,))


def _is_plain(column: Column, allowed: Kinds) -> bool:
    kind = type(column[0])
    if kind in allowed and kind in _PACKED and _is_only(kind, column):
        return kind is not float or _is_short(column)
    kinds = frozenset(map(type, column))
    if not kinds <= allowed:
        return False
    return not kinds & _NUMBERS or _is_short(tuple(one for one in column if type(one) in _NUMBERS))


def _is_short(numbers: Column) -> bool:
    """Say whether numbers are, as a vector, shorter than the limit: then each is, and none is infinite or NaN."""
    try:
        return hypot(*numbers) < MAX_LENGTH
    except OverflowError:
        return False


def _is_only(kind: type, column: Column) -> bool:
    """Say whether a column holds nothing but floats, integers of 32 bits, or nothing but null."""
    code, size = _PACKED[kind]
    try:
        packed = marshal.dumps(column, _WITHOUT_REFERENCES)
    except ValueError:
        return False
    return len(packed) == _HEADER + size * len(column) and packed[_HEADER::size] == code * len(column)


_HEADER = len(marshal.dumps((), _WITHOUT_REFERENCES))


def _measured() -> dict[type, tuple[bytes, int]]:
    """Return for each packed type the code in front of its values, and the bytes that both take; none if in doubt.

    How values are packed is no promise of Python. So it is looked at once: a column is a header and its values one
    after the other, all of a type are equally long, and no other value begins with their code.
    """
    return {kind: _packed(values[0]) for kind, values in _SAMPLES.items()} if all(map(_is_known, _SAMPLES)) else {}


def _is_known(kind: type) -> bool:
    values = _SAMPLES[kind]
    code, size = _packed(values[0])
    others = [one for other, held in _SAMPLES.items() if other is not kind for one in held]
    whole = marshal.dumps(values, _WITHOUT_REFERENCES)[_HEADER:]
    return (
        whole == b"".join(map(_bytes_of, values))
        and all(_packed(one) == (code, size) for one in values)
        and all(_packed(one)[0] != code for one in (*others, *_OTHERS))
    )


def _packed(value: Any) -> tuple[bytes, int]:
    """Return the code that stands in front of such a value, and the bytes that both take."""
    return _bytes_of(value)[:1], len(_bytes_of(value))


def _bytes_of(value: Any) -> bytes:
    return marshal.dumps((value,), _WITHOUT_REFERENCES)[_HEADER:]


_SAMPLES: dict[type, Column] = {
    float: (0.0, -0.0, 1.5, 1e308, 5e-324, 0.1, -1e300, 2.0),
    int: (0, 1, -1, 255, 256, 2**31 - 1, -(2**31)),
    NoneType: (None, None),
}
_OTHERS: Column = (
    True,
    False,
    "",
    "g",
    "i",
    "N",
    b"g",
    2**31,
    2**70,
    1j,
    (),
    (1.0,),
    [1],
    {1: 2},
    ...,
    frozenset((1,)),
)
_PACKED = _measured()
