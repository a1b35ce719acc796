"""Packing, and what lies in the packs."""

from pathlib import Path

from jotty_events import History

from .figure import Unavailable
from .places import size_of


def packed(history: History, folder: Path) -> int:
    """Pack all runs; returns the bytes of the packs. Unavailable if this version cannot pack."""
    pack = getattr(history, "pack", None)
    if pack is None:
        raise Unavailable("packs are still to come")
    pack()
    return size_of(folder / "packs")


def tables_of(folder: Path, tag: str) -> list[str]:
    """Return the Parquet files of one event type, oldest first."""
    return sorted(map(str, (folder / "packs").rglob(f"{tag}.parquet")))
