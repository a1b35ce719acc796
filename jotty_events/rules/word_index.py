"""An index that finds every text similar to a given one, exactly, without looking at all of them.

Invariants: the answer is that of `similarity.similar` asked for each text in turn, in a defined order; it depends on
which texts are in the index, never on how they got there. Ids grow, and are never given again.

Why it is exact. Let two texts have m and n words and share o. Their Jaccard index is above 1/2 just when
3 * o > m + n. Sort the words of both by one and the same order, and let their first shared word stand at positions
i and j: then o <= 1 + min(m - i - 1, n - j - 1). So a similar text is found under one of the first words of the
query, at a position and among lengths that still allow enough shared words. With the rarest words first in the
order, those words lead to few texts, however common the other words are.

The order is frozen on a shelf. As texts come and go it ages, so a new shelf is begun from time to time, and every
change moves a few texts over: no single change pays for all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from .similarity import words

_SMALLEST_RENEWAL = 64
"""Fewer changes than this never begin a new shelf."""
_MOVED_AT_ONCE = 4
"""Texts moved per change. A shelf of n texts is renewed after n changes, so that moving takes a part of them only."""


class WordIndex:
    """A set of texts, and for any text those that are similar to it."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Index some texts at once, for less than adding them one by one."""
        self._ids: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._words: dict[int, frozenset[str]] = {}
        self._counts: Counter[str] = Counter()
        self._next = 0
        self._changes = 0
        for text in texts:
            if text not in self._ids:
                self._hold(text)
        self._shelf = _Shelf(dict(self._counts))
        for number, held in self._words.items():
            self._shelf.post(number, held)
        self._renewed_at = len(self._ids)
        self._old: _Shelf | None = None
        self._to_move: list[int] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, text: object) -> bool:
        return text in self._ids

    def add(self, text: str) -> int:
        """Put a text into the index and return its id; a text that is there already keeps its id."""
        known = self._ids.get(text)
        if known is not None:
            return known
        number = self._hold(text)
        self._shelf.post(number, self._words[number])
        self._changed()
        return number

    def discard(self, text: str) -> None:
        """Take a text out of the index, if it is there."""
        number = self._ids.pop(text, None)
        if number is None:
            return
        del self._texts[number]
        # Its postings stay until their shelf goes, and are passed over.
        self._uncount(self._words.pop(number))
        self._changed()

    def similar(self, text: str) -> list[tuple[str, float]]:
        """Return each similar text with its Jaccard index (1.0 if equal): the nearest first, then by text."""
        query = words(text)
        found = self._matches(query) if query else self._itself(text)
        found.sort(key=_nearest_then_text)
        return found

    def _hold(self, text: str) -> int:
        number = self._next
        self._next += 1
        held = words(text)
        self._ids[text], self._texts[number], self._words[number] = number, text, held
        self._counts.update(held)
        return number

    def _itself(self, text: str) -> list[tuple[str, float]]:
        return [(text, 1.0)] if text in self._ids else []

    def _matches(self, query: frozenset[str]) -> list[tuple[str, float]]:
        found = []
        m = len(query)
        for number in self._candidates(query):
            held = self._words.get(number)
            if held is None:
                continue
            shared = len(query & held)
            both = m + len(held)
            if 3 * shared > both:
                found.append((self._texts[number], shared / (both - shared)))
        return found

    def _candidates(self, query: frozenset[str]) -> set[int]:
        found = self._shelf.candidates(query)
        return found if self._old is None else found | self._old.candidates(query)

    def _uncount(self, these: Iterable[str]) -> None:
        for word in these:
            self._counts[word] -= 1
            if not self._counts[word]:
                del self._counts[word]

    def _changed(self) -> None:
        self._changes += 1
        if self._to_move:
            self._move()
        elif self._changes > max(_SMALLEST_RENEWAL, self._renewed_at):
            self._renew()

    def _renew(self) -> None:
        self._changes = 0
        self._renewed_at = len(self._ids)
        self._old, self._shelf = self._shelf, _Shelf(dict(self._counts))
        self._to_move = list(self._texts)

    def _move(self) -> None:
        for number in self._to_move[-_MOVED_AT_ONCE:]:
            held = self._words.get(number)
            if held is not None:
                self._shelf.post(number, held)
        del self._to_move[-_MOVED_AT_ONCE:]
        if not self._to_move:
            self._old = None


class _Shelf:
    """Ids under the first words of their texts, by one frozen order: `frequency`, then the word itself."""

    def __init__(self, frequency: Mapping[str, int]) -> None:
        self._frequency = frequency
        self._postings: dict[str, dict[tuple[int, int], list[int]]] = {}

    def post(self, number: int, held: frozenset[str]) -> None:
        """Put an id under the first half of its words, by number of words and position."""
        ordered = self._first(held)
        for place, word in enumerate(ordered):
            self._postings.setdefault(word, {}).setdefault((len(held), place), []).append(number)

    def candidates(self, query: frozenset[str]) -> set[int]:
        """Return the ids that may be similar; a few of them are not, and none that is similar is missing."""
        found: set[int] = set()
        m = len(query)
        for i, word in enumerate(self._first(query)):
            for (n, j), numbers in self._postings.get(word, _NOTHING).items():
                if 3 * (1 + min(m - i - 1, n - j - 1)) > m + n:
                    found.update(numbers)
        return found

    def _first(self, held: frozenset[str]) -> list[str]:
        """Return the first half of the words, rounded up: similar texts share more than half of the words of each."""
        frequency = self._frequency
        ordered = sorted(held, key=lambda word: (frequency.get(word, 0), word))
        return ordered[: (len(ordered) + 1) // 2]


_NOTHING: dict[tuple[int, int], list[int]] = {}


def _nearest_then_text(match: tuple[str, float]) -> tuple[float, str]:
    return -match[1], match[0]
