"""All that one conductor learns with, over one session."""

from ..agents.brain.brain import Brain
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..agents.td.learner import TDLambdaLearner
from ..agents.todo.task_list import MarkovianTODO
from ..config import JottyConfig
from ..session import Session
from ..types import SHARED
from .context import ContextBuilder


class Learners:
    """The memories, the Q-table, TD(lambda), the brain and the task list."""

    def __init__(self, config: JottyConfig, session: Session, actors: list[str]) -> None:
        self._config = config
        self._session = session
        self._others: dict[str, HierarchicalMemory] = {}
        self.shared = HierarchicalMemory(SHARED, config, session)
        self.local = {name: HierarchicalMemory(name, config, session) for name in actors}
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
