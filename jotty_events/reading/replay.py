"""State by replay: the records of a lineage, in order, applied to every projection, from the nearest snapshot on.

Invariants: the result depends on the records alone: a snapshot is what the records before it gave, and only if it
proves to be so. A record that this version cannot read is counted and passed over, unless a projection names its tag:
then the state would be wrong, and UnknownEvent is raised.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError, UnknownEvent
from ..events import tag_of
from ..projection import Projection, is_columnar
from ..record import Opaque, Record
from ..runs.lineage import Kept, Lineage, Span, walk
from ..runs.point import Point
from ..runs.reader import RunReader
from ..runs.stretches import Loose
from .snapshot.laid import Saved
from .snapshot.store import Opened, Snapshots

Progress = Callable[[int], None]
"""Told now and then how many records were read since it was last told."""

_EVERY = 2048
LONG = 100_000
"""So many loose records are as soon folded as applied; the state that they leave is saved in half the time."""


@dataclass
class Replayed:
    """States by projection name after record `seq`; `unknown` counts the tags that were passed over.

    `missed` holds those of them that could not be read; `saved` is what lies beneath the states, and `saved_at` the seq
    that it stands for.
    """

    states: dict[str, Any]
    seq: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    missed: set[str] = field(default_factory=set)
    saved: Saved = field(default_factory=Saved)
    saved_at: int = 0


class Replay:
    """Applies records to projections, each record only where it is read."""

    def __init__(self, projections: Sequence[Projection], states: Mapping[str, Any] | None = None) -> None:
        self.projections = tuple(projections)
        require_names_apart(self.projections)
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

    def pass_over(self, record: Opaque, count: int = 1) -> None:
        """Count a record that cannot be read, or so many of its tag; UnknownEvent if a projection needs it."""
        for projection in self._readers.get(record.tag, ()) if record.leaf is None else ():
            raise UnknownEvent(
                f"record {record.seq} is a {record.tag!r} that cannot be read, and {projection.name} needs it",
                hint="upgrade jotty-events, or leave that projection out",
            )
        self.result.unknown[record.tag] += count
        if record.leaf is None:
            self.result.missed.add(record.tag)
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


class Resuming:
    """Replays lineages from the nearest snapshots on; `find` gives the reader of a run id."""

    def __init__(self, find: Callable[[str], RunReader], snapshots: Snapshots) -> None:
        self._find = find
        self.snapshots = snapshots
        self._rescues: dict[tuple[str, str], Any] = {}

    def at(self, point: Point, projections: Sequence[Projection], progress: Progress | None = None) -> Replay:
        """Return the replay that reached a point; UnknownRun, FormatError, Corruption, UnknownEvent."""
        lineage, starts, rest = self._starts(point, projections)
        reached = Replay(projections)
        if rest or not starts:
            _join(reached.result, _pass(lineage, 0, Replay(rest), progress).result)
        for opened in reversed(starts):
            if progress is not None:
                progress(opened.seq)
            chosen = [one for one in projections if one.name in opened.states]
            passed = _pass(lineage, opened.seq, _replay_from(opened, chosen), progress)
            _join(reached.result, passed.result)
        return reached

    def _starts(
        self, point: Point, projections: Sequence[Projection]
    ) -> tuple[Lineage, list[Opened], list[Projection]]:
        """Return the lineage as far back as it is needed, the snapshots to start from, and who is in none of them."""
        wanted, starts, spans = list(projections), list[Opened](), list[Span]()
        for span in walk(self._find(point.run), point.seq, self._find):
            spans.append(span)
            for opened in self.snapshots.usable(span, wanted, self._rescued):
                starts.append(opened)
                wanted[:] = [one for one in wanted if one.name not in opened.states]
                if not wanted:
                    return Lineage(spans[::-1]), starts, []
        return Lineage(spans[::-1]), starts, wanted

    def _rescued(self, projection: Projection, opened: Opened) -> Any:
        """Return a projection's state at the place of a snapshot that was found damaged: by replay of what is sound."""
        wanted = opened.folder, projection.name
        if wanted not in self._rescues:
            found = self.at(Point(opened.run, opened.seq), [projection])
            self._rescues[wanted] = found.result.states[projection.name]
        return self._rescues[wanted]


def _replay_from(opened: Opened, projections: Sequence[Projection]) -> Replay:
    replay = Replay(projections, opened.states)
    result, manifest = replay.result, opened.manifest
    result.seq = result.saved_at = opened.seq
    result.unknown.update(manifest.unknown)
    result.missed.update(manifest.missed)
    result.saved = opened.saved
    return replay


def _pass(lineage: Lineage, after: int, replay: Replay, progress: Progress | None) -> Replay:
    """Bring a replay to the end of a lineage: what is packed, or long, by columns, the rest record by record."""
    replay.run(lineage.records(_fold(lineage, after, replay, progress)), progress)
    return replay


def _fold(lineage: Lineage, after: int, replay: Replay, progress: Progress | None) -> int:
    """Fold the first part of a lineage where it is packed or long; return the seq up to where that was done."""
    stretches = list(lineage.stretches(after)) if any(map(is_columnar, replay.projections)) else []
    if all(isinstance(one, Loose) for one in stretches) and sum(one.upto - one.first + 1 for one in stretches) < LONG:
        return after
    # Arrow takes a while to load, and a history without packs needs none of it.
    from .fold import Fold, stretches_to_fold

    chosen = stretches_to_fold(stretches, LONG)
    if not chosen:
        return after
    fold = Fold(replay.projections, replay.result.states, after)
    for count in fold.run(lineage, chosen, replay.pass_over):
        if progress is not None:
            progress(count)
    replay.result.states.update(fold.states())
    replay.result.seq = fold.seq
    return fold.seq


def _join(whole: Replayed, part: Replayed) -> None:
    """Add the states of other projections; the newest snapshot says which older ones there are."""
    whole.states.update(part.states)
    whole.seq, whole.unknown, whole.missed = part.seq, part.unknown, part.missed
    whole.saved.layers.update(part.saved.layers)
    whole.saved.digests.update(part.saved.digests)
    whole.saved.indexes.update(part.saved.indexes)
    whole.saved.made.update(part.saved.made)
    whole.saved.kept, whole.saved_at = part.saved.kept, part.saved_at


def require_names_apart(projections: Sequence[Projection]) -> None:
    """See that what is passed as projections are some, each of a name of its own; ConfigError otherwise."""
    names = [getattr(one, "name", None) for one in projections]
    for one, name in zip(projections, names, strict=True):
        if isinstance(one, type) or not isinstance(name, str):
            raise ConfigError(f"{one!r:.80} is no projection", hint="pass instances, as jotty_events.projection says")
        if names.count(name) > 1:
            raise ConfigError(f"two projections are named {name!r}", hint="give yours another name")


def digests(projections: Iterable[Projection], states: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of each projection's state by name."""
    return {one.name: one.digest(states[one.name]) for one in projections}
