"""What a run learns without writing it down, by its settings."""

from collections.abc import Sequence

from projections import READ_MODELS

from ..config import JottyConfig
from ..events import tag_of

_KEPT = {
    "memory": "persist_memories",
    "goals": "persist_memories",
    "q_table": "persist_q_tables",
    "brain": "persist_brain_state",
    "todos": "persist_todos",
}
"""The settings by which a projection's events are left out of the log."""


def dropped(config: JottyConfig) -> list[str]:
    """Return the projections whose events are not written."""
    return [name for name, setting in _KEPT.items() if not getattr(config, setting)]


def tags_of_only(names: Sequence[str]) -> frozenset[str]:
    """Return the tags that only the named read models read; what a user's own projection reads changes nothing."""
    named = {tag_of(event) for model in READ_MODELS if model.name in names for event in model.reads}
    others = {tag_of(event) for model in READ_MODELS if model.name not in names for event in model.reads}
    return frozenset(named - others)
