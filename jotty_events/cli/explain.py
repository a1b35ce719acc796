"""`jotty-events explain`: every event that made a value, with its arithmetic; and what stood in an attempt's prompt."""

from collections.abc import Iterable, Iterator

import click

from ..errors import PointError
from ..runs.point import parse
from ..verbs.explaining.context import ContextExplanation
from ..verbs.explaining.steps import Explanation
from .grid import Piece
from .misuse import Misuse
from .options import json_option, open_tree, output_option
from .screen import print_json, print_lines
from .waiting import LONG, progress

_INDENT = "  "
_SHORT = 600
_PROJECTIONS = ("memory", "q", "brain", "todos", "goals", "episodes")


def explained(output: str, point: str, key: str, projection: str | None, goal: str | None, follow: int) -> Explanation:
    """Explain a value, with a progress bar for those who wait long."""
    tree = open_tree(output)
    from ..history import History

    history = History(files=tree.files)
    place = history.point(point)
    with progress("replaying", place.seq, "records", least=LONG) as advance:
        return history.explain(place, projection, key, goal=goal, follow=follow, progress=advance)


def context(output: str, point: str, attempt: str) -> ContextExplanation:
    """Explain the prompt of an attempt."""
    tree = open_tree(output)
    from ..history import History

    return History(files=tree.files).explain_context(attempt, point)


def lines(told: Iterable[tuple[int, str]]) -> Iterator[list[Piece]]:
    """Return what people read: what is not indented is a heading."""
    for depth, line in told:
        yield [Piece(_INDENT * depth + line, "" if depth else "bold", _SHORT)]


def asked(words: tuple[str, ...], attempt: str | None) -> tuple[str, str]:
    """Return (point, key) of the arguments; Misuse if they are neither."""
    most = 1 if attempt is not None else 2
    if len(words) > most or (attempt is None and not words):
        what = "POINT" if attempt is not None else "[POINT] KEY"
        raise Misuse(f"this takes {what}, not {len(words)} arguments", hint="put a key of several words in quotes")
    point = words[0] if len(words) == most else "latest"
    try:
        parse(point)
    except PointError as error:
        raise Misuse(error.message, hint=error.hint) from error
    return point, "" if attempt is not None else words[-1]


@click.command()
@click.argument("what", nargs=-1, metavar="[POINT] KEY")
@click.option("--in", "projection", type=click.Choice([*_PROJECTIONS, "q_table"]), help="Where KEY is looked for.")
@click.option("--goal", metavar="TEXT", help="Explain a memory's value for this goal.")
@click.option(
    "--follow", metavar="N", type=click.IntRange(0, 20), default=0, help="Explain also what was read, N deep."
)
@click.option("--context", "attempt", metavar="ATTEMPT", help="Explain what stood in the prompt of an attempt.")
@output_option
@json_option
def explain(
    what: tuple[str, ...],
    projection: str | None,
    goal: str | None,
    follow: int,
    attempt: str | None,
    output: str,
    as_json: bool,
) -> None:
    """Explain a value at POINT (default: latest): every event that made it, newest first, with the arithmetic.

    KEY is a whole key, the beginning of one, or words from it: `"P2P APPROACH: B"`, `general:general:b5e5`,
    `"hippocampus 3"`. If several fit, they are listed. The numbers are those that were recorded. What a value was
    inherited or taken from is named; with --follow that is explained as well.

    With --context ATTEMPT it is told what an attempt was told: the memories, lessons and candidates in its prompt, and
    which events put them there. ATTEMPT is RUN@SEQ of its record, or EPISODE.ATTEMPT on the way to POINT.

    Exits with 1 if no key, or more than one, fits.

    \b
    --json: {"point": {"run": TEXT, "seq": INT}, "projection": TEXT, "table": TEXT, "key": [...],
             "measure": TEXT, "value": JSON, "row": {...}, "steps": [STEP]}
    STEP: {"run": TEXT, "seq": INT, "at": INT, "type": TEXT, "episode": INT or null, "actor": TEXT or null,
           "value": JSON, "recomputed": FLOAT or null, "arithmetic": [TEXT], "wrote": {COLUMN: JSON},
           "sources": [{"role": TEXT, "nth": INT, "key": [...] or null, "raw": FLOAT,
                        "similarity": FLOAT or null, "step": STEP or null}],
           "goal": TEXT or null,
           "attempt": {"seq": INT, "attempt": INT, "approach": TEXT, "outcome": TEXT, ...} or null,
           "answers": [{"seq": INT, "purpose": TEXT, "model": TEXT, "answer": JSON, "failure": TEXT or null,
                        "used": BOOL}]}
    measure: the column that is the value. recomputed: what the rules conclude, null where nothing follows from the
    event alone.
    With --context: {"run": TEXT, "seq": INT, "episode": INT, "attempt": INT, "actor": TEXT, "goal": TEXT,
             "read_at": INT, "learned_context": TEXT, ..., "parts": [{"kind": "memory", "lesson" or "candidate",
             "key": [...], "says": TEXT, "value": FLOAT or null,
             "events": [{"run": TEXT, "seq": INT, "type": TEXT, "line": TEXT}]}]}
    """
    point, key = asked(what, attempt)
    found = (
        explained(output, point, key, projection, goal, follow) if attempt is None else context(output, point, attempt)
    )
    if as_json:
        print_json(found.to_dict())
    else:
        print_lines(lines(found.told()))
