"""Exports for tests: runs that learned something, their trees, and a disk that refuses."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from stage import bytes_below, conductor

from jotty_events import Conductor
from jotty_events.legacy.exporting import layout
from jotty_events.legacy.exporting.following import picture_of
from jotty_events.legacy.exporting.picture import Picture
from jotty_events.log.files import DiskFiles

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")
Tree = dict[str, bytes]


def learned(folder: Path, *goals: str, **more: Any) -> str:
    """Work towards some goals in a run of its own, and return its id."""
    with conductor(folder, **more) as live:
        for goal in goals or GOALS:
            live.run_sync(goal)
        return str(live.run_id)


def tree(folder: Path) -> Tree:
    return bytes_below(folder / layout.FOLDER)


def loaded(folder: Path, path: str) -> Any:
    return json.loads((folder / layout.FOLDER / path).read_bytes())


def is_part(some: Any, whole: Any) -> bool:
    """Say whether every value of one JSON value stands in another, in its place and with its type."""
    if isinstance(some, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_part(one, whole[name]) for name, one in some.items()
        )
    if isinstance(some, list):
        return isinstance(whole, list) and len(some) == len(whole) and all(map(is_part, some, whole))
    return type(some) is type(whole) and bool(some == whole)


def picture(live: Conductor) -> Picture:
    return picture_of(live._session, live.config, 1767700800.0)


def refuse(monkeypatch: pytest.MonkeyPatch, what: str, error: int = errno.ENOSPC) -> list[str]:
    """Let the disk refuse files whose path has `what` in it; returns which it refused."""
    refused: list[str] = []
    replace = DiskFiles.replace

    def replacing(self: DiskFiles, path: str, data: bytes) -> None:
        if what in path:
            refused.append(path)
            raise OSError(error, os.strerror(error), path)
        replace(self, path, data)

    monkeypatch.setattr(DiskFiles, "replace", replacing)
    return refused
