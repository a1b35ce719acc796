"""Impact: what later events took up of what an event left, each with the reason."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from by_hand import history, stored, write
from generators import Log, example_of, learning_logs
from hypothesis import given, settings
from msgspec import UNSET
from msgspec.structs import replace
from packing import pack
from stage import START, actor, analyst, conductor, ticking
from test_cli import ACTIVE, HOSTILE, STYLES, TERMINAL, jotty, read

from jotty_events import History
from jotty_events.errors import PointError, UnknownKey
from jotty_events.events import (
    EVENT_TYPES,
    AttemptMade,
    Candidate,
    Event,
    ExperienceEncoded,
    MemoryEvicted,
    MemoryRenamed,
    MemoryStored,
    Origin,
    PatternLearned,
    QPruned,
    QUpdated,
    Recalled,
    ValueUpdated,
)
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.verbs.impacts.impact import Impact
from jotty_events.verbs.impacts.things import GONE, LEAVES, READS

RUN = "run_20260106_120000"
NOTHING: dict[str, Any] = {"episode": None, "actor": None, "attempt": None, "origin": None}


def learned(nth: int, **fields: Any) -> QUpdated:
    """Return an update of a Q-value that nothing else has to do with, but for what is given."""
    alone = {
        "before_nth": None,
        "next_nth": None,
        "experience": None,
        "lesson": None,
        "state": "s",
        "action": f"a{nth}",
    }
    return example_of(QUpdated, **{**NOTHING, **alone, "nth": nth, "after": 0.5, **fields})


def attempt(**fields: Any) -> AttemptMade:
    alone = {
        "memories": [],
        "lessons": [],
        "candidates": [],
        "episode": 1,
        "actor": "ann",
        "attempt": 1,
        "approach": "go",
    }
    return replace(example_of(AttemptMade, **{**alone, **fields}), origin=UNSET)


def told(found: Impact) -> list[tuple[int, str, str, int]]:
    """Return the effects: seq, type, the first word of the reason, and the seq of the cause."""
    return [(one.cause.seq, one.cause.type, one.reason.split()[0], one.because.seq) for one in found]


# By hand.


def test_what_read_a_value_is_found() -> None:
    """An update that began with the value, one that looked ahead to it, and what is built on these; others are not."""
    made = history(
        [learned(0)],
        [learned(1)],
        [learned(2, before_nth=0), learned(3, next_nth=0), learned(4, before_nth=1)],
        [learned(5, before_nth=2), learned(0, before_nth=0)],
    )
    found = made.impact(f"{RUN}@2")
    assert told(found) == [
        (4, "q_updated", "began", 2),
        (5, "q_updated", "took", 2),
        (7, "q_updated", "began", 4),
        (8, "q_updated", "moved", 2),
    ]
    assert [one.depth for one in found] == [1, 1, 2, 1]
    assert [one.thing for one in found] == [("q", 0), ("q", 0), ("q", 2), ("q", 0)]
    assert found.of.type == "q_updated"
    assert told(made.impact(3)) == [(6, "q_updated", "began", 3)]
    assert told(made.impact(8)) == []
    assert [one.cause.seq for one in made.impact(2, depth=1)] == [4, 5, 8]
    assert [one.cause.seq for one in made.impact(2, f"{RUN}@5")] == [4, 5]


def test_an_attempt_whose_context_held_a_memory_and_what_it_taught() -> None:
    """A memory leads to the attempts that were told it, and these to all that was learned from them."""
    recalled = Recalled(owner="shared", level="semantic", key="k", value=0.9)
    context = {"episode": 1, "actor": "ann", "attempt": 1}
    made = history(
        [stored("k", 0)],
        [attempt(memories=[recalled], read_at=2), learned(0, **context)],
        [attempt(attempt=2, read_at=4), learned(1, **{**context, "attempt": 2})],
    )
    assert told(made.impact(2)) == [(3, "attempt_made", "had", 2), (4, "q_updated", "was", 3)]
    assert made.impact(2).effects[0].reason == "had the memory in its context, worth 0.900"


def test_an_attempt_that_was_told_before_is_not_counted() -> None:
    """What was stored while an agent worked was not in its prompt, though the attempt is recorded later."""
    recalled = Recalled(owner="shared", level="semantic", key="k", value=0.9)
    made = history([stored("k", 0)], [stored("k", 0)], [attempt(memories=[recalled], read_at=2)])
    assert told(made.impact(3)) == []
    assert told(made.impact(2)) == [(4, "attempt_made", "had", 2)]


def test_lessons_and_candidates_lead_to_attempts() -> None:
    """What an attempt was taught, what it took, and what it passed over because of its value."""
    seen = [Candidate(approach="go", q=0.5, nth=0, tried=False), Candidate(approach="stay", q=0.1, nth=1, tried=False)]
    made = history(
        [learned(0, lesson="look")],
        [learned(1)],
        [attempt(lessons=["look"], read_at=3)],
        [attempt(candidates=seen, read_at=4)],
    )
    assert [(one.cause.seq, one.reason) for one in made.impact(2)] == [
        (4, "had the lesson in its context"),
        (5, "took go, whose Q was read as 0.500"),
    ]
    assert [one.reason for one in made.impact(3)] == ["passed over stay, whose Q was read as 0.100"]


def valued(goal: str, **fields: Any) -> ValueUpdated:
    alone = {"owner": "shared", "level": "semantic", "key": "k", "source_goal": None, "before_from": "goal", "nth": 0}
    same = {"default_before": 0.5, "default_after": 0.5}
    return example_of(ValueUpdated, goal=goal, **{**NOTHING, **alone, **same, **fields})


def test_a_transfer_is_followed_to_the_related_goal() -> None:
    """A value for one goal leads to what was carried over from it; another goal's own update is none of it."""
    made = history([stored("k", 0)], [valued("g")], [valued("h", source_goal="g"), valued("x")], [valued("h")])
    assert told(made.impact(3)) == [(4, "value_updated", "carried", 3), (6, "value_updated", "moved", 4)]


def test_a_memory_is_followed_under_its_new_key_and_not_beyond_its_end() -> None:
    """Renamed it is still the same; let go it is followed no more, even if one of the same key comes later."""
    names = {"owner": "shared", "level": "semantic"}
    renamed = example_of(MemoryRenamed, **NOTHING, **names, former="k", key="new", goal_values=[])
    new, gone = Recalled(**names, key="new", value=0.5), example_of(MemoryEvicted, **NOTHING, **names, key="k")
    made = history(
        [stored("k", 0)],
        [replace(gone, reason="renamed", key="k"), renamed, attempt(memories=[new], read_at=4)],
        [replace(gone, reason="capacity", key="new")],
        [stored("new", 1), stored("k", 2)],
        [attempt(memories=[new, Recalled(**names, key="k", value=0.5)], read_at=8, attempt=2)],
    )
    assert told(made.impact(2)) == [
        (3, "memory_evicted", "let", 2),
        (4, "memory_renamed", "gave", 2),
        (5, "attempt_made", "had", 4),
        (6, "memory_evicted", "let", 4),
    ]


def test_an_entry_that_was_pruned_is_followed_no_more() -> None:
    """The event that took it away is the last of its effects."""
    pruned = example_of(QPruned, **NOTHING, nth=0, state="s", action="a0")
    made = history([learned(0)], [pruned], [learned(0)], [learned(1, before_nth=0)])
    assert told(made.impact(2)) == [(3, "q_pruned", "let", 2)]


def test_an_experience_leads_to_patterns_and_they_to_what_is_less_new() -> None:
    """The brain's things are followed by their numbers."""
    made = history(
        [example_of(ExperienceEncoded, **NOTHING, nearest=None, nth=5)],
        [
            example_of(PatternLearned, **NOTHING, source=5, nth=7),
            example_of(PatternLearned, **NOTHING, source=4, nth=8),
        ],
        [example_of(ExperienceEncoded, **NOTHING, nearest=7, nth=6)],
    )
    assert told(made.impact(2)) == [(3, "pattern_learned", "drew", 2), (5, "experience_encoded", "was", 3)]


def test_what_was_learned_again_elsewhere_is_an_effect() -> None:
    """An event whose origin is one that is followed was learned again from it."""
    again = {**NOTHING, "origin": Origin(run=RUN, seq=2)}
    made = history([learned(0)], [learned(1, **again), learned(2, before_nth=1)])
    assert told(made.impact(2)) == [(3, "q_updated", "was", 2), (4, "q_updated", "began", 3)]


def test_an_event_of_an_earlier_run_is_followed_through_its_children() -> None:
    """An event in the latest line is followed to its end; one on another branch to the end of that."""
    files = MemoryFiles()
    root = write(files, [[learned(0)]])
    side = write(files, [[learned(1, before_nth=0)], [learned(2, before_nth=1)]], f"{root}@2", experiment=True)
    child = write(files, [[learned(3, before_nth=0)]], root)
    made = History(files=files)
    assert [(one.cause.run, one.cause.seq) for one in made.impact(f"{root}@2")] == [(child, 5)]
    assert [(one.cause.run, one.cause.seq) for one in made.impact(f"{root}@2", side)] == [(side, 4), (side, 5)]
    assert [one.cause.seq for one in made.impact(f"{side}@4")] == [5]
    with pytest.raises(UnknownKey, match="not in that line"):
        made.impact(f"{side}@4", child)


@pytest.mark.parametrize(
    "event", ["99", 0, "wat", "run_19990101_000000@1"], ids=["beyond", "before", "nonsense", "run"]
)
def test_events_that_are_not_there_are_refused(event: str | int) -> None:
    """A seq beyond the end, a run that is not there, nonsense: typed errors, with hints."""
    with pytest.raises(PointError) as caught:
        history([learned(0)]).impact(event)
    assert caught.value.hint


# Properties.


def test_whatever_is_left_or_read_is_a_field() -> None:
    """The tables of things fit the events: each can be asked of an example of its type, and names things by tuples."""
    for kind in EVENT_TYPES:
        event: Event = example_of(kind)
        for thing, reason in READS[kind](event) if kind in READS else ():
            assert isinstance(thing, tuple)
            assert reason
        for table in (LEAVES, GONE):
            assert all(isinstance(thing, tuple) for thing in (table[kind](event) if kind in table else ()))
    assert set(GONE) | set(LEAVES) | set(READS) <= set(EVENT_TYPES)


@settings(max_examples=10)
@given(learning_logs(max_events=20))
def test_effects_follow_their_causes(log: Log) -> None:
    """Over any log, from any event: effects come after what caused them, and each cause is an effect or the event."""
    files = MemoryFiles()
    root = write(files, log)
    made = History(files=files)
    for seq in range(1, made.point().seq + 1, 5):
        found = made.impact(seq)
        known = {seq}
        for one in found:
            assert one.because.seq in known
            assert one.because.seq < one.cause.seq
            known.add(one.cause.seq)
        assert len(known) == len(found) + 1
        assert json.loads(json.dumps(found.to_dict()))["of"]["run"] == root
    before = made.impact(2).to_dict() if made.point().seq > 1 else None
    pack(files)
    assert before is None or History(files=files).impact(2).to_dict() == before


# The command.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("learned")
    for turn in range(2):
        with conductor(made, actor(), clock=ticking(START + 60 * turn)) as live:
            live.run_sync(f"Count P2P {turn}")
    return made


def test_a_bad_memory_leads_to_what_was_learned_under_it(folder: Path) -> None:
    """Of what a conductor learned: a memory of the first run is found in the prompt of the second."""
    made = History(folder)
    first = next(one for one in made.records() if isinstance(getattr(one.record, "event", None), MemoryStored))
    found = made.impact(f"{first.run}@{first.record.seq}")
    attempts = [one for one in found if one.cause.type == "attempt_made"]
    assert attempts[-1].cause.run != first.run
    later = {one.cause.type for one in found if one.cause.seq > attempts[-1].cause.seq}
    assert "q_updated" in later


def test_the_command_tells_people_and_scripts(folder: Path) -> None:
    """`impact` prints each event with the reason; `--json` is the whole of it."""
    done = jotty("impact", "9", "--output", folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "had the memory in its context" in done.stdout
    assert "later events, up to run_20260106_120100@" in done.stdout.splitlines()[-1]
    assert read("impact", f"{RUN}@9", "latest", "--depth", "2", "--output", folder) == json.loads(
        json.dumps(History(folder).impact(9, depth=2).to_dict())
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["latest"], 2),
        (["wat"], 2),
        (["9", "wat"], 2),
        (["9", "--depth", "0"], 2),
        (["99999"], 1),
        (["run_19990101_000000@3"], 1),
    ],
    ids=["none", "point", "nonsense", "malformed", "depth", "beyond", "unknown run"],
)
def test_the_command_fails_as_all_do(arguments: Sequence[str], code: int, folder: Path) -> None:
    """Bad usage is 2, an event that is not there 1."""
    done = jotty("impact", *arguments, "--output", folder)
    assert done.exit_code == code
    assert "hint:" in done.stderr


def test_hostile_texts_stay_text_on_the_terminal(tmp_path: Path) -> None:
    """What an agent said of its failure is printed, and does nothing."""
    failing = actor(lambda task: analyst(task) if task.approach == "B" else (_ for _ in ()).throw(LookupError(HOSTILE)))
    with conductor(tmp_path, failing) as live:
        live.run_sync(f"Count {HOSTILE}")
    for env in ({}, TERMINAL):
        for event in ("9", "14", "8"):
            assert not ACTIVE.search(STYLES.sub("", jotty("impact", event, "--output", tmp_path, env=env).output))
