"""The group of commands: loads them when they are used, and turns what goes wrong into words and exit codes.

Invariants: an error that was raised on purpose, or by the operating system, is never shown as a traceback. A reader of
the output who leaves early (`| head`) is no error, and hides none that was found before.
"""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from ..errors import JottyError
from .misuse import Misuse
from .refusal import BAD_USAGE, WRONG, Refusal, exit_code

_JSON = "jotty_events.json"


class CommandTable(click.Group):
    """Commands by name, each in a module of that name; `table` maps the names to their short helps."""

    def __init__(self, *args: Any, table: Mapping[str, str], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        found = getattr(import_module(f"{__package__}.{name}"), name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # Known before the command's own options are read, so that a mistake in those is told in JSON as well.
        ctx.meta[_JSON] = "--json" in args
        if args[0] not in self.table and not args[0].startswith("-"):
            raise Misuse(f"there is no command {args[0][:80]!r}", hint=f"commands are {', '.join(self.table)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            self._run(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _let_go_of_stdout()
        ctx.exit(exit_code(ctx))

    def _run(self, ctx: click.Context) -> None:
        refusal = self._refusal(ctx)
        if refusal is not None:
            refusal.tell(as_json=ctx.meta.get(_JSON, False))
            ctx.exit(refusal.code)

    def _refusal(self, ctx: click.Context) -> Refusal | None:
        """Run the command; return what stopped it, if anything did."""
        try:
            super().invoke(ctx)
        except JottyError as error:
            return Refusal(type(error).__name__, error.message, error.hint, WRONG)
        except click.UsageError as error:
            return _bad_usage(error, ctx)
        except BrokenPipeError:
            raise
        except OSError as error:
            return Refusal(type(error).__name__, str(error), "", WRONG)
        return None


def _bad_usage(error: click.UsageError, ctx: click.Context) -> Refusal:
    hint = getattr(error, "hint", None) or f"try '{(error.ctx or ctx).command_path} --help'"
    return Refusal("UsageError", error.format_message(), hint, BAD_USAGE)


def _let_go_of_stdout() -> None:
    """Send what is still to be written nowhere: the interpreter flushes once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
