"""Verifying: the rules conclude from each event what was recorded in it, and whatever was changed is found."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import md5
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from generators import example_of
from msgspec.structs import fields as struct_fields
from msgspec.structs import replace
from planting import changed
from recorded_runs import SCENARIOS, Scenario, by_hand, history_of, several_actors, successes
from recording import plan
from stage import actor, bytes_below, conductor

from jotty_events import History, Outcome, Task
from jotty_events.cli import main
from jotty_events.config import JottyConfig
from jotty_events.errors import FormatError, UnknownRun
from jotty_events.events import (
    EVENT_TYPES,
    AlphaAdapted,
    AttemptMade,
    CausalLinked,
    EntryImported,
    EpisodeEnded,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    GoalScored,
    MemoriesRetrieved,
    MemoryRenamed,
    MemoryStored,
    ModelAnswered,
    PatternLearned,
    PatternReinforced,
    QUpdated,
    RunEnded,
    RunStarted,
    TrajectoryEnded,
    ValueUpdated,
    fields_in,
    tag_of,
)
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.conclusions import CONCLUSIONS, Settings
from jotty_events.reading.verify import Divergence, Verified, verify
from jotty_events.record import Record, encode_records
from jotty_events.reenacting.reenactment import REENACTED
from jotty_events.rules import VERSIONS, attempts
from jotty_events.rules.brain import patterns as brain
from jotty_events.rules.memory import causal
from jotty_events.rules.memory import entries as memory
from jotty_events.rules.q import learning as q_learning
from jotty_events.rules.q import lessons
from jotty_events.rules.td import td_lambda
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter

Planted = tuple[type[Event], str]


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)
def test_every_conclusion_is_verified(kind: type[Event]) -> None:
    """A concluded field follows from its event alone, or from the state before it; what was read, from that state.

    An entry that was imported is an observation, though it has a number here.
    """
    shallow = CONCLUSIONS[kind].fields if kind in CONCLUSIONS else ()
    assert set(shallow) <= set(fields_in(kind, "concluded"))
    left = {*fields_in(kind, "concluded"), *fields_in(kind, "read")} - set(shallow)
    assert not left or kind in REENACTED or kind is EntryImported


@pytest.mark.parametrize("kind", CONCLUSIONS, ids=tag_of)
def test_implied_fields_are_in_other_groups(kind: type[Event]) -> None:
    """What is verified besides was observed or read, so that nothing is claimed twice."""
    names = kind.__struct_fields__
    assert not set(CONCLUSIONS[kind].implied) & set(fields_in(kind, "concluded"))
    assert set(CONCLUSIONS[kind].implied) <= set(names)


# Histories that conductors recorded.


WRITTEN_BY_NO_AGENT: tuple[Event, ...] = (
    example_of(ModelAnswered, failure=None, used=True),
    example_of(ModelAnswered, failure="timed_out", used=False),
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
    example_of(GoalScored, goal="", goal_id=md5(b"").hexdigest(), success=None, success_rate=10.1),
    example_of(
        MemoryRenamed,
        domain="a:b",
        task_type="t",
        named_by="0123456789abcdef0123",
        key="a%3Ab:t:0123456789abcdef",
        reason="migrated",
        now=2.0,
        last_accessed=2.0,
    ),
    example_of(MemoriesRetrieved, relevances=[1.0, 0.5], values=[0.5, 0.0], scores=[0.85, 0.35]),
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
    ended = next((one for one in events if isinstance(one, RunEnded)), None)
    writer.append([one for one in events if not isinstance(one, RunStarted | RunEnded)])
    writer.close(ended)
    return tree


@pytest.mark.parametrize("rules", VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_a_conductor_records_is_what_the_rules_conclude(scenario: Scenario, rules: int) -> None:
    """Nothing diverges in what was recorded, and every learning event of it was looked at."""
    events = history_of(scenario, rules)
    found = verify(written(events, rules=rules))
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
        settings = Settings(events[0].config if isinstance(events[0], RunStarted) else JottyConfig().to_json())
        for i, event in enumerate(events):
            if type(event) is kind and field in CONCLUSIONS[kind].conclude(event, settings):
                found.append((events, i))
    assert found, f"no scenario concludes {tag_of(kind)}.{field}"
    return next((one for one in found if getattr(one[0][one[1]], field) is not None), found[0])


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
    planted[i] = replace(events[i], **{field: changed(kind, field, recorded)})
    (found,) = verify(written(planted))
    seq = i + 1 + (not isinstance(events[0], RunStarted))
    blamed = BLAMED.get((kind, field), name_in_the_log(kind, field))
    assert (found.seq, found.tag, found.field) == (seq, tag_of(kind), blamed)
    if blamed == field and field not in ("content_length", "content_hash"):
        assert (found.recorded, found.recomputed) == (changed(kind, field, recorded), recorded)


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
        if found:
            break
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
    assert list(one.to_dict()) == ["run", "seq", "tag", "field", "recorded", "recomputed", "basis"]
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
    assert (list(found), found.values) == ([], 3 * len(events))


def test_runs_of_other_rules_are_noted() -> None:
    """A run that was learned by another version of the rules is named, and not judged."""
    found = verify(written(broken(0), rules=max(VERSIONS) + 1))
    assert (list(found), found.runs, found.events) == ([], 0, 0)
    assert [str(one) for one in found.notes] == [
        "run_20260106_120000: learned by rules version 3, and versions 1 and 2 are known here: not verified"
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
        "deep": False,
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
