"""Memory: entries by owner, level and key, their values by goal, and the causal links.

Invariants: entries of a level stand in the order of insertion; an entry that is let go takes its goal values with it.
"""

from collections.abc import Collection, Iterator, Mapping
from heapq import nlargest
from typing import Any

from jotty_events.events import (
    AlphaAdapted,
    CausalLinked,
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
    SampleNoted,
    ValueUpdated,
)
from jotty_events.types import LEVELS, SHARED

from .read_model import ReadModel, State
from .rows import Rows
from .table import boolean, integer, json, last_k, real, table, text
from .view import Cell, RowView, TableView
from .writes import Const, Drop, Each, Push, Put, Set

ENTRIES = table(
    "entries",
    (text("owner"), text("level"), text("key")),
    text("content"),
    json("context"),
    text("domain"),
    text("task_type"),
    text("agent"),
    integer("source_episode"),
    real("default_value"),
    integer("token_count"),
    text("content_hash"),
    text("outcome"),
    real("created"),
    real("last_accessed"),
    integer("access_count", 0),
    integer("ucb_visits", 0),
    boolean("protected", default=False),
    text("protection_reason", ""),
    json("similar_entries"),
    json("causal_links"),
    integer("nth"),
    grouped=2,
)
GOAL_VALUES = table(
    "goal_values",
    (text("goal"),),
    real("value"),
    integer("access_count", 0),
    real("updated"),
    integer("nth"),
    parent=ENTRIES,
)
LINKS = table(
    "links",
    (text("owner"), text("link")),
    text("cause"),
    text("effect"),
    real("confidence"),
    json("conditions"),
    json("exceptions"),
    text("domain"),
    json("supporting"),
    json("contradicting"),
    json("transferable"),
    integer("nth"),
    grouped=1,
)
ACCESSES = table("accesses", (text("owner"),), integer("total"))
CONSOLIDATIONS = table("consolidations", (text("owner"),), integer("count"), real("time"))
PARAMETERS = table("parameters", (text("name"),), real("value"))
ADAPTING = table("adapting", (text("learner"), text("kind")), integer("held"), integer("fresh"))
SAMPLES_KEPT = 1000
"""Samples of each kind that are kept for the learning rate: twice the widest window."""
SAMPLES = last_k("samples", ADAPTING, real("value"), SAMPLES_KEPT)
_KINDS = ({"kind": Const("error")}, {"kind": Const("success")})


class GoalValue(RowView):
    """The value of an entry for one goal."""

    goal = Cell[str](GOAL_VALUES, "goal")
    value = Cell[float](GOAL_VALUES, "value")
    access_count = Cell[int](GOAL_VALUES, "access_count")
    updated = Cell[float](GOAL_VALUES, "updated")
    nth = Cell[int](GOAL_VALUES, "nth")


class MemoryEntry(RowView):
    """A memory: what it says, for which goals it was worth how much, and where it came from."""

    owner = Cell[str](ENTRIES, "owner")
    level = Cell[str](ENTRIES, "level")
    key = Cell[str](ENTRIES, "key")
    content = Cell[str](ENTRIES, "content")
    context = Cell[dict[str, Any]](ENTRIES, "context")
    domain = Cell[str | None](ENTRIES, "domain")
    task_type = Cell[str | None](ENTRIES, "task_type")
    agent = Cell[str](ENTRIES, "agent")
    source_episode = Cell[int | None](ENTRIES, "source_episode")
    default_value = Cell[float](ENTRIES, "default_value")
    token_count = Cell[int](ENTRIES, "token_count")
    content_hash = Cell[str](ENTRIES, "content_hash")
    outcome = Cell[str | None](ENTRIES, "outcome")
    created = Cell[float](ENTRIES, "created")
    last_accessed = Cell[float](ENTRIES, "last_accessed")
    access_count = Cell[int](ENTRIES, "access_count")
    ucb_visits = Cell[int](ENTRIES, "ucb_visits")
    protected = Cell[bool](ENTRIES, "protected")
    protection_reason = Cell[str](ENTRIES, "protection_reason")
    similar_entries = Cell[list[str] | None](ENTRIES, "similar_entries")
    causal_links = Cell[list[str] | None](ENTRIES, "causal_links")
    nth = Cell[int](ENTRIES, "nth")

    @property
    def goal_values(self) -> TableView[str, GoalValue]:
        """Values by goal, in the order in which the goals came."""
        return TableView(self._state, GOAL_VALUES, GoalValue, self._key)

    def newest_goals(self, most: int) -> list[GoalValue]:
        """Return the values of the goals that came last, at most so many, newest first."""
        at, values = GOAL_VALUES.position("nth"), self._state[GOAL_VALUES.name].group(self._key)
        newest = nlargest(most, list(values.items()), key=lambda item: (item[1][at], item[0]))
        return [GoalValue(self._state, self._key + rest, row) for rest, row in newest]

    def value(self, goal: str) -> float:
        """Return the value for a goal, or the entry's default if it has none for that goal."""
        row = self._state[GOAL_VALUES.name].get((*self._key, goal))
        return self.default_value if row is None else row[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {**super().to_dict(), "goal_values": {goal: one.value for goal, one in self.goal_values.items()}}


class CausalLink(RowView):
    """A cause, its effect, and how sure we are."""

    link = Cell[str](LINKS, "link")
    cause = Cell[str](LINKS, "cause")
    effect = Cell[str](LINKS, "effect")
    confidence = Cell[float](LINKS, "confidence")
    conditions = Cell[list[str]](LINKS, "conditions")
    exceptions = Cell[list[str]](LINKS, "exceptions")
    domain = Cell[str](LINKS, "domain")
    supporting = Cell[list[str]](LINKS, "supporting")
    contradicting = Cell[list[str]](LINKS, "contradicting")
    transferable = Cell[list[str]](LINKS, "transferable")
    nth = Cell[int](LINKS, "nth")


class OwnerMemory(Mapping[str, TableView[str, MemoryEntry]]):
    """One owner's five levels."""

    def __init__(self, state: Mapping[str, Rows], owner: str) -> None:
        self._state = state
        self.owner = owner

    def __getitem__(self, level: str) -> TableView[str, MemoryEntry]:
        if level not in LEVELS:
            raise KeyError(level)
        return TableView(self._state, ENTRIES, MemoryEntry, (self.owner, level))

    def __iter__(self) -> Iterator[str]:
        return iter(LEVELS)

    def __len__(self) -> int:
        return len(LEVELS)

    @property
    def links(self) -> TableView[str, CausalLink]:
        """Causal links by their id."""
        return TableView(self._state, LINKS, CausalLink, (self.owner,))

    @property
    def total_accesses(self) -> int:
        """How often entries of this owner were retrieved or stored again."""
        row = self._state[ACCESSES.name].get((self.owner,))
        return 0 if row is None else row[0]

    @property
    def consolidations(self) -> int:
        """How often this owner's memories were consolidated."""
        row = self._state[CONSOLIDATIONS.name].get((self.owner,))
        return 0 if row is None else row[0]

    def cells(self, level: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return the key and some cells of each entry of a level, as they came; faster than looking at entries."""
        at, nth = [ENTRIES.position(column) for column in columns], ENTRIES.position("nth")
        rows = self._state[ENTRIES.name].group((self.owner, level))
        found = sorted(rows.items(), key=lambda item: (item[1][nth], item[0]))
        return [(rest[0], *[row[i] for i in at]) for rest, row in found]

    def entries(self) -> list[MemoryEntry]:
        """Return the entries of all levels."""
        return [entry for level in self.values() for entry in level.entries()]


class Memory(Mapping[str, OwnerMemory]):
    """Memories by owner: "shared", or an agent's name.

    KeyError for an owner that never remembered anything; "shared", and `owners` who may yet, have empty levels.
    """

    def __init__(self, states: Mapping[str, State], owners: Collection[str] = ()) -> None:
        self._state = states["memory"]
        self._owners = (SHARED, *owners)

    def __getitem__(self, owner: str) -> OwnerMemory:
        if owner not in self._owners and owner not in self and not self._was_here(owner):
            raise KeyError(owner)
        return self.of(owner)

    def _was_here(self, owner: str) -> bool:
        return any(self._state[table.name].get((owner,)) for table in (ACCESSES, CONSOLIDATIONS))

    def of(self, owner: str) -> OwnerMemory:
        """Return what an owner remembers: nothing, if it was never heard of."""
        return OwnerMemory(self._state, owner)

    def heard_of(self) -> list[str]:
        """Return all owners that ever remembered something, those included who forgot all of it."""
        counted = {key[0] for table in (ACCESSES, CONSOLIDATIONS) for key in self._state[table.name].all_keys()}
        return sorted(counted.union(self))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({group[0] for table in (ENTRIES, LINKS) for group in self._state[table.name].prefixes()}))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, owner: object) -> bool:
        return any(owner == one for one in self)

    @property
    def next_nth(self) -> int:
        """The insertion number that the next new entry gets."""
        return self._state[ENTRIES.name].next_nth

    @property
    def next_goal_nth(self) -> int:
        """The insertion number that the next new goal value gets."""
        return self._state[GOAL_VALUES.name].next_nth

    @property
    def next_link_nth(self) -> int:
        """The insertion number that the next new causal link gets."""
        return self._state[LINKS.name].next_nth

    def parameter(self, name: str) -> float | None:
        """Return a learned parameter, None if it was never adapted."""
        row = self._state[PARAMETERS.name].get((name,))
        return None if row is None else row[0]

    def samples(self, learner: str, kind: str) -> list[float]:
        """Return the samples that a learning rate follows from, oldest first."""
        held = self.adapting(learner, kind)[0]
        return list(self._state[SAMPLES.name].get((learner, kind)) or [])[-held:] if held else []

    def adapting(self, learner: str, kind: str) -> tuple[int, int]:
        """Return how many samples count, and how many of them came since the last adaptation."""
        row = self._state[ADAPTING.name].get((learner, kind))
        return (0, 0) if row is None else (row[0], row[1])


MEMORY = ReadModel(
    "memory",
    1,
    (ENTRIES, GOAL_VALUES, LINKS, ACCESSES, CONSOLIDATIONS, PARAMETERS, ADAPTING, SAMPLES),
    {
        MemoryStored: (
            Put(ENTRIES, {"created": "now", "last_accessed": "now"}),
            Put(GOAL_VALUES, {"value": "default_value", "updated": "now", "nth": "goal_nth"}),
        ),
        MemoryAccessed: (
            Set(ENTRIES, {"access_count": "access_count", "ucb_visits": "ucb_visits", "last_accessed": "now"}),
            Put(ACCESSES, {"total": "total_accesses"}),
        ),
        MemoryRepeated: (
            Set(ENTRIES, {"access_count": "access_count", "last_accessed": "now"}),
            Put(ACCESSES, {"total": "total_accesses"}),
        ),
        MemoryMerged: (
            Set(
                ENTRIES,
                {"similar_entries": "similar_entries", "access_count": "access_count", "last_accessed": "now"},
            ),
        ),
        MemoryRenamed: (Put(ENTRIES), Each("goal_values", KeptValue, Put(GOAL_VALUES))),
        MemoriesRetrieved: (Put(ACCESSES, {"total": "total_accesses"}),),
        MemoryEvicted: (Drop(ENTRIES),),
        MemoryProtected: (Set(ENTRIES, {"protected": "protected", "protection_reason": "reason"}),),
        MemoryConsolidated: (Put(CONSOLIDATIONS, {"time": "now"}),),
        ValueUpdated: (
            Set(ENTRIES, {"default_value": "default_after"}),
            Put(GOAL_VALUES, {"value": "after", "nth": "goal_nth"}),
        ),
        CausalLinked: (Put(LINKS),),
        SampleNoted: (Put(ADAPTING), Push(SAMPLES, "value")),
        AlphaAdapted: (
            Put(PARAMETERS, {"name": Const("alpha"), "value": "after"}, {"learner": "td"}),
            *(Set(ADAPTING, {"fresh": Const(0)}, kind) for kind in _KINDS),
            *(Drop(ADAPTING, kind, {"cause": "reset"}) for kind in _KINDS),
        ),
    },
    Memory,
)
