"""`jotty-events import`: what the original kept in its files becomes runs."""

import secrets
import time
from collections.abc import Iterator

import click

from .. import __version__
from ..errors import ImportRefused
from ..legacy.importing.folders import Import, Writer
from ..legacy.importing.problems import Problem
from ..legacy.importing.report import ImportedRun, Report
from ..legacy.schemas import names
from ..log.files import DiskFiles
from ..runs.tree import Tree
from .figures import counted
from .grid import Column, Grid, Piece
from .inert import inert
from .options import json_option, output_option
from .refusal import found_wrong
from .screen import print_grids, print_json, print_lines
from .waiting import progress

LONG = 5_000_000
"""Bytes that are read without a bar."""
SHOWN = 20
"""Problems and notes that people are shown."""
_COLUMNS = (Column("file", "cyan"), Column("holds"), Column("entries", right=True), Column("SHA-256", "dim"))


def imported(output: str, folder: str, *, partial: bool) -> Report:
    """Import a folder, with a progress bar for those who wait."""
    writer = Writer(f"jotty-events {__version__}", time.time, secrets.token_bytes)
    due = Import(Tree(DiskFiles(output)), DiskFiles(folder), writer)
    with progress("importing", due.size, "bytes", least=LONG) as advance:
        return due.run(partial=partial, progress=advance)


def grids(report: Report) -> Iterator[Grid]:
    """Return a table of the files of each run."""
    for run in report.runs:
        yield Grid(_title(run), _COLUMNS, [_row(run, place) for place in range(len(run.files))], "no file")


def _title(run: ImportedRun) -> str:
    return f"{run.run}: {run.folder or 'the folder itself'}, {counted(run.records, 'record')}"


def _row(run: ImportedRun, place: int) -> tuple[str, ...]:
    one = run.files[place]
    # The title says which run; what all its files have in common would only push the columns apart.
    file = one.file.removeprefix(f"{run.folder}/").removeprefix(f"{names.STATE}/")
    return file, one.kind, f"{one.entries:,}", one.digest[:12]


def lines(report: Report) -> Iterator[list[Piece]]:
    """Return what people read below the tables."""
    yield from (
        [Piece("before:", "dim"), Piece(f"{name or 'this folder'} was imported before")] for name in report.before
    )
    yield from ([Piece("passed over:", "dim"), Piece(path, "dim")] for path in report.passed[:SHOWN])
    yield from ([Piece("note:", "yellow"), Piece(note)] for note in report.notes[:SHOWN])
    yield from told(report.problems, report.problem_count)
    done = f"{counted(report.entries, 'entry', 'entries')} in {counted(len(report.runs), 'run')}"
    yield [Piece("imported:", "bold green"), Piece(done if report.runs else "nothing new")]
    if report.runs and report.beside is not None:
        beside = f"the next run continues from {report.runs[-1].run}, and no more from {report.beside}:"
        yield [Piece("note:", "yellow"), Piece(beside), Piece(f"jotty-events fork {report.beside} goes back", "dim")]


def told(problems: list[Problem], count: int) -> Iterator[list[Piece]]:
    """Return a line for each problem, as far as there is room."""
    for one in problems[:SHOWN]:
        yield [Piece("left out:", "bold red"), Piece(str(one), "red")]
    if count > SHOWN:
        yield [Piece("left out:", "bold red"), Piece(f"and {count - SHOWN:,} more: --json tells of {len(problems):,}")]


def _refused(error: ImportRefused, *, as_json: bool) -> None:
    """Tell of all that is wrong, before the error itself is told: that says the first."""
    if as_json:
        print_json({"problems": [one._asdict() for one in error.problems], "problem_count": error.count})
    elif error.count > 1:
        for one in error.problems[:SHOWN]:
            click.echo(inert(str(one)), err=True)


@click.command("import")
@click.argument("directory", metavar="DIR", type=click.Path())
@click.option("--partial", is_flag=True, help="Import what is sound, and tell of the rest.")
@output_option
@json_option
@click.pass_context
def import_(ctx: click.Context, directory: str, partial: bool, output: str, as_json: bool) -> None:
    """Import what the original kept below DIR: a jotty_state, one run, or a whole folder of runs.

    Memories, Q-tables, the experience buffer, the tiers, the brain, the task list and episodes become a run of ordinary
    events; several runs follow each other, in the order of the times that they record. An entry of a later run takes
    the place of the same entry of an earlier one; nothing else is taken away. What was imported before is left alone.
    The next run continues from the import, which is a beginning of its own: what runs learned here before is not in it.
    `jotty-events fork RUN` goes back to these.

    Nothing is written unless all files are sound. With --partial what is sound is imported.

    Exits with 1 if something cannot be imported, with --partial as well.

    \b
    --json: {"folder": TEXT, "entries": INT,
             "runs": [{"run": TEXT, "folder": TEXT, "records": INT,
                       "files": [{"file": TEXT, "kind": TEXT, "digest": TEXT, "entries": INT, "kept": INT}]}],
             "before": [TEXT], "passed": [TEXT], "notes": [TEXT], "beside": TEXT or null,
             "problems": [{"file": TEXT, "path": TEXT, "message": TEXT}], "problem_count": INT}
    digest: SHA-256. kept: fields that no table has a place for. before: folders imported before. passed: files that
    nobody reads. beside: the run that was the latest. If all was refused: {"problems": ..., "problem_count": INT}.
    """
    try:
        report = imported(output, directory, partial=partial)
    except ImportRefused as error:
        _refused(error, as_json=as_json)
        raise
    if report.problem_count:
        found_wrong(ctx)
    if as_json:
        print_json(report.to_dict())
    else:
        print_grids(grids(report))
        print_lines(lines(report))
