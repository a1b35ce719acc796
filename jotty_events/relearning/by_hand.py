"""Every kind of observation that stands by itself: what follows from it, and how it is learned from again."""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from ..agents.todo.task_list import MarkovianTODO
from ..events import (
    Absorbed,
    AlphaAdapted,
    BrainStepped,
    CausalLinked,
    ConsolidationDone,
    EntryImported,
    EpisodesReplayed,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceJudged,
    GoalAdded,
    GoalScored,
    ImpactAssigned,
    Imported,
    MemoriesRetrieved,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryRenamed,
    MemoryRepeated,
    MemoryStored,
    ModelAnswered,
    QPruned,
    QUpdated,
    SampleNoted,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TiersAssigned,
    TodoCheckpointed,
    TodoOpened,
    TodoReplanned,
    TodoRestored,
    TrajectoryEnded,
    ValueUpdated,
    WakeCounted,
)
from ..reenacting.memory import memory_accessed
from ..reenacting.todo import TASKS
from . import brain, q, remembering, storing, valuing
from .groups import Follows, Group
from .scene import Scene

Learn = Callable[[Scene, Group], None]


class ByHand(NamedTuple):
    """How one kind of observation is learned from again, and what followed from it."""

    learn: Learn
    follows: Follows | None = None


def _as_reenacted(call: Callable[[Any, Any], object]) -> ByHand:
    return ByHand(lambda scene, group: _call(call, scene, group))


def _call(call: Callable[[Any, Any], object], scene: Scene, group: Group) -> None:
    call(scene, group.head.event)


def _todo(scene: Scene) -> MarkovianTODO:
    return scene.learned_by.todo


def opened(scene: Scene, group: Group) -> None:
    """Begin a list."""
    event = group.head.event
    assert isinstance(event, TodoOpened)
    scene.would_add(event, lambda _: _todo(scene).open(event.root_task))


def replanned(scene: Scene, group: Group) -> None:
    """Plan the list anew."""
    event = group.head.event
    assert isinstance(event, TodoReplanned)
    scene.would_add(event, lambda _: _todo(scene).replan(event.reason))


def _follows_a_failure(_: Event, event: Event, __: int) -> bool:
    return isinstance(event, TaskSkipped)


def said_again(scene: Scene, group: Group) -> None:
    """Say once more what is no call: an answer of a model, or that something was read or learned elsewhere."""
    event = group.head.event
    with scene.at(event) as commit:
        if isinstance(event, ModelAnswered):
            scene.answered(event)
            commit.add(replace(event, **scene.session.provenance))
        else:
            commit.add(event)


_NUMBERS = {
    ("memory", "entries"): ("memory", "next_nth"),
    ("memory", "goal_values"): ("memory", "next_goal_nth"),
    ("memory", "links"): ("memory", "next_link_nth"),
    ("goals", "nodes"): ("goals", "next_nth"),
}
"""Where the next insertion number of a table stands."""


def imported(scene: Scene, group: Group) -> None:
    """Take in an entry as it was elsewhere; it is numbered on from here."""
    event = group.head.event
    assert isinstance(event, EntryImported)
    if event.projection == "q_table":
        q.loaded(scene, group)
        return
    counted = _NUMBERS.get((event.projection, event.table))
    nth = event.nth if counted is None else getattr(scene.session.view(counted[0]), counted[1])
    with scene.at(event) as commit:
        commit.add(replace(event, **scene.session.provenance, nth=nth))


_STORED = ByHand(storing.stored, storing.follows_a_store)

BY_HAND: dict[type[Event], ByHand] = {
    MemoryStored: _STORED,
    MemoryRepeated: _STORED,
    MemoryMerged: _STORED,
    MemoryRenamed: _STORED,
    MemoriesRetrieved: ByHand(remembering.retrieved, remembering.follows_an_answer),
    MemoryAccessed: _as_reenacted(memory_accessed),
    MemoryProtected: ByHand(remembering.protected, remembering.follows_protection),
    MemoryEvicted: ByHand(remembering.let_go),
    MemoryConsolidated: ByHand(remembering.consolidated),
    GoalAdded: ByHand(remembering.goal_met),
    GoalScored: ByHand(remembering.goal_scored_again),
    CausalLinked: ByHand(remembering.linked),
    TrajectoryEnded: ByHand(valuing.ended, valuing.follows_an_end),
    ValueUpdated: ByHand(valuing.valued),
    SampleNoted: ByHand(valuing.noted),
    AlphaAdapted: ByHand(valuing.adapted),
    ExperienceAdded: ByHand(q.step, q.follows_a_step),
    QUpdated: ByHand(q.updated, q.follows_an_update),
    QPruned: ByHand(q.pruned, q.follows_pruning),
    TiersAssigned: ByHand(q.tiers_assigned),
    ExperienceEncoded: ByHand(brain.encoded, brain.follows_an_experience),
    ImpactAssigned: ByHand(brain.impact),
    WakeCounted: ByHand(brain.counted),
    ConsolidationDone: ByHand(brain.slept),
    ExperienceJudged: ByHand(brain.judged),
    EpisodesReplayed: ByHand(brain.replayed, brain.follows_a_replay),
    BrainStepped: ByHand(brain.stepped, brain.follows_a_step),
    TodoOpened: ByHand(opened),
    TaskAdded: _as_reenacted(TASKS[TaskAdded].call),
    TaskStarted: _as_reenacted(TASKS[TaskStarted].call),
    TaskCompleted: _as_reenacted(TASKS[TaskCompleted].call),
    TaskFailed: ByHand(_as_reenacted(TASKS[TaskFailed].call).learn, _follows_a_failure),
    TaskBlocked: _as_reenacted(TASKS[TaskBlocked].call),
    TaskRevised: _as_reenacted(TASKS[TaskRevised].call),
    TodoReplanned: ByHand(replanned),
    TodoCheckpointed: _as_reenacted(TASKS[TodoCheckpointed].call),
    TodoRestored: _as_reenacted(TASKS[TodoRestored].call),
    ModelAnswered: ByHand(said_again),
    Imported: ByHand(said_again),
    Absorbed: ByHand(said_again),
    EntryImported: ByHand(imported, q.follows_an_import),
}
"""By the type of its first event; a kind that is not here only ever follows from others, or says nothing to learn."""

FOLLOWS: dict[type[Event], Follows] = {kind: one.follows for kind, one in BY_HAND.items() if one.follows is not None}
