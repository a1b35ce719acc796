"""The protocol of a projection: how a state follows from records.

Invariants: a projection never decides. It sums no floats, asks no clock, draws nothing at random and searches nothing:
whatever it needs to know stands in the event. Applying the same records in the same order to `initial()` gives the
same state, whoever does it and wherever (laws L4, L5, L6). A projection may also be folded by columns, and its
snapshots may lie over one another: these are protocols of their own, so that a small projection stays small.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

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


@dataclass(frozen=True)
class Piece:
    """What a snapshot keeps of one table: `rows`, an Arrow table sorted by its first column.

    They lie over those kept before, or are all there are (`whole`). `count` rows are there with them; `next_nth` counts
    insertions, `total` is the sum of the rows' hashes.
    """

    rows: Any
    whole: bool
    count: int
    next_nth: int
    total: int


class Batches(Protocol):
    """The record batches of one sheet, none of them empty, sorted by the first column."""

    @property
    def firsts(self) -> Sequence[bytes]:
        """The value of the first column in the first row of each batch."""

    @property
    def counts(self) -> Sequence[int]:
        """The number of rows of each batch."""

    def batch(self, number: int) -> Any:
        """Return a batch; DamagedSnapshot if its bytes are not those that were written."""


@dataclass(frozen=True)
class Found:
    """What was kept of one table: its sheets, oldest first, and what `Piece` says of them together."""

    layers: Sequence[Batches]
    count: int
    next_nth: int
    total: int


class Layered(Projection, Protocol):
    """A projection whose snapshots keep what changed, over what was kept before, and are opened without being read."""

    def changes(self, state: Any, damaged: frozenset[str] = frozenset()) -> dict[str, Piece]:
        """Return what changed in each table since it was last settled, or all of it where that is `damaged`."""

    def settle(self, state: Any) -> None:
        """Take note that what `changes` gave was kept."""

    def schemas(self) -> dict[str, Any]:
        """Return the Arrow schema of each table's pieces."""

    def merged(self, sheets: Sequence[Any], *, bottom: bool) -> Any:
        """Return one piece's rows for those of several, oldest first; `bottom` says that nothing lies beneath."""

    def opened(self, found: Mapping[str, Found], rescue: Callable[[], Any]) -> Any:
        """Return the state that was kept. `rescue` gives the same state in another way, should it turn out damaged."""


def is_layered(projection: Projection) -> TypeGuard[Layered]:
    """Say whether a projection's snapshots can lie over one another."""
    return all(hasattr(projection, name) for name in ("changes", "settle", "schemas", "merged", "opened"))


class Columnar(Projection, Protocol):
    """A projection that can read many records at once, by columns: to the same state (law L2).

    A partial is what some records of one lineage do, whatever came before them; tombstones are kept.
    """

    def columns(self, tag: str) -> tuple[str, ...]:
        """Return the columns that a fold reads of the events of one type."""

    def fold(self, tables: Mapping[str, Any]) -> Any:
        """Return the partial of Arrow tables by tag: `seq`, then the fields, as `columns.tables` gives them."""

    def folding(self, onto: Any = None) -> Any:
        """Return a fold that goes on from a partial, with `add(tag, batch)`, `settle(upto)` and `partial()`."""

    def continuing(self, state: Any, upto: int) -> Any:
        """Return a fold onto the state after the record `upto`, with `add`, `settle`, and `state(upto)`.

        `add(tag, batch)` reads records after that one, `settle(upto)` says that all up to a seq were added, and
        `state(upto)` gives the state there; the one that was given is not used any more.
        """

    def in_order(self, tags: Iterable[str]) -> Sequence[str]:
        """Return tags in the order in which a stretch of history is best read."""

    def merge(self, older: Any, newer: Any) -> Any:
        """Return one partial for two of one lineage, in any order; what both stand for counts once (law L3)."""

    def lift(self, state: Any, upto: int) -> Any:
        """Return the state after the record `upto` as the partial of all records up to there."""

    def finish(self, partial: Any) -> Any:
        """Return the state, given the partial of a whole lineage."""

    def finish_tables(self, partial: Any) -> dict[str, Any]:
        """Return the dump of that state, without making the state."""


def is_columnar(projection: Projection) -> TypeGuard[Columnar]:
    """Say whether a projection can be folded by columns."""
    names = ("columns", "fold", "folding", "continuing", "in_order", "merge", "lift", "finish", "finish_tables")
    return all(hasattr(projection, name) for name in names)
