"""The highest value in any state that is similar to one, found without a look at hundreds of them (RULES R1).

Invariants: the answer is that of `plainly` over the states as they are; what was not asked for yet, or changed since,
is asked for. What is kept stands at the number that the index gives each state, for as long as it numbers them so.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..words.index import WordIndex
from ..words.matches import Matches
from ..words.near import Integers

Highest = tuple[float, int]
"""The highest value in a state, and the `nth` of its entry: the oldest of equals."""
Near = tuple[float, int, float]
"""The same and how near its state is."""

_UNKNOWN = -1
_FEW = 1024
"""Where more states changed than this, none is looked for by itself: all are asked for anew."""


def plainly(found: Sequence[Near]) -> Near | None:
    """Return the highest value, the oldest of equals, None of none: the plain definition."""
    return max(found, key=lambda one: (one[0], -one[1]), default=None)


class HighestValues:
    """The highest values of states, by where these stand in an index; `ask` gives those of some states."""

    def __init__(self, ask: Callable[[Sequence[str]], Sequence[Highest]]) -> None:
        self._ask = ask
        self._numbering: object = None
        self._changed: dict[str, None] = {}
        self._begin()

    def _begin(self) -> None:
        self._values = np.empty(0)
        self._nths: Integers = np.empty(0, np.int64)
        self._changed.clear()

    def change(self, state: str) -> None:
        """Take note that a value in a state changes, or goes."""
        self._changed[state] = None
        if len(self._changed) > _FEW:
            self._begin()

    def learn_all(self, index: WordIndex) -> None:
        """Ask for all states of an index at once, which takes less than asking for them one by one."""
        self._follow(index)
        stands, states = index.standing()
        self._grow(int(stands.max(initial=-1)) + 1)
        self._keep(stands, states)

    def near(self, index: WordIndex, state: str) -> Near | None:
        """Return the highest value in the states of an index that are similar to one; None if there are none."""
        self._follow(index)
        matches = index.matches(state)
        if not len(matches):
            return None
        values, nths = self._of(matches)
        highest = (values == values.max()).nonzero()[0]
        at = highest[nths.take(highest).argmin()]
        return float(values[at]), int(nths[at]), float(matches.nearness[at])

    def _of(self, matches: Matches) -> tuple[NDArray[np.float64], Integers]:
        stands = matches.stands
        self._grow(int(stands.max()) + 1)
        nths = self._nths.take(stands)
        if nths.min() == _UNKNOWN:
            unknown = stands[nths == _UNKNOWN]
            self._keep(unknown, matches.texts_at(unknown))
            nths = self._nths.take(stands)
        return self._values.take(stands), nths

    def _follow(self, index: WordIndex) -> None:
        """Forget what changed; all of it, where the index numbers its texts in another way."""
        if self._numbering is not index.numbering:
            self._begin()
            self._numbering = index.numbering
        for state in self._changed if len(self._nths) else ():
            stand = index.stand_of(state)
            if stand is not None and stand < len(self._nths):
                self._nths[stand] = _UNKNOWN
        self._changed.clear()

    def _grow(self, size: int) -> None:
        held = len(self._nths)
        if size > held:
            more = max(size, 2 * held) - held
            self._values = np.concatenate((self._values, np.zeros(more)))
            self._nths = np.concatenate((self._nths, np.full(more, _UNKNOWN)))

    def _keep(self, stands: Integers, states: Sequence[str]) -> None:
        found = self._ask(states)
        self._values[stands] = [value for value, _ in found]
        self._nths[stands] = [nth for _, nth in found]
