"""Refold: what was observed is learned again; by the same rules it comes out as it was (law L9)."""

import json
import shutil
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from golden_runs import path_of
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from recorded_runs import SCENARIOS, Scenario, answers, at_odds
from recording import plan, remanifest
from stage import START, actor, bytes_below, conductor, events, of_type, scripted_entropy, ticking

from jotty_events import Conductor, History, Outcome, Task
from jotty_events.cli import main
from jotty_events.errors import ConfigError, FormatError, PointError, UnknownKey, UnknownRules, UnknownRun
from jotty_events.events import (
    AttemptMade,
    EpisodeStarted,
    Event,
    ExperienceAdded,
    Learned,
    MemoryRepeated,
    MemoryStored,
    QUpdated,
    RunEnded,
    RunStarted,
    ValueUpdated,
    tag_of,
)
from jotty_events.log.manifest import Parent
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.check import check
from jotty_events.reading.replay import Replay, digests
from jotty_events.reading.verify import verify
from jotty_events.record import Record, decode_record
from jotty_events.reenacting import deep
from jotty_events.relearning.beginning import Means
from jotty_events.relearning.changes import Changes, changes
from jotty_events.relearning.refold import Refold
from jotty_events.relearning.refolded import Refolded
from jotty_events.relearning.relearner import Relearner
from jotty_events.rules import VERSIONS
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from projections import READ_MODELS

LATER = START + 1_000_000.0


def refold(tree: Tree, point: Point, found: Changes | None = None, *, commit: bool = False) -> Refolded:
    """Refold with a scripted clock."""
    means = Means(ticking(LATER), scripted_entropy("refold"), "test")
    learned = Refold(tree, READ_MODELS, found or Changes(), means)
    return learned.commit(point) if commit else learned.state(point)


def end_of(live: Conductor) -> tuple[Tree, Point]:
    """Close a conductor, and return where its run ended."""
    session = live._session
    assert session.writer is not None
    live.close()
    return session._tree, Point(session.writer.run, session.writer.mark.seq)


def replayed(tree: Tree, point: Point) -> dict[str, str]:
    """Return the digests of a replay."""
    replay = Replay(READ_MODELS)
    replay.run(tree.lineage(point).records())
    return digests(READ_MODELS, replay.result.states)


# Law L9.


@pytest.mark.parametrize("rules", VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_is_learned_again_is_what_was_learned(scenario: Scenario, rules: int) -> None:
    """By the rules and settings of each run, with nothing left out, the state is the same to the last bit."""
    tree, point = end_of(scenario(rules))
    found = refold(tree, point)
    assert found.digests() == replayed(tree, point)
    assert found.skipped == {}
    assert found.left_out == 0
    assert found.learned > 10


@pytest.mark.parametrize("rules", VERSIONS)
def test_a_golden_run_is_learned_again_as_it_was(rules: int) -> None:
    """Runs that were recorded long ago come out as they did."""
    tree = golden(rules)
    point = tree.resolve("latest")
    found = refold(tree, point)
    assert found.skipped == {}
    assert found.digests() == replayed(tree, point)


def golden(rules: int) -> Tree:
    """Return a golden run with its events in commits: those of one time are one call."""
    records = [decode_record(line) for line in path_of(rules).read_bytes().splitlines()]
    recorded = [one.event for one in records if isinstance(one, Record)]
    started, ended = recorded[0], recorded[-1]
    assert isinstance(started, RunStarted)
    assert isinstance(ended, RunEnded)
    writer = RunWriter.create((tree := Tree(MemoryFiles())).files, plan(config=started.config, rules=rules))
    for _, commit in groupby(timed(recorded[1:-1]), key=lambda one: one[0]):
        writer.append([event for _, event in commit])
    writer.close(ended)
    return tree


def timed(found: Sequence[Event]) -> list[tuple[float, Event]]:
    """Return events with their times; one that has none goes with the one before."""
    now, timed = 0.0, []
    for event in found:
        now = getattr(event, "now", now)
        timed.append((now, event))
    return timed


CALLS: dict[str, Callable[[Conductor, int], object]] = {
    "episode": lambda live, n: live.run_sync(f"Count refunds {n % 2}", domain="refunds"),
    "store": lambda live, n: live.shared_memory.store(f"content {n}", "semantic", {}, f"goal {n}", 0.9),
    "again": lambda live, n: live.shared_memory.store("content 0", "semantic", {}, f"goal {n}", n / 4),
    "own": lambda live, n: live.local_memories["analyst"].store(f"own {n}", "procedural", {"entities": ["e"]}, "g"),
    "retrieve": lambda live, n: live.shared_memory.retrieve(f"content {n}", "goal 1", budget_tokens=20),
    "protect": lambda live, n: live.shared_memory.protect_high_value(n / 4),
    "consolidate": lambda live, n: live.shared_memory.consolidate(),
    "step": lambda live, n: live.q_predictor.add_experience(f"s {n}", f"a {n % 2}", n / 4, f"s {n + 1}"),
    "update": lambda live, n: live.q_predictor.update_q_value(f"s {n}", "a 0", n / 4, done=True),
    "replay": lambda live, n: live.q_predictor.experience_replay(n + 1),
    "tiers": lambda live, n: live.q_predictor.promote_demote(n / 4),
    "experience": lambda live, n: live.brain.store_experience({"action": f"act {n}"}, n / 4),
    "sleep": lambda live, n: live.brain.trigger_consolidation(),
    "link": lambda live, n: live.shared_memory.add_causal_link(f"cause {n % 2}", "effect", evidence=f"e {n}"),
    "goal": lambda live, n: live.shared_memory.score_goal(f"goal {n}", n % 2 == 0),
}


def give_value(live: Conductor, n: int) -> None:
    for entry in live.shared_memory.memories["semantic"].entries()[:1]:
        live.shared_memory.set_goal_value(entry, f"goal {n}", n / 4)


def walk(live: Conductor, n: int) -> None:
    live.td_learner.start_episode(f"goal {n}")
    for entry in live.shared_memory.memories["semantic"].entries()[: n + 1]:
        live.td_learner.record_access(entry, n / 8)
    live.td_learner.end_episode(n / 4, success=n > 2)


CALLS |= {"value": give_value, "trajectory": walk}


@examples(max_examples=15)
@given(
    st.sampled_from(VERSIONS),
    st.lists(st.tuples(st.sampled_from(sorted(CALLS)), st.integers(0, 4)), min_size=1, max_size=14),
)
def test_whatever_is_done_is_learned_again_as_it_was(rules: int, calls: list[tuple[str, int]]) -> None:
    """L9 for any calls in any order, with hardly any room; and what was learned again verifies deeply."""
    small: dict[str, Any] = {
        "semantic_capacity": 3,
        "max_experience_buffer": 3,
        "max_hippocampus_size": 3,
        "consolidation_interval": 2,
    }
    live = conductor(None, actor(at_odds), rules_version=rules, seed=3, **small)
    for name, n in calls:
        CALLS[name](live, n)
    tree, point = end_of(live)
    found = refold(tree, point)
    assert found.digests() == replayed(tree, point)
    assert found.skipped == {}


@pytest.mark.parametrize(
    ("rules", "asked"), [(None, {"alpha": 0.2, "gamma": 0.5}), (None, {"semantic_capacity": 1}), (1, {})]
)
def test_what_is_learned_again_follows_by_the_rules_it_is_learned_by(rules: int | None, asked: dict[str, Any]) -> None:
    """The log of a refold verifies, beside its states as well, whatever was changed."""
    tree, point = end_of(next(one for one in SCENARIOS if one.__name__ == "everything")(2))
    found = refold(tree, point, changes(tree, rules, [], [], asked), commit=True)
    assert list(verify(tree, found.runs, deep=deep, most=5)) == []
    assert list(check(tree)) == []
    assert found.digests() == refold(tree, point, changes(tree, rules, [], [], asked)).digests()


# What is different.


def test_another_alpha_moves_values_by_its_own_steps() -> None:
    """Two rewards of 1.0 with alpha 0.2: 0.5, 0.6, 0.68; what was recorded with 0.6 was 0.92."""
    live = conductor()
    for _ in range(2):
        live.q_predictor.add_experience("a state", "an action", 1.0, done=True)
    assert live.q_predictor.get_q_value("a state", "an action") == pytest.approx(0.92)
    tree, point = end_of(live)
    found = refold(tree, point, changes(tree, None, [], [], {"alpha": 0.2}))
    entry = found.q_table["a state", "an action"]
    assert entry.value == pytest.approx(0.68)
    assert entry.visits == 2


def fails_first(task: Task) -> Outcome:
    """Fail with approach A, succeed with B; say how."""
    good = task.approach != "A"
    return Outcome(success=good, reward=1.0 if good else 0.0, error=None if good else "no such column")


VANDAL = actor(lambda _: Outcome(False, 0.0, "poison"), "vandal", approaches=["burn"])


def three_runs(folder: Path, *, bad: bool) -> Path:
    """Record a good run, one that is poisoned if asked for, and another good one; each at its own time."""
    days = {0: "Count P2P transactions", 1: "Drop all refunds", 2: "Sum P2P transactions"}
    for day, goal in days.items():
        if day == 1 and not bad:
            continue
        agent = actor(fails_first) if day != 1 else VANDAL
        with conductor(
            folder, agent, clock=ticking(START + day * 3600.0), domain=f"day {day % 2}", durability="os"
        ) as live:
            live.run_sync(goal)
            live.run_sync(f"{goal} again")
            if day == 1:
                live.shared_memory.store("all refunds are fraud", "semantic", {}, goal, 1.0)
                live.q_predictor.add_experience("a vandal's state", "burn", 1.0, done=True)
    return folder


def test_without_a_bad_run_it_is_as_if_that_run_had_never_been(tmp_path: Path) -> None:
    """A poisoned run in the middle: without it, the state is that of a history that was recorded without it."""
    history = History(three_runs(tmp_path / "bad", bad=True))
    bad = history.runs()[1].run
    assert history.at().memory["shared"]["semantic"]
    found = history.refold("latest", without=[bad])
    assert found.digests() == History(three_runs(tmp_path / "good", bad=False)).at().digests()
    assert found.digests() != history.at().digests()
    assert found.left_out > 0
    assert ("a vandal's state", "burn") in history.at().q_table
    assert ("a vandal's state", "burn") not in found.q_table


def test_an_attempt_that_is_left_out_teaches_nothing(tmp_path: Path) -> None:
    """The failed attempt is left out: no memory, no value, no experience of it, and one attempt less."""
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
        seq = next(one.seq for one in kept(tmp_path) if isinstance(one.event, AttemptMade) and not one.event.success)
    found = History(tmp_path).refold("latest", without=[f"{live.run_id}@{seq}"])
    assert [one.attempts for one in found.episodes.entries()] == [1]
    assert len(found.q_table) == 1
    assert [one.outcome for one in found.memory["shared"].entries()] == ["success"]
    assert len(found.brain.hippocampus) == 1


def kept(folder: Path) -> list[Record]:
    """Return all records that lead to the latest point."""
    return [one.record for one in History(folder).records() if isinstance(one.record, Record)]


def test_the_start_of_an_episode_stands_for_all_of_it(tmp_path: Path) -> None:
    """An episode is left out as a whole, and those after it count on without it."""
    with conductor(tmp_path) as live:
        for goal in ("one", "two", "three"):
            live.run_sync(goal)
    starts = [one.seq for one in kept(tmp_path) if isinstance(one.event, EpisodeStarted)]
    found = History(tmp_path).refold("latest", without=[f"{live.run_id}@{starts[1]}"])
    assert [(one.episode, one.goal) for one in found.episodes.entries()] == [(1, "one"), (2, "three")]
    assert "two" not in {entry.goal for entry in found.goals["shared"].entries()}


def test_what_came_again_is_stored_where_the_first_time_is_left_out(tmp_path: Path) -> None:
    """Known content that came a second time is new content without the first."""
    with conductor(tmp_path) as live:
        for goal in ("one", "two"):
            live.shared_memory.store("the same", "semantic", {"n": goal}, goal, 0.75)
    first = next(one.seq for one in kept(tmp_path) if isinstance(one.event, MemoryStored))
    assert of_type(events(tmp_path), MemoryRepeated)
    found = History(tmp_path).refold("latest", without=[f"{live.run_id}@{first}"])
    (entry,) = found.memory["shared"].entries()
    assert (entry.content, entry.context, entry.access_count) == ("the same", {"n": "two"}, 0)
    assert (entry.value("two"), entry.goal_values.get("one")) == (0.75, None)


def test_a_part_of_what_an_attempt_taught_stands_for_that_part(tmp_path: Path) -> None:
    """A Q-update that is left out leaves out the step, and nothing else of the attempt."""
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
    updates = [one.seq for one in kept(tmp_path) if isinstance(one.event, QUpdated)]
    found = History(tmp_path).refold("latest", without=[Point(str(live.run_id), seq) for seq in updates])
    assert len(found.q_table) == found.q_table.buffered == 0
    assert len(found.memory["shared"].entries()) == len(live.shared_memory)


def test_a_pattern_goes_with_the_episodes_that_showed_it(tmp_path: Path) -> None:
    """What a model found in episodes is not there without them, though its answer was recorded."""
    with conductor(tmp_path, model=answers, min_cluster_size=2) as live:
        for i in range(3):
            live.shared_memory.store(f"count the rows of table {i}", "episodic", {}, "goal", 0.9)
        live.shared_memory.consolidate()
    history = History(tmp_path)
    assert len(history.at().memory["shared"]["semantic"]) == 1
    seqs = [one.seq for one in kept(tmp_path) if isinstance(one.event, MemoryStored) and one.event.level == "episodic"]
    found = history.refold("latest", without=[f"{live.run_id}@{seq}" for seq in seqs[:2]])
    assert len(found.memory["shared"]["semantic"]) == 0
    assert len(history.refold("latest").memory["shared"]["semantic"]) == 1


def test_what_refers_to_what_is_not_there_is_skipped_and_counted(tmp_path: Path) -> None:
    """A value for an entry, evidence for a link and the impact of an experience have no place without these."""
    with conductor(tmp_path) as live:
        shared = live.shared_memory
        entry = shared.store("content", "semantic", {}, "goal")
        assert entry is not None
        shared.set_goal_value(entry, "goal", 0.25)
        shared.update_causal_confidence(shared.add_causal_link("rain", "wet"), True)
        live.brain.store_experience({"action": "go"}, 1.0)
        live.brain.set_causal_impact(0, 0.5)
        live.td_learner.start_episode("goal")
        live.td_learner.record_access(entry)
        live.td_learner.end_episode(1.0)
    first = {str(one.event.__struct_config__.tag): one.seq for one in reversed(kept(tmp_path))}
    out = [f"{live.run_id}@{first[tag]}" for tag in ("memory_stored", "causal_linked", "experience_encoded")]
    found = History(tmp_path).refold("latest", without=out)
    assert found.skipped == {
        "a memory that was used on the way is not there": 1,
        "causal_linked: the causal link is not there": 1,
        "impact_assigned: the experience is not there": 1,
        "trajectory_ended: nothing that the trajectory used is there": 1,
        "value_updated: the memory is not there": 1,
    }
    assert found.left_out == 3
    assert not found.memory["shared"].entries()
    assert "5 that could not be learned from" in str(found)


def test_only_what_some_agents_did_counts(tmp_path: Path) -> None:
    """Other agents' attempts are left out, with their tasks and what they remember."""
    with conductor(tmp_path, actor(name="first"), actor(at_odds, name="second")) as live:
        live.run_sync("a goal")
    found = History(tmp_path).refold("latest", only=["first"])
    assert set(found.memory) <= {"shared", "first"}
    assert list(found.todos) == ["first"]
    assert {one.agent for one in found.memory["shared"].entries()} == {"first"}
    assert [one.attempts for one in found.episodes.entries()] == [2]


def test_rules_can_be_others(tmp_path: Path) -> None:
    """By rules of version 1 states have no goal in their texts, as the original had none."""
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
    history = History(tmp_path)
    assert history.refold("latest", rules=2).digests() == history.at().digests()
    assert {one.state for one in history.refold("latest", rules=1).q_table.entries()} != {
        one.state for one in history.at().q_table.entries()
    }


# Written as a branch.


def test_a_committed_refold_leaves_the_original_as_it_is(tmp_path: Path) -> None:
    """No byte of any run is changed; the branch begins behind what stays, and says where all of it was observed."""
    history = History(three_runs(tmp_path, bad=True))
    before = bytes_below(tmp_path)
    first, bad, last = (one.run for one in history.runs())
    found = history.refold("latest", without=[bad], commit=True)
    after = bytes_below(tmp_path)
    assert {path: after[path] for path in before if not path.startswith("latest")} == {
        path: data for path, data in before.items() if not path.startswith("latest")
    }
    (made,) = found.runs
    assert history.point().run == made
    parent = history.tree.run(made).parent
    assert parent is not None
    assert (parent.run, found.point) == (first, history.point())
    assert found.digests() == history.at().digests() == history.refold(last, without=[bad]).digests()
    learned = [one.record.event for one in history.records(after=parent.seq) if isinstance(one.record, Record)]
    origins = [one.origin for one in learned if isinstance(one, Learned | AttemptMade)]
    assert {getattr(one, "run", None) for one in origins} == {last}
    assert list(history.verify(deep=True)) == []
    assert list(history.check()) == []


def test_the_next_run_continues_the_repaired_line(tmp_path: Path) -> None:
    """What was left out on purpose is not absorbed again."""
    history = History(three_runs(tmp_path, bad=True))
    without = changes(history.tree, None, [history.runs()[1].run], [], {})
    found = refold(history.tree, history.point(), without, commit=True)
    with conductor(tmp_path, actor(fails_first), clock=ticking(LATER + 3600.0)) as live:
        assert live.start == found.point
        assert ("a vandal's state", "burn") not in live.state.q_table
    assert History(tmp_path).absorb() is None


def test_a_refold_that_stops_half_way_never_becomes_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there of it by then is a draft: nobody continues it or absorbs it, and it can be made anew."""
    history = History(three_runs(tmp_path, bad=True))
    latest, learned = history.point(), Relearner.take
    written: list[str] = []

    def dies(relearner: Relearner, *commit: Any) -> None:
        if relearner._session._tree is history.tree:
            written.append(relearner._session.run or "")
            if len(set(written)) == 2:
                raise KeyboardInterrupt
        learned(relearner, *commit)

    with monkeypatch.context() as patched:
        patched.setattr(Relearner, "take", dies)
        with pytest.raises(KeyboardInterrupt):
            history.refold("latest", alpha=0.3, commit=True)
    assert len(history.runs()) == 5
    assert history.point() == latest
    assert (tmp_path / "latest").readlink().name == latest.run
    assert history.absorb() is None
    assert history.refold("latest", alpha=0.3, commit=True).point == history.point() != latest
    assert list(history.check()) == []


def test_what_is_learned_while_somebody_refolds_comes_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins meanwhile continues the old line: the repaired one is latest, and absorbs only what is new."""
    history = History(three_runs(tmp_path, bad=True))
    bad, learned = history.runs()[1].run, Relearner.take
    meanwhile: list[Conductor] = []

    def take(relearner: Relearner, *commit: Any) -> None:
        if relearner._session._tree is history.tree and not meanwhile:
            meanwhile.append(conductor(tmp_path, actor(fails_first), clock=ticking(LATER + 10 * 365 * 86400.0)))
            meanwhile[0].run_sync("meanwhile")
            meanwhile[0].close()
        learned(relearner, *commit)

    found = changes(history.tree, None, [bad], [], {})
    with monkeypatch.context() as patched:
        patched.setattr(Relearner, "take", take)
        made = refold(history.tree, history.point(), found, commit=True)
    assert made.point == history.point()
    assert made.digests() == history.at().digests()
    with conductor(tmp_path, clock=ticking(LATER + 20 * 365 * 86400.0)) as later:
        assert later.start == made.point
    goals = [one.goal for one in events(tmp_path) if isinstance(one, EpisodeStarted)]
    assert sorted(goals) == sorted(set(goals))
    assert [one for one in goals if "Drop" in one or one == "meanwhile"] == ["meanwhile"]


def test_a_refold_is_no_branch(tmp_path: Path) -> None:
    """Who goes back to the original does not learn it twice."""
    history = History(three_runs(tmp_path, bad=False))
    original = history.point()
    refold(history.tree, original, changes(history.tree, None, [], [], {"alpha": 0.3}), commit=True)
    writer = RunWriter.create(history.tree.files, plan(parent=history.tree.parent(original)))
    writer.close()
    assert history.point().run == writer.run
    assert history.absorb() is None


def test_a_refold_of_an_experiment_is_one(tmp_path: Path) -> None:
    """Neither it nor the link for people ever becomes latest."""
    with conductor(tmp_path) as live:
        live.run_sync("a goal")
    with conductor(tmp_path, experiment=True, clock=ticking(START + 3600.0)) as aside:
        aside.run_sync("another goal")
    history = History(tmp_path)
    assert history.refold(str(aside.run_id), alpha=0.3, commit=True).point is not None
    assert history.point().run == live.run_id
    assert (tmp_path / "latest").readlink().name != history.runs()[-1].run


def test_a_refold_can_be_refolded(tmp_path: Path) -> None:
    """What was learned again is learned again as it was, and still says where it was observed first."""
    history = History(three_runs(tmp_path, bad=True))
    found = history.refold("latest", without=[history.runs()[1].run], alpha=0.3, commit=True)
    again = history.refold("latest", commit=True)
    assert again.digests() == found.digests()
    runs = {one.origin.run for one in events(tmp_path) if isinstance(one, ExperienceAdded) and one.origin}
    assert runs.isdisjoint(found.runs)


@pytest.mark.parametrize(
    "tag", ["trajectory_ended", "memory_stored", "experience_added", "goal_scored", "wake_counted"]
)
def test_what_one_refold_left_out_does_not_come_back_with_the_next(tag: str, tmp_path: Path) -> None:
    """Law L9 of a refold: without one event, and learned again as it is, the state is the same."""
    history = History(three_runs(tmp_path, bad=False))
    run, before = history.point().run, history.at().digests()
    named = (kept.record for kept in history.records() if kept.run == run and isinstance(kept.record, Record))
    seq = next(one.seq for one in named if tag_of(one.event) == tag)
    made = history.refold("latest", without=[f"{run}@{seq}"], commit=True)
    assert made.digests() != before
    assert history.refold("latest").digests() == made.digests()


# Bad input.


@pytest.fixture
def recorded(tmp_path: Path) -> History:
    with conductor(tmp_path) as live:
        live.run_sync("Count P2P transactions")
    return History(tmp_path)


def test_what_is_no_parameter_is_refused_with_the_nearest_one(recorded: History) -> None:
    """Only what learning follows from can be changed."""
    with pytest.raises(ConfigError, match="alpha"):
        recorded.refold("latest", alhpa=0.2)
    for wrong in ({"output_base_dir": "elsewhere"}, {"alpha": 7.0}, {"rules": 3}, {"rules_version": 1}):
        with pytest.raises(ConfigError):
            recorded.refold("latest", **wrong)


def test_what_is_to_be_left_out_must_be_there(recorded: History) -> None:
    """A run that is not in the history, or not in the lineage, a record beyond the end, and what names no run."""
    run = recorded.runs()[0].run
    forked = recorded.fork(f"{run}#1")
    for wrong, error in (
        ("run_20200101_000000", UnknownRun),
        (f"{run}@99999", PointError),
        ("latest", PointError),
        (f"{run}~1", PointError),
        ("nonsense", PointError),
        (forked.run, PointError),
    ):
        with pytest.raises(error):
            recorded.refold(run, without=[wrong])
    with pytest.raises(ConfigError):
        recorded.refold(run, without=run)


def test_an_agent_that_never_took_part_is_refused(recorded: History) -> None:
    """A misspelt name is no reason to forget everything, least of all on disk."""
    point = recorded.point()
    with pytest.raises(UnknownKey, match="no agent analist") as refused:
        recorded.refold("latest", only=["analist", "analyst"], commit=True)
    assert refused.value.hint
    assert recorded.point() == point
    assert recorded.refold("latest", only=["analyst"]).left_out == 0


def test_a_point_inside_a_commit_is_refused(recorded: History) -> None:
    """Half of what an attempt taught cannot be learned; at the end of any commit the state is the same."""
    run, end = recorded.point().run, recorded.point().seq
    ends = {one.last for _, one in recorded.tree.lineage(recorded.point()).ends()}
    for seq in range(1, end + 1, 7):
        point = f"{run}@{seq}"
        if seq in ends:
            assert recorded.refold(point).digests() == recorded.at(point).digests()
        else:
            with pytest.raises(PointError, match="inside a commit"):
                recorded.refold(point)


def test_what_the_rules_refuse_half_way_is_named_with_its_place(recorded: History) -> None:
    """A level that holds nothing takes no memory of an attempt: by rules of version 1 that is an error."""
    with pytest.raises(ConfigError, match="cannot be learned again here") as refused:
        recorded.refold("latest", rules=1, episodic_capacity=0)
    assert "without" in refused.value.hint


@pytest.mark.parametrize("off", ["persist_memories", "persist_q_tables", "persist_brain_state", "persist_todos"])
def test_runs_that_leave_something_out_of_the_log_are_learned_again(off: str, tmp_path: Path) -> None:
    """L9 for what is in the log, over two runs that wrote only a part of what they learned."""
    settings: dict[str, Any] = {off: False, "durability": "os"}
    for day in range(2):
        with conductor(tmp_path, actor(at_odds), clock=ticking(START + day * 3600.0), **settings) as live:
            live.run_sync("a goal")
    found = History(tmp_path).refold("latest")
    assert found.digests() == History(tmp_path).at().digests()


def test_a_packed_history_is_learned_again(tmp_path: Path) -> None:
    """L9 over runs of different settings whose records lie in packs."""
    for day in range(3):
        at = ticking(START + day * 3600.0)
        with conductor(tmp_path, actor(at_odds), clock=at, durability="os", alpha=0.1 + 0.2 * day, epsilon=0.5) as live:
            live.run_sync("a goal")
    history = History(tmp_path)
    history.pack()
    assert history.refold("latest").digests() == history.at().digests()


def test_a_run_of_unknown_rules_is_named(tmp_path: Path) -> None:
    """Nobody knows what its observations would teach; without it the rest can be learned again."""
    files = MemoryFiles()
    writer = RunWriter.create(files, plan(rules=7))
    writer.close()
    tree = Tree(files)
    with pytest.raises(UnknownRules, match=writer.run):
        refold(tree, tree.resolve("latest"))


def test_parents_that_are_missing_or_go_in_circles_are_typed_errors(recorded: History, tmp_path: Path) -> None:
    """A lineage that cannot be read cannot be learned again."""
    parent = recorded.runs()[0].run
    with conductor(tmp_path) as live:
        live.run_sync("Get P2P count")
    child = str(live.run_id)
    shutil.move(tmp_path / parent, tmp_path / "aside")
    with pytest.raises(UnknownRun):
        History(tmp_path).refold(child)
    shutil.move(tmp_path / "aside", tmp_path / parent)
    history = History(tmp_path)
    found = history.tree.run(child).parent
    assert found is not None
    remanifest(history.tree.files, parent, parent=Parent(child, 0, found.head))
    with pytest.raises(FormatError):
        History(tmp_path).refold(child)


# The command.


def command(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["refold", *arguments])


def test_the_command_says_what_was_learned_again(recorded: History) -> None:
    """Words for people, a document for scripts, nothing written without --commit."""
    where = recorded.tree.files.describe("")
    before = bytes_below(Path(where))
    told = command("--output", where, "--set", "alpha=0.2")
    assert told.exit_code == 0
    assert "nothing was written" in told.output
    assert f"what would be known at {recorded.point()}" in told.output
    document = json.loads(command("--output", where, "--set", "alpha=0.2", "--json").output)
    assert document["digests"] == recorded.refold("latest", alpha=0.2).digests()
    assert (document["runs"], document["point"], document["skipped"]) == ([], None, {})
    assert bytes_below(Path(where)) == before


def test_the_command_writes_a_branch(recorded: History) -> None:
    """With --commit the new runs are named, and latest is their end."""
    where = recorded.tree.files.describe("")
    document = json.loads(command("latest", "--output", where, "--rules", "1", "--commit", "--json").output)
    assert document["point"] == {"run": recorded.point().run, "seq": recorded.point().seq}
    assert document["runs"] == [recorded.point().run]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--set", "alpha"], 2),
        (["--set", "rules=1"], 2),
        (["--set", "alpha=nine"], 1),
        (["--set", "nothing=1"], 1),
        (["--without", "run_20200101_000000"], 1),
        (["--without", "no run"], 2),
        (["--rules", "9"], 1),
    ],
)
def test_the_command_refuses_with_a_hint(recorded: History, arguments: list[str], code: int) -> None:
    """Bad usage is 2, what is not there is 1."""
    told = command("--output", recorded.tree.files.describe(""), *arguments)
    assert told.exit_code == code
    assert "hint:" in told.output


def test_values_that_were_carried_over_are_learned_again(tmp_path: Path) -> None:
    """Transfers to related goals follow from the values of here."""
    with conductor(tmp_path, actor(at_odds), goal_transfer_weight=0.7) as live:
        for goal in ("Count refunds", "Count all refunds", "Sum refunds", "Count refunds"):
            live.run_sync(goal, domain="refunds")
    assert any(one.cause == "transfer" for one in of_type(events(tmp_path), ValueUpdated))
    history = History(tmp_path)
    found = history.refold("latest", goal_transfer_weight=0.0, commit=True)
    after = [one.record.event for one in history.records(after=0) if isinstance(one.record, Record)]
    assert {one.weight for one in of_type(after, ValueUpdated) if one.cause == "transfer"} == {0.0}
    assert found.skipped == {}
