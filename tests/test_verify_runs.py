"""Verifying many runs: parents and forks, by one process or by several, and what happens where a record is gone."""

import pickle
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from click.testing import CliRunner
from packing import pack
from recording import forge, redact
from stage import actor, conductor

from jotty_events import Conductor, History, Outcome, Task
from jotty_events.cli import main
from jotty_events.errors import ConfigError, Corruption, FormatError, JottyError, UnknownRun, WriteFailed
from jotty_events.events import MemoryStored
from jotty_events.log.files import DiskFiles
from jotty_events.reading import verify as verifying
from jotty_events.reading.verified import Verified
from jotty_events.rules import VERSIONS
from projections import Q_TABLE, ReadModel
from projections.rows import Rows

GOALS = ("Count P2P transactions", "Get P2P count", "Count refunds")


def learned(folder: Path, *goals: str, **settings: Any) -> str:
    """Learn in a run of its own; return its id."""
    with conductor(folder, **settings) as live:
        for goal in goals:
            live.run_sync(goal)
        assert live.run_id is not None
        return live.run_id


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Record a root, its child, two forks of the root inside and at its end, a grandchild, and another root."""
    root = learned(tmp_path, *GOALS)
    learned(tmp_path, GOALS[0])
    fork = learned(tmp_path, GOALS[1], start_from=f"{root}#1", experiment=True)
    learned(tmp_path, GOALS[2], start_from=f"{root}#2", experiment=True)
    learned(tmp_path, GOALS[1], start_from=fork, experiment=True)
    learned(tmp_path, GOALS[0], auto_load_on_start=False, experiment=True, rules_version=1)
    return tmp_path


def test_every_run_of_a_tree_is_verified_beside_its_own_state(tree: Path) -> None:
    """Children and forks begin with the state of their parent's point, and nobody changes another's."""
    found = History(tree).verify(deep=True)
    assert (list(found), found.notes, found.runs) == ([], [], 6)
    assert found.values > History(tree).verify().values


def test_a_fork_is_verified_without_the_others(tree: Path) -> None:
    """Only the ancestors of what is wanted are replayed, and only what is wanted is judged."""
    history = History(tree)
    runs = [one.run for one in history.runs()]
    told: list[str] = []
    found = history.verify([runs[4], runs[2]], told.append, deep=True)
    assert (list(found), found.runs, told) == ([], 2, [runs[4], runs[2]])
    both = sum(one.records for one in (history.verify([run], deep=True) for run in (runs[4], runs[2])))
    assert found.records == both


@pytest.fixture
def changed(tree: Path) -> Path:
    """Change a value in the root, so that the root and all that builds on it are at odds."""
    files = DiskFiles(tree)
    run = History(tree).runs()[-1].run
    forge(files, run, lambda line: line.replace(b'"visits":1,', b'"visits":2,') if b"q_updated" in line else line)
    return tree


@pytest.mark.parametrize("deep", [False, True])
def test_the_number_of_workers_changes_nothing(changed: Path, deep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found, noted, counted and told is the same, whoever does the work."""
    monkeypatch.setattr(verifying, "SMALL", 0)
    history = History(changed)
    told: list[list[str]] = []
    found: list[Verified] = []
    for workers in (1, 2):
        told.append([])
        found.append(history.verify(None, told[-1].append, deep=deep, most=3, workers=workers))
    one, other = found
    assert one == other
    assert len(one) > 0
    assert vars(one) == vars(other)
    assert told[0] == told[1] == [run.run for run in history.runs()]


def test_work_is_shared_by_segments_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of many segments is verified by stretches: the same records, each once."""
    learned(tmp_path, *GOALS, segment_bytes=4096)
    (run,) = History(tmp_path).runs()
    assert len(run.segments) > 3
    whole = sum(len(commit.lines) for commit in run.commits())
    monkeypatch.setattr(verifying, "SMALL", 0)
    found = [History(tmp_path).verify(workers=workers) for workers in (1, 2)]
    assert [(one.records, one.runs, list(one)) for one in found] == [(whole, 1, [])] * 2


@pytest.mark.parametrize("deep", [False, True])
def test_packing_changes_nothing_of_what_is_found(changed: Path, deep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are packed are verified as before, by one process or by several, and what diverged is found again."""
    monkeypatch.setattr(verifying, "SMALL", 0)
    loose = History(changed).verify(deep=deep, most=3)
    assert len(loose) > 0
    pack(DiskFiles(changed))
    assert all(one.pack for run in History(changed).runs() for one in run.manifest.segments)
    for workers in (1, 2):
        packed = History(changed).verify(deep=deep, most=3, workers=workers)
        assert (packed, vars(packed)) == (loose, vars(loose))


def test_what_cannot_be_sent_stays_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A projection that no other process can be given is verified by this one."""
    monkeypatch.setattr(verifying, "SMALL", 0)
    mine = ReadModel("mine", 1, Q_TABLE.tables, Q_TABLE.writes, lambda states: states["mine"])
    with conductor(tmp_path, projections=[mine]) as live:
        live.run_sync(GOALS[0])
    learned(tmp_path, GOALS[1])
    found = History(tmp_path, projections=[mine]).verify(deep=True, workers=2)
    assert (list(found), found.runs) == ([], 2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("deep", [False, True])
def test_damage_is_raised_by_any_worker(tree: Path, deep: bool, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are not as they were written are an error with file and place, also from another process."""
    monkeypatch.setattr(verifying, "SMALL", 0)
    run = History(tree).runs()[0].run
    (segment,) = (tree / run / "events").iterdir()
    data = segment.read_bytes()
    segment.write_bytes(data.replace(b'"reward":1.0', b'"reward":0.9'))
    with pytest.raises(Corruption) as caught:
        History(tree).verify(deep=deep, workers=workers)
    assert (caught.value.file, caught.value.offset > 0) == (str(segment), True)


def test_a_parent_that_lost_what_its_child_saw_is_an_error(tree: Path) -> None:
    """A child's first state needs its parent as it was."""
    runs = [one.run for one in History(tree).runs()]
    forge(DiskFiles(tree), runs[0], lambda line: line.replace(b'"visits":1,', b'"visits":2,'))
    with pytest.raises(Corruption, match="a later run builds on"):
        History(tree).verify([runs[1]], deep=True)
    rmtree(tree / runs[0])
    with pytest.raises(UnknownRun):
        History(tree).verify([runs[1]], deep=True)
    with pytest.raises(UnknownRun):
        History(tree).verify(["run_20990101_000000"], deep=True)


def seqs_of(folder: Path, run: str, kind: type[Any]) -> list[int]:
    """Return the seqs of one kind of event in a run."""
    kept = (one.record for one in History(folder).records(run))
    return [one.seq for one in kept if isinstance(getattr(one, "event", None), kind)]


def test_behind_a_redacted_record_only_the_rules_are_asked(tmp_path: Path) -> None:
    """Nobody knows the state behind a record whose content is gone: a note says so, in the runs that follow as well."""
    first, second = learned(tmp_path, GOALS[0]), learned(tmp_path, GOALS[1])
    shallow = History(tmp_path).verify()
    seq = seqs_of(tmp_path, first, MemoryStored)[0]
    redact_unpinned(tmp_path, first, seq)
    found = History(tmp_path).verify(deep=True)
    assert list(found) == []
    assert found.values > shallow.values - 20
    lost = f"what was read is not compared with the state behind {first}@{seq}, a memory_stored, which was redacted"
    assert [str(one) for one in found.notes] == [
        f"{first}: {lost}",
        f"{first}: 1 of memory_stored (redacted) cannot be read: not verified",
        f"{second}: {lost}",
    ]


def redact_unpinned(folder: Path, run: str, seq: int) -> None:
    """Take a record's content away; its leaf stays, and so does the chain that the child is built on."""
    redact(DiskFiles(folder), run, seq, seq)


def test_a_record_that_does_not_fit_the_state_is_a_divergence(tmp_path: Path) -> None:
    """An imported row for a table that is not there cannot be taken up: a finding, not a crash."""
    run = learned(tmp_path, GOALS[0])
    forged = (
        b'{"type":"entry_imported","episode":null,"actor":null,"attempt":null,"origin":null,'
        b'"projection":"memory","table":"nowhere","row":{},"nth":0}'
    )

    def edit(line: bytes) -> bytes:
        head, _, event = line.partition(b'"event":')
        return head + b'"event":' + forged + b"}" if b'"type":"goal_added"' in event else line

    forge(DiskFiles(tmp_path), run, edit)
    found = History(tmp_path).verify(deep=True)
    (one,) = found
    assert (one.tag, one.field, one.basis) == ("entry_imported", "type", "state")
    assert "memory has no table 'nowhere'" in str(one)
    assert any("which does not fit the state" in str(note) for note in found.notes)
    assert list(History(tmp_path).verify()) == []


@pytest.mark.parametrize("setting", ["persist_memories", "persist_q_tables", "persist_brain_state", "persist_todos"])
def test_what_is_not_kept_is_noted(setting: str, tmp_path: Path) -> None:
    """Where a projection's events are not in the log, what was read of it is not judged, and a note says so."""
    for goal in GOALS[:2]:
        learned(tmp_path, goal, **{setting: False})
    found = History(tmp_path).verify(deep=True)
    assert list(found) == []
    assert all("the log does not have all of" in note.message for note in found.notes)


def test_settings_that_nobody_understands_are_noted(tmp_path: Path) -> None:
    """A run with settings of another version of the library is verified by its rules alone."""
    run = learned(tmp_path, GOALS[0])
    forge(DiskFiles(tmp_path), run, lambda line: line.replace(b'"context_items":5', b'"context_things":5'))
    found = History(tmp_path).verify(deep=True)
    assert list(found) == []
    assert "what was read is not compared with the state: JottyConfig is not usable" in found.notes[0].message


def test_a_digest_of_another_version_of_a_projection_is_not_compared(tmp_path: Path) -> None:
    """Only digests of the same version of a projection can be compared; a changed one of these is found."""
    run = learned(tmp_path, GOALS[0])
    history = History(tmp_path)
    assert list(history.verify(deep=True)) == []
    forge(DiskFiles(tmp_path), run, lambda line: line.replace(b'"versions":{"memory":1', b'"versions":{"memory":9'))
    assert list(history.verify(deep=True)) == []
    forge(DiskFiles(tmp_path), run, _with_another_digest)
    assert [one.field for one in history.verify(deep=True)] == ["digests"]


def _with_another_digest(line: bytes) -> bytes:
    _, _, digests = line.partition(b'"digests":{')
    _, found, rest = digests.partition(b'"q_table":"')
    return line.replace(rest[:64], b"0" * 64) if found else line


def meddling(live: list[Conductor]) -> Callable[[Task], Outcome]:
    def agent(task: Task) -> Outcome:
        """Learn on the side, while the attempt is on its way."""
        live[0].q_predictor.add_experience(f"QUERY: {task.goal}", {"approach": "A"}, 0.0, done=True)
        entry = live[0].shared_memory.store("noted on the side", "semantic", {}, task.goal, 0.9)
        assert entry is not None
        live[0].td_learner.record_access(entry, 0.25)
        return Outcome(success=task.attempt > 1)

    return agent


@pytest.mark.parametrize("rules", VERSIONS)
def test_what_was_read_before_an_agent_worked_is_compared_with_the_state_of_then(rules: int, tmp_path: Path) -> None:
    """An agent may teach its conductor something before its attempt is recorded."""
    live: list[Conductor] = []
    with conductor(tmp_path, actor(meddling(live)), rules_version=rules) as made:
        live.append(made)
        for goal in GOALS:
            made.run_sync(goal)
    found = History(tmp_path).verify(deep=True)
    assert (list(found), found.notes) == ([], [])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_verifies_deeply(changed: Path, workers: str) -> None:
    """`verify --deep` exits with 1 for what only the state shows, and says from what it follows."""
    arguments = ["verify", "--output", str(changed), "--workers", workers]
    shallow = CliRunner().invoke(main, arguments)
    assert shallow.exit_code == 1  # the mean does not follow either
    shown = CliRunner().invoke(main, [*arguments, "--deep"])
    assert shown.exit_code == 1
    assert "q_updated" in shown.stdout
    done = CliRunner().invoke(main, [*arguments, "--deep", "--json"])
    assert '"deep": true' in done.stdout
    assert CliRunner().invoke(main, [*arguments[:3], "--workers", "0"]).exit_code == 2


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("wrong", hint="do this"),
        WriteFailed("wrong", file="f", hint="do this"),
        Corruption("wrong", file="f", offset=7, hint="do this"),
        FormatError("wrong", file="f"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_errors_cross_processes(error: JottyError) -> None:
    """An error that another process raised says the same here."""
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_copy_of_rows_changes_on_its_own() -> None:
    """A copy of a state is equal, and neither sees what becomes of the other."""
    from copy import deepcopy

    rows = Rows(Q_TABLE.tables[0])
    rows.put(("s", "a"), [0.5, 1, 0.5, 0.0, 0.0, 0])
    copy = deepcopy(rows)
    assert copy.digest() == rows.digest()
    told: list[Any] = []
    rows.follow(told.append)
    copy.set(("s", "a"), (0,), (0.75,))
    copy.put(("s", "b"), [0.5, 1, 0.5, 0.0, 0.0, 1])
    assert (rows.get(("s", "a")), rows.next_nth, len(rows), told) == ([0.5, 1, 0.5, 0.0, 0.0, 0], 1, 1, [])
    assert copy.digest() != rows.digest()
