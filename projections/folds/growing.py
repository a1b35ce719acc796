"""A register while a fold is under way: the parts that were read, made one now and then.

Invariants: parts never hold much more than twice what they come to. `needs_none_before` errs on one side only: a key
that it does not name may be full all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import RLock
from typing import Any

import numpy as np
import pyarrow as pa

from .codes import ids_of, joined, places_of
from .last_k import groups_of
from .registers import STAMP, Part, Register, key_of, stamps_of

AT_ONCE = 1 << 16
"""Rows that are left as they are until there are more."""


@dataclass(frozen=True)
class _Full:
    """The keys that have as many rows as they may have, and the stamp of the oldest of these."""

    key: Sequence[Any]
    oldest: Any

    def and_also(self, other: "_Full") -> "_Full":
        """Return both."""
        key = [joined(pair) for pair in zip(self.key, other.key, strict=True)]
        return _Full(key, np.append(self.oldest, other.oldest))


class Growing:
    """The parts of one register."""

    def __init__(self, register: Register, part: Part | None = None) -> None:
        self.register = register
        self.parts: list[Part] = []
        self._lock = RLock()
        self._hold([] if part is None else [part])

    def _hold(self, parts: list[Part]) -> None:
        """Hold these parts, of which nothing is known yet."""
        self.parts = parts
        self._size = sum(part.num_rows for part in parts)
        self._newest = max((int(stamps_of(part)[-1]) for part in parts), default=-1)
        self._oldest = min((int(stamps_of(part)[0]) for part in parts), default=0)
        self._unseen = [self._bare(part) for part in parts]
        self._full: _Full | None = None

    def add(self, part: Part, *, filtered: bool = False) -> None:
        """Take in a part; `filtered` says that it has no rows of keys that were full."""
        if not part.num_rows:
            return
        with self._lock:
            self.parts.append(part)
            self._unseen.append(self._bare(part))
            first, last = (int(stamps_of(part)[at]) for at in (0, -1))
            # Older rows of keys that were not full make less than twice what these may have, without any more ado.
            self._size += part.num_rows if filtered and last < self._oldest else 0
            self._oldest, self._newest = min(self._oldest, first), max(self._newest, last)
            if sum(part.num_rows for part in self.parts) > max(AT_ONCE, 2 * self._size):
                self.condense()

    def condense(self) -> Part:
        """Make the parts one, and return it; IndexError if there is none."""
        with self._lock:
            if len(self.parts) > 1:
                self._hold([self.register.condensed(self.parts)])
            self._size = self.parts[0].num_rows
            return self.parts[0]

    def needs_none_before(self, stamp: int, key: Sequence[Any]) -> Any:
        """Return which keys are full of newer rows than `stamp`, as a mask; None if there can be none such."""
        if self._newest <= stamp:
            return None
        with self._lock:
            full = self._look()
        places = places_of(key, full.key)
        return (places >= 0) & (np.append(full.oldest, 0)[places] > stamp)

    def _bare(self, part: Part) -> Part:
        """Return a part without its values."""
        return part.select([*(column.name for column in self.register.table.key), STAMP])

    def _look(self) -> _Full:
        """Find the keys that are full now; of the parts that were looked at before, only the open ones count."""
        if self._full is not None and not self._unseen:
            return self._full
        part = self._in_order()
        key = key_of(self.register.table, part)
        rows, starts, sizes = groups_of(ids_of(key))
        done = sizes >= self.register.keep
        oldest = rows[(starts + sizes - self.register.keep)[done]]
        found = _Full([one.take(pa.array(oldest)) for one in key], stamps_of(part)[oldest])
        self._full = found if self._full is None else self._full.and_also(found)
        still_open = part.take(np.sort(rows[np.repeat(~done, sizes)]))
        self._unseen = [still_open] if still_open.num_rows else []
        return self._full

    def _in_order(self) -> Part:
        """Return what was not looked at as one part: where one lies before the other, there is nothing to sort."""
        parts = sorted(self._unseen, key=lambda part: int(stamps_of(part)[0]))
        if any(stamps_of(one)[-1] >= stamps_of(other)[0] for one, other in pairwise(parts)):
            return self.register.condensed(parts)
        return pa.concat_tables(parts).unify_dictionaries().combine_chunks()
