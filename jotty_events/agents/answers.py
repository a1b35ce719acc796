"""What a model's answer says: JSON values, or text with JSON in it.

Invariants: an answer that makes no sense is a ValueError, which the model's event records; nothing is guessed. Numbers
that stand for shares come back in [0, 1].
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from json import JSONDecoder
from math import isfinite
from typing import Any

_DECODER = JSONDecoder()
_BEGINS = "{["
_TRIED = 20
"""So many places where JSON may begin are tried in a text."""
_TRUE = ("true", "yes", "duplicate", "same")


def value_in(answer: Any) -> Any:
    """Return the object or list that an answer is, or that stands first in its text; ValueError if there is none."""
    if not isinstance(answer, str):
        return answer
    for at in islice((i for i, character in enumerate(answer) if character in _BEGINS), _TRIED):
        try:
            return _DECODER.raw_decode(answer, at)[0]
        except (ValueError, RecursionError):
            continue
    raise ValueError("there is no JSON in the answer")


def object_in(answer: Any) -> Mapping[str, Any]:
    """Return the JSON object in an answer; ValueError if it has another value, or none."""
    found = value_in(answer)
    if not isinstance(found, Mapping):
        raise ValueError(f"the answer is {type(found).__name__}, not an object")
    return found


def share(value: Any, name: str) -> float:
    """Return a number, or the number that a text is, moved into [0, 1]; ValueError if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} is {type(value).__name__}, not a number")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{name} is {number}")
    return max(0.0, min(1.0, number))


def truth(value: Any) -> bool:
    """Return whether a value says yes."""
    return value.strip().lower() in _TRUE if isinstance(value, str) else value is True


def words(value: Any, name: str) -> str:
    """Return a text, or a list of texts as one; ValueError if it says nothing."""
    items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    said = "; ".join(one.strip() for one in items if isinstance(one, str) and one.strip())
    if not said:
        raise ValueError(f"{name} says nothing")
    return said


def optional_words(value: Any) -> str:
    """Return a text, or a list of texts as one; empty if it says nothing."""
    try:
        return words(value, "it")
    except ValueError:
        return ""


def one_of(choices: Sequence[str]) -> Callable[[Any], str]:
    """Return a parse that finds the one choice that an answer names; ValueError for none, or for several."""

    def parse(answer: Any) -> str:
        said = str(answer).lower()
        named = [choice for choice in choices if choice in said]
        if len(named) != 1:
            raise ValueError(f"the answer names {len(named)} of {', '.join(choices)}")
        return named[0]

    return parse
