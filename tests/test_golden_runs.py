"""A run that was recorded once by each version of the rules: it follows by these rules, for ever.

A change of the rules that alters the numbers of old runs is found here. A golden run is never recorded again but for a
new version of the rules: `python tests/golden_runs.py VERSION` writes one that is not there.
"""

import platform
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from golden_runs import path_of
from packing import pack
from recording import plan
from test_verify import written

from jotty_events.events import EVENT_TYPES, Event, RunEnded, RunStarted, tag_of
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.replay import Replay, digests
from jotty_events.reading.verified import Divergence
from jotty_events.reading.verify import verify
from jotty_events.record import Record, decode_record, encode
from jotty_events.reenacting import deep
from jotty_events.rules import VERSIONS
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from projections import READ_MODELS

WRITTEN_BY_NOBODY = {"absorbed", "entry_imported", "imported", "redacted"}


def recorded(version: int) -> list[Event]:
    """Return the events of a golden run."""
    records = [decode_record(line) for line in Path(path_of(version)).read_bytes().splitlines()]
    return [one.event for one in records if isinstance(one, Record)]


def is_of_this_machine(events: list[Event]) -> bool:
    """Say whether powers and exponentials are to the last bit what they were: elsewhere they may not be."""
    return platform.system() == "Linux"


def near(divergence: Divergence) -> bool:
    """Say whether two numbers are the same but for their last bits."""
    values: tuple[Any, Any] = divergence.recorded, divergence.recomputed
    return all(isinstance(one, float) for one in values) and isclose(*values, rel_tol=1e-12)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_golden_run_follows_by_the_rules_of_its_version(version: int) -> None:
    """Every number of the run is concluded again, and every state that it read is there."""
    events = recorded(version)
    found = verify(written(events, rules=version), deep=deep, most=10_000)
    assert [one for one in found if is_of_this_machine(events) or not near(one)] == []
    assert found.notes == []
    assert found.records == len(events) > 200
    assert found.values > 1500


@pytest.mark.parametrize("version", VERSIONS)
def test_a_golden_run_follows_when_it_is_packed(version: int) -> None:
    """In segments, and in a pack, it is verified as it was in one piece: the same values, deeply, too."""
    events = recorded(version)
    tree = in_segments(events, version)
    (run,) = tree.run_ids()
    loose = {name: verify(tree, deep=one, most=10_000) for name, one in (("shallow", None), ("deep", deep))}
    pack(tree.files)
    packed = Tree(tree.files)
    assert {one.pack for one in packed.run(run).manifest.segments} != {None}
    assert len(packed.run(run).manifest.segments) > 3
    for name, one in (("shallow", None), ("deep", deep)):
        found = verify(packed, deep=one, most=10_000)
        assert (found, vars(found)) == (loose[name], vars(loose[name]))
        assert [each for each in found if is_of_this_machine(events) or not near(each)] == []


def in_segments(events: list[Event], version: int) -> Tree:
    """Return a tree with these events in one run of several segments."""
    (started, *rest), ended = events[:-1], events[-1]
    assert isinstance(started, RunStarted)
    assert isinstance(ended, RunEnded)
    files = MemoryFiles()
    writer = RunWriter.create(files, plan(config=started.config, rules=version, segment_bytes=16_384))
    for begin in range(0, len(rest), 20):
        writer.append(rest[begin : begin + 20])
    writer.close(ended)
    return Tree(files)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_golden_run_is_replayed_to_its_recorded_state(version: int) -> None:
    """The digests that the run ended with are those of its replay."""
    events = recorded(version)
    replay = Replay(READ_MODELS)
    for seq, event in enumerate(events[:-1], 1):
        replay.apply(Record(seq, seq, event))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert digests(READ_MODELS, replay.result.states) == ended.digests


@pytest.mark.parametrize("version", VERSIONS)
def test_a_golden_run_is_written_as_it_was(version: int) -> None:
    """Encoding what was decoded gives the same bytes."""
    lines = Path(path_of(version)).read_bytes().splitlines()
    assert [encode(decode_record(line)) for line in lines] == lines
    started = recorded(version)[0]
    assert isinstance(started, RunStarted)
    assert started.rules == version


def test_golden_runs_hold_every_kind_of_event() -> None:
    """What any learner writes stands in one of the golden runs."""
    kinds = {tag_of(event) for version in VERSIONS for event in recorded(version)}
    assert kinds == {tag_of(kind) for kind in EVENT_TYPES} - WRITTEN_BY_NOBODY
