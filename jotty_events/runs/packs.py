"""The packs that readers of one history have open.

Invariants: a pack is opened when a record of it is first asked for, and once: what it says of itself does not change.
"""

from typing import TYPE_CHECKING

from ..log.files import Files

if TYPE_CHECKING:
    from ..log.pack.reading import Pack


class Packs:
    """Opens the packs below one folder."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open: dict[str, Pack] = {}

    def pack(self, pack: str) -> "Pack":
        """Return a pack by its id, whether or not it is there."""
        if pack not in self._open:
            # Arrow takes a while to load, and a history without packs needs none of it.
            from ..log.pack.reading import Pack

            self._open[pack] = Pack(self._files, pack)
        return self._open[pack]
