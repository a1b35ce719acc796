"""The options and arguments that commands share."""

from collections.abc import Callable
from typing import TypeVar

import click

from ..errors import MissingFile, PointError, UnsafeFile
from ..log.files import DiskFiles
from ..runs.point import parse
from ..runs.tree import Tree
from ..verbs.bundling.opening import open_bundle
from .misuse import Misuse

Command = TypeVar("Command", bound=Callable[..., object])


def output_option(command: Command) -> Command:
    """Add `--output DIR`."""
    return click.option(
        "--output",
        metavar="DIR",
        default="./outputs",
        envvar="JOTTY_EVENTS_OUTPUT",
        show_default=True,
        show_envvar=True,
        help="The folder that holds the runs, or a bundle.",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts, in UTF-8.")(command)


class PointText(click.ParamType[str]):
    """The text of a point, well-formed; whether there is such a place is another question."""

    name = "point"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parse(value)
        except PointError as error:
            raise Misuse(error.message, hint=error.hint) from error
        return value


def open_tree(output: str) -> Tree:
    """Return the runs below a folder, or in a bundle.

    MissingFile if there is nothing of that name, UnsafeFile or FormatError if it is neither.
    """
    files = DiskFiles(output)
    try:
        there = files.exists("")
    except UnsafeFile:
        return Tree(open_bundle(output).files)
    if not there:
        where = files.describe("")
        raise MissingFile(
            f"{where} is missing", file=where, hint="name the folder with --output; a conductor makes it when it runs"
        )
    return Tree(files)
