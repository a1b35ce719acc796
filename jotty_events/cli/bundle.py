"""`jotty-events bundle`: what leads to a point becomes one file."""

from collections.abc import Iterator

import click

from .. import __version__
from ..verbs.bundling.writing import Bundled
from ..verbs.bundling.writing import bundle as write_bundle
from .figures import counted
from .grid import Piece
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines
from .waiting import LONG, progress


def bundled(output: str, point: str, file: str) -> Bundled:
    """Write a bundle, with a progress bar for those who wait long."""
    tree = open_tree(output)
    place = tree.resolve(point)
    with progress("bundling", place.seq, "records", least=LONG) as advance:
        return write_bundle(tree, place, file, f"jotty-events {__version__}", advance)


def lines(made: Bundled) -> Iterator[list[Piece]]:
    """Return what people read."""
    extent = f"{counted(made.records, 'record')} of {counted(len(made.runs), 'run')}, up to {made.point}"
    yield [Piece("bundled:", "bold green"), Piece(made.file, "cyan"), Piece(f"{extent}; {made.size:,} bytes")]


@click.command()
@click.argument("point", type=PointText())
@click.argument("file")
@output_option
@json_option
def bundle(point: str, file: str, output: str, as_json: bool) -> None:
    """Write all records that lead to POINT, the end of a commit, into one new FILE.

    The same lineage gives the same bytes, packed or not. What other runs learned is not in it, nor what these runs
    learned after they were left. A bundle is read where it lies, wherever a command takes --output:

    \b
      jotty-events bundle latest learned.tar
      jotty-events show latest --output learned.tar
      jotty-events unpack learned.tar --output elsewhere

    It is a plain tar archive, not compressed.

    \b
    --json: {"file": TEXT, "point": {"run": TEXT, "seq": INT}, "runs": [TEXT], "records": INT, "size": INT}
    runs: oldest first. size: bytes of the file.
    """
    made = bundled(output, point, file)
    if as_json:
        print_json(made.to_dict())
    else:
        print_lines(lines(made))
