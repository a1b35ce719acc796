"""`jotty-events runs`: the runs of a history.

Invariants: a run that cannot be read is listed with what is wrong with it, and does not hide the others.
"""

from dataclasses import asdict, dataclass

import click

from ..errors import JottyError
from ..runs.point import Point
from ..runs.reader import RunReader
from ..runs.tree import Tree
from .figures import NONE, iso, moment
from .grid import Cell, Column, Grid, Piece
from .options import json_option, open_tree, output_option
from .refusal import Refusal, found_wrong
from .screen import print_grids, print_json

_STYLES = {"ended": "green", "live": "bold cyan", "died": "yellow", "damaged": "bold red"}
_COLUMNS = (
    Column("run", "cyan"),
    Column("began at"),
    Column("state"),
    Column("records", right=True),
    Column("started (UTC)"),
    Column("", "bold"),
)


@dataclass
class RunRow:
    """What `runs` says of one run; times are in microseconds since 1970."""

    run: str
    parent: Point | None = None
    state: str = "damaged"
    experiment: bool = False
    draft: bool = False
    first: int | None = None
    last: int | None = None
    records: int = 0
    started: int | None = None
    ended: int | None = None
    error: Refusal | None = None

    def to_dict(self, line: list[str]) -> dict[str, object]:
        """Return the JSON form; `line` holds the runs that lead to `latest`."""
        return {
            **asdict(self),
            "parent": asdict(self.parent) if self.parent else None,
            "started": None if self.started is None else iso(self.started),
            "ended": None if self.ended is None else iso(self.ended),
            "in_latest": self.run in line,
            "error": self.error.to_dict() if self.error else None,
        }

    def cells(self, line: list[str]) -> tuple[Cell, ...]:
        """Return the cells of the table."""
        place = "latest" if line[-1:] == [self.run] else "·" if self.run in line else ""
        kinds = [name for name, is_one in (("experiment", self.experiment), ("draft", self.draft)) if is_one]
        state = Piece(", ".join([self.state, *kinds]), _STYLES[self.state])
        return (
            self.run,
            str(self.parent) if self.parent else Piece(NONE, "dim"),
            [state, Piece(self.error.message, "red")] if self.error else state,
            f"{self.records:,}",
            NONE if self.started is None else moment(self.started),
            place,
        )


def row_of(run: RunReader) -> RunRow:
    """Describe one run; what is damaged is said in its `error`."""
    row = RunRow(run.run)
    try:
        _describe(run, row)
    except JottyError as error:
        row.state = "damaged"
        row.error = Refusal(type(error).__name__, error.message, error.hint, 1)
    return row


def _describe(run: RunReader, row: RunRow) -> None:
    manifest = run.manifest
    row.parent = Point(manifest.parent.run, manifest.parent.seq) if manifest.parent else None
    row.experiment, row.first, row.started = manifest.experiment, manifest.first, manifest.created
    row.draft = run.draft
    row.ended = manifest.ended.at if manifest.ended else None
    row.state = "ended" if manifest.ended else "live" if run.live else "died"
    if run.end is not None:
        row.last, row.records = run.end.seq, run.end.seq - run.first + 1


def rows_of(tree: Tree) -> list[RunRow]:
    """Describe all runs, oldest first; folders that were never begun as runs are left out."""
    rows = []
    for run in tree.run_ids():
        try:
            there = tree.exists(run)
        except JottyError:
            there = True
        if there:
            rows.append(row_of(RunReader(tree.files, run)))
    return rows


def line_of(tree: Tree) -> list[str]:
    """Return the runs that lead to `latest`, itself last; none if damage hides which that is."""
    try:
        latest = tree.latest()
        return tree.lineage(Point(latest.run, latest.first)).runs if latest else []
    except JottyError:
        return []


@click.command()
@output_option
@json_option
@click.pass_context
def runs(ctx: click.Context, output: str, as_json: bool) -> None:
    """List the runs of a history, oldest first.

    Each run with the point that it began at, its state (ended: it was closed; died: its writer is gone; live: it is
    being written; damaged: it cannot be read), how many records it holds, and when it started. The run that `latest`
    names is marked so, and those that lead to it with a dot: what stands without a mark is not continued. A draft is
    part of an import that was not finished.

    Exits with 1 if a run is damaged.

    \b
    --json: {"output": DIR, "latest": RUN or null, "runs": [
      {"run": TEXT, "parent": {"run": TEXT, "seq": INT} or null,
       "state": "ended" | "died" | "live" | "damaged", "experiment": BOOL, "draft": BOOL,
       "first": INT or null, "last": INT or null, "records": INT,
       "started": TIME or null, "ended": TIME or null, "in_latest": BOOL,
       "error": null or {"type": TEXT, "message": TEXT, "hint": TEXT}}]}
    TIME is ISO 8601, UTC. first, last: seqs; last is null if nothing was committed.
    """
    tree = open_tree(output)
    rows, line = rows_of(tree), line_of(tree)
    if any(row.error for row in rows):
        found_wrong(ctx)
    where = tree.files.describe("")
    if as_json:
        documents = [row.to_dict(line) for row in rows]
        print_json({"output": where, "latest": line[-1] if line else None, "runs": documents})
    else:
        print_grids([Grid(where, _COLUMNS, [row.cells(line) for row in rows], "no run is there yet", ends=True)])
