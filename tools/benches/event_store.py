"""The library eventsourcing on SQLite: one aggregate that is the Q-table, an event an update."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from msgspec.structs import asdict

from jotty_events.events import Event


class QValues(Aggregate):
    """Value, visits and average reward by state and action."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], tuple[float, int, float]] = {}

    @event("Updated")
    def update(self, change: dict[str, Any]) -> None:
        """Take up one update."""
        self.values[change["state"], change["action"]] = change["after"], change["visits"], change["average_reward"]


class EventStore:
    """An application with one aggregate, below a folder."""

    def __init__(self, folder: Path) -> None:
        place = str(folder / "store.sqlite")
        self._app: Application[Any] = Application(
            env={**os.environ, "PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": place}
        )
        self._table = QValues()

    def append(self, batches: Iterable[list[Event]]) -> float:
        """Save batches of events, a transaction each; returns the seconds from fields to disk."""
        took = 0.0
        for batch in batches:
            fields = [asdict(one) for one in batch]
            began = time.perf_counter()
            for one in fields:
                self._table.update(one)
            self._app.save(self._table)
            took += time.perf_counter() - began
        return took

    def replay(self) -> float:
        """Load the aggregate from its events; returns the seconds."""
        began = time.perf_counter()
        self._app.repository.get(self._table.id)
        return time.perf_counter() - began
