"""The words of many texts as flat arrays that can be saved, mapped into memory and searched where they lie.

Invariants: an answer is exact. Nothing here holds a text: whoever asks has them by their place.

Why it is exact, and quick where labels are common. index.py says why a similar text is found under one of the
first words of the query. With the rarest first, either both share a rare word, and few texts are found under it; or
they share none, and the common words alone decide. These are the same for whole groups of texts, so that groups are
looked at, and of a group that shares enough all texts up to some number of words are similar without another look.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .overlap import Integers, Near, distinct, near, overlaps, ranges
from .packing import coded_of, hashes_of

Arrays = Mapping[str, NDArray[Any]]

_UNKNOWN = -1
_FEW_GROUPS = 512
"""So few groups are looked at all together."""
_REMEMBERED = 10_000
"""Words whose numbers are kept at hand: most of those that are asked for are asked for again."""


class _Candidates(NamedTuple):
    """Texts that share a rare word, their groups and numbers of words, and the most rare words that they may share."""

    texts: Integers
    groups: Integers
    n: Integers
    most: Integers

    def likely(self, shared: "_Shared", m: int) -> Integers:
        """Return those that may be similar, given how many common words their groups share."""
        # Where all groups were looked at, each stands at its own number.
        at = self.groups if shared.all else np.searchsorted(shared.groups, self.groups)
        found: Integers = self.texts[3 * (shared.words[at] + self.most) > m + self.n]
        return found


class _Shared(NamedTuple):
    """How many common words some groups share with a query, or all of them."""

    groups: Integers
    words: Integers
    all: bool


class PackedWords:
    """The words of n texts, found by what they share with a query. It never changes."""

    def __init__(self, arrays: Arrays) -> None:
        """Take the arrays that `pack` made; they are read as far as a query needs them. KeyError if one is missing."""
        self.arrays = arrays
        self._starts = arrays["starts"]
        self._words = arrays["words"]
        self._vocabulary = arrays["vocabulary"]
        self._vocabulary_from = arrays["vocabulary_from"]
        self._rare = len(arrays["posted_from"]) - 1
        self._group_starts = arrays["group_starts"]
        self._remembered: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    def near(self, query: frozenset[str]) -> Near:
        """Return the places of the texts that are similar to a query with words, in ascending order."""
        m = len(query)
        known = np.sort(np.fromiter(self._numbers(query), np.int64))
        rare, common = known[known < self._rare], known[known >= self._rare]
        candidates = self._with_rare_words(rare, m, m - len(common))
        shared = self._shared(common, m, candidates.groups)
        found = distinct(np.concatenate((candidates.likely(shared, m), self._by_common_words(shared, m))))
        starts = self._starts[found]
        counts = self._starts[found + 1] - starts
        places, nearness = near(known, m, self._words_known, self._words[ranges(starts, counts)], counts)
        return Near(found[places], nearness)

    @property
    def _words_known(self) -> int:
        return len(self._vocabulary_from) - 1

    def _with_rare_words(self, rare: Integers, m: int, own: int) -> "_Candidates":
        """Return the texts that share a rare word with a query of m words, of which `own` are not common."""
        # A word that no text has stands before all others, whatever it is.
        first = rare[np.arange(own - len(rare), own) < (m + 1) // 2]
        posted_from = self.arrays["posted_from"]
        begin = posted_from[first]
        where = ranges(begin, posted_from[first + 1] - begin)
        where, found = _counted(where, self.arrays["posted"][where])
        # A text is found once for each word in the first half of both; all others may be shared besides.
        most = found + (len(rare) - len(first)) + self.arrays["posted_besides"][where]
        return _Candidates(
            self.arrays["posted"][where], self.arrays["posted_groups"][where], self.arrays["posted_sizes"][where], most
        )

    def _shared(self, common: Integers, m: int, also: Integers) -> _Shared:
        """Return how many of the query's common words each group shares that may have a similar text, and others."""
        starts = self._group_starts
        if len(starts) <= _FEW_GROUPS:
            counts = starts[1:] - starts[:-1]
            words = overlaps(common, self._words_known, self.arrays["group_words"], counts)
            return _Shared(np.arange(len(counts)), words, True)
        groups = self._groups(common, m, also)
        counts = starts[groups + 1] - starts[groups]
        flat = self.arrays["group_words"][ranges(starts[groups], counts)]
        return _Shared(groups, overlaps(common, self._words_known, flat, counts), False)

    def _by_common_words(self, shared: _Shared, m: int) -> Integers:
        """Return the texts whose common words alone make them similar."""
        # A group's texts stand by their number of words: up to some number they are similar, and no more after that.
        sizes_from, sizes = self.arrays["group_sizes_from"], self.arrays["group_sizes"]
        begin = sizes_from[shared.groups]
        counts = sizes_from[shared.groups + 1] - begin
        which = ranges(begin, counts)
        enough = which[(3 * shared.words).repeat(counts) > m + sizes[which]]
        members_from = self.arrays["members_from"]
        begin = members_from[enough]
        found: Integers = self.arrays["members"][ranges(begin, members_from[enough + 1] - begin)]
        return found

    def _groups(self, common: Integers, m: int, also: Integers) -> Integers:
        """Return the groups that may share so many of the common words, and others, in ascending order."""
        posted_from = self.arrays["group_posted_from"]
        numbers = common - self._rare
        counts = posted_from[numbers + 1] - posted_from[numbers]
        where = ranges(posted_from[numbers], counts)
        groups = self.arrays["group_posted"][where]
        size = self._group_starts[groups + 1] - self._group_starts[groups]
        left = np.minimum(
            np.repeat(len(common) - np.arange(len(common)), counts), size - self.arrays["group_places"][where]
        )
        least = self.arrays["group_sizes"][self.arrays["group_sizes_from"][groups]]
        return distinct(np.concatenate((groups[3 * left > m + least], also)))

    def _numbers(self, query: Iterable[str]) -> Iterator[int]:
        for word in query:
            number = self._remembered.get(word)
            if number is None:
                number = self._number(word)
                if len(self._remembered) < _REMEMBERED:
                    self._remembered[word] = number
            if number != _UNKNOWN:
                yield number

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
        hashes = self.arrays[f"{kind}_hashes"]
        wanted = hashes_of([coded])[0]
        at = int(np.searchsorted(hashes, wanted))
        while at < len(hashes) and hashes[at] == wanted:
            yield int(self.arrays[f"{kind}_by_hash"][at])
            at += 1


def _counted(where: Integers, texts: Integers) -> tuple[Integers, Integers]:
    """Return for each of some texts one of the places where it stands, and at how many it does."""
    order = texts.argsort()
    ordered = texts[order]
    new = np.ones(len(ordered) + 1, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:-1])
    ends = np.flatnonzero(new)
    return where[order[ends[:-1]]], ends[1:] - ends[:-1]
