"""`jotty-events demo`: three processes, of which the second knows what the first learned.

Invariants: with --json only JSON goes to stdout. What the processes say aside goes to stderr, line by line; what they
have not learned by way of the log is not told.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from .inert import inert
from .misuse import Misuse
from .options import json_option, output_option
from .refusal import found_wrong
from .screen import print_json

if TYPE_CHECKING:
    from ..demo.report import Told
    from ..history import History
    from .demo_story import Story


@click.command()
@output_option
@json_option
@click.pass_context
def demo(ctx: click.Context, output: str, as_json: bool) -> None:
    """Watch an agent fail, learn, and succeed at once in its next run.

    An agent counts payments in a SQLite database with real SQL, three times, each time in a new process that knows
    only what it reads from the log. Told is what each run tried and learned, what the second run's agent was told
    before its first attempt, and what that was worth at the end of each run. The database is built in DIR/demo if it
    is missing; a DIR that has a history is continued.

    Exits with 1 if a process failed, or a run found no right answer.

    \b
    --json: {"output": DIR, "runs": [
      {"run": TEXT, "goal": TEXT, "success": BOOL, "attempts": INT, "first_choice": TEXT,
       "learned_context": TEXT,
       "memories": [{"key": TEXT, "content": TEXT, "value": FLOAT}],
       "q": [{"state": TEXT, "action": TEXT, "value": FLOAT}]}]}
    attempts: how many there were; learned_context: what the first was told;
    memories (those that all agents share, valued for the goal) and q: at the end of the run.
    """
    from ..history import History

    if not output.strip() or "\0" in output:
        raise Misuse("--output names no folder", hint="name one, or leave it out")
    history = History(output)
    told = _in_json(history, output) if as_json else _as_story(history, output)
    if not all(one.success for one in told):
        found_wrong(ctx)


def _in_json(history: "History", output: str) -> "list[Told]":
    told = list(_told(history, output))
    print_json({"output": history.tree.files.describe(""), "runs": [one.to_json() for one in told]})
    return told


def _as_story(history: "History", output: str) -> "list[Told]":
    from .demo_story import Story

    story = Story(output)
    story.begin()
    told: list[Told] = []
    for one in _told(history, output, story):
        told.append(one)
        story.run(len(told), one)
    story.end(history, told)
    return told


def _told(history: "History", output: str, story: "Story | None" = None) -> "Iterator[Told]":
    """Do the runs one after the other, and tell of each as soon as it has ended."""
    from ..demo import payments, report, runs

    payments.require_database(output)
    for number, question in enumerate(runs.QUESTIONS, 1):
        waiting: AbstractContextManager[object] = nullcontext() if story is None else story.waiting(number, question)
        try:
            with waiting:
                ended = runs.in_own_process(output, question)
        except runs.ChildFailed as error:
            _aside(error.said)
            raise
        _aside(ended.said)
        yield report.tell(history, ended)


def _aside(said: str) -> None:
    """Pass on what a process said on stderr."""
    for line in said.splitlines():
        click.echo(inert(line), err=True)
