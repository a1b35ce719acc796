"""Consolidated knowledge as the original words it (RULES R2, version 1)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .recall import ITEM_KEPT, LINKS_SHOWN, Item

HEADING = "# Consolidated Knowledge (Long-Term Memory):\n"


class Reason(NamedTuple):
    """A causal link, and when it applies; links are given in the order of insertion."""

    cause: str
    effect: str
    confidence: float
    conditions: Sequence[str]


def knowledge_text(
    *,
    patterns: Iterable[Item] = (),
    procedures: Iterable[Item] = (),
    wisdom: Iterable[Item] = (),
    links: Iterable[Reason] = (),
    for_goal: bool = False,
    max_items: int = 10,
) -> str:
    """Return what was learned as the original's text for a prompt; empty if nothing was.

    Half of the items are patterns, by value for a goal or else by use, a quarter procedures, by use, a quarter wisdom,
    and then come the three surest links. Every content ends in "...", cut or not.
    """
    ordered = sorted(patterns, key=lambda item: -item.value if for_goal else -item.access_count)
    used = sorted(procedures, key=lambda item: -item.access_count)
    surest = sorted(links, key=lambda link: -link.confidence)[:LINKS_SHOWN]
    sections = (
        ("Learned Patterns", [_pattern(item, for_goal) for item in ordered[: max_items // 2]]),
        ("Procedural Knowledge", [_shown(item) for item in used[: max_items // 4]]),
        ("Meta Wisdom", [_shown(item) for item in list(wisdom)[: max_items // 4]]),
        ("Causal Understanding (WHY things work)", [_reason(link) for link in surest]),
    )
    said = [f"\n## {title}:\n" + "".join(f"{line}\n" for line in lines) for title, lines in sections if lines]
    return HEADING + "".join(said) if said else ""


def _shown(item: Item) -> str:
    return f"- {item.content[:ITEM_KEPT]}..."


def _pattern(item: Item, for_goal: bool) -> str:
    return f"{_shown(item)} (value: {item.value:.2f})" if for_goal and item.value > 0 else _shown(item)


def _reason(link: Reason) -> str:
    when = f" (when: {', '.join(link.conditions)})" if link.conditions else ""
    return f"- CAUSE: {link.cause} → EFFECT: {link.effect}{when} (confidence: {link.confidence:.2f})"
