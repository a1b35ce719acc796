"""`jotty-events absorb`: what was learned beside the latest line comes to it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from ..events import Absorbed
from ..runs.branches import beginning, branches
from ..runs.point import Point
from ..runs.tree import Tree
from .figures import counted
from .grid import Piece
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines


class Taken(NamedTuple):
    """What was taken up of a run: its records from `first` to `last`."""

    run: str
    first: int
    last: int


class Joined(NamedTuple):
    """Where the new run ends, None if there is none; what it absorbed, and the runs that are waited for."""

    point: Point | None
    absorbed: list[Taken]
    waiting: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        point = None if self.point is None else {"run": self.point.run, "seq": self.point.seq}
        return {"point": point, "absorbed": [one._asdict() for one in self.absorbed], "waiting": self.waiting}


def joined(tree: Tree, run: str | None) -> Joined:
    """Absorb all that has ended, or one run."""
    from ..history import History

    point = History(files=tree.files).absorb(run)
    found = [] if point is None else _taken(tree, point.run)
    beside, _ = branches(tree, tree.resolve("latest"))
    return Joined(point, found, [one.run for one in beside if one.live])


def _taken(tree: Tree, run: str) -> list[Taken]:
    """Return what a run absorbed, of each run as one stretch."""
    whole: dict[str, Taken] = {}
    for mark in (one for one in beginning(tree.run(run)) if isinstance(one, Absorbed)):
        before = whole.get(mark.run, Taken(mark.run, mark.first, mark.last))
        whole[mark.run] = Taken(mark.run, min(before.first, mark.first), max(before.last, mark.last))
    return [whole[name] for name in sorted(whole)]


def lines(found: Joined) -> Iterator[list[Piece]]:
    """Return what people read."""
    for one in found.absorbed:
        records = counted(one.last - one.first + 1, "record")
        yield [Piece("absorbed:", "bold green"), Piece(one.run, "cyan"), Piece(f"{records}, up to {one.last}")]
    if found.point is None:
        yield [Piece("nothing to absorb: the latest line has all that has ended", "dim")]
    else:
        yield [Piece("written:", "bold green"), Piece(f"it is at {found.point}, and latest")]
    for run in found.waiting:
        yield [Piece("waiting:", "yellow"), Piece(run, "cyan"), Piece("is still being written", "dim")]


@click.command()
@click.argument("run", type=PointText(), required=False)
@output_option
@json_option
def absorb(run: str | None, output: str, as_json: bool) -> None:
    """Learn again, on top of latest, what RUN observed beside it, or all runs that have ended (default).

    Runs that began at one point and learned at the same time are branches. What they observed is learned by the rules,
    in the order of their ids, in a new run that is latest then: nothing is averaged, and nothing counts twice. A
    conductor does this by itself when it begins, unless it is told otherwise (JottyConfig(branches=...)). Experiments,
    and what was left on purpose by a run that began at a point that was asked for, are not absorbed.

    Exits with 1 if RUN is no branch, or is still being written.

    \b
    --json: {"point": {"run": TEXT, "seq": INT} or null,
             "absorbed": [{"run": TEXT, "first": INT, "last": INT}], "waiting": [TEXT]}
    point: the end of the new run, null if there was nothing to absorb. absorbed: what was taken up of which run, also
    by way of others. waiting: branches that are still being written.
    """
    found = joined(open_tree(output), run)
    if as_json:
        print_json(found.to_dict())
    else:
        print_lines(lines(found))
