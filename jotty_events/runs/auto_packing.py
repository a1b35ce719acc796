"""Packing at the end of a run, once enough is loose.

Invariants: whatever hinders packing is a line in the log of the program; nothing is lost by it, and no run fails.
Asking whether it is time costs next to nothing, however many runs there are.
"""

import logging
from dataclasses import dataclass

from ..errors import JottyError, LockHeld
from ..log import layout
from ..types import Clock
from .begun import manifest_in
from .packing import Packer, PackReport
from .tree import Tree

LOG = logging.getLogger("jotty_events")

_ASKED = 16
"""The bytes of small runs are added up after each so many of them."""


@dataclass(frozen=True)
class Threshold:
    """How many bytes of closed segments, or how many runs, may stay loose."""

    size: int = 256 * 1024 * 1024
    runs: int = 1000


def pack_if_due(tree: Tree, threshold: Threshold, written: int, clock: Clock, library: str) -> PackReport | None:
    """Pack if enough is loose, after a run that wrote so many bytes; None if it was not time, or not possible."""
    try:
        if not is_due(tree, threshold, written):
            return None
        return Packer(tree, clock, library).pack()
    except LockHeld:
        LOG.info("another process is packing %s", tree.files.describe(""))
    except (JottyError, OSError) as error:
        LOG.warning("the runs in %s were not packed: %s", tree.files.describe(""), error)
    return None


def is_due(tree: Tree, threshold: Threshold, written: int) -> bool:
    """Say whether the runs since the last pack are many, or many bytes; one of them just wrote so many."""
    since = _since_last_pack(tree)
    if len(since) >= threshold.runs or written >= threshold.size:
        return True
    if len(since) % _ASKED and written * _ASKED < threshold.size:
        return False
    return sum(_loose_bytes(tree, run) for run in since) >= threshold.size


def _since_last_pack(tree: Tree) -> list[str]:
    """Return the runs that are later than all runs of the last pack."""
    packs = [name for name in tree.files.names(layout.PACKS) if layout.is_pack_id(name)]
    last = max((one.run for one in tree.packs.pack(packs[-1]).spans()), default="") if packs else ""
    return [run for run in tree.run_ids() if run > last]


def _loose_bytes(tree: Tree, run: str) -> int:
    manifest = manifest_in(tree, run)
    return sum(one.size for one in manifest.segments if not isinstance(one.pack, str)) if manifest else 0
