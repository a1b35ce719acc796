"""What no memory takes in: each with a typed error that says what it wants instead."""

from collections.abc import Mapping

from ..errors import ConfigError
from ..outcome import why_no_share
from ..types import LEVELS
from ..values import text


def require_level(level: object) -> None:
    """Raise ConfigError unless this is a level of memory."""
    if level not in LEVELS:
        raise ConfigError(f"{level!r:.80} is no level of memory", hint=f"levels are {', '.join(LEVELS)}")


def require_memory(content: object, goal: object, context: object, value: object) -> None:
    """Raise ConfigError unless content and goal are text, the context an object or none, the value a share or none."""
    for name, said in (("content", content), ("goal", goal)):
        if not isinstance(said, str):
            raise ConfigError(f"the {name} is {type(said).__name__}, not text", hint=f"store str({name})")
    if context is not None and not isinstance(context, Mapping):
        raise ConfigError(f"the context is {type(context).__name__}, not a JSON object", hint="name what it says")
    wrong = None if value is None else why_no_share(value, "the initial value")
    if wrong is not None:
        raise ConfigError(wrong, hint="values are shares of certain success")


def require_texts(**arguments: object) -> None:
    """Raise ConfigError unless each argument is text, a list of texts, or None; InvalidEvent for lone surrogates."""
    for name, value in arguments.items():
        items = [] if value is None else value if isinstance(value, list | tuple) else [value]
        for one in items:
            if not isinstance(one, str):
                raise ConfigError(f"{name} has {type(one).__name__}, not text", hint=f"use str({name})")
            text(one, name)


def require_said(**arguments: object) -> None:
    """Raise ConfigError unless each argument is text; InvalidEvent for lone surrogates."""
    for name, value in arguments.items():
        require_texts(**{name: [value]})


def require_budget(tokens: object) -> None:
    """Raise ConfigError unless this is a number of tokens."""
    if isinstance(tokens, bool) or not isinstance(tokens, int) or not 0 <= tokens < 1 << 63:
        raise ConfigError(f"a budget of {tokens!r:.40} tokens", hint="say how many tokens, as an integer from 0 on")


def require_threshold(threshold: object) -> None:
    """Raise ConfigError unless this is a share, or none."""
    wrong = None if threshold is None else why_no_share(threshold, "the threshold")
    if wrong is not None:
        raise ConfigError(wrong, hint="values are shares of certain success")
