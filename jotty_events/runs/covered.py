"""Seqs of a run, as few stretches as there can be.

Invariants: stretches are in order, and neither overlap nor touch.
"""


class Covered:
    """Which seqs were met so far; they may come in any order, and again."""

    def __init__(self) -> None:
        self._stretches: list[tuple[int, int]] = []

    def add(self, first: int, last: int) -> None:
        """Take up the seqs from `first` to `last`."""
        beside = [one for one in self._stretches if one[1] < first - 1 or one[0] > last + 1]
        joined = [one for one in self._stretches if one not in beside]
        first, last = min([first, *(one[0] for one in joined)]), max([last, *(one[1] for one in joined)])
        self._stretches = sorted([*beside, (first, last)])

    def behind(self, seq: int) -> int:
        """Return the first seq from `seq` on that is not covered."""
        return next((last + 1 for first, last in self._stretches if first <= seq <= last), seq)
