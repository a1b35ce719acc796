"""The load generator: the same seed gives the same bytes, and what it makes up is sound history."""

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from jotty_events import History
from jotty_events.events import Event, ExperienceAdded, ExperienceEvicted, QUpdated
from jotty_events.log.files import DiskFiles
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import Record
from jotty_events.rules.words.similarity import similar
from tools import generate
from tools.loads.environments import Training, train
from tools.loads.synthetic import Load, Table, synthesize


def made(load: Load) -> tuple[MemoryFiles, list[str]]:
    files = MemoryFiles()
    return files, synthesize(files, load)


def events_of(history: History) -> list[Event]:
    return [kept.record.event for kept in history.records() if isinstance(kept.record, Record)]


def log_of(files: MemoryFiles, run: str) -> bytes:
    return b"".join(files.read(f"{run}/events/{name}") for name in files.names(f"{run}/events"))


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """A load is a function of its numbers."""
    load = Load(events=200, keys=9, agents=2, runs=2, forks=1, seed=5, whole=True, buffer=4)
    (files, runs), (again, same) = made(load), made(load)
    assert runs == same
    assert [log_of(files, run) for run in runs] == [log_of(again, run) for run in runs]
    other, others = made(Load(**{**vars(load), "seed": 6}))
    assert [log_of(files, run) for run in runs] != [log_of(other, run) for run in others]


@pytest.mark.parametrize("whole", [False, True], ids=["updates", "steps"])
def test_a_made_up_history_is_sound_in_bytes_and_in_meaning(whole: bool) -> None:
    """Neither check nor verify finds anything in it, and each event concludes what the rules would."""
    files, _ = made(Load(events=300, keys=20, agents=3, runs=3, forks=2, seed=1, whole=whole, buffer=5))
    history = History(files=files)
    assert list(history.check()) == []
    verified = history.verify()
    assert (list(verified), verified.runs) == ([], 5)


def test_a_load_has_the_events_keys_agents_runs_and_forks_that_were_asked_for() -> None:
    """The numbers of a load are those of its history; forks are experiments, and latest is the last run."""
    files, runs = made(Load(events=600, keys=30, agents=4, runs=3, forks=2, seed=2, batch=7))
    history = History(files=files)
    assert [run.manifest.run for run in history.runs()] == runs
    assert sum(run.manifest.experiment for run in history.runs()) == 2
    updates = [event for event in events_of(history) if isinstance(event, QUpdated)]
    assert len(updates) == 600 // 5 * 3
    table = history.at().q_table
    assert (len(table), len({update.actor for update in updates})) == (30, 4)
    assert sum(entry.visits for entry in table.values()) == len(updates)


def test_a_full_buffer_lets_experiences_go() -> None:
    """In whole steps the buffer of the table stays at its capacity."""
    files, _ = made(Load(events=120, keys=5, whole=True, buffer=6))
    history = History(files=files)
    kinds = list(map(type, events_of(history)))
    assert kinds.count(ExperienceAdded) - kinds.count(ExperienceEvicted) == 6 == history.at().q_table.buffered


def test_no_two_states_of_a_load_are_similar() -> None:
    """What one key learned is never taken for another's."""
    table = Table(Load(events=1, keys=60, agents=2))
    states = sorted({table.texts(key)[0] for key in range(60)})
    assert len(states) == 20
    assert not any(similar(one, other) for one in states for other in states if one != other)


def test_training_logs_every_step(tmp_path: Path) -> None:
    """A training on FrozenLake leaves a sound log with an update per step, twice the same for a seed."""
    pytest.importorskip("gymnasium")
    training = Training("frozen-lake", episodes=3, seed=1)
    done, again = train(tmp_path / "one", training), train(tmp_path / "two", training)
    assert (done.run, done.steps) == (again.run, again.steps)
    history = History(tmp_path / "one")
    kinds = list(map(type, events_of(history)))
    assert kinds.count(QUpdated) == done.steps > 0
    assert list(history.verify()) == []
    assert history.at().digests() == History(tmp_path / "two").at().digests()


def test_without_gymnasium_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing Gymnasium is told with the extra that brings it, before anything is written."""
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(click.UsageError, match="bench"):
        train(tmp_path / "out", Training())
    assert not (tmp_path / "out").exists()


def test_the_command_line_makes_a_history(tmp_path: Path) -> None:
    """`synthetic` writes below the folder it was given, and says how much."""
    command = ["synthetic", "--output", str(tmp_path), "--events", "40", "--keys", "3", "--runs", "2", "--whole"]
    done = CliRunner().invoke(generate.main, command)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("2 runs, about 40 events")
    assert len(DiskFiles(tmp_path).names("")) == 3
