"""What was learned, in words: one line for each value and memory that changed."""

from collections.abc import Iterable

from ..events import Event, MemoryEvicted, MemoryStored, PatternLearned, QUpdated, ValueUpdated
from ..rules.recall import shortened


def in_words(events: Iterable[Event], contents: dict[tuple[str, str, str], str]) -> list[str]:
    """Return a line for each change; `contents` are those of the memories by (owner, level, key)."""
    lines = (_line(event, contents) for event in events)
    return [line for line in lines if line is not None]


def _line(event: Event, contents: dict[tuple[str, str, str], str]) -> str | None:
    if isinstance(event, QUpdated):
        return f"Q({shortened(event.action, 60)}) {event.before:.3f} → {event.after:.3f}"
    if isinstance(event, ValueUpdated) and event.cause == "td":
        content = contents.get((event.owner, event.level, event.key), event.key)
        return f"V({shortened(content, 60)}) {event.before:.3f} → {event.after:.3f}"
    if isinstance(event, MemoryStored) and event.outcome is not None:
        return f"remembered: {shortened(event.content, 80)}"
    if isinstance(event, MemoryEvicted):
        return f"let go of {event.key} ({event.reason})"
    return f"pattern: {event.text}" if isinstance(event, PatternLearned) else None
