"""`jotty-events verify`: whether the rules still conclude what was recorded."""

from collections.abc import Iterator
from multiprocessing import cpu_count

import click

from ..log.files import Files
from ..reading.verify import Verified
from .figures import counted
from .grid import Piece
from .options import json_option, open_tree, output_option
from .refusal import found_wrong
from .screen import print_json, print_lines
from .waiting import progress


def verified(files: Files, *, deep: bool, workers: int) -> Verified:
    """Verify all runs, with a progress bar for those who wait."""
    from ..history import History

    history = History(files=files)
    with progress("verifying", len(history.tree.run_ids()), "runs", least=2) as advance:
        return history.verify(progress=lambda _: advance(1), deep=deep, workers=workers)


def document(result: Verified, *, deep: bool) -> dict[str, object]:
    """Return the JSON form of a verification."""
    return {
        "verified": not result,
        "deep": deep,
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
@click.option("--deep", is_flag=True, help="Compare what was read with the replayed state, too.")
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1),
    default=cpu_count,
    show_default="one per processor",
    help="How many processes share the work, where there is much of it.",
)
@click.pass_context
def verify(ctx: click.Context, output: str, as_json: bool, deep: bool, workers: int) -> None:
    """Verify that the rules conclude from each learning event what was recorded in it.

    With --deep the state is replayed as well, and whatever an event read, chose or counted must follow from the state
    just before it. Numbers must be equal to the last bit. The first divergence of each run is shown, and how many
    there are. Notes are no divergences: a run learned by unknown rules, records that this version cannot read.

    Exits with 1 if there is a divergence.

    \b
    --json: {"verified": BOOL, "deep": BOOL, "runs": INT, "records": INT, "events": INT, "values": INT,
             "diverging": INT,
             "divergences": [{"run": TEXT, "seq": INT, "tag": TEXT, "field": TEXT, "recorded": JSON,
                              "recomputed": JSON, "basis": "rules" or "state"}],
             "notes": [{"run": TEXT, "message": TEXT}]}
    events, values: events and their fields that were verified. divergences: the first of each run; basis: what the
    recomputed value follows from, the event itself by the rules, or the state before it.
    """
    result = verified(open_tree(output).files, deep=deep, workers=workers)
    if result:
        found_wrong(ctx)
    if as_json:
        print_json(document(result, deep=deep))
    else:
        print_lines(lines(result))
