"""`jotty-events diff`: what was learned between two points."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ..verbs.diffing.changes import Change, Diff
from ..verbs.diffing.diff import Differing
from ..verbs.diffing.filters import Asked
from ..verbs.touched import named
from .diff_page import page
from .figures import NONE, counted, number
from .grid import Cell, Column, Grid, Piece, free
from .options import PointText, json_option, open_tree, output_option
from .screen import print_grids, print_json
from .waiting import LONG, progress

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_BY = 3
_COLUMNS = (
    Column("", "bold"),
    Column("before", right=True),
    Column("after", right=True),
    Column("what"),
    Column("by"),
)


def compared(output: str, a: str, b: str, asked: Asked) -> Diff:
    """Compare two points, with a progress bar for those who wait long."""
    tree = open_tree(output)
    from ..history import History

    history = History(files=tree.files)
    one, other = history.point(a), history.point(b)
    between = Differing(history.tree, one, other, ()).records
    with progress("comparing", one.seq + other.seq + between, "records", least=LONG) as advance:
        return history.diff(a, b, agent=asked.agent, level=asked.level, goal=asked.goal, progress=advance)


def grids(found: Diff) -> Iterator[Grid]:
    """Return a table for each projection, the biggest movers first, and a count of what people do not ask about."""
    told = [one for one in found if one.measure is not None]
    for place in dict.fromkeys((one.projection, one.table) for one in told):
        rows = [_cells(one) for one in told if (one.projection, one.table) == place]
        yield Grid(f"{'.'.join(place)}, from {found.a} to {found.b}", _COLUMNS, rows)
    rest = [one for one in found if one.measure is None]
    counts = [(f"{one.projection}.{one.table}", one.kind) for one in rest]
    others = [(Piece(name), str(counts.count((name, kind))), kind) for name, kind in sorted(set(counts))]
    if others or not told:
        title = "what learners keep for themselves" if told or others else f"from {found.a} to {found.b}"
        yield Grid(title, (Column("table"), Column("rows", right=True), Column("")), list(others), "nothing differs")


def _cells(one: Change) -> Sequence[Cell]:
    before, after = one.worth()
    what = [Piece(named(one.key), "cyan"), *([free(one.says)] if one.says else [])]
    if one.kind == "changed" and one.measure not in one.columns:
        what.append(Piece(f"changed: {', '.join(one.columns)}", "dim"))
    return (Piece(one.kind, _STYLES[one.kind]), _worth(before), _worth(after), what, _by(one))


def _worth(value: float | None) -> str:
    return NONE if value is None else number(value)


def _by(one: Change) -> list[Piece]:
    """Return the last events that made a change, and how many more there are."""
    causes, style = (one.events, "") if one.events else (one.undone, "dim")
    more = len(causes) - _BY
    pieces = [Piece(f"{'' if one.events else 'without '}{cause}", style) for cause in causes[: -_BY - 1 : -1]]
    return [*pieces, *([Piece(f"and {counted(more, 'earlier event')}", "dim")] if more > 0 else [])]


def document(found: Diff) -> dict[str, Any]:
    """Return the JSON form."""
    return found.to_dict()


@click.command()
@click.argument("a", metavar="A", type=PointText())
@click.argument("b", metavar="[B]", default="latest", type=PointText())
@click.option("--agent", metavar="NAME", help="Only what this agent owns, or learned.")
@click.option("--level", metavar="LEVEL", help="Only memories of this level.")
@click.option("--goal", metavar="TEXT", help="Only what is about a goal, or was learned for one, that has TEXT in it.")
@click.option("--html", metavar="FILE", type=click.Path(dir_okay=False), help="Write a report of its own into FILE.")
@output_option
@json_option
def diff(
    a: str,
    b: str,
    agent: str | None,
    level: str | None,
    goal: str | None,
    html: str | None,
    output: str,
    as_json: bool,
) -> None:
    """Show what was learned between the points A and B (default: latest): rows added, removed and changed.

    The biggest movers stand first, each with the events that made it. A and B may lie on different branches: what was
    learned on the way to A only is shown as taken away ("without ..."). Only what was written since the two lines part
    is compared.

    A FILE of --html is one page that needs nothing else; texts from the log are shown in it, and never run.

    \b
    --json: {"a": {"run": TEXT, "seq": INT}, "b": {...}, "meeting": {...} or null,
             "counts": {TABLE: {"added": INT, "removed": INT, "changed": INT}},
             "changes": [{"projection": TEXT, "table": TEXT, "key": [...], "kind": TEXT, "columns": [TEXT],
                          "before": ROW or null, "after": ROW or null,
                          "events": [{"run": TEXT, "seq": INT, "type": TEXT}], "undone": [...]}]}
    meeting: where the lines that lead to A and B part. kind: added, removed or changed; columns: those that differ.
    ROW: the table's columns by name. events: what wrote the row on the way to B since the meeting, undone: on the way
    to A. TABLE: PROJECTION.TABLE.
    """
    found = compared(output, a, b, Asked(agent, level, goal))
    if html is not None:
        Path(html).write_bytes(page(found))
    if as_json:
        print_json(document(found))
    elif html is None:
        print_grids(grids(found))
    else:
        print_grids([Grid(f"{counted(len(found), 'difference')} written to {html}", (), [], "")])
