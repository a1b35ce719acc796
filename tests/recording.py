"""Small histories, written by the log itself: what tests of runs, points, damage and faults begin with.

Invariants: the event that has number `n` says so in every field, so that what comes back can be told apart; clocks and
random bytes are scripted, so that two recordings of the same thing have the same bytes.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import count
from typing import Any

from msgspec.structs import replace as change

from jotty_events.events import EpisodeEnded, EpisodeStarted, Event, RunEnded
from jotty_events.log import layout
from jotty_events.log.files import Files
from jotty_events.log.manifest import Manifest, Segment, seal, unseal
from jotty_events.log.segment import SegmentWriter
from jotty_events.reading.check import Checked, check
from jotty_events.record import ROOT_HEAD, Record
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability

START = 1767700800.0
"""2026-01-06T12:00:00Z, when the first run begins."""
FIRST_RUN = "run_20260106_120000"
MODES = list(Durability)
SAFETY = 60.0
"""Seconds after which a test that waits for another thread or process gives up, instead of hanging."""


def ticking(start: float = START, step: float = 0.0) -> Callable[[], float]:
    """Return a clock that goes on by `step` seconds whenever somebody looks."""
    ticks = count()
    return lambda: start + next(ticks) * step


def scripted_entropy(seed: str = "") -> Callable[[int], bytes]:
    """Return a source of bytes that follow from a seed."""
    draws = count()
    return lambda n: sha256(f"{seed}:{next(draws)}".encode()).digest()[:n]


def plan(**changes: Any) -> RunPlan:
    """Return what a run is begun with."""
    scripted: dict[str, Any] = {"clock": ticking(), "entropy": scripted_entropy(), "interval": 0.001}
    return RunPlan(**{**scripted, "rules": 2, "library": "test", "mode": "persistent", **changes})


def event(n: int) -> Event:
    """Return the event that has number `n`."""
    return EpisodeStarted(episode=n, run=f"run {n}", goal=f"goal {n}", domain="d", now=float(n))


def episode_end(n: int) -> Event:
    """Return the end of episode `n`."""
    return EpisodeEnded(
        episode=n,
        run="r",
        goal="g",
        domain="d",
        status="succeeded",
        attempts=1,
        results=[],
        success=True,
        reward=1.0,
        now=float(n),
    )


def run_end(run: str) -> Event:
    """Return the end of a run."""
    return RunEnded(run=run, status="closed", versions={}, digests={}, now=START)


def begin(files: Files, parent: str | None = None, **changes: Any) -> RunWriter:
    """Begin a run, at the parent point where one is given."""
    tree = Tree(files)
    pinned = tree.parent(tree.resolve(parent)) if parent else None
    return RunWriter.create(files, plan(parent=pinned, **changes))


def append(writer: RunWriter, sizes: Iterable[int], first: int | None = None) -> list[int]:
    """Append a commit of each size, of events that have the numbers of their seqs; return the last seqs."""
    lasts = []
    for size in sizes:
        start = writer.next_seq if first is None else first
        lasts.append(writer.append([event(start + i) for i in range(size)]).last)
    return lasts


def write(files: Files, sizes: Iterable[int] = (1, 2, 1), parent: str | None = None, **changes: Any) -> str:
    """Write a whole run with a commit of each size; return its id."""
    writer = begin(files, parent, **changes)
    append(writer, sizes)
    writer.close(run_end(writer.run))
    return writer.run


def let_go(writer: RunWriter) -> None:
    """Leave a run as a killed process does: nothing is written any more, and the lock is free."""
    if writer._group is not None:
        writer._group.stop()
    writer._release()


def write_killed(files: Files, sizes: Iterable[int] = (1, 2, 1), parent: str | None = None, **changes: Any) -> str:
    """Write a run that is never closed; return its id."""
    writer = begin(files, parent, **changes)
    append(writer, sizes)
    let_go(writer)
    return writer.run


def segment_of(run: str, first: int = 1) -> str:
    """Return the path of a run's segment."""
    return layout.segment(run, first)


def seqs(files: Files, point: str = "latest") -> list[int]:
    """Return the seqs that lead to a point, having seen that every event is the one that was appended there."""
    tree = Tree(files)
    kept = [one.record for one in tree.lineage(tree.resolve(point)).records()]
    for record in kept:
        assert isinstance(record, Record)
        if isinstance(record.event, EpisodeStarted):
            assert record.event == event(record.seq)
    return [record.seq for record in kept]


def ends(files: Files, point: str = "latest") -> list[int]:
    """Return the last seqs of the commits that lead to a point."""
    tree = Tree(files)
    return [commit.last for _, commit in tree.lineage(tree.resolve(point)).commits()]


def checked(files: Files) -> Checked:
    """Return what a check finds."""
    return check(Tree(files))


def names_of(files: Files, found: Sequence[Any]) -> set[str]:
    """Return the files that findings name, relative to the output folder."""
    root = files.describe("")
    return {one.file.removeprefix(root).removeprefix("/") for one in found}


def tree_bytes(files: Files, folder: str = "") -> dict[str, bytes]:
    """Return the contents of all files below a folder, symlinks left out."""
    found: dict[str, bytes] = {}
    for name in files.names(folder):
        path = f"{folder}/{name}" if folder else name
        if name == layout.LATEST:
            continue
        inside = files.names(path) if _is_folder(files, path) else None
        found |= {path: files.read(path)} if inside is None else tree_bytes(files, path)
    return found


def _is_folder(files: Files, path: str) -> bool:
    return "." not in path.rpartition("/")[2] and not path.endswith(layout.LOCK)


def commits_in(data: bytes) -> list[bytes]:
    """Split the bytes of a segment into its commits, each with the durable marks that follow it."""
    commits = re.findall(rb'(?:\{"seq":.*\n)+\{"commit":.*\n(?:\{"durable":.*\n)*', data)
    assert b"".join(commits) == data
    return commits


class Sheet:
    """Bytes that a segment is written to, in memory."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def forge(files: Files, run: str, forged: Callable[[bytes], bytes]) -> None:
    """Write a closed run of one segment anew: record lines changed, and a chain and a manifest that fit."""
    manifest = unseal(files.read(layout.manifest(run)), run)
    head = bytes.fromhex(manifest.parent.head) if manifest.parent else ROOT_HEAD
    writer = SegmentWriter(sheet := Sheet(), manifest.first, head, manifest.first - 1)
    for commit in commits_in(files.read(segment_of(run, manifest.first))):
        writer.append([forged(line) for line in commit.splitlines() if line.startswith(b'{"seq":')])
        writer.mark_durable(writer.last)
    _put(files, manifest, sheet.data, writer.closed())


def redact(files: Files, run: str, first: int, last: int) -> None:
    """Take away the content of some records of a closed run of one segment, as FORMAT.md says."""
    manifest = unseal(files.read(layout.manifest(run)), run)
    lines = files.read(segment_of(run, manifest.first)).splitlines(keepends=True)
    kept = [_redacted(line) if _names(line, range(first, last + 1)) else line for line in lines]
    marks = b"".join(line for line in kept if not line.startswith(b'{"seq":') or b'"leaf":"' in line)
    (segment,) = manifest.segments
    size = sum(map(len, kept))
    _put(files, manifest, b"".join(kept), change(segment, size=size, marks=sha256(marks).hexdigest()))


def _names(line: bytes, numbers: Iterable[int]) -> bool:
    return any(line.startswith(b'{"seq":%d,' % seq) for seq in numbers)


def _redacted(line: bytes) -> bytes:
    found = json.loads(line)
    event = {"type": found["event"]["type"]}
    kept = {"seq": found["seq"], "at": found["at"], "leaf": sha256(line.rstrip(b"\n")).hexdigest(), "event": event}
    return json.dumps(kept, separators=(",", ":")).encode() + b"\n"


def _put(files: Files, manifest: Manifest, data: bytes, segment: Segment) -> None:
    files.replace(segment_of(manifest.run, segment.first), data)
    ended = manifest.ended and change(manifest.ended, head=segment.head)
    files.replace(layout.manifest(manifest.run), seal(change(manifest, segments=[segment], ended=ended)))


def remanifest(files: Files, run: str, **changes: Any) -> None:
    """Change a run's manifest, with a check that fits."""
    manifest = unseal(files.read(layout.manifest(run)), run)
    files.replace(layout.manifest(run), seal(change(manifest, **changes)))
