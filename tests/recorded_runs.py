"""Histories that learners really recorded, under any version of the rules: what verification looks at.

Together they hold every kind of event that a learner writes, with hard texts and numbers, full and empty levels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import numpy as np
from stage import actor, conductor

from jotty_events import Conductor, Outcome, Task
from jotty_events.agents.brain.hippocampus import HippocampalExtractor
from jotty_events.agents.brain.sleep_and_wake import BrainStateMachine
from jotty_events.agents.td.learner import OWN
from jotty_events.events import Event
from jotty_events.record import Record
from jotty_events.runs.point import Point

Scenario = Callable[[int], Conductor]


def at_odds(task: Task) -> Outcome:
    """Return a middling reward with an error of some length, a lesson now and then."""
    if task.approach == "A":
        return Outcome(success=False, reward=0.25, error="too\nslow " * 40)
    return Outcome(success=True, reward=0.85, lesson="take the index")


def always_fails(task: Task) -> Outcome:
    """Fail whatever the approach."""
    raise ValueError(f"no {task.approach}")


class Color(str, Enum):  # noqa: UP042 - such a text says its own name, and is recorded by its value
    """A text that is no plain text."""

    RED = "red"


def failures(rules: int) -> Conductor:
    """Fail again and again."""
    live = conductor(None, actor(always_fails), max_attempts=4, rules_version=rules)
    for goal in ("Count P2P transactions", "Get P2P count"):
        live.run_sync(goal)
    return live


def successes(rules: int) -> Conductor:
    """Learn what works, for goals that are alike."""
    live = conductor(None, rules_version=rules)
    for goal in ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions", "Count é|||"):
        live.run_sync(goal)
    return live


def several_actors(rules: int) -> Conductor:
    """Let actors wait for each other."""
    live = conductor(
        None,
        actor(name="first"),
        actor(always_fails, name="second", depends_on=["first"], max_attempts=1),
        actor(name="third", depends_on=["second"]),
        actor(at_odds, name="plain: %", approaches=[]),
        epsilon=0.5,
        rules_version=rules,
    )
    for goal in ("a goal", "another goal", "a goal"):
        live.run_sync(goal, domain="a:b")
    return live


def evictions(rules: int) -> Conductor:
    """Learn with hardly any room."""
    small: dict[str, Any] = dict.fromkeys(
        ("episodic_capacity", "semantic_capacity", "causal_capacity", "max_hippocampus_size", "max_neocortex_size"), 1
    )
    live = conductor(None, actor(at_odds), max_experience_buffer=2, max_entry_tokens=5, rules_version=rules, **small)
    for goal in ("one goal", "two goals", "three goals", "four goals"):
        live.run_sync(goal)
    return live


def transfers(rules: int) -> Conductor:
    """Carry values over to goals of the same domain."""
    live = conductor(None, actor(at_odds), goal_transfer_weight=0.7, alpha=0.3, rules_version=rules)
    for goal in ("Count refunds", "Count all refunds", "Sum refunds", "Count refunds"):
        live.run_sync(goal, domain="refunds")
    return live


def sleeps(rules: int) -> Conductor:
    """Sleep after every episode."""
    live = conductor(None, actor(at_odds), consolidation_interval=1, brain_memory_threshold=0.1, rules_version=rules)
    for goal in ("a goal", "a goal", "another goal", "a goal"):
        live.run_sync(goal)
    return live


def by_hand(rules: int) -> Conductor:
    """Use what agents learn with directly, with hard texts and numbers."""
    live = conductor(None, actor(name="a"), max_entry_tokens=4, rules_version=rules)
    shared, q, td = live.shared_memory, live.q_predictor, live.td_learner
    q.add_experience("x y z", "go on", 0.3, next_state="x y w")
    q.add_experience("y x z", "go on", 0.9, next_state="x y z")
    q.add_experience({"query": "count users", "goal": "g"}, {"tool": "sql"}, 1 / 3, next_state={"goal": "h"}, done=True)
    odd = {"goal": Color.RED, "errors": [np.float64(0.5)]}
    q.add_experience(odd, {"tool": Color.RED}, 0.7, next_state=odd)
    live.brain.store_experience({"action": Color.RED}, 0.7)
    q.add_experience("COLS_TRIED: a | WORKING_COL: b", "PARTITION: c", 0.0)
    for length in (0, 15, 16, 17, 400):
        shared.store("é" * length, "semantic", {"domain": "a:b%", "operation_type": "count"}, f"goal {length}")
    kept = shared.store("valued", "meta", {"entities": ["e"]}, "one", 0.9, domain="d", task_type="t")
    shared.store("valued", "meta", {}, "two", 0.2, domain="d", task_type="t")
    assert kept is not None
    shared.store("a cause", "causal", {}, "one")
    td.start_episode("one")
    for reward in (0.1, -0.3, 1e-3, 7.0):
        td.record_access(kept, reward)
    td.end_episode(0.123, success=True)
    for threshold in (0.0, 0.5, 1.0):
        shared.protect_high_value(threshold)
    _tasks(live)
    return live


def _tasks(live: Conductor) -> None:
    live.todo.open("goal é")
    for name, priority in (("low", 0.5), ("high", 2.0)):
        live.todo.add_task(name, name, "a", priority=priority)
    live.todo.replan("priorities")
    live.todo.add_task("waits", "waits", "a", depends_on=["low"])
    live.todo.block_task("high", "for a reason")
    live.todo.update_q_value("low", 0.75, 0.5)
    live.todo.record_intermediary_values("low", {"rows": 3})
    live.todo.predict_next("low", "high", 1.5, 0.25)
    checkpoint = live.todo.checkpoint()
    for _ in range(3):
        live.todo.start_task("low")
        live.todo.fail_task("low", "no rows")
    live.todo.replan("again")
    live.todo.restore_from_checkpoint(checkpoint)
    live.todo.unblock_ready_tasks()
    live.todo.start_task("high")
    live.todo.complete_task("high", {"rows": 3})


def tiers(rules: int) -> Conductor:
    """Fill the tiers of the Q-table, let entries move between them, replay and prune."""
    live = conductor(None, rules_version=rules, tier1_max_size=3, alpha=0.5, max_experience_buffer=60, seed=7)
    q = live.q_predictor
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "theta")
    for i in range(130):
        q.add_experience(f"count {words[i % 7]} {i} rows{i}", f"use {words[i % 3]}", 0.36 if i % 2 else 0.9, done=True)
        if i % 40 == 39:
            q.promote_demote(i / 130)
    q.experience_replay(8)
    for i in range(6):
        # What was expected came true: the archive can do without it.
        q.add_experience(f"a b c d e{i}", "go", q.get_q_value(f"a b c d e{i}", "go") if i else 0.0, done=True)
    q.promote_demote(0.1)
    for _ in range(12):
        q.promote_demote(0.1)
    q.prune_tier3_by_causal_impact(1.0)
    q.promote_demote(None)
    return live


def retrievals(rules: int) -> Conductor:
    """Store again and again, ask for what was stored, and link causes with effects."""
    live = conductor(None, rules_version=rules, rag_relevance_threshold=0.3, enable_deduplication=True)
    shared = live.shared_memory
    for i, content in enumerate(
        ("count rows by partition", "count rows by day", "sum the amount", "count rows by day")
    ):
        shared.store(content, "semantic", {"entities": ["rows"]}, f"goal {i}", 0.9, domain=f"d{i % 2}", task_type="t")
    shared.store("count rows by day", "semantic", {}, "goal 9", 0.7, domain="elsewhere")
    shared.store_with_outcome("count rows", {"domain": "d0"}, "goal 1", "success")
    shared.store_with_outcome("drop rows", {"domain": "d0"}, "goal 1", "failure")
    shared.retrieve("count rows", "goal 0")
    shared.retrieve("count rows", "goal 1", budget_tokens=8, levels=["semantic"])
    shared.retrieve_by_domain("d0", "goal 0")
    shared.retrieve_by_task_type("t", "goal 2")
    link = shared.add_causal_link("rain", "wet", 0.4, ["outside=true"], evidence="seen")
    for supported in (True, False, True):
        shared.update_causal_confidence(link, supported, f"again {supported}")
    shared.know_goal("goal 0", "d0")
    for success in (True, False):
        shared.score_goal("goal 0", success)
    return live


def grows_old(rules: int) -> Conductor:
    """Let days pass, until old episodes are let go."""
    time = [1767700800.0]
    live = conductor(None, rules_version=rules, clock=lambda: time[0])
    for i in range(12):
        live.shared_memory.store(f"episode {i}", "episodic", {}, "goal", 0.1)
    time[0] += 3 * 86400.0
    live.shared_memory.consolidate()
    live.shared_memory.consolidate()
    return live


def asks(rules: int) -> Conductor:
    """Ask a model whatever it may be asked."""
    live = conductor(None, rules_version=rules, min_cluster_size=2, model=answers)
    shared = live.shared_memory
    for i in range(6):
        shared.store(f"count the rows of table {i}", None, {"domain": "d"}, "goal", 0.9)
    shared.store("count the rows of table 1 again", None, {"domain": "d"}, "goal", 0.9)
    shared.store("a text that no model understands", None, {}, "goal")
    shared.retrieve("count rows", "goal")
    shared.consolidate()
    return live


def answers(prompt: str) -> Any:
    """Answer as a model would; now and then nonsense."""
    if "no model understands" in prompt:
        return "what?"
    if "level" in prompt.splitlines()[0]:
        return "episodic"
    if "relevant" in prompt.splitlines()[0]:
        return {"0": 0.9, "1": 0.2, "2": 0.8}
    if "same" in prompt.splitlines()[0]:
        return {"duplicate": "again" in prompt, "similarity": 0.95}
    if "pattern" in prompt.splitlines()[0]:
        return '{"pattern": "counting", "conditions": "rows", "exceptions": "", "confidence": 0.9}'
    return {"wisdom": "count first", "applies": "always"}


def dreams(rules: int) -> Conductor:
    """Use the parts of the brain directly: filter, replays, sleep and wake, and what fades in weeks."""
    time = [1767700800.0]
    live = conductor(
        None,
        rules_version=rules,
        clock=lambda: time[0],
        consolidation_interval=2,
        min_episodes_before_sleep=2,
        brain_memory_threshold=0.35,
        max_hippocampus_size=4,
        max_neocortex_size=2,
    )
    _dream(live)
    time[0] += 60 * 86400.0
    live.brain.trigger_consolidation()
    time[0] += 600 * 86400.0
    live.brain.trigger_consolidation()
    return live


def _dream(live: Conductor) -> None:
    brain, session = live.brain, live._session
    for i in range(7):
        brain.store_experience({"action": f"act {i % 4}", "actor": "a", "goal": f"goal {i % 3}"}, i / 6)
    brain.set_causal_impact(1, 0.75)
    for _ in range(3):
        brain.trigger_consolidation()
    machine = BrainStateMachine(live.config, extractor=HippocampalExtractor(live.config, "count rows", session))
    for i in range(7):
        said = {"content": f"count rows {i % 3}", "reward": (i % 4) / 3, "agent": "a", "action": f"act {i % 2}"}
        machine.process_experience(said, [Valued(0.9), Valued(0.1)])
    machine.set_mode("offline")
    machine.process_experience({"content": "in sleep", "reward": 1.0})
    machine.set_mode("online")
    machine.force_sleep()


@dataclass
class Valued:
    """A memory that is worth something."""

    default_value: float


def adapts(rules: int) -> Conductor:
    """Adapt the learning rate to many errors, alone and at the end of trajectories, and begin anew."""
    live = conductor(None, rules_version=rules, enable_adaptive_alpha=True, adaptive_window_size=12)
    shared, td = live.shared_memory, live.td_learner
    _adapt(live)
    for i in range(3):
        entry = shared.store(f"content {i}", "semantic", {}, "goal", 0.25)
        assert entry is not None
        td.start_episode("goal")
        td.record_access(entry, 0.5)
        td.reward_tool_success("sql", True)
        td.end_episode(i / 3, {"x": entry} if i else None, None if i else OWN, success=i > 1)
    return live


def _adapt(live: Conductor) -> None:
    rate = live.td_learner.adaptive_lr
    assert rate is not None
    for i in range(26):
        rate.record_td_error(0.001 * (i % 3))
        rate.record_success(i < 13)
        rate.get_adapted_alpha()
    rate.reset()
    for i in range(12):
        rate.record_td_error(1.0 if i == 5 else 0.001)
    rate.get_adapted_alpha()


def everything(rules: int) -> Conductor:
    """Do a little of everything in one run, with hardly any room."""
    live = conductor(
        None,
        actor(at_odds),
        actor(always_fails, name="second", max_attempts=1),
        actor(name="third", depends_on=["second"]),
        rules_version=rules,
        model=answers,
        consolidation_interval=2,
        brain_memory_threshold=0.1,
        episodic_capacity=6,
        semantic_capacity=4,
        max_experience_buffer=6,
        max_hippocampus_size=4,
        max_neocortex_size=1,
        tier1_max_size=2,
        enable_adaptive_alpha=True,
        adaptive_window_size=10,
        rag_relevance_threshold=0.3,
        min_cluster_size=2,
        epsilon=0.2,
        seed=11,
    )
    q, shared, td = live.q_predictor, live.shared_memory, live.td_learner
    for goal in ("Count refunds", "Count all refunds", "Count refunds"):
        live.run_sync(goal, domain="refunds")
    for i in range(106):
        state = f"count orders table {i % 53} row{i}"
        q.update_q_value(state, "go", q.get_q_value(state, "go") if i % 3 else 0.1, done=True)
    q.experience_replay(3)
    for reward in (0.5, 0.4):
        q.promote_demote(reward)
    q.prune_tier3_by_causal_impact(1.0)
    contents = "count rows by day", "sum the whole amount", "count rows by day", "sum the whole amount again"
    for i, content in enumerate(contents):
        shared.store(content, "semantic", {"entities": ["rows"]}, f"goal {i}", 0.9, domain="d", task_type="t")
    shared.store("a text that no model understands", None, {}, "goal")
    for entry in shared.retrieve("count rows", "goal 0"):
        td.record_access(entry, 0.25)
    td.end_episode(0.75, success=True)
    link = shared.add_causal_link("rain", "wet", 0.4, ["outside=true"], evidence="seen")
    shared.update_causal_confidence(link, False, "dry")
    shared.protect_high_value(0.7)
    shared.consolidate()
    _tasks(live)
    _dream(live)
    return live


SCENARIOS: tuple[Scenario, ...] = (
    failures,
    successes,
    several_actors,
    evictions,
    transfers,
    sleeps,
    by_hand,
    tiers,
    retrievals,
    grows_old,
    asks,
    adapts,
    dreams,
    everything,
)


@cache
def history_of(scenario: Scenario, rules: int = 2) -> tuple[Event, ...]:
    """Return what a scenario recorded."""
    live = scenario(rules)
    session = live._session
    assert session.writer is not None
    live.close()
    lineage = session._tree.lineage(Point(session.writer.run, session.writer.mark.seq))
    return tuple(one.record.event for one in lineage.records() if isinstance(one.record, Record))
