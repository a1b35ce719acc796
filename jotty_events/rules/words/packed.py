"""The words of many texts as flat arrays that can be saved, mapped into memory and searched where they lie.

Invariants: an answer is exact. Nothing here holds a text: whoever asks has them by their place.

Why it is exact, and quick where labels are common. Texts of one class have the same common words and as many words
(packing.py): how many rare words a text must share with the query to be similar is one number for all of them. How
many it does share is how often it is found under the rare words of the query. No text is looked at by itself.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .near import Integers, Near, near, needed
from .packing import coded_of, hashes_of, text_of

Arrays = Mapping[str, NDArray[Any]]

_HASHED = "word", "text"
_UNKNOWN = -1
_REMEMBERED = 10_000
"""Words whose numbers are kept at hand: most of those that are asked for are asked for again."""
_PLANNED = 1 << 18
"""So many numbers are kept of what follows from common words alone: many queries have the same labels."""
_OF_A_PLAN = 64
"""What a plan takes besides its numbers, as if it were numbers: plans for few classes are many, and not free."""


class _Found(NamedTuple):
    """Texts by their names, their classes, and how many words they share with the query."""

    names: Integers
    classes: Integers
    shared: Integers


_NONE = _Found(*3 * (np.empty(0, np.int64),))


class _Plan(NamedTuple):
    """What the common words of a query and its number of words, m, say of all texts.

    By class: how many of the common words a text has, and how many others it must share to be similar; and the texts
    that need share no others.
    """

    m: int
    common: Integers
    needed: Integers
    whole: _Found


class PackedWords:
    """The words of n texts, found by what they share with a query. They never change; what is kept at hand does."""

    def __init__(self, arrays: Arrays) -> None:
        """Take the arrays that `pack` made. KeyError if one is missing."""
        self.arrays = arrays
        self._hashes = {kind: _seen(arrays[f"{kind}_hashes"]) for kind in _HASHED}
        self._vocabulary = arrays["vocabulary"]
        self._vocabulary_from = arrays["vocabulary_from"]
        self._members = arrays["members"]
        self._posted = arrays["posted"]
        self._posted_from = arrays["posted_from"].data
        self._rare = len(self._posted_from) - 1
        self._group_has = arrays["group_has"].reshape(-1, *arrays["groups"])
        self._classes = arrays["classes"]
        self._class_groups = arrays["class_groups"]
        self._class_sizes = arrays["class_sizes"]
        self._class_from = arrays["class_from"]
        self._remembered = self._first_words()
        self._plans: dict[tuple[int, ...], _Plan] = {}
        self._planned = 0

    def _first_words(self) -> dict[str, int]:
        """Return the numbers of all words, where these are few."""
        if len(self._vocabulary_from) > _REMEMBERED:
            return {}
        ends, coded = self._vocabulary_from.tolist(), self._vocabulary.tobytes()
        return {text_of(coded[ends[at] : ends[at + 1]]): at for at in range(len(ends) - 1)}

    def __len__(self) -> int:
        return len(self._members)

    def near(self, query: frozenset[str]) -> Near:
        """Return the places of the texts that are similar to a query with words, in no particular order."""
        known = [number for number in self._numbers(query) if number != _UNKNOWN]
        rare = self._rare
        plan = self._plan(len(query), [number - rare for number in known if number >= rare])
        found = self._by_rare_words([number for number in known if number < rare], plan)
        if len(plan.whole.names):
            found = _joined(found, plan)
        return near(self._members.take(found.names), found.shared, plan.m, self._class_sizes.take(found.classes))

    def _plan(self, m: int, common: list[int]) -> _Plan:
        key = (m, *sorted(common))
        plan = self._plans.get(key)
        return self._keep(key, self._new_plan(m, common)) if plan is None else plan

    def _keep(self, key: tuple[int, ...], plan: _Plan) -> _Plan:
        size = _OF_A_PLAN + len(plan.needed) + len(plan.whole.names)
        if self._planned + size > _PLANNED:
            self._plans.clear()
            self._planned = 0
        self._plans[key] = plan
        self._planned += size
        return plan

    def _new_plan(self, m: int, common: list[int]) -> _Plan:
        shared = np.add.reduce(self._group_has[common], axis=0, dtype=np.int64).take(self._class_groups)
        others = needed(m, self._class_sizes) - shared
        whole = (others <= 0).nonzero()[0]
        return _Plan(m, shared, others, self._members_of(whole, shared) if len(whole) else _NONE)

    def _members_of(self, classes: Integers, shared: Integers) -> _Found:
        """Return all texts of some classes, in the order of their names; `shared` is by class."""
        begin = self._class_from[classes]
        counts = self._class_from[classes + 1] - begin
        each = classes.repeat(counts)
        return _Found(_ranges(begin, counts), each, shared[each])

    def _by_rare_words(self, rare: list[int], plan: _Plan) -> _Found:
        """Return the texts that share enough rare words with the query, and at least one."""
        begin = self._posted_from
        names, found = _counted([self._posted[begin[word] : begin[word + 1]] for word in rare], len(self))
        classes = self._classes.take(names)
        enough = (found >= plan.needed.take(classes)).nonzero()[0]
        classes = classes.take(enough)
        return _Found(names.take(enough), classes, found.take(enough) + plan.common.take(classes))

    def _numbers(self, query: Iterable[str]) -> list[int]:
        """Return the numbers of the words that are known, in no particular order."""
        numbers = map(self._remembered.get, query)
        return [self._remember(word) if number is None else number for word, number in zip(query, numbers, strict=True)]

    def _remember(self, word: str) -> int:
        number = self._number(word)
        if len(self._remembered) < _REMEMBERED:
            self._remembered[word] = number
        return number

    def _number(self, word: str) -> int:
        coded = coded_of(word)
        return next((number for number in self._looked_up("word", coded) if self._word(number) == coded), _UNKNOWN)

    def _word(self, number: int) -> bytes:
        begin, end = self._vocabulary_from[number : number + 2]
        return self._vocabulary[begin:end].tobytes()

    def places_of(self, text: str) -> list[int]:
        """Return where a text may stand: nearly always there, or nowhere; only its equal is meant."""
        return list(self._looked_up("text", coded_of(text)))

    def _looked_up(self, kind: str, coded: bytes) -> Iterator[int]:
        hashes, wanted = self._hashes[kind], int(hashes_of([coded])[0])
        at = bisect_left(hashes, wanted)
        while at < len(hashes) and hashes[at] == wanted:
            yield int(self.arrays[f"{kind}_by_hash"][at])
            at += 1


def _seen(hashes: NDArray[Any]) -> Any:
    """Return a view of numbers of this machine's kind: a few of them are read several times as fast through it."""
    return hashes.astype(np.uint64, copy=False).data


def _joined(found: _Found, plan: _Plan) -> _Found:
    """Return what was found and all texts that need share no rare words, each once."""
    inside = plan.needed.take(found.classes) <= 0
    shared = plan.whole.shared.copy()
    shared[plan.whole.names.searchsorted(found.names[inside])] = found.shared[inside]
    besides = _Found(*(one[~inside] for one in found))
    return _Found(*map(np.concatenate, zip(besides, plan.whole._replace(shared=shared), strict=True)))


def _ranges(starts: Integers, counts: Integers) -> Integers:
    """Return start, start + 1, … for each of the starts, as many as its count, one after the other."""
    ends = counts.cumsum()
    each: Integers = np.arange(ends[-1]) + (starts - (ends - counts)).repeat(counts)
    return each


def _counted(lists: list[Integers], size: int) -> tuple[Integers, Integers]:
    """Return the numbers below `size` that stand in some lists, in ascending order, and in how many each stands."""
    flat = np.concatenate(lists) if lists else np.empty(0, np.int32)
    if len(flat) > size:
        often = np.bincount(flat, minlength=size)
        names = often.nonzero()[0]
        return names, often[names]
    flat.sort()
    new = np.empty(len(flat) + 1, np.bool_)
    new[0] = new[-1] = True
    np.not_equal(flat[1:], flat[:-1], out=new[1:-1])
    begin = new.nonzero()[0]
    return flat.take(begin[:-1]), begin[1:] - begin[:-1]
