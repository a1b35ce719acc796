"""The protocol of a projection: how a state follows from records.

Invariants: a projection never decides. It sums no floats, asks no clock, draws nothing at random and searches nothing:
whatever it needs to know stands in the event. Applying the same records in the same order to `initial()` gives the
same state, whoever does it and wherever (laws L4, L5, L6).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from .events import Event
from .record import Record


class Projection(Protocol):
    """A read model. Write your own and pass it along: `History("outputs", projections=[...])`."""

    @property
    def name(self) -> str:
        """The name under which its state is found, for example "q_table"."""

    @property
    def version(self) -> int:
        """Raised whenever the same records give another state: older snapshots are then no snapshots."""

    @property
    def reads(self) -> tuple[type[Event] | str, ...]:
        """The event types that change its state; a text is the tag of one that this version may not know."""

    def initial(self) -> Any:
        """Return the state before the first record."""

    def apply(self, state: Any, record: Record) -> None:
        """Bring the state forward by one record, in place."""

    def dump(self, state: Any) -> dict[str, Any]:
        """Return the state as Arrow tables by name, rows in canonical order."""

    def load(self, tables: Mapping[str, Any]) -> Any:
        """Return the state that `dump` was given."""

    def digest(self, state: Any) -> str:
        """Return 64 hex digits that are equal just when two states are: the sum of SHA-256 over canonical rows."""

    def view(self, states: Mapping[str, Any]) -> Any:
        """Return what people read: mappings and entries over the state; `states` holds all projections' by name."""
