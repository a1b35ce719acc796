"""Adopting what was remembered elsewhere: JSON in the original's form becomes imported entries.

Invariants: all of it is taken in, or nothing; a key without a domain is given one, as the original does when it loads.
What the file does not say follows from rows.py (in version 1, the original says less: P9).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from projections.goals import Goals
from projections.memory import Memory

from ...errors import ConfigError
from ...events import EntryImported
from ...rules.memory import entries as memory
from ...session import Session, Transaction
from ..refusal import require_level
from .rate import rate_as_dict, rate_rows
from .rows import entry_row, goal_row, link_row, value_row

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
        row = entry_row(said, commit.now)
        place = {"level": level, "key": key}
        self._add(commit, "memory", "entries", place | row, self._memory.next_nth)
        for goal, value in (said.get("goal_values") or {}).items():
            self._value(commit, place | {"goal": goal}, value, row["created"])

    def _value(self, commit: Transaction, place: dict[str, Any], said: Mapping[str, Any], created: float) -> None:
        self._add(commit, "memory", "goal_values", place | value_row(said, created), self._memory.next_goal_nth)

    def _link(self, commit: Transaction, key: str, said: Mapping[str, Any]) -> None:
        self._add(commit, "memory", "links", link_row(key, said), self._memory.next_link_nth)

    def _goal(self, commit: Transaction, said: Mapping[str, Any]) -> None:
        self._add(commit, "goals", "nodes", goal_row(said), self._goals.next_nth)

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
