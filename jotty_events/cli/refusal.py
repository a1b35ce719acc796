"""What stopped a command, in words and in JSON, and the exit code of a command."""

import json
from typing import NamedTuple

import click

from .inert import inert, inert_json

WRONG = 1
BAD_USAGE = 2

_CODE = "jotty_events.exit_code"


class Refusal(NamedTuple):
    """Why a command could not do its work: the type of the error, its message and hint, and the exit code."""

    type: str
    message: str
    hint: str
    code: int

    def to_dict(self) -> dict[str, str]:
        """Return what a script reads."""
        return {"type": self.type, "message": self.message, "hint": self.hint}

    def tell(self, *, as_json: bool) -> None:
        """Print one or two lines on stderr; with `as_json` a line {"error": {...}} on stdout as well."""
        click.echo(f"{click.style('error:', fg='red')} {inert(self.message)}", err=True)
        if self.hint:
            click.echo(f"{click.style('hint:', fg='yellow')} {inert(self.hint)}", err=True)
        if as_json:
            click.echo(inert_json(json.dumps({"error": self.to_dict()}, ensure_ascii=False)).encode())


def found_wrong(ctx: click.Context) -> None:
    """Make the command exit with 1, however its output fares: call it before printing."""
    ctx.meta[_CODE] = WRONG


def exit_code(ctx: click.Context) -> int:
    """Return what the command is to exit with."""
    return int(ctx.meta.get(_CODE, 0))
