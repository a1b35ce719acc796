"""The memory's events once more, and those of goals and causal links."""

from collections.abc import Iterator
from typing import Any

from projections.memory import MemoryEntry

from ..agents.memory.causes import Causes
from ..agents.memory.consolidating import Consolidating
from ..agents.memory.content import Content
from ..agents.memory.protecting import Protecting
from ..agents.memory.questions import Questions
from ..agents.memory.renaming import Renaming
from ..agents.memory.retrieving import Query, Retrieving
from ..agents.memory.room import Room
from ..agents.memory.storing import Storing
from ..errors import ConfigError
from ..events import (
    CausalLinked,
    Event,
    GoalAdded,
    GoalScored,
    MemoriesRetrieved,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryProtected,
    MemoryRenamed,
    MemoryRepeated,
    MemoryStored,
    fields_in,
)
from ..reading.conclusions import Found
from ..rules.memory import entries as memory
from .stage import Reenacted, Stage

_NEEDS = ("memory",)
_WITH_GOALS = ("memory", "goals")


def _storing(stage: Stage, owner: str) -> Storing:
    return Storing(owner, stage.config, stage.session)


def _content(event: Any, kept: memory.Kept, hashed: str, key: str) -> Content:
    """Return what was stored, as far as it was recorded; of a content that was cut, the text is what was kept."""
    return Content(
        len(kept.content),
        event.level,
        event.goal,
        getattr(event, "domain", ""),
        getattr(event, "task_type", ""),
        event.agent,
        kept,
        hashed,
        key,
        event.context,
        event.initial_value,
        event.outcome,
        tuple(getattr(event, "causal_links", ())),
    )


def memory_stored(stage: Stage, event: MemoryStored) -> Event:
    """Keep the content as a new entry; where there is no room, another would have to go first."""
    kept = memory.Kept(event.content, event.token_count, event.truncated)
    content = _content(event, kept, event.content_hash, event.key)
    return stage.would_add(event, lambda commit: _storing(stage, event.owner)._new(commit, content))


def memory_repeated(stage: Stage, event: MemoryRepeated) -> Event:
    """Note that known content came again."""
    entry = stage.entry(event)
    content = _content(event, _as_kept(entry), entry.content_hash, event.key)
    return stage.would_add(event, lambda commit: _storing(stage, event.owner)._again(commit, content, entry))


def memory_merged(stage: Stage, event: MemoryMerged) -> Event:
    """Let the entry stand for one more content."""
    entry = stage.entry(event)
    content = _content(event, memory.Kept(event.content, 0, False), "", event.duplicate)
    return stage.would_add(event, lambda commit: _storing(stage, event.owner)._merge(commit, content, entry))


def _as_kept(entry: MemoryEntry) -> memory.Kept:
    return memory.Kept(entry.content, entry.token_count, False)


def memory_evicted(stage: Stage, event: MemoryEvicted) -> Event:
    """Let go of the entry whose turn it is: for want of room, because it is stale, or because it was named."""
    room = Room(event.owner, stage.config, stage.session)
    if event.reason == "capacity":
        return stage.would_add(event, lambda commit: room.make(commit, event.level))
    if event.reason == "stale":
        gone = Consolidating(event.owner, stage.config, stage.session, Questions(stage.session)).worthless(event.now)
        return stage.would_add(event, lambda commit: room.let_go(commit, gone, "stale"))
    entry = stage.entry(event)
    if event.reason == "renamed":
        _look_at_what_is_renamed(stage, entry, event)
    return stage.would_add(event, lambda commit: room.let_go(commit, [entry], event.reason))


def _look_at_what_is_renamed(stage: Stage, entry: MemoryEntry, event: MemoryEvicted) -> None:
    """Look at an entry that is let go under one key, to come back under another with the next event."""
    named = stage.looked.get((MemoryRenamed, event.owner, event.level, event.key))
    if isinstance(named, list) and named:
        renamed: MemoryRenamed = named.pop(0)
        kept = _as_kept(entry)
        content = Content(
            len(kept.content),
            event.level,
            renamed.goal,
            renamed.domain,
            renamed.task_type,
            "",
            kept,
            renamed.named_by,
            "",
        )
        with stage.at(renamed) as commit:
            stage.looked[MemoryRenamed] = Renaming(stage.session)._renamed(commit, entry, content, renamed.reason)


def foresee_renamed(stage: Stage, event: MemoryRenamed) -> None:
    """Note beforehand what an entry is named after."""
    stage.looked.setdefault((MemoryRenamed, event.owner, event.level, event.former), []).append(event)


def memory_renamed(stage: Stage, event: MemoryRenamed) -> Event:
    """Return what the entry was under its former key, under the new one."""
    renamed = stage.looked.pop(MemoryRenamed, None)
    if not isinstance(renamed, MemoryRenamed):
        raise ConfigError("no entry was let go just before, to be renamed")
    return renamed


def _retrieving(stage: Stage, owner: str) -> Retrieving:
    return Retrieving(owner, stage.config, stage.session, Questions(stage.session))


def memories_retrieved(stage: Stage, event: MemoriesRetrieved) -> Event | Found:
    """Answer the query; of one that was cut, only the count can be told."""
    if event.query.endswith(memory.TRUNCATED):
        return {"total_accesses": stage.owned(event.owner).total_accesses + (stage.rules < 2)}
    query = Query(event.query, event.goal, event.budget, named=event.relevance_by == "names")
    retrieving = _retrieving(stage, event.owner)
    said = {(one.level, one.key): one.relevance for one in event.said}

    def answered(entries: list[MemoryEntry]) -> Event:
        return stage.would_add(event, lambda _: retrieving.retrieve(query, entries, event.searched, said))

    found = [answered(entries) for entries in _looked_at(stage, event) if entries]
    if not found:
        raise ConfigError("there is nothing to look at")
    return next((one for one in found if agrees(one, event)), found[0])


def _looked_at(stage: Stage, event: MemoriesRetrieved) -> Iterator[list[MemoryEntry]]:
    """Give out what may have been looked at: entries of a name that the query says, or all."""
    levels = stage.owned(event.owner)
    entries = [entry for level in event.searched for entry in levels[level].entries()]
    of, name = event.query.partition(": ")[::2]
    if of == "Domain":
        yield [one for one in entries if memory.is_of_domain(one.key, one.domain, name, stage.rules)]
    if of == "Task type":
        yield [one for one in entries if memory.is_of_task(one.key, one.task_type, name, stage.rules)]
    if event.relevance_by != "names":
        yield entries


def agrees(expected: Event, recorded: Event) -> bool:
    """Say whether all that was read and concluded is the same."""
    names = (*fields_in(type(recorded), "read"), *fields_in(type(recorded), "concluded"))
    return all(getattr(expected, name) == getattr(recorded, name) for name in names)


def memory_consolidated(stage: Stage, event: MemoryConsolidated) -> Found:
    """Count what was let go and what was found since the last time."""
    return {
        "count": stage.owned(event.owner).consolidations + 1,
        "pruned": stage.past.pruned[event.owner],
        "patterns": stage.past.patterns[event.owner],
    }


def memory_accessed(stage: Stage, event: MemoryAccessed) -> Event:
    """Count the entry as used."""
    entry, total = stage.entry(event), stage.owned(event.owner).total_accesses + _begins_to_recall(stage, event)
    retrieving = _retrieving(stage, event.owner)
    return stage.would_add(event, lambda commit: retrieving.count(commit, [entry], event.goal, total))


def _begins_to_recall(stage: Stage, event: MemoryAccessed) -> bool:
    """Say whether this is the first of the entries that an agent was told of: version 1 counts it as a query."""
    before = stage.past.last
    known = isinstance(before, MemoriesRetrieved | MemoryAccessed) and before.owner == event.owner
    return stage.rules < 2 and not known


def memory_protected(stage: Stage, event: MemoryProtected) -> Event:
    """Note whether the entry is safe."""
    protecting, entry = Protecting(event.owner, stage.config, stage.session), stage.entry(event)
    return stage.would_add(
        event, lambda commit: protecting._note(commit, entry, event.threshold, event.protected, event.reason)
    )


def goal_added(stage: Stage, event: GoalAdded) -> Event:
    """Add the goal."""
    said = event.goal, event.domain, event.operation_type, event.entities, event.given
    return stage.would_add(event, lambda commit: stage.goals_of(event.owner).add(commit, *said))


def goal_scored(stage: Stage, event: GoalScored) -> Event:
    """Score the goal."""
    return stage.would_add(event, lambda commit: stage.goals_of(event.owner).score(commit, event.goal, event.success))


def causal_linked(stage: Stage, event: CausalLinked) -> Event:
    """Add the link, or weigh the one that is there."""
    causes = Causes(event.owner, stage.config, stage.session)
    if event.supported is not None:
        supported = event.supported
        return stage.would_add(event, lambda _: causes.weigh(event.link, supported, event.evidence))
    said = event.initial_confidence, event.conditions, event.exceptions, event.domain
    return stage.would_add(
        event, lambda _: causes.add(event.cause, event.effect, *said, event.evidence, event.transferable)
    )


MEMORY: dict[type[Event], Reenacted] = {
    MemoryStored: Reenacted(memory_stored, _NEEDS),
    MemoryRepeated: Reenacted(memory_repeated, _WITH_GOALS),
    MemoryMerged: Reenacted(memory_merged, _WITH_GOALS),
    MemoryRenamed: Reenacted(memory_renamed, _NEEDS),
    MemoryEvicted: Reenacted(memory_evicted, _NEEDS),
    MemoriesRetrieved: Reenacted(memories_retrieved, _WITH_GOALS),
    MemoryConsolidated: Reenacted(memory_consolidated, _NEEDS),
    MemoryAccessed: Reenacted(memory_accessed, _NEEDS),
    MemoryProtected: Reenacted(memory_protected, _NEEDS),
    GoalAdded: Reenacted(goal_added, ("goals",)),
    GoalScored: Reenacted(goal_scored, ("goals",)),
    CausalLinked: Reenacted(causal_linked, _NEEDS),
}
