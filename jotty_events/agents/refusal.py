"""What no memory takes in: each with a typed error that says what it wants instead."""

from collections.abc import Mapping

from ..errors import ConfigError
from ..outcome import why_no_share
from ..types import LEVELS


def require_level(level: object) -> None:
    """Raise ConfigError unless this is a level of memory."""
    if level not in LEVELS:
        raise ConfigError(f"{level!r:.80} is no level of memory", hint=f"levels are {', '.join(LEVELS)}")


def require_memory(content: object, goal: object, context: object, value: object) -> None:
    """Raise ConfigError unless content and goal are text, the context an object or none, the value a share or none."""
    for name, text in (("content", content), ("goal", goal)):
        if not isinstance(text, str):
            raise ConfigError(f"the {name} is {type(text).__name__}, not text", hint=f"store str({name})")
    if context is not None and not isinstance(context, Mapping):
        raise ConfigError(f"the context is {type(context).__name__}, not a JSON object", hint="name what it says")
    wrong = None if value is None else why_no_share(value, "the initial value")
    if wrong is not None:
        raise ConfigError(wrong, hint="values are shares of certain success")
