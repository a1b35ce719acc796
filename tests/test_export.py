"""Export: the state at any point as the original's files, whatever stands in the way."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from exporting import GOALS, is_part, learned, loaded, picture, refuse, tree
from generators import texts
from hypothesis import example, given
from hypothesis import strategies as st
from original_trees import (
    brain_records,
    episode_records,
    memory_records,
    original_records,
    q_records,
    shapes,
    todo_records,
)
from recorded_runs import SCENARIOS
from stage import conductor, listing

from jotty_events import Conductor, HierarchicalMemory, History
from jotty_events.cli import main
from jotty_events.errors import JottyError, NameTaken, UnsafeFile, WriteFailed
from jotty_events.legacy.exporting import exact, layout
from jotty_events.legacy.exporting.names import folded, name_of, stems
from jotty_events.legacy.exporting.picture import Picture
from jotty_events.log.files import DiskFiles
from jotty_events.types import SHARED

# Names.

HARD_NAMES = [
    "a/b",
    "..",
    ".",
    "\0",
    "",
    "%",
    "50%",
    "%41",
    "x" * 300,
    "Ü" * 200,
    "%" * 300,
    "e\u0301",
    "é",
    " a ",
    "a.",
]


@given(st.lists(texts | st.sampled_from(HARD_NAMES), unique=True, max_size=6))
@example(["Analyst", "analyst", "ANALYST", "%41nalyst"])
@example(HARD_NAMES)
def test_every_name_has_a_file_of_its_own_and_is_read_back(names: list[str]) -> None:
    """A name becomes one component below its folder, no two become one, and it is read back unless it was cut."""
    found = stems(names)
    assert len({folded(stem) for stem in found.values()}) == len(names)
    for name, stem in found.items():
        file = f"{stem}.json"
        assert stem
        assert not stem.startswith(".")
        assert not {"/", "\\", "\0"}.intersection(stem)
        assert len(file.encode()) <= 255
        assert name_of(stem) == name or ("%~" in stem and name_of(stem) is None)


def test_ordinary_names_stand_as_they_are() -> None:
    """Whoever looks into the folder finds the agents by their names."""
    names = ["SQLGenerator", "Business_Term-Resolver 2", "Prüfer", "analyst"]
    assert stems(names) == {name: name for name in names}


def test_names_that_differ_in_case_only_have_files_of_their_own(tmp_path: Path) -> None:
    """What two agents of one spelling remember is exported apart, also for file systems that ignore case."""
    with conductor(tmp_path) as live:
        for name in ("Twin", "twin"):
            HierarchicalMemory(name, live.config, live._session).store(f"of {name}", goal="g")
        run = live.run_id
    folder = tmp_path / str(run) / layout.FOLDER / layout.LOCAL_MEMORIES
    files = sorted(path.name for path in folder.iterdir())
    assert len({name.casefold() for name in files}) == len(files) == 2
    told = {name_of(path.stem): json.loads(path.read_bytes()) for path in folder.iterdir()}
    assert {name: said["agent_name"] for name, said in told.items()} == {"Twin": "Twin", "twin": "twin"}


# The form.

ADDED = {
    "memory": exact.MEMORY,
    "entry": exact.ENTRY,
    "goal value": exact.VALUE,
    "link": exact.LINK,
    "table": exact.TABLE,
    "brain": exact.BRAIN,
    "trace": exact.TRACE,
    "pattern": exact.PATTERN,
    "list": exact.LIST,
    "task": exact.TASK,
    "episode metadata": exact.METADATA,
    "step": exact.STEP,
}
"""What the original loses between runs (P9, P10, P13, P14), by the kinds of its records: it passes over such names."""

MORE_TYPES = {
    ("goal", "parent_id"): {"str"},
    ("list", "current_task_id"): {"NoneType"},
    ("task", "predicted_next_task"): {"str"},
    ("task", "predicted_duration"): {"float"},
    ("task", "predicted_reward"): {"float"},
}
"""Where the original's trees show nothing but null, or never null, and its classes hold either."""

NUMBERS = {
    *("episodes_since_sleep", "total_consolidations", "max_hippocampus_size", "max_neocortex_size"),
    *("frequency_weight", "novelty_weight", "reward_weight", "replay_threshold"),
}
"""What the original's vault writes of a brain as text, because it writes all that is no text so (P3)."""


def everything(state: Picture) -> Iterator[tuple[str, Any]]:
    for path, data in state.files():
        if path.endswith(".json"):
            yield from records(path, json.loads(data))


def records(path: str, said: Any) -> Iterator[tuple[str, Any]]:
    kinds = {
        "memories": memory_records,
        "q_tables": q_records,
        "brain_state": brain_records,
        "markovian_todos": todo_records,
        "episode_history": episode_records,
    }
    return kinds[path.partition("/")[0]](said)


@pytest.fixture(scope="module")
def recorded() -> list[Conductor]:
    """Return conductors that recorded every kind of thing, by both versions of the rules."""
    return [scenario(rules) for scenario in SCENARIOS for rules in (1, 2)]


@pytest.mark.parametrize("exactly", [True, False])
def test_the_files_have_the_fields_of_the_original(exactly: bool, recorded: list[Conductor], tmp_path: Path) -> None:
    """Every field of the original's own files is there with its type, and besides them at most what it loses."""
    learned(tmp_path / "outputs")
    History(tmp_path / "outputs").export("latest", tmp_path / "at", exactly=exactly)
    states = (Picture(live._session.states, picture(live).whence, exact=exactly) for live in recorded)
    ours = shapes(
        [
            *(one for state in states for one in everything(state)),
            *(one for nth in (1, 2, 3) for one in episode_records(loaded(tmp_path / "at", layout.episode(nth)))),
        ].__iter__()
    )
    for kind, shape in shapes(original_records()).items():
        assert set(ours[kind]) - set(shape) == (set() if exactly else set(ADDED.get(kind, ()))), kind
        assert set(shape) <= set(ours[kind]), kind
        for name, types in shape.items():
            expected = types | MORE_TYPES.get((kind, name), set())
            if kind == "brain" and name in NUMBERS:
                expected = {"int", "float"}
            assert ours[kind][name] <= expected, (kind, name)


def test_an_exact_tree_says_the_same_in_the_fields_that_it_has(tmp_path: Path) -> None:
    """Nothing is changed, only left out; the command writes it too, and it can be imported again."""
    run = learned(tmp_path / "outputs")
    done = jotty("export", run, tmp_path / "at", "--exactly", "--output", tmp_path / "outputs")
    assert done.exit_code == 0
    whole = tree(tmp_path / "outputs" / run)
    for path, data in tree(tmp_path / "at").items():
        if path.endswith(".json") and path != layout.LISTING:
            assert is_part(json.loads(data), json.loads(whole[path])), path
    report = History(tmp_path / "again").import_state(tmp_path / "at")
    assert report.problem_count == 0
    table = History(tmp_path / "outputs").at(run).q_table
    assert {key: one.value for key, one in History(tmp_path / "again").at().q_table.items()} == {
        key: one.value for key, one in table.items()
    }


def test_the_folder_is_laid_out_as_the_original_s_vault_does(tmp_path: Path) -> None:
    """Files stand where the original's vault puts them, and our own listing beside them."""
    assert sorted(tree(tmp_path / learned(tmp_path))) == [
        "brain_state/consolidated_memories.json",
        *(f"episode_history/episode_{nth}.json" for nth in (1, 2, 3)),
        "jotty_events.json",
        "markovian_todos/todo_display.md",
        "markovian_todos/todo_state.json",
        "memories/local_memories/analyst.json",
        "memories/shared_memory.json",
        "q_tables/q_predictor_buffer.json",
    ]


def test_an_episode_says_what_was_tried(tmp_path: Path) -> None:
    """Each attempt is a step: who, with what, and whether it passed."""
    said = loaded(tmp_path / learned(tmp_path), layout.episode(1))
    assert [(one["step"], one["actor"], one["approach"], one["passed"]) for one in said["trajectory"]] == [
        (0, "analyst", "A", False),
        (1, "analyst", "B", True),
    ]
    assert (said["episode"], said["trajectory_length"], said["metadata"]["goal"]) == (1, 2, GOALS[0])


@pytest.mark.parametrize("text", ["a | b", "line\nbreak", "x" * 500, "", "\\|"])
def test_a_task_in_markdown_stays_in_its_row(tmp_path: Path, text: str) -> None:
    """Whatever a task is called, its row has as many cells as the others."""
    live = conductor(None)
    live.todo.open("g")
    live.todo.add_task("t", text, "actor")
    live.todo.add_task("u", "other", "actor", ["t"])
    files = dict(picture(live).files())
    rows = [line for line in files[layout.TODO_TEXT].decode().splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {row.replace("\\\\", "").replace("\\|", "").count("|") for row in rows} == {8}


# The same bytes, for any point.


def test_the_tree_of_a_run_is_the_export_of_its_end(tmp_path: Path) -> None:
    """What a run writes when it ends is what its log gives later, byte for byte; a second export changes nothing."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    for name in ("one", "one", "two"):
        done = history.export(run, tmp_path / name)
        assert tree(tmp_path / name) == tree(tmp_path / "outputs" / run)
        assert sorted(tree(tmp_path / name)) == sorted([*done.files, layout.LISTING])


def test_the_listing_says_of_which_point_the_files_are(tmp_path: Path) -> None:
    """Each file's SHA-256 stands there, with run and record."""
    run = learned(tmp_path)
    found = loaded(tmp_path / run, layout.LISTING)
    assert found["point"] == str(History(tmp_path).point(run))
    digests = {path: sha256(data).hexdigest() for path, data in tree(tmp_path / run).items() if path != layout.LISTING}
    assert found["files"] == digests


def test_another_process_exports_the_same_bytes(tmp_path: Path) -> None:
    """No order follows from a hash seed."""
    learned(tmp_path / "outputs")
    History(tmp_path / "outputs").export("latest", tmp_path / "here")
    program = "import sys; from jotty_events import History; History(sys.argv[1]).export('latest', sys.argv[2])"
    command = [sys.executable, "-c", program, str(tmp_path / "outputs"), str(tmp_path / "there")]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "1"}, check=True)
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_every_point_can_be_exported_also_inside_a_commit(tmp_path: Path) -> None:
    """The files follow the state: what was learned later is not there yet."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    end = history.point(run).seq
    counts = []
    for seq in range(1, end + 1, 9):
        history.export(f"{run}@{seq}", tmp_path / "at")
        state = history.at(f"{run}@{seq}")
        counts.append(len(loaded(tmp_path / "at", layout.Q_TABLE)["q_table"]))
        assert counts[-1] == len(state.q_table)
        said = loaded(tmp_path / "at", layout.SHARED_MEMORY)["memories"]
        assert {level: list(entries) for level, entries in said.items()} == {
            level: list(entries) for level, entries in state.memory[SHARED].items()
        }
    assert (min(counts), max(counts)) == (0, len(history.at(run).q_table))


def test_exporting_an_earlier_point_takes_back_what_only_a_later_one_has(tmp_path: Path) -> None:
    """Files that an export wrote and the next one does not need are gone; empty folders as well."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    history.export(run, tmp_path / "at")
    history.export(f"{run}@1", tmp_path / "at")
    assert sorted(tree(tmp_path / "at")) == sorted([layout.BRAIN, layout.LISTING, layout.SHARED_MEMORY, layout.Q_TABLE])
    assert not (tmp_path / "at" / layout.FOLDER / layout.EPISODES).exists()


# What stands in the way.


def test_foreign_files_stay(tmp_path: Path) -> None:
    """What somebody else put beside the exported files is neither changed nor removed."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    history.export(run, tmp_path / "at")
    foreign = tmp_path / "at" / layout.FOLDER / layout.LOCAL_MEMORIES / "theirs.json"
    foreign.write_text("theirs")
    (tmp_path / "at" / "note.txt").write_text("note")
    history.export(f"{run}@1", tmp_path / "at")
    assert foreign.read_text() == "theirs"
    assert (tmp_path / "at" / "note.txt").read_text() == "note"


def test_a_file_that_was_changed_by_hand_is_not_removed(tmp_path: Path) -> None:
    """A file that is not as it was exported is somebody's work by now."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    history.export(run, tmp_path / "at")
    changed = tmp_path / "at" / layout.FOLDER / layout.TODO_TEXT
    changed.write_text("mine")
    history.export(f"{run}@1", tmp_path / "at")
    assert changed.read_text() == "mine"


@pytest.mark.parametrize("path", [layout.SHARED_MEMORY, layout.Q_TABLE, layout.episode(1)])
def test_a_file_that_no_export_wrote_is_never_replaced(tmp_path: Path, path: str) -> None:
    """The original's own files in the place of ours are named, and nothing at all is written."""
    learned(tmp_path / "outputs")
    theirs = tmp_path / "at" / layout.FOLDER / path
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    before = listing(tmp_path / "at")
    with pytest.raises(NameTaken, match=theirs.name) as caught:
        History(tmp_path / "outputs").export("latest", tmp_path / "at")
    assert caught.value.hint
    assert listing(tmp_path / "at") == before


def test_a_listing_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A file of that name which is no listing is left alone."""
    learned(tmp_path / "outputs")
    (tmp_path / "at" / layout.FOLDER).mkdir(parents=True)
    for said in ("theirs", "{}", '{"format": "other", "version": 1, "point": "", "files": {}}'):
        (tmp_path / "at" / layout.FOLDER / layout.LISTING).write_text(said)
        with pytest.raises(UnsafeFile, match="no listing"):
            History(tmp_path / "outputs").export("latest", tmp_path / "at")


@pytest.mark.parametrize("link", ["", "memories", layout.LOCAL_MEMORIES, "q_tables", "episode_history"])
def test_a_link_that_leads_out_of_the_target_is_refused(tmp_path: Path, link: str) -> None:
    """Nothing outside of the folder that was named is written, whatever leads there."""
    learned(tmp_path / "outputs")
    outside = tmp_path / "outside"
    outside.mkdir()
    at = tmp_path / "at" / layout.FOLDER / link if link else tmp_path / "at" / layout.FOLDER
    at.parent.mkdir(parents=True)
    at.symlink_to(outside)
    with pytest.raises(UnsafeFile):
        History(tmp_path / "outputs").export("latest", tmp_path / "at")
    assert list(outside.iterdir()) == []


def test_a_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A link in the place of an exported file is not followed, and what it leads to stays as it is."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    history.export(run, tmp_path / "at")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    file = tmp_path / "at" / layout.FOLDER / layout.Q_TABLE
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(UnsafeFile, match=r"q_predictor_buffer\.json"):
        history.export(f"{run}@5", tmp_path / "at")
    assert secret.read_text() == "secret"


def test_a_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A folder is needed to export into."""
    learned(tmp_path / "outputs")
    (tmp_path / "at").write_text("file")
    with pytest.raises(JottyError):
        History(tmp_path / "outputs").export("latest", tmp_path / "at")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """A full or read-only target is a typed error; what was exported before is whole, and a later export completes."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    history.export(f"{run}@40", tmp_path / "at")
    with monkeypatch.context() as patched:
        refuse(patched, "brain_state", error)
        with pytest.raises(WriteFailed, match=os.strerror(error)) as caught:
            history.export(run, tmp_path / "at")
    assert caught.value.file.endswith(layout.BRAIN)
    assert loaded(tmp_path / "at", layout.BRAIN)
    history.export(run, tmp_path / "at")
    assert tree(tmp_path / "at") == tree(tmp_path / "outputs" / run)


def test_a_target_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only folder is a typed error, and nothing is in it."""
    learned(tmp_path / "outputs")
    (tmp_path / "at").mkdir()

    def read_only(self: DiskFiles, path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(DiskFiles, "make_folder", read_only)
    with pytest.raises(WriteFailed, match="Read-only") as caught:
        History(tmp_path / "outputs").export("latest", tmp_path / "at")
    assert str(tmp_path / "at") in caught.value.file
    assert list((tmp_path / "at").iterdir()) == []


# On the command line.


def jotty(*arguments: object) -> Result:
    return CliRunner(charset="utf-8").invoke(main, [str(one) for one in arguments], catch_exceptions=False)


def test_the_command_writes_what_the_library_does(tmp_path: Path) -> None:
    """People read how many files stand where, scripts which."""
    run = learned(tmp_path / "outputs")
    history = History(tmp_path / "outputs")
    told = jotty("export", "latest", tmp_path / "at", "--output", tmp_path / "outputs")
    assert (told.exit_code, told.stderr) == (0, "")
    assert "9 files" in told.stdout
    assert str(tmp_path / "at" / layout.FOLDER) in told.stdout
    found = json.loads(jotty("export", run, tmp_path / "at", "--json", "--output", tmp_path / "outputs").stdout)
    assert found == history.export(run, tmp_path / "at").to_dict()
    assert set(found) == {"point", "folder", "files"}
    assert tree(tmp_path / "at") == tree(tmp_path / "outputs" / run)


@pytest.mark.parametrize(
    ("point", "code", "said"),
    [
        ("nonsense!", 2, "nonsense!"),
        ("run_20200101_000000", 1, "run_20200101_000000"),
        ("run_20260106_120000#9", 1, "episodes ended"),
        ("latest", 1, "was not written by an export"),
    ],
)
def test_what_cannot_be_exported_is_said(tmp_path: Path, point: str, code: int, said: str) -> None:
    """A malformed point is bad usage; a place that is not there, and a foreign file, are something wrong."""
    learned(tmp_path / "outputs")
    theirs = tmp_path / "at" / layout.FOLDER / layout.BRAIN
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    done = jotty("export", point, tmp_path / "at", "--output", tmp_path / "outputs", "--json")
    assert (done.exit_code, theirs.read_text()) == (code, "theirs")
    assert said in json.loads(done.stdout)["error"]["message"]


def test_a_history_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Neither the history nor the target is made."""
    done = jotty("export", "latest", tmp_path / "at", "--output", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert "nowhere is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []
