"""Twins: entries that say the same as a content that comes.

Version 1 looks at every entry of the level, as the original did; what has the same text is a twin, whatever its domain
(M3). Version 2 looks only within the domain, at the nearest entries, and only a model can say that two are the same.
"""

from collections.abc import Iterator

from projections.memory import MemoryEntry, OwnerMemory

from ...config import JottyConfig
from ...rules.memory import entries as memory
from ...rules.words.similarity import jaccard, words
from ...session import Session
from .content import Content
from .questions import Questions

ASKED = 3
"""So many of the nearest entries are compared with a content by a model, in version 2."""


class Twins:
    """Looks for twins among one owner's entries."""

    def __init__(self, owner: str, config: JottyConfig, session: Session, questions: Questions) -> None:
        self._owner = owner
        self._config = config
        self._session = session
        self._questions = questions

    @property
    def _owned(self) -> OwnerMemory:
        owned: OwnerMemory = self._session.view("memory").of(self._owner)
        return owned

    def of(self, content: Content) -> str | None:
        """Return the key of an entry that says the same, None if there is none."""
        if not self._config.enable_deduplication:
            return None
        if not self._questions.answerable:
            return self._of_equal_text(content) if self._session.rules < 2 else None
        if self._session.rules < 2:
            return next((one.key for one in self._level(content) if self._is_twin(one, content)), None)
        return self._in_domain(content)

    def _level(self, content: Content) -> list[MemoryEntry]:
        return self._owned[content.level].entries()

    def _of_equal_text(self, content: Content) -> str | None:
        cells = self._owned.cells(content.level, "content_hash")
        return next((key for key, hashed in cells if hashed == content.hash), None)

    def _in_domain(self, content: Content) -> str | None:
        near = [one for one in self._level(content) if one.domain == content.domain]
        known = (one.key for one in near if content.key in (one.similar_entries or ()))
        return next(known, None) or next((one.key for one in self._nearest(near, content)), None)

    def _is_twin(self, entry: MemoryEntry, content: Content) -> bool:
        return entry.content_hash == content.hash or self._says_the_same(entry, content)

    def _says_the_same(self, entry: MemoryEntry, content: Content) -> bool:
        said = content.kept.content
        if not memory.comparable(len(said), len(entry.content)):
            return False
        found = self._questions.sameness(said, entry.content)
        return found is not None and found > 0.0 and found >= self._config.similarity_threshold

    def _nearest(self, entries: list[MemoryEntry], content: Content) -> Iterator[MemoryEntry]:
        said = words(content.kept.content)
        ranked = [(jaccard(said, words(one.content)), one) for one in entries]
        near = sorted((pair for pair in ranked if pair[0] > 0.0), key=lambda pair: (-pair[0], pair[1].nth))
        return (one for _, one in near[:ASKED] if self._says_the_same(one, content))
