"""What was learned, in words: one line for each value and memory that changed."""

from collections.abc import Callable, Iterable

from ..events import Event, MemoryEvicted, MemoryStored, PatternLearned, QUpdated, ValueUpdated
from ..rules.memory.recall import shortened

ContentOf = Callable[[str, str, str], str]
"""Gives the content of a memory by owner, level and key."""


def in_words(events: Iterable[Event], content_of: ContentOf) -> list[str]:
    """Return a line for each change."""
    lines = (_line(event, content_of) for event in events)
    return [line for line in lines if line is not None]


def _line(event: Event, content_of: ContentOf) -> str | None:
    if isinstance(event, QUpdated):
        return f"Q({shortened(event.action, 60)}) {event.before:.3f} → {event.after:.3f}"
    if isinstance(event, ValueUpdated) and event.cause == "td":
        content = content_of(event.owner, event.level, event.key)
        return f"V({shortened(content, 60)}) {event.before:.3f} → {event.after:.3f}"
    if isinstance(event, MemoryStored) and event.outcome is not None:
        return f"remembered: {shortened(event.content, 80)}"
    if isinstance(event, MemoryEvicted):
        return f"let go of {event.key} ({event.reason})"
    return f"pattern: {event.text}" if isinstance(event, PatternLearned) else None
