"""Learning that survives from run to run, kept as an event log that is replayed.

Invariants: importing this package loads none of the heavy libraries; a name brings its module along when it is first
used. The table below, the imports for type checkers and `__all__` list the same names (a test holds them together).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agents.brain.brain import Brain
    from .agents.brain.brain_inspired import BrainInspiredMemoryManager
    from .agents.brain.consolidator import SharpWaveRippleConsolidator
    from .agents.brain.hippocampus import HippocampalExtractor
    from .agents.brain.sleep_and_wake import BrainStateMachine
    from .agents.memory.hierarchical_memory import HierarchicalMemory
    from .agents.q.predictor import LLMQPredictor
    from .agents.td.adaptive_alpha import AdaptiveLearningRate
    from .agents.td.learner import TDLambdaLearner
    from .agents.todo.task_list import MarkovianTODO
    from .conducting.conductor import Conductor
    from .conducting.opening import HistoryWarning
    from .config import AgentConfig, JottyConfig
    from .errors import JottyError
    from .history import History
    from .legacy.session_manager import SessionManager
    from .legacy.vault import Vault
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
    "SessionManager",
    "SharpWaveRippleConsolidator",
    "State",
    "TDLambdaLearner",
    "Task",
    "Vault",
    "__version__",
]

_HOMES = {
    "AdaptiveLearningRate": "agents.td.adaptive_alpha",
    "AgentConfig": "config",
    "Attempt": "outcome",
    "Brain": "agents.brain.brain",
    "BrainInspiredMemoryManager": "agents.brain.brain_inspired",
    "BrainStateMachine": "agents.brain.sleep_and_wake",
    "Conductor": "conducting.conductor",
    "Durability": "types",
    "HierarchicalMemory": "agents.memory.hierarchical_memory",
    "HippocampalExtractor": "agents.brain.hippocampus",
    "History": "history",
    "HistoryWarning": "conducting.opening",
    "JottyConfig": "config",
    "JottyError": "errors",
    "LLMQPredictor": "agents.q.predictor",
    "LearningMode": "types",
    "MarkovianTODO": "agents.todo.task_list",
    "Outcome": "outcome",
    "RunResult": "outcome",
    "SessionManager": "legacy.session_manager",
    "SharpWaveRippleConsolidator": "agents.brain.consolidator",
    "State": "state",
    "TDLambdaLearner": "agents.td.learner",
    "Task": "outcome",
    "Vault": "legacy.vault",
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
