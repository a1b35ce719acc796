"""Judging one event: whether its fields are what follows from it, and from the state before it.

Invariants: judging changes nothing. Numbers agree only if they are equal to the last bit. What cannot be judged is a
note, never passed over in silence.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from msgspec.json import Encoder
from msgspec.structs import fields as struct_fields

from ..errors import FormatError, JottyError
from ..events import Event, RunStarted, tag_of
from ..record import LineError, Opaque, Record, decode_record
from ..rules import VERSIONS
from ..runs.reader import RunReader
from .conclusions import CONCLUSIONS, Found, Settings
from .verified import Basis, Divergence, Part, Refused

REFUSALS = (ValueError, ArithmeticError, LookupError, JottyError)
"""What a rule, or a look into a state, raises where nothing follows."""

_encode = Encoder(order="sorted").encode


def decoded(reader: RunReader, seq: int, line: bytes) -> Record | Opaque:
    """Return the record of a line; FormatError for one that was never an event of ours."""
    try:
        return decode_record(line)
    except LineError as error:
        where = reader.files.describe(reader.segment_of(seq))
        message = f"{where}: record {seq} cannot be read: {error}"
        raise FormatError(message, file=where, hint="name the other runs to verify only those") from error


def settings_of(first: object) -> Settings | str:
    """Return what a run was learned by, as its first record has it; a text says why nobody knows."""
    started = first.event if isinstance(first, Record) else None
    if not isinstance(started, RunStarted):
        return "its first record cannot be read, which holds its settings: not verified"
    if started.rules not in VERSIONS:
        known = " and ".join(map(str, VERSIONS))
        return f"learned by rules version {started.rules}, and versions {known} are known here: not verified"
    return Settings(started.config, started.rules)


class Judge:
    """Judges the records of one run, or of a stretch of it, one after the other."""

    def __init__(self, run: str, settings: Settings, most: int) -> None:
        self.part = Part(run)
        self._settings = settings
        self._most = most

    def judge(self, record: Record | Opaque, read: Found | None = None) -> None:
        """Judge a record; `read` is what the state before it gives for its fields, where that is known."""
        self.part.records += 1
        if isinstance(record, Opaque):
            self.part.unread[record.tag if record.leaf is None else f"{record.tag} (redacted)"] += 1
            return
        concluded = _concluded(record.event, self._settings)
        if concluded is not None or read:
            self.part.events += 1
            for divergence in self._divergences(record, concluded or {}, read or {}):
                self.found(divergence)

    def _divergences(self, record: Record, concluded: Found, read: Found) -> Iterator[Divergence]:
        event = record.event
        names: dict[str, str] = _written(type(event))
        for field, recomputed in (read | concluded).items():
            self.part.values += 1
            recorded = getattr(event, field)
            if not same(recorded, recomputed):
                basis: Basis = "rules" if field in concluded else "state"
                yield Divergence(self.part.run, record.seq, tag_of(event), names[field], recorded, recomputed, basis)
            elif field in read and not same(recorded, read[field]):
                yield Divergence(self.part.run, record.seq, tag_of(event), names[field], recorded, read[field], "state")

    def found(self, divergence: Divergence) -> None:
        """Count a divergence, and keep it if it is one of the first."""
        if self.part.diverging < self._most:
            self.part.divergences.append(divergence)
        self.part.diverging += 1


def _concluded(event: Event, settings: Settings) -> Found | None:
    """Return what follows from an event's own fields, None if its kind concludes nothing."""
    conclusion = CONCLUSIONS.get(type(event))
    if conclusion is None:
        return None
    try:
        return conclusion.conclude(event, settings)
    except REFUSALS as error:
        return {conclusion.fields[0]: Refused(f"refused: {error}")}


@cache
def _written(kind: Any) -> dict[str, str]:
    """Return the names of an event's fields as they stand in the log."""
    return {field.name: field.encode_name for field in struct_fields(kind)}


def same(recorded: Any, recomputed: Any) -> bool:
    """Say whether two values are the same: floats to the last bit, and an integer that was recorded as a float."""
    if isinstance(recomputed, Refused):
        return False
    if isinstance(recorded, float) and isinstance(recomputed, float | int):
        return recorded.hex() == float(recomputed).hex()
    if isinstance(recorded, list | dict):
        return _encode(recorded) == _encode(recomputed)
    return type(recorded) is type(recomputed) and bool(recorded == recomputed)
