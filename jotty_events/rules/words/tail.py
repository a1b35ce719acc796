"""The words of the few texts that came last: each search looks at all of them.

Invariants: a text's place is how many came before it. It never goes; whoever asks knows which texts are gone.
"""

from array import array
from collections.abc import Iterable

import numpy as np

from .near import NOWHERE, Near, near, needed

_TEXTS = 1024
"""So many texts are looked at in the time that a packed part of them would take."""
_WORDS = 1 << 14
"""Nor more than so many words."""
_NO_WORD = 0


class Tail:
    """Words of a few texts, found by what they share with a query."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._words = array("q")
        self._begin = array("q")
        self._sizes = array("q")

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def full(self) -> bool:
        """Whether looking at all texts takes longer than it should."""
        return len(self._sizes) >= _TEXTS or len(self._words) >= _WORDS

    def add(self, held: frozenset[str]) -> None:
        """Hold the words of one more text."""
        codes = self._codes
        self._begin.append(len(self._words))
        self._sizes.append(len(held))
        # A sum over nothing would be one over the next word.
        self._words.extend([codes.setdefault(word, len(codes) + 1) for word in held] or [_NO_WORD])

    def near(self, query: Iterable[str], m: int) -> Near:
        """Return the places of the texts that are similar to a query of m words."""
        asked = [code for code in map(self._codes.get, query) if code is not None]
        if not asked:
            return NOWHERE
        # Numbers of one kind from end to end: to make others of thousands costs as much as to add them up.
        is_asked = np.zeros(len(self._codes) + 1, np.int64)
        is_asked[asked] = 1
        is_shared = is_asked.take(np.frombuffer(self._words, np.int64))
        shared = np.add.reduceat(is_shared, np.frombuffer(self._begin, np.int64))
        sizes = np.frombuffer(self._sizes, np.int64)
        places = (shared >= needed(m, sizes)).nonzero()[0]
        return near(places, shared[places], m, sizes[places])
