"""Where output goes: tables and lines for people, documents for scripts.

Invariants: rich is loaded only where stdout is a terminal, and a text never reaches it as markup. Where it is none
nothing is coloured, a row of a table is one line, and nothing is cut to a width: what reads there looks for something.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from .figures import counted
from .grid import Cell, Grid, Piece
from .inert import inert, inert_json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_BATCH = 500
_BETWEEN = "  "
_PADDED = 60


def fancy() -> bool:
    """Say whether stdout is a terminal, or is to be treated like one (FORCE_COLOR)."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def print_json(document: Any) -> None:
    """Print one JSON document, indented, in UTF-8."""
    print_json_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))


def print_json_text(text: str) -> None:
    """Print JSON that is text already."""
    click.echo(inert_json(text).encode())


def print_grids(grids: Iterable[Grid]) -> None:
    """Print tables one below the other."""
    if fancy():
        for grid in grids:
            _print_rich(_rendered(grid))
    else:
        _echo("\n\n".join("\n".join(_plain(grid)) for grid in grids))


def print_lines(lines: Iterable[Sequence[Piece]], *, crop: bool = False) -> None:
    """Print pieces side by side, a line each; with `crop` a line ends at the edge of the terminal."""
    if fancy():
        _print_rich(_text("\n", [_text(_BETWEEN, map(_styled, line)) for line in lines]), crop=crop)
    else:
        _echo("\n".join(_BETWEEN.join(map(_shown, line)).rstrip() for line in lines))


def _echo(text: str) -> None:
    """Print text; what the encoding of stdout lacks is shown by its number."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=fancy())


def _print_rich(one: "RenderableType", crop: bool = False) -> None:
    """Draw into a text first: whether the reader is still there shows when that is printed."""
    from rich.console import Console

    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, highlight=False, markup=False, emoji=False)
    console.print(one, no_wrap=crop or None, overflow="ellipsis" if crop else None)
    _echo(drawn.getvalue().removesuffix("\n"))


def _shown(piece: Piece) -> str:
    return inert(piece.text, piece.limit)


def _styled(piece: Piece) -> "Text":
    from rich.text import Text

    return Text(_shown(piece), style=piece.style)


def _text(between: str, pieces: "Iterable[Text]") -> "Text":
    from rich.text import Text

    return Text(between).join(pieces)


def _rendered(grid: Grid) -> "RenderableType":
    from rich import box
    from rich.table import Table

    title = _styled(Piece(grid.title, "bold"))
    if not grid.rows:
        return _text(_BETWEEN, [title, _styled(Piece(grid.empty, "dim"))]).append("\n")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0), pad_edge=False)
    table.show_header = grid.headings
    for column in grid.columns:
        heading = _styled(Piece(column.name))
        table.add_column(heading, style=column.style, justify="right" if column.right else "left", overflow="fold")
    rows, hidden = grid.most()
    for row in rows:
        table.add_row(*(_text("\n", map(_styled, _pieces(cell))) for cell in row))
    if hidden:
        table.caption, table.caption_justify = f"{counted(hidden, 'more row')}: --json gives all", "left"
    return table


def _pieces(cell: Cell) -> Sequence[Piece]:
    if isinstance(cell, str):
        return [Piece(cell)]
    return [cell] if isinstance(cell, Piece) else cell


def _plain(grid: Grid) -> list[str]:
    """Return the title, the headings and a line for each row; columns are aligned unless they are very wide."""
    if not grid.rows:
        return [f"{inert(grid.title)}{_BETWEEN}{grid.empty}"]
    headings = [[column.name for column in grid.columns]] if grid.headings else []
    rows = headings + [[_BETWEEN.join(map(_shown, _pieces(cell))) for cell in row] for row in grid.rows]
    widths = [min(_PADDED, max(map(len, column))) for column in zip(*rows, strict=True)]
    return [inert(grid.title), *(_aligned(row, grid, widths) for row in rows)]


def _aligned(row: list[str], grid: Grid, widths: list[int]) -> str:
    cells = zip(row, grid.columns, widths, strict=True)
    return _BETWEEN.join(
        text.rjust(width) if column.right else text.ljust(width) for text, column, width in cells
    ).rstrip()


class Lines:
    """Collects lines, each cut at the edge of a terminal, and prints many at a time."""

    def __init__(self) -> None:
        self._waiting: list[Sequence[Piece]] = []

    def add(self, line: Sequence[Piece]) -> None:
        """Take a line, and print if enough have come."""
        self._waiting.append(line)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Print what was taken."""
        if self._waiting:
            print_lines(self._waiting, crop=True)
            self._waiting = []
