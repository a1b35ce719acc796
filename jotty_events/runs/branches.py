"""Branches: what was learned beside a line while it went on, and is not in it.

Invariants: what a run left on purpose is no branch: one that was begun at a point that was asked for, or was to
continue the latest run only, leaves behind what had ended by then, and says so in its first record. What was learned
again in a refold was observed elsewhere, and is no branch either. What was absorbed, in any run of the line, is not
named again. Absorption stands at the beginning of a run, so only the beginnings of runs are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from ..events import Absorbed, Left, RunStarted
from ..log import layout
from ..log.files import Files
from ..record import Record, decode_record
from .covered import Covered
from .lineage import Span, walk
from .point import Point
from .reader import RunReader
from .tree import Tree

REFOLD = "refold"
"""What the start of a run that learns again what others observed says in place of a learning mode."""
LOOKED_AT = 100
"""How many runs before the latest are looked at for branches."""
_ABSORBED = b'"event":{"type":"absorbed"'
_WITHIN = 80


class Branch(NamedTuple):
    """The records of a run from `first` to `last` that are not in the line; `live` says that it is being written."""

    run: str
    uid: str
    first: int
    last: int
    live: bool


@dataclass
class Line:
    """The newest runs of a line: up to which seq each is in it, and what their beginnings say."""

    spans: list[Span]
    cuts: dict[str, int] = field(default_factory=dict)
    absorbed: defaultdict[str, Covered] = field(default_factory=lambda: defaultdict(Covered))
    left: list[Left] = field(default_factory=list)
    """What its runs left on purpose."""

    def note(self, mark: Absorbed) -> None:
        """Take note of what was absorbed in the line."""
        self.absorbed[mark.uid].add(mark.first, mark.last)

    def has(self, mark: Absorbed) -> bool:
        """Say whether the records that were absorbed elsewhere are in this line, or were absorbed here as well."""
        return self._uptos.get(mark.uid, 0) >= mark.last or self.absorbed[mark.uid].behind(mark.first) > mark.last

    @cached_property
    def _uptos(self) -> dict[str, int]:
        return {span.run.manifest.uid: span.upto for span in self.spans}


def line_of(tree: Tree, end: Point, oldest: str = "") -> Line:
    """Return the line that leads to a point, back to the first run that is older than the run `oldest`."""
    spans = list(_back_to(walk(tree.run(end.run), end.seq, tree.run), oldest))
    line = Line(spans, {span.run.run: span.upto for span in spans})
    for span in spans:
        for event in beginning(span.run, span.upto):
            if isinstance(event, Absorbed):
                line.note(event)
            elif isinstance(event.left, Left):
                line.left.append(event.left)
    return line


def _back_to(spans: Iterable[Span], oldest: str) -> Iterator[Span]:
    for span in spans:
        yield span
        if span.run.run < oldest:
            return


def beginning(run: RunReader, upto: int | None = None) -> Iterator[RunStarted | Absorbed]:
    """Give out how a run began, and what it absorbed before anything else; as far as a line has it, up to a seq."""
    for commit in run.commits():
        if upto is not None and commit.last > upto:
            return
        absorbing = False
        for line in takewhile(_says, commit.lines):
            record = decode_record(line)
            if isinstance(record, Record) and isinstance(record.event, RunStarted | Absorbed):
                absorbing = True
                yield record.event
        if not absorbing:
            return


def _says(line: bytes) -> bool:
    beginning = line[:_WITHIN]
    return _ABSORBED in beginning or b'"event":{"type":"run_started"' in beginning


def left_by_now(tree: Tree) -> Left | None:
    """Return what a run leaves that begins now without the branches that there are, None if no run is there."""
    runs = tree.run_ids()[-LOOKED_AT:]
    going = [run for run in runs if _is_going(tree.files, run)]
    return Left(upto=runs[-1], going=going) if runs else None


def _is_going(files: Files, run: str) -> bool:
    # One that is just being created may have no lock yet; its manifest comes last.
    return files.is_locked(layout.lock(run)) or not files.exists(layout.manifest(run))


def branches(tree: Tree, end: Point) -> tuple[list[Branch], Line]:
    """Return the branches beside the line that leads to a point, by their run ids, and that line.

    Only the newest runs are looked at, so that starting a run costs the same however many there are.
    """
    beside = [run for run in tree.run_ids() if run < end.run][-LOOKED_AT:]
    line = Line([], {end.run: end.seq})
    cuts = {span.run.run: span.upto for span in _newest(tree, end, min(beside, default=""))}
    found = [rest for run in beside if tree.exists(run) for rest in _rest(tree.run(run), cuts.get(run))]
    if found:
        line = line_of(tree, end, found[0].run)
    return [one for branch in found for one in _still(tree, branch, line)], line


def _newest(tree: Tree, end: Point, oldest: str) -> Iterator[Span]:
    # An ancestor's id is less than its child's: what is older than these is not looked at.
    return takewhile(lambda span: span.run.run >= oldest, walk(tree.run(end.run), end.seq, tree.run))


def _rest(run: RunReader, cut: int | None) -> Iterator[Branch]:
    """Give out what a run has behind the place where the line leaves it, if anything was learned there."""
    if not run.manifest.experiment and not run.draft and run.end is not None:
        rest = Branch(run.run, run.manifest.uid, run.first if cut is None else cut + 1, run.end.seq, run.live)
        if _says_more(run, rest.first):
            yield rest


def _says_more(run: RunReader, first: int) -> bool:
    """Say whether there is more from a seq on than that the run began and ended."""
    assert run.end is not None
    return run.end.seq - (run.manifest.ended is not None) >= max(first, run.first + 1)


def _still(tree: Tree, branch: Branch, line: Line) -> Iterator[Branch]:
    """Give out what of a branch was neither absorbed nor left on purpose."""
    run = tree.run(branch.run)
    assert run.end is not None
    begun = max(branch.first, run.first + 1)  # nobody absorbs that a run began
    reached = line.absorbed[branch.uid].behind(begun)
    first = reached if reached > begun else branch.first
    left = any(branch.run <= one.upto and branch.run not in one.going for one in line.left)
    if not left and _says_more(run, first) and not _is_refolded(run):
        yield branch._replace(first=first)


def _is_refolded(run: RunReader) -> bool:
    return any(isinstance(event, RunStarted) and event.mode == REFOLD for event in beginning(run))
