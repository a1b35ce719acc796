"""The event union: every fact that the log can hold, as frozen structs with stable tags.

Invariants: a tag never changes meaning; a field is never removed or re-typed (a new tag and an upcaster instead); a
field present at a tag's birth is always written; a later field is `T | UnsetType = UNSET`, absent when unset.
"""

from typing import get_args

from .brain import (
    BrainStepped,
    ConsolidationDone,
    EpisodesReplayed,
    ExperienceEncoded,
    ExperienceForgotten,
    ExperienceJudged,
    ImpactAssigned,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    ReplayLink,
    TraceReplayed,
    WakeCounted,
)
from .fields import GROUPS, Learned, Origin, fields_in, group_of
from .memory import (
    CausalLinked,
    GoalAdded,
    GoalScored,
    KeptValue,
    MemoriesRetrieved,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryRenamed,
    MemoryRepeated,
    MemoryStored,
    SaidRelevant,
)
from .origin import Absorbed, EntryImported, Imported, ModelAnswered, Redacted
from .q import (
    Cluster,
    ExperienceAdded,
    ExperienceEvicted,
    ExperienceReweighed,
    QPruned,
    QUpdated,
    TierMove,
    TiersAssigned,
)
from .run import ActorResult, AttemptMade, Candidate, EpisodeEnded, EpisodeStarted, Left, Recalled, RunEnded, RunStarted
from .todo import (
    Blocking,
    Mark,
    Standing,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TodoCheckpointed,
    TodoOpened,
    TodoReplanned,
    TodoRestored,
)
from .values import AlphaAdapted, SampleNoted, TrajectoryEnded, ValueUpdated

__all__ = [
    "Absorbed",
    "ActorResult",
    "AlphaAdapted",
    "AttemptMade",
    "BY_TAG",
    "Blocking",
    "BrainStepped",
    "Candidate",
    "CausalLinked",
    "Cluster",
    "ConsolidationDone",
    "EVENT_TYPES",
    "EntryImported",
    "EpisodeEnded",
    "EpisodeStarted",
    "EpisodesReplayed",
    "Event",
    "ExperienceAdded",
    "ExperienceEncoded",
    "ExperienceEvicted",
    "ExperienceForgotten",
    "ExperienceJudged",
    "ExperienceReweighed",
    "GROUPS",
    "GoalAdded",
    "GoalScored",
    "ImpactAssigned",
    "Imported",
    "KeptValue",
    "Learned",
    "Left",
    "Mark",
    "MemoriesRetrieved",
    "MemoryAccessed",
    "MemoryConsolidated",
    "MemoryEvicted",
    "MemoryMerged",
    "MemoryProtected",
    "MemoryRenamed",
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
    "ReplayLink",
    "RunEnded",
    "RunStarted",
    "SaidRelevant",
    "SampleNoted",
    "Standing",
    "TaskAdded",
    "TaskBlocked",
    "TaskCompleted",
    "TaskFailed",
    "TaskRevised",
    "TaskSkipped",
    "TaskStarted",
    "TierMove",
    "TiersAssigned",
    "TodoCheckpointed",
    "TodoOpened",
    "TodoReplanned",
    "TodoRestored",
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
    | MemoryRenamed
    | MemoriesRetrieved
    | MemoryEvicted
    | MemoryProtected
    | MemoryConsolidated
    | TrajectoryEnded
    | ValueUpdated
    | SampleNoted
    | AlphaAdapted
    | CausalLinked
    | GoalAdded
    | GoalScored
    | ExperienceAdded
    | ExperienceEvicted
    | ExperienceReweighed
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
    | ImpactAssigned
    | ExperienceJudged
    | EpisodesReplayed
    | BrainStepped
    | TodoOpened
    | TaskAdded
    | TaskStarted
    | TaskCompleted
    | TaskFailed
    | TaskSkipped
    | TaskBlocked
    | TodoReplanned
    | TaskRevised
    | TodoCheckpointed
    | TodoRestored
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
