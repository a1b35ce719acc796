"""Jobs side by side: numpy and Arrow let go of the interpreter while they work."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

WORKERS = 2
"""Threads at once."""


def side_by_side(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Return what the jobs return, in their order; what one of them raises is raised."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    with ThreadPoolExecutor(WORKERS) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]
