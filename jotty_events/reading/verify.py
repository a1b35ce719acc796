"""Whether the rules still conclude what was recorded: every learning event, from its own fields, or beside the state.

Invariants: verifying changes nothing. What is found depends on the history alone: not on the number of workers, nor on
how the work was parted. Whether the bytes are what was written is another question: damage is raised as it is when a
run is read.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from multiprocessing import get_context
from typing import NamedTuple

from ..log import layout
from ..runs.tree import Tree
from .stretch import Stretch, stretches, verify_stretch
from .verified import Divergence, Note, Part, Verified
from .walk import Factory, walk

__all__ = ["Divergence", "Note", "Verified", "verify"]

SMALL = 8 * 1024 * 1024
"""Bytes of records that one process verifies sooner than several are started."""

SLOWER = 8
"""How many times longer it takes to verify beside the state."""

Progress = Callable[[str], None]


def verify(
    tree: Tree,
    runs: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    most: int = 1,
    deep: Factory | None = None,
    workers: int = 1,
) -> Verified:
    """Verify the runs of a history, or those named, and return the first `most` divergences of each.

    With `deep`, what was read is compared with the replayed state, too. `progress` is told each run's id once it is
    verified. `workers` processes share the work of a history that is not small. Raises UnknownRun, and FormatError or
    Corruption for a run that cannot be read: `check` says where it is damaged.
    """
    named = [run for run in tree.run_ids() if tree.exists(run)] if runs is None else list(dict.fromkeys(runs))
    result = Verified()
    for run, parts in _in_order(named, _parts(tree, named, most, deep, workers)):
        result.take(run, parts, most)
        if progress is not None:
            progress(run)
    return result


def _in_order(runs: Sequence[str], parts: Iterable[Part]) -> Iterator[tuple[str, list[Part]]]:
    """Give out the parts of each run together, the runs in their order, each as soon as those before are done."""
    found: dict[str, list[Part]] = {}
    due = iter(runs)
    run = next(due, None)
    for name, group in groupby(parts, key=lambda part: part.run):
        found[name] = list(group)
        while run is not None and run in found:
            yield run, found.pop(run)
            run = next(due, None)


class _Job(NamedTuple):
    """What one process does at a time: a stretch of one run, or some runs beside their states."""

    tree: Tree
    most: int
    stretch: Stretch | None = None
    runs: tuple[str, ...] = ()
    deep: Factory | None = None

    def done(self) -> list[Part]:
        """Do it, and return what was found."""
        if self.stretch is not None:
            return [verify_stretch(self.tree, self.stretch, self.most)]
        assert self.deep is not None
        return list(walk(self.tree, self.runs, self.deep(), self.most))


def _parts(tree: Tree, runs: Sequence[str], most: int, deep: Factory | None, workers: int) -> Iterator[Part]:
    small = SMALL if deep is None else SMALL // SLOWER
    workers = workers if workers > 1 and _is_large(tree, runs, small) else 1
    jobs = _jobs(tree, runs, most, deep, workers)
    if workers == 1 or len(jobs) < 2 or not _can_be_sent(jobs[0]):
        for job in jobs:
            yield from job.done()
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        for parts in pool.map(_Job.done, jobs):
            yield from parts


def _jobs(tree: Tree, runs: Sequence[str], most: int, deep: Factory | None, workers: int) -> list[_Job]:
    if deep is None:
        return [_Job(tree, most, stretch=one) for run in runs for one in stretches(tree.run(run))]
    shares = [tuple(runs)] if workers == 1 else _shares({run: _size(tree, run) for run in runs}, workers)
    return [_Job(tree, most, runs=share, deep=deep) for share in shares]


def _can_be_sent(job: _Job) -> bool:
    """Say whether another process can be given a job: files in memory, or a projection made of closures, cannot."""
    try:
        pickle.dumps(job)
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
    return True


def _is_large(tree: Tree, runs: Sequence[str], left: int) -> bool:
    for run in runs:
        left -= _size(tree, run)
        if left <= 0:
            return True
    return False


def _size(tree: Tree, run: str) -> int:
    """Return about how many bytes of records a run has."""
    manifest = tree.run(run).manifest
    active = 0 if manifest.active is None else len(tree.files.read(layout.segment(run, manifest.active)))
    return active + sum(segment.size for segment in manifest.segments)


def _shares(sizes: dict[str, int], workers: int) -> list[tuple[str, ...]]:
    """Part the runs into shares of about the same size, in their order: neighbours have most ancestors in common."""
    limit = sum(sizes.values()) / workers
    shares: list[list[str]] = [[]]
    filled = 0.0
    for run, size in sizes.items():
        if shares[-1] and filled + size / 2 > limit and len(shares) < workers:
            shares.append([])
            filled = 0.0
        shares[-1].append(run)
        filled += size
    return [tuple(share) for share in shares if share]
