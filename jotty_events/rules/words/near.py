"""Some of many texts: where they stand, and how near they are to a query.

Invariants: a text is similar, and as near, as `similarity.jaccard` says: the floats are the same.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]


class Near(NamedTuple):
    """Texts by their places, in no particular order, and their Jaccard indices."""

    places: Integers
    nearness: NDArray[np.float64]

    def behind(self, offset: int) -> "Near":
        """Return the same where all places begin at an offset."""
        return Near(self.places + offset, self.nearness) if offset else self


NOWHERE = Near(np.empty(0, np.int64), np.empty(0, np.float64))


def needed(m: int, n: Integers) -> Integers:
    """Return how many words texts of n words must share with one of m words to be similar (index.py says why)."""
    least: Integers = (m + n) // 3 + 1
    return least


def near(places: Integers, shared: Integers, m: int, n: Integers) -> Near:
    """Return how near texts of n words are to one of m words, with which each shares some."""
    return Near(places, shared / (m + n - shared))
