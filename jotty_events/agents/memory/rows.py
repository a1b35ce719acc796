"""What was remembered, as the rows to import: the one place that knows what a file leaves out, whoever reads it.

Invariants: what is said is taken as it is; what is not said is as it is in a new entry, and was not touched since that
was created. A null says nothing. Dates are text or seconds since 1970.
"""

from collections.abc import Mapping
from typing import Any

from ...rules.memory import causal, goals
from ...rules.memory import entries as memory
from ...types import Json
from ..calendar import said_seconds

_OPERATION = "query"
_SUCCESS_RATE = 0.5


def entry_row(said: Mapping[str, Any], now: float) -> Json:
    """Return an entry as a row, without its owner and place; KeyError, TypeError or ValueError for what is none."""
    content, metadata = said["content"], said.get("metadata") or {}
    created = _time(said.get("created_at"), now)
    return {
        "content": content,
        "context": dict(said.get("context") or {}),
        "domain": metadata.get("domain"),
        "task_type": metadata.get("task_type"),
        "agent": said.get("source_agent", ""),
        "source_episode": said.get("source_episode", 0),
        "default_value": float(said.get("default_value", memory.INITIAL_VALUE)),
        "token_count": _or(said.get("token_count"), memory.token_count(content)),
        "content_hash": said.get("content_hash") or memory.content_hash(content),
        "outcome": said.get("outcome"),
        "created": created,
        "last_accessed": _time(said.get("last_accessed"), created),
        "access_count": said.get("access_count", 0),
        "ucb_visits": said.get("ucb_visits", 0),
        "protected": said.get("is_protected", False),
        "protection_reason": said.get("protection_reason", ""),
        "similar_entries": list(said.get("similar_entries") or []),
        "causal_links": list(said.get("causal_links") or []),
    }


def value_row(said: Mapping[str, Any], created: float) -> Json:
    """Return what an entry is worth for a goal as a row, without its place."""
    return {
        "value": float(said["value"]),
        "access_count": said.get("access_count", 0),
        "updated": _time(said.get("last_updated"), created),
    }


def link_row(link: str, said: Mapping[str, Any]) -> Json:
    """Return a causal link as a row, without its owner."""
    return {
        "link": link,
        "cause": said["cause"],
        "effect": said["effect"],
        "confidence": float(_or(said.get("confidence"), causal.INITIAL_CONFIDENCE)),
        "conditions": list(said.get("conditions") or []),
        "exceptions": list(said.get("exceptions") or []),
        "domain": _or(said.get("domain"), memory.GENERAL),
        "supporting": [str(one) for one in said.get("supporting_episodes") or []],
        "contradicting": [str(one) for one in said.get("contradicting_episodes") or []],
        "transferable": list(said.get("transferable_to") or []),
    }


def goal_row(said: Mapping[str, Any]) -> Json:
    """Return a goal as a row, without its owner."""
    return {
        "goal_id": said["goal_id"],
        "goal": said["goal_text"],
        "parent": said.get("parent_id"),
        "domain": _or(said.get("domain"), goals.GENERAL),
        "operation_type": said.get("operation_type") or _OPERATION,
        "entities": list(said.get("entities") or []),
        "episode_count": said.get("episode_count", 0),
        "success_rate": float(said.get("success_rate", _SUCCESS_RATE)),
    }


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _time(date: str | float | None, default: float) -> float:
    return default if date is None else said_seconds(date)
