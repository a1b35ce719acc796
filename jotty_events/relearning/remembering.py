"""What else memories do, again: answers, accesses, protection, goals, consolidation."""

from collections.abc import Callable
from itertools import zip_longest

from msgspec.structs import replace

from projections.memory import MemoryEntry

from ..agents.memory.causes import Causes
from ..agents.memory.consolidating import Finding
from ..agents.memory.protecting import Protecting
from ..agents.memory.questions import Questions
from ..agents.memory.retrieving import Query, Retrieving
from ..agents.memory.room import Room
from ..events import (
    CausalLinked,
    Event,
    GoalAdded,
    GoalScored,
    MemoriesRetrieved,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryProtected,
)
from ..reenacting.memory import causal_linked, goal_added, goal_scored
from ..rules.memory import entries as memory
from ..rules.memory import goals
from ..session import Transaction
from .groups import Group
from .scene import Scene
from .tally import Unappliable


def follows_an_answer(head: Event, event: Event, before: int) -> bool:
    """Say whether an entry counts as accessed because it was given out as an answer."""
    return isinstance(head, MemoriesRetrieved) and isinstance(event, MemoryAccessed) and before < len(head.keys)


def retrieved(scene: Scene, group: Group) -> None:
    """Answer the query from what is remembered here; of one that was cut, the entries that answered are counted."""
    event = group.head.event
    assert isinstance(event, MemoriesRetrieved)
    retrieving = Retrieving(event.owner, scene.config, scene.session, Questions(scene.session))
    if event.query.endswith(memory.TRUNCATED):
        _counted(scene, event, retrieving)
        return
    said = {(one.level, one.key): one.relevance for one in event.said}
    query = Query(event.query, event.goal, event.budget, named=event.relevance_by == "names")
    looked_at = _looked_at(scene, event)
    with scene.at(event):
        if not retrieving.retrieve(query, looked_at, event.searched, said) and not looked_at:
            raise Unappliable("there is nothing to look at for an answer")


def _counted(scene: Scene, event: MemoriesRetrieved, retrieving: Retrieving) -> None:
    places = zip(event.levels, event.keys, strict=True)
    found = [scene.known(event.owner, level, key) for level, key in places]
    entries = [one for one in found if one is not None]
    total = scene.owned(event.owner).total_accesses + (scene.rules < 2)
    with scene.at(event) as commit:
        commit.add(replace(event, **scene.session.provenance, total_accesses=total))
        retrieving.count(commit, entries, event.goal, total)


def _looked_at(scene: Scene, event: MemoriesRetrieved) -> list[MemoryEntry]:
    """Return what is looked at: entries of a name that the query says, or all.

    Version 1 does not say whether it asked by a name; it did if all answers are of that name.
    """
    levels = scene.owned(event.owner)
    entries = [entry for level in event.searched for entry in levels[level].entries()]
    of, name = event.query.partition(": ")[::2]
    if of not in ("Domain", "Task type"):
        return entries
    chosen = _of_domain(name, scene.rules) if of == "Domain" else _of_task(name, scene.rules)
    named = [one for one in entries if chosen(one)]
    keys = {one.key for one in named}
    asked = event.relevance_by == "names" or (scene.recorded_rules < 2 and keys.issuperset(event.keys))
    return named if asked else entries


def _of_domain(name: str, rules: int) -> Callable[[MemoryEntry], bool]:
    return lambda one: memory.is_of_domain(one.key, one.domain, name, rules)


def _of_task(name: str, rules: int) -> Callable[[MemoryEntry], bool]:
    return lambda one: memory.is_of_task(one.key, one.task_type, name, rules)


def follows_protection(head: Event, event: Event, _: int) -> bool:
    """Say whether an entry was protected by the same call."""
    if not isinstance(head, MemoryProtected) or not isinstance(event, MemoryProtected):
        return False
    return (head.owner, head.threshold) == (event.owner, event.threshold)


def protected(scene: Scene, group: Group) -> None:
    """Protect what is worth it here."""
    event = group.head.event
    assert isinstance(event, MemoryProtected)
    protecting = Protecting(event.owner, scene.config, scene.session)
    scene.would_add(event, lambda _: protecting.all(event.threshold))


def let_go(scene: Scene, group: Group) -> None:
    """Let go of an entry that was named."""
    event = group.head.event
    assert isinstance(event, MemoryEvicted)
    room, entry = Room(event.owner, scene.config, scene.session), scene.entry(event)
    scene.would_add(event, lambda commit: room.let_go(commit, [entry], event.reason))


def goal_met(scene: Scene, group: Group) -> None:
    """Add the goal, unless it is there."""
    event = group.head.event
    assert isinstance(event, GoalAdded)
    nodes = scene.session.view("goals").of(event.owner)
    if nodes.get(goals.goal_id(event.goal)) is not None:
        raise Unappliable("the goal is there already")
    goal_added(scene, event)


def goal_scored_again(scene: Scene, group: Group) -> None:
    """Score the goal."""
    event = group.head.event
    assert isinstance(event, GoalScored)
    goal_scored(scene, event)


def linked(scene: Scene, group: Group) -> None:
    """Add a causal link, or weigh the one that is there; under other rules it may have another id."""
    event = group.head.event
    assert isinstance(event, CausalLinked)
    known = Causes(event.owner, scene.config, scene.session)._known(event.cause, event.effect)
    if event.supported is None:
        causal_linked(scene, event)
    elif known is None:
        raise Unappliable("the causal link is not there")
    else:
        causal_linked(scene, replace(event, link=known))


def consolidated(scene: Scene, group: Group) -> None:
    """Consolidate, and find the patterns again that the model's answers make, each at the time when it was found."""
    event = group.head.event
    assert isinstance(event, MemoryConsolidated)
    owned = scene.memory_of(event.owner)
    times = scene.findings.pop(event.owner, [])
    with scene.at(event) as commit:
        patterns = owned._consolidating.patterns()
        _keep(scene, commit, event, patterns, times)
        wisdom = owned._consolidating.wisdom()
        _keep(scene, commit, event, wisdom, times[len(patterns) :])
        commit.now = event.now
        owned._consolidated(len(patterns), bool(wisdom))


def _keep(
    scene: Scene, commit: Transaction, event: MemoryConsolidated, found: list[Finding], times: list[float]
) -> None:
    for one, now in zip_longest(found, times[: len(found)], fillvalue=event.now):
        assert isinstance(one, Finding)
        assert isinstance(now, float)
        commit.now = now
        scene.memory_of(event.owner)._keep(one)
