"""The one writer of a run.

Invariants: nobody but the process that took the run's LOCK appends to it, not a forked child either. All records of
one append become readable together. In mode `commit` an append returns after fdatasync. Rotation and close sync in
every mode. After a failed write or sync the run takes no more appends: what was not acknowledged stays so.
A run comes into being with its manifest, which is written last: a creation that fails before leaves no run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import RLock

from msgspec import UNSET
from msgspec.structs import replace

from ..admission import admit_all
from ..errors import InvalidEvent, JottyError, NameTaken, RunClosed, WriteFailed
from ..events import Event, Left, RunStarted, tag_of
from ..log import layout
from ..log.files import Appender, Files, Lock, process
from ..log.manifest import VERSION, Ending, Manifest, Parent, Segment, seal
from ..log.refusals import undone_on_failure
from ..log.segment import SegmentWriter
from ..record import MAX_LINE, ROOT_HEAD, encode_records
from ..types import Clock, Durability, Entropy, Json
from .group_sync import GroupSync
from .receipt import DurableMark, Receipt, write_failed

SEGMENT_BYTES = 64 * 1024 * 1024
"""A segment that has grown past this many bytes is closed, and the next one begun."""

AT_ONCE = 128
"""So many events are admitted and encoded in one go: they fit into a core's cache, and no garbage is looked for."""


@dataclass(frozen=True)
class RunPlan:
    """What a run is begun with. `interval` is in seconds and counts in mode INTERVAL only; for drafts see drafts.py."""

    clock: Clock
    entropy: Entropy
    rules: int
    library: str
    mode: str
    platform: str = ""
    config: Json = field(default_factory=dict)
    seed: int = 0
    parent: Parent | None = None
    experiment: bool = False
    draft: bool = False
    left: Left | None = None
    durability: Durability = Durability.COMMIT
    interval: float = 0.05
    segment_bytes: int = SEGMENT_BYTES


class RunWriter:
    """Appends to one run, from its creation to its close."""

    def __init__(self, files: Files, run: str, plan: RunPlan) -> None:
        self.run = run
        self._files = files
        self._plan = plan
        self._guard = RLock()
        self._process = process()
        self._closed = False
        self._first = plan.parent.seq + 1 if plan.parent else 1
        self.mark = DurableMark(self._first - 1, self.sync_some if plan.durability is Durability.OS else None)
        self._group: GroupSync | None = None
        self._lock: Lock = files.lock(layout.lock(run))
        with undone_on_failure(self._lock.release):
            self._open_segment(self._first, head := bytes.fromhex(plan.parent.head) if plan.parent else ROOT_HEAD)
            with undone_on_failure(self._sink.close):
                self._begin(head)

    @classmethod
    def create(cls, files: Files, plan: RunPlan) -> "RunWriter":
        """Begin a run under the next free id; WriteFailed if the disk refuses."""
        try:
            return cls(files, _claim(files, plan), plan)
        except OSError as error:
            raise write_failed(error, files.describe("")) from error

    def _begin(self, head: bytes) -> None:
        now = self._plan.clock()
        self._uid = self._plan.entropy(16).hex()
        self._at = round(now * 1e6)
        self._manifest = self._new_manifest()
        self._segment.append(self._lines(self._first, self._at, [self._started(head, now)]))
        self._sync()
        for folder in (layout.events(self.run), self.run, ""):
            self._files.sync(folder)
        self._replace_manifest(self._manifest)
        if not self._plan.experiment and not self._plan.draft:
            self._files.point(layout.LATEST, self.run)
        if self._plan.durability is Durability.INTERVAL:
            self._group = GroupSync(self.sync_some, self._plan.interval)

    def _started(self, head: bytes, now: float) -> Event:
        plan = self._plan
        return RunStarted(
            run=self.run,
            uid=self._uid,
            parent_run=plan.parent.run if plan.parent else None,
            parent_seq=self._first - 1,
            parent_head=head.hex(),
            config=plan.config,
            seed=plan.seed,
            format=VERSION,
            rules=plan.rules,
            library=plan.library,
            platform=plan.platform,
            mode=plan.mode,
            durability=plan.durability.value,
            experiment=plan.experiment,
            now=now,
            left=plan.left or UNSET,
        )

    def _new_manifest(self) -> Manifest:
        plan = self._plan
        return Manifest(
            run=self.run,
            uid=self._uid,
            parent=plan.parent,
            first=self._first,
            experiment=plan.experiment,
            durability=plan.durability.value,
            library=plan.library,
            created=self._at,
            active=self._first,
            draft=True if plan.draft else UNSET,
        )

    def _open_segment(self, first: int, head: bytes) -> None:
        path = layout.segment(self.run, first)
        if first == self._first:
            self._files.make_folder(layout.events(self.run))
        self._sink: Appender = self._files.create(path)
        self._segment = SegmentWriter(self._sink, first, head, first - 1)

    @property
    def next_seq(self) -> int:
        """The seq that the next record gets."""
        return self._segment.last + 1

    @property
    def head(self) -> bytes:
        """The head of the chain after the last commit."""
        return self._segment.head

    @property
    def size(self) -> int:
        """The bytes of the segments that the manifest names as closed."""
        return sum(one.size for one in self._manifest.segments)

    @property
    def closed(self) -> bool:
        """Whether the run takes no more appends."""
        return self._closed or self.mark.failure is not None or not self.is_mine

    @property
    def is_mine(self) -> bool:
        """Whether this is the process that began the run; asked before any guard, which a fork may have left taken."""
        return self._process == process()

    def append(self, events: Sequence[Event], now: float | None = None, *, admitted: bool = False) -> Receipt:
        """Append events as one commit, at the time `now` (seconds; the clock's if not given); returns a receipt.

        In mode COMMIT its records are on disk by then, in mode INTERVAL they can be waited for. Events are not looked
        at again where all are said to be `admitted`: given by `admission.admit`.
        Raises InvalidEvent (nothing was written), RunClosed, or WriteFailed (nothing was acknowledged).
        """
        if not self.is_mine:
            raise self._not_ours()
        with self._guard:
            self._require_open()
            if not events:
                raise InvalidEvent("a commit has at least one event", hint="append nothing when nothing happened")
            at = round((self._plan.clock() if now is None else now) * 1e6)
            first = self.next_seq
            self._commit(self._lines(first, at, events, admitted))
            self._at = at
            return Receipt(first, self._segment.last, at, self.mark)

    def _lines(self, first: int, at: int, events: Sequence[Event], admitted: bool = False) -> list[bytes]:
        """Return the lines of events that may enter the log, encoded while they are near from the look at them."""
        lines: list[bytes] = []
        try:
            for begun in range(0, len(events), AT_ONCE):
                some = events[begun : begun + AT_ONCE]
                lines += encode_records(first + begun, at, some if admitted else admit_all(some))
        except UnicodeEncodeError as error:
            raise InvalidEvent(
                f"a text of this commit holds a lone surrogate: {error}",
                hint="decode the text with errors='replace' first",
            ) from error
        if max(map(len, lines)) > MAX_LINE:
            tag = tag_of(events[lines.index(max(lines, key=len))])
            hint = "keep large content elsewhere and store a reference to it"
            raise InvalidEvent(f"{tag} takes more than {MAX_LINE} bytes as a record", hint=hint)
        return lines

    def _commit(self, lines: list[bytes]) -> None:
        with self._ending_the_run():
            self._segment.append(lines)
            self._settle()
            if self._segment.size > self._plan.segment_bytes:
                self._rotate()

    @contextmanager
    def _ending_the_run(self) -> Iterator[None]:
        """Let whatever stops a write halfway be the end of the run.

        What is on disk and what is known of it may differ then: one more line could be one that no reader takes.
        """
        try:
            yield
        except OSError as error:
            raise self._fail(error) from error
        except BaseException as error:
            self.mark.fail(_cut_off(self.run, error))
            raise

    def _settle(self) -> None:
        """Make the last commit as durable as the mode promises."""
        if self._plan.durability is Durability.COMMIT:
            self._sync()
        elif self._group is not None:
            self._group.wake()

    def _sync(self) -> None:
        """Put all that was appended on disk, and say so in the log."""
        last = self._segment.last
        if self.mark.seq < last or self._segment.durable < last:
            self._sink.sync()
            self._segment.mark_durable(last)
            self.mark.advance(last)

    def sync_some(self) -> None:
        """Put on disk what was appended so far; a failure is told to those who wait for their receipts."""
        if not self.is_mine:
            return
        with self._guard:
            if self.closed or self.mark.seq >= self._segment.last:
                return
            with suppress(WriteFailed), self._ending_the_run():
                self._sync()

    def _rotate(self) -> None:
        """Close the segment for good, and begin the next one."""
        head, last = self._segment.head, self._segment.last
        closed = self._close_segment()
        self._open_segment(last + 1, head)
        self._files.sync(layout.events(self.run))
        segments = [*self._manifest.segments, closed]
        self._replace_manifest(replace(self._manifest, segments=segments, active=last + 1))

    def _close_segment(self) -> Segment:
        self._sync()
        self._sink.sync()
        self._sink.close()
        return self._segment.closed()

    def _replace_manifest(self, manifest: Manifest) -> None:
        self._files.replace(layout.manifest(self.run), seal(manifest))
        self._manifest = manifest

    def close(self, ending: Event | None = None, now: float | None = None) -> None:
        """Append the last event, close the segment, and let the run go. Closing twice does nothing."""
        if not self.is_mine:
            self._sink.close()
            return
        if self._group is not None:
            self._group.stop()
        with self._guard:
            if self._closed:
                return
            try:
                if not self.closed and self._lock.held():
                    self._end(ending, now)
            finally:
                self._release()

    def _end(self, ending: Event | None, now: float | None) -> None:
        if ending is not None:
            self.append([ending], now)
        with self._ending_the_run():
            closed = self._close_segment()
            end = Ending(closed.last, closed.head, self._at)
            segments = [*self._manifest.segments, closed]
            self._replace_manifest(replace(self._manifest, segments=segments, active=None, ended=end))

    def _release(self) -> None:
        self._closed = True
        self.mark.fail(RunClosed(f"{self.run} was closed before all was on disk", hint="see the error before this one"))
        try:
            self._sink.close()
        finally:
            self._lock.release()

    def _fail(self, error: OSError) -> JottyError:
        failure = write_failed(error, self._files.describe(layout.segment(self.run, self._segment.first)))
        self.mark.fail(failure)
        return failure

    def _require_open(self) -> None:
        if self._closed:
            raise RunClosed(f"{self.run} is closed", hint="start a new conductor: it continues from this run")
        if self.mark.failure is not None:
            raise RunClosed(f"{self.run} takes no more appends: {self.mark.failure}", hint="start a new run")
        if not self._lock.held():
            raise self._not_ours()

    def _not_ours(self) -> RunClosed:
        return RunClosed(
            f"{self.run} does not belong to this process any more",
            hint="a forked child starts its own conductor; a lock file is never deleted by hand",
        )


def _claim(files: Files, plan: RunPlan) -> str:
    """Create the folder of a new run: the later of now and the greatest id plus one second, again if it was taken."""
    run = layout.run_id(plan.clock())
    elsewhere = [plan.parent.run] if plan.parent else []
    while True:
        present = sorted([name for name in files.names("") if layout.is_run_id(name)] + elsewhere)
        if present and present[-1] >= run:
            run = layout.run_id_after(present[-1])
        try:
            files.make_folder(run)
        except NameTaken:
            continue
        return run


def _cut_off(run: str, error: BaseException) -> JottyError:
    cut = RunClosed(f"an append to {run} was cut off by {type(error).__name__}", hint="start a new run")
    return error if isinstance(error, JottyError) else cut


def make_parent_durable(files: Files, parent: Parent, path: str) -> None:
    """Put on disk what a child is about to build on: the parent's segment at `path`, and its folders."""
    try:
        for place in (path, layout.events(parent.run), parent.run, ""):
            files.sync(place)
    except OSError as error:
        raise write_failed(error, files.describe(path)) from error
