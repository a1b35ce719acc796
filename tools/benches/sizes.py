"""Bytes kept per learning step, in the log and packed, beside a checkpointer that keeps the whole state each time."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from jotty_events import AgentConfig, Conductor, History, JottyConfig
from jotty_events.log.files import DiskFiles
from jotty_events.types import Durability
from tools.loads.questions import question
from tools.loads.synthetic import Load, synthesize

from .figure import Budget, Figure, Unavailable
from .packing import packed
from .peers import peer
from .places import scratch, size_of

ENTRIES = 10_000
STEPS = 2000
CHECKPOINTS = 5


def bench_sizes(scale: float) -> Iterator[Figure]:
    """Measure a state of ten thousand entries, its buffer full; a step is experience, update, eviction and commit."""
    entries = max(100, int(ENTRIES * scale))
    with scratch() as folder:
        synthesize(DiskFiles(folder), Load(entries, keys=entries))
        yield from _ours(folder, entries)
    yield from _checkpointer(entries)


def _ours(folder: Path, entries: int) -> Iterator[Figure]:
    config = JottyConfig(output_base_dir=folder, durability=Durability.COMMIT, seed=1, max_experience_buffer=100)
    with Conductor([AgentConfig(name="analyst", agent=print)], config) as conductor:
        q = conductor.q_predictor
        source = Random(1)
        states = sorted({state for state, _ in q.Q})
        for _ in range(config.max_experience_buffer):
            q.add_experience(source.choice(states), "APPROACH: partition column", 0.7, None, True)
        segments = folder / str(conductor.run_id) / "events"
        before = size_of(segments)
        for _ in range(STEPS):
            reward = round(source.random(), 3)
            q.add_experience(source.choice(states), "APPROACH: partition column", reward, None, True)
        logged = (size_of(segments) - before) / STEPS
    yield Figure("sizes", "ours, in the log", logged, "bytes/step", logged, "", Budget(1500, at_most=True))
    steps = STEPS + config.max_experience_buffer
    try:
        took = packed(History(folder), folder) / (entries / 3 + steps)
        yield Figure("sizes", "ours, packed", took, "bytes/step", took, "", Budget(60, at_most=True))
    except Unavailable as error:
        yield Figure("sizes", f"ours, packed: not measured, {error}", float("nan"), "bytes/step")


def _checkpointer(entries: int) -> Iterator[Figure]:
    """Let LangGraph's SQLite checkpointer keep the same state after each step."""
    sqlite = peer("langgraph.checkpoint.sqlite")
    source = Random(1)
    table: dict[str, Any] = {
        f"{question(source)}|||APPROACH: partition column": {
            "value": source.random(),
            "visit_count": 3,
            "avg_reward": source.random(),
            "td_errors": [source.random() for _ in range(3)],
            "learned_lessons": [],
            "last_updated": 1767700800.0,
        }
        for _ in range(entries)
    }
    with scratch() as folder:
        place = folder / "peer.sqlite"
        with sqlite.SqliteSaver.from_conn_string(str(place)) as saver:
            configured: Any = {"configurable": {"thread_id": "1", "checkpoint_ns": ""}}
            for step in range(CHECKPOINTS):
                checkpoint = _checkpoint(step, table)
                configured = saver.put(configured, checkpoint, {"source": "loop", "step": step}, {"q_table": step + 1})
        took = size_of(folder) / CHECKPOINTS
    yield Figure("sizes", f"langgraph checkpointer, {entries:,} entries", took, "bytes/step")


_ids = count(1)


def _checkpoint(step: int, table: dict[str, Any]) -> dict[str, Any]:
    return {
        "v": 4,
        "id": f"{next(_ids):032x}",
        "ts": "2026-01-06T12:00:00+00:00",
        "channel_values": {"q_table": table},
        "channel_versions": {"q_table": step + 1},
        "versions_seen": {},
        "updated_channels": ["q_table"],
    }
