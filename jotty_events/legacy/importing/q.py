"""Reading a Q-table: entries by their joined texts, the buffer, the tiers, the parameters.

Invariants: a joined key is split at its first separator, and one that could be split elsewhere too is told (P10),
unless the file says both texts. A file that holds a buffer alone says nothing of the table (P2).
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from projections import q_table as tables

from ...agents.q.rows import entry_row, experience_row
from ...rules.q.tiers import FIRST_THRESHOLD
from ...types import Json
from ..schemas import q as schema
from .document import Opened
from .problems import Path
from .reading import Place, Reader, with_unknown
from .rows import Row, digest

_SEPARATORS = re.compile(f"(?={re.escape(schema.SEPARATOR)})")
_TIERS = {1: schema.WORKING, 3: schema.ARCHIVE}
_NAME = "q_table"


class QReader(Reader):
    """Reads the file of a Q-table."""

    kind = "q_table"
    opened = (
        (),
        (schema.TABLE,),
        (schema.BUFFER,),
        (schema.APART,),
        (schema.CLUSTERS,),
        *((name,) for name in _TIERS.values()),
    )
    model = schema.QFile

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._apart: dict[int, tuple[Path, schema.EntryApart]] = {}
        self._meant: set[str] = place.known.get("meant", set())
        self._due: list[tuple[int, Any]] = list(place.known.get("apart", ()))
        self._named: dict[bytes, list[int]] = {}
        self._tiered: dict[int, list[bytes]] = {1: [], 3: []}
        self._clusters: list[tuple[str, str, list[bytes]]] = []
        self._said_table = False
        self._told_entries = 0
        self._alike: Counter[bytes] = Counter()

    def _container(self, path: Path) -> type:
        return list if path[:1] in ((schema.BUFFER,), (schema.APART,), *((name,) for name in _TIERS.values())) else dict

    def _begun(self, path: Path, value: Opened) -> None:
        super()._begun(path, value)
        self._said_table |= path == (schema.TABLE,)

    def _rows(self, path: Path, value: Any) -> Iterator[Row]:
        match path:
            case (schema.TABLE, str(name)):
                yield from self._entry(path, name, value)
            case (schema.BUFFER, _):
                yield from self._experience(path, value)
            case (schema.APART, _):
                self._take_apart(path, value)
            case (schema.CLUSTERS, str(name)):
                self._cluster(path, name, value)
            case ((schema.WORKING | schema.ARCHIVE) as of, _):
                self._tier(path, 1 if of == schema.WORKING else 3, value)
            case _:
                yield from super()._rows(path, value)

    # Entries.

    def _entry(self, path: Path, name: str, value: Any) -> Iterator[Row]:
        if name in self._meant:
            return
        state, found, action = name.partition(schema.SEPARATOR)
        entry = self._checked(schema.Entry, value, path)
        if entry is None:
            return
        if len(_SEPARATORS.findall(name)) > 1:
            self.place.note(
                f"{self.place.file}: the key {name!r:.160} could be split at more than one place: at the first"
            )
        elif not found:
            self.place.note(f"{self.place.file}: the key {name!r:.160} names a state and no action")
        yield from self._ones_apart()
        yield from self._told(state, action, name, entry, value)

    def _ones_apart(self, *, rest: bool = False) -> Iterator[Row]:
        """Give out those entries whose place has come that stand apart, with both texts."""
        while self._due and (rest or self._due[0][0] <= self._told_entries):
            _, one = self._due.pop(0)
            name = one.state + schema.SEPARATOR + one.action
            yield from self._told(one.state, one.action, name, one, one.model_dump())

    def _told(self, state: str, action: str, name: str, entry: schema.Entry, said: Json) -> Iterator[Row]:
        nth = self.place.numbers.of("q_table.entries", state, action)
        self.entries += 1
        self._told_entries += 1
        self._named.setdefault(digest(name), []).append(nth)
        self._seen(entry.last_updated)
        named: Json = {"state": state, "action": action}
        row = entry_row((state, action), said)
        more = {"context": entry.context} if entry.context else {}
        yield Row(_NAME, tables.ENTRIES.name, with_unknown(row, entry, more), nth)
        for error in entry.td_errors:
            yield Row(_NAME, tables.TD_ERRORS.name, named | {"td_error": error}, checked=True)
        for lesson in entry.learned_lessons:
            yield Row(_NAME, tables.LESSONS.name, named | {"lesson": lesson}, checked=lesson.isascii())

    def _take_apart(self, path: Path, value: Any) -> None:
        one = self._checked(schema.EntryApart, value, path)
        if one is not None:
            self._apart[len(self._apart)] = (path, one)

    def found_out(self) -> Json:
        """Return which entries stand apart, with their places."""
        found = [one for _, one in self._apart.values()]
        return {
            "meant": {one.state + schema.SEPARATOR + one.action for one in found},
            "apart": sorted(((one.place, one) for one in found), key=lambda each: each[0]),
        }

    # The buffer.

    def _experience(self, path: Path, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Experience, value, path)
        if one is None:
            return
        self.entries += 1
        self._seen(one.timestamp)
        nth = self._number(one)
        yield Row(_NAME, tables.EXPERIENCES.name, with_unknown(experience_row(value, nth), one), nth)

    def _number(self, one: schema.Experience) -> int:
        """Return the number of a step: that of the same step in an earlier file, if it was in one."""
        said = (one.state_desc, one.action_desc, one.next_state_desc or "", *map(repr, (one.timestamp, one.reward)))
        self._alike[digest(*said)] += 1
        return self.place.numbers.of("q_table.experiences", *said, str(self._alike[digest(*said)]))

    # Tiers.

    def _tier(self, path: Path, tier: int, value: Any) -> None:
        if isinstance(value, str):
            self._tiered[tier].append(digest(value))
        else:
            self.wrong(path, "the key of an entry is expected here")

    def _cluster(self, path: Path, name: str, value: Any) -> None:
        one = self._checked(schema.Cluster, value, path)
        if one is not None:
            self._clusters.append((name, one.centroid, [digest(member) for member in one.members]))

    def _numbers(self, names: list[bytes]) -> list[int]:
        """Return the numbers of entries, without those that there are not; of keys alike each has its turn."""
        found = []
        for name in names:
            numbers = self._named.get(name)
            if numbers:
                numbers.append(numbers.pop(0))
                found.append(numbers[-1])
        return found

    def _finish(self, found: schema.QFile) -> Iterator[Row]:
        yield from self._ones_apart(rest=True)
        if not self._said_table:
            self.place.note(f"{self.place.file}: it holds the buffer alone, as the original's vault writes it (P2)")
            return
        yield from self._standing()
        reward = None if found.no_episode_yet else found.last_episode_reward
        yield Row(
            _NAME,
            tables.TIERING.name,
            {
                "of": "all",
                "threshold": FIRST_THRESHOLD if found.tier1_threshold is None else found.tier1_threshold,
                "last_reward": reward,
                "without_improvement": found.episodes_without_improvement,
            },
        )
        for name in ("alpha", "gamma", "epsilon"):
            if (value := getattr(found, name)) is not None:
                yield Row(_NAME, tables.PARAMETERS.name, {"name": name, "value": value})

    def _standing(self) -> Iterator[Row]:
        """Give out where entries stand: in a tier, or in none any more if an earlier file said so."""
        placed: dict[int, tuple[int, int]] = {}
        clusters = self.place.numbers.left_over("clusters", [name for name, _, _ in self._clusters])
        for rank, (name, centroid, members) in enumerate(self._clusters):
            numbers = self._numbers(members)
            placed |= {nth: (2, place) for place, nth in enumerate(numbers)}
            yield _cluster(name, rank, centroid, numbers)
        for rank, name in enumerate(clusters, len(self._clusters)):
            yield _cluster(name, rank, "", [])
        for tier in (3, 1):
            placed |= {nth: (tier, rank) for rank, nth in enumerate(self._numbers(self._tiered[tier]))}
        for nth, (tier, rank) in placed.items():
            yield _tier(nth, tier, rank)
        for name in self.place.numbers.left_over("tiers", list(map(str, placed))):
            yield _tier(int(name), 0, None)


def _tier(nth: int, tier: int, rank: int | None) -> Row:
    return Row(_NAME, tables.TIERS.name, {"id": nth, "tier": tier, "rank": rank})


def _cluster(name: str, rank: int, centroid: str, members: list[int]) -> Row:
    return Row(_NAME, tables.CLUSTERS.name, {"name": name, "rank": rank, "centroid": centroid, "members": members})
