"""Refold: a lineage learned again, run by run, as it would have been by other rules or without some of it.

Invariants: the original is only read. Where nothing but some observations are left out, all runs before the first of
them stay as they are (law L9 says that they would come out the same), and the new line begins behind them.
Nothing is written before all of it was learned once in memory. What is written is a draft until all of it is there:
it becomes `latest` at once or never.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from msgspec.structs import replace

from ..config import JottyConfig
from ..errors import FormatError, PointError, UnknownKey
from ..events import Left, RunEnded, RunStarted
from ..log.memory_files import MemoryFiles
from ..projection import Projection
from ..reading.replay import Resuming
from ..reading.snapshot.store import Snapshots
from ..record import Opaque, Record, decode_record
from ..runs.branches import REFOLD, beginning, left_by_now
from ..runs.drafts import publish
from ..runs.lineage import Lineage
from ..runs.point import Point
from ..runs.tree import Tree
from .beginning import Means, begun
from .changes import Changes
from .heard import Heard
from .refolded import Refolded
from .relearner import Records, Relearner
from .tally import Tally

Progress = Callable[[int], None]
"""Told now and then how many records were learned from since it was last told."""
STATUS = "refolded"
"""How a run ends that was learned again."""


@dataclass(frozen=True)
class _Source:
    """One run of the lineage that is learned again."""

    run: str
    started: RunStarted
    config: JottyConfig
    commits: list[Records]


class Refold:
    """Learns a lineage again."""

    def __init__(self, tree: Tree, projections: Sequence[Projection], changes: Changes, means: Means) -> None:
        self._tree = tree
        self._projections = projections
        self._changes = changes
        self._means = means
        self._left = left_by_now(tree) or Left(upto="", going=[])

    def state(self, point: Point, progress: Progress | None = None) -> Refolded:
        """Return the state that would have been learned, without writing anything."""
        target = Tree(MemoryFiles(), beyond=self._tree)
        tally, _, end = self._learn(point, target, progress)
        replayed = Resuming(target.run, Snapshots()).at(end, self._projections) if end else None
        states = {one.name: one.initial() for one in self._projections} if replayed is None else replayed.result.states
        return Refolded(self._projections, states, point, tally)

    def commit(self, point: Point, progress: Progress | None = None) -> Refolded:
        """Write new runs that hold what would have been learned, and return the state at their end."""
        self._learn(point, Tree(MemoryFiles(), beyond=self._tree), progress)
        tally, runs, end = self._learn(point, self._tree, progress)
        if end is None or not runs:
            raise PointError(f"nothing is left of {point}", hint="leave less out")
        publish(self._tree.files, runs)
        end = self._at_the_head(runs, end)
        replayed = Resuming(self._tree.run, Snapshots()).at(end, self._projections)
        return Refolded(self._projections, replayed.result.states, point, tally, runs, end)

    def _at_the_head(self, runs: list[str], end: Point) -> Point:
        """Begin one more run there if somebody began one meanwhile: what was learned in that is a branch beside it."""
        started = next(one for one in beginning(self._tree.run(end.run)) if isinstance(one, RunStarted))
        source = _Source(end.run, started, Changes().settings(started), [])
        while not started.experiment and (latest := self._tree.latest()) is not None and latest.run != end.run:
            end = self._run(source, self._tree, end, Heard(), Tally(), None)
            runs.append(end.run)
            publish(self._tree.files, [end.run])
        return end

    def _learn(self, point: Point, target: Tree, progress: Progress | None) -> tuple[Tally, list[str], Point | None]:
        self._tree.parent(point, durably=False)  # half of what an observation taught cannot be learned
        tally, heard, runs = Tally(), Heard(), list[str]()
        self._changes.out.met.clear()
        self._changes.out.agents.clear()
        end = self._start(self._tree.lineage(point))
        for source in self._sources(point, end):
            if source.run in self._changes.out.runs:
                self._pass_over(source, heard, tally)
                continue
            end = self._run(source, target, end, heard, tally, progress)
            runs.append(end.run)
        self._require_met(point)
        return tally, runs, end

    def _start(self, lineage: Lineage) -> Point | None:
        """Return the point up to which everything stays as it is, None if that is the very beginning."""
        if not self._changes.only_leave_out:
            return None
        for run, commits in groupby(lineage.commits(), key=lambda one: one[0]):
            records = (decode_record(line) for _, commit in commits for line in commit.lines)
            if any(self._names(run, one) for one in records):
                parent = self._tree.run(run).parent
                return None if parent is None else Point(parent.run, parent.seq)
        return None

    def _names(self, run: str, record: Record | Opaque) -> bool:
        out = self._changes.out
        return run in out.runs or (isinstance(record, Record) and out.names(run, record.seq, record.event))

    def _sources(self, point: Point, start: Point | None) -> Iterator[_Source]:
        # What is made of an experiment is one, its beginning too: that part alone is nothing to continue from.
        aside = self._tree.run(point.run).manifest.experiment
        found = self._tree.lineage(point).commits(0 if start is None else start.seq)
        for run, commits in groupby(found, key=lambda one: one[0]):
            records: list[Records] = [[decode_record(line) for line in commit.lines] for _, commit in commits]
            first = records[0][0]
            if not isinstance(first, Record) or not isinstance(first.event, RunStarted):
                where = self._tree.files.describe(run)
                message = f"{where}: the first record of the run, which holds its settings, cannot be read"
                raise FormatError(message, file=where, hint="leave that run out")
            config = JottyConfig() if run in self._changes.out.runs else self._changes.settings(first.event)
            yield _Source(run, replace(first.event, experiment=aside), config, records)

    def _pass_over(self, source: _Source, heard: Heard, tally: Tally) -> None:
        """Only hear what a run says that is left out: contents come again in later runs."""
        for record in (one for commit in source.commits for one in commit):
            if isinstance(record, Record):
                heard.note(record.event)
                self._changes.out.names(source.run, record.seq, record.event)
        tally.left_out += sum(any(map(_is_observed, commit)) for commit in source.commits)

    def _run(
        self,
        source: _Source,
        target: Tree,
        start: Point | None,
        heard: Heard,
        tally: Tally,
        progress: Progress | None,
    ) -> Point:
        session = begun(
            target,
            self._projections,
            start,
            source.started,
            source.config,
            self._means,
            durably=target is self._tree,
            refold=self._left,
        )
        relearner = Relearner(
            session,
            source.config,
            source.run,
            recorded_rules=source.started.rules,
            heard=heard,
            tally=tally,
            out=self._changes.out,
            # An earlier refold may have left out parts of lessons; by other rules, a part may be there that was not.
            parts_stay=source.started.mode == REFOLD and not self._changes.changes_lessons(source.started),
        )
        try:
            relearner.foresee(source.commits)
            for commit in source.commits:
                relearner.take(commit)
                if progress is not None:
                    progress(len(commit))
        finally:
            session.close(STATUS)
        end = target.run(session.run or "").end
        assert end is not None
        return Point(session.run or "", end.seq)

    def _require_met(self, point: Point) -> None:
        unmet = self._changes.out.unmet()
        if unmet:
            named = ", ".join(one if isinstance(one, str) else f"{one[0]}@{one[1]}" for one in unmet)  # type: ignore[index]
            raise PointError(f"{named[:200]} is not in the lineage of {point}", hint="see jotty-events log")
        if unknown := self._changes.out.unknown():
            message = f"no agent {', '.join(unknown)[:200]} took part in what leads to {point}"
            raise UnknownKey(message, hint="jotty-events log --type attempt_made names those that did")


def _is_observed(record: Record | Opaque) -> bool:
    return not isinstance(record, Record) or not isinstance(record.event, RunStarted | RunEnded)
