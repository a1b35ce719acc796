"""Memories by owner and level, with their values, and the causal links."""

from collections.abc import Sequence
from typing import Any

from projections.memory import CausalLink, MemoryEntry, OwnerMemory

from ...runs.point import Point
from ...state import State
from ...types import SHARED
from ..figures import counted, number
from ..grid import Cell, Column, Grid, Piece, free

_COLUMNS = (
    Column("level"),
    Column("default V", "bold", right=True),
    Column("reads", right=True),
    Column("memory, key, V for goals"),
)
_GOALS = 5
_GOAL = 100
_LINKS = (
    Column("cause"),
    Column("effect"),
    Column("confidence", "bold", right=True),
    Column("for", right=True),
    Column("against", right=True),
)


def document(state: State) -> dict[str, Any]:
    """Return all memories as JSON values."""
    memory = state.memory
    return {"owners": {owner: _owner(memory[owner]) for owner in memory}, "alpha": memory.parameter("alpha")}


def _owner(owned: OwnerMemory) -> dict[str, Any]:
    return {
        "levels": {level: [_entry(entry) for entry in owned[level].entries()] for level in owned},
        "links": [link.to_dict() for link in owned.links.entries()],
        "total_accesses": owned.total_accesses,
        "consolidations": owned.consolidations,
    }


def _entry(entry: MemoryEntry) -> dict[str, Any]:
    return {**entry.to_dict(), "goal_values": [value.to_dict() for value in entry.goal_values.entries()]}


def grids(state: State, point: Point) -> list[Grid]:
    """Return a table of memories for each owner, and one of links where there are any."""
    owners = sorted(state.memory, key=lambda owner: (owner != SHARED, owner))
    tables = [one for owner in owners for one in _tables(state.memory[owner])]
    return tables or [Grid(f"memory at {point}", _COLUMNS, empty="no memories yet")]


def _tables(owned: OwnerMemory) -> list[Grid]:
    entries = [_cells(entry) for entry in sorted(owned.entries(), key=lambda one: -one.default_value)]
    links = [_link(link) for link in owned.links.entries()]
    tables = [Grid(f"memories of {owned.owner}", _COLUMNS, entries, "no memories")]
    return [*tables, Grid(f"causal links of {owned.owner}", _LINKS, links)] if links else tables


def _cells(entry: MemoryEntry) -> Sequence[Cell]:
    memory = [free(entry.content), Piece(entry.key, "cyan"), *_values(entry)]
    if entry.protected:
        memory.append(Piece(f"protected: {entry.protection_reason}", "yellow", _GOAL))
    return (entry.level, number(entry.default_value), f"{entry.access_count:,}", memory)


def _values(entry: MemoryEntry) -> list[Piece]:
    """Return what an entry is worth for the goals that came last."""
    values = entry.goal_values.entries()
    told = [Piece(f"{number(value.value)}  {value.goal}", "dim", _GOAL) for value in values[-_GOALS:]]
    more = counted(len(values) - _GOALS, "more goal")
    return [*told, Piece(more, "dim")] if len(values) > _GOALS else told


def _link(link: CausalLink) -> Sequence[Cell]:
    counts = f"{len(link.supporting):,}", f"{len(link.contradicting):,}"
    return (free(link.cause), free(link.effect), number(link.confidence), *counts)
