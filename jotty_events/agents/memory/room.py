"""Room in a level of memory: entries are let go until one more fits."""

from collections.abc import Sequence

from projections.memory import MemoryEntry

from ...config import JottyConfig
from ...errors import NoRoom
from ...events import MemoryEvicted
from ...rules.memory import entries as memory
from ...session import Session, Transaction

_SEEN = ("default_value", "protected", "created", "nth")
"""What the rules of eviction see of an entry, after its key."""


class Room:
    """The room that one owner has in each level."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._config = config
        self._session = session

    def make(self, commit: Transaction, level: str) -> None:
        """Let entries go until one more fits (M4: by learned value). NoRoom if the level holds none at all (E2)."""
        capacity = self._config.capacity(level)
        if capacity < 1:
            raise NoRoom(f"the level {level} holds no entries", hint=f"set {level}_capacity to at least 1")
        owned = self._session.view("memory").of(self._owner)
        full = len(owned[level]) >= capacity
        held = [memory.Candidate(*one) for one in owned.cells(level, *_SEEN)] if full else []
        while len(held) >= capacity:
            gone = memory.evict(held)
            self.let_go(commit, [owned[level][gone]], "capacity")
            held = [one for one in held if one.key != gone]

    def let_go(self, commit: Transaction, entries: Sequence[MemoryEntry], reason: str) -> None:
        """Evict entries."""
        for entry in entries:
            commit.add(
                MemoryEvicted(
                    **self._session.provenance,
                    owner=entry.owner,
                    level=entry.level,
                    reason=reason,
                    now=commit.now,
                    value=entry.default_value,
                    key=entry.key,
                    nth=entry.nth,
                )
            )


def candidate(entry: MemoryEntry) -> memory.Candidate[str]:
    """Return an entry as the rules of eviction see it."""
    return memory.Candidate(entry.key, entry.default_value, entry.protected, entry.created, entry.nth)
