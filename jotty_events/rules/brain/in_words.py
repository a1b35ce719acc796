"""What the brain has learned, in words, for a prompt (RULES R5)."""

from collections.abc import Sequence
from typing import Protocol


class Told(Protocol):
    """A pattern; `created` in seconds, `nth` its insertion number."""

    @property
    def text(self) -> str: ...
    @property
    def strength(self) -> float: ...
    @property
    def sources(self) -> int: ...
    @property
    def created(self) -> float: ...
    @property
    def nth(self) -> int: ...


def knowledge(patterns: Sequence[Told], most: int) -> str:
    """Return the strongest patterns, the oldest first among equals; empty without one."""
    strongest = sorted(patterns, key=lambda one: (-one.strength, one.nth))[:most]
    if not strongest:
        return ""
    return "\n".join(["## Consolidated patterns:", *(f"- {one.text}" for one in strongest)])


def knowledge_with_ages(patterns: Sequence[Told], most: int, now: float) -> str:
    """Return the strongest patterns as version 1 tells them, with their age in seconds; equals stay as they stand."""
    if not patterns:
        return ""
    strongest = sorted(patterns, key=lambda one: -one.strength)[:most]
    head = (
        "# Brain-Consolidated Knowledge (Neocortex):\n"
        f"# {len(patterns)} total patterns, showing top {len(strongest)}\n\n"
    )
    return head + "".join(_line(i, one, now) for i, one in enumerate(strongest, 1))


def _line(i: int, one: Told, now: float) -> str:
    says = f"strength: {one.strength:.2f}, sources: {one.sources}, consolidated: {now - one.created:.0f}s ago"
    return f"{i}. {one.text}\n   ({says})\n"
