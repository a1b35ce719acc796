"""The most and the least retained of many entries, without sorting them all (RULES R1, version 2).

Invariants: the answer is that of `retention.ranked` to the last bit; it depends on which entries are here and on the
time that is asked for, never on how they got there.

Why it is fast. Entries of less than an hour all grow stale at the same pace, and older ones not at all. So each of the
two kinds has an order that no clock changes, kept in a sorted list; what is asked for is merged from the ends of both.
Scores that are kept and scores that are asked for may differ in the last bits: so a few more entries are taken than
were asked for, and those are sorted by the definition itself.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush, merge
from itertools import islice

from .retention import STALE_AFTER, STALENESS_WEIGHT, Kept, Key, ranked, worth

_SLACK, _SLACK_OF_CLOCK = 1e-9, 1e-18
"""Two scores that are nearer than this may stand in the wrong order in the sorted lists."""

_FEW = 64
"""So many entries, or one in so many, are moved one by one."""

_Place = tuple[float, Key]


class Ranking:
    """Entries of a Q-table by how much they are worth keeping at hand."""

    def __init__(self, entries: Iterable[Kept] = (), now: float = float("-inf")) -> None:
        """Rank some entries at once, for less than adding them one by one; at the time that is asked for first."""
        self._kept: dict[Key, Kept] = {}
        self._asked = now
        self._newest = float("-inf")
        self._fresh: list[_Place] = []
        self._stale: list[_Place] = []
        self._ageing: list[tuple[float, Key]] = []
        self._places: dict[Key, tuple[list[_Place], _Place]] = {}
        self._begin({entry.key: entry for entry in entries}, now)

    def _begin(self, entries: dict[Key, Kept], now: float) -> None:
        """Sort all entries anew into those that are fresh at a time and those that are not."""
        self._kept = entries
        self._newest = max((entry.updated for entry in entries.values()), default=float("-inf"))
        fresh = [entry for entry in entries.values() if now - entry.updated < STALE_AFTER]
        stale = [entry for entry in entries.values() if now - entry.updated >= STALE_AFTER]
        self._fresh, self._stale = sorted(map(_fresh_place, fresh)), sorted(map(_stale_place, stale))
        self._places = {place[1]: (where, place) for where in (self._fresh, self._stale) for place in where}
        self._ageing = sorted((entry.updated, entry.key) for entry in fresh)

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, entry: Kept) -> None:
        """Add an entry, or rank it anew."""
        self.discard(entry.key)
        self._kept[entry.key] = entry
        self._newest = max(self._newest, entry.updated)
        self._place(self._fresh, _fresh_place(entry))
        heappush(self._ageing, (entry.updated, entry.key))

    def discard(self, key: Key) -> None:
        """Take an entry out, if it is here."""
        if self._kept.pop(key, None) is not None:
            self._unplace(key)

    def _place(self, where: list[_Place], place: _Place) -> None:
        insort(where, place)
        self._places[place[1]] = where, place

    def _unplace(self, key: Key) -> None:
        where, place = self._places.pop(key)
        del where[bisect_left(where, place)]

    def best(self, most: int, now: float) -> list[Kept]:
        """Return the `most` entries that are retained most, in their order."""
        return self._end(most, now, last=False)

    def worst(self, most: int, now: float) -> list[Kept]:
        """Return the `most` entries that are retained least, in their order."""
        return self._end(most, now, last=True)

    def _end(self, most: int, now: float, *, last: bool) -> list[Kept]:
        if most < 1:
            return []
        if self._newest > now:
            # A clock was set back: entries from its future do not grow stale, so the lists do not hold.
            found = ranked(self._kept.values(), now)
        else:
            self._grow_old(now)
            found = ranked(self._enough(most, now, last=last), now)
        return found[-most:] if last else found[:most]

    def _grow_old(self, now: float) -> None:
        """Move over what was fresh and is not; where much changes, as after a long pause, sort all anew."""
        due = []
        while self._ageing and now - self._ageing[0][0] >= STALE_AFTER:
            due.append(heappop(self._ageing))
        if now < self._asked or len(due) > max(_FEW, len(self) // _FEW):
            self._begin(self._kept, now)
        else:
            for updated, key in due:
                self._age(key, updated)
        self._asked = now

    def _age(self, key: Key, updated: float) -> None:
        entry = self._kept.get(key)
        if entry is not None and entry.updated == updated and self._places[key][0] is self._fresh:
            self._unplace(key)
            self._place(self._stale, _stale_place(entry))

    def _enough(self, most: int, now: float, *, last: bool) -> list[Kept]:
        """Return the entries at one end, and with them all that may be as near to it."""
        aged = STALENESS_WEIGHT * now / STALE_AFTER
        both = (
            _shifted(_from_end(self._fresh, last=last), aged),
            _shifted(_from_end(self._stale, last=last), STALENESS_WEIGHT),
        )
        ordered = merge(*both, key=lambda place: -place[0] if last else place[0])
        found = list(islice(ordered, most))
        slack = _SLACK + _SLACK_OF_CLOCK * abs(now)
        for place in ordered if found else ():
            if abs(place[0] - found[most - 1][0]) > slack:
                break
            found.append(place)
        return [self._kept[key] for _, key in found]


def _fresh_place(entry: Kept) -> _Place:
    return -(worth(entry) + STALENESS_WEIGHT * entry.updated / STALE_AFTER), entry.key


def _stale_place(entry: Kept) -> _Place:
    return -worth(entry), entry.key


def _from_end(places: Sequence[_Place], *, last: bool) -> Iterator[_Place]:
    return reversed(places) if last else iter(places)


def _shifted(places: Iterable[_Place], by: float) -> Iterator[_Place]:
    return ((at + by, key) for at, key in places)
