"""All that one conductor learns with, over one session."""

from ..agents.brain import Brain
from ..agents.memory import HierarchicalMemory
from ..agents.q_learning import LLMQPredictor
from ..agents.td_lambda import TDLambdaLearner
from ..agents.todo import MarkovianTODO
from ..config import JottyConfig
from ..session import Session
from ..types import SHARED
from .context import ContextBuilder


class Learners:
    """The memories, the Q-table, TD(lambda), the brain and the task list."""

    def __init__(self, config: JottyConfig, session: Session, actors: list[str]) -> None:
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
