"""An index that is kept beside the states, since it takes long to make.

Invariants: its arrays and texts never change; what came and went since they were made is listed. It belongs to the
state of one projection at the place of the snapshot, and is opened only when somebody asks for it.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, overload

from .laid import Laid

TEXTS = "texts"
"""The name under which the texts stand among the arrays."""


@dataclass(frozen=True)
class Index:
    """An index as it is to be kept: `load` gives its arrays, and its texts as one of them.

    `made` is the same object as long as these are the same.
    """

    name: str
    of: str
    version: int
    made: object
    load: Callable[[], Mapping[str, Any]]
    came: Sequence[str]
    went: Sequence[str]


class KeptIndex:
    """An index as it was kept."""

    def __init__(self, version: int, laid: Mapping[str, Laid], came: Sequence[str], went: Sequence[str]) -> None:
        self.version = version
        self.laid = laid
        self.came, self.went = came, went

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """The arrays by name, mapped and proven; DamagedSnapshot, MissingFile."""
        names = (name for name in self.laid if name != TEXTS)
        return {name: self.laid[name].opened().table().column(0).combine_chunks().to_numpy() for name in names}

    @cached_property
    def texts(self) -> "Texts":
        """The texts, read as they are asked for; DamagedSnapshot, MissingFile."""
        return Texts(self.laid[TEXTS])


class Texts(Sequence[str]):
    """A column of texts in a file."""

    def __init__(self, laid: Laid) -> None:
        self._file = laid.opened()
        self._starts = [0, *accumulate(self._file.counts)]
        self._columns: dict[int, Any] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        """Return a text; DamagedSnapshot."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        number = bisect_right(self._starts, at) - 1
        if number not in self._columns:
            self._columns[number] = self._file.batch(number).column(0)
        text: str = self._columns[number][at - self._starts[number]].as_py()
        return text
