"""The texts that are similar to one: where they stand, and how near they are.

Invariants: a text is fetched when it is come to, the nearest first, so that whoever stops early fetches few. Whoever
needs numbers only, of many texts, fetches none.
"""

from collections.abc import Callable, Iterator

import numpy as np

from .overlap import Integers, Near

Match = tuple[str, float]
NOWHERE = Near(np.empty(0, np.int64), np.empty(0, np.float64))


class Matches:
    """Similar texts by where they stand in an index, each with its Jaccard index (1.0 if equal)."""

    __slots__ = ("_text_at", "nearness", "stands")

    def __init__(self, found: Near, text_at: Callable[[int], str]) -> None:
        self.stands: Integers = found.places
        self.nearness = found.nearness
        self._text_at = text_at

    def __len__(self) -> int:
        return len(self.stands)

    def __iter__(self) -> Iterator[Match]:
        """Give out each text with its nearness: the nearest first, then by text."""
        order = (-self.nearness).argsort(kind="stable")
        nearness, stands = self.nearness[order], self.stands[order].tolist()
        ends = [*(np.flatnonzero(nearness[1:] != nearness[:-1]) + 1).tolist(), len(stands)]
        begin = 0
        for end in ends if stands else ():
            near = float(nearness[begin])
            yield from ((text, near) for text in sorted(map(self._text_at, stands[begin:end])))
            begin = end

    def texts_at(self, stands: Integers) -> list[str]:
        """Return the texts that stand at some of these places."""
        return list(map(self._text_at, stands.tolist()))
