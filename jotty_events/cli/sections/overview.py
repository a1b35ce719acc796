"""What was known, at a glance."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ...runs.point import Point
from ...state import State
from ..figures import NONE, counted, number
from ..grid import Cell, Column, Grid, Piece

_COLUMNS = (Column("", "cyan"), Column("", "bold"), Column(""))
_GOAL = 100


def document(state: State) -> dict[str, Any]:
    """Return counts and digests as JSON values."""
    brain = state.brain
    return {
        "digests": state.digests(),
        "memory": {owner: {level: len(one) for level, one in levels.items()} for owner, levels in state.memory.items()},
        "links": sum(len(owned.links) for owned in state.memory.values()),
        "q": {"entries": len(state.q_table), "experiences": state.q_table.buffered},
        "brain": {
            "hippocampus": len(brain.hippocampus),
            "neocortex": len(brain.neocortex),
            "consolidations": brain.consolidations,
        },
        "todos": _counts(task.status for task in state.todos.entries()),
        "goals": {owner: len(nodes) for owner, nodes in state.goals.items()},
        "episodes": _counts(episode.status for episode in state.episodes.entries()),
    }


def _counts(texts: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(texts).items()))


def grids(state: State, point: Point) -> list[Grid]:
    """Return one table with a row for each projection."""
    rows = (_episodes, _memory, _q, _brain, _todos, _goals)
    return [Grid(f"state at {point}", _COLUMNS, [row(state) for row in rows], headings=False)]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _episodes(state: State) -> Sequence[Cell]:
    found = state.episodes.entries()
    told = [Piece(_listed(_counts(one.status for one in found)))]
    last = [Piece(f"the last: {one.goal}", "dim", _GOAL) for one in found[-1:]]
    return ("episodes", f"{len(found):,}", told + last)


def _memory(state: State) -> Sequence[Cell]:
    owners = {owner: {level: len(one) for level, one in levels.items()} for owner, levels in state.memory.items()}
    told = [Piece(f"{owner}: {_listed(levels)}") for owner, levels in owners.items()]
    entries = [entry for owned in state.memory.values() for entry in owned.entries()]
    best = max(entries, key=lambda one: one.default_value, default=None)
    top = [Piece(f"highest: V={number(best.default_value)} {best.content}", "dim", _GOAL)] if best else []
    return ("memory", f"{len(entries):,}", told + top)


def _q(state: State) -> Sequence[Cell]:
    entries = state.q_table.entries()
    best = max(entries, key=lambda one: one.value, default=None)
    top = [Piece(f"highest: Q={number(best.value)} {best.action}", "dim", _GOAL)] if best else []
    return ("q", f"{len(entries):,}", [Piece(f"{counted(state.q_table.buffered, 'experience')} in the buffer"), *top])


def _brain(state: State) -> Sequence[Cell]:
    brain = state.brain
    patterns, traces = counted(len(brain.neocortex), "pattern"), counted(len(brain.hippocampus), "experience")
    return ("brain", f"{len(brain):,}", f"{patterns}, {traces}, {counted(brain.consolidations, 'consolidation')}")


def _todos(state: State) -> Sequence[Cell]:
    tasks = state.todos.entries()
    told = _listed(_counts(task.status for task in tasks)) or NONE
    goal = [Piece(f"for: {state.todos.root_task}", "dim", _GOAL)] if state.todos.todo_id else []
    return ("todos", f"{len(tasks):,}", [Piece(told), *goal])


def _goals(state: State) -> Sequence[Cell]:
    owners = {owner: len(nodes) for owner, nodes in state.goals.items()}
    return ("goals", f"{sum(owners.values()):,}", [Piece(f"{owner}: {count:,}") for owner, count in owners.items()])
