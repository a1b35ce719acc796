"""A Q-table as the original's JSON has it.

Invariants: what is returned is a copy, which follows from the table alone. Complete, it also says what the original
leaves out and loses so between runs: how long the plateau is (P13), and both texts of an entry whose key would not be
split again where it was joined (P10).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from projections.q_table import Experience, QEntry, QTable

from ...rules.q.retention import Key
from ...rules.q.tiers import FIRST_THRESHOLD
from ...types import Json

SEPARATOR = "|||"
APART = "entries_apart"
"""Entries whose key in `q_table` does not say where it was joined: each with both texts, and its place among all."""
PARAMETERS = ("alpha", "gamma", "epsilon")
KNOWN = (
    *PARAMETERS,
    *("tier1_working", "tier2_clusters", "tier3_archive", "tier1_threshold", "last_episode_reward"),
    *("episodes_without_improvement", "no_episode_yet", APART, "buffer_size", "timestamp"),
)
"""What else stands in such a file, beside the table and the buffer."""


def joined(key: Key) -> str:
    """Return both texts of an entry as one."""
    return f"{key[0]}{SEPARATOR}{key[1]}"


def split(key: str) -> Key:
    """Return the texts of an entry: what stands before the first separator, and what stands after it."""
    state, _, action = key.partition(SEPARATOR)
    return state, action


def entry_as_dict(entry: QEntry, lessons: list[str] | None = None, errors: list[float] | None = None) -> Json:
    """Return what the original keeps of an entry; its lists are looked up, where they are not at hand."""
    return {
        "value": entry.value,
        "context": [],
        "learned_lessons": entry.lessons if lessons is None else lessons,
        "visit_count": entry.visits,
        "avg_reward": entry.average_reward,
        "td_errors": entry.td_errors if errors is None else errors,
        "created_at": entry.created,
        "last_updated": entry.updated,
    }


def experience_as_dict(one: Experience) -> Json:
    """Return what the original keeps of a step."""
    return {
        "timestamp": one.time,
        "state": one.state_data,
        "state_desc": one.state,
        "action": one.action_data,
        "action_desc": one.action,
        "reward": one.reward,
        "next_state": one.next_state_data,
        "next_state_desc": one.next_state,
        "done": one.done,
        "priority": one.priority,
        "td_error": one.error,
    }


class TablePortrait:
    """One Q-table, by one version of the rules."""

    def __init__(self, table: QTable, version: int) -> None:
        self._table = table
        self._version = version
        self._entries = table.entries()
        self._by_number = {entry.nth: entry for entry in self._entries}
        # All at once: to look up each entry's own takes many times as long.
        self._lessons = table.all_lessons()
        self._errors = dict(table.all_td_errors())
        self._tiers = table.tiers()

    def drawn(self, parameters: Mapping[str, float], *, complete: bool) -> Json:
        """Return all that was learned as one JSON object."""
        held = self._table.tiering
        reward = None if held is None else held.last_reward
        said: dict[str, Any] = {
            "q_table": {joined(_key(entry)): self._entry(entry) for entry in self._entries},
            "experience_buffer": [experience_as_dict(one) for one in self._table.experiences],
            "tier1_working": self._tier(1),
            "tier2_clusters": self._clusters(),
            "tier3_archive": self._tier(3),
            "tier1_threshold": FIRST_THRESHOLD if held is None else held.threshold,
            # The original begins with 0.0, and compares with what it loads.
            "last_episode_reward": 0.0 if reward is None else reward,
            **{name: parameters[name] for name in PARAMETERS},
        }
        return said | self._besides(reward) if complete else said

    def _entry(self, entry: QEntry) -> Json:
        key = _key(entry)
        return entry_as_dict(entry, list(self._lessons.get(key, ())), list(self._errors.get(key, ())))

    def _besides(self, reward: float | None) -> Json:
        held, apart = self._table.tiering, self._apart()
        return {
            "episodes_without_improvement": 0 if held is None else held.without_improvement,
            **({"no_episode_yet": True} if reward is None else {}),
            **({APART: apart} if apart else {}),
        }

    def _apart(self) -> list[Json]:
        meant = Counter(joined(_key(entry)) for entry in self._entries)
        return [
            {"state": entry.state, "action": entry.action, "place": place, **self._entry(entry)}
            for place, entry in enumerate(self._entries)
            if split(name := joined(_key(entry))) != _key(entry) or meant[name] > 1
        ]

    def _tier(self, number: int) -> list[str]:
        found = [nth for nth, tier in self._tiers.items() if tier == number]
        return self._named(found)

    def _named(self, numbers: Iterable[int]) -> list[str]:
        """Return the keys of entries: the most valuable first, unless they have an order (version 1, or imported)."""
        found = [self._by_number[nth] for nth in numbers if nth in self._by_number]
        if self._version >= 2 and not all(self._table.is_ranked(entry.nth) for entry in found):
            found.sort(key=lambda entry: (-entry.value, entry.state, entry.action))
        return [joined(_key(entry)) for entry in found]

    def _clusters(self) -> Json:
        clusters = sorted(self._table.clusters.entries(), key=lambda one: (one.rank, one.name))
        return {one.name: {"centroid": one.centroid, "members": self._named(one.members)} for one in clusters}


def _key(entry: QEntry) -> Key:
    return entry.state, entry.action
