"""The text forms that a document says its arguments have: `desc` beside `args`, `state_desc` for `state` and so on.

Only what is made of an object, or of nothing, is compared: a text has no other form.
"""

from collections.abc import Iterator
from typing import Any

from jotty_events.rules.words.text_form import describe_action, describe_state

from . import Document

_VERSION = 1
_DESCRIBE = {"state": describe_state, "action": describe_action, "next_state": describe_state}


def described(document: Document) -> Iterator[tuple[str, Any, Any]]:
    """Give out places among the inputs, what the document says there, and what version 1 of the rules says."""
    yield from _tabled(document.get("tables"))
    for i, call in enumerate(document["inputs"]):
        said = call.get("desc") if isinstance(call, dict) else None
        for name, text in said.items() if isinstance(said, dict) else ():
            given = call.get("args", {}).get(name.removesuffix("_desc"))
            describe = _DESCRIBE.get(name.removesuffix("_desc"))
            if describe is not None and (given is None or isinstance(given, dict)):
                found = None if given is None else describe(given, version=_VERSION)
                yield f"inputs[{i}].desc.{name}", text, found if given or name != "next_state_desc" else None


def _tabled(tables: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give out the same of tables that the arguments are indices into."""
    for name in ("state", "action") if isinstance(tables, dict) else ():
        given, said = tables.get(f"{name}s", []), tables.get(f"{name}_descriptions", [])
        for i, (one, text) in enumerate(zip(given, said, strict=False)):
            yield f"tables.{name}_descriptions[{i}]", text, _DESCRIBE[name](one, version=_VERSION)
