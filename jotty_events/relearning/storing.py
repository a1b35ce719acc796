"""Memories again: what was stored, under the rules and the settings of here."""

from typing import Any

from ..agents.memory.content import Content
from ..agents.memory.renaming import Renaming
from ..events import (
    Event,
    GoalAdded,
    GoalScored,
    MemoryMerged,
    MemoryRenamed,
    MemoryRepeated,
    MemoryStored,
    ValueUpdated,
)
from ..rules.memory import entries as memory
from .groups import Group
from .heard import Said
from .scene import Scene
from .tally import Unappliable

Stored = MemoryStored | MemoryRepeated | MemoryMerged | MemoryRenamed
_OF_A_PATTERN = {"cluster_id", "source_count", "domain"}
_OF_WISDOM = {"consolidation"}


def follows_a_store(head: Any, event: Event, _: int) -> bool:
    """Say whether a value or a goal came with what was stored."""
    if isinstance(event, ValueUpdated):
        named = event.owner == head.owner and event.key == head.key and event.goal == head.goal
        return event.cause == "stored" and named
    if isinstance(event, GoalScored) and event.success is not None:
        return False
    return isinstance(event, GoalAdded | GoalScored) and (event.owner, event.goal) == (head.owner, head.goal)


def is_finding(scene: Scene, event: Any) -> bool:
    """Say whether something was stored because a model found it in a consolidation: that finds it again, or not."""
    said = set(event.context)
    found = (event.level, said) in (("semantic", _OF_A_PATTERN), ("meta", _OF_WISDOM))
    return found and scene.session.model is not None


def stored(scene: Scene, group: Group) -> None:
    """Store a content; what a consolidation found is left to the next one."""
    event: Any = group.head.event
    if is_finding(scene, event):
        scene.findings[event.owner].append(event.now)
        return
    if isinstance(event, MemoryRenamed):
        renamed(scene, event)
        return
    content = content_of(scene, event)
    with scene.at(event):
        entry = scene.memory_of(event.owner)._store(content)
    if entry is not None:
        scene.heard.keys[event.owner, event.level, _recorded_key(event)] = entry.key


def renamed(scene: Scene, event: MemoryRenamed) -> None:
    """Let the entry take the key of a content that says the same, or keep that content."""
    entry = scene.known(event.owner, event.level, event.former)
    said = Said(event.content, len(event.content), event.token_count, False, event.domain, event.task_type, "")
    content = _content(scene, event, said, event.key, event.named_by)
    with scene.at(event) as commit:
        if entry is not None and scene.rules < 2 and scene.known(event.owner, event.level, event.key) is None:
            key: str | None = Renaming(scene.session).rename(commit, entry, content, event.reason)
        elif event.content_hash != event.named_by and event.reason == "duplicate":
            raise Unappliable("the content that said the same as another was not recorded")
        else:
            kept = scene.memory_of(event.owner)._store(content)
            key = None if kept is None else kept.key
    if key is not None:
        scene.heard.keys[event.owner, event.level, event.key] = key


def _recorded_key(event: MemoryStored | MemoryRepeated | MemoryMerged) -> str:
    return event.duplicate if isinstance(event, MemoryMerged) else event.key


def content_of(scene: Scene, event: MemoryStored | MemoryRepeated | MemoryMerged) -> Content:
    """Return what was stored, as it is kept by the rules and settings of here; Unappliable if nobody knows it."""
    key = _recorded_key(event)
    return _content(scene, event, scene.said(event.owner, event.level, key), key, "")


def _content(scene: Scene, event: Any, said: Said, recorded_key: str, named_by: str) -> Content:
    same = scene.rules == scene.recorded_rules
    kept = _kept(said, scene.config.max_entry_tokens)
    hashed = named_by or _hash(said, kept, scene.rules)
    named = memory.memory_key(said.domain, said.task_type, hashed, scene.rules)
    return Content(
        said.length,
        event.level,
        event.goal,
        said.domain,
        said.task_type,
        getattr(event, "agent", ""),
        kept,
        hashed,
        recorded_key if same and not _cut_elsewhere(said, kept) else named,
        event.context,
        getattr(event, "initial_value", None),
        event.outcome,
        tuple(getattr(event, "causal_links", ())),
    )


def _kept(said: Said, most: int) -> memory.Kept:
    if not said.truncated:
        return memory.truncate(said.text, most)
    # No more is known than what was kept.
    return memory.keep(said.text.removesuffix(memory.TRUNCATED), said.length, min(most, said.tokens))


def _cut_elsewhere(said: Said, kept: memory.Kept) -> bool:
    return kept.content != said.text


def _hash(said: Said, kept: memory.Kept, rules: int) -> str:
    """Return the MD5 that a content is known by: in version 2 of all of it, even where not all was recorded (M2)."""
    if rules < 2:
        return memory.content_hash(kept.content)
    return said.hash if said.truncated else memory.content_hash(said.text)
