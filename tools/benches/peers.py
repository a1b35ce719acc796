"""The libraries that stand beside ours come with the extra `bench`; one that is not installed is Unavailable."""

from importlib import import_module
from typing import Any

from .figure import Unavailable


def peer(name: str) -> Any:
    """Return a module that needs a peer; Unavailable if that is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed: pip install 'jotty-events[bench]'") from error
