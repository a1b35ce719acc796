"""Appending: from structs to a chained log on disk, beside raw SQLite and an event store on SQLite."""

import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from jotty_events.events import Event
from jotty_events.log.files import DiskFiles
from jotty_events.record import encode_records
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability
from tools.loads.synthetic import Load, made_up

from .clock import medians
from .figure import Budget, Figure
from .peers import peer

BATCH = 1000
STORE_SHARE = 10
"""The event store gets one in so many events: it takes that much longer."""


def bench_append(scale: float) -> Iterator[Figure]:
    """Measure batches of a thousand Q updates in each durability mode, then whole learning steps in mode commit."""
    n = max(BATCH, int(50_000 * scale) // BATCH * BATCH)
    for mode in Durability:
        yield from _mode(n, mode)
    yield from _steps(n)


def _mode(n: int, mode: Durability) -> Iterator[Figure]:
    few = max(BATCH, n // STORE_SHARE)
    contestants = {
        "ours": lambda folder: ours(folder, batches(n), mode),
        "sqlite": lambda folder: sqlite(folder, batches(n), mode),
    }
    if mode is Durability.COMMIT:
        store = peer("tools.benches.event_store")
        contestants["store"] = lambda folder: store.EventStore(folder).append(batches(few))
    took = medians(contestants)
    rate = n / took["ours"]
    kept = mode is Durability.COMMIT
    yield Figure(
        "append", f"ours, {mode.value}", rate, "events/s", took["sqlite"] / took["ours"], "sqlite", _at_least(1.0, kept)
    )
    yield Figure("append", f"sqlite wal, synchronous={_synchronous(mode)}", n / took["sqlite"], "events/s")
    if kept:
        others = few / took["store"]
        yield Figure("append", "ours, commit", rate, "events/s", rate / others, "eventsourcing", Budget(10.0))
        yield Figure("append", "eventsourcing on sqlite", others, "events/s")


def _steps(n: int) -> Iterator[Figure]:
    took = medians(
        {
            "ours": lambda folder: ours(folder, batches(n, whole=True), Durability.COMMIT),
            "sqlite": lambda folder: sqlite(folder, batches(n, whole=True), Durability.COMMIT),
        }
    )
    yield Figure("append", "ours, whole steps", n / took["ours"], "events/s", took["sqlite"] / took["ours"], "sqlite")


def _at_least(ratio: float, counts: bool) -> Budget | None:
    return Budget(ratio) if counts else None


def batches(n: int, *, whole: bool = False) -> Iterator[list[Event]]:
    """Return n events over a thousand keys, a batch at a time, each made just before it is used."""
    events = made_up(Load(n, whole=whole))
    for _ in range(0, n, BATCH):
        yield [next(events) for _ in range(BATCH)]


def ours(folder: Path, given: Iterator[list[Event]], mode: Durability) -> float:
    """Append batches; returns the seconds in `append` and `close`."""
    plan = RunPlan(
        clock=time.time, entropy=secrets.token_bytes, rules=2, library="bench", mode="persistent", durability=mode
    )
    writer = RunWriter.create(DiskFiles(folder), plan)
    took = 0.0
    for batch in given:
        began = time.perf_counter()
        writer.append(batch)
        took += time.perf_counter() - began
    began = time.perf_counter()
    writer.close()
    return took + time.perf_counter() - began


def sqlite(folder: Path, given: Iterator[list[Event]], mode: Durability) -> float:
    """Insert rows of the same bytes, encoded beforehand, into SQLite in WAL mode, a transaction a batch."""
    base = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute(f"pragma synchronous={_synchronous(mode)}")
    base.execute("create table log (seq integer primary key, event text)")
    took, seq = 0.0, 1
    for events in given:
        rows = [(line.decode(),) for line in encode_records(seq, 0, events)]
        seq += len(rows)
        began = time.perf_counter()
        base.execute("begin")
        base.executemany("insert into log (event) values (?)", rows)
        base.execute("commit")
        took += time.perf_counter() - began
    began = time.perf_counter()
    base.close()
    return took + time.perf_counter() - began


def _synchronous(mode: Durability) -> str:
    return "full" if mode is Durability.COMMIT else "normal"
