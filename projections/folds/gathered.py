"""What a fold under way has read: its registers, growing.

Invariants: several threads may add to it at once.
"""

from collections.abc import Mapping
from threading import Lock

from ..table import Table
from .growing import Growing
from .partial import Partial
from .registers import Part, Register, drop_name
from .workers import side_by_side


class Gathered:
    """What was read so far: parts by register, newest Clear and next insertion number by table."""

    def __init__(self, registers: Mapping[str, Register], onto: Partial) -> None:
        self.cleared = dict(onto.cleared)
        self.next_nth = dict(onto.next_nth)
        self._lock = Lock()
        self._growing = {name: Growing(one, onto.parts.get(name)) for name, one in registers.items()}

    def of(self, register: Register) -> Growing:
        """Return the parts of a register."""
        return self._growing[register.name]

    def count(self, table: Table, greatest: int | None) -> None:
        """Take note of the greatest insertion number of some rows, None if they have none."""
        if greatest is None:
            return
        with self._lock:
            self.next_nth[table.name] = max(self.next_nth.get(table.name, 0), greatest + 1)

    def stones(self, table: Table) -> Partial | None:
        """Return the tombstones that rows of a table may lie under; None if there are none so far."""
        names = [table.name] if table.parent is None else [table.name, table.parent]
        grown = {drop_name(name): self._growing.get(drop_name(name)) for name in names}
        parts = {name: one.condense() for name, one in grown.items() if one is not None and one.parts}
        cleared = {name: self.cleared[name] for name in names if name in self.cleared}
        return Partial(parts, cleared) if parts or cleared else None

    def parts(self) -> dict[str, Part]:
        """Return the parts, one per register."""
        grown = [one for one in self._growing.values() if one.parts]
        parts = side_by_side([one.condense for one in grown])
        return {one.register.name: part for one, part in zip(grown, parts, strict=True)}
