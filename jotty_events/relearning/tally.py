"""How many observations were learned again, and which ones could not be."""

from collections import Counter
from dataclasses import dataclass, field

from ..errors import JottyError


class Unappliable(JottyError):
    """An observation refers to what is not there where it is to be learned again."""


@dataclass
class Tally:
    """Counts of observations: learned again, left out as asked for, and those that could not be, by the reason."""

    learned: int = 0
    left_out: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def skip(self, reason: str) -> None:
        """Count an observation that could not be learned again."""
        self.skipped[reason] += 1
