"""Which things an event left as they are since, and which it took up: what impact is followed along.

A thing is named by a tuple: ("q", nth), ("memory", owner, level, key), ("value", owner, level, key, goal), ("default",
owner, level, key), ("experience", nth), ("lesson", text), ("trace", nth), ("pattern", nth), ("goal", owner, id),
("link", owner, link), ("task", todo, task), ("attempt", episode, actor, attempt).

Invariants: only what is named is followed. Running means, learning rates, counters, and room that was lost to another
entry change almost everything a little; to follow them would say nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ...events import (
    AttemptMade,
    CausalLinked,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceEvicted,
    ExperienceForgotten,
    ExperienceReweighed,
    GoalAdded,
    GoalScored,
    ImpactAssigned,
    MemoriesRetrieved,
    MemoryAccessed,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryRenamed,
    MemoryRepeated,
    MemoryStored,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    QPruned,
    QUpdated,
    TaskAdded,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskStarted,
    TraceReplayed,
    ValueUpdated,
)
from ..touched import context_of

Thing = tuple[Any, ...]
Reading = Iterator[tuple[Thing, str]]
"""Things that an event took up, each with what it did with them."""


def attempt_of(event: Event) -> Thing | None:
    """Return the attempt that an event was learned from."""
    context = context_of(event)
    return None if context[2] is None else ("attempt", *context)


def _memory(event: Any, *more: Any) -> Thing:
    return (event.owner, event.level, event.key, *more)


def _value_updated(event: ValueUpdated) -> Reading:
    yield ("value", *_memory(event, event.goal)), "moved the value on"
    if event.before_from != "goal":
        yield ("default", *_memory(event)), "began with its value for no goal in particular"
    if event.source_goal is not None:
        yield ("value", *_memory(event, event.source_goal)), "carried its change over to a related goal"
    yield ("memory", *_memory(event)), "valued the memory"


def _attempt_made(event: AttemptMade) -> Reading:
    for one in event.memories:
        name = one.owner, one.level, one.key
        yield ("memory", *name), f"had the memory in its context, worth {one.value:.3f}"
        yield ("value", *name, event.goal), f"had the memory in its context, worth {one.value:.3f}"
        yield ("default", *name), f"had the memory in its context, worth {one.value:.3f}"
    yield from ((("lesson", lesson), "had the lesson in its context") for lesson in event.lessons)
    for option in event.candidates:
        if option.nth is not None:
            taken = "took" if option.approach == event.approach else "passed over"
            yield ("q", option.nth), f"{taken} {option.approach}, whose Q was read as {option.q:.3f}"


def _q_updated(event: QUpdated) -> Reading:
    if event.before_nth is not None:
        own = event.before_nth == event.nth
        yield ("q", event.before_nth), "moved the value on" if own else "began with a part of its value"
    if event.next_nth is not None:
        yield ("q", event.next_nth), "took its value for the best of what comes next"
    if event.experience is not None:
        yield ("experience", event.experience), "learned from the experience"


def _retrieved(event: MemoriesRetrieved) -> Reading:
    for level, key in zip(event.levels, event.keys, strict=False):
        yield ("memory", event.owner, level, key), "answered a query with the memory"


def _pattern(event: PatternLearned | PatternReinforced) -> Reading:
    if event.source is not None:
        yield ("trace", event.source), "drew a pattern from the experience"
    if isinstance(event, PatternReinforced):
        yield ("pattern", event.nth), "reinforced the pattern"


def _encoded(event: ExperienceEncoded) -> Reading:
    if event.nearest is not None:
        yield ("pattern", event.nearest), "was found less new because of the pattern"


def _one(kind: str, said: str, *names: str) -> Callable[[Any], Reading]:
    def taken(event: Any) -> Reading:
        yield (kind, *(getattr(event, name) for name in names)), said

    return taken


_ENTRY = ("owner", "level", "key")
READS: dict[type[Event], Callable[[Any], Reading]] = {
    AttemptMade: _attempt_made,
    QUpdated: _q_updated,
    QPruned: _one("q", "let the entry go", "nth"),
    ExperienceReweighed: _one("experience", "weighed the experience anew", "nth"),
    ExperienceEvicted: _one("experience", "let the experience go", "nth"),
    ValueUpdated: _value_updated,
    MemoryAccessed: _one("memory", "used the memory", *_ENTRY),
    MemoryRepeated: _one("memory", "said the memory again", *_ENTRY),
    MemoryMerged: _one("memory", "was merged into the memory", *_ENTRY),
    MemoryRenamed: _one("memory", "gave the memory another key", "owner", "level", "former"),
    MemoriesRetrieved: _retrieved,
    MemoryEvicted: _one("memory", "let the memory go", *_ENTRY),
    MemoryProtected: _one("memory", "judged whether the memory is safe", *_ENTRY),
    CausalLinked: _one("link", "weighed the link anew", "owner", "link"),
    GoalScored: _one("goal", "counted on from its record", "owner", "goal_id"),
    TraceReplayed: _one("trace", "replayed the experience", "nth"),
    ImpactAssigned: _one("trace", "said what the experience caused", "nth"),
    ExperienceForgotten: _one("trace", "forgot the experience", "nth"),
    ExperienceEncoded: _encoded,
    PatternLearned: _pattern,
    PatternReinforced: _pattern,
    PatternForgotten: _one("pattern", "forgot the pattern", "nth"),
    TaskStarted: _one("task", "started the task", "todo", "task"),
    TaskCompleted: _one("task", "completed the task", "todo", "task"),
    TaskFailed: _one("task", "failed at the task", "todo", "task"),
    TaskRevised: _one("task", "thought anew of the task", "todo", "task"),
}
"""What an event took up, by its type."""


def _updated(event: QUpdated) -> list[Thing]:
    return [("q", event.nth), *([("lesson", event.lesson)] if event.lesson is not None else [])]


def _stored(event: MemoryStored) -> list[Thing]:
    return [("memory", *_memory(event)), ("value", *_memory(event, event.goal)), ("default", *_memory(event))]


def _valued(event: ValueUpdated) -> list[Thing]:
    moved = event.default_after != event.default_before
    return [("value", *_memory(event, event.goal)), *([("default", *_memory(event))] if moved else [])]


def _renamed(event: MemoryRenamed) -> list[Thing]:
    values = [("value", *_memory(event, one.goal)) for one in event.goal_values]
    return [("memory", *_memory(event)), ("default", *_memory(event)), *values]


def _left(kind: str, *names: str) -> Callable[[Any], list[Thing]]:
    return lambda event: [(kind, *(getattr(event, name) for name in names))]


LEAVES: dict[type[Event], Callable[[Any], list[Thing]]] = {
    AttemptMade: _left("attempt", "episode", "actor", "attempt"),
    QUpdated: _updated,
    ExperienceAdded: _left("experience", "nth"),
    MemoryStored: _stored,
    MemoryMerged: _left("memory", *_ENTRY),
    MemoryRenamed: _renamed,
    ValueUpdated: _valued,
    CausalLinked: _left("link", "owner", "link"),
    GoalAdded: _left("goal", "owner", "goal_id"),
    GoalScored: _left("goal", "owner", "goal_id"),
    ExperienceEncoded: _left("trace", "nth"),
    TraceReplayed: _left("trace", "nth"),
    ImpactAssigned: _left("trace", "nth"),
    PatternLearned: _left("pattern", "nth"),
    PatternReinforced: _left("pattern", "nth"),
    TaskAdded: _left("task", "todo", "task"),
    TaskRevised: _left("task", "todo", "task"),
}
"""What an event left, by its type."""


def _evicted(event: MemoryEvicted) -> list[Thing]:
    """Return the memory with its values, unless it goes on under another key in the next event."""
    name = _memory(event)
    return [] if event.reason == _RENAMED else [("memory", *name), ("default", *name), ("value", *name)]


def _former(event: MemoryRenamed) -> list[Thing]:
    name = (event.owner, event.level, event.former)
    return [("memory", *name), ("default", *name), ("value", *name)]


_RENAMED = "renamed"


GONE: dict[type[Event], Callable[[Any], list[Thing]]] = {
    QPruned: _left("q", "nth"),
    ExperienceEvicted: _left("experience", "nth"),
    ExperienceForgotten: _left("trace", "nth"),
    PatternForgotten: _left("pattern", "nth"),
    MemoryEvicted: _evicted,
    MemoryRenamed: _former,
}
"""What is not there any more after an event, and all whose names begin so: from then on nothing takes it up."""
