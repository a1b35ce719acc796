"""`jotty-events pack`: closed segments become Parquet tables."""

import time
from collections.abc import Iterator
from dataclasses import asdict

import click

from .. import __version__
from ..runs.begun import manifest_in
from ..runs.packing import NewPack, Packer, PackReport
from ..runs.tree import Tree
from .figures import counted
from .grid import Piece
from .options import json_option, open_tree, output_option
from .refusal import found_wrong
from .screen import print_json, print_lines
from .waiting import progress


def packed(tree: Tree) -> PackReport:
    """Pack all that is loose, with a progress bar for those who wait."""
    with progress("packing", _loose_records(tree), "records", least=20_000) as advance:
        return Packer(tree, time.time, f"jotty-events {__version__}").pack(advance)


def _loose_records(tree: Tree) -> int:
    manifests = (manifest_in(tree, run) for run in tree.run_ids())
    loose = (one for found in manifests if found for one in found.segments if not isinstance(one.pack, str))
    return sum(one.last - one.first + 1 for one in loose)


def document(report: PackReport) -> dict[str, object]:
    """Return the JSON form of what was done."""
    return {
        "packs": [asdict(one) for one in report.packs],
        "finished": report.finished,
        "live": report.live,
        "damaged": [{"run": run, "message": message} for run, message in report.damaged],
    }


def lines(report: PackReport) -> Iterator[list[Piece]]:
    """Return what people read."""
    yield from (_made(one) for one in report.packs)
    yield from (
        [Piece("finished:", "bold green"), Piece(f"{pack}, which was begun before")] for pack in report.finished
    )
    yield from ([Piece("left alone:", "dim"), Piece(f"{run} is being written", "dim")] for run in report.live)
    yield from ([Piece("damaged:", "bold red"), Piece(f"{run}: {what}", "red")] for run, what in report.damaged)
    if not report.packs and not report.finished:
        yield [Piece("nothing to pack")]


def _made(one: NewPack) -> list[Piece]:
    extent = f"{one.pack}: {counted(one.records, 'record')} of {counted(len(one.runs), 'run')}"
    sizes = f"{_size(one.before)} of segments became {_size(one.after)} of tables"
    return [Piece("packed:", "bold green"), Piece(f"{extent}, {sizes}")]


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1_000_000 else f"{size / 1e3:,.1f} kB"


@click.command()
@output_option
@json_option
@click.pass_context
def pack(ctx: click.Context, output: str, as_json: bool) -> None:
    """Pack the closed segments of all runs into Parquet tables, one per type of event.

    Nothing changes for readers: every point, the chain and every answer stay what they are. The tables are read back
    and compared before a segment is removed. Runs that are being written are left alone. What a packer that was
    stopped left behind is finished or removed. A few hundred records take more room in tables than as lines; many
    take a small part of it.

    Exits with 1 if a run is damaged; it is left as it is.

    \b
    --json: {"packs": [{"pack": TEXT, "runs": [TEXT], "records": INT, "before": INT, "after": INT}],
             "finished": [TEXT], "live": [TEXT], "damaged": [{"run": TEXT, "message": TEXT}]}
    before: bytes of the segments. after: bytes of the tables. finished: packs that were begun before.
    live: runs that are being written. Packs and runs are given by their ids.
    """
    report = packed(open_tree(output))
    if report.damaged:
        found_wrong(ctx)
    if as_json:
        print_json(document(report))
    else:
        print_lines(lines(report))
