"""The tree that a run keeps of its own state: when it is written, what is in it, and that it never harms the run."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from exporting import GOALS, learned, loaded, refuse, tree
from stage import actor, conductor, listing, rebuilt, ticking

from jotty_events import History, LearningMode, Outcome
from jotty_events.legacy.exporting import following, layout
from jotty_events.log.files import DiskFiles


@pytest.mark.parametrize("what", ["jotty_state", layout.LISTING, "shared_memory", "todo_display", "episode_2"])
def test_a_run_is_never_harmed_by_its_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """A tree that cannot be written is a warning that names it; the run learns on, and its log is whole."""
    refused = refuse(monkeypatch, what)
    with conductor(tmp_path, auto_save_interval=1) as live:
        for goal in GOALS:
            assert live.run_sync(goal).success
        assert rebuilt(live) == live.state.digests()
        run = str(live.run_id)
    assert refused
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert warnings
    assert all(run in one and os.strerror(errno.ENOSPC) in one for one in warnings)
    history = History(tmp_path)
    assert (list(history.check()), list(history.verify())) == ([], [])
    monkeypatch.undo()
    learned(tmp_path, "g")
    assert len(history.at().episodes) == 4


def test_a_foreign_file_in_the_way_of_a_tree_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The state that the original left in the one folder for all runs is not overwritten by ours."""
    theirs = tmp_path / layout.FOLDER / layout.SHARED_MEMORY
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    learned(tmp_path, create_run_folder=False)
    assert theirs.read_text() == "theirs"
    assert any("shared_memory.json was not written by an export" in one.getMessage() for one in caplog.records)


def test_a_tree_is_written_every_few_episodes_and_at_the_end(tmp_path: Path) -> None:
    """A run that is killed leaves the tree of its last auto-save."""
    with conductor(tmp_path, auto_save_interval=2) as live:
        folder, counts = tmp_path / str(live.run_id), []
        for goal in ("a", "b", "c", "d", "e"):
            live.run_sync(goal)
            counts.append(len(list((folder / layout.FOLDER / layout.EPISODES).glob("*"))))
    assert counts == [0, 2, 2, 4, 4]
    assert len(list((folder / layout.FOLDER / layout.EPISODES).glob("*"))) == 5


def test_a_huge_tree_is_written_more_rarely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run writes of its state stays in proportion to what happened since; at its end all of it is there."""
    monkeypatch.setattr(following, "WORTH", 100)
    with conductor(tmp_path, auto_save_interval=1) as live:
        folder, counts = tmp_path / str(live.run_id) / layout.FOLDER / layout.EPISODES, []
        for goal in "abcdef":
            live.run_sync(goal)
            counts.append(len(list(folder.glob("*"))))
    assert counts[0] == 1
    assert 1 < len(set(counts)) < len(counts)
    assert len(list(folder.glob("*"))) == 6


def test_one_folder_for_all_runs_holds_the_last_state(tmp_path: Path) -> None:
    """Without run folders the tree stands below the output folder; what an earlier run left of it goes."""
    learned(tmp_path, *GOALS, create_run_folder=False)
    assert [path.name for path in tmp_path.glob("run_*/jotty_state")] == []
    run = learned(tmp_path, "another", create_run_folder=False, clock=ticking(1767700900.0))
    History(tmp_path).export(run, tmp_path / "at")
    assert tree(tmp_path) == tree(tmp_path / "at")
    assert [path.name for path in (tmp_path / layout.FOLDER / layout.EPISODES).iterdir()] == ["episode_4.json"]


FLAGS = {
    "persist_memories": {layout.SHARED_MEMORY, layout.local_memory("analyst")},
    "persist_q_tables": {layout.Q_TABLE},
    "persist_brain_state": {layout.BRAIN},
    "persist_todos": {layout.TODO, layout.TODO_TEXT},
}


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_what_is_not_to_be_kept_is_not_exported(tmp_path: Path, flag: str) -> None:
    """A flag that is off keeps its files out of the tree, and all others in it."""
    whole = set(tree(tmp_path / learned(tmp_path)))
    settings_: dict[str, Any] = {flag: False}
    part = set(tree(tmp_path / learned(tmp_path, **settings_)))
    assert {path for path in whole - part if not path.startswith(layout.EPISODES)} == FLAGS[flag]


@pytest.mark.parametrize("mode", [LearningMode.CONTEXTUAL, LearningMode.DISABLED])
def test_what_writes_nothing_exports_nothing(tmp_path: Path, mode: LearningMode) -> None:
    """Only a PERSISTENT run has a tree."""
    learned(tmp_path, "g")
    before = listing(tmp_path)
    with conductor(tmp_path, learning_mode=mode) as live:
        live.run_sync("g")
    assert listing(tmp_path) == before


def test_a_tree_can_be_left_out(tmp_path: Path) -> None:
    """Who does not need the original's files writes none."""
    run = learned(tmp_path, export_state=False)
    assert not (tmp_path / run / layout.FOLDER).exists()


def test_only_the_newest_runs_keep_their_trees(tmp_path: Path) -> None:
    """Older trees go, and nothing else: no event, no foreign file, nothing that a kept run needs."""
    runs = [learned(tmp_path, f"goal {i}", max_runs_to_keep=2, clock=ticking(1767700800.0 + 60 * i)) for i in range(3)]
    foreign = tmp_path / runs[1] / layout.FOLDER / "note.txt"
    foreign.write_text("note")
    theirs = tmp_path / "run_20250101_000000" / layout.FOLDER / layout.LISTING
    theirs.parent.mkdir(parents=True)
    theirs.write_text("a run of the original")
    runs += [learned(tmp_path, f"goal {i}", max_runs_to_keep=2, clock=ticking(1767700800.0 + 60 * i)) for i in (3, 4)]
    kept = [run for run in runs if (tmp_path / run / layout.FOLDER / layout.LISTING).exists()]
    assert kept == runs[-2:]
    assert [path.name for path in (tmp_path / runs[1] / layout.FOLDER).iterdir()] == ["note.txt"]
    assert not (tmp_path / runs[0] / layout.FOLDER).exists()
    assert theirs.read_text() == "a run of the original"
    history = History(tmp_path)
    assert [len(history.at(run).episodes) for run in runs] == [1, 2, 3, 4, 5]
    assert history.check() == []


def test_a_run_that_is_still_written_keeps_its_tree(tmp_path: Path) -> None:
    """Another run's end takes nothing away from one that goes on."""
    with conductor(tmp_path, auto_save_interval=1) as live:
        live.run_sync("g")
        with pytest.warns(UserWarning, match="still being written"):
            learned(tmp_path, "h", max_runs_to_keep=1, clock=ticking(1767701000.0))
        assert (tmp_path / str(live.run_id) / layout.FOLDER / layout.LISTING).exists()


def test_an_export_that_was_stopped_half_way_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a killed export left are known as its own, and replaced by the next."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    replace = DiskFiles.replace

    def dying(self: DiskFiles, path: str, data: bytes) -> None:
        replace(self, path, data)
        if path.endswith(layout.Q_TABLE):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DiskFiles, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            history.export(run, tmp_path / "at")
    assert loaded(tmp_path / "at", layout.LISTING)["files"][layout.Q_TABLE] == ""
    history.export(run, tmp_path / "at")
    assert tree(tmp_path / "at") == tree(tmp_path / "outputs" / run)


def test_several_actors_have_a_file_each(tmp_path: Path) -> None:
    """What each actor remembers stands under its name."""
    with conductor(tmp_path, actor(lambda task: Outcome(success=True), "Ärztin"), actor(name="b.c")) as live:
        live.run_sync("g")
        run = str(live.run_id)
    names = [path.name for path in (tmp_path / run / layout.FOLDER / layout.LOCAL_MEMORIES).iterdir()]
    assert sorted(names) == ["b.c.json", "Ärztin.json"]
