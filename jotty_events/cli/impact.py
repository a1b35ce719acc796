"""`jotty-events impact`: what changed later because of an event."""

from collections.abc import Iterator

import click

from ..errors import PointError
from ..record import Record
from ..runs.point import parse
from ..verbs.impacts.impact import Effect, Impact
from ..verbs.touched import named
from .figures import counted
from .grid import Piece
from .misuse import Misuse
from .options import PointText, json_option, open_tree, output_option
from .screen import print_json, print_lines
from .telling import tell
from .waiting import LONG, progress

_NAME = 200


class EventName(click.ParamType[str]):
    """RUN@SEQ, or a seq."""

    name = "event"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            fits = (value.isascii() and value.isdecimal()) or parse(value).seq is not None
        except PointError:
            fits = False
        if not fits:
            raise Misuse(f"{value[:80]!r} is no event", hint="name it as RUN@SEQ, or by its seq in the latest line")
        return value


def followed(output: str, event: str, upto: str | None, depth: int | None) -> Impact:
    """Follow an event, with a progress bar for those who wait long."""
    tree = open_tree(output)
    from ..history import History

    history = History(files=tree.files)
    end = history.point() if upto is None else history.point(upto)
    with progress("following", end.seq, "records", least=LONG) as advance:
        return history.impact(event, upto, depth=depth, progress=advance)


def lines(found: Impact) -> Iterator[list[Piece]]:
    """Return what people read."""
    yield [Piece(str(found.of), "bold cyan"), *tell(Record(found.of.seq, 0, found.event))]
    for one in found:
        yield from _effect(one)
    yield [Piece(f"{counted(len(found), 'later event')}, up to {found.upto}", "bold")]


def _effect(one: Effect) -> Iterator[list[Piece]]:
    yield [Piece(str(one.cause), "bold"), *tell(Record(one.cause.seq, 0, one.event))]
    why = f"    {one.reason}: {named(one.thing)}"
    yield [Piece(why, "dim", _NAME), Piece(f"since {one.because}", "dim")]


@click.command()
@click.argument("event", type=EventName())
@click.argument("upto", metavar="[POINT]", required=False, type=PointText())
@click.option("--depth", metavar="N", type=click.IntRange(1), help="Only what is at most N events away.")
@output_option
@json_option
def impact(event: str, upto: str | None, depth: int | None, output: str, as_json: bool) -> None:
    """Show what changed later because of EVENT, up to POINT (default: latest, or the end of the event's own line).

    EVENT is RUN@SEQ, or a seq on the way to POINT: what `log` and `explain` print. An event is shown if it took up what
    EVENT left, or what another one shown here left since: it read the value, chose among it, had the memory or lesson
    in its context, or was learned from such an attempt. Running means, learning rates and counters are not followed,
    and neither is what would have been kept if there had been more room.

    \b
    --json: {"of": {"run": TEXT, "seq": INT, "type": TEXT}, "upto": {"run": TEXT, "seq": INT},
             "effects": [{"run": TEXT, "seq": INT, "type": TEXT, "because": {"run": TEXT, "seq": INT, "type": TEXT},
                          "thing": [...], "reason": TEXT, "depth": INT}]}
    because: the event that left the thing which was taken up. depth: how many events away from EVENT.
    """
    found = followed(output, event, upto, depth)
    if as_json:
        print_json(found.to_dict())
    else:
        print_lines(lines(found))
