"""Taking over a saved memory in the place of what is remembered.

Invariants: what is the same in its place stays untouched, so that the same memory loaded again is no event at all. An
entry that is not what the saved memory has in its place is let go first. Causal links and goals are only added to:
what was understood of the world is not made untrue by a memory that does not speak of it.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from projections.memory import Memory, MemoryEntry

from ...config import JottyConfig
from ...errors import ConfigError
from ...session import Session, Transaction
from ...types import LEVELS
from .adopting import Adopting
from .portrait import COMPLETE, entry_as_dict, goals_as_dict, link_as_dict
from .room import Room

REPLACED = "replaced"
"""Why an entry goes: another memory is loaded in its place."""


class Loading:
    """Takes over saved memories, for one owner."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._session = session
        self._room = Room(owner, config, session)
        self._adopting = Adopting(owner, session)

    def over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        """Take over a saved memory; ConfigError for what is none."""
        try:
            levels = {level: self._rest(commit, level, saved["memories"].get(level) or {}) for level in LEVELS}
            others = {level: said for level, said in saved["memories"].items() if level not in levels}
            links = self._new(saved.get("causal_links") or {}, self._links())
            nodes = self._new((saved.get("goal_hierarchy") or {}).get("nodes") or {}, self._goals())
        except (KeyError, TypeError, AttributeError) as error:
            said = f"{type(error).__name__} {error!s:.100}"
            raise ConfigError(f"this is no saved memory: {said}", hint="load what saved_state returned") from error
        goals = {"nodes": nodes}
        rest = {"memories": {**levels, **others}, "causal_links": links, "goal_hierarchy": goals}
        self._adopting.all(commit, {**saved, **rest})

    def _rest(self, commit: Transaction, level: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Let go of what is not the same in its place, and return what is to come instead."""
        memory: Memory = self._session.view("memory")
        held = memory.of(self._owner)[level].entries()
        pairs = zip(held, said.items(), strict=False)
        same = sum(1 for _ in takewhile(lambda pair: _is_same(*pair), pairs))
        self._room.let_go(commit, held[same:], REPLACED)
        return dict(list(said.items())[same:])

    def _links(self) -> dict[str, Any]:
        links = self._session.view("memory").of(self._owner).links
        return {key: link_as_dict(link, COMPLETE) for key, link in links.items()}

    def _goals(self) -> dict[str, Any]:
        nodes: dict[str, Any] = goals_as_dict(self._session.view("goals").of(self._owner))["nodes"]
        return nodes

    def _new(self, said: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        return {key: one for key, one in said.items() if held.get(key) != one}


def _is_same(held: MemoryEntry, said: tuple[str, Any]) -> bool:
    return (held.key, entry_as_dict(held, COMPLETE)) == said
