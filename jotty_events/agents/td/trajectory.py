"""A trajectory: which entries were used on the way to a goal, what they were worth then, and the rewards of the steps.

Invariants: it is not learned before it ends, and is lost with the process until then: what ended is in the log.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...rules.memory.goals import ValueRead

Name = tuple[str, str, str]
"""Owner, level and key of an entry."""


def name_of(one: Any) -> Name:
    """Return the name of an entry, or of what is said of one."""
    return one.owner, one.level, one.key


@dataclass
class Trajectory:
    """A way to a goal so far. `read_at` is, for each access, the seq after which the entry's value was read."""

    goal: str
    traces: dict[Name, float] = field(default_factory=dict)
    values: dict[Name, ValueRead] = field(default_factory=dict)
    accessed: list[Name] = field(default_factory=list)
    read_at: list[int] = field(default_factory=list)
    step_rewards: list[float] = field(default_factory=list)

    def among(self, names: Collection[Name]) -> list[int]:
        """Return the accesses of these entries, by their places on the way."""
        return [i for i, name in enumerate(self.accessed) if name in names]

    def valued(self, among: list[int] | None) -> Iterator[tuple[Name, float]]:
        """Give out the traces of the entries that were accessed in these places; None stands for all."""
        names = None if among is None else {self.accessed[i] for i in among}
        for name, trace in self.traces.items():
            if names is None or name in names:
                yield name, trace
