"""Goals by owner, and how often they were reached."""

from collections.abc import Sequence
from typing import Any

from projections.goals import Goal
from projections.view import TableView

from ...runs.point import Point
from ...state import State
from ..figures import NONE, number
from ..grid import Cell, Column, Grid, Piece, free

_COLUMNS = (
    Column("goal", "cyan"),
    Column("below"),
    Column("domain"),
    Column("operation"),
    Column("episodes", right=True),
    Column("success", "bold", right=True),
)


def document(state: State) -> dict[str, Any]:
    """Return all goals as JSON values."""
    return {owner: [goal.to_dict() for goal in nodes.entries()] for owner, nodes in state.goals.items()}


def grids(state: State, point: Point) -> list[Grid]:
    """Return a table for each owner."""
    tables = [
        Grid(f"goals of {owner} at {point}", _COLUMNS, [_cells(goal, nodes) for goal in nodes.entries()])
        for owner, nodes in state.goals.items()
    ]
    return tables or [Grid(f"goals at {point}", _COLUMNS, empty="no goals yet")]


def _cells(goal: Goal, nodes: TableView[str, Goal]) -> Sequence[Cell]:
    parent = nodes.get(goal.parent_id) if goal.parent_id else None
    return (
        free(goal.goal),
        free(parent.goal) if parent else Piece(NONE, "dim"),
        goal.domain,
        goal.operation_type,
        f"{goal.episode_count:,}",
        number(goal.success_rate),
    )
