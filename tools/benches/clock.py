"""How time is taken: what is compared takes turns, so that a machine that drifts slows all alike."""

import gc
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 5

Measured = Callable[[Path], float]
"""Does its work below a fresh folder, and returns the seconds that count."""


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that something takes."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(contestants: Mapping[str, Measured], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median seconds of each, measured in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            with tempfile.TemporaryDirectory() as folder:
                seconds[name].append(measure(Path(folder)))
    return {name: median(times) for name, times in seconds.items()}


def median_of(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the median seconds of something that can be repeated as it is."""
    return median(timed(work) for _ in range(rounds))
