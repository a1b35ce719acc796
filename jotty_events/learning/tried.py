"""What was tried once, and what came of it: all that an attempt teaches follows from this, and from the state."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from projections.memory import MemoryEntry

from ..events import AttemptMade


@dataclass(frozen=True)
class Tried:
    """An attempt, in its `episode` towards a `goal`; `entries` are what stood in the actor's context.

    `outcome`, `success`, `reward`, `error` and `lesson` are as in AttemptMade.
    """

    episode: int
    actor: str
    attempt: int
    goal: str
    domain: str
    approach: str | None
    outcome: str
    success: bool
    reward: float
    error: str | None
    lesson: str | None
    entries: Sequence[MemoryEntry] = field(default_factory=list)


def tried(made: AttemptMade, domain: str, entries: Sequence[MemoryEntry]) -> Tried:
    """Return what was tried, as it is recorded."""
    return Tried(
        made.episode,
        made.actor,
        made.attempt,
        made.goal,
        domain,
        made.approach,
        made.outcome,
        made.success,
        made.reward,
        made.error,
        made.lesson,
        entries,
    )
