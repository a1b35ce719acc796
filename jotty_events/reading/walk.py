"""Verifying runs against the replayed state: each event beside the state just before it.

Invariants: every ancestor is replayed once, up to the last place where a run that is wanted leaves it; what a run
starts from is the state at its parent point, and is never shared with another run. After a record that cannot be read
the state is unknown: what follows is verified from its own fields alone, and a note says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

from ..events import Event, RunStarted, tag_of
from ..log.segment import Commit
from ..projection import Projection
from ..record import Opaque, Record
from ..runs.point import Point
from ..runs.reader import RunReader
from ..runs.tree import Tree
from .conclusions import Found, Settings
from .judging import REFUSALS, Judge, decoded, settings_of
from .replay import Replay
from .verified import Divergence, Part, Refused

States = Mapping[str, Any]


class Reading(Protocol):
    """What the states give for the fields of one run's events, one after the other."""

    notes: list[str]
    """What of the run nobody can tell from the states."""

    def foresee(self, event: Event) -> None:
        """Be told of every event of the run beforehand: some read the state long before they are recorded."""

    def read(self, event: Event) -> Found:
        """Return what the states give for fields of an event that comes next."""

    def passed(self, seq: int, event: Event | None) -> None:
        """Take note of a record that the states have taken up; None is one that they have passed over."""


class Deep(Protocol):
    """How states are made and read; `projections` are those that are replayed."""

    projections: Sequence[Projection]

    def reading(self, states: States, started: RunStarted) -> Reading:
        """Return what reads the states for one run, which change as it is replayed."""


@dataclass
class _Begun:
    """A run that is to be replayed: the states it starts from, and the record that made them unknown, if any."""

    run: str
    states: dict[str, Any]
    lost: str | None = None


def walk(tree: Tree, runs: Sequence[str], deep: Deep, most: int) -> Iterator[Part]:
    """Verify the runs, and replay their ancestors; the parts come in the order in which they are done."""
    wanted = frozenset(runs)
    children = _children(tree, runs)
    waiting = [_Begun(run, _initial(deep)) for run in reversed(children[None])]
    while waiting:
        replayed = _Replayed(tree, waiting.pop(), children, deep)
        if replayed.begun.run in wanted:
            yield replayed.verified(most)
        else:
            replayed.passed()
        waiting += reversed(replayed.handed)


def _initial(deep: Deep) -> dict[str, Any]:
    return {one.name: one.initial() for one in deep.projections}


def _children(tree: Tree, runs: Iterable[str]) -> dict[str | None, list[str]]:
    """Return the runs and their ancestors by their parents, in the order in which they leave them."""
    cuts: dict[str, tuple[str | None, int]] = {}
    for name in runs:
        run: str | None = name
        while run is not None and run not in cuts:
            parent = tree.run(run).parent
            cuts[run] = (None, 0) if parent is None else (parent.run, parent.seq)
            run = cuts[run][0]
    found: dict[str | None, list[str]] = {None: []}
    for run, (parent_run, _) in sorted(cuts.items(), key=lambda one: (one[1][1], one[0])):
        found.setdefault(parent_run, []).append(run)
    return found


class _Replayed:
    """The replay of one run."""

    def __init__(self, tree: Tree, begun: _Begun, children: Mapping[str | None, list[str]], deep: Deep) -> None:
        self.begun = begun
        self.handed: list[_Begun] = []
        self._tree = tree
        self._reader = tree.run(begun.run)
        self._deep = deep
        self._replay = Replay(deep.projections, begun.states)
        self._lost = begun.lost
        self._children = [(tree.run(child), child) for child in children.get(begun.run, ())]
        self._judge = Judge(begun.run, Settings(), 0)
        self._reading: Reading | None = None

    def passed(self) -> None:
        """Replay as far as a child needs it."""
        for commit in self._commits():
            for seq, line in enumerate(commit.lines, commit.first):
                self._apply(decoded(self._reader, seq, line))
            if not self._hand_over(commit, more=False):
                return
        self._require_no_child()

    def verified(self, most: int) -> Part:
        """Verify and replay the whole run."""
        end = None if self._reader.end is None else self._reader.end.seq
        for commit in self._commits():
            for seq, line in enumerate(commit.lines, commit.first):
                self._take(decoded(self._reader, seq, line), most)
            self._hand_over(commit, more=commit.last != end)
        self._require_no_child()
        if not self._judge.part.records and self._judge.part.judged:
            self._begin(None, most)
        if self._reading is not None:
            self._judge.part.notes += self._reading.notes
        return self._judge.part

    def _commits(self) -> Iterator[Commit]:
        return self._reader.commits()

    def _take(self, record: Record | Opaque, most: int) -> None:
        if record.seq == self._reader.first:
            self._begin(record, most)
        if not self._judge.part.judged:
            self._apply(record)
            return
        reading = self._reading if self._lost is None else None
        event = record.event if isinstance(record, Record) else None
        self._judge.judge(record, None if reading is None or event is None else _read(reading, event))
        self._apply(record)
        if reading is not None and self._lost is None:
            reading.passed(record.seq, event)

    def _begin(self, record: Record | Opaque | None, most: int) -> None:
        settings = settings_of(record)
        if isinstance(settings, str):
            self._judge.part.judged = False
            self._judge.part.notes.append(settings)
            return
        self._judge = Judge(self.begun.run, settings, most)
        if self._lost is not None:
            self._judge.part.notes.append(self._lost)
        elif isinstance(record, Record) and isinstance(record.event, RunStarted):
            self._reading = self._deep.reading(self._replay.result.states, record.event)
            for event in self._events():
                self._reading.foresee(event)

    def _events(self) -> Iterator[Event]:
        for commit in self._commits():
            for seq, line in enumerate(commit.lines, commit.first):
                record = decoded(self._reader, seq, line)
                if isinstance(record, Record):
                    yield record.event

    def _apply(self, record: Record | Opaque) -> None:
        if self._lost is not None:
            return
        try:
            if isinstance(record, Record):
                self._replay.apply(record)
            else:
                self._replay.pass_over(record)
                if record.leaf is not None:
                    self._lose(record.seq, f"{record.tag}, which was redacted")
        except REFUSALS as error:
            self._refused(record, error)

    def _refused(self, record: Record | Opaque, error: Exception) -> None:
        """Lose the state over a record that does not fit it; one that could be read is a divergence as well."""
        if isinstance(record, Record):
            refused = Refused(f"refused: {error}")
            tag = tag_of(record.event)
            self._judge.found(Divergence(self.begun.run, record.seq, tag, "type", tag, refused, "state"))
            self._lose(record.seq, f"{tag}, which does not fit the state")
        else:
            self._lose(record.seq, f"{record.tag}, which cannot be read")

    def _lose(self, seq: int, why: str) -> None:
        self._lost = f"what was read is not compared with the state behind {self.begun.run}@{seq}, a {why}"
        self._judge.part.notes.append(self._lost)

    def _hand_over(self, commit: Commit, *, more: bool) -> bool:
        """Hand the states to the children that begin here; returns whether any child is left."""
        while self._children and self._children[0][0].first == commit.last + 1:
            reader, child = self._children.pop(0)
            self._require_head(reader, commit)
            keep = more or bool(self._children)
            states = self._replay.result.states
            self.handed.append(_Begun(child, deepcopy(states) if keep else states, self._lost))
        return bool(self._children)

    def _require_head(self, child: RunReader, commit: Commit) -> None:
        if child.start_head != commit.head:
            self._raise_what_is_wrong(child)

    def _require_no_child(self) -> None:
        for child, _ in self._children[:1]:
            self._raise_what_is_wrong(child)

    def _raise_what_is_wrong(self, child: RunReader) -> None:
        """Read the line of a child whose parent is not what it was built on: that says where it is damaged."""
        for _ in self._tree.lineage(Point(child.run, child.first)).commits():
            pass


def _read(reading: Reading, event: Event) -> Found:
    try:
        return reading.read(event)
    except REFUSALS as error:
        field = event.__struct_fields__[0]
        return {field: Refused(f"refused: {error}")}


Factory = Callable[[], Deep]
"""Makes a Deep in whichever process verifies; it can be pickled."""
