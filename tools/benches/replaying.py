"""Replay from packs: the table of value, visits and average reward, then everything, beside two engines and numpy."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jotty_events import History
from jotty_events.events import QUpdated
from jotty_events.log.files import DiskFiles
from jotty_events.reading.replay import Resuming
from jotty_events.reading.snapshot.store import Snapshots
from projections.q_table import ENTRIES
from projections.read_model import ReadModel
from projections.writes import Put
from tools.loads.synthetic import Load, synthesize

from .append import batches
from .clock import median_of, medians
from .figure import Budget, Figure
from .packing import packed, tables_of
from .peers import peer
from .places import scratch

EVENTS, KEYS, RUNS = 10_000_000, 100_000, 10
STORED = 10_000
"""Events for the event store, which is timed per event: it takes far longer."""
COLUMNS = ("seq", "state", "action", "after", "visits", "average_reward")

VALUES = ReadModel("values", 1, (ENTRIES,), {QUpdated: (Put(ENTRIES, {"value": "after", "updated": "now"}),)}, dict)
"""The same table as the engines compute, as a read model."""


def bench_replay(scale: float) -> Iterator[Figure]:
    """Measure folds of one packed history of ten million Q updates over a hundred thousand keys."""
    events, keys = max(1000, int(EVENTS * scale)), max(10, int(KEYS * min(1.0, scale * 10)))
    with scratch() as folder:
        synthesize(DiskFiles(folder), Load(events, keys=keys, runs=RUNS))
        packed(History(folder), folder)
        yield from _engines(folder, events)
    yield from _store(scale)


def _engines(folder: Path, events: int) -> Iterator[Figure]:
    files = tables_of(folder, "q_updated")
    contestants: dict[str, Callable[[], Any]] = {
        "ours": lambda: replayed(History(folder)),
        "duckdb": duckdb_table(files),
        "polars": polars_table(files),
        "bare numpy": lambda: numpy_table(files),
        "ours, all projections": lambda: History(folder).at(),
    }
    took = medians({name: _timed(work) for name, work in contestants.items()})
    faster = min(took["duckdb"], took["polars"])
    budgets = {"ours": Budget(2.0), "ours, all projections": Budget(0.5)}
    for name, seconds in took.items():
        budget = budgets.get(name)
        ratio = faster / seconds if budget else None
        beside = "the faster engine" if budget else ""
        yield Figure("replay", f"{name}, {events:,} events", events / seconds, "events/s", ratio, beside, budget)


def _timed(work: Callable[[], Any]) -> Callable[[Path], float]:
    return lambda _: median_of(work, 1)


def replayed(history: History) -> Any:
    """Return the rows of the table, by the replay that every state comes from, proof of all bytes read included."""
    found = Resuming(history.tree.run, Snapshots()).at(history.point(), [VALUES])
    return found.result.states["values"]


def duckdb_table(files: list[str]) -> Callable[[], Any]:
    """Return the query of DuckDB."""
    duckdb = peer("duckdb")
    newest = ", ".join(f"arg_max({name}, seq)" for name in COLUMNS[3:])
    query = f"select state, action, {newest} from read_parquet({files!r}) group by state, action"
    return lambda: duckdb.sql(query).to_arrow_table()


def polars_table(files: list[str]) -> Callable[[], Any]:
    """Return the query of Polars: the files are sorted by seq, so that the last row is the newest."""
    polars = peer("polars")
    return lambda: (
        polars.scan_parquet(files)
        .select(COLUMNS)
        .group_by("state", "action")
        .agg([polars.col(name).sort_by("seq").last() for name in COLUMNS[3:]])
        .collect()
    )


def numpy_table(files: list[str]) -> Mapping[str, Any]:
    """Fold by hand: number the keys by their dictionaries, and let the last row of each number win."""
    table = ds.dataset(files).to_table(columns=list(COLUMNS))
    codes = [_codes(table.column(name)) for name in ("state", "action")]
    key = codes[0] * (int(codes[1].max()) + 1) + codes[1]
    last = np.zeros(int(key.max()) + 1, np.int64)
    last[key] = np.arange(1, len(key) + 1)
    rows = last[last > 0] - 1
    return {name: table.column(name).to_numpy()[rows] for name in COLUMNS[3:]}


def _codes(column: Any) -> Any:
    coded = pc.dictionary_encode(column).combine_chunks() if not pa.types.is_dictionary(column.type) else column
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    return coded.indices.to_numpy().astype(np.int64)


def _store(scale: float) -> Iterator[Figure]:
    store = peer("tools.benches.event_store")
    stored = max(1000, int(STORED * min(1.0, scale * 10)))
    with scratch() as folder:
        one = store.EventStore(folder)
        one.append(batches(stored))
        yield Figure("replay", "eventsourcing on sqlite", stored / one.replay(), "events/s")
