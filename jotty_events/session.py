"""What a conductor and its learners share: the live state, and the run that it is appended to.

Invariants: the live state is always what a replay of the log would give, the run's own start included; a change that
cannot be appended is taken back by replaying. A public call that changes state is one commit: a transaction inside
another joins it. In mode DISABLED nothing is learned or appended; in mode CONTEXTUAL the log is kept in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from random import Random
from threading import RLock
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from .admission import admit
from .errors import RunClosed
from .events import (
    AttemptMade,
    EntryImported,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    RunEnded,
    RunStarted,
    TaskAdded,
    TaskBlocked,
    TaskCompleted,
    TaskFailed,
    TaskRevised,
    TaskSkipped,
    TaskStarted,
    TodoCheckpointed,
    TodoOpened,
    TodoReplanned,
    TodoRestored,
    tag_of,
)
from .log.files import Files
from .projection import Projection
from .reading.replay import Replay, Resuming, digests
from .reading.snapshot.index import Index, KeptIndex
from .reading.snapshot.saving import Place, Saver, Saving
from .reading.snapshot.store import Snapshots
from .record import Record, decode_record
from .rules import DEFAULT_VERSION
from .runs.auto_packing import Threshold, pack_if_due
from .runs.lineage import Kept
from .runs.point import Point
from .runs.tree import Tree
from .runs.writer import RunPlan, RunWriter
from .types import Clock, Json

_ALWAYS = {tag_of(event) for event in (RunStarted, RunEnded, EpisodeStarted, EpisodeEnded, AttemptMade)}

HAPPENINGS: frozenset[type[Event]] = frozenset(
    (
        EpisodeStarted,
        EpisodeEnded,
        AttemptMade,
        TodoOpened,
        TaskAdded,
        TaskStarted,
        TaskCompleted,
        TaskFailed,
        TaskSkipped,
        TaskBlocked,
        TodoReplanned,
        TaskRevised,
        TodoCheckpointed,
        TodoRestored,
    )
)
"""What happens whether or not anything is learned of it."""


class Transaction:
    """The events of one commit; `now` is the one time that all of them see, in seconds since 1970.

    Where something is learned again, `now` is set to when it was observed; `at` is when it is recorded.
    """

    def __init__(self, session: "Session", now: float) -> None:
        self.now = self.at = now
        self.events: list[Event] = []
        self._session = session

    def add(self, event: Event) -> None:
        """Take up an event: it changes the live state at once, and is appended when the transaction ends."""
        if self._session.accepts(event):
            admitted = admit(event)
            self.events.append(admitted)
            self._session.apply(admitted, self.at)


class Asked(Protocol):
    """A model that learners may ask; see agents/model.py."""

    def answer(self, purpose: str, prompt: str, parse: Callable[[Any], Any] | None = None) -> Any | None:
        """Return the answer, recorded, or what `parse` makes of it; None if there is none that can be used."""
        ...


Follower = Callable[[Sequence[Event] | None, float], None]
"""Told of every commit once it is appended (its events, its time in s), and of the end (None); may stop neither."""


class Session:
    """The live states of all projections, and the writer of the run that they are learned in."""

    def __init__(
        self,
        projections: Sequence[Projection],
        *,
        clock: Clock,
        tree: Tree,
        start: Point | None,
        plan: RunPlan | None,
        seed: int = 0,
        rules: int = DEFAULT_VERSION,
        learns: bool = True,
        dropped: Sequence[str] = (),
        unwritten: frozenset[str] = frozenset(),
        saving: Saving | None = None,
        packing: Threshold | None = None,
    ) -> None:
        """Replay up to `start`, and begin the run of `plan`; without a plan nothing is appended.

        Random choices follow from `seed`, what is learned from the version `rules`. Unless it `learns`, only what
        happens is taken up (episodes, attempts, tasks), not what would be learned of it. `dropped` names the
        projections whose events are not appended, `unwritten` the tags of those events: they only change the live
        state. `saving` says when snapshots are written; without it none are. `packing` says when closing packs what is
        loose; without it it does not.
        """
        self.projections = tuple(projections)
        self._named = {one.name: one for one in self.projections}
        self.clock = clock
        self.start = start
        self.rng = Random(seed)
        self.rules = rules
        self.learns = learns
        self.model: Asked | None = None
        self._tree = tree
        self._guard = RLock()
        self._open: Transaction | None = None
        self._dropped = frozenset(dropped)
        self._unwritten = unwritten - _ALWAYS
        self._accepted = None if learns else HAPPENINGS
        self.provenance: Json = {}
        self._aside: list[Record] = []
        self._resuming = Resuming(tree.run, Snapshots())
        self._live = self._replayed(start)
        self.writer = RunWriter.create(tree.files, plan) if plan else None
        self._seq = start.seq + 1 if start else 1
        self._saving = saving
        self._packing = packing
        self._keepers: list[Callable[[], Index | None]] = []
        self._followers: list[Follower] = []
        self._library = plan.library if plan else ""
        self._saver = self._new_saver()
        if self.writer is not None:
            self._follow(self.writer)

    def _replayed(self, point: Point | None) -> Replay:
        return self._resuming.at(point, self.projections) if point else Replay(self.projections)

    def _new_saver(self) -> Saver | None:
        """Return what writes snapshots of the live state as it was just replayed."""
        if self.writer is None or self._saving is None:
            return None
        saved = self._live.result.saved
        return Saver(self._tree.files, self._resuming.snapshots, saved, self._library, self._saving)

    def _follow(self, writer: RunWriter) -> None:
        """Apply what the writer wrote itself: a projection may count the start of the run."""
        wrote = self._tree.run(writer.run).commits(self._seq - 1)
        records = (decode_record(line) for commit in wrote for line in commit.lines)
        self._seq = self._live.run(Kept(writer.run, record) for record in records).seq + 1

    @property
    def states(self) -> dict[str, Any]:
        """The live states by the names of their projections."""
        return self._live.result.states

    @property
    def files(self) -> Files:
        """The files that the run is kept in."""
        return self._tree.files

    @property
    def seq(self) -> int:
        """The seq of the last record that the live states show."""
        return self._seq - 1

    def accepts(self, event: Event) -> bool:
        """Say whether an event is taken up: all are, unless nothing is to be learned."""
        return self._accepted is None or type(event) in self._accepted

    @property
    def run(self) -> str | None:
        """The id of the run being written, None if there is none."""
        return self.writer.run if self.writer else None

    def require_ours(self) -> None:
        """Refuse a forked child before any guard is asked for: the fork may have left it taken for ever."""
        if self.writer is not None and not self.writer.is_mine:
            raise RunClosed(
                f"{self.writer.run} belongs to the process that began it", hint="let a child make its own conductor"
            )

    def reading(self) -> AbstractContextManager[Any]:
        """Keep other threads from changing the live state while it is read; a forked child has no others."""
        return self._guard if self.writer is None or self.writer.is_mine else nullcontext()

    def view(self, name: str) -> Any:
        """Return what people read of a projection, by its name."""
        return self._named[name].view(self.states)

    def apply(self, event: Event, at: float) -> None:
        """Bring the live states forward by one event of the open transaction: by the record that it will be."""
        self._live.apply(Record(self._seq, round(at * 1e6), event))
        self._seq += self._is_kept(event)

    def _is_kept(self, event: Event) -> bool:
        if isinstance(event, EntryImported) and event.projection in self._dropped:
            return False
        return tag_of(event) not in self._unwritten

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a commit, or join the one that is open. What it cannot append it takes back."""
        self.require_ours()
        with self._guard:
            if self._open is not None:
                yield self._open
                return
            self._open = Transaction(self, self.clock())
            try:
                yield self._open
                self._append(self._open)
            except BaseException:
                self._take_back(self._open)
                raise
            finally:
                self._open = None

    def _append(self, done: Transaction) -> None:
        if self.writer is None:
            return
        kept = list(filter(self._is_kept, done.events))
        if kept:
            self.writer.append(kept, done.at, admitted=True)
            self._save_if_due(kept)
            for follower in self._followers:
                follower(done.events, done.now)
        if len(kept) < len(done.events):
            at = round(done.at * 1e6)
            self._aside += [Record(self._seq, at, event) for event in done.events if not self._is_kept(event)]

    def _save_if_due(self, appended: Sequence[Event]) -> None:
        episodes = sum(isinstance(event, EpisodeEnded) for event in appended)
        if self._saver is not None and self._saver.due(len(appended), episodes):
            self._save(self._saver)

    def _save(self, saver: Saver) -> None:
        """Write a snapshot of the live state; not of what was learned without being written, which no replay gives."""
        if self.writer is None:
            return
        live = self._live.result
        replayable = [one for one in self.projections if not self._unwritten.intersection(map(_tag, one.reads))]
        place = Place(self.writer.run, self.writer.next_seq - 1, self.writer.head)
        indexes = [index for index in (keeper() for keeper in self._keepers) if index is not None]
        saver.save(place, live.states, replayable, live.unknown, sorted(live.missed), indexes)

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of what is appended from now on."""
        self._followers.append(follower)

    def keep_index(self, keeper: Callable[[], Index | None]) -> None:
        """Ask `keeper` for an index of the live state whenever that is saved."""
        self._keepers.append(keeper)

    def kept_index(self, name: str) -> KeptIndex | None:
        """Return the index that was kept of the states as they were opened."""
        found: KeptIndex | None = self._live.result.saved.indexes.get(name)
        return found

    def _take_back(self, failed: Transaction) -> None:
        """Replay what was acknowledged, if the failed transaction had already changed the live state."""
        if failed.events and self.writer is not None:
            self.writer.sync_some()
            self._live = self._replayed(Point(self.writer.run, self.writer.mark.seq))
            self._saver = self._new_saver()
            for record in self._aside:
                self._live.apply(record)
            self._seq = self.writer.mark.seq + 1

    def digests(self) -> dict[str, str]:
        """Return the digest of each projection's live state."""
        return digests(self.projections, self.states)

    def close(self, status: str) -> None:
        """End the run, with the digests of what a replay will give. Closing twice does nothing."""
        if self.writer is None or not self.writer.is_mine:
            return
        with self._guard:
            if self.writer.closed:
                self.writer.close()  # a run that failed still holds its lock
                return
            now = self.clock()
            kept = {name: digest for name, digest in self.digests().items() if name not in self._dropped}
            versions = {one.name: one.version for one in self.projections if one.name in kept}
            ended = RunEnded(run=self.writer.run, status=status, versions=versions, digests=kept, now=now)
            self.writer.close(ended, now)
            self._live.apply(Record(self._seq, round(now * 1e6), ended))
            self._seq += 1
            if self._saver is not None:
                self._save(self._saver)
            for follower in self._followers:
                follower(None, now)
            if self._packing is not None:
                pack_if_due(self._tree, self._packing, self.writer.size, self.clock, self._library)


def _tag(event: type[Event] | str) -> str:
    return event if isinstance(event, str) else tag_of(event)


P = ParamSpec("P")
R = TypeVar("R")


class Learner(Protocol):
    """Whatever learns in a session."""

    _session: Session


L = TypeVar("L", bound=Learner)


def undisturbed(method: Callable[Concatenate[L, P], R]) -> Callable[Concatenate[L, P], R]:
    """Let a method of a learner see one state from its first look to its last, whatever other threads learn."""

    @wraps(method)
    def guarded(learner: L, /, *args: P.args, **values: P.kwargs) -> R:
        with learner._session.reading():
            return method(learner, *args, **values)

    return guarded
