"""What all models of the original's files have in common.

Invariants: a value of another type than the original writes is refused, never bent into shape; fields that nobody knows
are kept in `model_extra`. Numbers are finite.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ...rules.dates import as_seconds

Count = Annotated[int, Field(ge=0, lt=2**63)]


class Original(BaseModel):
    """A JSON object of one of the original's files."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False, frozen=True)

    def unknown(self) -> dict[str, Any]:
        """Return the fields that nobody knows, those of inner objects by their paths."""
        return dict(self._unknown(""))

    def _unknown(self, before: str) -> list[tuple[str, Any]]:
        found = [(f"{before}{name}", value) for name, value in (self.model_extra or {}).items()]
        for name in _nesting(type(self)):
            found += _inside(f"{before}{name}", getattr(self, name))
        return found


def _inside(path: str, value: object) -> list[tuple[str, Any]]:
    if isinstance(value, Original):
        return value._unknown(f"{path}.")
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in _inside(f"{path}.{name}", inner)]
    return []


@cache
def _nesting(model: type[Original]) -> tuple[str, ...]:
    """Return the fields of a model that hold objects with fields of their own."""
    return tuple(name for name, field in model.model_fields.items() if _holds_one(field.annotation))


def _holds_one(hint: Any) -> bool:
    if isinstance(hint, type) and not get_args(hint):
        return issubclass(hint, Original)
    return any(map(_holds_one, get_args(hint)))


def _seconds(value: object) -> object:
    if isinstance(value, datetime):
        raise ValueError("a date is written as text")
    return as_seconds(value) if isinstance(value, str) else value


def _number(value: object) -> object:
    """Read a number that was written as text: so the original's vault writes the settings of a brain."""
    return float(value) if isinstance(value, str) else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) else value


Time = Annotated[float, BeforeValidator(_seconds)]
"""Seconds since 1970, from a date as text (UTC, unless it says otherwise) or a number."""
SaidNumber = Annotated[float, BeforeValidator(_number)]
SaidCount = Annotated[Count, BeforeValidator(_whole)]
