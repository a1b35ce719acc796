"""Replays of reference documents: what the original did, done again by version 1 of the rules.

A document has `runner`, `config`, `inputs` and `expected`, and sometimes `scenarios` of the same form. Each module here
replays the documents of some runners: it has `RUNNERS`, functions by the name of the runner, or one `replay` for the
runner that is named as the module. A replay takes a document (or a scenario as one) and returns what stands in its
`expected`.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

Document = dict[str, Any]
Replay = Callable[[Document], Document]

_NONE = ("compare", "descriptions", "document")
"""Modules here that replay nothing."""


@cache
def runners() -> dict[str, Replay]:
    """Return the replays by the names of their runners."""
    found: dict[str, Replay] = {}
    for name in sorted(one.name for one in iter_modules(__path__) if one.name not in _NONE):
        module = import_module(f"{__name__}.{name}")
        found |= getattr(module, "RUNNERS", None) or {name: module.replay}
    return found
