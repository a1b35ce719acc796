"""What a memory asks a model: a level, relevance, sameness, a pattern, wisdom.

Invariants: a question is asked before the commit that its answer is for, so that no lock is held while a model thinks;
without a model, or without a usable answer, None comes back, and the rules go on alone. A prompt's first line says what
it is about.
"""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Any, NamedTuple

from projections.memory import MemoryEntry

from ...session import Session
from ...types import LEVELS
from ..answers import object_in, one_of, optional_words, share, truth, words

LEVEL, RELEVANCE, DUPLICATE, PATTERN, WISDOM = (
    "memory_level",
    "memory_relevance",
    "memory_duplicate",
    "memory_pattern",
    "memory_wisdom",
)
TITLES = {
    LEVEL: "Which level of memory does this belong to?",
    RELEVANCE: "How relevant is each of these memories to the query?",
    DUPLICATE: "Do these two memories say the same?",
    PATTERN: "What pattern do these episodes show?",
    WISDOM: "What do these experiences teach about learning itself?",
}
"""The first line of the prompts of each purpose."""

_LEVELS = (
    "episodic: what happened once. semantic: what holds in general. procedural: how to do something, step by step. "
    "meta: how to learn or decide. causal: why something happens."
)


class Pattern(NamedTuple):
    """What several episodes have in common, and how sure the model is."""

    text: str
    conditions: str
    exceptions: str
    confidence: float


class Wisdom(NamedTuple):
    """What was learned about learning, and when it applies."""

    text: str
    applies: str


class Questions:
    """The questions that memories put to the model of a session, if it has one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def answerable(self) -> bool:
        """Whether there is a model to ask."""
        return self._session.model is not None

    def _ask(self, purpose: str, parts: Mapping[str, Any], wanted: str, parse: Callable[[Any], Any]) -> Any:
        if self._session.model is None:
            return None
        said = "\n".join(f"{name}: {_written(value)}" for name, value in parts.items())
        return self._session.model.answer(purpose, f"{TITLES[purpose]}\n\n{said}\n\n{wanted}", parse)

    def level(self, content: str, context: Mapping[str, Any]) -> str | None:
        """Ask which level a content belongs to."""
        found: str | None = self._ask(
            LEVEL,
            {"Levels": _LEVELS, "Memory": content, "Context": context},
            "Answer with the name of one level only.",
            one_of(LEVELS),
        )
        return found

    def relevances(self, query: str, entries: Sequence[MemoryEntry]) -> dict[int, float] | None:
        """Ask how relevant entries are, in [0, 1]; by their place among `entries`, those that the answer names."""
        asked = [{"id": i, "level": one.level, "content": one.content} for i, one in enumerate(entries)]
        found: dict[int, float] | None = self._ask(
            RELEVANCE,
            {"Query": query, "Memories": asked},
            'Judge by meaning, not by shared words. Answer with JSON only, such as {"0": 0.9, "1": 0.1}.',
            lambda answer: _by_place(answer, len(entries)),
        )
        return found

    def sameness(self, one: str, other: str) -> float | None:
        """Ask how much of the same two contents say, in [0, 1]; 0.0 if they are no duplicates."""
        found: float | None = self._ask(
            DUPLICATE,
            {"First": one, "Second": other},
            'Answer with JSON only: {"duplicate": true or false, "similarity": a number from 0 to 1}.',
            _sameness,
        )
        return found

    def pattern(self, goal: str, domain: str, entries: Sequence[MemoryEntry]) -> Pattern | None:
        """Ask what several episodes towards one goal have in common."""
        episodes = [{"content": one.content, "value": one.default_value} for one in entries]
        found: Pattern | None = self._ask(
            PATTERN,
            {"Goal": goal, "Domain": domain, "Episodes": episodes},
            'Answer with JSON only: {"pattern": text, "conditions": text, "exceptions": text, "confidence": 0 to 1}.',
            _pattern,
        )
        return found

    def wisdom(self, worked: Sequence[str], failed: Sequence[str]) -> Wisdom | None:
        """Ask what is to be learned from what proved valuable and what did not."""
        found: Wisdom | None = self._ask(
            WISDOM,
            {"Proved valuable": list(worked), "Proved worthless": list(failed)},
            'Answer with JSON only: {"wisdom": text, "applies": text that says when}.',
            _wisdom,
        )
        return found


def _written(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def _by_place(answer: Any, count: int) -> dict[int, float]:
    said = object_in(answer)
    found = {i: share(said[str(i)], f"the relevance of {i}") for i in range(count) if str(i) in said}
    if not found:
        raise ValueError("the answer names none of the memories")
    return found


def _sameness(answer: Any) -> float:
    said = object_in(answer)
    return share(said.get("similarity", 1.0), "the similarity") if truth(said["duplicate"]) else 0.0


def _pattern(answer: Any) -> Pattern:
    said = object_in(answer)
    confidence = share(said.get("confidence", 0.5), "the confidence")
    conditions, exceptions = (optional_words(said.get(name)) for name in ("conditions", "exceptions"))
    return Pattern(words(said["pattern"], "the pattern"), conditions, exceptions, confidence)


def _wisdom(answer: Any) -> Wisdom:
    said = object_in(answer)
    return Wisdom(words(said["wisdom"], "the wisdom"), optional_words(said.get("applies")))
