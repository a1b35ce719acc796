"""Measures, ours beside the peers in one run, as ratios: `python tools/bench.py [--json] [--only NAME] [--scale F]`.

Every figure is the median of several rounds; ours and a peer's take turns, so that a machine whose speed drifts slows
both alike. Times are seconds; nothing here is a test.
"""

import json
import platform
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click

from jotty_events.events import QUpdated
from jotty_events.log.files import DiskFiles
from jotty_events.record import encode_records
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability

ROUNDS = 5
BATCH = 1000


@dataclass(frozen=True)
class Figure:
    """One measured thing: events per second, and the ratio to the peer of the same name."""

    name: str
    mode: str
    events: int
    per_second: float
    peer: str | None = None
    ratio: float | None = None


def updates(first: int, n: int) -> list[QUpdated]:
    """Return n Q updates over a thousand keys, as real ones look."""
    return [_update(i) for i in range(first, first + n)]


def _update(i: int) -> QUpdated:
    return QUpdated(
        episode=i // 10,
        actor="analyst",
        attempt=i % 10 + 1,
        state=f"QUERY: Count P2P transactions {i % 1000} | INTENT: COUNT | DOMAIN: P2P+UPI | ACTOR: analyst",
        action="APPROACH: partition column",
        reward=(i % 7) / 7,
        next_state=None,
        done=True,
        cause="experience",
        now=1767700800.0 + i,
        before=0.5,
        before_nth=i % 1000,
        before_raw=0.5,
        before_similarity=1.0,
        next_max=0.0,
        next_nth=None,
        average_before=0.5,
        alpha=0.1,
        gamma=0.99,
        target=(i % 7) / 7,
        td_error=(i % 7) / 7 - 0.5,
        after=0.51,
        visits=i // 1000 + 1,
        average_reward=0.5,
        lesson=None,
        created=1767700800.0,
        nth=i % 1000,
    )


def append_ours(folder: Path, n: int, mode: Durability) -> float:
    """Append n events in batches, from structs to a chained log; returns the seconds in `append`."""
    plan = RunPlan(
        clock=time.time, entropy=secrets.token_bytes, rules=2, library="bench", mode="persistent", durability=mode
    )
    writer = RunWriter.create(DiskFiles(folder / "ours"), plan)
    took = 0.0
    for first in range(0, n, BATCH):
        batch = updates(first, BATCH)
        began = time.perf_counter()
        writer.append(batch)
        took += time.perf_counter() - began
    writer.close()
    return took


def append_sqlite(folder: Path, n: int, mode: Durability) -> float:
    """Insert n rows of the same bytes, encoded beforehand, into SQLite in WAL mode, a transaction a batch."""
    base = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute(f"pragma synchronous={'full' if mode is Durability.COMMIT else 'normal'}")
    base.execute("create table if not exists log (seq integer primary key, event text)")
    took = 0.0
    for first in range(0, n, BATCH):
        batch = [(line.decode(),) for line in encode_records(first, 0, updates(first, BATCH))]
        began = time.perf_counter()
        base.execute("begin")
        base.executemany("insert into log (event) values (?)", batch)
        base.execute("commit")
        took += time.perf_counter() - began
    base.close()
    return took


def bench_append(scale: float) -> list[Figure]:
    """Durable append, per durability mode, beside raw SQLite in WAL mode."""
    n = max(BATCH, int(100_000 * scale) // BATCH * BATCH)
    return [figure for mode in Durability for figure in _append_mode(n, mode)]


def _append_mode(n: int, mode: Durability) -> list[Figure]:
    ours, peer = _in_turn(lambda f: append_ours(f, n, mode), lambda f: append_sqlite(f, n, mode))
    sync = "full" if mode is Durability.COMMIT else "normal"
    return [
        Figure("append", mode.value, n, n / ours, "sqlite", peer / ours),
        Figure("sqlite", f"wal, synchronous={sync}", n, n / peer),
    ]


def _in_turn(ours: Callable[[Path], float], peer: Callable[[Path], float]) -> tuple[float, float]:
    """Return the medians of both, measured turn by turn in fresh folders."""
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            times.append((ours(Path(folder)), peer(Path(folder))))
    return median(one for one, _ in times), median(other for _, other in times)


BENCHES: dict[str, Callable[[float], list[Figure]]] = {"append": bench_append}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--only", type=click.Choice(sorted(BENCHES)), help="Measure only this.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Times as many events.")
def main(as_json: bool, only: str | None, scale: float) -> None:
    """Measure, and print what was measured."""
    figures = [figure for name, bench in BENCHES.items() if only in (None, name) for figure in bench(scale)]
    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    if as_json:
        click.echo(json.dumps({"machine": machine, "rounds": ROUNDS, "figures": [asdict(one) for one in figures]}))
        return
    click.echo(f"{machine}; medians of {ROUNDS}")
    for one in figures:
        beside = "" if one.ratio is None else f"   {one.ratio:.2f} x {one.peer}"
        click.echo(f"{one.name:8} {one.mode:26} {one.per_second:12,.0f} events/s{beside}")


if __name__ == "__main__":
    sys.exit(main())
