"""Verifying: the rules conclude from each event what was recorded in it, and whatever was changed is found."""

import json
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import cache
from itertools import pairwise
from math import inf, nextafter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from generators import example_of
from msgspec.structs import fields as struct_fields
from msgspec.structs import replace
from recording import plan
from stage import actor, bytes_below, conductor, own_events

from jotty_events import Conductor, History, Outcome, Task
from jotty_events.cli import main
from jotty_events.config import JottyConfig
from jotty_events.errors import ConfigError, FormatError, UnknownRun
from jotty_events.events import (
    EVENT_TYPES,
    AlphaAdapted,
    AttemptMade,
    CausalLinked,
    ConsolidationDone,
    EntryImported,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceEvicted,
    ExperienceForgotten,
    GoalAdded,
    GoalScored,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryRepeated,
    MemoryStored,
    ModelAnswered,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    QPruned,
    QUpdated,
    RunEnded,
    RunStarted,
    TaskAdded,
    TaskSkipped,
    TaskStarted,
    TiersAssigned,
    TodoReplanned,
    TraceReplayed,
    TrajectoryEnded,
    ValueUpdated,
    WakeCounted,
    fields_in,
    tag_of,
)
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.conclusions import CONCLUSIONS, RULES
from jotty_events.reading.verify import Divergence, Verified, verify
from jotty_events.record import Record, encode_records
from jotty_events.rules import DEFAULT_VERSION, attempts, brain, causal, lessons, memory, q_learning, td_lambda
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter

Planted = tuple[type[Event], str]

# What is verified, and what not. An event or a field that is new must be put into one of these, or be concluded again.

COUNTED: dict[type[Event], tuple[str, ...]] = {
    EpisodeStarted: ("episode",),
    MemoryStored: ("nth", "goal_nth"),
    MemoryAccessed: ("access_count", "ucb_visits", "total_accesses"),
    MemoryRepeated: ("access_count", "total_accesses"),
    MemoryMerged: ("access_count",),
    MemoryConsolidated: ("count", "pruned", "patterns"),
    ValueUpdated: ("access_count", "goal_nth"),
    CausalLinked: ("nth",),
    GoalAdded: ("nth",),
    GoalScored: ("episode_count",),
    ExperienceAdded: ("nth",),
    QUpdated: ("visits", "nth"),
    ExperienceEncoded: ("nth",),
    TraceReplayed: ("replays",),
    PatternLearned: ("nth",),
    PatternReinforced: ("sources",),
    ConsolidationDone: ("count", "replayed", "learned", "reinforced", "forgotten"),
    WakeCounted: ("episodes_since_sleep",),
    TaskAdded: ("nth",),
    TaskStarted: ("attempts",),
    EntryImported: ("nth",),
}
"""Bookkeeping: insertion numbers and counters, one more than the state before had."""

DEEP: dict[type[Event], tuple[str, ...]] = {
    RunEnded: ("digests",),
    AttemptMade: ("learned_context",),
    MemoryMerged: ("similar_entries",),
    MemoryEvicted: ("key",),
    CausalLinked: ("supporting", "contradicting"),
    GoalAdded: ("parent",),
    ExperienceEvicted: ("nth", "order"),
    QPruned: ("state", "action"),
    TiersAssigned: (
        "last_reward",
        "without_improvement",
        "threshold",
        "whole",
        "moves",
        "clusters",
    ),
    ExperienceForgotten: ("nth", "order"),
    TraceReplayed: ("nth",),
    PatternLearned: ("tags", "text"),
    PatternReinforced: ("nth",),
    PatternForgotten: ("nth", "order"),
    TaskSkipped: ("task",),
    TodoReplanned: ("order",),
    ModelAnswered: ("used",),
}
"""What follows from more of the state than the event holds: choices among all entries, texts made of many."""


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)
def test_every_conclusion_is_verified_or_said_not_to_be(kind: type[Event]) -> None:
    """A concluded field is concluded again, or counted, or needs the replayed state: one of these for each field."""
    shallow = CONCLUSIONS[kind].fields if kind in CONCLUSIONS else ()
    said = [*shallow, *COUNTED.get(kind, ()), *DEEP.get(kind, ())]
    assert sorted(said) == sorted(fields_in(kind, "concluded"))


@pytest.mark.parametrize("kind", CONCLUSIONS, ids=tag_of)
def test_implied_fields_are_in_other_groups(kind: type[Event]) -> None:
    """What is verified besides was observed or read, so that nothing is claimed twice."""
    names = kind.__struct_fields__
    assert not set(CONCLUSIONS[kind].implied) & set(fields_in(kind, "concluded"))
    assert set(CONCLUSIONS[kind].implied) <= set(names)


def test_the_rules_that_verify_are_those_that_learn() -> None:
    """A new default version of the rules needs conclusions of its own."""
    assert RULES == DEFAULT_VERSION


# Histories that conductors recorded.


def at_odds(task: Task) -> Outcome:
    """Return a middling reward with an error of some length, a lesson now and then."""
    if task.approach == "A":
        return Outcome(success=False, reward=0.25, error="too\nslow " * 40)
    return Outcome(success=True, reward=0.85, lesson="take the index")


def always_fails(task: Task) -> Outcome:
    raise ValueError(f"no {task.approach}")


class Color(str, Enum):  # noqa: UP042 - such a text says its own name, and is recorded by its value
    RED = "red"


def failures() -> Conductor:
    live = conductor(None, actor(always_fails), max_attempts=4)
    for goal in ("Count P2P transactions", "Get P2P count"):
        live.run_sync(goal)
    return live


def successes() -> Conductor:
    live = conductor(None)
    for goal in ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions", "Count é|||"):
        live.run_sync(goal)
    return live


def several_actors() -> Conductor:
    live = conductor(
        None,
        actor(name="first"),
        actor(always_fails, name="second", depends_on=["first"], max_attempts=1),
        actor(name="third", depends_on=["second"]),
        actor(at_odds, name="plain: %", approaches=[]),
        epsilon=0.5,
    )
    for goal in ("a goal", "another goal", "a goal"):
        live.run_sync(goal, domain="a:b")
    return live


def evictions() -> Conductor:
    small: dict[str, Any] = dict.fromkeys(
        ("episodic_capacity", "semantic_capacity", "causal_capacity", "max_hippocampus_size", "max_neocortex_size"), 1
    )
    live = conductor(None, actor(at_odds), max_experience_buffer=2, max_entry_tokens=5, **small)
    for goal in ("one goal", "two goals", "three goals", "four goals"):
        live.run_sync(goal)
    return live


def transfers() -> Conductor:
    live = conductor(None, actor(at_odds), goal_transfer_weight=0.7, alpha=0.3)
    for goal in ("Count refunds", "Count all refunds", "Sum refunds", "Count refunds"):
        live.run_sync(goal, domain="refunds")
    return live


def sleeps() -> Conductor:
    live = conductor(None, actor(at_odds), consolidation_interval=1, brain_memory_threshold=0.1)
    for goal in ("a goal", "a goal", "another goal", "a goal"):
        live.run_sync(goal)
    return live


def by_hand() -> Conductor:
    """Use what agents learn with directly, with hard texts and numbers."""
    live = conductor(None, actor(name="a"), max_entry_tokens=4)
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
    live.todo.replan("again")


SCENARIOS: tuple[Callable[[], Conductor], ...] = (
    failures,
    successes,
    several_actors,
    evictions,
    transfers,
    sleeps,
    by_hand,
)


@cache
def history_of(scenario: Callable[[], Conductor]) -> tuple[Event, ...]:
    """Return what a scenario recorded."""
    live = scenario()
    everything: Any = object
    found: list[Event] = own_events(live, everything)
    live.close()
    return tuple(found)


WRITTEN_BY_NO_AGENT: tuple[Event, ...] = (
    example_of(
        AlphaAdapted,
        before=0.05,
        error_mean=0.1,
        error_std=0.2,
        recent_success=0.5,
        older_success=0.5,
        rate=0.1,
        alpha_min=0.001,
        alpha_max=0.1,
        unstable_above=1.5,
        slow_below=0.01,
        after=0.045000000000000005,
    ),
    example_of(CausalLinked, before=None, initial_confidence=None, supported=None, confidence=0.5),
    example_of(CausalLinked, before=0.5, supported=True, confidence=0.55),
    example_of(
        GoalScored,
        goal="g",
        goal_id="b2f5ff47436671b6e533d8dc3614845d",
        success=True,
        episode_count=4,
        success_rate_before=0.5,
        success_rate=0.625,
    ),
)
"""Consistent events of kinds that only imports and later rules write."""


def written(events: Iterable[Event], files: MemoryFiles | None = None, **planned: Any) -> Tree:
    """Return a tree with one more run that holds these events; settings and rules are those of a new configuration."""
    tree = Tree(files or MemoryFiles())
    config = next((one.config for one in events if isinstance(one, RunStarted)), JottyConfig().to_json())
    writer = RunWriter.create(tree.files, plan(**{"config": config, **planned}))
    writer.append([one for one in events if not isinstance(one, RunStarted)])
    writer.close()
    return tree


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_a_conductor_records_is_what_the_rules_conclude(scenario: Callable[[], Conductor]) -> None:
    """Nothing diverges in what was recorded, and every learning event of it was looked at."""
    events = history_of(scenario)
    found = verify(written(events))
    assert list(found) == []
    assert found.notes == []
    assert found.diverging == {}
    assert (found.runs, found.records) == (1, len(events))
    assert found.events == sum(type(one) in CONCLUSIONS for one in events) > 10
    assert found.values > found.events


def test_what_no_agent_writes_yet_is_verified_as_well() -> None:
    """Events that imports and later rules write are concluded again like the others."""
    found = verify(written(WRITTEN_BY_NO_AGENT))
    assert list(found) == []
    assert found.events == len(WRITTEN_BY_NO_AGENT)


def test_all_runs_of_a_folder_are_verified(tmp_path: Path) -> None:
    """A parent, its child, and a run that was given up are clean on disk, and are not changed by looking."""
    for goal in ("Count P2P transactions", "Get P2P count"):
        with conductor(tmp_path) as live:
            live.run_sync(goal)
    with pytest.raises(KeyboardInterrupt), conductor(tmp_path, actor(_interrupted)) as live:
        live.run_sync("never ends")
    before = bytes_below(tmp_path)
    history = History(tmp_path)
    told: list[str] = []
    found = history.verify(progress=told.append)
    assert (list(found), found.notes, found.runs) == ([], [], 3)
    assert told == [one.run for one in history.runs()]
    assert any(one.status == "cancelled" for one in _of(EpisodeEnded, history))
    assert history.verify([told[1]]).runs == 1
    assert bytes_below(tmp_path) == before


def _interrupted(task: Task) -> Outcome:
    raise KeyboardInterrupt


def _of(kind: type[EpisodeEnded], history: History) -> list[EpisodeEnded]:
    events = [one.record.event for one in history.records() if isinstance(one.record, Record)]
    return [one for one in events if isinstance(one, kind)]


# Planted changes.


def all_planted() -> list[Planted]:
    return [(kind, field) for kind, one in CONCLUSIONS.items() for field in (*one.fields, *one.implied)]


@cache
def with_value(kind: type[Event], field: str) -> tuple[tuple[Event, ...], int]:
    """Return a history, and the place of an event in it that concludes a field; rather one that is not null."""
    found: list[tuple[tuple[Event, ...], int]] = []
    for events in (*map(history_of, SCENARIOS), WRITTEN_BY_NO_AGENT):
        settings = events[0].config if isinstance(events[0], RunStarted) else JottyConfig().to_json()
        for i, event in enumerate(events):
            if type(event) is kind and field in CONCLUSIONS[kind].conclude(event, settings):
                found.append((events, i))
    assert found, f"no scenario concludes {tag_of(kind)}.{field}"
    return next((one for one in found if getattr(one[0][one[1]], field) is not None), found[0])


def changed(value: Any) -> Any:
    """Return a value as near to another as there is."""
    if value is None:
        return "x"
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return nextafter(value, inf)
    if isinstance(value, str):
        return f"{value}x"
    return [*value, "x"] if isinstance(value, list) else value + 1


BLAMED = {
    (MemoryStored, "content"): "content_length",
    (EpisodeEnded, "status"): "success",
}
"""Where a change shows in another field first."""


def name_in_the_log(kind: type[Event], field: str) -> str:
    return next(one.encode_name for one in struct_fields(kind) if one.name == field)


@pytest.mark.parametrize(("kind", "field"), all_planted(), ids=lambda one: one if isinstance(one, str) else tag_of(one))
def test_a_changed_conclusion_is_found(kind: type[Event], field: str) -> None:
    """One field that is different by one bit, one character or one item diverges, and nothing else of the run does."""
    events, i = with_value(kind, field)
    recorded = getattr(events[i], field)
    planted = list(events)
    planted[i] = replace(events[i], **{field: changed(recorded)})
    (found,) = verify(written(planted))
    seq = i + 1 + (not isinstance(events[0], RunStarted))
    blamed = BLAMED.get((kind, field), name_in_the_log(kind, field))
    assert (found.seq, found.tag, found.field) == (seq, tag_of(kind), blamed)
    if blamed == field and field not in ("content_length", "content_hash"):
        assert (found.recorded, found.recomputed) == (changed(recorded), recorded)


@pytest.mark.parametrize(
    ("kind", "field", "change"),
    [
        (QUpdated, "reward", 0.125),
        (QUpdated, "alpha", 0.125),
        (QUpdated, "gamma", 0.125),
        (QUpdated, "average_before", 0.125),
        (QUpdated, "before_raw", 0.125),
        (ValueUpdated, "trace", 0.125),
        (ValueUpdated, "similarity", 0.125),
        (TrajectoryEnded, "step_rewards", [0.5]),
        (ExperienceAdded, "q_before", 0.125),
        (ExperienceEncoded, "similarity", 0.125),
        (PatternReinforced, "trace_strength", 0.125),
        (MemoryStored, "domain", "elsewhere"),
        (AttemptMade, "candidates", []),
        (EpisodeEnded, "results", []),
    ],
    ids=lambda one: tag_of(one) if isinstance(one, type) else str(one),
)
def test_a_changed_observation_diverges_from_what_was_concluded(kind: type[Event], field: str, change: Any) -> None:
    """What was observed or read cannot be changed either without the conclusions."""
    places = [
        (events, i)
        for events in map(history_of, SCENARIOS)
        for i, event in enumerate(events)
        if type(event) is kind and getattr(event, field) not in (None, change)
    ]
    found: list[Divergence] = []
    for events, i in places:
        planted = [*events[:i], replace(events[i], **{field: change}), *events[i + 1 :]]
        found += verify(written(planted))
    assert found
    assert {one.tag for one in found} == {tag_of(kind)}


@pytest.mark.parametrize("cut", [0, 1])
def test_a_content_that_was_cut_must_have_the_length_that_is_kept(cut: int) -> None:
    """Of a long content the beginning is kept, neither more nor less."""
    events = history_of(by_hand)
    place, event = next((i, one) for i, one in enumerate(events) if isinstance(one, MemoryStored) and one.truncated)
    longer = event.content.removesuffix(memory.TRUNCATED) + "é" * cut + memory.TRUNCATED
    planted = [*events[:place], replace(event, content=longer), *events[place + 1 :]]
    assert [one.field for one in verify(written(planted))] == ["content"] * cut


# Rules that changed since.


@pytest.mark.parametrize(
    ("module", "name", "value", "where"),
    [
        (q_learning, "SIMILAR_DISCOUNT", 0.8, "q_updated.before"),
        (q_learning, "UNKNOWN", q_learning.Estimate(0.4, None, None, 0.0), "q_updated.before"),
        (q_learning, "PRIORITY_OFFSET", 0.02, "experience_added.priority"),
        (q_learning, "PRIORITY_EXPONENT", 0.5, "experience_added.priority"),
        (lessons, "SURPRISING", 0.9, "q_updated.lesson"),
        (lessons, "SUCCESS_ABOVE", 0.95, "q_updated.lesson"),
        (lessons, "FAILURE_BELOW", -1.0, "q_updated.lesson"),
        (lessons, "NOTABLE", 0.9, "q_updated.lesson"),
        (memory, "INITIAL_VALUE", 0.4, "memory_stored.default_value"),
        (memory, "HASH_KEPT", 15, "memory_stored.key"),
        (memory, "CHARACTERS_PER_TOKEN", 5, "memory_stored.token_count"),
        (memory, "TRUNCATED", "…", "memory_stored.content"),
        (memory, "PROTECTED_LEVELS", (), "memory_protected.protected"),
        (brain, "EXPECTATION_RATE", 0.2, "experience_encoded.expected_reward"),
        (brain, "INITIAL_STRENGTH", 2.0, "experience_encoded.strength"),
        (brain, "STRENGTH_FACTOR", 1.2, "trace_replayed.strength"),
        (brain, "STRENGTH_MOST", 1.05, "trace_replayed.strength"),
        (brain, "SUCCESS_ABOVE", 0.9, "pattern_learned.kind"),
        (td_lambda, "UNSTABLE_ABOVE", 0.0, None),
        (td_lambda, "DECLINE", -0.1, "alpha_adapted.after"),
        (causal, "STEP", 0.2, "causal_linked.confidence"),
        (causal, "INITIAL_CONFIDENCE", 0.6, "causal_linked.confidence"),
    ],
    ids=lambda one: one if isinstance(one, str) and one.isupper() else "",
)
def test_a_changed_rule_is_found(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: Any, where: str | None
) -> None:
    """Old runs tell when a constant of the rules changes; a threshold that the event has itself is not a constant."""
    trees = [written(events) for events in (*map(history_of, SCENARIOS), WRITTEN_BY_NO_AGENT)]
    monkeypatch.setattr(module, name, value)
    found = [one for tree in trees for one in verify(tree, most=10_000)]
    assert ({f"{one.tag}.{one.field}" for one in found} & {where}) == ({where} if where else set())
    assert bool(found) == bool(where)


def test_another_way_to_choose_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice is made again from its candidates and draws."""
    tree = written(history_of(several_actors))
    monkeypatch.setattr(attempts, "take", lambda candidates, **_: attempts.Taken("C", True))
    assert {one.field for one in verify(tree, most=10_000)} == {"approach", "action", "explored"}


# What is reported.


def broken(*places: int) -> list[Event]:
    """Return a history in which the Q-values of some updates were changed."""
    events = list(history_of(successes))
    updates = [i for i, one in enumerate(events) if isinstance(one, QUpdated)]
    for place in places:
        i = updates[place]
        events[i] = replace(events[i], after=0.25, target=0.125)
    return events


def test_the_first_divergence_of_each_run_is_reported() -> None:
    """Of each run one divergence is reported, the one of the least seq, and all are counted."""
    files = MemoryFiles()
    tree = written(broken(1, 2), files)
    for places in ((), (0,)):
        written(broken(*places), files)
    first, second, third = tree.run_ids()
    found = verify(tree)
    assert [one.run for one in found] == [first, third]
    assert found.diverging == {first: 4, third: 2}
    assert [one.field for one in found] == ["target", "target"]
    assert found.runs == 3
    every = verify(tree, most=100)
    assert [one.field for one in every] == ["target", "after"] * 3
    assert all(a.seq <= b.seq for a, b in pairwise(every) if a.run == b.run)
    assert list(verify(tree, [second])) == []
    assert [one.run for one in verify(tree, [third, first])] == [third, first]


def test_a_divergence_reads_well_and_converts_to_json() -> None:
    """A divergence names the run, the record, the field and both values; long ones are cut in words, not in JSON."""
    found = verify(written(broken(0)))
    (one,) = found
    assert str(found) == str(one)
    assert str(one).startswith(f"{one.run}@{one.seq}: q_updated.target is 0.125, and the rules conclude ")
    assert json.loads(json.dumps(one.to_dict())) == one.to_dict()
    assert list(one.to_dict()) == ["run", "seq", "tag", "field", "recorded", "recomputed"]
    long = Divergence("r", 1, "t", "f", "x" * 9999, inf)
    assert len(str(long)) < 300
    assert (len(long.to_dict()["recorded"]), long.to_dict()["recomputed"]) == (9999, "inf")
    assert str(Verified()).startswith("the rules conclude what was recorded")


@pytest.mark.parametrize(
    "event",
    [
        example_of(QUpdated, reward=7.0),
        example_of(QUpdated, reward=0.5, visits=0),
        example_of(ExperienceAdded, reward=-1.0),
        example_of(TrajectoryEnded, gamma=1e300, step_rewards=[1.0] * 9),
        example_of(ValueUpdated, cause="td", alpha=None),
        example_of(AttemptMade, epsilon=1.0, draw=0.5, pick=-9.0),
        example_of(EpisodeEnded, status="failed", results=[]),
        example_of(PatternLearned, source=1, replays=None),
    ],
    ids=tag_of,
)
def test_numbers_that_no_rule_takes_are_divergences(event: Event) -> None:
    """What a rule refuses was not concluded by it: a finding, not a crash."""
    (found,) = verify(written([event]))
    assert str(found.recomputed).startswith("refused: ")
    assert json.loads(json.dumps(found.to_dict()))["recomputed"].startswith("refused: ")


def test_a_refusal_equals_no_text() -> None:
    """A recorded text that looks like a refusal is no agreement."""
    event = example_of(AttemptMade, epsilon=1.0, draw=0.5, pick=-9.0)
    (found,) = verify(written([event]))
    (again,) = verify(written([replace(event, state=str(found.recomputed))]))
    assert again.recorded == str(again.recomputed)


@pytest.mark.parametrize(
    "event", [example_of(ValueUpdated, cause="strengthen"), example_of(PatternLearned, source=None)]
)
def test_what_these_rules_do_not_have_is_not_judged(event: Event) -> None:
    """A cause that version 2 does not know, and a pattern that no replay left, conclude nothing here."""
    found = verify(written([event]))
    assert (list(found), found.events, found.values) == ([], 1, 0)


def test_a_limit_that_no_setting_says_leaves_the_content_alone() -> None:
    """Without the settings of the run, what depends on them is left out, and the rest is verified."""
    events = [one for one in history_of(by_hand) if isinstance(one, MemoryStored)]
    found = verify(written(events, config={}))
    assert (list(found), found.values) == ([], 2 * len(events))


def test_runs_of_other_rules_are_noted() -> None:
    """A run that was learned by another version of the rules is named, and not judged."""
    found = verify(written(broken(0), rules=1))
    assert (list(found), found.runs, found.events) == ([], 0, 0)
    assert [str(one) for one in found.notes] == [
        "run_20260106_120000: learned by rules version 1, and only version 2 is known here: not verified"
    ]
    assert found.notes[0].to_dict()["run"] == "run_20260106_120000"


def relined(events: Sequence[Event], edit: Callable[[bytes], bytes]) -> Tree:
    """Return a tree with one run, of which every record line was edited before it was chained."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "jotty_events.runs.writer.encode_records", lambda *given: [edit(line) for line in encode_records(*given)]
        )
        return written(events)


def test_events_that_this_version_does_not_know_are_noted() -> None:
    """Records of an unknown tag are counted in a note, and the others verified."""
    tree = relined(broken(0), lambda line: line.replace(b'"type":"goal_added"', b'"type":"goal_sung"'))
    found = verify(tree)
    assert len(found) == 1
    (note,) = found.notes
    assert note.message.endswith("of goal_sung cannot be read: not verified")


def test_a_run_whose_beginning_cannot_be_read_is_noted() -> None:
    """Without its first record nobody knows by which rules a run was learned."""
    tree = relined(broken(0), lambda line: line.replace(b'"type":"run_started"', b'"type":"run_begun"'))
    found = verify(tree)
    assert (list(found), found.runs) == ([], 0)
    assert "its first record cannot be read" in found.notes[0].message


def test_a_record_that_was_never_an_event_is_an_error() -> None:
    """A known tag with other fields is refused with its place: nobody can say what it means."""
    tree = relined(broken(0), lambda line: line.replace(b'"goal_id":"', b'"goal_number":"'))
    with pytest.raises(FormatError, match="record 3 cannot be read"):
        verify(tree)


def test_a_run_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A named run must exist; a folder without runs has nothing that diverges."""
    assert list(History(tmp_path).verify()) == []
    with pytest.raises(UnknownRun):
        History(tmp_path).verify(["run_20260106_120000"])


def test_deep_verification_says_that_it_is_to_come(tmp_path: Path) -> None:
    """Nobody takes the shallow answer for the deep one."""
    with pytest.raises(ConfigError) as caught:
        History(tmp_path).verify(deep=True)
    assert "deep" in caught.value.hint


# The command.


def test_the_command_says_what_was_verified(tmp_path: Path) -> None:
    """The command prints a sum for people and a document for scripts, and exits with 0."""
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
    found = History(tmp_path).verify()
    shown = CliRunner().invoke(main, ["verify", "--output", str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (
        0,
        f"verified:  {found.values} values of {found.events} events in 1 run\n",
    )
    document = json.loads(CliRunner().invoke(main, ["verify", "--output", str(tmp_path), "--json"]).stdout)
    assert document == {
        "verified": True,
        "runs": 1,
        "records": found.records,
        "events": found.events,
        "values": found.values,
        "diverging": 0,
        "divergences": [],
        "notes": [],
    }


def test_the_command_finds_a_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that changed since is shown with its first divergence, and the exit code is 1."""
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
    monkeypatch.setattr(q_learning, "PRIORITY_OFFSET", 0.5)
    shown = CliRunner().invoke(main, ["verify", "--output", str(tmp_path)])
    assert shown.exit_code == 1
    assert "experience_added.priority" in shown.stdout
    done = CliRunner().invoke(main, ["verify", "--output", str(tmp_path), "--json"])
    document = json.loads(done.stdout)
    assert (done.exit_code, document["verified"], document["diverging"]) == (1, False, 2)
    assert [one["field"] for one in document["divergences"]] == ["priority"]
