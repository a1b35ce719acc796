"""Loading the previous run up to its first use, beside `json.load` of the form in which the original kept it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jotty_events import History
from jotty_events.log.files import DiskFiles
from jotty_events.state import State
from tools.loads.synthetic import Load, synthesize

from .clock import median_of
from .figure import Budget, Figure
from .places import scratch

ENTRIES = 1_000_000
LONGER = 3
"""The longer history has so many events an entry."""


def bench_load(scale: float) -> Iterator[Figure]:
    """Measure a state of a million Q-values and a million memories, after a short history and a longer one."""
    entries = max(1000, int(ENTRIES * scale))
    with scratch() as folder:
        theirs = None
        for name, events in (("short", entries), ("longer", LONGER * entries)):
            output = folder / name
            synthesize(DiskFiles(output), Load(events, keys=entries, memories=entries, even=True))
            History(output).snapshot()
            if theirs is None:
                theirs = _original(folder / "original.json", History(output).at())
                yield Figure("load", f"json.load of {entries:,} + {entries:,} entries", theirs, "s")
            state, action, memory = _some(History(output).at())
            ours = median_of(lambda: _first_use(output, state, action, memory))  # noqa: B023  it is called at once
            budget = Budget(1 / 20, at_most=True)
            what = f"ours, {name} history of {events + entries:,} events"
            yield Figure("load", what, ours, "s", ours / theirs, "json.load", budget)


def _some(state: State) -> tuple[str, str, str]:
    question, action = next(iter(state.q_table))
    return question, action, next(iter(state.memory["shared"]["semantic"]))


def _first_use(output: Path, state: str, action: str, memory: str) -> None:
    opened = History(output).at()
    assert opened.q_table[state, action].visits > 0
    assert opened.memory["shared"]["semantic"][memory].content


def _original(place: Path, state: State) -> float:
    """Write a state in the original's form; returns the median seconds of loading that."""
    table = {
        f"{question}|||{action}": {
            "value": entry.value,
            "context": [],
            "learned_lessons": entry.lessons,
            "visit_count": entry.visits,
            "avg_reward": entry.average_reward,
            "td_errors": entry.td_errors,
            "created_at": entry.created,
            "last_updated": entry.updated,
        }
        for (question, action), entry in state.q_table.items()
    }
    memories = {key: _memory(key, one.content) for key, one in state.memory["shared"]["semantic"].items()}
    place.write_text(json.dumps({"q_table": table, "memories": {"semantic": memories}}))

    def load() -> None:
        with place.open() as file:
            json.load(file)

    return median_of(load, 3)


def _memory(key: str, content: str) -> dict[str, Any]:
    return {
        "key": key,
        "content": content,
        "level": "semantic",
        "context": {"domain": "payments", "task_type": "aggregation"},
        "created_at": "2026-01-06T12:00:00",
        "last_accessed": "2026-01-06T12:00:00",
        "goal_values": {"goal": {"value": 0.5, "access_count": 0}},
        "default_value": 0.5,
        "access_count": 0,
        "ucb_visits": 0,
        "token_count": 10,
        "is_protected": False,
        "protection_reason": "",
        "causal_links": [],
        "metadata": {},
    }
