"""The index of the states of the live Q-table: made once, kept in snapshots, and brought up as states come and go.

Invariants: its answers are those of an index made of the table's states as they are. One that was kept is opened when
it is first asked, and made anew of the table should it turn out damaged.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from projections.q_table import QTable

from ...errors import DamagedSnapshot, MissingFile
from ...reading.snapshot.index import TEXTS, Index, KeptIndex
from ...rules.q.highest import HighestValues, Near
from ...rules.words.index import WordIndex
from ...rules.words.matches import Tier

NAME, OF, VERSION = "q_states", "q_table", 3
T = TypeVar("T")

KEPT_FROM = 1024
"""An index of fewer states is made as soon as it is opened."""
_FEW, _SHARE = 1024, 16
"""So many states, or this part of all, may come and go before the index is packed anew to be kept."""


class StateIndex:
    """Finds similar states; is told of those that come and go."""

    def __init__(self, table: QTable, kept: KeptIndex | None) -> None:
        self._table = table
        self._index: WordIndex | None = None
        self._highest: HighestValues | None = None
        self._kept = kept if kept is not None and kept.version == VERSION else None
        self._came = dict.fromkeys(self._kept.came if self._kept else ())
        self._went = dict.fromkeys(self._kept.went if self._kept else ())
        if self._kept is None or not table.watch_states_from(self):
            self._kept, self._came, self._went = None, {}, {}
            table.watch_states(self)

    def similar(self, text: str) -> Iterator[Tier]:
        """Give out the states similar to one, itself included, by their Jaccard index, the nearest first."""
        for near, texts in self._ask(lambda index: index.matches(text)).tiers():
            yield Tier(near, partial(self._fetched, text, near, texts))

    def _fetched(self, text: str, near: float, texts: Callable[[], list[str]]) -> list[str]:
        try:
            return texts()
        except (DamagedSnapshot, MissingFile):
            return [one for one, as_near in self._made_anew().similar(text) if as_near == near]

    def highest_near(self, text: str) -> Near | None:
        """Return the highest value in a similar state, the `nth` of its entry, and how near the state is."""
        return self._ask(lambda index: self._highest_values(index).near(index, text))

    def _highest_values(self, index: WordIndex) -> HighestValues:
        if self._highest is None:
            highest = self._highest = HighestValues(self._table.highest_in)
            self._table.follow_values(lambda key: highest.change(key[0]))
            if self._kept is None:
                highest.learn_all(index)
        return self._highest

    def _ask(self, question: Callable[[WordIndex], T]) -> T:
        try:
            if self._index is None:
                self._index = WordIndex(self._came) if self._kept is None else self._opened(self._kept)
            return question(self._index)
        except (DamagedSnapshot, MissingFile):
            return question(self._made_anew())

    def _made_anew(self) -> WordIndex:
        """Return an index made of the table; once made so it has all in memory, and no file can damage it."""
        if self._index is None or self._kept is not None:
            self._kept, self._index = None, WordIndex(self._table.all_states())
        return self._index

    def _opened(self, kept: KeptIndex) -> WordIndex:
        index = WordIndex.from_arrays(kept.arrays, kept.texts)
        for text in self._went:
            index.discard(text)
        for text in self._came:
            index.add(text)
        return index

    def add(self, prefix: tuple[Any, ...]) -> None:
        """Index a state that came."""
        (text,) = prefix
        if self._index is not None:
            self._ask(lambda index: index.add(text))
        elif self._went.pop(text, text) is not None:
            self._came[text] = None

    def discard(self, prefix: tuple[Any, ...]) -> None:
        """Forget a state that is gone."""
        (text,) = prefix
        if self._index is not None:
            self._ask(lambda index: index.discard(text))
        elif self._came.pop(text, text) is not None and self._kept is not None:
            self._went[text] = None

    def to_keep(self) -> Index | None:
        """Return the index as a snapshot keeps it; None where it was never needed, or would be long to list."""
        if self._index is None:
            return self._as_it_was_kept()
        self._index = self._ask(_packed_anew)
        return self._ask(self._as_it_is)

    def _as_it_was_kept(self) -> Index | None:
        kept = self._kept
        if kept is None or len(self._came) + len(self._went) > _FEW:
            return None
        return Index(NAME, OF, VERSION, kept, lambda: _loaded(kept), list(self._came), list(self._went))

    def _as_it_is(self, index: WordIndex) -> Index | None:
        arrays, texts = index.arrays, index.packed_texts
        if arrays is None or len(texts) < KEPT_FROM:
            return None
        same = self._kept is not None and arrays is self._kept.arrays
        went = [texts[place] for place in index.gone]
        made = self._kept if same else arrays
        return Index(NAME, OF, VERSION, made, lambda: {**arrays, TEXTS: list(texts)}, index.added, went)


def _packed_anew(index: WordIndex) -> WordIndex:
    """Return an index that takes few words to list: itself, unless much came and went."""
    changed = len(index.added) + len(index.gone)
    return WordIndex(index.texts()) if changed > max(_FEW, len(index) // _SHARE) else index


def _loaded(kept: KeptIndex) -> dict[str, Any]:
    return {**kept.arrays, TEXTS: list(kept.texts)}
