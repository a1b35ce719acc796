"""How `jotty-events demo` looks: on a terminal, and without lines and colours where there is none.

Invariants: whatever comes from a log, a database or a process is text: nothing in it is taken for markup, and control
characters are shown, not sent.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from shlex import quote

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..demo import report
from ..demo.payments import DAYS, books, database_in
from ..demo.report import Told, Try
from ..demo.runs import Question
from ..history import History
from .figures import counted, number
from .inert import inert
from .screen import fancy

_WIDEST = 100
_INDENT = 3
_BAR = 14
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NEXT = (
    ("runs", "which run built on which"),
    ("log latest", "each event that led to now"),
    ("show latest~1", "what was known one run ago"),
    ("check", "whether all bytes are as they were written"),
)


class Story:
    """Prints the demo, run by run."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._fancy = fancy()

    def begin(self) -> None:
        """Say what is going to happen."""
        self._print(_text("An agent counts payments: three runs, three processes, one log", "bold"))
        what = f"{counted(books().total(), 'payment')} of {counted(len(DAYS), 'day')}"
        self._print_whole(_text(f"{what}, in {database_in(self._output)}", "dim"))
        self._print(_text("A process knows only what it reads from the log of those before it.", "dim"))

    def waiting(self, number: int, question: Question) -> AbstractContextManager[object]:
        """Show on stderr that a process is at work, if anybody watches there."""
        if not sys.stderr.isatty():
            return nullcontext()
        return Console(stderr=True).status(_text(f'run {number}: "{question.goal}", in a process of its own'))

    def run(self, number: int, told: Told) -> None:
        """Tell of one run."""
        self._heading(f'Run {number}: "{told.goal}", for {told.ended.question.day}')
        self._print(_text(_came_from(number, told), "dim"), _inset(_attempts(told)), _inset(_learned(told)))

    def end(self, history: History, told: Sequence[Told]) -> None:
        """Show what the second run knew, what the memory was worth over time, and where to look next."""
        self._context(told[1])
        self._values(history, told)
        self._where(history)

    def _context(self, told: Told) -> None:
        title = "What run 2's agent was told before its first attempt"
        text = _text(told.learned_context or "Nothing.")
        if self._fancy:
            self._print("", Panel(text, title=_text(title, "bold"), title_align="left", border_style="green"))
        else:
            self._heading(title)
            self._print(_inset(text))

    def _values(self, history: History, told: Sequence[Told]) -> None:
        entry = report.memory_of_success(told)
        if entry is None:
            return
        self._heading("What that was worth at the end of each run, by time travel")
        table = _grid()
        for one, value in zip(told, report.values_over_runs(history, entry, told), strict=True):
            bar = Text(_bar(value or 0.0).ljust(_BAR), "green")
            table.add_row(_text(one.ended.run), number(value), bar, _text(one.goal, "dim"))
        self._print(_inset(_text(entry.content)), _inset(table))

    def _where(self, history: History) -> None:
        self._heading(f"The log: {counted(len(history.runs()), 'run')} so far, in {self._output}")
        commands = [f"jotty-events {command} --output {quote(self._output)}" for command, _ in _NEXT]
        widest = max(map(len, commands))
        for command, (_, what) in zip(commands, _NEXT, strict=True):
            self._print_whole(_text(f"{'':{_INDENT}}{command:{widest}}", "cyan").append(f"  # {what}", "dim"))

    def _heading(self, title: str) -> None:
        text = _text(title, "bold")
        self._print("", Rule(text, align="left", style="dim") if self._fancy else text)

    def _print(self, *pieces: RenderableType) -> None:
        self._echo(Group(*pieces), whole=False)

    def _print_whole(self, line: Text) -> None:
        """Print a line that is for copying: it is not broken at the edge of the terminal."""
        self._echo(line, whole=True)

    def _echo(self, what: RenderableType, *, whole: bool) -> None:
        """Print by way of a text, so that what the encoding of stdout lacks is shown by its number."""
        drawn = StringIO()
        width = None if self._fancy or os.environ.get("COLUMNS", "").isdigit() else _WIDEST
        console = Console(file=drawn, force_terminal=self._fancy, width=width, highlight=False, emoji=False)
        console.width = min(console.width, _WIDEST)
        console.print(what, soft_wrap=whole, markup=False)
        text = "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=self._fancy)


def _text(text: str, style: str = "") -> Text:
    """Return text as it stands, on as many lines as it has; all else in it that a terminal would act on is shown."""
    return Text("\n".join(map(inert, text.split("\n"))), style)


def _came_from(number: int, told: Told) -> str:
    if told.parent is None:
        return f"{told.ended.run} starts fresh: nothing was learned yet."
    before = "This folder has a history, which is continued: " if number == 1 else ""
    return f"{before}{told.ended.run} starts from what was known at {told.parent}."


def _attempts(told: Told) -> RenderableType:
    table = _grid()
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for one in told.tries:
        table.add_row(f"{one.made.attempt}", _attempt(told, one), _q(one))
    return table


def _attempt(told: Told, one: Try) -> Text:
    """Say what was tried, as SQL too, and what came of it."""
    lines = [_text(one.made.approach or "-", "bold"), _text(one.sql or "no SQL", "dim")]
    if one.made.success:
        answer = "" if told.ended.answer is None else f"{counted(told.ended.answer, 'payment')}, and "
        lines.append(_text(f"✓ {answer}the books say so too", "green"))
    else:
        error = ": ".join(filter(None, (one.made.error_type, one.made.error)))
        lines.append(_text(f"✗ {error or one.made.outcome}", "red"))
    return Text("\n").join(lines)


def _q(one: Try) -> Text:
    """Show how Q moved, and where its first value was taken from if not from this very state."""
    if one.q is None:
        return Text("")
    moved = Text()
    moved.append(f"Q {number(one.q.before)} → {number(one.q.after)}", "green" if one.made.success else "red")
    raw = one.q.before_raw
    if raw and raw != one.q.before:
        moved.append(f"\n{one.q.before / raw:.1f} of a similar\nstate's {number(raw)}", "dim")
    return moved


def _learned(told: Told) -> RenderableType:
    rows = [(f"V {number(one.before)} → {number(one.after)}", one.content) for one in told.changes]
    rows += [("pattern", one) for one in told.patterns]
    table = _grid()
    for place, (what, text) in enumerate(rows):
        table.add_row(Text("" if place else "learned", "dim"), what, _text(text))
    return table


def _bar(share: float) -> str:
    """Draw a share of the whole, to an eighth of a character."""
    whole, eighths = divmod(round(share * _BAR * 8), 8)
    return "█" * whole + _EIGHTHS[eighths].strip()


def _grid() -> Table:
    return Table.grid(padding=(0, 2))


def _inset(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, _INDENT))
