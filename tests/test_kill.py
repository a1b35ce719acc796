"""Killed with -9 at random moments, a writer loses nothing that it acknowledged, and the next one continues from it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from killed_writer import MESSAGE
from recording import FIRST_RUN, MODES, SAFETY, checked, ends, seqs, write

from jotty_events import AgentConfig, Conductor, History, JottyConfig, Outcome
from jotty_events.errors import PointError
from jotty_events.log.files import DiskFiles, Files
from jotty_events.runs.tree import Tree

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

WRITERS = 61
"""Kills of writers in each durability mode."""
CONDUCTORS = 24
LIARS = 12
SEED = 20260106

Ack = tuple[str, ...]


class Nursery:
    """A process that forks writers and kills them."""

    def __init__(self, *arguments: str) -> None:
        program = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("killed_writer.py")), *arguments]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill(self, folder: Path, what: str, after: int) -> list[Ack]:
        """Kill a writer after it said `after` bytes; return what it had acknowledged."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"folder": str(folder), "what": what, "after": after}), file=self._process.stdin, flush=True)
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        lines = told["said"].split("\n")
        assert [line for line in lines if line.startswith("error")] == []
        assert told["killed"]
        # What the kill cut off in the middle of saying was never heard.
        return [tuple(line.split()[1:]) for line in lines[:-1] if line.startswith("ack")]

    def close(self) -> None:
        """Let it end."""
        self._process.communicate(timeout=SAFETY)
        assert self._process.returncode == 0


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One process that can write runs."""
    found = Nursery()
    yield found
    found.close()


def moments(random: Random, kills: int) -> list[int]:
    """Return after how many bytes each kill comes: some while a run begins, most while it is appended to."""
    begins, goes_on = range(17 * MESSAGE), range(17 * MESSAGE, 120 * MESSAGE)
    return [random.choice(random.choice((begins, goes_on, goes_on))) for _ in range(kills)]


def ends_after(files: Files, seq: int) -> list[int]:
    """Return the last seqs of the commits behind a seq in the line of `latest`, none where no run is."""
    tree = Tree(files)
    if tree.latest() is None:
        return []
    return [commit.last for _, commit in tree.lineage(tree.resolve("latest")).commits(seq)]


def lost_in(nursery: Nursery, folder: Path, what: str, kills: int) -> list[str]:
    """Kill writers of one folder one after another, each continuing the run before; return what was lost."""
    files = DiskFiles(folder)
    lost = []
    found: list[int] = []
    for number, after in enumerate(moments(Random(f"{SEED} {what}"), kills)):
        acknowledged = [int(seq) for (seq,) in nursery.kill(folder, what, after)]
        new = ends_after(files, found[-1] if found else 0)
        if not set(acknowledged) <= set(new):
            lost.append(f"kill {number} after {after} bytes: {acknowledged} of {new}")
        found += new
    assert ends(files) == found
    assert seqs(files) == list(range(1, found[-1] + 1))
    return lost


@pytest.mark.parametrize("what", [mode.value for mode in MODES])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(nursery: Nursery, tmp_path: Path, what: str) -> None:
    """In every durability mode, while runs begin, append and rotate; each run continues the killed one before it."""
    files = DiskFiles(tmp_path)
    assert lost_in(nursery, tmp_path, what, WRITERS) == []
    assert checked(files) == []
    spans = Tree(files).lineage(Tree(files).resolve("latest")).spans
    assert len(spans) > WRITERS / 3
    assert any(len(span.run.segments) > 1 for span in spans)
    run = write(files, (2,), "latest")
    assert seqs(files, run) == list(range(1, spans[-1].upto + 5))


def test_a_writer_that_acknowledges_too_early_is_found_out(nursery: Nursery, tmp_path: Path) -> None:
    """The same kills of a writer that says so before it writes lose something, so that nothing lost means something."""
    assert lost_in(nursery, tmp_path, "liar", LIARS) != []


def episodes(folder: Path) -> dict[int, str]:
    """Return the runs of the episodes that have ended, by number."""
    try:
        found = History(folder).at("latest").episodes
    except PointError:
        return {}
    return {number: one.run for number, one in found.items() if one.success is not None}


def test_a_killed_conductor_loses_no_episode_that_it_acknowledged(tmp_path: Path) -> None:
    """An episode whose `run` returned is there after the kill, and the next conductor learns on from it."""
    nursery = Nursery("conductor")
    random = Random(f"{SEED} conductor")
    acknowledged: dict[int, str] = {}
    for _ in range(CONDUCTORS):
        for run, number in nursery.kill(tmp_path, "conductor", random.randrange(14 * MESSAGE)):
            assert int(number) not in acknowledged
            acknowledged[int(number)] = run
        assert acknowledged.items() <= episodes(tmp_path).items()
    assert History(tmp_path).check() == []
    nursery.close()
    require_continued(tmp_path, max(acknowledged))


def require_continued(folder: Path, last: int) -> None:
    """See that a conductor knows what the killed ones learned: it tries what worked, and counts on."""
    actor = AgentConfig(name="analyst", agent=lambda task: Outcome(success=task.approach == "B"), approaches=["A", "B"])
    before = History(folder).point()
    with Conductor([actor], JottyConfig(output_base_dir=folder)) as conductor:
        result = conductor.run_sync("goal 1")
    assert conductor.start == before
    assert (result.episode > last, result.attempts[0].approach) == (True, "B")
    assert History(folder).check() == []
    assert str(result.run_id) > FIRST_RUN
