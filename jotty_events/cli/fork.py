"""`jotty-events fork`: a run that starts at an earlier point."""

from collections.abc import Iterator

import click

from ..verbs.fork import Forked
from .grid import Piece
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines


def lines(made: Forked) -> Iterator[list[Piece]]:
    """Return what people read."""
    yield [Piece("forked:", "bold green"), Piece(made.run, "cyan"), Piece(f"starts at {made.start}")]
    if made.experiment:
        yield [Piece(f'an experiment, continued by JottyConfig(start_from="{made.run}")', "dim")]
    else:
        yield [Piece("it is latest now: the next run continues from there", "dim")]


@click.command()
@click.argument("point", type=PointText())
@click.option("--experiment", is_flag=True, help="Never let it become latest, nor what continues it.")
@output_option
@json_option
def fork(point: str, experiment: bool, output: str, as_json: bool) -> None:
    """Begin a run that starts at POINT, the end of a commit, and so leaves out what was learned after it.

    Nothing is copied, and nothing is changed in the run that it leaves: its records stay, and every point of it can
    still be named. The fork is latest from then on, so that the next run continues from it; with --experiment it is
    not, and JottyConfig(start_from=RUN) continues it. A fork of an experiment is an experiment.

    Exits with 1 if POINT lies inside a commit; the hint says where that begins and ends.

    \b
    --json: {"run": TEXT, "start": {"run": TEXT, "seq": INT}, "experiment": BOOL}
    run: the id of the new run; start: the point at which it starts.
    """
    from ..history import History

    made = History(files=open_tree(output).files).fork(point, experiment=experiment)
    if as_json:
        print_json(made.to_dict())
    else:
        print_lines(lines(made))
