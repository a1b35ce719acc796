"""What it takes to draw an event's conclusions once more."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

Settings = Mapping[str, Any]
"""The configuration that the run was learned under, as its first record has it."""
Found = dict[str, Any]
"""Recomputed values by the names of the fields."""


class Conclusion(NamedTuple):
    """The fields of an event that follow from its own fields, and the function that recomputes them.

    The function takes the event and the settings. It leaves a field out where this event, or these settings, do not
    hold what is needed. `implied` are fields that other groups hold and that must agree all the same.
    """

    fields: tuple[str, ...]
    conclude: Callable[[Any, Settings], Found]
    implied: tuple[str, ...] = ()


def known(value: T | None, name: str) -> T:
    """Return a value that the rule needs; ValueError if it is null."""
    if value is None:
        raise ValueError(f"{name} is null, and the rule needs it")
    return value
