"""A brain as JSON: the experiences and patterns as the original has them, and what it leaves out (P3, P14).

Invariants: what is returned is a copy, which follows from the state alone; lists stand in the order of the brain.
"""

from projections.brain import Brain as BrainView
from projections.brain import Pattern, Trace

from ...types import Json

TRACE_MORE = ("tags", "causal_impact", "episode")
"""What the original does not write of an experience."""
PATTERN_MORE = ("kind", "reward")
"""What the original does not write of a pattern."""


def trace_as_dict(one: Trace) -> Json:
    """Return an experience as JSON values. The original never sets `consolidated`."""
    return {
        "content": one.content,
        "reward": one.reward,
        "timestamp": one.time,
        "strength": one.strength,
        "replay_count": one.replays,
        "consolidated": False,
        "novelty_score": one.novelty,
        **{name: getattr(one, name) for name in TRACE_MORE},
    }


def pattern_as_dict(one: Pattern) -> Json:
    """Return a pattern as JSON values."""
    return {
        "abstract_lesson": one.text,
        "strength": one.strength,
        "source_count": one.sources,
        "created_at": one.created,
        "last_reinforced": one.reinforced,
        "tags": one.tags,
        **{name: getattr(one, name) for name in PATTERN_MORE},
    }


def brain_as_dict(held: BrainView) -> Json:
    """Return all that a brain holds as JSON values."""
    return {
        "hippocampus": [trace_as_dict(one) for one in held.hippocampus],
        "neocortex": [pattern_as_dict(one) for one in held.neocortex],
        "episodes_since_sleep": held.episodes_since_sleep,
        "total_consolidations": held.consolidations,
        "last_sleep": held.last_sleep,
        "expected_reward": held.expected_reward,
        "replays": held.replays,
        "filter": held.filter._asdict(),
        "seen": list(held.seen),
        "machine": held.machine._asdict(),
        "recent": held.recent,
        "queue": held.queue,
    }
