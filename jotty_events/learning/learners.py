"""All that one conductor learns with, over one session."""

from typing import Any

from ..agents.brain.brain import Brain
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..agents.td.learner import TDLambdaLearner
from ..agents.todo.task_list import MarkovianTODO
from ..config import JottyConfig
from ..errors import ConfigError
from ..session import Session
from ..types import SHARED
from .context import ContextBuilder


class LocalMemories(dict[str, HierarchicalMemory]):
    """Each actor's own memories; one that is put in the place of another is taken over by it: see `load_saved`."""

    def __setitem__(self, name: str, memory: HierarchicalMemory) -> None:
        """Take over what a memory remembers. ConfigError for who is no actor, or what is no memory."""
        if name not in self:
            raise ConfigError(f"{name!r:.80} is no actor", hint=f"the actors are {', '.join(self)}")
        take_over(self[name], memory)

    def update(self, *given: Any, **named: Any) -> None:
        """Take over what several memories remember; errors as above."""
        for name, memory in dict(*given, **named).items():
            self[name] = memory


def take_over(own: HierarchicalMemory, other: object) -> None:
    """Let a memory remember what another one does, in place of its own: events in one commit."""
    if not isinstance(other, HierarchicalMemory):
        raise ConfigError(f"{other!r:.60} is no memory", hint="HierarchicalMemory.from_dict returns one")
    if other is not own:
        own.load_saved(other.saved_state())


class Learners:
    """The memories, the Q-table, TD(lambda), the brain and the task list."""

    def __init__(self, config: JottyConfig, session: Session, actors: list[str]) -> None:
        self._config = config
        self._session = session
        self._others: dict[str, HierarchicalMemory] = {}
        self.shared = HierarchicalMemory(SHARED, config, session)
        self.local = LocalMemories({name: HierarchicalMemory(name, config, session) for name in actors})
        self.q = LLMQPredictor(config, session)
        self.td = TDLambdaLearner(config, session)
        self.brain = Brain(config, session)
        self.todo = MarkovianTODO(config, session)
        self.context = ContextBuilder(self.q, self.brain, config.context_items)

    @property
    def memories(self) -> list[HierarchicalMemory]:
        """All owners' memories, the shared ones first."""
        return [self.shared, *self.local.values()]

    def of(self, owner: str) -> HierarchicalMemory:
        """Return the memory of an owner: an actor's, the shared one, or that of somebody who is no actor here."""
        if owner == SHARED:
            return self.shared
        if owner not in self.local and owner not in self._others:
            self._others[owner] = HierarchicalMemory(owner, self._config, self._session)
        return self.local[owner] if owner in self.local else self._others[owner]
