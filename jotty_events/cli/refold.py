"""`jotty-events refold`: what would have been learned from the same experiences."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from .figures import counted
from .grid import Piece
from .misuse import Misuse
from .options import PointText, json_option, open_tree, output_option
from .screen import print_grids, print_json, print_lines
from .sections import overview
from .waiting import LONG, progress

if TYPE_CHECKING:
    from ..relearning.refolded import Refolded


_OPTIONS = ("rules", "without", "only", "commit", "point", "output", "progress")


class Setting(click.ParamType[tuple[str, Any]]):
    """A setting and its value, as NAME=VALUE; a value that is no JSON is text."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        name, equals, said = str(value).partition("=")
        if name in _OPTIONS:
            raise Misuse(f"{name} is no setting", hint=f"write --{name}")
        if not equals or not name:
            raise Misuse(f"{str(value)[:80]!r} sets nothing", hint="write --set alpha=0.2")
        try:
            return name, json.loads(said)
        except ValueError:
            return name, said


def refolded(output: str, point: str, **asked: Any) -> "Refolded":
    """Learn a history again, with a progress bar for those who wait long."""
    files = open_tree(output).files
    from ..history import History

    history = History(files=files)
    with progress("learning again", history.point(point).seq, "records", least=LONG) as advance:
        return history.refold(point, progress=advance, **asked)


def lines(found: "Refolded") -> Iterator[list[Piece]]:
    """Return what people read: how much was learned again, and what could not be."""
    yield [
        Piece("learned again:", "bold green"),
        Piece(f"{counted(found.learned, 'observation')} of {found.source}, {found.left_out:,} left out"),
    ]
    yield [Piece("the same experiences, no others: what agents were told, chose and got stays as it was", "dim")]
    for reason, count in found.skipped.items():
        yield [Piece("skipped", "yellow"), Piece(f"{count:,}"), Piece(reason, "dim")]
    if found.point is None:
        yield [Piece("nothing was written: --commit makes a branch of it", "dim")]
    else:
        yield [Piece("written:", "bold green"), Piece(", ".join(found.runs), "cyan"), Piece(f"it is at {found.point}")]


@click.command()
@click.argument("point", type=PointText(), default="latest")
@click.option("--set", "settings", metavar="NAME=VALUE", type=Setting(), multiple=True, help="Learn with this setting.")
@click.option("--rules", type=click.IntRange(min=1), metavar="VERSION", help="Learn by the rules of this version.")
@click.option("--without", metavar="RUN|RUN@SEQ", type=PointText(), multiple=True, help="Leave out a run, or a record.")
@click.option("--only", metavar="AGENT", multiple=True, help="Leave out what other agents tried and remember.")
@click.option("--commit", is_flag=True, help="Write it as new runs; the original stays.")
@output_option
@json_option
def refold(
    point: str,
    settings: tuple[tuple[str, Any], ...],
    rules: int | None,
    without: tuple[str, ...],
    only: tuple[str, ...],
    commit: bool,
    output: str,
    as_json: bool,
) -> None:
    """Learn again what led to POINT (default: latest): by other rules or settings, or without some of it.

    The experiences stay what they were: what agents were told, what they chose, what came of it, what models answered.
    What is learned from them is learned anew. A run or a record that is left out leaves with all that was learned of
    it, also where another run has absorbed it. RUN@SEQ: the start of an episode stands for all of the episode, an
    attempt for all that was learned of it, any other record for the call that made it.

    With --commit new runs hold the result, on a branch that is latest from then on. What comes before the first thing
    that is left out stays as it is, and the branch begins behind it. Exits with 1 if POINT lies inside a commit.

    \b
    --json: {"source": {"run": TEXT, "seq": INT}, "learned": INT, "left_out": INT, "skipped": {TEXT: INT},
             "runs": [TEXT], "point": {"run": TEXT, "seq": INT} or null, "digests": {PROJECTION: HEX},
             "overview": as of `show`}
    learned, left_out, skipped: observations; skipped are those that refer to what is not there any more, by the reason.
    runs, point: what was written, with --commit.
    """
    asked: dict[str, Any] = dict(settings)
    found = refolded(output, point, rules=rules, without=without, only=only, commit=commit, **asked)
    if as_json:
        print_json({**found.to_dict(), "overview": overview.document(found)})
        return
    print_lines(lines(found))
    title = f"what would be known at {found.source}"
    grids = overview.grids(found, found.point or found.source)
    print_grids(grids if found.point else [replace(grid, title=title) for grid in grids])
