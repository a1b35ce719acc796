"""What learning again has at hand: the learners over the session in which it is done, and what was heard so far.

Invariants: a call is carried out to its end, at the time and place of its observation. A call that is refused has
changed nothing; the next one goes on.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import UNSET

from projections.memory import MemoryEntry

from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..agents.td.learner import TDLambdaLearner
from ..config import JottyConfig
from ..events import Event, ModelAnswered, Origin
from ..learning.learners import Learners
from ..reenacting.answering import Models
from ..reenacting.past import Past
from ..reenacting.stage import Stage
from ..reenacting.standing import said_of
from ..session import Session, Transaction
from ..types import Json
from .groups import Seen
from .heard import Heard, Said, said_of_entry
from .tally import Tally, Unappliable


class Scene(Stage):
    """A stage on which calls are carried out; `recorded_rules` is the version that the observations were made by."""

    def __init__(
        self,
        session: Session,
        config: JottyConfig,
        heard: Heard,
        tally: Tally,
        recorded_rules: int,
        learners: Learners | None = None,
    ) -> None:
        self.session = session
        self.config = config
        self.heard = heard
        self.tally = tally
        self.recorded_rules = recorded_rules
        self.learned_by = Learners(config, session, []) if learners is None else learners
        self.past = Past()
        self.looked = {}
        self.script = deque()
        self.run = ""
        """The run whose observations are learned from."""
        self.ways: dict[int, TDLambdaLearner] = {}
        """What was used on the way of trajectories that are to end, by the seqs of their ends."""
        self.findings: dict[str, list[float]] = defaultdict(list)
        """When the patterns were found that the next consolidation is to find again, by owner."""
        self._models = Models()

    @property
    def q(self) -> LLMQPredictor:
        """The learner of Q-values."""
        return self.learned_by.q

    def memory_of(self, owner: str) -> HierarchicalMemory:
        """Return the memory of an owner."""
        return self.learned_by.of(owner)

    @contextmanager
    def at(self, recorded: Event) -> Iterator[Transaction]:
        """Open a commit at the time and place of an observation, or go on with the one that is open."""
        with self.session.transaction() as commit:
            commit.now = getattr(recorded, "now", commit.now)
            yield commit

    def would_add(self, recorded: Event, call: Callable[[Transaction], object]) -> Event:
        """Carry out a call, and return the first event that it added; Unappliable if it added none."""
        with self.at(recorded) as commit:
            before = len(commit.events)
            call(commit)
            if len(commit.events) == before:
                raise Unappliable("what was observed changes nothing here")
            return commit.events[before]

    @contextmanager
    def observing(self, seq: int, recorded: Event) -> Iterator[None]:
        """Let what is learned say that it was observed there, and let the model be the one that was there."""
        self.session.provenance = self.said_of(seq, recorded)
        self.session.model = self._models.at_hand(recorded)
        try:
            yield
        finally:
            self.session.provenance = {}

    def said_of(self, seq: int, recorded: Event) -> Json:
        """Return what an event that is learned again says of its episode, its actor, its attempt and its origin."""
        said = said_of(recorded)
        if "episode" in said:
            said["episode"] = self.episode(said["episode"])
        return {**said, "origin": self.origin(seq, recorded)}

    def origin(self, seq: int, recorded: Event) -> Origin:
        """Return where something was observed first."""
        found = getattr(recorded, "origin", None)
        return Origin(run=self.run, seq=seq) if found in (None, UNSET) else found

    def episode(self, number: int) -> int:
        """Return the number that an episode has here."""
        return self.heard.episodes.get(number, number)

    def answered(self, event: ModelAnswered) -> None:
        """Take up what a model answered."""
        self._models.passed(event)

    def turn_to_models_of(self, rest: Sequence[Seen]) -> None:
        """Let the model be the one that has just answered, if one has."""
        for _, event in rest:
            if isinstance(event, ModelAnswered):
                self.session.model = self._models.at_hand(event)

    def entry(self, event: Any) -> MemoryEntry:
        """Return the entry that an event names; Unappliable if there is none."""
        return self.entry_of(event.owner, event.level, event.key)

    def entry_of(self, owner: str, level: str, key: str) -> MemoryEntry:
        """Return an entry by its recorded name; Unappliable if there is none."""
        found = self.known(owner, level, key)
        if found is None:
            raise Unappliable("the memory is not there")
        return found

    def known(self, owner: str, level: str, key: str) -> MemoryEntry | None:
        """Return an entry by its recorded name, None if there is none."""
        return self.owned(owner)[level].get(self.heard.keys.get((owner, level, key), key))

    def said(self, owner: str, level: str, key: str) -> Said:
        """Return what was stored under a recorded name; Unappliable if nobody knows any more."""
        found = self.heard.contents.get((owner, level, key))
        if found is not None:
            return found
        entry = self.known(owner, level, key)
        if entry is None:
            raise Unappliable("the content that came again is not known")
        return said_of_entry(entry)
