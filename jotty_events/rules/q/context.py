"""What the Q-table has to say in a prompt, as text (RULES R1).

Invariants: lines are numbered by their place in the list that they were taken from; nothing is said twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

LESSONS_SHOWN = 10
TIER1_SHOWN, CLUSTER_SHOWN, ASKED_FOR_LESSONS = 20, 10, 30
TIER1_KEPT, CLUSTER_KEPT = 80, 60
CHARACTERS_PER_TOKEN = 4
MAX_TOKENS = 2000
CUT = "\n... (truncated for context window)"


class Line(NamedTuple):
    """An entry as it is shown."""

    state: str
    action: str
    value: float
    visits: int


def once(lessons: Iterable[str]) -> list[str]:
    """Return the first ten lessons, each once."""
    return list(dict.fromkeys(lessons))[:LESSONS_SHOWN]


def context(tier1: Sequence[Line], cluster: Sequence[Line], lessons: Sequence[str], max_tokens: int) -> str:
    """Return tier 1, the cluster that bears on a state, and lessons as one text, cut at four characters a token."""
    parts = [*_working(tier1), *_retrieved(cluster), *_learned(lessons)]
    text = "\n".join(parts)
    if len(text) // CHARACTERS_PER_TOKEN <= max_tokens:
        return text
    return text[: max_tokens * CHARACTERS_PER_TOKEN] + CUT


def _working(lines: Sequence[Line]) -> Iterator[str]:
    if lines:
        yield "# Working Memory (High-Value Recent):"
    for i, line in enumerate(lines[:TIER1_SHOWN], 1):
        yield f"{i}. {_step(line, TIER1_KEPT)} | Q={line.value:.2f} (n={line.visits})"


def _retrieved(lines: Sequence[Line]) -> Iterator[str]:
    if lines:
        yield "\n# Retrieved Relevant Context (Semantic Match):"
    for i, line in enumerate(lines[:CLUSTER_SHOWN], 1):
        yield f"{i}. {_step(line, CLUSTER_KEPT)} | Q={line.value:.2f}"


def _learned(lessons: Sequence[str]) -> Iterator[str]:
    if lessons:
        yield "\n# Learned Lessons:"
    for i, lesson in enumerate(lessons, 1):
        yield f"{i}. {lesson}"


def _step(line: Line, most: int) -> str:
    return f"[{_short(line.state, most)}] → [{_short(line.action, most)}]"


def _short(text: str, most: int) -> str:
    return f"{text[:most]}..." if len(text) > most else text


def learned(lessons: Sequence[str], value: float | None, *, version: int = 2) -> str:
    """Return the lessons of a state, and the value of an action where it is given; nothing without lessons."""
    if not lessons:
        return ""
    if version >= 2:
        said = [] if value is None else [f"Q = {value:.3f}"]
        return "\n".join(["## Q-learning lessons:", *(f"- {lesson}" for lesson in lessons), *said])
    expected = "" if value is None else f"\n# Expected Value: Q(state, action) = {value:.3f}\n"
    numbered = "".join(f"{i}. {lesson}\n" for i, lesson in enumerate(lessons, 1))
    return f"# Q-Learning Lessons (Learned from Experience):\n{numbered}{expected}"
