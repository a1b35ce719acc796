"""How cost grows with the length of a history and with the size of a state: what should stay flat, and what may not."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median

from jotty_events import AgentConfig, Conductor, History, JottyConfig
from jotty_events.log.files import DiskFiles
from jotty_events.types import Durability
from tools.loads.synthetic import Load, Table, synthesize

from .clock import median_of, timed
from .figure import Figure
from .places import scratch

LENGTHS = (10_000, 100_000, 1_000_000, 10_000_000)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
STEPS = 50


def bench_growth(scale: float) -> Iterator[Figure]:
    """Open the latest state and record a step: after 10^4 to 10^7 events, and with 10^3 to 10^6 keys."""
    for length in LENGTHS:
        if length <= LENGTHS[-1] * scale:
            yield from _one(Load(length, keys=1000), f"{length:,} events, 1,000 keys")
    for size in SIZES:
        if size <= SIZES[-1] * scale:
            yield from _one(Load(size, keys=size, even=True), f"{size:,} keys")


def _one(load: Load, what: str) -> Iterator[Figure]:
    with scratch() as folder:
        synthesize(DiskFiles(folder), load)
        History(folder).snapshot()
        opened = median_of(lambda: len(History(folder).at().q_table))
        yield Figure("growth", f"open latest, {what}", opened * 1e3, "ms")
        yield Figure("growth", f"record a step, {what}", _step(folder, load) * 1e6, "µs")


def _step(folder: Path, load: Load) -> float:
    """Return the median seconds of recording a step, not synced."""
    config = JottyConfig(output_base_dir=folder, durability=Durability.OS, seed=1)
    table, source = Table(load), Random(1)
    with Conductor([AgentConfig(name="analyst", agent=print)], config) as conductor:
        q = conductor.q_predictor

        def record() -> None:
            state, action, _ = table.texts(source.randrange(load.keys))
            q.add_experience(state, action, 0.7, None, True)

        record()
        return median(timed(record) for _ in range(STEPS))
