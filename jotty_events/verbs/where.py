"""Conditions over a state, written as text: `q_table["…", "…"].value < 0.3 and memory.count(level="semantic") > 10`.

    names       memory, q_table, brain, todos, goals, episodes, and the fields that their entries have
    entries     q_table["state", "action"], memory["shared"]["semantic"]["key"], goals["shared"]["id"], episodes[3]
    count       memory.count(), memory.count(level="semantic", owner="shared"), q_table.count(value < 0.3, visits > 5)
    also        entry.value("goal") of a memory, q_table.parameter("alpha"), len(…), numbers, texts, True, False, None
    joined by   < <= > >= == != in, not in, and, or, not

Invariants: a text is parsed and never evaluated as a program: what is not listed here is refused before any state is
looked at. What is not there (an entry, an owner) is None: it is equal to None only, and neither less nor greater than
anything; nothing is in it.
"""

import ast
import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ..errors import ConditionError
from .where_names import NAMES, VALUE, Reading, Shape

LONGEST = 4000
DEEPEST = 60

Read = Callable[[Any], Any]
Part = tuple[Read, Shape]
"""How a part of a condition is read from a state or a row, and what it is."""

_HINT = 'conditions look like: q_table["state", "action"].value < 0.3 and memory.count(level="semantic") > 10'


class Where:
    """A condition: called with a state it says whether it holds; ConditionError for values that cannot be compared."""

    def __init__(self, text: str) -> None:
        """ConditionError if the text is no condition."""
        self.text = text
        self._holds = _Parser(NAMES, "").condition(_parsed(text))

    def __call__(self, state: Any) -> bool:
        return bool(self._holds(state))

    def __repr__(self) -> str:
        return f"Where({self.text!r})"


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ConditionError(f"the condition has {len(text)} characters, more than {LONGEST}", hint=_HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning of the parser is about a text that means something else
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, Warning) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise ConditionError(f"{text[:80]!r} is no condition: {said}", hint=_HINT) from error


class _Parser:
    """Turns parts of a condition into functions; names are read from what the functions are called with."""

    def __init__(self, names: Mapping[str, Reading], of: str, depth: int = 0) -> None:
        self._names = names
        self._of = of
        self._depth = depth

    def condition(self, node: ast.expr) -> Callable[[Any], bool]:
        """Return what says whether a condition holds."""
        read = self._value(node)
        said = _said(node)

        def holds(scope: Any) -> bool:
            found = read(scope)
            if found is None or isinstance(found, bool):
                return bool(found)
            raise ConditionError(f"{said} is {found!r:.40}, neither true nor false", hint="compare it with something")

        return holds

    def _value(self, node: ast.expr) -> Read:
        read, shape = self._part(node)
        if not shape.is_value:
            raise ConditionError(f"{_said(node)} is {shape.name}, not a value", hint=_how_to_go_on(shape))
        return read

    def _part(self, node: ast.expr) -> Part:
        parse = _PARTS.get(type(node))
        if parse is None:
            raise ConditionError(f"{_said(node)} has no place in a condition", hint=_HINT)
        if self._depth >= DEEPEST:
            raise ConditionError("the condition is nested too deeply", hint="say it more simply")
        self._depth += 1
        try:
            return parse(self, node)
        finally:
            self._depth -= 1

    def _constant(self, node: ast.Constant) -> Part:
        value = node.value
        if value is not None and not isinstance(value, str | int | float | bool):
            raise ConditionError(f"{_said(node)} is neither a number nor a text", hint=_HINT)
        return lambda _: value, VALUE

    def _name(self, node: ast.Name) -> Part:
        return self._named(node.id, self._names, self._of or "a state")

    def _attribute(self, node: ast.Attribute) -> Part:
        read, shape = self._part(node.value)
        reading, found = self._named(node.attr, shape.fields, shape.name)
        return lambda scope: _of(reading, read(scope)), found

    def _named(self, name: str, names: Mapping[str, Reading], of: str) -> Part:
        if name not in names:
            near = get_close_matches(name, names, 1)
            known = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)}" if names else _HINT
            raise ConditionError(f"{of} has no {name[:60]!r}", hint=known)
        return names[name]

    def _subscript(self, node: ast.Subscript) -> Part:
        read, shape = self._part(node.value)
        key = self._key(node.slice)
        if shape.is_value:
            return lambda scope: _taken(read(scope), key(scope)), VALUE
        given = len(node.slice.elts) if isinstance(node.slice, ast.Tuple) else 1
        if shape.item is None or given != len(shape.keys):
            raise ConditionError(f"{_said(node)} is not how {shape.name} is asked", hint=_how_to_go_on(shape))
        return lambda scope: _taken(read(scope), key(scope)), shape.item

    def _key(self, node: ast.expr) -> Read:
        if not isinstance(node, ast.Tuple):
            return self._value(node)
        parts = [self._value(one) for one in node.elts]
        return lambda scope: tuple(part(scope) for part in parts)

    def _both(self, node: ast.BoolOp) -> Part:
        parts = [self.condition(one) for one in node.values]
        joined = all if isinstance(node.op, ast.And) else any
        return lambda scope: joined(part(scope) for part in parts), VALUE

    def _unary(self, node: ast.UnaryOp) -> Part:
        if isinstance(node.op, ast.Not):
            denied = self.condition(node.operand)
            return lambda scope: not denied(scope), VALUE
        value = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if not isinstance(node.op, ast.USub) or isinstance(value, bool) or not isinstance(value, int | float):
            raise ConditionError(f"{_said(node)} has no place in a condition", hint=_HINT)
        return lambda _: -value, VALUE

    def _compare(self, node: ast.Compare) -> Part:
        operands = [node.left, *node.comparators]
        links = [
            self._link(left, operator, right)
            for left, operator, right in zip(operands, node.ops, operands[1:], strict=False)
        ]
        return lambda scope: all(link(scope) for link in links), VALUE

    def _link(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Read:
        compare, said = _COMPARISONS.get(type(operator)), f"{_said(left)} and {_said(right)}"
        if compare is None:
            raise ConditionError(f"{said} cannot be compared so", hint="compare with None by == and !=")
        one, other = (self._key(left), self._container(right)) if _is_in(operator) else map(self._value, (left, right))

        def linked(scope: Any) -> bool:
            try:
                return bool(compare(one(scope), other(scope)))
            except TypeError as error:
                raise ConditionError(f"{said} cannot be compared: {error}", hint="compare like with like") from error

        return linked

    def _container(self, node: ast.expr) -> Read:
        read, shape = self._part(node)
        if not shape.is_value and shape.item is None:
            raise ConditionError(f"nothing can be looked for in {_said(node)}", hint=_how_to_go_on(shape))
        return read

    def _call(self, node: ast.Call) -> Part:
        if isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1 and not node.keywords:
            read, shape = self._part(node.args[0])
            if shape.is_value or shape.rows is not None:
                return lambda scope: _length(read(scope)), VALUE
        if not isinstance(node.func, ast.Attribute):
            raise ConditionError(f"{_said(node)} cannot be called", hint="what can be called: len, count")
        read, shape = self._part(node.func.value)
        if node.func.attr == "count" and shape.row is not None:
            return self._count(node, read, shape), VALUE
        return self._method(node, node.func.attr, read, shape)

    def _method(self, node: ast.Call, name: str, read: Read, shape: Shape) -> Part:
        method = shape.methods.get(name)
        if method is None or len(node.args) != 1 or node.keywords:
            known = [f"{one}(…)" for one in shape.methods] + (["count(…)"] if shape.row else [])
            raise ConditionError(
                f"{shape.name} has no {name[:60]!r} to call like that",
                hint=f"it has {', '.join(known)}" if known else "it has nothing to call",
            )
        given = self._value(node.args[0])
        return lambda scope: _of(lambda one: method(one, given(scope)), read(scope)), VALUE

    def _count(self, node: ast.Call, read: Read, shape: Shape) -> Read:
        """Return what counts the rows that meet all conditions; names in these are the fields of a row."""
        row, rows = shape.row, shape.rows
        if row is None or rows is None:
            raise AssertionError("what is counted has rows")
        inner = _Parser(row.fields, row.name, self._depth)
        wanted = [
            (inner._named(one.arg or "**", row.fields, row.name)[0], self._value(one.value)) for one in node.keywords
        ]
        conditions = [inner.condition(one) for one in node.args]

        def count(scope: Any) -> Any:
            equal = [(cell, value(scope)) for cell, value in wanted]
            return _of(
                lambda view: sum(
                    all(cell(one) == value for cell, value in equal) and all(holds(one) for holds in conditions)
                    for one in rows(view)
                ),
                read(scope),
            )

        return count


_PARTS: dict[type[ast.expr], Callable[[_Parser, Any], Part]] = {
    ast.Constant: _Parser._constant,
    ast.Name: _Parser._name,
    ast.Attribute: _Parser._attribute,
    ast.Subscript: _Parser._subscript,
    ast.BoolOp: _Parser._both,
    ast.UnaryOp: _Parser._unary,
    ast.Compare: _Parser._compare,
    ast.Call: _Parser._call,
}


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda one, other: one is not None and other is not None and compare(one, other)


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda one, other: one == other,
    ast.NotEq: lambda one, other: one != other,
    ast.Lt: _ordered(lambda one, other: one < other),
    ast.LtE: _ordered(lambda one, other: one <= other),
    ast.Gt: _ordered(lambda one, other: one > other),
    ast.GtE: _ordered(lambda one, other: one >= other),
    ast.In: lambda one, other: other is not None and one in other,
    ast.NotIn: lambda one, other: other is None or one not in other,
}


def _is_in(operator: ast.cmpop) -> bool:
    return isinstance(operator, ast.In | ast.NotIn)


def _of(read: Read, found: Any) -> Any:
    """Read from what was found; from what is not there nothing is read."""
    return None if found is None else read(found)


def _taken(found: Any, key: Any) -> Any:
    """Return what stands under a key, None if nothing does."""
    try:
        return None if found is None else found[key]
    except (KeyError, IndexError, TypeError):
        return None


def _length(found: Any) -> int | None:
    try:
        return None if found is None else len(found)
    except TypeError as error:
        raise ConditionError(f"{found!r:.40} has no length", hint="compare it as it is") from error


def _how_to_go_on(shape: Shape) -> str:
    ways = [f"[{', '.join(shape.keys)}]"] if shape.item else []
    ways += ["count(…)"] if shape.row else []
    ways += [f"{name}(…)" for name in shape.methods]
    ways += [f".{name}" for name in shape.fields]
    return f"go on with {', '.join(ways)}"


def _said(node: ast.AST) -> str:
    said = ast.unparse(node)
    return said if len(said) <= 60 else f"{said[:60]}…"
