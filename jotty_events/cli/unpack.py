"""`jotty-events unpack`: the runs of a bundle become runs of a folder."""

from collections.abc import Iterator

import click

from ..log.files import DiskFiles
from ..runs.tree import Tree
from ..verbs.bundling.opening import open_bundle
from ..verbs.bundling.unpacking import Unpacked
from ..verbs.bundling.unpacking import unpack as unpack_bundle
from .grid import Piece
from .options import json_option, output_option
from .screen import print_json, print_lines


def lines(done: Unpacked) -> Iterator[list[Piece]]:
    """Return what people read."""
    yield from ([Piece("unpacked:", "bold green"), Piece(run, "cyan")] for run in done.added)
    yield from ([Piece("is there:", "dim"), Piece(run, "dim")] for run in done.present)


@click.command()
@click.argument("file")
@output_option
@json_option
def unpack(file: str, output: str, as_json: bool) -> None:
    """Bring the runs of a bundle FILE into a folder, which is made if it is missing.

    Runs that are there already stay as they are. Whatever the bundle says, only runs are written, and only below the
    folder; a run appears whole or not at all. The run with the greatest id is latest there, as ever; what the others
    observed beside its line is absorbed by the next run, as of any branch (see `absorb`).

    Exits with 1 if FILE is no sound bundle, or if another run of the same id is there.

    \b
    --json: {"added": [TEXT], "present": [TEXT]}
    added: the ids of the runs that are new there; present: of those that were there before.
    """
    done = unpack_bundle(open_bundle(file), Tree(DiskFiles(output)))
    if as_json:
        print_json(done.to_dict())
    else:
        print_lines(lines(done))
