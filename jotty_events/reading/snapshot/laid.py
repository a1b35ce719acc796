"""What lies beneath a live state: the sheets of the snapshot that it was opened from, or that it was written to last.

Invariants: whatever a state changed since, its projection knows; the sheets here and those changes are the state.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...log.files import Files
from .manifest import Layer, Sheet

if TYPE_CHECKING:
    from .sheets import SheetFile

Distrust = Callable[[str, str], None]
"""Told of the folder of a damaged sheet, and in words what is wrong."""


@dataclass(frozen=True)
class Laid:
    """A sheet in use, and the SHA-256 of the `sheets.json` that describes it."""

    files: Files
    layer: Layer
    sheet: Sheet
    home_sha256: str
    distrust: Distrust

    def opened(self, schema: Any = None) -> "SheetFile":
        """Map the file, whose schema it says itself if nobody else does; MissingFile, UnsafeFile, DamagedSnapshot."""
        # Arrow takes a while to load, and who finds no snapshot needs none of it.
        from .sheets import SheetFile

        return SheetFile(self.files, self.layer.home, self.sheet, schema, self.distrust)


@dataclass
class Saved:
    """The sheets by projection and table, oldest first; each projection's digest as saved; the snapshots still kept."""

    layers: dict[str, dict[str, list[Laid]]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    indexes: dict[str, Any] = field(default_factory=dict)
    """The indexes as they were opened (`KeptIndex`): they belong to the states as these were opened."""
    made: dict[str, tuple[object, dict[str, Laid]]] = field(default_factory=dict)
    """What the arrays of an index were made of, and where they are."""
