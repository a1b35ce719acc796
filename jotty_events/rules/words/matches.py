"""The texts that are similar to one: where they stand, and how near they are.

Invariants: a text is fetched when it is come to, the nearest first, so that whoever stops early fetches few. Whoever
needs numbers only, of many texts, fetches none.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from .near import Integers, Near

Match = tuple[str, float]


class Tier(NamedTuple):
    """Texts that are equally near: how near, and what fetches them, in no particular order."""

    near: float
    texts: Callable[[], list[str]]


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
        for near, texts in self.tiers():
            yield from ((text, near) for text in sorted(texts()))

    def tiers(self) -> Iterator[Tier]:
        """Give out the texts by how near they are, the nearest first."""
        order = self.nearness.argsort()[::-1]
        nearness, stands = self.nearness[order].tolist(), self.stands[order]
        begin = 0
        for at, near in enumerate(nearness):
            if at + 1 == len(nearness) or nearness[at + 1] != near:
                yield Tier(near, partial(self.texts_at, stands[begin : at + 1]))
                begin = at + 1

    def texts_at(self, stands: Integers) -> list[str]:
        """Return the texts that stand at some of these places."""
        return list(map(self._text_at, stands.tolist()))
