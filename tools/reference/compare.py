"""Comparing what a replay gave with what a document expects, value by value.

A value is a number, a text, true, false or null, or an empty list or object. Numbers agree to a relative 1e-9 where
one of them is a float, and exactly where both are integers; everything else is the same or differs. What is missing
and what is too much differs with each value in it.
"""

from dataclasses import dataclass, field
from math import isclose, isfinite, isnan
from typing import Any

RELATIVE = 1e-9
SHOWN = 200
MISSING = "(missing)"


@dataclass
class Comparison:
    """How many values were compared, how many of them differ, and the first `most` of those."""

    most: int = 5
    values: int = 0
    differ: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, expected: Any, got: Any, path: str = "$") -> None:
        """Compare two JSON values and everything in them."""
        if isinstance(expected, dict) and isinstance(got, dict) and (expected or got):
            for name in [*expected, *(name for name in got if name not in expected)]:
                self._item(f"{path}.{name}", expected, got, name, name in expected, name in got)
        elif isinstance(expected, list) and isinstance(got, list) and (expected or got):
            for i in range(max(len(expected), len(got))):
                self._item(f"{path}[{i}]", expected, got, i, i < len(expected), i < len(got))
        elif _is_value(expected) and _is_value(got) and _same(expected, got):
            self.values += 1
        else:
            self.differs(path, expected, got)

    def _item(self, path: str, expected: Any, got: Any, key: Any, wanted: bool, given: bool) -> None:
        if wanted and given:
            self.compare(expected[key], got[key], path)
        elif wanted:
            self.differs(path, expected[key], MISSING)
        else:
            self.differs(path, MISSING, got[key])

    def differs(self, path: str, expected: Any, got: Any) -> None:
        """Count all values of one side as differing: those expected, or those that are too much."""
        count = values_in(got if expected is MISSING else expected)
        self.values += count
        self.differ += count
        if len(self.first) < self.most:
            self.first.append({"path": path, "expected": _short(expected), "got": _short(got)})


def values_in(value: Any) -> int:
    """Return how many values a JSON value holds."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(values_in, inner)) or 1


def _is_value(value: Any) -> bool:
    return not isinstance(value, dict | list) or not value


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool) or not _are_numbers(expected, got):
        return type(expected) is type(got) and bool(expected == got)
    if isinstance(expected, float) or isinstance(got, float):
        return isclose(expected, got, rel_tol=RELATIVE, abs_tol=0.0) or (isnan(expected) and isnan(got))
    return bool(expected == got)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(one, float | int) for one in values)


def _short(value: Any) -> Any:
    """Return a value as it can be shown: long ones are cut, and so are those that JSON cannot say."""
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return value[:SHOWN] if isinstance(value, str) else f"{value!r:.{SHOWN}}"
