"""What a measurement gives, and what it has to reach."""

from dataclasses import asdict, dataclass
from typing import Any


class Unavailable(Exception):
    """Something cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Budget:
    """A limit on a figure's ratio: at least so much, or at most."""

    limit: float
    at_most: bool = False

    def met(self, ratio: float) -> bool:
        """Say whether a ratio keeps within it."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """One measured thing. `ratio` is what the budget looks at: to the peer `beside`, or the value itself."""

    bench: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    beside: str = ""
    budget: Budget | None = None

    @property
    def met(self) -> bool | None:
        """Whether the budget is met, None without one."""
        return None if self.budget is None or self.ratio is None else self.budget.met(self.ratio)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        return {**asdict(self), "budget": str(self.budget) if self.budget else None, "met": self.met}
