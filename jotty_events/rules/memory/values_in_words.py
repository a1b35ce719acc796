"""What memories proved to be worth, in words, for a prompt (RULES R4, M7)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .recall import item_line

HIGH, LOW, SHOWN = 0.7, 0.3, 5
MOVED, MOVES_SHOWN = 0.1, 3
RELEVANT_ABOVE = 0.5
CONTENT_KEPT = 150


class Valued(NamedTuple):
    """A memory and its value for a goal: None if it has none of its own, and version 1 is asked.

    `at_access` is what it was worth at the latest access of this trajectory, if there was one.
    """

    content: str
    value: float | None
    nth: int
    at_access: float | None = None


class _Told(NamedTuple):
    content: str
    value: float
    change: float


def learned_context(memories: Iterable[tuple[str, float, int]]) -> str:
    """Return the most and the least valuable memories as text for a prompt; empty if none stands out.

    `memories` are (content, value, nth); among equals the oldest comes first.
    """
    ordered = sorted(memories, key=lambda one: (-one[1], one[2]))
    high = [item_line(content, value) for content, value, _ in ordered if value > HIGH]
    low = [item_line(content, value) for content, value, _ in reversed(ordered) if value < LOW]
    sections = (("High-value memories", high[:SHOWN]), ("Low-value memories", low[:SHOWN]))
    return "\n\n".join(f"## {title}:\n" + "\n".join(lines) for title, lines in sections if lines)


def learned_context_with_traces(memories: Sequence[Valued], traces: Mapping[int, float]) -> str:
    """Return what version 1 says: own values, what moved since it was accessed, and the three strongest traces.

    `traces` are by the place of a memory in the sequence, in the order of access; -1 and below are memories that are
    not here. Equals stand in the order of the memories.
    """
    known = [_told(one, one.value) for one in memories if one.value is not None]
    high = sorted((one for one in known if one.value > HIGH), key=lambda one: -one.value)
    low = sorted((one for one in known if one.value < LOW), key=lambda one: one.value)
    moved = [one for one in known if abs(one.change) > MOVED]
    if not (high or low or moved):
        return ""
    strongest = sorted(traces.items(), key=lambda pair: -pair[1])[:MOVES_SHOWN]
    sections = (
        ("High-Value Patterns (Learned from Success)", [f"{_kept(one)} (V={one.value:.3f})" for one in high[:SHOWN]]),
        (
            "Low-Value Patterns (Learned from Failure)",
            [f"AVOID: {_kept(one)} (V={one.value:.3f})" for one in low[:SHOWN]],
        ),
        ("Recently Updated Understanding", list(map(_move, _largest(moved)))),
    )
    told = [_section(title, lines) for title, lines in sections if lines]
    relevant = [f"{_kept(memories[i])} (trace={one:.2f})" for i, one in strongest if i >= 0 and one > RELEVANT_ABOVE]
    told += [_section("Currently Relevant (High Eligibility)", relevant)] if strongest else []
    return "# TD(λ) Learned Values:\n" + "".join(told)


def _told(one: Valued, value: float) -> _Told:
    return _Told(one.content, value, 0.0 if one.at_access is None else value - one.at_access)


def _largest(moved: Sequence[_Told]) -> list[_Told]:
    return sorted(moved, key=lambda one: -abs(one.change))[:MOVES_SHOWN]


def _move(one: _Told) -> str:
    return f"{'↑' if one.change > 0 else '↓'} {_kept(one)} (V={one.value:.3f}, Δ={one.change:+.3f})"


def _kept(one: Valued | _Told) -> str:
    return f"{one.content[:CONTENT_KEPT]}..."


def _section(title: str, lines: Sequence[str]) -> str:
    return f"\n## {title}:\n" + "".join(f"- {line}\n" for line in lines)
