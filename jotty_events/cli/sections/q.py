"""Q-values by state and action, and the experience buffer."""

from collections.abc import Sequence
from typing import Any

from projections.q_table import Experience, QEntry

from ...runs.point import Point
from ...state import State
from ..figures import NONE, number
from ..grid import Cell, Column, Grid, Piece, free

_COLUMNS = (
    Column("Q", "bold", right=True),
    Column("visits", right=True),
    Column("reward", right=True),
    Column("error", right=True),
    Column("tier", right=True),
    Column("action, state, last lesson"),
)
_BUFFER = (Column("reward", right=True), Column("priority", right=True), Column("action, state"))


def document(state: State) -> dict[str, Any]:
    """Return all Q-values and the buffer as JSON values."""
    table = state.q_table
    return {
        "entries": [entry.to_dict() for entry in table.entries()],
        "experiences": [one.to_dict() for one in table.experiences],
        "alpha": table.parameter("alpha"),
    }


def grids(state: State, point: Point) -> list[Grid]:
    """Return the table of values, the highest first, and the buffer in its order."""
    table = state.q_table
    values = [_cells(entry) for entry in sorted(table.entries(), key=lambda one: -one.value)]
    buffer = [_experience(one) for one in table.experiences]
    return [
        Grid(f"Q-values at {point}", _COLUMNS, values, "no values yet"),
        Grid("experience buffer", _BUFFER, buffer, "no experiences"),
    ]


def _cells(entry: QEntry) -> Sequence[Cell]:
    return (
        number(entry.value),
        f"{entry.visits:,}",
        number(entry.average_reward),
        number(entry.td_errors[-1] if entry.td_errors else None),
        str(entry.tier or NONE),
        [*_step(entry), *(free(lesson, "dim") for lesson in entry.lessons[-1:])],
    )


def _experience(one: Experience) -> Sequence[Cell]:
    return (number(one.reward), number(one.priority), _step(one))


def _step(one: QEntry | Experience) -> list[Piece]:
    return [Piece(one.action, "cyan"), Piece(one.state)]
