"""`jotty-events export`: the state at a point, as the files that the original keeps."""

from collections.abc import Iterator

import click

from ..history import History
from ..legacy.exporting.point import Exported
from .figures import counted
from .grid import Piece
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines
from .waiting import progress


def lines(done: Exported) -> Iterator[list[Piece]]:
    """Return what people read."""
    yield [Piece("exported:", "bold green"), Piece(f"{done.point}, {counted(len(done.files), 'file')}")]
    yield [Piece("into:", "dim"), Piece(done.folder)]


@click.command()
@click.argument("point", type=PointText())
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option("--exactly", is_flag=True, help="Write no field but the original's own.")
@output_option
@json_option
def export(point: str, directory: str, exactly: bool, output: str, as_json: bool) -> None:
    """Write the state at POINT into DIR/jotty_state, in the files that the original keeps and loads.

    The same point gives the same bytes. Files that an earlier export wrote there are replaced, and removed where they
    are not needed any more; all else that stands there is left alone.

    The files also say what the original forgets between runs, under names that it passes over. With --exactly they have
    the fields of the original's own files and no other, and forget as much.

    Exits with 1 if a file is in the way that no export wrote, if a symbolic link leads out of DIR, or if the disk
    refuses.

    \b
    --json: {"point": TEXT, "folder": TEXT, "files": [TEXT]}
    point: run and record. files: their paths below the folder.
    """
    open_tree(output)
    history = History(output)
    with progress("replaying", history.point(point).seq, "records", least=200_000) as advance:
        done = history.export(point, directory, advance, exactly=exactly)
    if as_json:
        print_json(done.to_dict())
    else:
        print_lines(lines(done))
