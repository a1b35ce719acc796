"""A fold that goes on from a state: of the rows beneath, it takes up those that the records say something of.

Invariants: the partial stands for all records up to the last seq that was settled, of each key that it knows and of all
keys that are nowhere; whatever else is beneath is as it was. What was added since is settled once it is as much as the
partial, so each row is handled a few times only, and memory is bounded by twice the state.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..arrow import COUNTERS
from ..rows import Rows
from .finish import finished
from .fold import Folding, Plan
from .ground import Ground
from .partial import Partial, merge, settled
from .registers import item_name, put_name
from .source import Columns

LEAST = 1 << 18
"""Records that are not settled before there are more."""


class Continuing:
    """A fold of the records after `upto`, onto the state there."""

    def __init__(self, plan: Plan, state: Mapping[str, Rows], upto: int) -> None:
        self._plan = plan
        self._names = {one.name: put_name(one) if one.keep is None else item_name(one) for one in plan.tables}
        self._grounds = {
            one.name: Ground(one, plan.registers[self._names[one.name]], state[one.name], upto) for one in plan.tables
        }
        self._begin(Partial(next_nth={name: rows.next_nth for name, rows in state.items()}, upto=upto))

    def _begin(self, partial: Partial) -> None:
        self._partial, self._added = partial, 0
        self._apart = any(ground.left for ground in self._grounds.values())
        self._folding = Folding(self._plan, Partial(upto=partial.upto) if self._apart else partial)

    def add(self, tag: str, columns: Columns) -> None:
        """Read one batch of the events of one type; those that the projection does not read are passed over."""
        self._folding.add(tag, columns)
        self._added += columns.num_rows

    def settle(self, upto: int) -> None:
        """Take note that all records up to a seq were added."""
        if self._added > max(LEAST, len(self._partial)):
            self._settle(upto)

    def _settle(self, upto: int) -> None:
        said = self._folding.partial()
        if self._apart:
            # Each of the three says all that it says of records after nothing: none stands for what another one says.
            said = self._merged(self._merged(self._partial, self._beneath(said)), said)
        self._begin(settled(self._plan.tables, said, upto))

    def _merged(self, one: Partial, other: Partial) -> Partial:
        return merge(self._plan.registers, replace(one, upto=0), replace(other, upto=0))

    def _beneath(self, said: Partial) -> Partial:
        parts = {self._names[name]: ground.part(said) for name, ground in self._grounds.items()}
        return Partial({name: part for name, part in parts.items() if part is not None})

    def state(self, upto: int) -> dict[str, Rows]:
        """Return the state after all records up to a seq, which were all added."""
        self._settle(upto)
        dumped: dict[str, Any] = finished(self._plan.tables, self._partial)
        counts = {one["table"]: one["next_nth"] for one in dumped[COUNTERS].to_pylist()}
        return {name: ground.rows(dumped[name], counts[name]) for name, ground in self._grounds.items()}
