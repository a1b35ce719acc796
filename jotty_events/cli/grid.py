"""A table for people, before anybody knows how it will be printed.

Invariants: cells are texts as they stand in the state; whoever prints them makes them inert.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CONTENT = 400
"""Characters of free text that a table shows; `--json` shows all."""

ROWS = 200
"""Rows of a table that a terminal shows; `--json` shows all."""


class Piece(NamedTuple):
    """A text and its style: a colour or weight by the name that rich knows, or none."""

    text: str
    style: str = ""
    limit: int | None = None


Cell = str | Piece | Sequence[Piece]
"""What stands in a cell; the pieces of a sequence stand below one another."""


class Column(NamedTuple):
    """A column's heading, style, and whether it is aligned to the right, as numbers are."""

    name: str
    style: str = ""
    right: bool = False


@dataclass
class Grid:
    """A titled table; `empty` is said instead where it has no rows. Where it is cut, `ends` keeps the last rows."""

    title: str
    columns: Sequence[Column]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    empty: str = "nothing"
    headings: bool = True
    ends: bool = False

    def most(self) -> tuple[list[Sequence[Cell]], int]:
        """Return as many rows as a terminal shows, and how many are left out."""
        return self.rows[-ROWS:] if self.ends else self.rows[:ROWS], max(0, len(self.rows) - ROWS)


def free(text: str | None, style: str = "") -> Piece:
    """Return free text, which may be long, as a cell."""
    return Piece(text or "", style, CONTENT)
