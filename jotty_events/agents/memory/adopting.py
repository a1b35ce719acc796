"""Adopting what was remembered elsewhere: JSON in the original's form becomes imported entries.

Invariants: all of it is taken in, or nothing; a key without a domain is given one, as the original does when it loads.
What the file does not say is as it is in a new entry (in version 1, the original says less: P9).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from projections.goals import Goals
from projections.memory import Memory

from ...errors import ConfigError
from ...events import EntryImported
from ...rules.memory import causal, goals
from ...rules.memory import entries as memory
from ...session import Session, Transaction
from ..calendar import as_seconds
from ..refusal import require_level
from .rate import rate_as_dict, rate_rows

_NONSENSE = (KeyError, TypeError, ValueError, AttributeError)


class Adopting:
    """Takes in entries, links and goals for one owner."""

    def __init__(self, owner: str, session: Session) -> None:
        self._owner = owner
        self._session = session

    @property
    def _memory(self) -> Memory:
        found: Memory = self._session.view("memory")
        return found

    @property
    def _goals(self) -> Goals:
        found: Goals = self._session.view("goals")
        return found

    def all(self, commit: Transaction, data: Mapping[str, Any]) -> None:
        """Take in a whole memory. ConfigError for what is none."""
        with _understood("a memory"):
            for level, entries in data.get("memories", {}).items():
                for key, entry in entries.items():
                    self._entry(commit, level, *self._named(key, entry))
            for key, link in data.get("causal_links", {}).items():
                self._link(commit, key, link)
            for node in data.get("goal_hierarchy", {}).get("nodes", {}).values():
                self._goal(commit, node)
            self._count(commit, data)
            self._rate(commit, data.get("learning_rate") or {})

    def one(self, commit: Transaction, level: str, key: str, said: Mapping[str, Any]) -> None:
        """Take in one entry, under the key that it has. ConfigError for what is none."""
        with _understood("an entry"):
            self._entry(commit, level, key, said)

    def _named(self, key: str, entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Return an entry and its key; one of the old form gets the names that its context has."""
        if not memory.is_old_key(key):
            return key, entry
        names = memory.names_of(entry.get("context") or {}, version=self._session.rules)
        named = memory.memory_key(*names, memory.content_hash(entry["content"]), self._session.rules)
        return named, {**entry, "metadata": {**(entry.get("metadata") or {}), **names._asdict()}}

    def _add(self, commit: Transaction, projection: str, table: str, row: dict[str, Any], nth: int) -> None:
        commit.add(
            EntryImported(
                **self._session.provenance,
                projection=projection,
                table=table,
                row={"owner": self._owner, **row},
                nth=nth,
            )
        )

    def _entry(self, commit: Transaction, level: str, key: str, said: Mapping[str, Any]) -> None:
        require_level(level)
        content = said["content"]
        metadata = said.get("metadata") or {}
        row = {
            "content": content,
            "context": dict(said.get("context") or {}),
            "domain": metadata.get("domain"),
            "task_type": metadata.get("task_type"),
            "agent": said.get("source_agent", ""),
            "source_episode": said.get("source_episode", 0),
            "default_value": float(said.get("default_value", memory.INITIAL_VALUE)),
            "token_count": said.get("token_count") or memory.token_count(content),
            "content_hash": said.get("content_hash") or memory.content_hash(content),
            "outcome": said.get("outcome"),
            "created": _time(said.get("created_at"), commit.now),
            "last_accessed": _time(said.get("last_accessed"), commit.now),
            "access_count": said.get("access_count", 0),
            "ucb_visits": said.get("ucb_visits", 0),
            "protected": said.get("is_protected", False),
            "protection_reason": said.get("protection_reason", ""),
            "similar_entries": list(said.get("similar_entries") or []),
            "causal_links": list(said.get("causal_links") or []),
        }
        place = {"level": level, "key": key}
        self._add(commit, "memory", "entries", place | row, self._memory.next_nth)
        for goal, value in (said.get("goal_values") or {}).items():
            self._value(commit, place | {"goal": goal}, value)

    def _value(self, commit: Transaction, place: dict[str, Any], said: Mapping[str, Any]) -> None:
        row = {
            "value": float(said["value"]),
            "access_count": said.get("access_count", 0),
            "updated": _time(said.get("last_updated"), commit.now),
        }
        self._add(commit, "memory", "goal_values", place | row, self._memory.next_goal_nth)

    def _link(self, commit: Transaction, key: str, said: Mapping[str, Any]) -> None:
        row = {
            "link": key,
            "cause": said["cause"],
            "effect": said["effect"],
            "confidence": float(said.get("confidence", causal.INITIAL_CONFIDENCE)),
            "conditions": list(said.get("conditions") or []),
            "exceptions": list(said.get("exceptions") or []),
            "domain": said.get("domain", memory.GENERAL),
            "supporting": [str(one) for one in said.get("supporting_episodes") or []],
            "contradicting": [str(one) for one in said.get("contradicting_episodes") or []],
            "transferable": list(said.get("transferable_to") or []),
        }
        self._add(commit, "memory", "links", row, self._memory.next_link_nth)

    def _goal(self, commit: Transaction, said: Mapping[str, Any]) -> None:
        row = {
            "goal_id": said["goal_id"],
            "goal": said["goal_text"],
            "parent": said.get("parent_id"),
            "domain": said.get("domain", goals.GENERAL),
            "operation_type": said.get("operation_type", "query"),
            "entities": list(said.get("entities") or []),
            "episode_count": said.get("episode_count", 0),
            "success_rate": float(said.get("success_rate", 0.5)),
        }
        self._add(commit, "goals", "nodes", row, self._goals.next_nth)

    def _count(self, commit: Transaction, said: Mapping[str, Any]) -> None:
        held = self._memory.of(self._owner)
        accesses, count = said.get("total_accesses", 0), said.get("consolidation_count", 0)
        if accesses != held.total_accesses:
            self._add(commit, "memory", "accesses", {"total": accesses}, 0)
        if count != held.consolidations:
            self._add(commit, "memory", "consolidations", {"count": count, "time": commit.now}, 0)

    def _rate(self, commit: Transaction, said: Mapping[str, Any]) -> None:
        """Take in the learning rate of TD(lambda), which is not of one owner."""
        if said and dict(said) != rate_as_dict(self._memory):
            for table, row in rate_rows(said):
                self._add(commit, "memory", table, row, 0)


@contextmanager
def _understood(what: str) -> Iterator[None]:
    try:
        yield
    except _NONSENSE as error:
        raise ConfigError(
            f"this is not {what} in the original's form: {type(error).__name__} {error!s:.100}",
            hint="pass what to_dict returned",
        ) from error


def _time(date: str | None, now: float) -> float:
    return now if date is None else as_seconds(date)
