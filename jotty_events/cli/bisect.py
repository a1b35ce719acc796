"""`jotty-events bisect`: the first commit at which a condition holds."""

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from ..errors import ConditionError
from ..record import Opaque, encode
from ..runs.feed import Line
from ..runs.lineage import Kept
from ..verbs.bisect import Bisected, Bisection
from ..verbs.where import Where
from .figures import counted
from .grid import Piece
from .log import LinePrinter
from .misuse import Misuse
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines
from .waiting import progress


class Condition(click.ParamType[Where]):
    """A condition over a state, well-formed."""

    name = "condition"

    def convert(self, value: str | Where, param: click.Parameter | None, ctx: click.Context | None) -> Where:
        if isinstance(value, Where):
            return value
        try:
            return Where(value)
        except ConditionError as error:
            raise Misuse(error.message, hint=error.hint) from error


def bisected(output: str, start: str, end: str, where: Where) -> Bisected:
    """Look for the commit, with a progress bar for those who wait."""
    from ..history import History

    history = History(files=open_tree(output).files)
    search = Bisection(history.tree, history.at, history.point(start), history.point(end))
    with progress("replaying", search.most, "states") as advance:
        return search.find(where, advance)


def document(found: Bisected, where: Where) -> dict[str, Any]:
    """Return the JSON form."""
    return {"where": where.text, **found.to_dict(), "records": [_record(one) for one in found.records]}


def _record(kept: Kept) -> dict[str, Any]:
    line = kept.record.raw if isinstance(kept.record, Opaque) else encode(kept.record)
    return {"run": kept.run, **msgspec.json.decode(line)}


def lines(found: Bisected, where: Where) -> Iterator[list[Piece]]:
    """Return what people read above the records."""
    yield [Piece("holds", "bold green"), Piece(f"at {found.at}"), Piece(where.text, "cyan")]
    yield [Piece("not yet", "bold yellow"), Piece(f"at {found.before}")]
    yield [
        Piece(
            f"{counted(found.states, 'state')} of {counted(found.commits, 'commit')} looked at; between the two:", "dim"
        )
    ]


@click.command()
@click.argument("start", metavar="A", type=PointText())
@click.argument("end", metavar="[B]", default="latest", type=PointText())
@click.option("--where", metavar="CONDITION", required=True, type=Condition(), help="What is to hold; see above.")
@output_option
@json_option
def bisect(start: str, end: str, where: Where, output: str, as_json: bool) -> None:
    """Find the first commit between the points A and B (default: latest) at which a condition holds.

    It must not hold at A, and hold at B; A must lead to B. Few states are replayed: two, and the logarithm of the
    number of commits. The records of the commit found are printed: in them is what made the condition true. If it turns
    more than once, one commit is found at which it holds, and just before which it did not.

    \b
    A CONDITION compares what the state holds with numbers and texts:
      q_table["STATE", "ACTION"].value < 0.3         also .visits .average_reward .lessons
      q_table.count(value < 0.3, visits >= 5) > 2    conditions on each entry, by its fields
      memory.count(level="semantic") > 10            FIELD=VALUE for equal ones
      memory["shared"]["semantic"]["KEY"].value("GOAL") > 0.9
      not ("STATE", "ACTION") in q_table or episodes.count(success=False) >= 3
    Names: memory, q_table, brain, todos, goals, episodes. What is not there is None: neither less nor greater than
    anything.

    Exits with 1 if the condition does not turn from false to true.

    \b
    --json: {"where": TEXT, "before": {"run": TEXT, "seq": INT}, "at": {"run": TEXT, "seq": INT},
             "commits": INT, "states": INT,
             "records": [{"run": TEXT, "seq": INT, "at": INT, "event": {"type": TEXT, ...}}]}
    before: the last point at which it does not hold; at: the first at which it does; records: what lies between.
    commits: how many lie between A and B; states: how many were replayed.
    """
    found = bisected(output, start, end, where)
    if as_json:
        print_json(document(found, where))
        return
    print_lines(lines(found, where))
    printer = LinePrinter()
    for one in found.records:
        printer.put(Line(one.run, one.record.seq, b""), one.record)
    printer.flush()
