"""The events of one commit, parted into calls: what was observed, and what followed from it before and behind.

Invariants: every event belongs to one group; what followed from a call is never learned from by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..events import (
    AlphaAdapted,
    ConsolidationDone,
    EntryImported,
    Event,
    ExperienceEvicted,
    ExperienceForgotten,
    MemoryEvicted,
    MemoryProtected,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    QPruned,
    TaskSkipped,
    TiersAssigned,
    TraceReplayed,
    TrajectoryEnded,
)
from ..rules.memory import entries as memory


class Seen(NamedTuple):
    """An event and its seq."""

    seq: int
    event: Event


Follows = Callable[[Event, Event, int], bool]
"""Says whether an event followed from a head, given how many that did stand before it."""


@dataclass
class Group:
    """A call: its `head` is what was observed, `leads` stand before it and `rest` behind it and followed from it."""

    head: Seen
    leads: list[Seen] = field(default_factory=list)
    rest: list[Seen] = field(default_factory=list)

    @property
    def all(self) -> list[Seen]:
        """All events of the group, in order."""
        return [*self.leads, self.head, *self.rest]


def groups(seen: Sequence[Seen], follows: dict[type[Event], Follows]) -> Iterator[Group]:
    """Give out the calls of a commit, in order; what followed from nothing that stands here is passed over."""
    leads: list[Seen] = []
    place = 0
    while place < len(seen):
        head = seen[place]
        place += 1
        if _leads(head.event, [one.event for one in seen[place : place + 1]], seen[place:]):
            leads.append(head)
            continue
        group, leads = Group(head, leads), []
        rule = follows.get(type(head.event))
        while rule is not None and place < len(seen) and rule(head.event, seen[place].event, len(group.rest)):
            group.rest.append(seen[place])
            place += 1
        yield group


_BEFORE_SLEEP_IS_DONE = TraceReplayed | PatternLearned | PatternReinforced | PatternForgotten | ExperienceForgotten
_LET_GO_FIRST = ("capacity", "stale", "renamed")


def _leads(event: Event, following: Sequence[Event], rest: Sequence[Seen]) -> bool:
    """Say whether an event followed from a call that stands behind it."""
    if isinstance(event, MemoryEvicted):
        return event.reason in _LET_GO_FIRST
    if isinstance(event, MemoryProtected):
        return event.threshold == memory.NEVER
    if isinstance(event, AlphaAdapted):
        return any(isinstance(one, TrajectoryEnded) for one in following)
    if isinstance(event, _BEFORE_SLEEP_IS_DONE):
        return any(isinstance(one.event, ConsolidationDone) for one in rest)
    return isinstance(event, TaskSkipped) or _clears(event, rest)


def _clears(event: Event, rest: Sequence[Seen]) -> bool:
    """Say whether an event makes room for a Q-table that is loaded in the same commit."""
    if isinstance(event, QPruned):
        return event.reason == "replaced"
    if not isinstance(event, ExperienceEvicted | TiersAssigned):
        return False
    return any(isinstance(one.event, EntryImported) and one.event.projection == "q_table" for one in rest)
