"""Absorbing: what branches observed is learned again on top of the line, one branch after the other by their run ids.

Invariants: each commit of a branch is learned from once, in a commit of its own that says so: a process that is killed
meanwhile has absorbed what is in the log, and the next run goes on behind that. A branch that is still being written
is not absorbed. What a branch has absorbed itself is absorbed with it, unless the line has that already; what is
passed over is named as one stretch.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from ..config import JottyConfig
from ..errors import FormatError, PointError, StillWritten, UnknownRules
from ..events import Absorbed, EpisodeStarted, RunEnded, RunStarted
from ..learning.learners import Learners
from ..log.segment import Commit
from ..projection import Projection
from ..record import Record, decode_record
from ..rules import VERSIONS
from ..runs.branches import Branch, Line, beginning, branches
from ..runs.point import Point
from ..runs.tree import Tree
from ..session import Session
from .beginning import Means, begun
from .changes import Changes
from .heard import Heard
from .leaving_out import LeftOut
from .relearner import Records, Relearner
from .tally import Tally

_NOTHING_TO_LEARN = RunStarted | RunEnded
_WITHIN = 80


class Absorbing:
    """Absorbs branches into a run that has just begun."""

    def __init__(self, tree: Tree, session: Session, config: JottyConfig, learners: Learners, line: Line) -> None:
        self._tree = tree
        self._session = session
        self._config = config
        self._learners = learners
        self._line = line
        self.tally = Tally()

    def absorb(self, branch: Branch) -> None:
        """Learn again what a branch observed; StillWritten, UnknownRules, FormatError, Corruption."""
        require_ended(branch)
        session, started = self._session, self._started(branch)
        relearner = Relearner(
            session,
            self._config,
            branch.run,
            recorded_rules=started.rules,
            heard=Heard(episodes=self._begun_before(branch)),
            tally=self.tally,
            out=LeftOut(),
            learners=self._learners,
        )
        commits = list(self._commits(branch))
        relearner.foresee(records for _, records in commits)
        before = session.rng, session.model, session.provenance
        try:
            for known, some in groupby(commits, lambda one: self._has(branch, *one)):
                if known:
                    self._pass_over(branch, list(some), relearner)
                    continue
                for commit, records in some:
                    self._take(branch, commit, records, relearner)
        finally:
            session.rng, session.model, session.provenance = before

    def _has(self, branch: Branch, commit: Commit, records: Records) -> bool:
        """Say whether a commit teaches nothing here: it was absorbed, or it took up only what the line has."""
        marks = _marks(records)
        passes = len(marks) == len(records)
        return passes or any(map(self._line.has, [_mark(branch, commit, commit, 0.0), *marks]))

    def _take(self, branch: Branch, commit: Commit, records: Records, relearner: Relearner) -> None:
        relearner.take(records, partial(_mark, branch, commit, commit))
        for mark in (_mark(branch, commit, commit, 0.0), *_marks(records)):
            self._line.note(mark)

    def _pass_over(self, branch: Branch, commits: list[tuple[Commit, Records]], relearner: Relearner) -> None:
        for _, records in commits:
            relearner.pass_over(records)
        with self._session.transaction() as said:
            mark = _mark(branch, commits[0][0], commits[-1][0], said.at)
            said.add(mark)
        self._line.note(mark)

    def _begun_before(self, branch: Branch) -> dict[int, int]:
        """Return which numbers the episodes have here that were begun in the branch before, and are in the line."""
        here = [one.episode for one in self._session.view("episodes").entries() if one.run == branch.run]
        recorded: list[int] = []
        for commit in self._tree.run(branch.run).commits() if here else ():
            if commit.last >= branch.first:
                break
            recorded += [number for line in commit.lines for number in _episode_begun(line, branch.run)]
        return dict(zip(recorded, here, strict=False))

    def _started(self, branch: Branch) -> RunStarted:
        run = self._tree.run(branch.run)
        line = next(run.commits()).lines[0]
        found = decode_record(line)
        if not isinstance(found, Record) or not isinstance(found.event, RunStarted):
            where = run.files.describe(branch.run)
            raise FormatError(f"{where}: the first record cannot be read", file=where, hint="restore it from a backup")
        if found.event.rules not in VERSIONS:
            message = f"{branch.run} was learned by rules version {found.event.rules}, which is not known here"
            raise UnknownRules(message, hint="upgrade jotty-events")
        return found.event

    def _commits(self, branch: Branch) -> Iterator[tuple[Commit, Records]]:
        for commit in self._tree.run(branch.run).commits(branch.first - 1):
            records = [decode_record(line) for line in commit.lines]
            events = [one.event if isinstance(one, Record) else None for one in records]
            if not all(isinstance(one, _NOTHING_TO_LEARN) for one in events):
                yield commit, records


def _episode_begun(line: bytes, run: str) -> Iterator[int]:
    """Give out the number of the episode that a record of a run begins; not of one that was absorbed there."""
    if b'"type":"episode_started"' in line[:_WITHIN]:
        record = decode_record(line)
        if isinstance(record, Record) and isinstance(record.event, EpisodeStarted) and record.event.run == run:
            yield record.event.episode


def _mark(branch: Branch, first: Commit, last: Commit, now: float) -> Absorbed:
    head = last.head.hex()
    return Absorbed(run=branch.run, uid=branch.uid, first=first.first, last=last.last, head=head, now=now)


def _marks(records: Records) -> list[Absorbed]:
    """Return what a commit says was absorbed in it."""
    events = (one.event for one in records if isinstance(one, Record))
    return [one for one in events if isinstance(one, Absorbed)]


def absorb(
    tree: Tree, projections: Sequence[Projection], means: Means, only: str | None = None
) -> tuple[Point | None, Tally]:
    """Begin a run on the latest one, absorb the branches beside it, or `only` one of them, and close it.

    Returns where that run ends, None if there was nothing to absorb. PointError for a run that is no branch,
    StillWritten, UnknownRules, FormatError, Corruption, WriteFailed.
    """
    latest = tree.resolve("latest")
    found, line = branches(tree, latest)
    chosen = [one for one in found if only in (None, one.run)]
    if only is not None and not chosen:
        known = tree.run(only).run
        raise PointError(f"{known} is no branch of {latest}", hint="it is in the line, left on purpose, or absorbed")
    chosen = [one for one in chosen if not one.live or only is not None]
    for one in chosen:
        require_ended(one)
    if not chosen:
        return None, Tally()
    like = next(event for event in beginning(tree.run(latest.run)) if isinstance(event, RunStarted))
    config = Changes().settings(like)
    session = begun(tree, projections, latest, like, config, means, durably=True)
    absorbing = Absorbing(tree, session, config, Learners(config, session, []), line)
    try:
        for one in chosen:
            absorbing.absorb(one)
    finally:
        session.close("absorbed")
    end = tree.run(session.run or "").end
    assert end is not None
    return Point(session.run or "", end.seq), absorbing.tally


def require_ended(branch: Branch) -> None:
    """Refuse a branch that is still being written with StillWritten."""
    if branch.live:
        raise StillWritten(f"{branch.run} is still being written", hint="it is absorbed once it has ended")
