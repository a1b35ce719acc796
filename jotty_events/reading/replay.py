"""State by replay: every record of a lineage, in order, applied to every projection.

Invariants: the result depends on the records alone. A record that this version cannot read is counted and passed over,
unless a projection names its tag: then the state would be wrong, and UnknownEvent is raised.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError, UnknownEvent
from ..events import tag_of
from ..projection import Projection
from ..record import Opaque, Record
from ..runs.lineage import Kept

Progress = Callable[[int], None]
"""Told now and then how many records were read since it was last told."""

_EVERY = 2048


@dataclass
class Replayed:
    """States by projection name after record `seq`; `unknown` counts the tags that were passed over."""

    states: dict[str, Any]
    seq: int = 0
    unknown: Counter[str] = field(default_factory=Counter)


class Replay:
    """Applies records to projections, each record only where it is read."""

    def __init__(self, projections: Sequence[Projection], states: Mapping[str, Any] | None = None) -> None:
        self.projections = tuple(projections)
        _require_names_apart(self.projections)
        self.result = Replayed({one.name: one.initial() for one in projections} | dict(states or {}))
        self._readers: dict[str, list[Projection]] = {}
        for projection in projections:
            for event in projection.reads:
                tag = event if isinstance(event, str) else tag_of(event)
                self._readers.setdefault(tag, []).append(projection)

    def apply(self, record: Record) -> None:
        """Bring all states forward by one record."""
        for projection in self._readers.get(tag_of(record.event), ()):
            projection.apply(self.result.states[projection.name], record)
        self.result.seq = record.seq

    def pass_over(self, record: Opaque) -> None:
        """Count a record that cannot be read; UnknownEvent if a projection needs it."""
        for projection in self._readers.get(record.tag, ()) if record.leaf is None else ():
            raise UnknownEvent(
                f"record {record.seq} is a {record.tag!r} that cannot be read, and {projection.name} needs it",
                hint="upgrade jotty-events, or leave that projection out",
            )
        self.result.unknown[record.tag] += 1
        self.result.seq = record.seq

    def run(self, records: Iterable[Kept], progress: Progress | None = None) -> Replayed:
        """Apply all records; `progress` is told how many, now and then."""
        untold = 0
        for kept in records:
            if isinstance(kept.record, Record):
                self.apply(kept.record)
            else:
                self.pass_over(kept.record)
            untold += 1
            if progress is not None and untold == _EVERY:
                progress(untold)
                untold = 0
        if progress is not None and untold:
            progress(untold)
        return self.result


def _require_names_apart(projections: Sequence[Projection]) -> None:
    names = [getattr(one, "name", None) for one in projections]
    for one, name in zip(projections, names, strict=True):
        if isinstance(one, type) or not isinstance(name, str):
            raise ConfigError(f"{one!r:.80} is no projection", hint="pass instances, as jotty_events.projection says")
        if names.count(name) > 1:
            raise ConfigError(f"two projections are named {name!r}", hint="give yours another name")


def digests(projections: Iterable[Projection], states: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of each projection's state by name."""
    return {one.name: one.digest(states[one.name]) for one in projections}
