"""The words of texts that come and go, found by what they share with a query.

Invariants: what is found depends on which texts are held, never on how they got there. Each text is under a number of
its own, which the caller chooses and never uses again.

The order of the words is frozen on a shelf (index.py says what it is for). As texts come and go it ages, so a new
shelf is begun from time to time, and every change moves a few texts over: no single change pays for all.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np

from .overlap import Integers, Near, near
from .similarity import words

_SMALLEST_RENEWAL = 64
"""Fewer changes than this never begin a new shelf."""
_MOVED_AT_ONCE = 4
"""Texts moved per change. A shelf of n texts is renewed after n changes, so that moving takes a part of them only."""


class LiveWords:
    """Texts by number, and for any words those that are similar to them."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._codes = _Codes()
        self._held: dict[int, bytes] = {}
        self._counts: Counter[str] = Counter()
        self._changes = 0
        self._shelf = _Shelf({})
        self._renewed_at = 0
        self._old: _Shelf | None = None
        self._to_move: list[int] = []

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    def texts(self) -> list[str]:
        """Return the texts, the oldest first."""
        return list(self._texts.values())

    def add(self, number: int, text: str) -> None:
        """Hold a text that is not held yet."""
        held = words(text)
        self._texts[number] = text
        self._held[number] = self._codes.of(held)
        self._counts.update(held)
        self._shelf.post(number, held)
        self._changed()

    def discard(self, number: int) -> None:
        """Let a text go. Its postings stay until their shelf goes, and are passed over."""
        held = words(self._texts.pop(number))
        del self._held[number]
        for word in held:
            self._counts[word] -= 1
            if not self._counts[word]:
                del self._counts[word]
                self._codes.free(word)
        self._changed()

    def near(self, query: frozenset[str]) -> Near:
        """Return the numbers of the texts that are similar to a query with words."""
        numbers = [number for number in self.candidates(query) if number in self._held]
        held = [self._held[number] for number in numbers]
        flat = np.frombuffer(b"".join(held), np.int32)
        counts = np.fromiter(map(len, held), np.int64, len(held)) // flat.itemsize
        places, nearness = near(self._codes.known(query), len(query), len(self._codes), flat, counts)
        return Near(np.array(numbers, np.int64)[places], nearness)

    def candidates(self, query: frozenset[str]) -> set[int]:
        """Return the numbers of texts that may be similar, some of which may be gone."""
        found = self._shelf.candidates(query)
        return found if self._old is None else found | self._old.candidates(query)

    def _changed(self) -> None:
        self._changes += 1
        if self._to_move:
            self._move()
        elif self._changes > max(_SMALLEST_RENEWAL, self._renewed_at):
            self._renew()

    def _renew(self) -> None:
        self._changes = 0
        self._renewed_at = len(self._texts)
        self._old, self._shelf = self._shelf, _Shelf(dict(self._counts))
        self._to_move = list(self._texts)

    def _move(self) -> None:
        for number in self._to_move[-_MOVED_AT_ONCE:]:
            text = self._texts.get(number)
            if text is not None:
                self._shelf.post(number, words(text))
        del self._to_move[-_MOVED_AT_ONCE:]
        if not self._to_move:
            self._old = None


class _Codes:
    """Small numbers of the words in use; that of a word that went is given again."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._codes) + len(self._free)

    def of(self, held: Iterable[str]) -> bytes:
        """Return the codes of words, with new ones where a word has none, as bytes of 32-bit integers."""
        return array("i", [self._of(word) for word in held]).tobytes()

    def _of(self, word: str) -> int:
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = self._free.pop() if self._free else len(self)
        return code

    def known(self, query: Iterable[str]) -> Integers:
        """Return the codes of those words that have one."""
        return np.array([self._codes[word] for word in query if word in self._codes], np.int64)

    def free(self, word: str) -> None:
        """Take the code of a word that no text has any more."""
        self._free.append(self._codes.pop(word))


class _Shelf:
    """Numbers under the first words of their texts, by one frozen order: `frequency`, then the word itself."""

    def __init__(self, frequency: Mapping[str, int]) -> None:
        self._frequency = frequency
        self._postings: dict[str, dict[tuple[int, int], list[int]]] = {}

    def post(self, number: int, held: frozenset[str]) -> None:
        """Put a number under the first half of its words, by how many they are and the place."""
        ordered = self._first(held)
        for place, word in enumerate(ordered):
            self._postings.setdefault(word, {}).setdefault((len(held), place), []).append(number)

    def candidates(self, query: frozenset[str]) -> set[int]:
        """Return the numbers that may be similar; a few of them are not, and none that is similar is missing."""
        m = len(query)
        return set(
            chain.from_iterable(
                numbers
                for i, word in enumerate(self._first(query))
                for (n, j), numbers in self._postings.get(word, _NOTHING).items()
                if 3 * (1 + min(m - i - 1, n - j - 1)) > m + n
            )
        )

    def _first(self, held: frozenset[str]) -> list[str]:
        """Return the first half of the words, rounded up: similar texts share more than half of the words of each."""
        frequency = self._frequency
        ordered = sorted(held, key=lambda word: (frequency.get(word, 0), word))
        return ordered[: (len(ordered) + 1) // 2]


_NOTHING: dict[tuple[int, int], list[int]] = {}
