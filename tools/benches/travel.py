"""Time travel: the state at any point of a long history, beside opening a snapshot and beside a full replay."""

from collections.abc import Iterator
from random import Random
from statistics import median

from jotty_events import History
from jotty_events.log.files import DiskFiles
from tools.loads.synthetic import Load, synthesize

from .clock import median_of, timed
from .figure import Budget, Figure, Unavailable
from .packing import packed
from .places import scratch

EVENTS, KEYS, RUNS = 10_000_000, 100_000, 10
POINTS = 7


def bench_travel(scale: float) -> Iterator[Figure]:
    """Measure points drawn from ten runs of a million events, each with a snapshot at its end."""
    events, keys = max(1000, int(EVENTS * scale)), max(10, int(KEYS * scale))
    with scratch() as folder:
        runs = synthesize(DiskFiles(folder), Load(events, keys=keys, runs=RUNS))
        try:
            packed(History(folder), folder)
            where = "packed"
        except Unavailable:
            where = "in the log, not packed"
        replayed = timed(lambda: History(folder).at())
        for run in runs:
            History(folder).snapshot(run)
        opened = median_of(lambda: len(History(folder).at().q_table))
        history = History(folder)
        draw = Random(3)
        points = [f"{runs[-1]}@{draw.randrange(2, history.point().seq)}" for _ in range(POINTS)]
        took = median(timed(lambda point=point: len(History(folder).at(point).q_table)) for point in points)  # type: ignore[misc]
        yield Figure("travel", f"full replay of {events:,} events, {where}", replayed, "s")
        yield Figure("travel", "opening a snapshot", opened, "s")
        budget = Budget(2.0, at_most=True)
        yield Figure("travel", "to any point", took, "s", took / opened, "opening a snapshot", budget)
