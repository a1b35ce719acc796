"""Recording one experience in a large table, beside the original's scan over all states for similar ones."""

from collections.abc import Iterator
from functools import partial
from random import Random
from statistics import median
from time import perf_counter

from jotty_events import AgentConfig, Conductor, JottyConfig
from jotty_events.agents.q.predictor import LLMQPredictor
from jotty_events.log.files import DiskFiles
from jotty_events.rules.words.similarity import similar
from jotty_events.types import Durability
from tools.loads.questions import question
from tools.loads.synthetic import Load, synthesize

from .clock import ROUNDS, timed
from .figure import Budget, Figure
from .places import scratch

ENTRIES = 100_000
STEPS = 200
WARM = 20


def bench_experience(scale: float) -> Iterator[Figure]:
    """Measure steps in states that are known and in new ones; the log is not synced."""
    entries = max(1000, int(ENTRIES * scale))
    with scratch() as folder:
        synthesize(DiskFiles(folder), Load(entries, keys=entries, questions=True, even=True))
        config = JottyConfig(output_base_dir=folder, durability=Durability.OS, seed=1)
        with Conductor([AgentConfig(name="analyst", agent=print)], config) as conductor:
            q = conductor.q_predictor
            known = sorted({state for state, _ in q.Q})
            opened = timed(lambda: q.estimate(known[0], "none"))
            scan = median(timed(partial(_scan, known[-i], known)) for i in range(1, ROUNDS + 1))
            yield Figure("experience", f"plain scan of {len(known):,} states", scan * 1e6, "µs")
            yield Figure("experience", "index made on first use", opened * 1e6, "µs")
            yield from _figures(q, known, scan)


def _scan(text: str, known: list[str]) -> list[str]:
    return [one for one in known if similar(text, one)]


def _figures(q: LLMQPredictor, known: list[str], scan: float) -> Iterator[Figure]:
    source = Random(2)
    states = {
        "known state": lambda: source.choice(known),
        "new state": lambda: question(source),
    }
    for name, draw in states.items():
        for done in (True, False):
            steps = [(draw(), None if done else draw()) for _ in range(STEPS + WARM)]
            times = [timed_step(q, state, following, done) for state, following in steps][WARM:]
            took = median(times)
            what = f"ours, {name}{'' if done else ', and a next one'}"
            yield Figure("experience", what, took * 1e6, "µs", took / scan, "plain scan", Budget(1 / 500, at_most=True))


def timed_step(q: LLMQPredictor, state: str, following: str | None, done: bool) -> float:
    """Record one step, without collecting garbage first; returns the seconds."""
    began = perf_counter()
    q.add_experience(state, "APPROACH: partition column", 0.7, following, done)
    return perf_counter() - began
