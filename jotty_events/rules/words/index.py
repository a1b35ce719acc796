"""An index that finds every text similar to a given one, exactly, without looking at all of them.

Invariants: the answer is that of `similarity.similar` asked for each text in turn, in a defined order; it depends on
which texts are in the index, never on how they got there.

Why it is exact. Let two texts have m and n words and share o. Their Jaccard index is above 1/2 just when
3 * o > m + n. Sort the words of both by one and the same order, and let their first shared word stand at positions
i and j: then o <= 1 + min(m - i - 1, n - j - 1). So a similar text is found under one of the first words of the
query, at a position and among lengths that still allow enough shared words. With the rarest words first in the
order, those words lead to few texts, however common the other words are.

An index has two parts. The packed one (packed.py) is made at once, can be saved and mapped into memory again,
and never changes; what went of it is remembered. The live one (live.py) holds what came since. When that has
become a good part of all, one change in so many packs all anew: it pays about 10 microseconds a text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .live import LiveWords
from .matches import NOWHERE, Match, Matches
from .overlap import Near
from .packed import PackedWords
from .packing import pack
from .similarity import words

_REMEMBERED = 8
"""Answers kept: what is learned of one step asks a few times for the same state."""

_FEW = 1024
"""So many live texts, or packed ones that went, never cause all to be packed anew."""
_SHARE = 0.5
"""Nor do fewer than this share of the packed ones."""


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
        self._gone: set[int] = set()
        self._live = LiveWords()
        self._numbers: dict[str, int] = {}
        self._next = 0
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
        kept = (i for i in range(len(self._packed or ())) if i not in self._gone)
        return [*(self._packed_texts[i] for i in kept), *self.added]

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
        return self._live.texts()

    @property
    def gone(self) -> list[int]:
        """The places of the texts that are in `arrays` and no more in the index, in ascending order."""
        return sorted(self._gone)

    def __len__(self) -> int:
        return len(self._packed or ()) - len(self._gone) + len(self._live)

    def __contains__(self, text: object) -> bool:
        return text in self._numbers or (isinstance(text, str) and self._place(text) is not None)

    def _place(self, text: str) -> int | None:
        for place in self._packed.places_of(text) if self._packed else ():
            if place not in self._gone and self._packed_texts[place] == text:
                return place
        return None

    def stand_of(self, text: str) -> int | None:
        """Return where a text stands, as its matches say it; None if it is not here."""
        number = self._numbers.get(text)
        return self._place(text) if number is None else len(self._packed or ()) + number

    def add(self, text: str) -> None:
        """Put a text into the index, unless it is there."""
        if text not in self:
            self._numbers[text] = self._next
            self._live.add(self._next, text)
            self._next += 1
            self._changed()

    def discard(self, text: str) -> None:
        """Take a text out of the index, if it is there."""
        number = self._numbers.pop(text, None)
        if number is not None:
            self._live.discard(number)
        elif (place := self._place(text)) is not None:
            self._gone.add(place)
        self._changed()

    def _changed(self) -> None:
        self._answers.clear()
        few = max(_FEW, _SHARE * len(self._packed or ()))
        # Numbers that are not used again cost room where texts come and go without end.
        if max(len(self._live), len(self._gone)) > few or self._next > 4 * (few + len(self._live)):
            texts = self.texts()
            self._begin(PackedWords(pack(texts)), texts)

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
        packed, live = self._in_packed(query), self._in_live(query)
        # What is packed stands at its place, what is live after all of that.
        places = np.concatenate((packed.places, live.places + len(self._packed or ())))
        return Matches(Near(places, np.concatenate((packed.nearness, live.nearness))), self._text_at)

    def _text_at(self, stand: int) -> str:
        begun = len(self._packed or ())
        return self._packed_texts[stand] if stand < begun else self._live[stand - begun]

    def _in_packed(self, query: frozenset[str]) -> Near:
        if self._packed is None:
            return NOWHERE
        found = self._packed.near(query)
        if self._gone:
            kept = np.array([place not in self._gone for place in found.places.tolist()], bool)
            found = Near(found.places[kept], found.nearness[kept])
        return found

    def _in_live(self, query: frozenset[str]) -> Near:
        return self._live.near(query) if len(self._live) else NOWHERE
