"""An index that finds every text similar to a given one, exactly, without looking at all of them.

Invariants: the answer is that of `similarity.similar` asked for each text in turn, in a defined order; it depends on
which texts are in the index, never on how they got there. A text that is gone keeps its stand, which is never given
again until all are numbered anew.

Two texts of m and n words that share o have a Jaccard index above 1/2 just when 3 * o > m + n.

An index has several parts. The first is packed (packed.py): it is made at once, can be saved and mapped into memory
again, and never changes. What comes since is looked at text by text as long as it is little (tail.py), and then packed
as well; a part that is not twice as long as what comes behind it is packed together with that. When what came, or
went, has become a good part of the first, one change in so many packs all anew. It pays about 10 microseconds a text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .matches import Match, Matches
from .near import NOWHERE, Integers, Near
from .packed import PackedWords
from .packing import pack
from .similarity import words
from .tail import Tail

_REMEMBERED = 8
"""Answers kept: what is learned of one step asks a few times for the same state."""

_FEW = 1024
"""So many texts that came, or packed ones that went, never cause all to be packed anew."""
_SHARE = 0.5
"""Nor do fewer than this share of the packed ones."""
_TWICE = 2
"""A part of so many times the texts behind it stays as it is."""


class WordIndex:
    """A set of texts, and for any text those that are similar to it."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Index some texts at once, for less than adding them one by one."""
        begun = list(dict.fromkeys(texts))
        self._begin(PackedWords(pack(begun)) if begun else None, begun)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], texts: Sequence[str]) -> "WordIndex":
        """Open what `to_arrays` gave, arrays mapped from a file included; the texts are read one by one when found.

        `texts[i]` is the text that had the place i. KeyError if an array is missing.
        """
        index = cls.__new__(cls)
        index._begin(PackedWords(arrays), texts)
        return index

    def _begin(self, packed: PackedWords | None, texts: Sequence[str]) -> None:
        self._packed = packed
        self._packed_texts = texts
        self._begun = len(packed or ())
        self._parts: list[tuple[int, PackedWords]] = [] if packed is None else [(0, packed)]
        self._came: list[str] = []
        self._stands: dict[str, int] = {}
        self._tail = Tail()
        self._gone: set[int] = set()
        self._answers: dict[str, Matches] = {}
        self.numbering = object()
        """Another one as soon as texts stand elsewhere."""

    def to_arrays(self, texts: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return the index as flat arrays by name, for all its texts in the order given, else in that of `texts()`.

        ValueError if those given are others.
        """
        if texts is None:
            return pack(self.texts())
        if len(texts) != len(self) or len(set(texts)) != len(self) or not all(map(self.__contains__, texts)):
            raise ValueError("the texts to lay out are not those of the index")
        return pack(texts)

    def texts(self) -> list[str]:
        """Return all texts: what is packed as it was given, then what was added, the oldest first."""
        return self.standing()[1]

    def standing(self) -> tuple[Integers, list[str]]:
        """Return where all texts stand, in ascending order, and the texts."""
        stands = [stand for stand in range(self._end) if stand not in self._gone]
        return np.array(stands, np.int64), list(map(self._text_at, stands))

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]] | None:
        """The packed part as it is: those that the index was opened from, until all is packed anew; None if empty."""
        return self._packed.arrays if self._packed else None

    @property
    def packed_texts(self) -> Sequence[str]:
        """The texts in `arrays` by their places, those that went included."""
        return self._packed_texts

    @property
    def added(self) -> list[str]:
        """The texts that are not in `arrays`, the oldest first."""
        return list(self._stands)

    @property
    def gone(self) -> list[int]:
        """The places of the texts that are in `arrays` and no more in the index, in ascending order."""
        return sorted(place for place in self._gone if place < self._begun)

    def __len__(self) -> int:
        return self._end - len(self._gone)

    @property
    def _end(self) -> int:
        """The stand of the text that comes next."""
        return self._begun + len(self._came)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self.stand_of(text) is not None

    def stand_of(self, text: str) -> int | None:
        """Return where a text stands, as its matches say it; None if it is not here."""
        stand = self._stands.get(text)
        return self._place(text) if stand is None else stand

    def _place(self, text: str) -> int | None:
        for place in self._packed.places_of(text) if self._packed else ():
            if place not in self._gone and self._packed_texts[place] == text:
                return place
        return None

    def add(self, text: str) -> None:
        """Put a text into the index, unless it is there."""
        if text not in self:
            self._stands[text] = self._end
            self._came.append(text)
            self._tail.add(words(text))
            self._changed()

    def discard(self, text: str) -> None:
        """Take a text out of the index, if it is there."""
        stand = self.stand_of(text)
        if stand is not None:
            self._stands.pop(text, None)
            self._gone.add(stand)
            self._changed()

    def _changed(self) -> None:
        self._answers.clear()
        if max(len(self._came), len(self._gone)) > max(_FEW, _SHARE * self._begun):
            texts = self.texts()
            self._begin(PackedWords(pack(texts)), texts)
        elif self._tail.full:
            self._pack_tail()

    def _pack_tail(self) -> None:
        begin = self._end - len(self._tail)
        while begin > self._begun and len(self._parts[-1][1]) < _TWICE * (self._end - begin):
            begin, _ = self._parts.pop()
        # What is gone is packed with the rest, so that all stands stay.
        self._parts.append((begin, PackedWords(pack(self._came[begin - self._begun :]))))
        self._tail = Tail()

    def similar(self, text: str) -> list[Match]:
        """Return each similar text with its Jaccard index (1.0 if equal): the nearest first, then by text."""
        return list(self.matches(text))

    def matches(self, text: str) -> Matches:
        """Return the same without fetching the texts, which are fetched as far as they are looked at.

        They are no longer good once a text was added or discarded.
        """
        found = self._answers.get(text)
        if found is None:
            found = self._matches(text)
            self._remember(text, found)
        return found

    def _remember(self, text: str, found: Matches) -> None:
        if len(self._answers) >= _REMEMBERED:
            self._answers.clear()
        self._answers[text] = found

    def _matches(self, text: str) -> Matches:
        query = words(text)
        if not query:
            own = self.stand_of(text)
            return Matches(NOWHERE if own is None else Near(np.array([own]), np.ones(1)), self._text_at)
        found = [part.near(query).behind(begin) for begin, part in self._parts]
        found.append(self._tail.near(query, len(query)).behind(self._end - len(self._tail)))
        return Matches(self._here(found), self._text_at)

    def _here(self, found: Sequence[Near]) -> Near:
        """Return what is not gone of some parts' answers."""
        some = [one for one in found if len(one.places)] or [NOWHERE]
        all_found = some[0] if len(some) == 1 else Near(*map(np.concatenate, zip(*some, strict=True)))
        if not self._gone:
            return all_found
        kept = [place not in self._gone for place in all_found.places.tolist()]
        return Near(all_found.places[kept], all_found.nearness[kept])

    def _text_at(self, stand: int) -> str:
        begun = self._begun
        return self._packed_texts[stand] if stand < begun else self._came[stand - begun]
