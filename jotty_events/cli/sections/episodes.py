"""Episodes: what was asked for, and how it ended."""

from collections.abc import Sequence
from typing import Any

from projections.episodes import Episode

from ...runs.point import Point
from ...state import State
from ..figures import NONE, duration, number
from ..grid import Cell, Column, Grid, Piece, free

_STYLES = {"succeeded": "green", "failed": "red", "broken": "red", "cancelled": "yellow", "running": "cyan"}
_COLUMNS = (
    Column("#", right=True),
    Column("run", "cyan"),
    Column("status"),
    Column("reward", "bold", right=True),
    Column("attempts", right=True),
    Column("took", right=True),
    Column("goal"),
)


def document(state: State) -> list[dict[str, Any]]:
    """Return all episodes as JSON values."""
    return [episode.to_dict() for episode in state.episodes.entries()]


def grids(state: State, point: Point) -> list[Grid]:
    """Return the table of episodes."""
    rows = [_cells(episode) for episode in state.episodes.entries()]
    return [Grid(f"episodes up to {point}", _COLUMNS, rows, "no episodes yet", ends=True)]


def _cells(one: Episode) -> Sequence[Cell]:
    return (
        str(one.episode),
        one.run,
        Piece(one.status, _STYLES.get(one.status, "")),
        number(one.reward),
        NONE if one.attempts is None else str(one.attempts),
        duration(None if one.ended is None else one.ended - one.started),
        free(one.goal),
    )
