"""The command line `jotty-events`.

Invariants: no command's code is loaded before that command is used; the table below holds what `--help` says of each.
"""

import click

from .. import __version__
from .group import CommandTable

COMMANDS = {
    "demo": "Watch an agent fail, learn, and succeed at once in its next run.",
    "runs": "List the runs of a history.",
    "log": "Print the records that lead to a point, one line each.",
    "show": "Show what was known at a point: memory, q, brain, todos, goals or episodes.",
    "diff": "Show what was learned between two points.",
    "explain": "Explain a value: every event that made it, with the arithmetic.",
    "impact": "Show what changed later because of an event.",
    "bisect": "Find the first commit at which a condition holds.",
    "fork": "Begin a run that starts at an earlier point.",
    "bundle": "Write what leads to a point into one file.",
    "unpack": "Bring the runs of a bundle into a folder.",
    "check": "Check that the bytes of a history are what was written.",
    "pack": "Pack closed segments into Parquet tables, one per type of event.",
    "refold": "Learn again from the same experiences: by other rules, or without some of them.",
    "absorb": "Learn again, on top of latest, what runs learned beside it.",
    "verify": "Verify that the rules still conclude what was recorded.",
    "import": "Import what the original kept in its files, as runs.",
    "export": "Write the state at a point as the files that the original keeps.",
}
"""Every command with its short help; the command NAME is the attribute NAME of the module NAME in this folder.

A word of Python's own takes an underscore there.
"""


@click.group(
    cls=CommandTable,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="jotty-events")
def main() -> None:
    """Read the history of what agents learned: a log of events that is replayed.

    A POINT is a place in a history: latest (the default), run_20260106_120000, run_20260106_120000@120 (after record
    120), run_20260106_120000#3 (the end of its third episode), @2026-01-06T12:00:00Z, each optionally with ~N for the
    N-th parent point.

    \b
    Exit codes, of every command:
      0  fine
      1  something is wrong: damage, an unknown run, a place that does not exist, a file that cannot be read
      2  bad usage: an unknown option or command, a malformed point

    Errors are printed on stderr as `error: ...` and `hint: ...`. With --json one line is printed on stdout as well,
    after what was printed before: {"error": {"type": TEXT, "message": TEXT, "hint": TEXT}}.
    """
