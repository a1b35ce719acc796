"""Time travel: the state at any point of a long history, beside opening a snapshot and beside a full replay."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median

from jotty_events import History, State
from jotty_events.log.files import DiskFiles
from tools.loads.synthetic import Load, synthesize

from .clock import median_of, timed
from .figure import Budget, Figure
from .packing import packed
from .places import scratch

EVENTS, KEYS, RUNS = 10_000_000, 100_000, 10
APART = 50_000
"""Events from a snapshot to the next, as a session saves them."""
POINTS = 7
USES: dict[str, Callable[[State], int]] = {
    "first use": lambda state: len(state.q_table),
    "all values read": lambda state: sum(entry.visits >= 0 for entry in state.q_table.values()),
}


def bench_travel(scale: float) -> Iterator[Figure]:
    """Measure points drawn from the last of ten runs of a million events, with snapshots as a session leaves them."""
    events, keys = max(1000, int(EVENTS * scale)), max(10, int(KEYS * scale))
    with scratch() as folder:
        runs = synthesize(DiskFiles(folder), Load(events, keys=keys, runs=RUNS))
        packed(History(folder), folder)
        replayed = timed(lambda: History(folder).at())
        yield Figure("travel", f"full replay of {events:,} events, packed", replayed, "s")
        points = _points(folder, runs)
        for name, use in USES.items():
            opened = median_of(lambda use=use: use(History(folder).at()))  # type: ignore[misc]
            took = median(timed(lambda point=point, use=use: use(History(folder).at(point))) for point in points)  # type: ignore[misc]
            yield Figure("travel", f"opening a snapshot, {name}", opened, "s")
            budget = Budget(2.0, at_most=True)
            yield Figure("travel", f"to any point, {name}", took, "s", took / opened, "opening a snapshot", budget)


def _points(folder: Path, runs: list[str]) -> list[str]:
    """Save what the sessions of the runs would have saved; return some points of the last run."""
    for run in runs:
        History(folder).snapshot(run)
    history = History(folder)
    last = history.point()
    saved = history.tree.run(last.run).first
    for commit in history.tree.run(last.run).commits():
        if commit.last - saved >= APART:
            saved = commit.last
            history.snapshot(f"{last.run}@{saved}")
    draw = Random(3)
    return [f"{last.run}@{draw.randrange(2, last.seq)}" for _ in range(POINTS)]
