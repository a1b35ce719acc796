"""The vault: saving part by part where and when somebody wants it, and loading what was saved."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from stage import START, bytes_below, conductor, listing

from jotty_events import (
    Brain,
    Conductor,
    HierarchicalMemory,
    History,
    JottyConfig,
    LearningMode,
    LLMQPredictor,
    MarkovianTODO,
    SessionManager,
    Vault,
)
from jotty_events.errors import ConfigError, FormatError, JottyError, NameTaken, RunClosed, UnsafeFile, WriteFailed
from jotty_events.legacy.exporting import layout
from jotty_events.log.files import DiskFiles

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")


@pytest.fixture
def live() -> Conductor:
    """Return a conductor that has learned, and slept."""
    found = conductor(None, consolidation_interval=2)
    for goal in GOALS:
        found.run_sync(goal)
    return found


def test_all_of_a_conductor_is_saved_and_loaded(live: Conductor, tmp_path: Path) -> None:
    """Each part comes back as the learner's own state says it."""
    vault = Vault(tmp_path)
    files = vault.save_all(live)
    assert sorted(files) == sorted(
        str(path) for path in (tmp_path / layout.FOLDER).rglob("*") if path.is_file() and path.name != layout.LISTING
    )
    assert vault.load_memory() == live.shared_memory.saved_state() | {"agent_name": "SwarmShared"}
    assert vault.load_memory("analyst") == live.local_memories["analyst"].saved_state()
    for found, own in (
        (vault.load_q_predictor(), live.q_predictor.saved_state()),
        (vault.load_brain_state(), live.brain.saved_state()),
        (vault.load_markovian_todo(), live.todo.saved_state()),
    ):
        assert found is not None
        assert {name: found[name] for name in own} == own


def test_a_saved_memory_has_its_entries(live: Conductor, tmp_path: Path) -> None:
    """The original's vault wrote none of them (P1)."""
    Vault(tmp_path).save_memory(live.shared_memory, "shared")
    said = json.loads((tmp_path / layout.FOLDER / layout.SHARED_MEMORY).read_bytes())
    contents = [one["content"] for level in said["memories"].values() for one in level.values()]
    assert contents == [one.content for level in live.shared_memory.memories.values() for one in level.values()]
    assert contents


def test_a_saved_table_has_its_values(live: Conductor, tmp_path: Path) -> None:
    """The original's vault saved the buffer alone, and loading that wiped the table (P2)."""
    Vault(tmp_path).save_q_predictor(live.q_predictor)
    other = LLMQPredictor(live.config)
    other.load_state(tmp_path / layout.FOLDER / layout.Q_TABLE)
    assert [(key, entry.value) for key, entry in other.Q.items()] == [
        (key, entry.value) for key, entry in live.q_predictor.Q.items()
    ]
    assert len(other.experience_buffer) == len(live.q_predictor.experience_buffer)


def test_a_saved_brain_is_no_text(live: Conductor, tmp_path: Path) -> None:
    """The original wrote the text of its lists, which nothing could load (P3)."""
    Vault(tmp_path).save_brain_state(live.brain)
    other = Brain(live.config)
    other.load_state(tmp_path / layout.FOLDER / layout.BRAIN)
    assert [(one.content, one.strength) for one in other.hippocampus] == [
        (one.content, one.strength) for one in live.brain.hippocampus
    ]
    assert [one.text for one in other.neocortex] == [one.text for one in live.brain.neocortex]
    assert other.neocortex


def test_a_saved_list_is_loaded(live: Conductor, tmp_path: Path) -> None:
    """The tasks, what became of them and their order; beside them stands a text for people."""
    vault = Vault(tmp_path)
    vault.save_markovian_todo(live.todo)
    other = MarkovianTODO(live.config)
    other.load_state(tmp_path / layout.FOLDER / layout.TODO)
    assert other.to_dict() == live.todo.to_dict()
    assert "| 1 | analyst: " in (tmp_path / layout.FOLDER / layout.TODO_TEXT).read_text(encoding="utf-8")


def test_a_list_comes_back_from_its_dictionary(live: Conductor) -> None:
    """The original's short form will do: what it does not say is as in a new task."""
    live.todo.add_task("more", "one more", "analyst", ["analyst"])
    said = json.loads(json.dumps(live.todo.to_dict()))
    other = MarkovianTODO.from_dict(said, live.config)
    assert other.to_dict() == said
    task = other.get_next_task()
    assert task is not None
    assert task.task_id == "more"
    with pytest.raises(ConfigError, match="no saved task list"):
        MarkovianTODO.from_dict({"subtasks": {"a": {}}}, live.config)


def test_what_was_never_saved_is_none(tmp_path: Path) -> None:
    """An empty folder holds nothing, and none is made to find that out."""
    vault = Vault(tmp_path / "nowhere")
    assert vault.load_memory() is vault.load_memory("a") is vault.load_q_predictor() is None
    assert vault.load_brain_state() is vault.load_markovian_todo() is None
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["../../outside", "a/b", "..", "\0", "x" * 300, "Ü" * 200, "", "con", "shared "])
def test_a_memory_of_any_name_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """Whatever an agent is called, its file is where all are, and is found again by that name."""
    memory = HierarchicalMemory(name, JottyConfig(), clock=lambda: START)
    memory.store("content", "semantic", goal="g")
    vault = Vault(tmp_path / "in")
    for _ in range(2):
        vault.save_memory(memory, name)
    assert vault.load_memory(name) == memory.saved_state()
    folder = tmp_path / "in" / layout.FOLDER / layout.LOCAL_MEMORIES
    assert [path.parent for path in tmp_path.rglob("*.json") if path.name != layout.LISTING] == [folder]


def test_memories_of_names_that_differ_in_case_stay_apart(tmp_path: Path) -> None:
    """The second gets a file of its own, also where a file system ignores case."""
    vault = Vault(tmp_path)
    for name in ("Twin", "twin", "TWIN"):
        memory = HierarchicalMemory(name, JottyConfig(), clock=lambda: START)
        memory.store(f"of {name}", "semantic", goal="g")
        vault.save_memory(memory, name)
    files = [path.name for path in (tmp_path / layout.FOLDER / layout.LOCAL_MEMORIES).iterdir()]
    assert len({name.casefold() for name in files}) == 3
    assert [vault.load_memory(name) is not None for name in ("Twin", "twin", "TWIN", "tWIN")] == [True] * 3 + [False]


def test_saving_again_replaces_what_was_saved(live: Conductor, tmp_path: Path) -> None:
    """What the vault wrote it replaces, and nothing else."""
    vault = Vault(tmp_path)
    vault.save_all(live)
    note = tmp_path / layout.FOLDER / "note.txt"
    note.write_text("note")
    live.run_sync("one more")
    vault.save_all(live)
    assert vault.load_memory() == live.shared_memory.saved_state() | {"agent_name": "SwarmShared"}
    assert note.read_text() == "note"


def test_what_a_vault_did_not_write_it_does_not_replace(live: Conductor, tmp_path: Path) -> None:
    """The original's file in that place is named, and stays."""
    theirs = tmp_path / layout.FOLDER / layout.Q_TABLE
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}")
    with pytest.raises(NameTaken, match=r"q_predictor_buffer\.json"):
        Vault(tmp_path).save_all(live)
    assert theirs.read_text() == "{}"


def test_what_somebody_saves_beside_a_run_s_own_files_stays(tmp_path: Path) -> None:
    """A memory saved under a name of one's own is still there when the run has ended."""
    with conductor(tmp_path) as live:
        live.run_sync("g")
        live.persistence_manager.save_memory(live.shared_memory, "before the change")
        run = str(live.run_id)
    folder = tmp_path / run / layout.FOLDER / layout.LOCAL_MEMORIES
    assert sorted(path.name for path in folder.iterdir()) == ["analyst.json", "before the change.json"]


def test_a_memory_saved_under_a_name_is_imported_under_it(live: Conductor, tmp_path: Path) -> None:
    """The file says the name under which it was saved, however long, and not whose memory it once was."""
    vault = Vault(tmp_path / "from")
    for name in ("shared", "before the change", "x" * 300):
        vault.save_memory(live.shared_memory, name)
    report = History(tmp_path / "out").import_state(tmp_path / "from")
    assert report.problem_count == 0
    memory = History(tmp_path / "out").at().memory
    assert sorted(memory.heard_of()) == ["before the change", "shared", "x" * 300]


def test_a_vault_saves_while_other_threads_learn(live: Conductor, tmp_path: Path) -> None:
    """What is saved is one state: nobody changes it meanwhile."""
    from threading import Thread

    learning = Thread(target=lambda: [live.shared_memory.store(f"{i}", "semantic", goal="g") for i in range(50)])
    learning.start()
    vault = Vault(tmp_path)
    for _ in range(5):
        vault.save_all(live)
        said = vault.load_memory()
        assert said is not None
        known = {goal["goal_text"] for goal in said["goal_hierarchy"]["nodes"].values()}
        assert {
            goal for level in said["memories"].values() for one in level.values() for goal in one["goal_values"]
        } <= known
    learning.join()


@pytest.mark.parametrize("mode", [LearningMode.CONTEXTUAL, LearningMode.DISABLED])
def test_a_conductor_that_writes_nothing_has_no_vault_of_its_own(tmp_path: Path, mode: LearningMode) -> None:
    """Asked to save it says so; a vault somewhere else saves its state all the same."""
    with conductor(tmp_path / "outputs", learning_mode=mode) as live:
        live.run_sync("g")
        with pytest.raises(ConfigError, match=mode.value) as caught:
            live.persistence_manager.save_all(live)
        assert "Vault(" in caught.value.hint
        Vault(tmp_path / "at").save_all(live)
    assert not (tmp_path / "outputs").exists()
    assert (tmp_path / "at" / layout.FOLDER / layout.SHARED_MEMORY).exists()


def test_a_forked_child_saves_nothing_of_its_parent_s(tmp_path: Path) -> None:
    """What a child holds is a copy that may be half changed: it is refused."""
    with conductor(tmp_path / "outputs") as live:
        live.run_sync("g")
        child = os.fork()
        if child == 0:
            try:
                live.persistence_manager.save_all(live)
            except RunClosed:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


# Damage and bad input.


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
def test_a_save_that_fails_leaves_the_file_as_it_was(
    live: Conductor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A full disk costs the new state, never the one that was saved before (P11)."""
    path = tmp_path / "q.json"
    live.q_predictor.save_state(path)
    before = path.read_bytes()
    live.run_sync("one more")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(WriteFailed, match=os.strerror(error)) as caught:
            live.q_predictor.save_state(path)
    assert caught.value.file == str(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["q.json"]
    assert live.q_predictor.load_state(path)


@pytest.mark.parametrize("said", ["", "{", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000])
def test_a_damaged_file_is_named(tmp_path: Path, said: str) -> None:
    """What is no JSON object is an error with the file's name."""
    path = tmp_path / layout.FOLDER / layout.BRAIN
    path.parent.mkdir(parents=True)
    path.write_text(said)
    with pytest.raises(FormatError, match=r"consolidated_memories\.json"):
        Vault(tmp_path).load_brain_state()


def test_links_are_not_followed(live: Conductor, tmp_path: Path) -> None:
    """A link in the folder leads neither a save nor a load out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shared_memory.json").write_text("{}")
    at = tmp_path / "at" / layout.FOLDER
    at.mkdir(parents=True)
    (at / "memories").symlink_to(outside)
    before = listing(outside)
    for action in (lambda: Vault(tmp_path / "at").save_all(live), lambda: Vault(tmp_path / "at").load_memory()):
        with pytest.raises(UnsafeFile):
            action()
    assert listing(outside) == before


@pytest.mark.parametrize("name", ["", "folder", "link", "fifo"])
def test_only_regular_files_are_loaded_and_saved(live: Conductor, tmp_path: Path, name: str) -> None:
    """A folder, a link or a pipe in the place of a file is refused at once, without waiting for anybody."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "fifo")
    path = tmp_path / name
    for action in (live.brain.load_state, live.brain.save_state):
        with pytest.raises(JottyError):
            action(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_is_too_large_is_refused_unread(
    live: Conductor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gigabytes are not loaded blindly: a load by hand has a limit, and says what to do instead."""
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(2 << 30)

    def never(*_: Any, **__: Any) -> bytes:
        raise AssertionError("the file was read")

    monkeypatch.setattr(DiskFiles, "read", never)
    with pytest.raises(FormatError, match=r"huge\.json has more than") as caught:
        live.q_predictor.load_state(path)
    assert "import" in caught.value.hint


def test_a_relative_path_is_below_the_working_folder(
    live: Conductor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are what they are elsewhere in Python; folders that are missing are made."""
    monkeypatch.chdir(tmp_path)
    live.q_predictor.save_state("new/q_table.json")
    assert (tmp_path / "new" / "q_table.json").exists()
    assert LLMQPredictor(live.config).load_state(Path("new") / "q_table.json")


def test_a_vault_and_the_session_manager_know_the_same_state(tmp_path: Path) -> None:
    """There is one layout, and both read it alike (P5)."""
    with conductor(tmp_path) as live:
        live.run_sync("g")
        run = str(live.run_id)
    vault = Vault(tmp_path / run)
    found = SessionManager(JottyConfig(output_base_dir=tmp_path)).load_previous_state()
    assert vault.load_memory("shared") == found["memories"]["shared"]
    assert {name: vault.load_memory(name) for name in found["memories"]["agents"]} == found["memories"]["agents"]
    assert vault.load_q_predictor() == found["q_tables"]["q_predictor"]
    assert vault.load_brain_state() == found["brain_state"]
    assert vault.load_markovian_todo() == found["todos"]
    assert bytes_below(tmp_path / run / layout.FOLDER)


def test_no_clock_of_its_own_is_looked_at(live: Conductor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved is dated by the conductor's clock."""

    def never() -> float:
        raise AssertionError("the machine's clock was asked")

    monkeypatch.setattr(time, "time", never)
    Vault(tmp_path).save_all(live)
    said = Vault(tmp_path).load_brain_state()
    assert said is not None
    assert START < said["timestamp"] < START + 3600
