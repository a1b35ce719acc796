"""Which records `log` prints."""

from dataclasses import dataclass
from typing import Any

NAMING = ("key", "keys", "duplicate", "link", "state", "action", "approach", "goal", "goal_id", "task", "todo", "run")
"""The fields that name what a record is about."""

ACTING = ("actor", "agent", "owner", "owners", "assignee")
"""The fields that name an agent."""


@dataclass(frozen=True)
class Filter:
    """Keeps the records that meet every condition that was given."""

    types: frozenset[str] = frozenset()
    key: str | None = None
    agent: str | None = None
    episode: int | None = None
    since: int | None = None
    """Microseconds since 1970."""

    def __bool__(self) -> bool:
        return bool(self.types) or any(one is not None for one in (self.key, self.agent, self.episode, self.since))

    def keeps(self, event: dict[str, Any], at: int) -> bool:
        """Say whether an event, as its JSON object, that was recorded at a time meets the conditions."""
        return (self.since is None or at >= self.since) and self._fits(event)

    def _fits(self, event: dict[str, Any]) -> bool:
        return (
            (not self.types or event.get("type") in self.types)
            and (self.episode is None or event.get("episode") == self.episode)
            and (self.agent is None or self.agent in _texts(event, ACTING))
            and (self.key is None or self._names(event, self.key.casefold()))
        )

    def _names(self, event: dict[str, Any], key: str) -> bool:
        return any(key in text.casefold() for text in _texts(event, NAMING))


def _texts(event: dict[str, Any], fields: tuple[str, ...]) -> list[str]:
    values = [event.get(field) for field in fields]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str)]
