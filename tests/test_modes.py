"""The learning modes, where they start from, what they write, and folders that cannot be written to."""

import errno
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from stage import (
    START,
    actor,
    bytes_below,
    conductor,
    events,
    listing,
    of_type,
    own_events,
    rebuilt,
    scripted_entropy,
    ticking,
)

from jotty_events import AgentConfig, Conductor, Durability, History, JottyConfig, LearningMode, Outcome
from jotty_events.conducting import opening
from jotty_events.conducting.opening import HistoryWarning
from jotty_events.errors import (
    ConfigError,
    Corruption,
    FormatError,
    InvalidEvent,
    PointError,
    RunClosed,
    UnknownRun,
    UnsafeFile,
    WriteFailed,
)
from jotty_events.events import (
    AttemptMade,
    EpisodeEnded,
    ExperienceEncoded,
    MemoryStored,
    QUpdated,
    RunEnded,
    RunStarted,
    TodoOpened,
    ValueUpdated,
)
from jotty_events.log.files import DiskFiles
from jotty_events.record import Record
from projections import MEMORY

DISABLED, CONTEXTUAL = LearningMode.DISABLED, LearningMode.CONTEXTUAL
LEARNED = ("memory", "q_table", "brain", "goals")


def learn(folder: Path, *goals: str, at: float = START, **settings: Any) -> Conductor:
    """Run goals in a run of their own, and close it."""
    with conductor(folder, clock=ticking(at), **settings) as live:
        for goal in goals:
            live.run_sync(goal)
    return live


# DISABLED.


def test_disabled_writes_nothing_at_all(tmp_path: Path) -> None:
    """Construction, episodes, failures and close leave every file, time and lock of the folder as it was."""
    learn(tmp_path, "g")
    before = listing(tmp_path)
    with conductor(tmp_path, learning_mode=DISABLED) as live:
        live.run_sync("g")
        live.run_sync("another goal")
        live.shared_memory.store("a note", "semantic", goal="g")
        live.q_predictor.add_experience({"goal": "g"}, {"approach": "A"}, 1.0)
    assert listing(tmp_path) == before


def test_disabled_makes_no_folder(tmp_path: Path) -> None:
    """A folder that is missing stays missing, and the conductor works."""
    with conductor(tmp_path / "missing" / "outputs", learning_mode=DISABLED) as live:
        result = live.run_sync("g")
    assert (result.success, result.run_id, live.run_id, result.learned) == (True, None, None, [])
    assert list(tmp_path.iterdir()) == []


def test_disabled_works_where_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one operation that writes is asked of the files, locking included."""
    learn(tmp_path, "g")
    asked: list[str] = []
    for name in ("make_folder", "create", "replace", "sync", "remove", "lock", "point"):
        monkeypatch.setattr(DiskFiles, name, lambda *args, name=name: asked.append(name))
    with conductor(tmp_path, learning_mode=DISABLED) as live:
        assert live.run_sync("g").first_choice == "B"
    assert asked == []


def test_disabled_uses_what_was_learned_and_learns_nothing(tmp_path: Path) -> None:
    """Choice and context come from what was learned; values, memories and patterns stay as they are."""
    learn(tmp_path, "g", "g2", "g3")
    live = conductor(tmp_path, learning_mode=DISABLED)
    before = live.state.digests()
    assert before == History(tmp_path).at().digests()
    results = [live.run_sync("g") for _ in range(4)]
    assert {(one.first_choice, len(one.attempts)) for one in results} == {("B", 1)}
    assert "High-value pattern: USE: B" in results[0].learned_context
    assert len({one.learned_context for one in results}) == 1
    after = live.state.digests()
    assert {name: after[name] for name in LEARNED} == {name: before[name] for name in LEARNED}


def test_disabled_keeps_track_of_what_happens() -> None:
    """Episodes and tasks are in the live state, though nothing is learned of them."""
    live = conductor(None, learning_mode=DISABLED, auto_load_on_start=False)
    live.run_sync("g")
    assert [(one.goal, one.status, one.attempts) for one in live.state.episodes.entries()] == [("g", "succeeded", 2)]
    assert [task.status for task in live.todo.tasks.values()] == ["completed"]
    assert live.shared_memory.store("x") is None
    assert len(live.shared_memory) == 0


def test_disabled_explores_as_its_seed_says(tmp_path: Path) -> None:
    """Exploring without learning follows from the seed as well."""

    def tried(seed: int) -> list[str | None]:
        who = actor(lambda task: Outcome(success=True), approaches=list("ABCDEFGH"))
        live = conductor(tmp_path, who, learning_mode=DISABLED, epsilon=1.0, seed=seed)
        return [live.run_sync("g").choice for _ in range(8)]

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


def test_disabled_reads_a_run_that_is_being_written(tmp_path: Path) -> None:
    """What a live run has on disk by now is used, without a warning and without disturbing the writer."""
    with conductor(tmp_path) as writer:
        writer.run_sync("g")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader = conductor(tmp_path, learning_mode=DISABLED)
        assert reader.state.digests() == writer.state.digests()
        assert reader.run_sync("g").first_choice == "B"
        writer.run_sync("g2")
    assert History(tmp_path).check() == []


# CONTEXTUAL.


def test_contextual_starts_fresh_learns_and_leaves_no_file(tmp_path: Path) -> None:
    """Within the session the second goal profits from the first; on disk nothing changes, then all is forgotten."""
    learn(tmp_path, "g")
    before = listing(tmp_path)
    with conductor(tmp_path, learning_mode=CONTEXTUAL) as live:
        assert (live.start, len(live.q_predictor.Q), len(live.state.episodes)) == (None, 0, 0)
        assert [len(live.run_sync(goal).attempts) for goal in ("g", "g2")] == [2, 1]
        assert live.run_id is not None
        assert rebuilt(live) == live.state.digests()
    assert listing(tmp_path) == before
    assert len(conductor(tmp_path, learning_mode=CONTEXTUAL).q_predictor.Q) == 0


def test_contextual_makes_no_folder(tmp_path: Path) -> None:
    """Where there is no folder, none is made."""
    with conductor(tmp_path / "missing", learning_mode=CONTEXTUAL) as live:
        live.run_sync("g")
    assert list(tmp_path.iterdir()) == []


def test_all_modes_run_the_same_code(tmp_path: Path) -> None:
    """In memory the events are those of the disk, but for where they were kept."""
    with conductor(tmp_path) as on_disk, conductor(tmp_path, learning_mode=CONTEXTUAL) as in_memory:
        for live in (on_disk, in_memory):
            for goal in ("g", "g2", "g3"):
                live.run_sync(goal)
        assert on_disk.state.digests() == in_memory.state.digests()
        for kind in (AttemptMade, QUpdated, ValueUpdated, ExperienceEncoded):
            assert own_events(on_disk, kind) == own_events(in_memory, kind)


def test_enable_learning_off_records_what_happens_and_learns_nothing(tmp_path: Path) -> None:
    """A run that must not learn is still an audit trail: episodes, attempts and tasks."""
    learn(tmp_path, "g")
    with conductor(tmp_path, enable_learning=False) as live:
        before = live.state.digests()
        assert live.run_sync("g2").first_choice == "B"
        after = live.state.digests()
        assert {name: after[name] for name in LEARNED} == {name: before[name] for name in LEARNED}
        assert after == rebuilt(live)
        kinds = {type(event).__name__ for event in own_events(live, object)}
    assert kinds == {
        "RunStarted",
        "EpisodeStarted",
        "TodoOpened",
        "TaskAdded",
        "TaskStarted",
        "AttemptMade",
        "TaskCompleted",
        "EpisodeEnded",
    }


def test_enable_rl_off_remembers_and_values_nothing() -> None:
    """Without reinforcement learning there are memories, all worth 0.5, and no Q-values."""
    live = conductor(None, enable_rl=False)
    live.run_sync("g")
    assert {entry.content: entry.default_value for entry in live.shared_memory.memories.entries()} == {
        "USE: B": 0.5,
        "AVOID: A — no such column: A": 0.5,
    }
    assert len(live.q_predictor.Q) == 0
    assert len(live.brain.hippocampus) == 2
    assert rebuilt(live) == live.state.digests()


# Where a run starts from.


def test_without_auto_load_a_run_starts_fresh(tmp_path: Path) -> None:
    """A run of its own root, which is `latest` afterwards."""
    learn(tmp_path, "g")
    live = learn(tmp_path, "h", auto_load_on_start=False)
    assert live.start is None
    assert [run.parent for run in History(tmp_path).runs()] == [None, None]
    assert [one.goal for one in History(tmp_path).at().episodes.entries()] == ["h"]
    assert conductor(tmp_path, learning_mode=DISABLED, auto_load_on_start=False).start is None


def test_auto_load_continues_from_the_end_of_latest(tmp_path: Path) -> None:
    """The child's first state is the parent's last one, and their seqs are dense."""
    first = learn(tmp_path, "g")
    with conductor(tmp_path) as live:
        assert str(live.start) == f"{first.run_id}@{History(tmp_path).point(str(first.run_id)).seq}"
        assert live.state.digests() == History(tmp_path).at(str(first.run_id)).digests()
    seqs = [kept.record.seq for kept in History(tmp_path).records()]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("mode", list(LearningMode))
def test_start_from_pins_the_start_in_every_mode(tmp_path: Path, mode: LearningMode) -> None:
    """An earlier point is where any mode starts, also a session in memory that continues a point on disk."""
    first = learn(tmp_path, "g", "g2")
    learn(tmp_path, "g3", at=START + 60)
    before = bytes_below(tmp_path)
    point = f"{first.run_id}#1"
    with conductor(tmp_path, learning_mode=mode, start_from=point, clock=ticking(START + 120)) as live:
        assert live.start == History(tmp_path).point(point)
        assert live.state.digests() == History(tmp_path).at(point).digests()
        assert [one.goal for one in live.state.episodes.entries()] == ["g"]
        result = live.run_sync("g4")
        assert (result.first_choice, result.episode) == ("B", 2)
        if mode is not DISABLED:
            assert rebuilt(live) == live.state.digests()
    written = {name: data for name, data in bytes_below(tmp_path).items() if name not in before}
    assert {**before, **written} == bytes_below(tmp_path)
    assert bool(written) == (mode is LearningMode.PERSISTENT)


def test_a_session_in_memory_rolls_back_on_top_of_the_disk(tmp_path: Path) -> None:
    """A commit that is refused in mode CONTEXTUAL leaves the state that was loaded, and what was learned since."""
    learn(tmp_path, "g")
    live = conductor(tmp_path, learning_mode=CONTEXTUAL, start_from="latest")
    live.run_sync("g2")
    before = live.state.digests()
    with pytest.raises(InvalidEvent):
        live.shared_memory.store("x", "semantic", {"a": (1,)}, "g")
    assert live.state.digests() == before == rebuilt(live)


def test_a_point_inside_a_commit_is_read_and_not_continued(tmp_path: Path) -> None:
    """What would learn on needs the end of a commit, and is told where that is; mode DISABLED may look."""
    run = learn(tmp_path, "g").run_id
    for mode in (LearningMode.PERSISTENT, CONTEXTUAL):
        before = listing(tmp_path)
        with pytest.raises(PointError, match=rf"inside a commit.*ends at {run}@\d+") as caught:
            conductor(tmp_path, learning_mode=mode, start_from=f"{run}@3")
        assert caught.value.hint
        assert listing(tmp_path) == before
    live = conductor(tmp_path, learning_mode=DISABLED, start_from=f"{run}@3")
    assert live.state.digests() == History(tmp_path).at(f"{run}@3").digests()


@pytest.mark.parametrize(
    ("point", "error"),
    [
        ("", PointError),
        ("yesterday", PointError),
        ("run_20260106_120000@99999", PointError),
        ("run_20260106_120000#9", PointError),
        ("latest~9", PointError),
        ("run_19990101_000000", UnknownRun),
        ("../run_20260106_120000", PointError),
        ("@not a time", PointError),
        ("@1999-01-01", PointError),
    ],
)
@pytest.mark.parametrize("mode", list(LearningMode))
def test_a_start_that_is_nowhere_is_refused(tmp_path: Path, mode: LearningMode, point: str, error: Any) -> None:
    """A point that names nothing is refused in every mode with a hint, and no run is begun."""
    learn(tmp_path, "g")
    before = listing(tmp_path)
    with pytest.raises(error) as caught:
        conductor(tmp_path, learning_mode=mode, start_from=point)
    assert caught.value.hint
    assert listing(tmp_path) == before


def test_latest_in_an_empty_folder_is_nothing_yet(tmp_path: Path) -> None:
    """Asking for `latest` where no run is, is refused; not asking starts fresh."""
    with pytest.raises(PointError, match="has no run yet"):
        conductor(tmp_path, start_from="latest")
    assert list(tmp_path.iterdir()) == []
    assert conductor(tmp_path, learning_mode=DISABLED).start is None


def test_an_experiment_never_becomes_latest(tmp_path: Path) -> None:
    """An experiment continues from latest and keeps what it learned, but nobody continues from it unasked."""
    first = learn(tmp_path, "g")
    tried = learn(tmp_path, "g2", experiment=True)
    assert str(tried.start).startswith(str(first.run_id))
    assert os.readlink(tmp_path / "latest") == first.run_id
    assert History(tmp_path).point().run == first.run_id
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(learn(tmp_path, "g3").start).startswith(str(first.run_id))
        assert str(learn(tmp_path, start_from=str(tried.run_id)).start).startswith(str(tried.run_id))


# What is kept.

KEPT = {
    "persist_memories": ("memory", (MemoryStored, ValueUpdated)),
    "persist_q_tables": ("q_table", (QUpdated,)),
    "persist_brain_state": ("brain", (ExperienceEncoded,)),
    "persist_todos": ("todos", (TodoOpened,)),
}


@pytest.mark.parametrize("flag", sorted(KEPT))
def test_what_is_not_to_be_kept_is_learned_and_forgotten(tmp_path: Path, flag: str) -> None:
    """A flag that is off keeps its part out of the log; within the run it is learned, and all else is kept."""
    name, kinds = KEPT[flag]
    setting: dict[str, Any] = {flag: False}
    live = conductor(tmp_path, **setting)
    live.run_sync("g")
    digests = live.state.digests()
    live.close()
    replayed = History(tmp_path).at().digests()
    dropped = {"memory", "goals"} if name == "memory" else {name}
    assert {one for one in digests if digests[one] != replayed[one]} == dropped
    kept = events(tmp_path)
    assert [one for kind in kinds for one in of_type(kept, kind)] == []
    assert of_type(kept, RunEnded)[0].digests == {one: replayed[one] for one in replayed if one not in dropped}
    assert len(of_type(kept, AttemptMade)) == 2
    assert History(tmp_path).check() == []


def test_what_is_not_kept_survives_a_commit_that_is_taken_back(tmp_path: Path) -> None:
    """A refused commit takes back itself only, also where the live state is more than the log."""
    with conductor(tmp_path, persist_memories=False, persist_q_tables=False, semantic_capacity=1) as live:
        live.run_sync("g")
        before = live.state.digests()
        with pytest.raises(InvalidEvent):  # room was made already when the context is looked at
            live.shared_memory.store("x", "semantic", {"a": (1,)}, "g")
        assert live.state.digests() == before
        assert live.run_sync("g").first_choice == "B"


# Bad input while learning.

BAD_CONTEXTS: list[Any] = [
    {"a": (1, 2)},
    {"a": [1, (2,)]},
    {1: "a"},
    {"a": {2: "b"}},
    {"a": float("nan")},
    {"a": [float("inf")]},
    {"a": {1, 2}},
    {"a": b"bytes"},
    {"a": object()},
    {"a": "\ud800"},
    {"\ud800": 1},
    {"a": 2**64},
]
DEEP: list[Any] = []
for _ in range(500):
    DEEP = [DEEP]
LOOP: dict[str, Any] = {}
LOOP["loop"] = LOOP
HUGE = {"a": "x" * 17_000_000}


@pytest.mark.parametrize("context", [*BAD_CONTEXTS, {"a": DEEP}, LOOP, HUGE], ids=range(15))
def test_a_context_that_would_not_come_back_is_refused_whole(context: Any) -> None:
    """What JSON cannot hold is refused with a typed error; neither state nor log has any of it."""
    live = conductor(None, semantic_capacity=1)
    live.run_sync("g")
    before, seq = live.state.digests(), live._session.writer.next_seq  # type: ignore[union-attr]
    with pytest.raises(InvalidEvent) as caught:
        live.shared_memory.store("new content", "semantic", context, "g", 0.9)
    assert caught.value.hint
    assert live.state.digests() == before == rebuilt(live)
    assert live._session.writer.next_seq == seq  # type: ignore[union-attr]
    assert live.run_sync("g").first_choice == "B"


def test_state_after_a_refusal_is_learned_from_as_before() -> None:
    """After a commit was taken back, similar states are those of the state, with nothing of what was refused."""
    live = conductor(None)
    live.run_sync("Count P2P transactions")
    asked = {"goal": "Get P2P count", "actor": "analyst"}, {"approach": "B"}
    before = live.q_predictor.estimate(*asked)

    def learn_and_fail() -> None:
        with live._session.transaction():
            live.q_predictor.add_experience({"goal": "Get P2P counts", "actor": "analyst"}, {"approach": "B"}, 0.0)
            assert live.q_predictor.estimate(*asked) != before
            raise KeyError("after all")

    with pytest.raises(KeyError):
        learn_and_fail()
    assert live.q_predictor.estimate(*asked) == before
    live.q_predictor.add_experience(*asked, 0.0, done=True)
    assert live.q_predictor.estimate({**asked[0], "goal": "Get P2P counts"}, asked[1]).raw == pytest.approx(0.288)


# Folders that cannot be used.


def test_an_output_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A file in the place of the folder is refused in every mode that looks there, and left alone."""
    (tmp_path / "outputs").write_text("mine")
    for mode in (LearningMode.PERSISTENT, DISABLED):
        with pytest.raises(UnsafeFile, match="not a folder") as caught:
            conductor(tmp_path / "outputs", learning_mode=mode)
        assert caught.value.hint
    assert (tmp_path / "outputs").read_text() == "mine"
    with pytest.raises(UnsafeFile):
        conductor(tmp_path / "outputs" / "below")


class RefusingFiles(DiskFiles):
    """A disk that refuses writes: `error` says how, `after` how many it takes before."""

    error, after = errno.EACCES, 0

    def make_folder(self, path: str) -> None:
        self._refuse()
        super().make_folder(path)

    def create(self, path: str) -> Any:
        self._refuse()
        return RefusingAppender(self, super().create(path))

    def replace(self, path: str, data: bytes) -> None:
        self._refuse()
        super().replace(path, data)

    def _refuse(self) -> None:
        kind = type(self)
        if kind.after <= 0:
            raise OSError(kind.error, os.strerror(kind.error))
        kind.after -= 1


class RefusingAppender:
    """An appender that writes half of what it cannot write whole."""

    def __init__(self, files: RefusingFiles, inner: Any) -> None:
        self._files, self._inner = files, inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        try:
            self._files._refuse()
        except OSError:
            self._inner.write(data[: len(data) // 2])
            raise
        self._inner.write(data)

    def sync(self) -> None:
        self._files._refuse()
        self._inner.sync()


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> type[RefusingFiles]:
    """Let conductors write to a disk that refuses, and return it."""

    class Disk(RefusingFiles):
        pass

    monkeypatch.setattr(opening, "DiskFiles", Disk)
    return Disk


@pytest.mark.parametrize("after", range(6))
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path, refusing: type[RefusingFiles], after: int) -> None:
    """Wherever the beginning of a run fails, it is a typed error with the folder's name, and no run is there."""
    refusing.after = after
    with pytest.raises(WriteFailed, match="Permission denied") as caught:
        conductor(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint
    assert list(History(tmp_path).runs()) == []
    refusing.after = 10**9
    live = learn(tmp_path, "g")
    assert live.start is None
    assert History(tmp_path).check() == []


@pytest.mark.parametrize("durability", list(Durability))
@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 7, 9, 11, 13])
def test_a_disk_that_fills_up_ends_the_run_and_loses_nothing(
    tmp_path: Path, refusing: type[RefusingFiles], durability: Durability, after: int
) -> None:
    """Wherever the disk refuses: a typed error, a live state of acknowledged commits only, and a sound log."""
    refusing.after, refusing.error = 10**9, errno.ENOSPC
    live = conductor(tmp_path, durability=durability, commit_interval=3600)
    live.run_sync("g")
    refusing.after = after
    with pytest.raises((WriteFailed, RunClosed), match="No space left"):
        run_on(live)
    state = live.state.digests()
    with pytest.raises(RunClosed, match="No space left"):
        live.run_sync("and on")
    assert live.state.digests() == state
    live.close()
    refusing.after = 10**9
    assert History(tmp_path).check() == []
    if durability is Durability.COMMIT:
        assert replays_to(tmp_path, state)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        following = learn(tmp_path, "g")
    assert following.start is not None
    assert History(tmp_path).check() == []


def run_on(live: Conductor) -> None:
    """Work towards goals, each put on disk, for as long as the disk takes them."""
    for i in range(9):
        live.run_sync(f"goal {i}")
        assert live._session.writer is not None
        live._session.writer.sync_some()


def replays_to(folder: Path, digests: dict[str, str]) -> bool:
    """Say whether a state is that of the end of the run, or of one commit before: whole on disk, never acknowledged."""
    history = History(folder)
    commits = [commit.last for _, commit in history.tree.lineage(history.point()).commits()]
    run = history.point().run
    return any(history.at(f"{run}@{seq}").digests() == digests for seq in commits[-2:])


def test_a_run_that_failed_gives_its_lock_back(tmp_path: Path, refusing: type[RefusingFiles]) -> None:
    """After close() a run that the disk refused is not taken for one that is still being written."""
    refusing.after, refusing.error = 10**9, errno.EIO
    live = conductor(tmp_path)
    refusing.after = 0
    with pytest.raises(WriteFailed):
        live.run_sync("g")
    assert next(History(tmp_path).tree.runs()).live
    live.close()
    assert not next(History(tmp_path).tree.runs()).live


def test_a_folder_that_cannot_be_read_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of a folder that nobody may look into comes with its name and a hint."""

    class Closed(DiskFiles):
        def names(self, folder: str) -> list[str]:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(opening, "DiskFiles", Closed)
    for mode in (LearningMode.PERSISTENT, DISABLED):
        with pytest.raises(ConfigError, match=r"cannot be read: Permission denied \(name another") as caught:
            conductor(tmp_path, learning_mode=mode)
        assert str(tmp_path) in caught.value.message


@pytest.mark.parametrize("folder", ["x" * 300, "a/" * 3000, "\udcff"])
def test_a_name_that_no_disk_can_keep_is_a_typed_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """A folder whose name is too long is refused; one that is not UTF-8 works."""
    monkeypatch.chdir(tmp_path)
    config = JottyConfig(output_base_dir=folder)
    if folder == "\udcff":
        with Conductor([actor()], config, clock=ticking(), entropy=scripted_entropy()) as live:
            assert live.run_sync("g").success
    else:
        with pytest.raises((ConfigError, WriteFailed), match="File name too long") as caught:
            Conductor([actor()], config)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("manifest", "error"),
    [(None, FormatError), ("{}", FormatError), ("", FormatError), ("not json", FormatError), ("[1]", FormatError)],
)
def test_a_latest_that_cannot_be_read_is_not_passed_over(tmp_path: Path, manifest: str | None, error: Any) -> None:
    """If the latest run lost its manifest nobody starts from an older one unawares: it is refused in every mode."""
    learn(tmp_path, "g")
    run = learn(tmp_path, "g2").run_id
    path = tmp_path / str(run) / "run.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    before = listing(tmp_path)
    for mode in (LearningMode.PERSISTENT, DISABLED):
        with pytest.raises(error) as caught:
            conductor(tmp_path, learning_mode=mode)
        assert str(path) in caught.value.file
        assert caught.value.hint
    assert listing(tmp_path) == before


def test_a_damaged_parent_is_refused_before_a_run_is_begun(tmp_path: Path) -> None:
    """A flipped byte in what would be loaded is Corruption with file and offset, and no run is begun on it."""
    run = learn(tmp_path, "g").run_id
    rmtree(tmp_path / str(run) / "snapshots")  # from one, mode DISABLED loads what the bytes were before
    (segment,) = (tmp_path / str(run) / "events").iterdir()
    data = bytearray(segment.read_bytes())
    data[data.index(b"attempt_made") + 2] ^= 1
    segment.write_bytes(data)
    before = listing(tmp_path)
    for mode in LearningMode:
        with pytest.raises(Corruption) as caught:
            conductor(tmp_path, learning_mode=mode, start_from="latest")
        assert (caught.value.file, caught.value.offset > 0) == (str(segment), True)
    assert listing(tmp_path) == before


def test_the_symlink_latest_is_for_people(tmp_path: Path) -> None:
    """Whatever `latest` points to, the run with the greatest id is loaded."""
    old, new = learn(tmp_path, "g"), learn(tmp_path, "g2")
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to(str(old.run_id))
    os.utime(tmp_path / str(old.run_id), (START * 2, START * 2))
    assert str(learn(tmp_path).start).startswith(str(new.run_id))


# Several conductors on one folder.


def test_two_conductors_work_on_one_folder_at_once(tmp_path: Path) -> None:
    """Each writes its own run; nothing is lost; the second warns that its parent is live."""
    first = conductor(tmp_path)
    first.run_sync("one")
    with pytest.warns(HistoryWarning, match=f"{first.run_id} is still being written") as warned:
        second = conductor(tmp_path)
    assert warned[0].filename.endswith("stage.py")  # the line that made the conductor, not one of ours
    assert str(second.start).startswith(str(first.run_id))
    first.run_sync("two")
    second.run_sync("three")
    first.run_sync("four")
    assert first.state.digests() == rebuilt(first)
    assert second.state.digests() == rebuilt(second)
    second.close()
    first.close()
    history = History(tmp_path)
    assert [one.goal for one in history.at(str(first.run_id)).episodes.entries()] == ["one", "two", "four"]
    assert [one.goal for one in history.at(str(second.run_id)).episodes.entries()] == ["one", "three"]
    assert history.check() == []


def test_the_branch_that_is_not_continued_is_named(tmp_path: Path) -> None:
    """A conductor that is to continue only one of two says which run's records it leaves behind."""
    with conductor(tmp_path) as first:
        first.run_sync("one")
        with pytest.warns(HistoryWarning):
            second = conductor(tmp_path)
        second.run_sync("two")
        second.close()
        assert second.start is not None
        cut = second.start.seq
        first.run_sync("three")
    end = History(tmp_path).point(str(first.run_id)).seq
    with pytest.warns(HistoryWarning, match=rf"{first.run_id} learned records {cut + 1} to {end} beside") as warned:
        third = learn(tmp_path, branches="latest")
    assert len(warned) == 1
    assert str(third.start).startswith(str(second.run_id))


def test_a_warning_that_is_an_error_leaves_no_run(tmp_path: Path) -> None:
    """Where warnings are errors, a conductor that would leave something behind is not begun at all."""
    with conductor(tmp_path) as first:
        first.run_sync("one")
        before = listing(tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(HistoryWarning):
                conductor(tmp_path)
        assert listing(tmp_path) == before


def test_a_start_that_was_asked_for_leaves_others_without_a_word(tmp_path: Path) -> None:
    """Who names a point means it: only that it is still being written is said."""
    with conductor(tmp_path) as first:
        first.run_sync("one")
        with pytest.warns(HistoryWarning, match="still being written") as warned:
            conductor(tmp_path, start_from=f"{first.run_id}#1").close()
        assert len(warned) == 1
        first.run_sync("two")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conductor(tmp_path, start_from="latest").close()


def test_runs_that_begin_in_one_second_have_ids_of_their_own(tmp_path: Path) -> None:
    """Conductors on one clock get ids one second apart, in the order in which they began."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lives = [conductor(tmp_path, clock=lambda: START, auto_load_on_start=False) for _ in range(5)]
    assert [live.run_id for live in lives] == [f"run_20260106_12000{i}" for i in range(5)]
    for live in lives:
        live.run_sync("g")
        live.close()
    assert [len(of_type(events(tmp_path, str(live.run_id)), EpisodeEnded)) for live in lives] == [1] * 5
    assert [one.run for one in of_type(events(tmp_path), RunStarted)] == [lives[-1].run_id]


class Stored:
    """Counts what was stored."""

    name, version, reads = "stored", 1, (MemoryStored,)

    def initial(self) -> list[int]:
        return []

    def apply(self, state: list[int], record: Record) -> None:
        state.append(record.seq)

    def digest(self, state: list[int]) -> str:
        return str(len(state))

    def view(self, states: Mapping[str, Any]) -> list[int]:
        return list(states["stored"])


def test_a_projection_of_ones_own_does_not_change_what_is_written(tmp_path: Path) -> None:
    """What is not to be persisted is not, whoever reads it in memory."""
    config = JottyConfig(output_base_dir=tmp_path, persist_memories=False)
    own: Any = Stored()
    agent = AgentConfig(name="a", agent=lambda task: Outcome(success=True))
    with Conductor([agent], config, projections=[own]) as live:
        live.run_sync("g")
        assert len(live.state["stored"]) > 0
    events = [kept.record.event for kept in History(tmp_path).records() if isinstance(kept.record, Record)]
    assert [one for one in events if isinstance(one, MemoryStored)] == []


def test_two_projections_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name stands for one state: a second one of it is an error."""
    with pytest.raises(ConfigError, match="named 'memory'"):
        History(tmp_path, projections=[MEMORY, MEMORY]).at()
