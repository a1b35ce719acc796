"""`jotty-events check`: whether the bytes are what was written."""

from collections.abc import Iterator

import click

from ..reading.check import Checked, Finding
from ..reading.check import check as check_tree
from ..runs.tree import Tree
from .figures import counted
from .grid import Piece
from .options import json_option, open_tree, output_option
from .refusal import found_wrong
from .screen import print_json, print_lines
from .waiting import progress


def checked(tree: Tree) -> Checked:
    """Check all runs, with a progress bar for those who wait."""
    with progress("checking", len(tree.run_ids()), "runs", least=2) as advance:
        return check_tree(tree, lambda _: advance(1))


def document(result: Checked) -> dict[str, object]:
    """Return the JSON form of a check."""
    return {
        "sound": not result,
        "runs": result.runs,
        "records": result.records,
        "unknown": result.unknown,
        "findings": [finding.to_dict() for finding in result],
        "notes": [note.to_dict() for note in result.notes],
    }


def lines(result: Checked) -> Iterator[list[Piece]]:
    """Return what people read: findings, notes, and the sum of it."""
    yield from (_line("damaged", "bold red", finding, "red") for finding in result)
    yield from (_line("note", "dim", note, "dim") for note in result.notes)
    extent = f"{counted(result.runs, 'run')}, {counted(result.records, 'record')}"
    if result.unknown:
        extent += f", {result.unknown:,} of a type that this version does not know"
    sound = Piece("sound:", "bold green")
    yield [Piece(f"{counted(len(result), 'finding')}:", "bold red") if result else sound, Piece(extent)]


def _line(word: str, style: str, found: Finding, rest: str) -> list[Piece]:
    where = f"{found.file} at byte {found.offset}:"
    return [Piece(word, style), Piece(where, rest), Piece(found.message.removeprefix(f"{where} "), rest)]


@click.command()
@output_option
@json_option
@click.pass_context
def check(ctx: click.Context, output: str, as_json: bool) -> None:
    """Check that the bytes of a history are what was written: files, chains, and how runs hang together.

    Findings say in which file, and at which byte, something differs. Notes are no findings: the unfinished tail of a
    run that was killed, a run that is being written, a file that no manifest names.

    Exits with 1 if there is a finding.

    \b
    --json: {"sound": BOOL, "runs": INT, "records": INT, "unknown": INT,
             "findings": [{"run": TEXT, "file": TEXT, "offset": INT, "message": TEXT}], "notes": [like findings]}
    unknown: records of a type that this version does not know. offset: bytes from the start of the file.
    """
    result = checked(open_tree(output))
    if result:
        found_wrong(ctx)
    if as_json:
        print_json(document(result))
    else:
        print_lines(lines(result))
