"""A memory as the original's JSON has it.

Invariants: what is returned is a copy, which later changes do not show in (E3). Version 2 also says what the original
leaves out, and loses so between runs (P9).
"""

from collections.abc import Sequence
from typing import Any

from projections.goals import Goal
from projections.memory import CausalLink, GoalValue, MemoryEntry, OwnerMemory
from projections.view import TableView

from ...rules.memory.goals import ROOT
from ..calendar import as_date

COMPLETE = 2
"""The version of a portrait that says everything."""
KNOWN = ("agent_name", "total_accesses", "consolidation_count", "causal_links", "goal_hierarchy", "learning_rate")
"""What else stands in such a file, beside the memories."""


def entry_as_dict(entry: MemoryEntry, version: int) -> dict[str, Any]:
    """Return an entry as JSON values."""
    named = {"domain": entry.domain, "task_type": entry.task_type}
    said = {
        "key": entry.key,
        "content": entry.content,
        "level": entry.level,
        "context": entry.context,
        "created_at": as_date(entry.created),
        "last_accessed": as_date(entry.last_accessed),
        "goal_values": {goal: _value(one, version) for goal, one in entry.goal_values.items()},
        "default_value": entry.default_value,
        "access_count": entry.access_count,
        "ucb_visits": entry.ucb_visits,
        "token_count": entry.token_count,
        "is_protected": entry.protected,
        "protection_reason": entry.protection_reason,
        "causal_links": entry.causal_links or [],
        "metadata": {name: value for name, value in named.items() if value is not None},
    }
    return said if version < 2 else said | _besides(entry)


def _value(value: GoalValue, version: int) -> dict[str, Any]:
    said = {"value": value.value, "access_count": value.access_count}
    return said if version < 2 or value.updated is None else said | {"last_updated": as_date(value.updated)}


def _besides(entry: MemoryEntry) -> dict[str, Any]:
    return {
        "content_hash": entry.content_hash,
        "similar_entries": entry.similar_entries or [],
        "source_episode": entry.source_episode,
        "source_agent": entry.agent,
        "outcome": entry.outcome,
    }


def link_as_dict(link: CausalLink, version: int) -> dict[str, Any]:
    """Return a causal link as JSON values."""
    said = {
        "cause": link.cause,
        "effect": link.effect,
        "confidence": link.confidence,
        "conditions": link.conditions,
        "exceptions": link.exceptions,
        "domain": link.domain,
    }
    evidence = {
        "supporting_episodes": link.supporting,
        "contradicting_episodes": link.contradicting,
        "transferable_to": link.transferable,
    }
    return said if version < 2 else said | evidence


def memory_as_dict(owned: OwnerMemory, goals: dict[str, Any], version: int) -> dict[str, Any]:
    """Return all that one owner remembers as JSON values."""
    return {
        "agent_name": owned.owner,
        "total_accesses": owned.total_accesses,
        "consolidation_count": owned.consolidations,
        "memories": {
            level: {key: entry_as_dict(entry, version) for key, entry in entries.items()}
            for level, entries in owned.items()
        },
        "causal_links": {key: link_as_dict(link, version) for key, link in owned.links.items()},
        "goal_hierarchy": goals,
    }


def goals_as_dict(nodes: TableView[str, Goal]) -> dict[str, Any]:
    """Return one owner's goals as JSON values."""
    found = nodes.entries()
    below: dict[str | None, list[Goal]] = {}
    for node in found:
        below.setdefault(node.parent_id, []).append(node)
    return {"nodes": {node.goal_id: _node(node, below.get(node.goal_id, [])) for node in found}, "root_id": ROOT}


def _node(node: Goal, below: Sequence[Goal]) -> dict[str, Any]:
    return {
        "goal_id": node.goal_id,
        "goal_text": node.goal,
        "parent_id": node.parent_id,
        # A parent knows only those that came after it.
        "children_ids": [child.goal_id for child in below if child.nth > node.nth],
        "domain": node.domain,
        "operation_type": node.operation_type,
        "entities": node.entities,
        "episode_count": node.episode_count,
        "success_rate": node.success_rate,
    }
