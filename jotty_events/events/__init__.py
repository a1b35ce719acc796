"""The event union: every fact that the log can hold, as frozen structs with stable tags.

Invariants: a tag never changes meaning; a field is never removed or re-typed (a new tag and an upcaster instead); a
field present at a tag's birth is always written; a later field is `T | UnsetType = UNSET`, absent when unset.
"""

from typing import get_args

from .brain import (
    ConsolidationDone,
    ExperienceEncoded,
    ExperienceForgotten,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    TraceReplayed,
    WakeCounted,
)
from .fields import GROUPS, Learned, Origin, fields_in, group_of
from .memory import (
    AlphaAdapted,
    CausalLinked,
    GoalAdded,
    GoalScored,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryRepeated,
    MemoryStored,
    TrajectoryEnded,
    ValueUpdated,
)
from .origin import Absorbed, EntryImported, Imported, ModelAnswered, Redacted
from .q import Cluster, ExperienceAdded, ExperienceEvicted, QPruned, QUpdated, TierMove, TiersAssigned
from .run import ActorResult, AttemptMade, Candidate, EpisodeEnded, EpisodeStarted, Recalled, RunEnded, RunStarted
from .todo import (
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskSkipped,
    TaskStarted,
    TodoOpened,
    TodoReplanned,
)

__all__ = [
    "Absorbed",
    "ActorResult",
    "AlphaAdapted",
    "AttemptMade",
    "BY_TAG",
    "Candidate",
    "CausalLinked",
    "Cluster",
    "ConsolidationDone",
    "EVENT_TYPES",
    "EntryImported",
    "EpisodeEnded",
    "EpisodeStarted",
    "Event",
    "ExperienceAdded",
    "ExperienceEncoded",
    "ExperienceEvicted",
    "ExperienceForgotten",
    "GROUPS",
    "GoalAdded",
    "GoalScored",
    "Imported",
    "Learned",
    "MemoryAccessed",
    "MemoryConsolidated",
    "MemoryEvicted",
    "MemoryMerged",
    "MemoryProtected",
    "MemoryRepeated",
    "MemoryStored",
    "ModelAnswered",
    "Origin",
    "PatternForgotten",
    "PatternLearned",
    "PatternReinforced",
    "QPruned",
    "QUpdated",
    "Recalled",
    "Redacted",
    "RunEnded",
    "RunStarted",
    "TaskAdded",
    "TaskBlocked",
    "TaskCompleted",
    "TaskFailed",
    "TaskSkipped",
    "TaskStarted",
    "TierMove",
    "TiersAssigned",
    "TodoOpened",
    "TodoReplanned",
    "TraceReplayed",
    "TrajectoryEnded",
    "ValueUpdated",
    "WakeCounted",
    "fields_in",
    "group_of",
    "tag_of",
]

Event = (
    RunStarted
    | RunEnded
    | EpisodeStarted
    | EpisodeEnded
    | AttemptMade
    | MemoryStored
    | MemoryAccessed
    | MemoryRepeated
    | MemoryMerged
    | MemoryEvicted
    | MemoryProtected
    | MemoryConsolidated
    | TrajectoryEnded
    | ValueUpdated
    | AlphaAdapted
    | CausalLinked
    | GoalAdded
    | GoalScored
    | ExperienceAdded
    | ExperienceEvicted
    | QUpdated
    | QPruned
    | TiersAssigned
    | ExperienceEncoded
    | ExperienceForgotten
    | TraceReplayed
    | PatternLearned
    | PatternReinforced
    | PatternForgotten
    | ConsolidationDone
    | WakeCounted
    | TodoOpened
    | TaskAdded
    | TaskStarted
    | TaskCompleted
    | TaskFailed
    | TaskSkipped
    | TaskBlocked
    | TodoReplanned
    | ModelAnswered
    | Redacted
    | Absorbed
    | Imported
    | EntryImported
)

EVENT_TYPES: tuple[type[Event], ...] = get_args(Event)
"""Every event type, in the order of the union."""

BY_TAG: dict[str, type[Event]] = {str(event.__struct_config__.tag): event for event in EVENT_TYPES}
"""Event types by their tag, as it stands in the log."""


def tag_of(event: Event | type[Event]) -> str:
    """Return the tag under which an event is written."""
    return str(event.__struct_config__.tag)
