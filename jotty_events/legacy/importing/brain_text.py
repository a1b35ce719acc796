"""The text that the original's vault writes in place of a list of experiences or patterns (P3), read back.

Invariants: the text is read as literals and never run. Whatever it is, it gives objects and what is unreadable of it.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

_WRONG = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)
_SHOWN = 60


class Unreadable(ValueError):
    """Part of the text is no object of the type that is expected."""


def parsed(text: str, type_name: str) -> Iterator[dict[str, Any] | Unreadable]:
    """Give out the fields of each object of a list `[Type(field=value, ...), ...]`."""
    try:
        yield from [_fields(one, type_name) for one in _list(text)]
    except _WRONG:
        yield from _one_by_one(text, type_name)


def _expression(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a parser thinks of somebody's old texts helps nobody
        return ast.parse(text, mode="eval").body


def _list(text: str) -> list[ast.expr]:
    found = _expression(text.strip())
    if not isinstance(found, ast.List):
        raise ValueError("it is no list")
    return found.elts


def _one_by_one(text: str, type_name: str) -> Iterator[dict[str, Any] | Unreadable]:
    """Part the text where objects seem to begin, so that one that cannot be read hides no other."""
    begun = [found.start(1) for found in re.finditer(rf"(?:^\s*\[|,)\s*({re.escape(type_name)}\()", text)]
    if not begun:
        yield Unreadable(f"it is text, and no list of {type_name}: {text[:_SHOWN]!r}")
        return
    for start, end in zip(begun, [*begun[1:], len(text)], strict=True):
        piece = text[start:end].strip().removesuffix("]" if end == len(text) else ",").rstrip()
        try:
            yield _fields(_expression(piece), type_name)
        except _WRONG as error:
            yield Unreadable(f"it is text that cannot be read ({type(error).__name__}): {piece[:_SHOWN]!r}")


def _fields(one: ast.expr, type_name: str) -> dict[str, Any]:
    if not isinstance(one, ast.Call) or ast.unparse(one.func).rpartition(".")[2] != type_name or one.args:
        raise ValueError(f"it is no {type_name}")
    return {str(word.arg): _literal(word.value) for word in one.keywords}


def _literal(one: ast.expr) -> Any:
    if isinstance(one, ast.Call) and len(one.args) == 1 and ast.unparse(one.func).startswith("np.float"):
        return ast.literal_eval(one.args[0])
    return ast.literal_eval(one)
