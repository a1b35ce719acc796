"""How many words a query shares with many texts at once, over flat arrays of word numbers.

Invariants: the counts are exact, and so are the floats made of them: the same as `similarity.jaccard` gives.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]


class Near(NamedTuple):
    """Some of the texts that were looked at, by their places among these, and their Jaccard indices."""

    places: Integers
    nearness: NDArray[np.float64]


def ranges(starts: Integers, counts: Integers) -> Integers:
    """Return start, start + 1, … for each of the starts, as many as its count, one after the other."""
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    each: Integers = np.arange(total) + (starts - (ends - counts)).repeat(counts)
    return each


def distinct(numbers: Integers) -> Integers:
    """Return each number once, in ascending order."""
    ordered = np.sort(numbers)
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    found: Integers = ordered[new]
    return found


def near(query: Integers, size: int, vocabulary: int, words: Integers, counts: Integers) -> Near:
    """Return which texts are similar to a query of `size` words, `query` being those of them that have a number.

    `words` are the numbers of the words of all texts, below `vocabulary`; each text has `counts` of them.
    """
    shared = overlaps(query, vocabulary, words, counts)
    both = counts + size
    places = np.flatnonzero(3 * shared > both)
    shared, both = shared[places], both[places]
    return Near(places, shared / (both - shared))


def overlaps(query: Integers, vocabulary: int, words: Integers, counts: Integers) -> Integers:
    """Return how many words each text shares with a query, given as for `near`."""
    # A byte each: all words that are known may be many times those of the texts.
    asked = np.zeros(vocabulary, np.bool_)
    asked[query] = True
    so_far = np.zeros(len(words) + 1, np.int64)
    asked[words].cumsum(out=so_far[1:])
    ends = counts.cumsum()
    shared: Integers = so_far[ends] - so_far[ends - counts]
    return shared
