"""A Q-table in the original's form, as the rows to import.

Invariants: all of the object is understood before anything changes (P12). A key is split at its first separator; the
entries of which that would make others stand apart, with both texts (P10). A file that holds a buffer and no table, as
the original's vault writes it, says nothing of the table (P2).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from projections.q_table import CLUSTERS, ENTRIES, EXPERIENCES, LESSONS, PARAMETERS, TD_ERRORS, TIERING, TIERS

from ...errors import ConfigError
from ...events import EntryImported
from ...rules.q.retention import Key
from ...rules.q.tiers import FIRST_THRESHOLD
from ...session import Transaction
from ...types import Json
from .portrait import APART, SEPARATOR, joined, split
from .rows import entry_row, experience_row

__all__ = ["REPLACED", "SEPARATOR", "has_table", "import_rows", "joined", "rows_of", "split"]

REPLACED = "replaced"
"""Why an entry goes that was there before a state was loaded."""
_MODEL = "q_table"
_BUFFER = "experience_buffer"
_Row = tuple[str, Json, int]
"""A row to import: its table, its values, and its insertion number where the table counts."""


def has_table(saved: object) -> bool:
    """Say whether a saved state speaks of the table: the original's vault saves the buffer alone (P2)."""
    return not isinstance(saved, Mapping) or "q_table" in saved or _BUFFER not in saved


def rows_of(saved: Mapping[str, Any], first_entry: int, first_experience: int) -> list[_Row]:
    """Return the rows that a saved state holds, numbered from those on; ConfigError if it is none."""
    try:
        steps = enumerate(saved.get(_BUFFER) or [], first_experience)
        rows = [(EXPERIENCES.name, experience_row(one, nth), nth) for nth, one in steps]
        if not has_table(saved):
            return rows
        entries = _entries_of(saved)
        numbers = _Numbers([key for key, _ in entries], first_entry)
        found = [row for nth, (key, one) in enumerate(entries, first_entry) for row in _entry(key, one, nth)]
        return [*found, *rows, *_tiers(saved, numbers), *_parameters(saved)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(f"this is no saved Q-table ({said})", hint="load what saved_state returned") from error


def _entries_of(saved: Mapping[str, Any]) -> list[tuple[Key, Mapping[str, Any]]]:
    """Return the entries in their order, those that stand apart in their places."""
    apart = sorted(saved.get(APART) or [], key=lambda one: int(one["place"]))
    texts = [(str(one["state"]), str(one["action"])) for one in apart]
    meant = set(map(joined, texts))
    found = [(split(name), one) for name, one in saved["q_table"].items() if name not in meant]
    for key, one in zip(texts, apart, strict=True):
        found.insert(max(0, int(one["place"])), (key, one))
    return found


class _Numbers:
    """The insertion numbers of entries by their joined texts; where several are joined alike, each in its turn."""

    def __init__(self, keys: list[Key], first: int) -> None:
        self._of: dict[str, list[int]] = {}
        for nth, key in enumerate(keys, first):
            self._of.setdefault(joined(key), []).append(nth)

    def of(self, names: list[str]) -> list[int]:
        """Return the numbers of some entries, without those that there are not."""
        return [self._next(self._of[name]) for name in map(_rejoined, names) if name in self._of]

    def _next(self, numbers: list[int]) -> int:
        numbers.append(numbers.pop(0))
        return numbers[-1]


def _rejoined(name: str) -> str:
    return joined(split(name))


def _entry(key: Key, one: Mapping[str, Any], nth: int) -> Iterator[_Row]:
    named = {"state": key[0], "action": key[1]}
    yield ENTRIES.name, entry_row(key, one), nth
    yield from ((TD_ERRORS.name, {**named, "td_error": float(error)}, 0) for error in one.get("td_errors", []))
    yield from ((LESSONS.name, {**named, "lesson": str(lesson)}, 0) for lesson in one.get("learned_lessons", []))


def _tiers(saved: Mapping[str, Any], numbers: _Numbers) -> Iterator[_Row]:
    for tier, name in ((1, "tier1_working"), (3, "tier3_archive")):
        found = numbers.of(saved.get(name, []))
        yield from ((TIERS.name, {"id": nth, "tier": tier, "rank": rank}, 0) for rank, nth in enumerate(found))
    for rank, (name, one) in enumerate(saved.get("tier2_clusters", {}).items()):
        members = numbers.of(one["members"])
        row = {"name": str(name), "rank": rank, "centroid": str(one["centroid"]), "members": members}
        yield CLUSTERS.name, row, 0
        yield from ((TIERS.name, {"id": nth, "tier": 2, "rank": place}, 0) for place, nth in enumerate(members))
    reward = None if saved.get("no_episode_yet") else saved.get("last_episode_reward")
    threshold = float(saved.get("tier1_threshold", FIRST_THRESHOLD))
    row = {
        "of": "all",
        "threshold": threshold,
        "last_reward": None if reward is None else float(reward),
        # Where the original wrote it the plateau is counted anew: its form has no place for the count (P13).
        "without_improvement": int(saved.get("episodes_without_improvement", 0)),
    }
    yield TIERING.name, row, 0


def _parameters(saved: Mapping[str, Any]) -> Iterator[_Row]:
    for name in ("alpha", "gamma", "epsilon"):
        if saved.get(name) is not None:
            yield PARAMETERS.name, {"name": name, "value": float(saved[name])}, 0


def import_rows(commit: Transaction, rows: list[_Row]) -> None:
    """Take rows over, as they were elsewhere."""
    for table, row, nth in rows:
        commit.add(EntryImported(projection=_MODEL, table=table, row=row, nth=nth))
