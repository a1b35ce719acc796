"""Protection from eviction: who gets it, and in version 2 also who ceases to have it."""

from projections.memory import MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...events import MemoryProtected
from ...rules.memory import entries as memory
from ...session import Session, Transaction


class Protecting:
    """Protects one owner's entries."""

    def __init__(self, owner: str, config: JottyConfig, session: Session) -> None:
        self._owner = owner
        self._config = config
        self._session = session

    @property
    def _owned(self) -> OwnerMemory:
        owned: OwnerMemory = self._session.view("memory").of(self._owner)
        return owned

    def all(self, threshold: float | None) -> int:
        """Protect entries by their value and level; returns how many changed."""
        version = self._session.rules
        least = memory.protection_threshold(threshold, self._config.protected_memory_threshold, version)
        with self._session.transaction() as commit:
            changed = [self._protect(commit, entry, float(least)) for entry in self._owned.entries()]
        return sum(changed)

    def _protect(self, commit: Transaction, entry: MemoryEntry, least: float) -> bool:
        safe, reason = memory.protects(entry.default_value, entry.level, least, version=self._session.rules)
        stays = entry.protected and not safe and self._session.rules < 2
        if stays or (safe, reason) == (entry.protected, entry.protection_reason):
            return False
        self._note(commit, entry, least, safe, reason)
        return True

    def wisdom(self, commit: Transaction) -> None:
        """Protect all wisdom, whatever it is worth; new wisdom does so in version 1."""
        if self._session.rules >= 2:
            return
        for entry in self._owned["meta"].entries():
            safe, reason = memory.protects(entry.default_value, entry.level, memory.NEVER, version=1)
            self._note(commit, entry, memory.NEVER, safe, reason)

    def _note(self, commit: Transaction, entry: MemoryEntry, least: float, safe: bool, reason: str) -> None:
        commit.add(
            MemoryProtected(
                **self._session.provenance,
                owner=entry.owner,
                level=entry.level,
                key=entry.key,
                threshold=least,
                value=entry.default_value,
                protected=safe,
                reason=reason,
                nth=entry.nth,
            )
        )
