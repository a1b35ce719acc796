"""Where output goes: tables and lines for people, documents for scripts.

Invariants: rich is loaded only when something is printed for people, and a text never reaches it as markup. Where
stdout is no terminal nothing is coloured, and nothing is cut to the width of one.
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
    from rich.console import Console, RenderableType
    from rich.text import Text

_WIDE = 200
_BATCH = 500
_BETWEEN = "  "


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
    _print_rich([_rendered(grid) for grid in grids])


def print_lines(lines: Iterable[Sequence[Piece]], *, crop: bool = False) -> None:
    """Print pieces side by side, a line each; with `crop` a line ends at the edge of the terminal."""
    if fancy():
        _print_rich([_text(_BETWEEN, line) for line in lines], crop=crop)
    else:
        _echo("\n".join(_BETWEEN.join(inert(piece.text, piece.limit) for piece in line).rstrip() for line in lines))


def _echo(text: str) -> None:
    """Print text; what the encoding of stdout lacks is shown by its number."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=fancy())


def _print_rich(renderables: "Sequence[RenderableType]", crop: bool = False) -> None:
    console = _console()
    for one in renderables:
        console.print(one, no_wrap=crop or None, overflow="ellipsis" if crop else None, crop=True)
    rendered = console.file.getvalue() if isinstance(console.file, StringIO) else ""
    _echo("\n".join(line.rstrip() for line in rendered.splitlines()))


def _console() -> "Console":
    """Return a console that prints into a text: whether the reader is still there shows when that is printed."""
    from rich.console import Console

    wide = None if fancy() or os.environ.get("COLUMNS", "").isdigit() else _WIDE
    return Console(file=StringIO(), force_terminal=fancy(), width=wide, highlight=False, markup=False, emoji=False)


def _text(between: str, pieces: Iterable[Piece]) -> "Text":
    from rich.text import Text

    return Text(between).join(Text(inert(piece.text, piece.limit), style=piece.style) for piece in pieces)


def _rendered(grid: Grid) -> "RenderableType":
    from rich import box
    from rich.table import Table

    title = _text("", [Piece(grid.title, "bold")])
    if not grid.rows:
        return _text("  ", [Piece(grid.title, "bold"), Piece(grid.empty, "dim")])
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0), pad_edge=False)
    table.show_header = grid.headings
    # A pipe gets every row: what reads from it may look for any.
    rows, hidden = grid.most() if fancy() else (grid.rows, 0)
    if hidden:
        table.caption, table.caption_justify = f"{counted(hidden, 'more row')}: --json gives all", "left"
    for column in grid.columns:
        heading = _text("", [Piece(column.name)])
        table.add_column(heading, style=column.style, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(cell: Cell) -> "Text":
    if isinstance(cell, str):
        return _text("", [Piece(cell)])
    return _text("\n", [cell] if isinstance(cell, Piece) else cell)


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
