"""The Q-table in figures."""

from projections.q_table import QTable

from ...rules.q.retention import mean
from ...types import Json
from .tiers import Tiers


def summary(table: QTable, tiers: Tiers, version: int) -> Json:
    """Return how many entries there are, their values, visits, lessons and tiers; few figures of an empty table."""
    entries = table.entries()
    if not entries:
        return {"size": 0, "avg_value": 0.0, "max_value": 0.0, "min_value": 0.0, "total_visits": 0}
    values, visits = [entry.value for entry in entries], [entry.visits for entry in entries]
    standing = [entry.tier for entry in entries]
    return {
        "size": len(entries),
        "avg_value": mean(values, version=version),
        "max_value": max(values),
        "min_value": min(values),
        "total_visits": sum(visits),
        "avg_visits_per_entry": sum(visits) / len(visits),
        "total_lessons": sum(len(entry.lessons) for entry in entries),
        "tier1_size": standing.count(1),
        "tier2_clusters": len(table.clusters),
        "tier3_size": standing.count(3),
        "tier1_threshold": tiers.threshold,
    }
