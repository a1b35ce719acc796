"""`jotty-events verify`: whether the rules still conclude what was recorded."""

from collections.abc import Iterator

import click

from ..reading.verify import Verified
from ..reading.verify import verify as verify_tree
from ..runs.tree import Tree
from .figures import counted
from .grid import Piece
from .options import json_option, open_tree, output_option
from .refusal import found_wrong
from .screen import print_json, print_lines
from .waiting import progress


def verified(tree: Tree) -> Verified:
    """Verify all runs, with a progress bar for those who wait."""
    with progress("verifying", len(tree.run_ids()), "runs", least=2) as advance:
        return verify_tree(tree, progress=lambda _: advance(1))


def document(result: Verified) -> dict[str, object]:
    """Return the JSON form of a verification."""
    return {
        "verified": not result,
        "runs": result.runs,
        "records": result.records,
        "events": result.events,
        "values": result.values,
        "diverging": sum(result.diverging.values()),
        "divergences": [one.to_dict() for one in result],
        "notes": [note.to_dict() for note in result.notes],
    }


def lines(result: Verified) -> Iterator[list[Piece]]:
    """Return what people read: the first divergence of each run, notes, and the sum of it."""
    for one in result:
        yield [Piece("diverges", "bold red"), Piece(str(one), "red")]
    for note in result.notes:
        yield [Piece("note", "dim"), Piece(str(note), "dim")]
    extent = f"{counted(result.values, 'value')} of {counted(result.events, 'event')} in {counted(result.runs, 'run')}"
    agreed = Piece("verified:", "bold green")
    wrong = Piece(f"{counted(sum(result.diverging.values()), 'divergence')}:", "bold red")
    yield [wrong if result else agreed, Piece(extent)]


@click.command()
@output_option
@json_option
@click.pass_context
def verify(ctx: click.Context, output: str, as_json: bool) -> None:
    """Verify that the rules conclude from each learning event what was recorded in it.

    Numbers must be equal to the last bit. The first divergence of each run is shown, and how many there are. Notes are
    no divergences: a run learned by another version of the rules, records that this version cannot read.

    Exits with 1 if there is a divergence.

    \b
    --json: {"verified": BOOL, "runs": INT, "records": INT, "events": INT, "values": INT, "diverging": INT,
             "divergences": [{"run": TEXT, "seq": INT, "tag": TEXT, "field": TEXT, "recorded": JSON,
                              "recomputed": JSON}],
             "notes": [{"run": TEXT, "message": TEXT}]}
    events, values: learning events and their fields that were concluded again. divergences: the first of each run.
    """
    result = verified(open_tree(output))
    if result:
        found_wrong(ctx)
    if as_json:
        print_json(document(result))
    else:
        print_lines(lines(result))
