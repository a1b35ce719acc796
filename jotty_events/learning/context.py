"""What an agent is told of what was learned: the text that goes into its prompt, and what it was made of.

Invariants: the text follows from the state alone. A memory of a failure is never shown as valuable, and nothing is
shown twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from projections.memory import MemoryEntry

from ..agents.brain.brain import Brain
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..outcome import MemoryNote
from ..rules.memory.recall import item_line
from ..types import Json

HIGH, LOW = 0.7, 0.3
LEVELS_SHOWN = ("semantic", "procedural", "meta", "causal")

Valued = tuple[float, MemoryEntry]
"""An entry, after its value for the goal."""


@dataclass(frozen=True)
class LearnedContext:
    """The text, and the entries and lessons in it."""

    text: str = ""
    entries: list[MemoryEntry] = field(default_factory=list)
    notes: list[MemoryNote] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)


class ContextBuilder:
    """Draws up learned contexts from what the learners know."""

    def __init__(self, predictor: LLMQPredictor, brain: Brain, items: int) -> None:
        self._predictor = predictor
        self._brain = brain
        self._items = items

    def build(
        self, goal: str, state: Json, memories: Sequence[HierarchicalMemory], now: float | None = None
    ) -> LearnedContext:
        """Return what was learned that bears on a goal, in the state in which an agent takes it up, at time `now`."""
        valued = [
            (memory.value(entry, goal).value, entry)
            for memory in memories
            for level in LEVELS_SHOWN
            for entry in memory.memories[level].entries()
        ]
        high = _once(self._high(valued), [])[: self._items]
        low = _once(self._low(valued), high)[: self._items]
        lessons = self._predictor.lessons(state)[: self._items]
        shown = [entry for _, entry in (*high, *low)]
        sections = (
            _section("High-value patterns", [f"- High-value pattern: {_line(*one)}" for one in high]),
            _section("Things to avoid", [f"- {_line(*one)}" for one in low]),
            _section("Q-learning lessons", [f"- {lesson}" for lesson in lessons]),
            *self._knowledge(goal, memories, shown),
            self._brain.get_consolidated_knowledge(max_items=self._items, now=now),
        )
        text = "\n\n".join(section for section in sections if section)
        return LearnedContext(text, shown, [_note(value, entry) for value, entry in (*high, *low)], lessons)

    def _high(self, valued: list[Valued]) -> list[Valued]:
        found = [one for one in valued if one[0] > HIGH and one[1].outcome != "failure"]
        return sorted(found, key=lambda one: (-one[0], one[1].nth))

    def _low(self, valued: list[Valued]) -> list[Valued]:
        found = [one for one in valued if one[0] < LOW]
        return sorted(found, key=lambda one: (one[0], one[1].nth))

    def _knowledge(
        self, goal: str, memories: Sequence[HierarchicalMemory], shown: Sequence[MemoryEntry]
    ) -> Iterator[str]:
        """Give out what each memory has consolidated, and none before it said."""
        said = list(shown)
        for memory in memories:
            yield memory.get_consolidated_knowledge(goal, self._items, without=said)
            said += memory.memories.entries()


def _once(found: list[Valued], before: list[Valued]) -> list[Valued]:
    """Return the first entry of each content that was not said before: several owners may remember the same."""
    seen = {entry.content_hash for _, entry in before}
    first: list[Valued] = []
    for one in found:
        if one[1].content_hash not in seen:
            seen.add(one[1].content_hash)
            first.append(one)
    return first


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"## {title}:", *lines]) if lines else ""


def _line(value: float, entry: MemoryEntry) -> str:
    return item_line(entry.content, value).removeprefix("- ")


def _note(value: float, entry: MemoryEntry) -> MemoryNote:
    return MemoryNote(entry.owner, entry.level, entry.key, entry.content, value)
