"""The history of an output folder: its runs, and the state at any point of them."""

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from projections import READ_MODELS

from . import __version__
from .log.files import DiskFiles, Files
from .projection import Projection
from .reading.check import Checked
from .reading.check import check as check_tree
from .reading.replay import Progress, Resuming, require_names_apart
from .reading.snapshot.saving import Place, Saver, Saving
from .reading.snapshot.store import Snapshots
from .reading.tables import events_of
from .reading.verify import Verified
from .reading.verify import verify as verify_tree
from .reading.walk import Factory
from .runs.lineage import Kept
from .runs.packing import Packer, PackReport
from .runs.point import Point
from .runs.reader import RunReader
from .runs.tree import Tree
from .state import State
from .types import Clock, Entropy
from .verbs.bisect import Bisected, Bisection, Predicate
from .verbs.bundling.opening import open_bundle
from .verbs.bundling.unpacking import Unpacked, unpack
from .verbs.bundling.writing import Bundled, bundle
from .verbs.fork import Forked, Moment, fork

if TYPE_CHECKING:
    from .legacy.exporting.point import Exported
    from .legacy.importing.report import Report as Imported
    from .relearning.beginning import Means
    from .relearning.refolded import Refolded
    from .verbs.diffing.changes import Diff
    from .verbs.explaining.context import ContextExplanation
    from .verbs.explaining.steps import Explanation
    from .verbs.impacts.impact import Impact
    from .verbs.subscribe import Delivered, Pause


class History:
    """All runs under one folder; reading changes nothing there."""

    def __init__(
        self,
        output: str | PathLike[str] = "./outputs",
        *,
        projections: Sequence[Projection] = (),
        files: Files | None = None,
    ) -> None:
        """`projections` are read models of your own, beside those of this project."""
        self.tree = Tree(DiskFiles(output) if files is None else files)
        self._projections: tuple[Projection, ...] = (*READ_MODELS, *projections)
        self._resuming = Resuming(self.tree.run, Snapshots())

    def runs(self) -> list[RunReader]:
        """Return the runs, oldest first."""
        return list(self.tree.runs())

    def point(self, text: str | Point = "latest") -> Point:
        """Return the place that a point names; PointError or UnknownRun if there is none."""
        return self.tree.resolve(str(text))

    def records(self, point: str | Point = "latest", after: int = 0) -> Iterator[Kept]:
        """Give out the records that lead to a point, those after seq `after`, with the runs that they stand in."""
        return self.tree.lineage(self.point(point)).records(after)

    def at(self, point: str | Point = "latest", progress: Progress | None = None) -> State:
        """Return the state at a point: of the nearest snapshot before it, and what was recorded since."""
        require_names_apart(self._projections)
        return self._state(self.point(point), progress)

    def _state(self, point: Point, progress: Progress | None = None) -> State:
        replay = self._resuming.at(point, self._projections, progress)
        return State(self._projections, replay.result.states)

    def export(self, point: str | Point, folder: str | PathLike[str], progress: Progress | None = None) -> "Exported":
        """Write the state at a point into `folder`/jotty_state, in the files that the original keeps and loads.

        The same point gives the same bytes. NameTaken for a file that no export wrote, UnsafeFile for a link that leads
        elsewhere, WriteFailed if the disk refuses; and as `at` does.
        """
        from .legacy.exporting.point import export

        found = self.point(point)
        return export(
            self.tree, found, self._resuming.at(found, READ_MODELS, progress).result.states, DiskFiles(folder)
        )

    def import_state(
        self,
        folder: str | PathLike[str],
        *,
        partial: bool = False,
        progress: Progress | None = None,
        clock: Clock = time.time,
        entropy: Entropy = secrets.token_bytes,
    ) -> "Imported":
        """Import what the original kept in a folder: one tree of its files, or many runs, each of which becomes a run.

        Nothing is written unless all of it is sound; with `partial` what is sound is imported, and the report tells of
        the rest. What was imported before is left alone. `progress` is told how many bytes were read since it was last
        told; each file is read twice. ImportRefused, with all that is wrong; MissingFile or UnsafeFile if there is no
        such folder; WriteFailed if the disk refuses, FormatError for a file that changes meanwhile: then no run is
        continued from what was written (see runs/drafts.py).
        """
        from .legacy.importing.folders import Import, Writer

        writer = Writer(f"jotty-events {__version__}", clock, entropy)
        return Import(self.tree, DiskFiles(folder), writer).run(partial=partial, progress=progress or (lambda _: None))

    def snapshot(self, point: str | Point = "latest") -> bool:
        """Keep the state at a point, so that it and later ones are found sooner; returns whether that was possible.

        It is only a cache: no answer changes. PointError for a point inside a commit, and as `at` does.
        """
        found = self.point(point)
        place = self.tree.parent(found, durably=False)
        result = self._resuming.at(found, self._projections).result
        if result.saved_at == found.seq and result.saved.digests.keys() == result.states.keys():
            return True
        saver = Saver(self.tree.files, self._resuming.snapshots, result.saved, __version__, Saving())
        head = bytes.fromhex(place.head)
        return saver.save(
            Place(found.run, found.seq, head), result.states, self._projections, result.unknown, sorted(result.missed)
        )

    def events(self, tag: str) -> Any:
        """Return the events of one type, of all runs, as a `pyarrow.dataset.Dataset`: packed and loose ones alike.

        Columns are `run`, `seq`, `at`, then the event's fields; what is nested is JSON text. ConfigError for a tag that
        no event has; Corruption.
        """
        return events_of(self.tree, tag)

    def pack(self) -> PackReport:
        """Pack the closed segments of all runs into Parquet tables; no answer changes.

        Runs that are being written are left alone. LockHeld while another process packs, WriteFailed if the disk
        refuses.
        """
        return Packer(self.tree, time.time, f"jotty-events {__version__}").pack()

    def check(self) -> Checked:
        """Return what is not as it was written: empty when the bytes of all runs are sound."""
        return check_tree(self.tree)

    def verify(
        self,
        runs: Sequence[str] | None = None,
        progress: Callable[[str], None] | None = None,
        *,
        deep: bool = False,
        most: int = 1,
        workers: int = 1,
    ) -> Verified:
        """Return what follows otherwise than it was recorded: empty when the rules agree with all runs.

        With `deep`, what was read is compared with the replayed state, too. `runs` names those to verify, `most` says
        how many divergences of each are wanted; `progress` is told each run's id. `workers` processes share the work
        where there is much of it. UnknownRun, FormatError, Corruption.
        """
        return verify_tree(
            self.tree, runs, progress, most=most, deep=self._reenactment() if deep else None, workers=workers
        )

    def bisect(
        self,
        predicate: Predicate | str,
        start: str | Point,
        end: str | Point = "latest",
        progress: Progress | None = None,
    ) -> Bisected:
        """Return the first commit after `start`, on the way to `end`, at which a predicate over the state holds.

        A text is a condition, as verbs/where.py says. Of a predicate that turns more than once, one commit is found at
        which it holds and just before which it did not. NoTurn if it does not turn from false to true between the two;
        PredicateFailed, ConditionError; PointError unless `start` leads to `end`. `progress` is told of each state.
        """
        return Bisection(self.tree, self._state, self.point(start), self.point(end)).find(predicate, progress)

    def subscribe(
        self, after: str | Point | None = "latest", pause: "Pause | None" = None
    ) -> "AsyncGenerator[Delivered, None]":
        """Return an async iterator over all records behind a point, or a cursor, those to come in any run included.

        None stands for the very beginning. A point also means: what comes from now on in earlier runs that are being
        written. `pause` waits for some seconds between two looks. PointError, UnknownRun; while iterating FormatError,
        Corruption.
        """
        from .verbs.subscribe import begun, subscribe  # asyncio takes a while to load

        feed = begun(self.tree, None if after is None else str(after))
        return subscribe(self.tree, feed) if pause is None else subscribe(self.tree, feed, pause)

    def fork(self, point: str | Point = "latest", *, experiment: bool = False) -> Forked:
        """Begin a run that starts at a point; a conductor continues it: `JottyConfig(start_from=forked.run)`.

        It is `latest` from then on, unless it is an experiment. PointError inside a commit, WriteFailed.
        """
        moment = Moment(time.time, secrets.token_bytes, __version__)
        return fork(self.tree, self.point(point), moment, experiment=experiment)

    def diff(
        self,
        a: str | Point,
        b: str | Point = "latest",
        *,
        agent: str | None = None,
        level: str | None = None,
        goal: str | None = None,
        progress: Progress | None = None,
    ) -> "Diff":
        """Return the rows that differ between the states at two points, with the events that made them differ.

        The points may lie on different branches. `agent`, `level` (of memory) and `goal` (a part of it) keep only what
        is about them. PointError, UnknownRun, FormatError, Corruption.
        """
        from .verbs.diffing.diff import Differing
        from .verbs.diffing.filters import Asked

        one, other = self.point(a), self.point(b)
        require_names_apart(self._projections)
        before, after = (self._resuming.at(end, self._projections, progress).result.states for end in (one, other))
        asked = Asked(agent, level, goal)
        return Differing(self.tree, one, other, self._projections).between(before, after, asked, progress)

    def explain(
        self,
        point: str | Point,
        projection: str | None,
        key: str | Iterable[Any],
        *,
        goal: str | None = None,
        follow: int = 0,
        progress: Progress | None = None,
    ) -> "Explanation":
        """Return every event that made a value of the state at a point, newest first, with the arithmetic.

        `key` is a whole key, such as (state, action), or a text: the beginning of one, or words. Without a projection
        all are looked through. `goal` asks for a memory's value for a goal. With `follow`, what numbers were taken from
        is explained as well, so many deep. UnknownKey, AmbiguousKey, ConfigError, PointError, FormatError, Corruption.
        """
        from .verbs.explaining.explain import Explaining, models_named

        place, models = self.point(point), models_named(self._projections, projection)
        explaining = Explaining(self.tree, place, self._resuming.at(place, models, progress).result.states)
        return explaining.explain(explaining.find(models, key, goal).subject, follow)

    def explain_context(self, attempt: str | Point, point: str | Point = "latest") -> "ContextExplanation":
        """Return what stood in an attempt's prompt and what it chose from, and which events put that there.

        The attempt is the record at `RUN@SEQ`, or `EPISODE.ATTEMPT` on the way to `point`. UnknownKey, PointError.
        """
        from .verbs.explaining.context import explain_context

        return explain_context(self.tree, attempt, self.point(point))

    def impact(
        self,
        event: str | int | Point,
        upto: str | Point | None = None,
        *,
        depth: int | None = None,
        progress: Progress | None = None,
    ) -> "Impact":
        """Return what later events, up to a point, took up of what an event left, each with the reason.

        The event is `RUN@SEQ`, or a seq on the way to the point: the end of the latest line that the event is in, if
        none is given. `depth` is how many events away an effect may be. UnknownKey, PointError, UnknownRun, Corruption.
        """
        from .verbs.impacts.impact import impact, placed

        place, end = placed(self.tree, event, None if upto is None else self.point(upto), self.point)
        return impact(self.tree, place, end, depth, progress)

    @classmethod
    def open_bundle(cls, file: str | PathLike[str], *, projections: Sequence[Projection] = ()) -> "History":
        """Return the history in a bundle, where it lies: it can be read like any other, and not written.

        MissingFile; FormatError for what is no sound bundle.
        """
        return cls(projections=projections, files=open_bundle(file).files)

    def bundle(self, point: str | Point, file: str | PathLike[str]) -> Bundled:
        """Write all records that lead to a point into one new file, to be opened or unpacked elsewhere.

        PointError inside a commit, NameTaken if the file exists, WriteFailed, Corruption.
        """
        return bundle(self.tree, self.point(point), file, f"jotty-events {__version__}")

    def unpack(self, file: str | PathLike[str]) -> Unpacked:
        """Bring the runs of a bundle into this folder; those that are there already stay as they are.

        NameTaken if a run of the same id and another uid is there; MissingFile, FormatError, Corruption, WriteFailed.
        """
        return unpack(open_bundle(file), self.tree)

    def refold(
        self,
        point: str | Point = "latest",
        *,
        rules: int | None = None,
        without: Sequence[str | Point] = (),
        only: Sequence[str] = (),
        commit: bool = False,
        progress: Progress | None = None,
        **parameters: Any,
    ) -> "Refolded":
        """Return what would have been learned from the same experiences: they are learned again, no others are made.

        `rules` and `parameters` (alpha=0.2) take the place of what each run was learned by. `without` names runs, or
        records (RUN@SEQ) with all that was learned of them; `only` the agents whose attempts count. With `commit` it
        is written as new runs, the last of which is `latest` then; the original stays. ConfigError for no such
        parameter, UnknownRules, UnknownRun, PointError, FormatError, Corruption, WriteFailed.
        """
        from .relearning.changes import changes
        from .relearning.refold import Refold

        refold = Refold(
            self.tree, self._projections, changes(self.tree, rules, without, only, parameters), self._means()
        )
        learn = refold.commit if commit else refold.state
        return learn(self.point(point), progress)

    def absorb(self, run: str | None = None) -> Point | None:
        """Learn again, in a new run on the latest one, what runs beside it observed: all that ended, or one of them.

        A conductor does so by itself when it begins. Returns the new run's end, None if there is nothing to absorb.
        StillWritten, PointError for what is no branch, UnknownRules, FormatError, Corruption, WriteFailed.
        """
        from .relearning.absorb import absorb

        return absorb(self.tree, self._projections, self._means(), run)[0]

    def _means(self) -> "Means":
        from .relearning.beginning import Means

        return Means(time.time, secrets.token_bytes, f"jotty-events {__version__}")

    def _reenactment(self) -> Factory:
        from .reenacting import deep

        return partial(deep, self._projections[len(READ_MODELS) :])
