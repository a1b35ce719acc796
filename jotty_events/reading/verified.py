"""What a verification found: divergences, notes, and how much was looked at.

Invariants: what is found does not depend on how the work was parted, nor on who did it: parts are taken in the order
of the runs and of their records.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from msgspec import to_builtins

_SHOWN = 120
Basis = Literal["rules", "state"]
_SAYS: dict[Basis, str] = {"rules": "the rules conclude", "state": "the state before it gives"}


class Refused(str):
    """Why nothing follows from a record; it equals no recorded value, whatever that says."""


@dataclass(frozen=True)
class Divergence:
    """A field that is recorded otherwise than it follows: the event's run, seq and tag, and both values.

    `basis` says from what it follows: by the rules from the event's own fields, or from the replayed state before the
    event. `recomputed` is a Refused, a text, where nothing follows.
    """

    run: str
    seq: int
    tag: str
    field: str
    recorded: Any
    recomputed: Any
    basis: Basis = "rules"

    def __str__(self) -> str:
        recorded, recomputed = f"{self.recorded!r:.{_SHOWN}}", f"{self.recomputed!r:.{_SHOWN}}"
        return f"{self.run}@{self.seq}: {self.tag}.{self.field} is {recorded}, and {_SAYS[self.basis]} {recomputed}"

    def to_dict(self) -> dict[str, Any]:
        """Return the divergence as JSON values."""
        return {
            "run": self.run,
            "seq": self.seq,
            "tag": self.tag,
            "field": self.field,
            "recorded": _json(self.recorded),
            "recomputed": _json(self.recomputed),
            "basis": self.basis,
        }


@dataclass(frozen=True)
class Note:
    """What of a run was not verified, and why."""

    run: str
    message: str

    def __str__(self) -> str:
        return f"{self.run}: {self.message}"

    def to_dict(self) -> dict[str, str]:
        """Return the note as JSON values."""
        return {"run": self.run, "message": self.message}


@dataclass
class Part:
    """What was found in a stretch of one run. `unread` counts the records that this version cannot read, by tag."""

    run: str
    divergences: list[Divergence] = field(default_factory=list)
    diverging: int = 0
    records: int = 0
    events: int = 0
    values: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    judged: bool = True


class Verified(list[Divergence]):
    """The first divergences of each run: empty when everything that was verified follows as it was recorded.

    `diverging` counts all fields that diverge, by run; `events` and `values` count what was verified.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []
        self.diverging: Counter[str] = Counter()
        self.runs = 0
        self.records = 0
        self.events = 0
        self.values = 0

    def __str__(self) -> str:
        sound = f"the rules conclude what was recorded: {self.values} values of {self.events} events, {self.runs} runs"
        return "\n".join(map(str, self)) or sound

    def take(self, run: str, parts: Sequence[Part], most: int) -> None:
        """Take up what was found in the parts of a run, in their order; at most so many divergences."""
        self.runs += any(part.judged for part in parts)
        self += [one for part in parts for one in part.divergences][:most]
        diverging = sum(part.diverging for part in parts)
        if diverging:
            self.diverging[run] += diverging
        for part in parts:
            self.records += part.records
            self.events += part.events
            self.values += part.values
        self.notes += [Note(run, message) for message in _messages(parts)]


def _messages(parts: Sequence[Part]) -> list[str]:
    """Return each note once, and how many records could not be read."""
    unread: Counter[str] = Counter()
    for part in parts:
        unread.update(part.unread)
    said = dict.fromkeys(message for part in parts for message in part.notes)
    return [*said, *(f"{count} of {tag} cannot be read: not verified" for tag, count in sorted(unread.items()))]


def _json(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, float) and not isfinite(value)):
        return str(value)
    return to_builtins(value)
