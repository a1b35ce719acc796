"""What differs between two points, row by row.

Invariants: `before` and `after` are whole rows by column, or None where there is none; a list of the last k has one
column. Putting every change's `after` in the place of its `before` makes the one state the other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from ...runs.point import Point
from ..touched import named

Kind = Literal["added", "removed", "changed"]
Row = dict[str, Any]

MEASURED = {
    ("q_table", "entries"): "value",
    ("q_table", "parameters"): "value",
    ("memory", "entries"): "default_value",
    ("memory", "goal_values"): "value",
    ("memory", "links"): "confidence",
    ("memory", "parameters"): "value",
    ("brain", "hippocampus"): "strength",
    ("brain", "neocortex"): "strength",
    ("todos", "tasks"): "estimated_reward",
    ("goals", "nodes"): "success_rate",
    ("episodes", "episodes"): "reward",
}
"""The tables that people ask about, each with the column that says how much a row is worth."""

_SAYING = ("content", "text", "description", "goal")
_CUT = 80


class Cause(NamedTuple):
    """An event that wrote a row."""

    run: str
    seq: int
    type: str

    def __str__(self) -> str:
        return f"{self.type} {self.run}@{self.seq}"

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return self._asdict()


@dataclass(frozen=True)
class Change:
    """A row that was added, removed or changed.

    `events` wrote it on the way to the second point since the two lines part, `undone` on the way to the first: those
    are not in the second point's line.
    """

    projection: str
    table: str
    key: tuple[Any, ...]
    before: Row | None
    after: Row | None
    events: Sequence[Cause] = ()
    undone: Sequence[Cause] = ()

    @property
    def kind(self) -> Kind:
        """Whether the row was added, removed or changed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def columns(self) -> list[str]:
        """The columns that differ."""
        before, after = self.before or {}, self.after or {}
        return [name for name in {**before, **after} if repr(before.get(name)) != repr(after.get(name))]

    @property
    def measure(self) -> str | None:
        """The column that says how much the row is worth; None if its table has no such column."""
        return MEASURED.get((self.projection, self.table))

    @property
    def says(self) -> str:
        """What the row says in words, where it says something that its key does not."""
        row = self.after or self.before or {}
        found = next((row[name] for name in _SAYING if isinstance(row.get(name), str)), "")
        return "" if found in self.key else found

    def worth(self) -> tuple[float | None, float | None]:
        """Return how much the row was worth before and after."""
        name = self.measure
        return (None, None) if name is None else (_number(self.before, name), _number(self.after, name))

    @property
    def moved(self) -> float:
        """How far its worth moved; an added or removed row counts with all that it is worth."""
        before, after = self.worth()
        return abs((after or 0.0) - (before or 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "projection": self.projection,
            "table": self.table,
            "key": list(self.key),
            "kind": self.kind,
            "columns": self.columns,
            "before": self.before,
            "after": self.after,
            "events": [one.to_dict() for one in self.events],
            "undone": [one.to_dict() for one in self.undone],
        }

    def __str__(self) -> str:
        before, after = self.worth()
        worth = "" if self.measure is None else f" {self.measure} {_shown(before)} → {_shown(after)}"
        says = f" ({self.says:.{_CUT}})" if self.says else ""
        return f"{self.kind} {self.projection}.{self.table} {named(self.key)}{says}{worth}"


def _number(row: Row | None, name: str) -> float | None:
    value = None if row is None else row.get(name)
    return float(value) if isinstance(value, int | float) else None


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@dataclass(frozen=True)
class Diff:
    """What differs between the points `a` and `b`, biggest movers first; `meeting` is where their lines part."""

    a: Point
    b: Point
    meeting: Point | None
    changes: list[Change] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def of(self, projection: str, table: str | None = None) -> list[Change]:
        """Return the changes of one projection, or of one of its tables."""
        return [one for one in self.changes if one.projection == projection and table in (None, one.table)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows of what people ask about were added, removed and changed, by projection and table."""
        found: dict[str, Counter[str]] = {}
        for one in self.changes:
            found.setdefault(f"{one.projection}.{one.table}", Counter())[one.kind] += 1
        return {name: dict(sorted(counts.items())) for name, counts in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON values."""
        return {
            "a": asdict(self.a),
            "b": asdict(self.b),
            "meeting": None if self.meeting is None else asdict(self.meeting),
            "counts": self.counts(),
            "changes": [one.to_dict() for one in self.changes],
        }

    def __str__(self) -> str:
        title = f"from {self.a} to {self.b}: "
        told = [one for one in self.changes if one.measure is not None]
        others = len(self.changes) - len(told)
        rest = [f"and {others} rows of what the learners keep for themselves"] if others else []
        return "\n".join(
            [title + (f"{len(self.changes)} rows differ" if self.changes else "nothing differs")]
            + [str(one) for one in told]
            + rest
        )
