"""The Q-table as the one JSON object that the original keeps, and back again.

Invariants: loading is one commit, and all of the object is understood before anything changes (P12). A key of that
form is split at its first separator, so texts that hold the separator come back as others (P10): the log keeps both
texts by themselves, and never needs this form.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from projections.q_table import CLUSTERS, ENTRIES, EXPERIENCES, LESSONS, PARAMETERS, TD_ERRORS, TIERING, TIERS

from ...admission import json_object
from ...errors import ConfigError
from ...events import EntryImported
from ...rules.q.retention import Key
from ...rules.q.tiers import FIRST_THRESHOLD
from ...session import Transaction
from ...types import Json

SEPARATOR = "|||"
REPLACED = "replaced"
"""Why an entry goes that was there before a state was loaded."""
_MODEL = "q_table"
_Row = tuple[str, Json, int]
"""A row to import: its table, its values, and its insertion number where the table counts."""


def joined(key: Key) -> str:
    """Return both texts of an entry as one."""
    return f"{key[0]}{SEPARATOR}{key[1]}"


def split(key: str) -> Key:
    """Return the texts of an entry: what stands before the first separator, and what stands after it."""
    state, _, action = key.partition(SEPARATOR)
    return state, action


def rows_of(saved: Mapping[str, Any], first_entry: int, first_experience: int) -> list[_Row]:
    """Return the rows that a saved state holds, numbered from those on; ConfigError if it is none."""
    try:
        table = {split(key): value for key, value in saved["q_table"].items()}
        numbers = {key: nth for nth, key in enumerate(table, first_entry)}
        rows = [row for key, one in table.items() for row in _entry(key, one, numbers[key])]
        rows += [_experience(one, nth) for nth, one in enumerate(saved.get("experience_buffer", []), first_experience)]
        return [*rows, *_tiers(saved, numbers), *_parameters(saved)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(f"this is no saved Q-table ({said})", hint="load what saved_state returned") from error


def _entry(key: Key, one: Mapping[str, Any], nth: int) -> Iterator[_Row]:
    named = {"state": key[0], "action": key[1]}
    row = {
        **named,
        "value": float(one["value"]),
        "visits": int(one.get("visit_count", 1)),
        "average_reward": float(one.get("avg_reward", one["value"])),
        "created": float(one.get("created_at", 0.0)),
        "updated": float(one.get("last_updated", 0.0)),
    }
    yield ENTRIES.name, row, nth
    yield from ((TD_ERRORS.name, {**named, "td_error": float(error)}, 0) for error in one.get("td_errors", []))
    yield from ((LESSONS.name, {**named, "lesson": str(lesson)}, 0) for lesson in one.get("learned_lessons", []))


def _experience(one: Mapping[str, Any], nth: int) -> _Row:
    following = one.get("next_state_desc")
    row = {
        "id": nth,
        "state": str(one["state_desc"]),
        "action": str(one["action_desc"]),
        "reward": float(one["reward"]),
        "next_state": None if following is None else str(following),
        "done": bool(one.get("done", False)),
        "state_data": _object(one.get("state")),
        "action_data": _object(one.get("action")),
        "next_state_data": _object(one["next_state"]) if one.get("next_state") else None,
        "time": float(one.get("timestamp", 0.0)),
        "error": float(one.get("td_error", 0.0)),
        "priority": float(one.get("priority", 1.0)),
    }
    return EXPERIENCES.name, row, nth


def _object(value: Any) -> Json:
    return json_object(dict(value), "a saved state") if isinstance(value, Mapping) else {}


def _tiers(saved: Mapping[str, Any], numbers: Mapping[Key, int]) -> Iterator[_Row]:
    for tier, name in ((1, "tier1_working"), (3, "tier3_archive")):
        found = [numbers[key] for key in map(split, saved.get(name, [])) if key in numbers]
        yield from ((TIERS.name, {"id": nth, "tier": tier, "rank": rank}, 0) for rank, nth in enumerate(found))
    for rank, (name, one) in enumerate(saved.get("tier2_clusters", {}).items()):
        members = [numbers[key] for key in map(split, one["members"]) if key in numbers]
        row = {"name": str(name), "rank": rank, "centroid": str(one["centroid"]), "members": members}
        yield CLUSTERS.name, row, 0
        yield from ((TIERS.name, {"id": nth, "tier": 2, "rank": place}, 0) for place, nth in enumerate(members))
    reward = saved.get("last_episode_reward")
    threshold = float(saved.get("tier1_threshold", FIRST_THRESHOLD))
    row = {
        "of": "all",
        "threshold": threshold,
        "last_reward": None if reward is None else float(reward),
        # The plateau is counted anew, as the original does (P13): its form has no place for the count.
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
