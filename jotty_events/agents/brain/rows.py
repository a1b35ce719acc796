"""What a brain was, as the rows to import: the one place that knows what a file leaves out, whoever reads it.

Invariants: what is said is taken as it is. What is not said of an experience is concluded by the rules, or is as it is
of one that is like nothing else (novelty 1, RULES R5); a reward that nobody says is unknown, and not 0.5 (M19).
"""

import re
from collections.abc import Mapping
from typing import Any

from ...rules.brain import patterns as brain
from ...types import Json
from ..calendar import said_seconds

NOVELTY = 1.0
"""Of an experience of which nobody says how new it was: as where there are no patterns that it could be like."""
_REWARD = re.compile(r"\(reward: (-?\d+(?:\.\d+)?)\)")


def trace_row(said: Mapping[str, Any], nth: int, rules: int) -> Json:
    """Return an experience as a row; KeyError, TypeError or ValueError for what is none."""
    content, tags, impact = dict(said["content"]), said.get("tags"), said.get("causal_impact")
    return {
        "id": nth,
        "content": content,
        "tags": brain.tags(content, rules) if tags is None else list(map(str, tags)),
        "reward": float(said["reward"]),
        "causal_impact": brain.impact_of(content, None if impact is None else float(impact), rules),
        "novelty": float(said.get("novelty_score", NOVELTY)),
        "strength": float(said.get("strength", brain.INITIAL_STRENGTH)),
        "replays": int(said.get("replay_count", 0)),
        "episode": said.get("episode"),
        "time": said_seconds(said.get("timestamp", 0.0)),
    }


def pattern_row(said: Mapping[str, Any], nth: int) -> Json:
    """Return a pattern as a row; KeyError, TypeError or ValueError for what is none."""
    text, reward, created = str(said["abstract_lesson"]), said.get("reward"), said_seconds(said.get("created_at", 0.0))
    return {
        "id": nth,
        "kind": str(said.get("kind") or brain.kind_in(text)),
        "text": text,
        "tags": [str(tag) for tag in said.get("tags") or ()],
        "reward": _reward_in(text) if reward is None else float(reward),
        "strength": float(said.get("strength", brain.INITIAL_STRENGTH)),
        "sources": int(said.get("source_count", 1)),
        "created": created,
        "reinforced": said_seconds(said.get("last_reinforced", created)),
    }


def _reward_in(text: str) -> float | None:
    """Return the reward that a pattern names in its text, to the two digits that stand there."""
    found = _REWARD.search(text)
    return float(found[1]) if found else None
