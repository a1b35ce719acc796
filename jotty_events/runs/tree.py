"""All runs under one output folder: a tree, since each has a parent point or none.

Invariants: what a run's parent is stands in its manifest and in its first record, and is never guessed from file times
or symlinks. A folder that looks like a run but holds no manifest is passed over only if no acknowledged record can be
in it.
"""

from collections.abc import Iterator
from itertools import islice

from ..errors import FormatError, PointError, UnknownRun
from ..log import layout
from ..log.files import Files
from ..log.manifest import Parent
from .lineage import Lineage, trace
from .packs import Packs
from .point import Point, PointExpression, parse
from .reader import RunReader
from .writer import make_parent_durable


class Tree:
    """The runs of one output folder; ancestors that are not there are looked for in the tree `beyond`."""

    def __init__(self, files: Files, beyond: "Tree | None" = None) -> None:
        self.files = files
        self.packs = Packs(files)
        self._beyond = beyond

    def run_ids(self) -> list[str]:
        """Return the ids of all folders that look like runs, oldest first."""
        return [name for name in self.files.names("") if layout.is_run_id(name)]

    def runs(self) -> Iterator[RunReader]:
        """Give out the runs that have a manifest, oldest first."""
        for run in self.run_ids():
            if self.exists(run):
                yield RunReader(self.files, run, self.packs)

    def run(self, run: str) -> RunReader:
        """Return one run; UnknownRun if there is none of that id."""
        if not layout.is_run_id(run) or not self.files.exists(run):
            if self._beyond is not None:
                return self._beyond.run(run)
            raise UnknownRun(f"{run} is not in {self.files.describe('')}", hint=self._known())
        return RunReader(self.files, run, self.packs)

    def _known(self) -> str:
        known = self.run_ids()[-3:]
        return f"the last runs there are {', '.join(known)}" if known else "no run is there yet"

    def latest(self) -> RunReader | None:
        """Return the run with the greatest id that has a commit and is no experiment or draft, None if none is."""
        for run in reversed(self.run_ids()):
            if self.exists(run):
                reader = RunReader(self.files, run, self.packs)
                if not reader.manifest.experiment and not reader.draft and reader.end is not None:
                    return reader
        return None

    def exists(self, run: str) -> bool:
        """Say whether a folder is a run; FormatError if it is one that lost its manifest."""
        manifest = layout.manifest(run)
        if self.files.exists(manifest):
            return True
        if not self._has_second_commit(run):
            return False
        # The manifest comes before the second commit; so where it was created meanwhile, it is there now.
        if self.files.exists(manifest):
            return True
        where = self.files.describe(manifest)
        raise FormatError(f"{where} is missing, and the run has records", file=where, hint="restore run.json")

    def _has_second_commit(self, run: str) -> bool:
        folder = layout.events(run)
        paths = [f"{folder}/{name}" for name in self.files.names(folder) if layout.is_segment(name)]
        return sum(self.files.read(path).count(b'\n{"commit":') for path in paths) > 1

    def resolve(self, text: str) -> Point:
        """Return the place that a point names; PointError or UnknownRun if there is none."""
        expression = parse(text)
        point = self._place(expression, text)
        for _ in range(expression.back):
            point = self._parent_point(point, text)
        return point

    def _place(self, expression: PointExpression, text: str) -> Point:
        run = self._latest(text) if expression.run is None else self.run(expression.run)
        if expression.time is not None:
            return self._at_time(run, expression.time, text)
        if expression.nth is not None:
            return self._episode(run, expression.nth, text)
        end = self._end(run)
        return end if expression.seq is None else self._at_seq(end, expression.seq, text)

    def _latest(self, text: str) -> RunReader:
        run = self.latest()
        if run is None:
            raise PointError(
                f"{text} names nothing: {self.files.describe('')} has no run yet",
                hint="run a conductor in PERSISTENT mode first, or name another --output",
            )
        return run

    def _end(self, run: RunReader) -> Point:
        if run.end is None:
            raise PointError(f"{run.run} has no commit", hint="it died while it was created: name another run")
        return Point(run.run, run.end.seq)

    def _at_seq(self, end: Point, seq: int, text: str) -> Point:
        """Return the place after a seq, in the run of the lineage that holds it."""
        if seq > end.seq:
            raise PointError(f"{text} lies beyond the end of its run, {end}", hint=f"take a seq up to {end.seq}")
        for span in self.lineage(end).spans:
            if span.run.first <= seq <= span.upto:
                return Point(span.run.run, seq)
        raise PointError(f"{text} lies before the first record", hint="seqs begin with 1")

    def _episode(self, run: RunReader, nth: int, text: str) -> Point:
        ended = 0
        for ended, seq in enumerate(run.episode_ends(), 1):
            if ended == nth:
                return Point(run.run, next(run.ends(seq - 1)).last)
        raise PointError(f"{text}: {ended} episodes ended in that run", hint="episodes count from 1")

    def _at_time(self, run: RunReader, time: int, text: str) -> Point:
        found = None
        for name, end in self.lineage(self._end(run)).ends():
            if end.at <= time:
                found = Point(name, end.last)
        if found is None:
            raise PointError(f"{text} is earlier than the first commit", hint="take a later time")
        return found

    def _parent_point(self, point: Point, text: str) -> Point:
        parent = self.run(point.run).parent
        if parent is None:
            raise PointError(f"{text} goes back behind {point.run}, which has no parent", hint="take a smaller ~N")
        return Point(parent.run, parent.seq)

    def lineage(self, point: Point) -> Lineage:
        """Return the runs that lead to a point."""
        return trace(self.run(point.run), point.seq, self.run)

    def parent(self, point: Point, *, durably: bool = True) -> Parent:
        """Return a point as a new run's parent, made durable first; PointError if it lies inside a commit."""
        run = self.run(point.run)
        for end in run.ends(point.seq - 1):
            if end.last != point.seq:
                break
            parent = Parent(point.run, point.seq, end.head.hex())
            if durably:
                make_parent_durable(self.files, parent, run.segment_of(point.seq))
            return parent
        raise PointError(f"{point} lies inside a commit: it can be read, not continued", hint=self._whole(run, point))

    def _whole(self, run: RunReader, point: Point) -> str:
        ends = list(islice(run.ends(point.seq - 1), 1))
        if not ends:
            return "take a point that the run reaches"
        earlier = f", the one before at {run.run}@{ends[0].first - 1}" if ends[0].first > run.first else ""
        return f"the commit ends at {run.run}@{ends[0].last}{earlier}"
