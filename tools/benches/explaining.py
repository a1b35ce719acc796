"""Explaining one value of a long packed history: only the columns that it needs are read, beside a full replay."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from jotty_events import History
from jotty_events.log.files import DiskFiles
from jotty_events.log.pack.parquet import ParquetTable
from tools.loads.synthetic import Load, synthesize

from .clock import timed
from .figure import Figure
from .packing import packed
from .places import scratch

EVENTS, KEYS, RUNS = 10_000_000, 100_000, 10
EXPLAINED = 5


def bench_explain(scale: float) -> Iterator[Figure]:
    """Measure how long a Q-value takes to explain by its key, at the end of ten packed runs that has a snapshot."""
    events, keys = max(1000, int(EVENTS * scale)), max(10, int(KEYS * scale))
    with scratch() as folder:
        synthesize(DiskFiles(folder), Load(events, keys=keys, runs=RUNS))
        packed(History(folder), folder)
        replayed = timed(lambda: History(folder).at())
        history = History(folder)
        history.snapshot()
        known = sorted(history.at().q_table)[:: max(1, keys // EXPLAINED)]
        explained = [timed(lambda key=key: History(folder).explain("latest", "q_table", key)) for key in known]  # type: ignore[misc]
        took = median(explained)
        yield Figure("explain", f"full replay of {events:,} packed events", replayed, "s")
        yield Figure("explain", "one Q-value by its key", took, "s", took / replayed, "full replay")
        steps = median(len(History(folder).explain("latest", "q_table", key).steps) for key in known)
        yield Figure("explain", "events behind it", steps, "events")
        yield Figure("explain", "columns that were read", _columns(folder, known[0]), "columns")


def _columns(folder: Path, key: tuple[str, str]) -> int:
    """Return how many different columns of packs an explanation reads."""
    asked: set[tuple[str, str]] = set()
    read = ParquetTable.read

    def noted(table: ParquetTable, group: int, name: str) -> Any:
        asked.add((table.name, name))
        return read(table, group, name)

    ParquetTable.read = noted  # type: ignore[method-assign, assignment]
    try:
        History(folder).explain("latest", "q_table", key)
    finally:
        ParquetTable.read = read  # type: ignore[method-assign]
    return len(asked)
