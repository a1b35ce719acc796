"""Which part of a lesson an event was: what is left out is left out of its lesson."""

from ..events import (
    AlphaAdapted,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceEvicted,
    ExperienceForgotten,
    GoalScored,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryProtected,
    QUpdated,
    SampleNoted,
    TiersAssigned,
    TrajectoryEnded,
    ValueUpdated,
)
from ..learning.lessons import (
    BRAIN,
    CONSOLIDATE,
    EPISODE,
    OUTCOME,
    RECALL,
    SCORE,
    SETTLE,
    SLEEP,
    TIERS,
    VALUES,
    Q,
)
from ..types import SHARED

OF_AN_ATTEMPT = frozenset({RECALL, OUTCOME, EPISODE, VALUES, Q, BRAIN, SETTLE})
"""All that an attempt may teach."""
OF_AN_END = frozenset({SCORE, TIERS, CONSOLIDATE, SLEEP})
"""All that the end of an episode may teach."""
_VALUES = TrajectoryEnded | SampleNoted | AlphaAdapted
_Q = ExperienceAdded | ExperienceEvicted | QUpdated
_BRAIN = ExperienceEncoded | ExperienceForgotten


def part_of(event: Event) -> str:
    """Return which part of an attempt's lesson an event was."""
    if isinstance(event, MemoryAccessed):
        return RECALL
    if isinstance(event, _VALUES) or (isinstance(event, ValueUpdated) and event.cause != "stored"):
        return VALUES
    if isinstance(event, _Q):
        return Q
    if isinstance(event, _BRAIN):
        return BRAIN
    owner = getattr(event, "owner", None)
    return SETTLE if owner is None else OUTCOME if owner == SHARED else EPISODE


def part_of_end(event: Event) -> str:
    """Return which part of what an episode's end teaches an event was."""
    if isinstance(event, GoalScored) and event.success is not None:
        return SCORE
    if isinstance(event, TiersAssigned):
        return TIERS
    kept = isinstance(event, MemoryConsolidated | MemoryProtected) or getattr(event, "owner", None) is not None
    return CONSOLIDATE if kept else SLEEP
