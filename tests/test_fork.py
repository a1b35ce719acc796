"""Forks: runs that start at an earlier point, cost nothing, and are continued by conductors."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from by_hand import q, write
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import pack
from recording import scripted_entropy, seqs, tree_bytes
from stage import START, conductor, events, of_type, ticking

from jotty_events import Conductor, History, LearningMode
from jotty_events.errors import PointError, UnknownRun, WriteFailed
from jotty_events.events import RunEnded, RunStarted
from jotty_events.log.files import DiskFiles
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import Record
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.verbs.fork import MODE, STATUS, Forked, Moment, fork

RUN = "run_20260106_120000"
NEXT = "run_20260106_120001"


def made(files: MemoryFiles, point: str, *, experiment: bool = False) -> Forked:
    """Fork at a fixed time."""
    tree = Tree(files)
    moment = Moment(ticking(START), scripted_entropy("fork"), "test")
    return fork(tree, tree.resolve(point), moment, experiment=experiment)


def root() -> MemoryFiles:
    """Return a run of 6 records: its start, a commit of two, one of two, its end."""
    files = MemoryFiles()
    write(files, [[q(0.9), q(0.8)], [q(0.7), q(0.6)]])
    return files


def learn(folder: Path, goals: list[str], at: float, **more: Any) -> Conductor:
    """Run goals in a run of their own, at a time that is given, and close it."""
    with conductor(folder, clock=ticking(at), **{"seed": 7, "epsilon": 0.5, **more}) as live:
        for goal in goals:
            live.run_sync(goal)
    return live


# What a fork is.


def test_a_fork_is_a_start_and_an_end(tmp_path: Path) -> None:
    """It says where it starts, and nothing is copied; what it leaves stays as it was, byte for byte."""
    files = root()
    before = tree_bytes(files)
    forked = made(files, f"{RUN}@3")
    assert forked == Forked(NEXT, Point(RUN, 3), False)
    after = tree_bytes(files)
    assert {path for path in after if path not in before} == {
        f"{NEXT}/LOCK",
        f"{NEXT}/run.json",
        f"{NEXT}/events/000000000004.jsonl",
    }
    assert {path: after[path] for path in before} == before
    assert seqs(files) == [1, 2, 3, 4, 5]
    first, last = (one.record for one in History(files=files).records(NEXT, 3))
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    started, ended = first.event, last.event
    assert isinstance(started, RunStarted)
    assert isinstance(ended, RunEnded)
    assert (ended.status, ended.digests) == (STATUS, {})
    assert (started.parent_run, started.parent_seq, started.mode, started.experiment) == (RUN, 3, MODE, False)
    assert str(forked) == f"{NEXT} starts at {RUN}@3"


def test_a_fork_has_the_state_of_its_point() -> None:
    """What was learned after the point is not there; it still is in the run that was left."""
    files = root()
    forked = made(files, f"{RUN}@3")
    history = History(files=files)
    assert history.at(forked.run).digests() == history.at(f"{RUN}@3").digests()
    assert history.at().q_table["s", "go"].value == 0.8
    assert history.at(RUN).q_table["s", "go"].value == 0.6
    assert history.point("latest~1") == Point(RUN, 3)


def test_a_fork_is_sound() -> None:
    """Checks and verification find nothing, packed as well; the run is no live one and did not die."""
    files = root()
    made(files, f"{RUN}@3")
    made(files, "latest", experiment=True)
    history = History(files=files)
    assert history.check() == []
    assert history.check().notes == []
    pack(files)
    assert History(files=files).check() == []
    assert [run.manifest.ended is not None for run in history.runs()] == [True] * 3


def test_forks_of_forks_and_of_parents() -> None:
    """A fork is a run like any other: it can be forked at its end, and any point of its lineage too."""
    files = root()
    first = made(files, f"{RUN}@5")
    second = made(files, first.run)
    third = made(files, f"{second.run}@3")
    assert [second.start, third.start] == [Point(first.run, 7), Point(RUN, 3)]
    assert seqs(files, second.run) == list(range(1, 10))
    assert seqs(files) == [1, 2, 3, 4, 5]


def test_a_fork_starts_where_a_commit_ends() -> None:
    """Inside a commit there is no start; the hint names the ends of this commit and of the one before."""
    files = root()
    before = tree_bytes(files)
    for inside, ends in ((2, (3, 1)), (4, (5, 3))):
        with pytest.raises(PointError, match="inside a commit") as caught:
            made(files, f"{RUN}@{inside}")
        assert caught.value.hint == f"the commit ends at {RUN}@{ends[0]}, the one before at {RUN}@{ends[1]}"
    with pytest.raises(PointError):
        made(files, f"{RUN}@7")
    with pytest.raises(UnknownRun):
        made(files, "run_19990101_000000")
    assert tree_bytes(files) == before


def test_a_disk_that_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hinders writing is a typed error, and no run is left that could be read."""
    learn(tmp_path, ["g"], START)

    def refuse(self: DiskFiles, path: str) -> Any:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(DiskFiles, "create", refuse)
    with pytest.raises(WriteFailed):
        History(tmp_path).fork()
    assert len(History(tmp_path).runs()) == 1


# Experiments.


def test_a_fork_is_latest_and_an_experiment_is_not() -> None:
    """The next run continues from a fork, unless that is an experiment."""
    files = root()
    tree = Tree(files)
    tried = made(files, f"{RUN}@3", experiment=True)
    assert (tried.experiment, tree.resolve("latest").run) == (True, RUN)
    assert str(tried).endswith("as an experiment")
    forked = made(files, f"{RUN}@3")
    assert tree.resolve("latest").run == forked.run


def test_what_continues_an_experiment_is_one() -> None:
    """A fork of an experiment, or of anything that came of it, never becomes latest either."""
    files = root()
    tried = made(files, f"{RUN}@3", experiment=True)
    again = made(files, tried.run)
    assert again.experiment
    assert made(files, f"{again.run}@3").experiment is False
    assert Tree(files).run(again.run).manifest.experiment


def test_a_conductor_continues_an_experiment_as_one(tmp_path: Path) -> None:
    """Started from an experiment a run is one, unless the settings say otherwise."""
    learn(tmp_path, ["g"], START)
    history = History(tmp_path)
    tried = history.fork(experiment=True)
    main = history.point().run
    quiet = learn(tmp_path, ["g2"], START, start_from=tried.run)
    assert history.point().run == main
    assert of_type(events(tmp_path, str(quiet.run_id)), RunStarted)[-1].experiment
    loud = learn(tmp_path, ["g3"], START, start_from=str(quiet.run_id), experiment=False)
    assert history.point().run == loud.run_id
    assert [one.goal for one in history.at().episodes.entries()] == ["g", "g2", "g3"]


# Continuing.


@pytest.mark.parametrize("mode", list(LearningMode))
def test_a_fork_is_continued_in_every_mode(tmp_path: Path, mode: LearningMode) -> None:
    """`start_from` takes the id of a fork: on disk, in memory, and without learning anything."""
    learn(tmp_path, ["g", "g2"], START)
    history = History(tmp_path)
    run = history.point().run
    forked = history.fork(f"{run}#1", experiment=True)
    with conductor(tmp_path, start_from=forked.run, learning_mode=mode) as live:
        assert live.start == history.point(forked.run)
        assert live.state.digests() == history.at(f"{run}#1").digests()
        assert live.run_sync("g3").episode == 2
    assert history.check() == []
    assert history.verify(deep=True) == []


def test_the_next_run_continues_a_fork_unasked(tmp_path: Path) -> None:
    """After a fork the next run starts from it, without a warning: what was left was left on purpose."""
    learn(tmp_path, ["g", "g2"], START)
    history = History(tmp_path)
    forked = history.fork(f"{history.point().run}#1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live = learn(tmp_path, ["g3"], START)
    assert live.start == history.point(forked.run)
    assert [one.goal for one in history.at().episodes.entries()] == ["g", "g3"]


def test_a_run_that_is_written_can_be_forked(tmp_path: Path) -> None:
    """A live run is forked at what it has on disk, and goes on undisturbed."""
    history = History(tmp_path)
    with conductor(tmp_path) as live:
        live.run_sync("g")
        forked = history.fork(str(live.run_id), experiment=True)
        assert forked.start.seq == history.point(str(live.run_id)).seq
        live.run_sync("g2")
    assert [one.goal for one in history.at(forked.run).episodes.entries()] == ["g"]
    assert [one.goal for one in history.at().episodes.entries()] == ["g", "g2"]
    assert history.check() == []


def learned(history: History, point: str) -> dict[str, str]:
    """Return the digests at a point, but for that of the episodes, which say in which run they were."""
    return {name: digest for name, digest in history.at(point).digests().items() if name != "episodes"}


GOALS = st.lists(st.sampled_from(["count rows", "count all rows", "sum amounts", "g"]), min_size=1, max_size=3)


@settings(max_examples=8)
@given(GOALS, GOALS, st.integers(0, 2**53), st.sampled_from([1, 2]))
def test_the_same_inputs_after_a_fork_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str], seed: int, rules: int
) -> None:
    """A run that is repeated from a fork, with its clock and seed, learns what it learned, to the last bit."""
    folder = tmp_path_factory.mktemp("forked")
    settings: dict[str, Any] = {"seed": seed, "rules_version": rules}
    first = learn(folder, before, START, **settings)
    original = learn(folder, after, START + 1000, **settings)
    history = History(folder)
    forked = history.fork(str(first.run_id))
    again = learn(folder, after, START + 1000, start_from=forked.run, **settings)
    assert learned(history, str(again.run_id)) == learned(history, str(original.run_id))
    assert kinds(folder, again) == kinds(folder, original)
    assert told(history, again) == told(history, original)


def kinds(folder: Path, live: Conductor) -> list[str]:
    """Return the types of the events that lead to a run's end, but for the starts and ends of runs."""
    return [
        type(one).__name__ for one in events(folder, str(live.run_id)) if not isinstance(one, RunStarted | RunEnded)
    ]


def told(history: History, live: Conductor) -> list[tuple[Any, ...]]:
    """Return the episodes that lead to a run's end, without the runs that they were in."""
    return [
        (one.episode, one.goal, one.status, one.reward, one.attempts, one.started, one.ended)
        for one in history.at(str(live.run_id)).episodes.entries()
    ]
