"""Recording one experience in a large table, beside the original's scan over all states for similar ones."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import fmean, median
from time import perf_counter
from typing import NamedTuple

from jotty_events import AgentConfig, Conductor, JottyConfig
from jotty_events.agents.q.predictor import LLMQPredictor
from jotty_events.log.files import DiskFiles
from jotty_events.rules.words.similarity import similar
from jotty_events.types import Durability
from tools.loads.questions import question
from tools.loads.synthetic import Load, synthesize

from .clock import timed
from .figure import Budget, Figure
from .places import scratch

ENTRIES = 100_000
ROUNDS = 10
STEPS = 100
"""Steps of a round. A round begins with the plain scans, so that both see the same machine."""


class _Kind(NamedTuple):
    """Experiences of one kind: what draws a state, what draws the next one, and the scans that a plain look needs."""

    name: str
    state: Callable[[], str]
    following: Callable[[], str] | None
    scans: int


def bench_experience(scale: float) -> Iterator[Figure]:
    """Measure steps in states that are known and in new ones; the log is not synced."""
    entries = max(1000, int(ENTRIES * scale))
    with scratch() as folder:
        synthesize(DiskFiles(folder), Load(entries, keys=entries, questions=True, even=True))
        config = JottyConfig(output_base_dir=folder, durability=Durability.OS, seed=1)
        with Conductor([AgentConfig(name="analyst", agent=print)], config) as conductor:
            q = conductor.q_predictor
            known = sorted({state for state, _ in q.Q})
            yield Figure(
                "experience", "index made on first use", timed(lambda: q.estimate(known[0], "none")) * 1e6, "µs"
            )
            for kind in _kinds(known):
                yield from _figures(q, known, kind)


def _kinds(known: list[str]) -> list[_Kind]:
    source = Random(2)

    def old() -> str:
        return source.choice(known)

    def new() -> str:
        return question(source)

    return [
        _Kind("known state", old, None, 1),
        _Kind("known state, and a known next one", old, old, 1),
        _Kind("new state", new, None, 1),
        _Kind("new state, and a new next one", new, new, 2),
    ]


def _figures(q: LLMQPredictor, known: list[str], kind: _Kind) -> Iterator[Figure]:
    _steps(q, kind)
    rounds = [(timed(partial(_scans, known, kind)), _steps(q, kind)) for _ in range(ROUNDS)]
    scan = median(scans for scans, _ in rounds)
    times = [step for _, steps in rounds for step in steps]
    took, average = median(times), fmean(times)
    peer = f"{kind.scans} plain scan{'s' * (kind.scans > 1)}"
    yield Figure("experience", f"{peer} of {len(known):,} states", scan * 1e6, "µs")
    yield Figure("experience", f"ours, {kind.name}", took * 1e6, "µs", took / scan, peer, Budget(1 / 500, at_most=True))
    # The median does not show the few steps in which a part of the index is packed; the average does.
    yield Figure("experience", f"ours, {kind.name}, on average", average * 1e6, "µs", average / scan, peer)


def _scans(known: list[str], kind: _Kind) -> None:
    for _ in range(kind.scans):
        _scan(kind.state(), known)


def _scan(text: str, known: list[str]) -> list[str]:
    return [one for one in known if similar(text, one)]


def _steps(q: LLMQPredictor, kind: _Kind) -> list[float]:
    drawn = [(kind.state(), kind.following and kind.following()) for _ in range(STEPS)]
    return [timed_step(q, state, following, following is None) for state, following in drawn]


def timed_step(q: LLMQPredictor, state: str, following: str | None, done: bool) -> float:
    """Record one step, without collecting garbage first; returns the seconds."""
    began = perf_counter()
    q.add_experience(state, "APPROACH: partition column", 0.7, following, done)
    return perf_counter() - began
