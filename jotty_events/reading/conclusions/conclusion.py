"""What it takes to draw an event's conclusions once more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from ...rules import DEFAULT_VERSION

T = TypeVar("T")

Found = dict[str, Any]
"""Recomputed values by the names of the fields."""


@dataclass(frozen=True)
class Settings:
    """What a run was learned by, as its first record has it: its configuration, and the version of the rules."""

    config: Mapping[str, Any] = field(default_factory=dict)
    rules: int = DEFAULT_VERSION

    def get(self, name: str) -> Any:
        """Return one setting of the configuration, None where it does not have it."""
        return self.config.get(name)


class Conclusion(NamedTuple):
    """The fields of an event that follow from its own fields, and the function that recomputes them.

    The function takes the event and the settings; `settings.rules` says by which version of the rules it concludes.
    It leaves a field out where this event, or these settings, do not hold what is needed. `implied` are fields that
    other groups hold and that must agree all the same.
    """

    fields: tuple[str, ...]
    conclude: Callable[[Any, Settings], Found]
    implied: tuple[str, ...] = ()


def known(value: T | None, name: str) -> T:
    """Return a value that the rule needs; ValueError if it is null."""
    if value is None:
        raise ValueError(f"{name} is null, and the rule needs it")
    return value
