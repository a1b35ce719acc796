"""The read models: memory, q_table, brain, todos, goals and episodes, each a projection of the log."""

from .brain import BRAIN
from .episodes import EPISODES_MODEL
from .goals import GOALS
from .memory import MEMORY
from .q_table import Q_TABLE
from .read_model import ReadModel
from .todos import TODOS

READ_MODELS: tuple[ReadModel, ...] = (MEMORY, Q_TABLE, BRAIN, TODOS, GOALS, EPISODES_MODEL)
"""All read models of this package, in a fixed order."""

__all__ = ["BRAIN", "EPISODES_MODEL", "GOALS", "MEMORY", "Q_TABLE", "READ_MODELS", "TODOS", "ReadModel"]
