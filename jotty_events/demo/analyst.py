"""The demo's agent: it composes SQL from a goal and an approach, runs it, and has its answer checked.

Invariants: nothing here knows which approach is right. An answer counts as a success only if the books, which were
kept without the database, say the same; what SQLite raises is passed on as it is.
"""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..outcome import Outcome, Task
from .payments import books, read_only

NAIVE, PARTITIONED = "transaction_category", "partition column"
APPROACHES = (NAIVE, PARTITIONED)

_FILTERS = {
    NAIVE: "transaction_category = :kind AND date(created_at) = :day",
    PARTITIONED: "dl_last_updated = :day AND payment_type = :kind",
}
_LESSONS = {PARTITIONED: "filter days on dl_last_updated"}
_WORDS = {
    "P2P": ("p2p", "peer-to-peer", "peer to peer"),
    "P2M": ("p2m", "merchant"),
    "BILL": ("bill",),
    "RECHARGE": ("recharge",),
    "REFUND": ("refund",),
}


@dataclass(frozen=True)
class Query:
    """A statement, and the values of its parameters; `str` shows it with the values in place."""

    sql: str
    values: dict[str, str]

    def __str__(self) -> str:
        shown = self.sql
        for name, value in self.values.items():
            shown = shown.replace(f":{name}", f"'{value}'")
        return shown


def compose(approach: str | None, goal: str, day: str) -> Query:
    """Return the SQL by which an approach counts what a goal asks for on a day; ValueError if there is none."""
    if approach not in _FILTERS:
        raise ValueError(f"{approach!r} is no way to count payments")
    return Query(f"SELECT count(*) FROM payments WHERE {_FILTERS[approach]}", {"kind": kind_of(goal), "day": day})


def kind_of(goal: str) -> str:
    """Return the type of payment that a goal is about; ValueError if it names none."""
    said = goal.casefold()
    for kind, words in _WORDS.items():
        if any(word in said for word in words):
            return kind
    raise ValueError(f"{goal!r} names no type of payment")


@dataclass
class Analyst:
    """Counts payments of one day in a database. `queries` are the statements that it ran, oldest first."""

    database: Path
    day: str
    queries: list[Query] = field(default_factory=list)

    def __call__(self, task: Task) -> Outcome:
        """Count what the goal asks for, with the task's approach; sqlite3.Error where SQLite cannot."""
        query = compose(task.approach, task.goal, self.day)
        self.queries.append(query)
        counted = self._count(query)
        known = books()[self.day, query.values["kind"]]
        if counted != known:
            return Outcome(success=False, output=counted, error=f"counted {counted:,}, but the books say {known:,}")
        return Outcome(success=True, output=counted, lesson=_LESSONS.get(task.approach or ""))

    def _count(self, query: Query) -> int:
        with closing(read_only(self.database)) as connection:
            return int(connection.execute(query.sql, query.values).fetchone()[0])
