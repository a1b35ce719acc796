"""Which tables an imported entry may be for.

Invariants: a projection of this project takes rows of these tables and of no others (a test holds the list and the
projections together); what a projection of a user's own takes is not known here.
"""

from collections.abc import Mapping

TABLES: Mapping[str, tuple[str, ...]] = {
    "memory": ("entries", "goal_values", "links", "accesses", "consolidations", "parameters", "adapting", "samples"),
    "q_table": (
        "entries",
        "td_errors",
        "lessons",
        "experiences",
        "order",
        "tiers",
        "clusters",
        "tiering",
        "parameters",
    ),
    "brain": (
        "hippocampus",
        "neocortex",
        "order",
        "sleep",
        "waking",
        "expectation",
        "filter",
        "seen",
        "machine",
        "recent",
        "queue",
        "replays",
    ),
    "todos": ("list", "tasks", "reasons", "blocks", "order", "marks", "now", "transitions", "risks", "checkpoints"),
    "goals": ("nodes",),
    "episodes": ("episodes",),
}


def has_table(projection: str, table: str) -> bool:
    """Say whether a replay would find the table that an imported entry names."""
    return projection not in TABLES or table in TABLES[projection]
