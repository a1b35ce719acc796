"""Models that answer as they were recorded to have answered.

Invariants: a model is never asked again. What one run's model answered is no answer in what was observed in another.
"""

from collections.abc import Callable
from typing import Any

from ..agents.model import prompt_digest
from ..events import Event, ModelAnswered, Origin


class Recorded:
    """A model that answers with what was recorded, by purpose and prompt, and is never asked again."""

    name = "recorded"

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], ModelAnswered] = {}

    def passed(self, event: ModelAnswered) -> None:
        """Take up an answer; a later one to the same question takes its place."""
        self._answers[event.purpose, event.prompt_digest] = event

    def answer(self, purpose: str, prompt: str, parse: Callable[[Any], Any] | None = None) -> Any | None:
        """Return what was answered, or what `parse` makes of it; None if nothing was, or nothing that was used."""
        event = self._answers.get((purpose, prompt_digest(prompt)))
        if event is None or not event.used:
            return None
        return event.answer if parse is None else parse(event.answer)


class Models:
    """The models of a run, and of the runs whose observations are learned again in it."""

    def __init__(self) -> None:
        self._by_run: dict[str | None, Recorded] = {}

    def passed(self, event: ModelAnswered) -> None:
        """Take up an answer; from the first one on, its run has a model."""
        self._by_run.setdefault(run_of(event), Recorded()).passed(event)

    def at_hand(self, event: Event) -> Recorded | None:
        """Return the model that was at hand where an event was observed, None if none had answered by then."""
        return self._by_run.get(run_of(event))


def run_of(event: Event) -> str | None:
    """Return the run in which an event was observed first, None if it was in the one that it stands in."""
    origin = getattr(event, "origin", None)
    return origin.run if isinstance(origin, Origin) else None
