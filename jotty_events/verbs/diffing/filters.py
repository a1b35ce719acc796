"""Which changes are asked for: those of an agent, of a level of memory, or for a goal."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .changes import Change

_AGENTS = ("owner", "agent", "assignee")
_GOALS = ("goal", "root_task")


@dataclass(frozen=True)
class Asked:
    """Conditions on changes; what is None is not asked for. A goal is found by a part of it, whatever its case."""

    agent: str | None = None
    level: str | None = None
    goal: str | None = None

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.agent, self.level, self.goal))

    def keeps(self, change: Change, named: dict[str, Any], actors: Iterable[str], goals: Iterable[str]) -> bool:
        """Say whether a change is asked for.

        `named` are its key and row by column; `actors` and `goals` are those of the events that made it.
        """
        return (
            (self.level is None or named.get("level") == self.level)
            and (self.agent is None or self.agent in _said(named, _AGENTS) or self.agent in actors)
            and (self.goal is None or _mentions(self.goal, [*_said(named, _GOALS), *goals]))
        )


def _said(named: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    return [value for name in columns if isinstance(value := named.get(name), str)]


def _mentions(goal: str, texts: Iterable[str]) -> bool:
    sought = goal.casefold()
    return any(sought in text.casefold() for text in texts)
