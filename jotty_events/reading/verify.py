"""Whether the rules still conclude what was recorded: every learning event, from its own fields.

Invariants: verifying changes nothing, and needs no state. Numbers agree only if they are equal to the last bit. What
cannot be verified is a note, never passed over in silence. Whether the bytes are what was written is another question:
damage is raised as it is when a run is read.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any

from msgspec import Struct
from msgspec.structs import fields as struct_fields

from ..errors import FormatError
from ..events import Event, RunStarted, tag_of
from ..record import LineError, Opaque, Record, decode_record
from ..runs.reader import RunReader
from ..runs.tree import Tree
from .conclusions import CONCLUSIONS, RULES, Conclusion, Settings

_SHOWN = 120
_REFUSALS = (ValueError, ArithmeticError, LookupError)
"""What a rule raises for numbers that it does not conclude anything from."""


class Refused(str):
    """Why a rule concludes nothing; it equals no recorded value, whatever that says."""


@dataclass(frozen=True)
class Divergence:
    """A field that the rules conclude otherwise than it was recorded: the event's run, seq and tag, and both values.

    `recomputed` is a Refused, a text, where the rule takes no such numbers.
    """

    run: str
    seq: int
    tag: str
    field: str
    recorded: Any
    recomputed: Any

    def __str__(self) -> str:
        recorded, recomputed = f"{self.recorded!r:.{_SHOWN}}", f"{self.recomputed!r:.{_SHOWN}}"
        return f"{self.run}@{self.seq}: {self.tag}.{self.field} is {recorded}, and the rules conclude {recomputed}"

    def to_dict(self) -> dict[str, Any]:
        """Return the divergence as JSON values."""
        return {
            "run": self.run,
            "seq": self.seq,
            "tag": self.tag,
            "field": self.field,
            "recorded": self.recorded,
            "recomputed": _json(self.recomputed),
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


class Verified(list[Divergence]):
    """The first divergences of each run: empty when the rules conclude what was recorded.

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


def verify(
    tree: Tree, runs: Sequence[str] | None = None, progress: Callable[[str], None] | None = None, *, most: int = 1
) -> Verified:
    """Verify the runs of a history, or those named, and return the first `most` divergences of each.

    `progress` is told each run's id before it is verified. Raises UnknownRun, and FormatError or Corruption for a run
    that cannot be read: `check` says where it is damaged.
    """
    result = Verified()
    for run in tree.run_ids() if runs is None else runs:
        if progress is not None:
            progress(run)
        if runs is not None or tree.exists(run):
            _RunVerification(tree.run(run), result, most).all()
    return result


class _RunVerification:
    """The verification of one run."""

    def __init__(self, reader: RunReader, result: Verified, most: int) -> None:
        self._reader = reader
        self._run = reader.run
        self._result = result
        self._most = most
        self._settings: Settings = {}
        self._unread: Counter[str] = Counter()

    def all(self) -> None:
        """Verify every event, and note what could not be."""
        records = self._records()
        unfit = self._began(next(records, None))
        if unfit is not None:
            self._note(unfit)
            return
        self._result.runs += 1
        for record in records:
            self._result.records += 1
            self._verify(record)
        for tag, count in sorted(self._unread.items()):
            self._note(f"{count} of {tag} cannot be read: not verified")

    def _note(self, message: str) -> None:
        self._result.notes.append(Note(self._run, message))

    def _records(self) -> Iterator[Record | Opaque]:
        for commit in self._reader.commits():
            for seq, line in enumerate(commit.lines, commit.first):
                try:
                    yield decode_record(line)
                except LineError as error:
                    where = self._reader.files.describe(self._reader.segment_of(seq))
                    message = f"{where}: record {seq} cannot be read: {error}"
                    raise FormatError(message, file=where, hint="name the other runs to verify only those") from error

    def _began(self, first: Record | Opaque | None) -> str | None:
        """Take over the settings of the run; return why it cannot be verified, None if it can."""
        started = first.event if isinstance(first, Record) else None
        if not isinstance(started, RunStarted):
            return "its first record cannot be read, which holds its settings: not verified"
        if started.rules != RULES:
            return f"learned by rules version {started.rules}, and only version {RULES} is known here: not verified"
        self._result.records += 1
        self._settings = started.config
        return None

    def _verify(self, record: Record | Opaque) -> None:
        if isinstance(record, Opaque):
            self._unread[record.tag if record.leaf is None else f"{record.tag} (redacted)"] += 1
            return
        conclusion = CONCLUSIONS.get(type(record.event))
        if conclusion is not None:
            self._result.events += 1
            for divergence in self._divergences(record, conclusion):
                self._found(divergence)

    def _divergences(self, record: Record, conclusion: Conclusion) -> Iterator[Divergence]:
        event = record.event
        names = _written(type(event))
        for field, recomputed in _concluded(event, conclusion, self._settings).items():
            self._result.values += 1
            recorded = getattr(event, field)
            if not _same(recorded, recomputed):
                yield Divergence(self._run, record.seq, tag_of(event), names[field], recorded, recomputed)

    def _found(self, divergence: Divergence) -> None:
        if self._result.diverging[self._run] < self._most:
            self._result.append(divergence)
        self._result.diverging[self._run] += 1


def _concluded(event: Event, conclusion: Conclusion, settings: Settings) -> dict[str, Any]:
    try:
        return conclusion.conclude(event, settings)
    except _REFUSALS as error:
        return {conclusion.fields[0]: Refused(f"refused: {error}")}


@cache
def _written(kind: type[Struct]) -> dict[str, str]:
    """Return the names of an event's fields as they stand in the log."""
    return {field.name: field.encode_name for field in struct_fields(kind)}


def _same(recorded: Any, recomputed: Any) -> bool:
    """Say whether two values are the same: floats to the last bit, and an integer that was recorded as a float."""
    if isinstance(recorded, float) and isinstance(recomputed, float | int):
        return recorded.hex() == float(recomputed).hex()
    return type(recorded) is type(recomputed) and bool(recorded == recomputed)


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not isfinite(value) else value
