"""What a reenactment has at hand: the learners over the states, and what happened in the run so far."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, NamedTuple

from projections.memory import Memory, MemoryEntry, OwnerMemory

from ..agents.memory.goals import GoalReader
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..config import JottyConfig
from ..errors import ConfigError
from ..events import Event, ModelAnswered
from ..learning.learners import Learners
from ..projection import Projection
from ..reading.conclusions import Found
from ..session import Session, Transaction
from .answering import Models
from .past import Past
from .performing import Performing
from .standing import Standing, said_of


class Stage:
    """One run's stage: its settings, and the states just before the event that is reenacted."""

    def __init__(
        self, projections: Sequence[Projection], states: Mapping[str, Any], config: JottyConfig, rules: int
    ) -> None:
        self.config = config
        self._learners: dict[str, Learners] = {}
        self._standing = Standing(projections, states, rules)
        self.session: Session = self._standing
        self._models = Models()
        self.past = Past()
        """What happened in the run so far, as far as later events look back on it."""
        self.looked: dict[object, Any] = {}
        """What was read earlier for events that are recorded later, by whatever names them."""
        self.script: deque[Event] = deque()
        """What a call that adds many events would add from here on."""

    @property
    def rules(self) -> int:
        """The version of the rules that the run was learned by."""
        return self.session.rules

    def would_add(self, recorded: Event, call: Callable[[Transaction], object]) -> Event:
        """Return the event that a call would add first; ConfigError if it adds none."""
        found = self._standing.would_add(recorded, call)
        if found is None:
            raise ConfigError("nothing would be recorded here")
        return found

    def at(self, recorded: Event) -> AbstractContextManager[Transaction]:
        """Open a commit at the time and place of a recorded event."""
        return self._standing.at(recorded)

    def learners(self, actor: str) -> Learners:
        """Return all that an actor learns with."""
        if actor not in self._learners:
            self._learners[actor] = Learners(self.config, self.session, [actor])
        return self._learners[actor]

    def performing(self, recorded: Any, copied: Sequence[str]) -> Performing:
        """Return a session that goes on from here, at the time and place of a recorded event; it changes copies."""
        session = Performing(
            self.session.projections,
            self.session.states,
            copied=copied,
            now=recorded.now,
            rules=self.rules,
            seq=self.session.seq + 1,
        )
        session.model = self.session.model
        session.provenance = said_of(recorded)
        return session

    def next_in_script(self, recorded: Event, perform: Callable[[], list[Event]]) -> Event:
        """Return the next event of the script, which begins here unless it goes on; ConfigError at its end."""
        if not self.script:
            self.script.extend(perform())
        if not self.script:
            raise ConfigError("nothing would be recorded here")
        expected = self.script.popleft()
        if type(expected) is not type(recorded):
            self.script.clear()
        return expected

    @cached_property
    def q(self) -> LLMQPredictor:
        """The learner of Q-values."""
        return LLMQPredictor(self.config, self.session)

    def memory_of(self, owner: str) -> HierarchicalMemory:
        """Return the memory of an owner."""
        return HierarchicalMemory(owner, self.config, self.session)

    @property
    def memories(self) -> Memory:
        """Memories by owner."""
        found: Memory = self.session.view("memory")
        return found

    def owned(self, owner: str) -> OwnerMemory:
        """Return the memories of an owner: none, if it was never heard of."""
        return self.memories.of(owner)

    def entry(self, event: Any) -> MemoryEntry:
        """Return the entry that an event names by owner, level and key; ConfigError if there is none."""
        found = self.owned(event.owner)[event.level].get(event.key)
        if found is None:
            raise ConfigError(f"there is no entry {event.owner}/{event.level} {event.key!r:.80}")
        return found

    def goals_of(self, owner: str) -> GoalReader:
        """Return what an owner knows of goals."""
        return GoalReader(self.session, owner, self.config)

    def passed(self, seq: int, event: Event) -> None:
        """Take up an event: from the first answer on, there is a model that gives the recorded ones."""
        self.past.passed(seq, event)
        if isinstance(event, ModelAnswered):
            self._models.passed(event)

    def turn_to(self, event: Event) -> None:
        """Let the model be the one that was at hand when an event was observed: where it was, if not here."""
        self.session.model = self._models.at_hand(event)


class Reenacted(NamedTuple):
    """How one kind of event comes about once more.

    `call` returns the event that would be recorded, or only some of its fields by their names. `needs` are the
    projections whose events must all be in the log.
    """

    call: Callable[[Stage, Any], Event | Found]
    needs: tuple[str, ...]
