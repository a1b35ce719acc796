"""Learns again from the commits of a run, one after the other, in a session.

Invariants: one commit of the source is one commit here, or none. Each observation is learned from once, left out, or
counted as one that could not be learned from.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from ..config import JottyConfig
from ..errors import ConfigError, JottyError, RunClosed, WriteFailed
from ..events import (
    AttemptMade,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    ExperienceEncoded,
    Redacted,
    RunEnded,
    RunStarted,
    TaskAdded,
    TodoOpened,
    TrajectoryEnded,
)
from ..learning.learners import Learners
from ..record import Opaque, Record
from ..session import Session, Transaction
from . import valuing
from .by_hand import BY_HAND, FOLLOWS
from .episodes import Episodes, actors_of
from .groups import Group, Seen, groups
from .heard import Heard
from .leaving_out import LeftOut, Omitted
from .scene import Scene
from .tally import Tally, Unappliable

Records = Sequence[Record | Opaque]
_SAYS_NOTHING_TO_LEARN = RunStarted | RunEnded | Redacted
_REFUSED = (JottyError, LookupError, ValueError, ArithmeticError)


class Relearner:
    """Learns again from one run's records."""

    def __init__(
        self,
        session: Session,
        config: JottyConfig,
        run: str,
        *,
        recorded_rules: int,
        heard: Heard,
        tally: Tally,
        out: LeftOut,
        learners: Learners | None = None,
        parts_stay: bool = False,
    ) -> None:
        """`learners` are those of the session, if it has some already; `parts_stay` as of `Episodes`."""
        self._run = run
        self._session = session
        self._tally = tally
        self._scene = Scene(session, config, heard, tally, recorded_rules, learners)
        self._scene.run = run
        self._omitted = Omitted(out)
        self._parts_stay = parts_stay
        self._episodes = self._with_actors({})
        self._accesses: dict[int, list[valuing.Access]] = {}
        self._reached: int | None = None

    def foresee(self, commits: Iterable[Records]) -> None:
        """Be told of all commits beforehand: some observations look back, and some were made long before they end."""
        seen = [_seen(records) for records in commits]
        flat = [(one.seq, one.event) for commit in seen for one in commit]
        actors = actors_of([event for _, event in flat])
        self._episodes = self._with_actors(actors)
        self._omitted.foresee(self._run, flat, actors)
        for commit in seen:
            self._foresee_ends(commit)

    def _with_actors(self, actors: dict[int, list[str]]) -> Episodes:
        return Episodes(self._scene, self._omitted, actors, parts_stay=self._parts_stay)

    def _foresee_ends(self, commit: Sequence[Seen]) -> None:
        before = None
        for seq, event in commit:
            if isinstance(event, AttemptMade):
                before = seq
            elif isinstance(event, TrajectoryEnded) and not self._omitted.has(self._run, seq, event):
                for access in valuing.accesses(self._scene, seq, event, before):
                    self._accesses.setdefault(access[0], []).append(access)

    def take(self, records: Records, mark: Callable[[float], Event] | None = None) -> None:
        """Learn from one commit; `mark` makes what stands before what is learned, of the time (s) of the commit."""
        seen = _seen(records)
        self._tally.skipped.update("a record that cannot be read" for one in records if isinstance(one, Opaque))
        self._pass(records[0].seq - 1)
        with self._refusing(records), self._session.transaction() as commit:
            if mark is not None:
                commit.add(mark(commit.at))
            self._learn(commit, [one for one in seen if not isinstance(one.event, _SAYS_NOTHING_TO_LEARN)])
        self._pass(records[-1].seq)

    def pass_over(self, records: Records) -> None:
        """Learn nothing from a commit, but hear what it says: contents come again in later ones."""
        for one in _seen(records):
            self._scene.heard.note(one.event)
        self._pass(records[-1].seq)

    @contextmanager
    def _refusing(self, records: Records) -> Iterator[None]:
        """Say which commit cannot be learned again, when the rules refuse in the middle of it."""
        try:
            yield
        except (WriteFailed, RunClosed):
            raise
        except _REFUSED as error:
            where = f"{self._run}@{records[-1].seq}"
            message = f"the commit up to {where} cannot be learned again here: {error}"
            raise ConfigError(message, hint=f"leave it out: without {self._run}@{records[0].seq}") from error

    def _learn(self, commit: Transaction, seen: Sequence[Seen]) -> None:
        out = {one.seq for one in seen if self._omitted.has(self._run, one.seq, one.event)}
        for one in seen:
            self._scene.heard.note(one.event)
            if one.seq in out and isinstance(one.event, ExperienceEncoded):
                self._scene.heard.traces[one.event.nth] = None
        place = next((i for i, one in enumerate(seen) if isinstance(one.event, _OF_AN_EPISODE)), len(seen))
        self._by_hand(commit, seen[:place], out)
        if place < len(seen):
            self._of_an_episode(commit, seen[place], seen[place + 1 :], out)

    def _of_an_episode(self, commit: Transaction, head: Seen, rest: Sequence[Seen], out: set[int]) -> None:
        seq, event = head
        if seq in out:
            self._tally.left_out += 1
            return
        self._tally.learned += 1
        if isinstance(event, EpisodeStarted):
            self._episodes.begin(commit, seq, event)
            self._by_hand(commit, [one for one in rest if isinstance(one.event, _LISTED)], out)
        elif isinstance(event, AttemptMade):
            self._episodes.learn(commit, seq, event, rest, out)
        elif isinstance(event, EpisodeEnded):
            self._episodes.end(commit, seq, event, rest, out)

    def _by_hand(self, commit: Transaction, seen: Sequence[Seen], out: set[int]) -> None:
        for group in groups(seen, FOLLOWS):
            if out.isdisjoint(one.seq for one in group.all):
                self._call(commit, group)
            else:
                self._tally.left_out += 1
            self._pass(group.all[-1].seq)

    def _call(self, commit: Transaction, group: Group) -> None:
        seq, event = group.head
        known = BY_HAND.get(type(event))
        if known is None:
            return
        before = len(commit.events)
        try:
            with self._scene.observing(seq, event):
                known.learn(self._scene, group)
            self._tally.learned += 1
        except _REFUSED as error:
            if len(commit.events) > before:
                raise
            self._tally.skip(_reason(error, event))
        self._scene.past.last = group.all[-1].event

    def _pass(self, seq: int) -> None:
        """Read the values that were read behind the records up to a seq."""
        reached = range(self._reached + 1, seq + 1) if self._reached is not None else sorted(self._accesses)
        for at in (one for one in reached if one <= seq):
            for _, learner, named in self._accesses.pop(at, ()):
                valuing.access(self._scene, learner, named)
        self._reached = seq


_OF_AN_EPISODE = EpisodeStarted | AttemptMade | EpisodeEnded
_LISTED = TodoOpened | TaskAdded


def _seen(records: Records) -> list[Seen]:
    return [Seen(one.seq, one.event) for one in records if isinstance(one, Record)]


def _reason(error: Exception, event: Event) -> str:
    tag = str(event.__struct_config__.tag)
    said = error.message if isinstance(error, Unappliable) else f"refused: {error}"
    return f"{tag}: {said}"
