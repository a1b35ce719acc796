"""Patterns and experiences of the brain, and how it slept."""

from collections.abc import Sequence
from typing import Any

from projections.brain import Brain, Pattern, Trace

from ...runs.point import Point
from ...state import State
from ..figures import counted, number
from ..grid import Cell, Column, Grid, Piece, free

_STYLES = {"success": "green", "failure": "red", "mixed": "yellow"}
_PATTERNS = (Column("kind"), Column("strength", "bold", right=True), Column("sources", right=True), Column("pattern"))
_TRACES = (
    Column("#", right=True),
    Column("reward", right=True),
    Column("novelty", right=True),
    Column("strength", right=True),
    Column("replays", right=True),
    Column("episode", right=True),
    Column("tags"),
)


def document(state: State) -> dict[str, Any]:
    """Return all that the brain holds as JSON values."""
    return {**state.brain.to_dict(), "last_sleep": state.brain.last_sleep}


def grids(state: State, point: Point) -> list[Grid]:
    """Return the neocortex, the hippocampus, and the figures about sleep."""
    brain = state.brain
    return [
        Grid(f"neocortex at {point}", _PATTERNS, [_pattern(one) for one in brain.neocortex], "no patterns yet"),
        Grid("hippocampus", _TRACES, [_trace(one) for one in brain.hippocampus], "no experiences"),
        Grid("sleep", (Column(""), Column("")), _sleep(brain), headings=False),
    ]


def _pattern(one: Pattern) -> Sequence[Cell]:
    kind = Piece(one.kind, _STYLES.get(one.kind, ""))
    return (kind, number(one.strength), f"{one.sources:,}", free(one.text))


def _trace(one: Trace) -> Sequence[Cell]:
    figures = (number(one.reward), number(one.novelty), number(one.strength))
    return (str(one.nth), *figures, f"{one.replays:,}", str(one.episode or ""), free(", ".join(one.tags)))


def _sleep(brain: Brain) -> list[Sequence[Cell]]:
    since = f"{counted(brain.episodes_since_sleep, 'episode')} since the last"
    return [
        ("consolidations", f"{counted(brain.consolidations, 'consolidation')}, {since}"),
        ("expected reward", number(brain.expected_reward)),
    ]
