"""Learning that survives from run to run, kept as an event log that is replayed.

Invariants: importing this package loads none of the heavy libraries; a name brings its module along when it is first
used. The table below, the imports for type checkers and `__all__` list the same names (a test holds them together).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.adaptive_alpha import AdaptiveLearningRate
    from .agents.brain import Brain
    from .agents.brain_inspired import BrainInspiredMemoryManager
    from .agents.consolidator import SharpWaveRippleConsolidator
    from .agents.hippocampus import HippocampalExtractor
    from .agents.memory import HierarchicalMemory
    from .agents.q_learning import LLMQPredictor
    from .agents.sleep_and_wake import BrainStateMachine
    from .agents.td_lambda import TDLambdaLearner
    from .agents.todo import MarkovianTODO
    from .conducting.conductor import Conductor
    from .conducting.opening import HistoryWarning
    from .config import AgentConfig, JottyConfig
    from .errors import JottyError
    from .history import History
    from .outcome import Attempt, Outcome, RunResult, Task
    from .state import State
    from .types import Durability, LearningMode

__version__ = "0.1.0"

__all__ = [
    "AdaptiveLearningRate",
    "AgentConfig",
    "Attempt",
    "Brain",
    "BrainInspiredMemoryManager",
    "BrainStateMachine",
    "Conductor",
    "Durability",
    "HierarchicalMemory",
    "HippocampalExtractor",
    "History",
    "HistoryWarning",
    "JottyConfig",
    "JottyError",
    "LLMQPredictor",
    "LearningMode",
    "MarkovianTODO",
    "Outcome",
    "RunResult",
    "SharpWaveRippleConsolidator",
    "State",
    "TDLambdaLearner",
    "Task",
    "__version__",
]

_HOMES = {
    "AdaptiveLearningRate": "agents.adaptive_alpha",
    "AgentConfig": "config",
    "Attempt": "outcome",
    "Brain": "agents.brain",
    "BrainInspiredMemoryManager": "agents.brain_inspired",
    "BrainStateMachine": "agents.sleep_and_wake",
    "Conductor": "conducting.conductor",
    "Durability": "types",
    "HierarchicalMemory": "agents.memory",
    "HippocampalExtractor": "agents.hippocampus",
    "History": "history",
    "HistoryWarning": "conducting.opening",
    "JottyConfig": "config",
    "JottyError": "errors",
    "LLMQPredictor": "agents.q_learning",
    "LearningMode": "types",
    "MarkovianTODO": "agents.todo",
    "Outcome": "outcome",
    "RunResult": "outcome",
    "SharpWaveRippleConsolidator": "agents.consolidator",
    "State": "state",
    "TDLambdaLearner": "agents.td_lambda",
    "Task": "outcome",
}


def __getattr__(name: str) -> Any:
    """Load the module of a public name when the name is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
