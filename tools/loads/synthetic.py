"""Histories made up from a seed: as many events, keys, agents, runs and forks as wanted.

Invariants: the same load gives the same bytes. Each event is what the rules conclude from its own fields, and what it
read is what the table held then: no two states are similar. So `verify` finds nothing in such a history. The runs
follow each other; a fork is an experiment that begins at the end of one of them, so that `latest` is the last run.
"""

from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, count, islice
from random import Random
from typing import Any

from jotty_events.events import (
    ActorResult,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    ExperienceAdded,
    ExperienceEvicted,
    MemoryStored,
    QUpdated,
    RunEnded,
)
from jotty_events.log.files import Files
from jotty_events.rules import DEFAULT_VERSION
from jotty_events.rules.q import learning as q_learning
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability

from .questions import question

START = 1767700800.0
"""2026-01-06T12:00:00Z, when the first run begins."""
RUN_SECONDS = 100_000.0
STEP_SECONDS = 0.001
STEPS_PER_EPISODE = 10
ALPHA, GAMMA = 0.1, 0.99
ACTIONS = ("APPROACH: partition column", "APPROACH: transaction category", "APPROACH: ask for the schema")


@dataclass(frozen=True)
class Load:
    """What is wanted: about `events` events in all, on `keys` entries of the Q-table.

    Unless `whole`, all events are Q updates; else they are whole steps: experience, update, eviction, episodes.
    """

    events: int
    keys: int = 1000
    agents: int = 1
    runs: int = 1
    forks: int = 0
    seed: int = 0
    whole: bool = False
    questions: bool = False
    """Whether states share words as real questions do; some are similar then, and what was read is not true."""
    memories: int = 0
    """So many memories are stored at first, as no rule would have stored them."""
    even: bool = False
    """Whether the keys take turns, so that each occurs; else they are drawn."""
    buffer: int = 1000
    batch: int = 1000
    durability: Durability = Durability.OS


@dataclass
class Table:
    """What was learned at some point of a lineage."""

    load: Load
    values: dict[int, tuple[float, int, float, float, int]] = field(default_factory=dict)
    """By key: value, visits, average reward, time of creation, insertion number."""
    buffer: deque[tuple[int, float]] = field(default_factory=deque)
    updates: int = 0
    experiences: int = 0
    episodes: int = 0

    def texts(self, key: int) -> tuple[str, str, str]:
        """Return state, action and actor of a key; two states share less than half of their words."""
        state, action = divmod(key, len(ACTIONS))
        actor = f"agent{state % self.load.agents}"
        if self.load.questions:
            return question(Random(key)), ACTIONS[0], actor
        own = f"count{state} p2p{state} payments{state} by{state} day{state}"
        return f"QUERY: {own} | INTENT: COUNT | ACTOR: {actor}", ACTIONS[action], actor


def synthesize(files: Files, load: Load) -> list[str]:
    """Write the history of a load; returns the ids of its runs, forks among them, in the order of their writing."""
    random = Random(load.seed)
    tree, table = Tree(files), Table(load)
    share = max(1, load.events // (load.runs + load.forks))
    forked = [random.randrange(load.runs) for _ in range(load.forks)]
    written: list[str] = []
    parent = None
    for number in range(load.runs):
        parent = _write(tree, load, table, random, share, parent, len(written))
        written.append(parent)
        for _ in range(forked.count(number)):
            written.append(_write(tree, load, deepcopy(table), random, share, parent, len(written), fork=True))
    return written


def made_up(load: Load) -> Iterator[Event]:
    """Give out events of a load without end, and without writing them."""
    times = (START + i * STEP_SECONDS for i in count(1))
    return _events(Table(load), Random(load.seed), times, "run_20260106_120000")


def _write(
    tree: Tree,
    load: Load,
    table: Table,
    random: Random,
    events: int,
    parent: str | None,
    number: int,
    fork: bool = False,
) -> str:
    """Write one run of so many events; returns its id."""
    begin = START + number * RUN_SECONDS
    plan = RunPlan(
        clock=lambda: begin,
        entropy=_scripted(load.seed, number),
        rules=DEFAULT_VERSION,
        library="generated",
        mode="persistent",
        seed=load.seed,
        parent=tree.parent(tree.resolve(parent)) if parent else None,
        experiment=fork,
        durability=load.durability,
    )
    writer = RunWriter.create(tree.files, plan)
    times = (begin + i * STEP_SECONDS for i in count(1))
    stored = (_stored(i, next(times)) for i in range(load.memories if parent is None else 0))
    made = chain(stored, islice(_events(table, random, times, writer.run), events))
    now = begin
    while batch := list(islice(made, load.batch)):
        now = next(times)
        writer.append(batch, now)
    writer.close(RunEnded(run=writer.run, status="closed", versions={}, digests={}, now=now), now)
    return writer.run


def _scripted(seed: int, number: int) -> Callable[[int], bytes]:
    return lambda n: sha256(f"{seed}:{number}".encode()).digest()[:n]


def _stored(number: int, now: float) -> MemoryStored:
    content = f"Payments of day {number} are complete only after the transfer of the next morning."
    return MemoryStored(
        owner="shared",
        agent="agent0",
        level="semantic",
        goal="goal",
        context={},
        initial_value=0.5,
        outcome=None,
        causal_links=[],
        source_episode=None,
        content_length=len(content),
        content_hash=f"{number:032x}",
        now=now,
        content=content,
        domain="payments",
        task_type="aggregation",
        key=f"payments:aggregation:{number:016x}",
        token_count=len(content) // 4,
        truncated=False,
        default_value=0.5,
        nth=number,
        goal_nth=0,
    )


def _events(table: Table, random: Random, times: Iterator[float], run: str) -> Iterator[Event]:
    while True:
        if not table.load.whole:
            yield _updated(table, random, next(times), None)
            continue
        table.episodes += 1
        goal: dict[str, Any] = {
            "episode": table.episodes,
            "run": run,
            "goal": f"goal {table.episodes % 97}",
            "domain": "payments",
        }
        yield EpisodeStarted(**goal, now=next(times))
        for _ in range(STEPS_PER_EPISODE):
            yield from _step(table, random, next(times))
        results = [ActorResult(actor="agent0", success=True, reward=1.0)]
        ended: dict[str, Any] = {"status": "succeeded", "attempts": STEPS_PER_EPISODE, "success": True, "reward": 1.0}
        yield EpisodeEnded(**goal, **ended, results=results, now=next(times))


def _step(table: Table, random: Random, now: float) -> Iterator[Event]:
    """Give out a step as a learner records it; a full buffer lets its oldest experience go."""
    updated = _updated(table, random, now, table.experiences)
    priority = q_learning.priority(updated.reward, updated.before)
    yield ExperienceAdded(
        episode=table.episodes,
        actor=updated.actor,
        state=updated.state,
        action=updated.action,
        reward=updated.reward,
        next_state=None,
        done=True,
        state_data={},
        action_data={},
        next_state_data=None,
        now=now,
        q_before=updated.before,
        error=q_learning.surprise(updated.reward, updated.before),
        priority=priority,
        nth=table.experiences,
    )
    table.buffer.append((table.experiences, priority))
    table.experiences += 1
    if len(table.buffer) > table.load.buffer:
        nth, least = table.buffer.popleft()
        yield ExperienceEvicted(
            episode=table.episodes, now=now, capacity=table.load.buffer, priority=least, nth=nth, order=None
        )
    yield updated


def _updated(table: Table, random: Random, now: float, experience: int | None) -> QUpdated:
    """Return the update of one key by a drawn reward, and let the table know of it."""
    key = table.updates % table.load.keys if table.load.even else int(random.random() * table.load.keys)
    table.updates += 1
    reward = round(random.random(), 3)
    state, action, actor = table.texts(key)
    known = table.values.get(key)
    value, visits, average, created, nth = known or (q_learning.DEFAULT_Q, 0, 0.0, now, len(table.values))
    concluded = q_learning.conclude_update(
        reward=reward,
        done=True,
        before=value,
        next_max=0.0,
        alpha=ALPHA,
        gamma=GAMMA,
        visits_before=visits,
        average_before=average,
    )
    table.values[key] = (concluded.after, concluded.visits, concluded.average_reward, created, nth)
    return QUpdated(
        episode=table.episodes or None,
        actor=actor,
        state=state,
        action=action,
        reward=reward,
        next_state=None,
        done=True,
        cause="experience",
        experience=experience,
        now=now,
        before=value,
        before_nth=nth if known else None,
        before_raw=value if known else None,
        before_similarity=1.0 if known else 0.0,
        next_max=0.0,
        next_nth=None,
        average_before=average,
        alpha=ALPHA,
        gamma=GAMMA,
        target=concluded.target,
        td_error=concluded.td_error,
        after=concluded.after,
        visits=concluded.visits,
        average_reward=concluded.average_reward,
        lesson=q_learning.lesson(state=state, action=action, reward=reward, td_error=concluded.td_error),
        created=created,
        nth=nth,
    )
