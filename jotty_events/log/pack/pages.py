"""The headers of the pages in a column chunk, read before anybody decodes a page.

Invariants: a chunk is pages from its first byte to its last. What their headers declare, in bytes decoded and in
values, is no more than what the footer declares of the chunk; so no allocation follows from a header alone. No page has
an encoding by which few bytes become many. Any bytes are bounded so or are a ValueError. The headers are Thrift's
compact protocol, as the Parquet format lays them down.
"""

from collections.abc import Iterator
from typing import Any

_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3
_HEADER_OF = {_DATA: 5, _DICTIONARY: 7, _DATA_2: 8}
"""The field of a page header that holds what is said of each type of page; its first field is the number of values."""
_ENCODINGS = frozenset((0, 2, 3, 5, 6, 8, 9))
"""Plain, dictionary (two names), run length, two deltas, split: not that of common prefixes, which can grow at will."""
_COUNT = 1
_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_2: 4}
_TYPE, _DECODED, _STORED = 1, 2, 3
_DEPTH = 8
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _STRUCT = 1, 2, 3, 7, 8, 9, 12
_INTEGERS = (4, 5, 6)
_VARINT = 10
"""Bytes of the longest number."""

Fields = dict[int, Any]


def require_bounded(chunk: memoryview, decoded: int, values: int, *, repeats: bool = True) -> None:
    """Raise ValueError unless the pages of a chunk come to at most so many bytes decoded and just so many values.

    A chunk that must not repeat its values has no dictionary.
    """
    bytes_left, values_left = decoded, values
    for header, size in _pages(chunk):
        kind, declared = _integer(header, _TYPE), _integer(header, _DECODED)
        told = header.get(_HEADER_OF.get(kind, -1))
        count = _integer(told, _COUNT)
        if kind not in _HEADER_OF or min(declared, size, count) < 0:
            raise ValueError(f"a page of type {kind} declares {declared} bytes and {count} values")
        if _integer(told, _ENCODING[kind]) not in _ENCODINGS or (kind == _DICTIONARY and not repeats):
            raise ValueError(f"a page of type {kind} is encoded as no page of ours")
        bytes_left -= declared
        values_left -= 0 if kind == _DICTIONARY else count
        if bytes_left < 0 or values_left < 0 or (kind == _DICTIONARY and count > declared):
            raise ValueError(f"a page declares {declared} bytes and {count} values, more than its chunk holds")
    if values_left:
        raise ValueError(f"{values_left} values of a chunk are on no page")


def _pages(chunk: memoryview) -> Iterator[tuple[Fields, int]]:
    """Give out the header of each page, and the bytes that the page takes."""
    place = 0
    while place < len(chunk):
        header, place = _struct(chunk, place, 0)
        size = _integer(header, _STORED)
        yield header, size
        place += size
    if place != len(chunk):
        raise ValueError("a page goes beyond its chunk")


def _integer(fields: Any, name: int) -> int:
    found = fields.get(name) if isinstance(fields, dict) else None
    return found if isinstance(found, int) else -1


def _struct(data: memoryview, place: int, depth: int) -> tuple[Fields, int]:
    fields: Fields = {}
    name = 0
    while kind := _byte(data, place):
        place += 1
        if kind >> 4:
            name += kind >> 4
        else:
            name, place = _number(data, place)
        kind &= 15
        fields[name], place = (kind == _TRUE, place) if kind in (_TRUE, _FALSE) else _value(data, place, kind, depth)
    return fields, place + 1


def _value(data: memoryview, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if depth > _DEPTH:
        raise ValueError("a page header is nested too deep")
    if kind in _INTEGERS:
        return _number(data, place)
    if kind == _STRUCT:
        return _struct(data, place, depth + 1)
    if kind == _BINARY:
        length, place = _varint(data, place)
        return None, place + length
    if kind == _LIST:
        return _list(data, place, depth + 1)
    if kind in (_BYTE, _DOUBLE):
        return None, place + (1 if kind == _BYTE else 8)
    raise ValueError(f"a page header holds a value of type {kind}")


def _list(data: memoryview, place: int, depth: int) -> tuple[None, int]:
    """Pass over a list; each of its items takes a byte at least, so a long one ends with the data."""
    begin = _byte(data, place)
    length, place = (begin >> 4, place + 1) if begin >> 4 < 15 else _varint(data, place + 1)
    kind = begin & 15
    for _ in range(length):
        _byte(data, place)
        place = place + 1 if kind in (_TRUE, _FALSE) else _value(data, place, kind, depth)[1]
    return None, place


def _number(data: memoryview, place: int) -> tuple[int, int]:
    """Read a signed number, zigzag."""
    found, place = _varint(data, place)
    return (found >> 1) ^ -(found & 1), place


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    found = 0
    for index in range(_VARINT):
        byte = _byte(data, place + index)
        found |= (byte & 127) << (7 * index)
        if byte < 128:
            return found, place + index + 1
    raise ValueError("a page header holds an endless number")


def _byte(data: memoryview, place: int) -> int:
    if place >= len(data):
        raise ValueError("a page header goes beyond its chunk")
    return data[place]
