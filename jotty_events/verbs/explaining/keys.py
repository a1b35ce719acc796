"""Finding the row that somebody means: by its key, by how that begins, or by words.

Invariants: what fits better hides what fits worse: a whole key or part of one, then the beginning of a part, then all
of the words, in the key or in what the row says. One row is found, or an error names those that could be meant.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Any, NamedTuple

from projections import ReadModel
from projections.table import Key, Table

from ...errors import AmbiguousKey, UnknownKey
from ..touched import named
from .subject import Subject, tables_of

LISTED = 10
NEAR = 3
COMPARED = 2000
"""Characters of keys that are compared where none fits."""
_SAYING = ("content", "text", "description", "goal", "cause", "effect")
_BELOW = "goal_values"
_WORD = re.compile(r"[^\s:|(),]+")


class Row(NamedTuple):
    """A row that could be meant."""

    model: ReadModel
    table: Table
    key: Key
    says: str

    @property
    def subject(self) -> Subject:
        """What is explained if this is meant."""
        return Subject(self.model, self.table, self.key)

    def __str__(self) -> str:
        return f"{self.model.name}.{self.table.name} {named(self.key)}"


def rows_in(models: Sequence[ReadModel], states: Mapping[str, Any]) -> Iterator[Row]:
    """Give out the rows that can be found by words; values for goals are found by their entry."""
    for model in models:
        for table in tables_of(model):
            if table.name == _BELOW:
                continue
            at = [i for i, column in enumerate(table.columns) if column.name in _SAYING]
            for key, row in states[model.name][table.name].items():
                yield Row(model, table, key, " ".join(str(row[i]) for i in at if row[i]))


def exactly(models: Sequence[ReadModel], states: Mapping[str, Any], key: Key) -> Row | None:
    """Return the row of a whole key, in whichever table."""
    for model in models:
        for table in (*tables_of(model), *model.tables):
            if len(table.key) == len(key) and table.keep is None and states[model.name][table.name].get(key):
                return Row(model, table, key, "")
    return None


def meant(models: Sequence[ReadModel], states: Mapping[str, Any], key: str | Key) -> Row:
    """Return the row that a key, or words, name; UnknownKey, AmbiguousKey."""
    where = ", ".join(model.name for model in models)
    if not isinstance(key, str):
        found = exactly(models, states, key)
        if found is None:
            raise _unknown(named(key), where, rows_in(models, states))
        return found
    fitting: list[Row] = []
    best = 1
    for row in rows_in(models, states):
        rank = _rank(row, key)
        if rank > best:
            best, fitting = rank, []
        if rank == best:
            fitting.append(row)
    if not fitting:
        raise _unknown(key, where, rows_in(models, states))
    if len(fitting) > 1:
        raise _ambiguous(key, fitting)
    return fitting[0]


def _rank(row: Row, text: str) -> int:
    """Return how well a row fits a text, 0 if not at all."""
    sought, whole = text.casefold().strip(), named(row.key).casefold()
    parts = [str(part).casefold() for part in row.key]
    if not sought:
        return 0
    if sought in (whole, f"{row.table.name} {whole}", str(row).casefold(), *parts):
        return 5
    if whole.startswith(sought) or any(part.startswith(sought) for part in parts):
        return 4
    words = sought.split()
    if set(words) <= set(_WORD.findall(whole)):
        return 3
    if all(word in whole for word in words):
        return 2
    said = f"{whole} {row.says.casefold()}"
    return int(all(word in said for word in words))


def _ambiguous(key: str, fitting: list[Row]) -> AmbiguousKey:
    matches = sorted(map(str, fitting))
    more = f", and {len(matches) - LISTED} more" if len(matches) > LISTED else ""
    listed = "; ".join(matches[:LISTED])
    return AmbiguousKey(
        f"{key[:80]!r} fits {len(matches)} rows: {listed}{more}",
        matches=matches,
        hint="give more words, or a whole key",
    )


def _unknown(key: str, where: str, rows: Iterator[Row]) -> UnknownKey:
    sought = key.casefold()[:COMPARED]
    near = nlargest(NEAR, ((_nearness(sought, row), str(row)) for row in rows))
    names = [name for nearness, name in near if nearness > 0]
    hint = f"the nearest are {'; '.join(names)}" if names else "nothing is known there yet"
    return UnknownKey(f"nothing at this point fits {key[:80]!r} in {where}", near=names, hint=hint)


def _nearness(sought: str, row: Row) -> float:
    said = named(row.key).casefold()[:COMPARED]
    return SequenceMatcher(None, sought, said).quick_ratio()


def for_goal(states: Mapping[str, Any], row: Row, goal: str) -> Row:
    """Return the value of a memory for a goal, given by its text, its beginning or words; UnknownKey, AmbiguousKey."""
    table = next((one for one in row.model.tables if one.name == _BELOW and one.parent == row.table.name), None)
    if table is None:
        raise UnknownKey(f"{row} has no values for goals", hint="leave the goal out")
    rest = states[row.model.name][table.name].group(row.key)
    found = [Row(row.model, table, (*row.key, *one), "") for one in rest]
    ranked = [(_rank(Row(row.model, table, one.key[-1:], ""), goal), one) for one in found]
    best = max((rank for rank, _ in ranked), default=0)
    if best == 0:
        goals = [str(one.key[-1]) for one in found]
        raise UnknownKey(
            f"{row} has no value of its own for {goal[:80]!r}: its default counts",
            near=sorted(goals),
            hint=f"it has values for {'; '.join(sorted(goals)[:LISTED])}" if goals else "explain the entry itself",
        )
    fitting = [one for rank, one in ranked if rank == best]
    if len(fitting) > 1:
        raise _ambiguous(goal, fitting)
    return fitting[0]
