"""What was said once and is referred to later: contents of memories, and what things are called where they are learned
again."""

from dataclasses import dataclass, field
from typing import Any

from projections.memory import MemoryEntry

from ..events import EntryImported, Event, MemoryMerged, MemoryRenamed, MemoryStored
from ..rules.memory import entries as memory

Name = tuple[str, str, str]
"""Owner, level and key of an entry, as they were recorded."""


@dataclass(frozen=True)
class Said:
    """A content as it was kept, and by which names: enough to store it again."""

    text: str
    length: int
    tokens: int
    truncated: bool
    domain: str
    task_type: str
    hash: str


@dataclass
class Heard:
    """The contents that were stored so far, by the names of their entries, be they learned again or not.

    `keys` says under which keys entries are kept where they are learned again, `traces` by which number experiences
    are, None for those that are not there; `episodes` likewise.
    """

    contents: dict[Name, Said] = field(default_factory=dict)
    keys: dict[Name, str] = field(default_factory=dict)
    traces: dict[int, int | None] = field(default_factory=dict)
    episodes: dict[int, int] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Take note of what an event says was stored."""
        if isinstance(event, MemoryStored):
            self.contents[event.owner, event.level, event.key] = said_in(event)
        elif isinstance(event, MemoryMerged):
            self.contents[event.owner, event.level, event.duplicate] = said_by_twin(event)
        elif isinstance(event, MemoryRenamed):
            self.contents[event.owner, event.level, event.key] = _said_by_renamed(event)
        elif isinstance(event, EntryImported) and (event.projection, event.table) == ("memory", "entries"):
            row = event.row
            self.contents[row["owner"], row["level"], row["key"]] = _said_by_row(row)


def said_in(event: MemoryStored) -> Said:
    """Return what was stored as a new entry."""
    names = event.domain, event.task_type, event.content_hash
    return Said(event.content, event.content_length, event.token_count, event.truncated, *names)


def said_by_twin(event: MemoryMerged) -> Said:
    """Return what was stored with a known entry; its names are in the key that it would have had."""
    domain, task_type, hashed = memory.names_in(event.duplicate)
    cut, text = event.content.endswith(memory.TRUNCATED), event.content
    whole = hashed if cut else memory.content_hash(text)
    return Said(text, len(text), memory.token_count(text), cut, domain, task_type, whole)


def _said_by_renamed(event: MemoryRenamed) -> Said:
    names = event.domain, event.task_type, event.content_hash
    return _of_text(event.content, event.token_count, *names)


def _said_by_row(row: dict[str, Any]) -> Said:
    names = row.get("domain") or memory.GENERAL, row.get("task_type") or memory.GENERAL, row["content_hash"]
    return _of_text(row["content"], row["token_count"], *names)


def said_of_entry(entry: MemoryEntry) -> Said:
    """Return what an entry holds."""
    names = entry.domain or memory.GENERAL, entry.task_type or memory.GENERAL, entry.content_hash
    return _of_text(entry.content, entry.token_count, *names)


def _of_text(text: str, tokens: int, domain: str, task_type: str, hashed: str) -> Said:
    return Said(text, len(text), tokens, text.endswith(memory.TRUNCATED), domain, task_type, hashed)
