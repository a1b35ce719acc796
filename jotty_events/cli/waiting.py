"""Progress bars for those who wait at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LONG = 20_000
"""Records that are read without a bar."""


@contextmanager
def progress(label: str, total: int, unit: str, *, least: int = 0) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while inside, if that is a terminal and there are at least `least` steps.

    Gives a function that is told how many steps were done.
    """
    if total < least or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=_stderr(), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
