"""Snapshots are a cache: with them, without them, or with any of them damaged, every point has the same state (L4)."""

import logging
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from generators import Log, learning_logs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packing import pack
from recording import event, plan, tree_bytes
from stage import conductor

from jotty_events import Conductor, History
from jotty_events.agents.q import state_index
from jotty_events.events import Event
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.replay import Replay, Replayed, Resuming, digests
from jotty_events.reading.snapshot import sheets
from jotty_events.reading.snapshot.manifest import MANIFEST, SHEETS, Manifest, Sheets, seal, unseal
from jotty_events.reading.snapshot.saving import Place, Saver, Saving
from jotty_events.reading.snapshot.store import Snapshots
from jotty_events.reading.snapshot.thinning import chosen, seq_of
from jotty_events.record import Record
from jotty_events.rules.words.index import WordIndex
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability
from projections import READ_MODELS, TODOS, ReadModel

EAGER = Saving(events=1, episodes=1, runs=100)


class Writing:
    """A run that is written and saved as a session does it."""

    def __init__(self, files: Files, parent: Point | None = None) -> None:
        tree = Tree(files)
        pinned = tree.parent(parent, durably=False) if parent else None
        self.resuming = Resuming(tree.run, Snapshots())
        self.files = files
        self.live = self.resuming.at(parent, READ_MODELS) if parent else Replay(READ_MODELS)
        self.writer = RunWriter.create(files, plan(parent=pinned, durability=Durability.OS))
        self.saver = Saver(files, self.resuming.snapshots, self.live.result.saved, "test", EAGER)
        for kept in tree.lineage(self.point).records(pinned.seq if pinned else 0):
            assert isinstance(kept.record, Record)
            self.live.apply(kept.record)

    @property
    def point(self) -> Point:
        return Point(self.writer.run, self.writer.next_seq - 1)

    def commit(self, events: list[Event]) -> None:
        first = self.writer.next_seq
        at = self.writer.append(events).at
        for seq, one in enumerate(events, first):
            self.live.apply(Record(seq, at, one))

    def save(self) -> bool:
        place = Place(self.writer.run, self.point.seq, self.writer.head)
        result = self.live.result
        return self.saver.save(place, result.states, READ_MODELS, result.unknown, sorted(result.missed))


def replayed(files: Files, point: Point) -> dict[str, str]:
    """Return the digests at a point by replay of every record."""
    return digests(READ_MODELS, Replay(READ_MODELS).run(Tree(files).lineage(point).records()).states)


def resumed(files: Files, point: Point) -> Replayed:
    """Return what is found at a point from the nearest snapshot on."""
    return Resuming(Tree(files).run, Snapshots()).at(point, READ_MODELS).result


def digests_at(files: Files, point: Point) -> dict[str, str]:
    return digests(READ_MODELS, resumed(files, point).states)


def cells(states: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Return all rows of all tables, each looked at, and the counters."""
    return {
        (name, rows.table.name): (sorted(rows.items(), key=lambda item: repr(item[0])), rows.next_nth, len(rows))
        for name, state in states.items()
        for rows in state.values()
    }


def histories(files: Files, logs: list[Log], saved: list[bool]) -> list[Point]:
    """Write a run per log, each forked off somewhere in the one before, and save after some commits."""
    points: list[Point] = []
    chances = iter([*saved, *[False] * 1000])
    for log in logs:
        parent = points[-(len(points) // 3) - 1] if points else None
        writing = Writing(files, parent)
        points.append(writing.point)
        for commit in log:
            writing.commit(commit)
            points.append(writing.point)
            if next(chances):
                assert writing.save()
        writing.writer.close()
    return points


few = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
_logs = st.lists(learning_logs(max_events=10), min_size=1, max_size=4)
_saved = st.lists(st.booleans(), min_size=5, max_size=40)


@few
@given(_logs, _saved)
def test_l4_a_snapshot_and_its_tail_are_the_replay(logs: list[Log], saved: list[bool]) -> None:
    """At every commit of every run, through forks, the state is the same with snapshots as without."""
    files = MemoryFiles()
    for point in histories(files, logs, saved):
        assert digests_at(files, point) == replayed(files, point)


@few
@given(_logs, _saved, st.randoms(use_true_random=False))
def test_l4_snapshots_may_be_deleted_or_damaged(logs: list[Log], saved: list[bool], random: Random) -> None:
    """Files of snapshots that are missing, cut short or changed in a byte change no row of any state."""
    files = MemoryFiles()
    points = histories(files, logs, [True, *saved])
    expected = cells(Replay(READ_MODELS).run(Tree(files).lineage(points[-1]).records()).states)
    for path, data in snapshot_files(files).items():
        hurt(files, path, data, random)
    assert cells(resumed(files, points[-1]).states) == expected


def snapshot_files(files: Files) -> dict[str, bytes]:
    return {path: data for path, data in tree_bytes(files).items() if f"/{layout.SNAPSHOTS}/" in path}


def hurt(files: Files, path: str, data: bytes, random: Random) -> None:
    """Leave a file alone, delete it, cut it short, or change one byte of it."""
    how = random.choice(["leave", "leave", "delete", "cut", "flip", "flip"])
    at = random.randrange(len(data))
    if how == "delete":
        files.remove(path)
    elif how == "cut":
        files.replace(path, data[:at])
    elif how == "flip":
        files.replace(path, data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three runs of a conductor that fails, learns, and is saved at the end of each."""
    for number in range(3):
        with conductor(tmp_path, auto_save_interval=2) as live:
            for goal in range(3):
                live.run_sync(f"goal {number} {goal}")
    return tmp_path


def last_snapshot(folder: Path) -> Path:
    return max(folder.rglob(MANIFEST)).parent


def test_any_flipped_byte_of_a_snapshot_changes_no_answer(folder: Path) -> None:
    """Whichever file is damaged, the whole state is read as it was."""
    expected = cells(History(folder).at()._states)  # type: ignore[arg-type]
    random = Random(1)
    for path in sorted(last_snapshot(folder).iterdir()):
        data = path.read_bytes()
        for _ in range(3):
            at = random.randrange(len(data))
            path.write_bytes(data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :])
            assert cells(History(folder).at()._states) == expected  # type: ignore[arg-type]
        path.write_bytes(data)


class Believed(str):
    """A digest that differs from no other."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return False


class NoProof:
    """What stands for SHA-256 where nothing is to be found out."""

    def __init__(self, data: object) -> None:
        del data

    def hexdigest(self) -> str:
        return Believed()


def test_what_is_not_proven_would_change_an_answer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody compares digests, a changed byte shows: it is the proof that makes the tests above silent."""
    expected = cells(History(folder).at()._states)  # type: ignore[arg-type]
    path = next(last_snapshot(folder).glob("*episodes.episodes.arrow"))
    data = path.read_bytes()
    assert b"goal 2 2" in data
    path.write_bytes(data.replace(b"goal 2 2", b"goal 2 3"))
    assert cells(History(folder).at()._states) == expected  # type: ignore[arg-type]
    monkeypatch.setattr(sheets, "sha256", NoProof)
    assert cells(History(folder).at()._states) != expected  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [False, True])
def test_whatever_is_derived_may_be_deleted(folder: Path, packed: bool) -> None:
    """Only manifests and the log itself count: without snapshots, indexes and links every answer is the same."""
    if packed:
        pack(DiskFiles(folder))
    points = ["latest", "latest~1", "latest~2"]
    expected = [cells(History(folder).at(point)._states) for point in points]  # type: ignore[arg-type]
    kept = {layout.MANIFEST, layout.LOCK}
    derived = [one for one in folder.rglob("*") if one.is_symlink() or (one.is_file() and one.name not in kept)]
    gone = [one for one in derived if not {"events", layout.PACKS} & set(one.relative_to(folder).parts)]
    assert {layout.LATEST, MANIFEST} <= {one.name for one in gone}
    for one in gone:
        one.unlink()
    assert [cells(History(folder).at(point)._states) for point in points] == expected  # type: ignore[arg-type]
    with conductor(folder) as live:
        live.run_sync("goal 1 1")
        found = live.state.digests()
    assert replayed(DiskFiles(folder), Tree(DiskFiles(folder)).resolve("latest")) == found


def test_damage_that_is_found_late_is_told_once_and_replayed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A state that was opened over a damaged sheet answers as if it were sound, and says so in the log."""
    expected = {key: entry.value for key, entry in History(folder).at().q_table.items()}
    path = next(last_snapshot(folder).glob("*q_table.entries.arrow"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with caplog.at_level(logging.WARNING, "jotty_events"):
        state = History(folder).at()
        assert not caplog.records
        assert {key: entry.value for key, entry in state.q_table.items()} == expected
    assert [record.message.count("is damaged in batch 0") for record in caplog.records] == [1]


def test_a_conductor_learns_on_over_a_damaged_snapshot(folder: Path, tmp_path: Path) -> None:
    """What is learned over rows that turn out damaged is what a replay of the whole log gives."""
    for path in last_snapshot(folder).glob("*.arrow"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    with conductor(folder) as live:
        live.run_sync("goal 1 1")
        found = live.state.digests()
    point = Tree(DiskFiles(folder)).resolve("latest")
    assert replayed(DiskFiles(folder), point) == found == digests_at(DiskFiles(folder), point)


def test_a_snapshot_of_another_head_version_or_run_is_not_used(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a manifest claims is held against the log and the projections; a doubtful one is ignored with a line."""
    point = Tree(DiskFiles(folder)).resolve("latest")
    path = last_snapshot(folder) / MANIFEST
    sound = unseal(Manifest, path.read_bytes(), "")
    assert resumed(DiskFiles(folder), point).saved_at == point.seq
    for change in (
        {"head": "00" * 32},
        {"run": "run_20200101_000000"},
        {"seq": sound.seq - 1},
        {"version": 2},
        {"format": "x"},
        {"homes": dict.fromkeys(sound.homes, "00" * 32)},
    ):
        path.write_bytes(seal(changed(sound, **change)))
        caplog.clear()
        with caplog.at_level(logging.INFO, "jotty_events"):
            assert resumed(DiskFiles(folder), point).saved_at < point.seq
        assert "is ignored" in caplog.text
        assert digests_at(DiskFiles(folder), point) == replayed(DiskFiles(folder), point)


def test_a_snapshot_that_is_well_sealed_and_wrong_is_not_fatal(folder: Path) -> None:
    """Texts that are no numbers, and batches that begin elsewhere than is said, are ignored; the answer stays."""
    manifest = last_snapshot(folder) / MANIFEST
    described = manifest.parent / SHEETS
    point = Tree(DiskFiles(folder)).resolve("latest")
    wanted, said = replayed(DiskFiles(folder), point), unseal(Manifest, manifest.read_bytes(), "")
    sheets = unseal(Sheets, described.read_bytes(), "")
    home = manifest.parent.relative_to(folder).as_posix()
    name = next(name for name in sheets.sheets if name.startswith("goals."))
    manifest.write_bytes(seal(changed(said, head="no head")))
    assert digests_at(DiskFiles(folder), point) == wanted
    for change in ({"first": "ff" * 32}, {"first": "no place"}, {"rows": -1}, {"rows": 10_000}):
        batches = [changed(one, **change) for one in sheets.sheets[name].batches]
        others = {**sheets.sheets, name: changed(sheets.sheets[name], batches=batches)}
        described.write_bytes(seal(Sheets(others)))
        homes = {**said.homes, home: sha256(described.read_bytes()).hexdigest()}
        manifest.write_bytes(seal(changed(said, homes=homes)))
        state = History(folder).at()
        assert (len(list(state.goals.items())), state.digests()) == (len(state.goals), wanted)


def changed(manifest: Any, **changes: Any) -> Any:
    from msgspec.structs import replace

    return replace(manifest, **changes)


def test_a_projection_of_another_version_is_replayed(folder: Path) -> None:
    """Raising the version of one projection leaves the others' snapshots in use."""
    point = Tree(DiskFiles(folder)).resolve("latest")
    path = last_snapshot(folder) / MANIFEST
    sound = unseal(Manifest, path.read_bytes(), "")
    kept = dict(sound.projections)
    kept["brain"] = changed(kept["brain"], version=99)
    path.write_bytes(seal(changed(sound, projections=kept)))
    found = resumed(DiskFiles(folder), point)
    assert found.saved_at == point.seq
    assert digests(READ_MODELS, found.states) == replayed(DiskFiles(folder), point)


class Needy(ReadModel):
    """A projection that reads a tag which this version does not know."""

    @property
    def reads(self) -> Any:
        return (*TODOS.writes, "novel")


def test_a_snapshot_that_passed_over_a_tag_is_not_used_by_who_reads_it() -> None:
    """What could not be read on the way is counted as in a replay; whoever needs it replays, and is refused there."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.live.result.missed.add("novel")
    writing.live.result.unknown["novel"] += 1
    assert writing.save()
    found = resumed(files, writing.point)
    assert (found.unknown, found.missed, found.saved_at) == ({"novel": 1}, {"novel"}, writing.point.seq)
    needy = Needy(TODOS.name, TODOS.version, TODOS.tables, TODOS.writes, TODOS.view)
    assert Resuming(Tree(files).run, Snapshots()).at(writing.point, [needy]).result.saved_at == 0
    writing.writer.close()


class Counting:
    """A user's projection: how many events of each type there were."""

    name, version = "counting", 1
    reads: tuple[str, ...] = ("episode_ended", "q_updated")

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], record: Record) -> None:
        tag = type(record.event).__name__
        state[tag] = state.get(tag, 0) + 1

    def dump(self, state: dict[str, int]) -> dict[str, Any]:
        import pyarrow as pa

        return {"counts": pa.table({"tag": list(state), "count": list(state.values())})}

    def load(self, tables: Any) -> dict[str, int]:
        return {row["tag"]: row["count"] for row in tables["counts"].to_pylist()}

    def digest(self, state: dict[str, int]) -> str:
        return repr(sorted(state.items())).encode().hex()[:64].rjust(64, "0")

    def view(self, states: Any) -> Any:
        return states[self.name]


def test_a_projection_of_the_users_own_is_saved_with_the_others(tmp_path: Path) -> None:
    """It is dumped, loaded, kept where it did not change, and replayed where it was not there."""
    for number in range(3):
        with conductor(tmp_path, projections=[Counting()] if number else []) as live:
            live.run_sync("a goal")
    point = Tree(DiskFiles(tmp_path)).resolve("latest")
    found = Resuming(Tree(DiskFiles(tmp_path)).run, Snapshots()).at(point, [*READ_MODELS, Counting()]).result
    whole = Replay([*READ_MODELS, Counting()]).run(Tree(DiskFiles(tmp_path)).lineage(point).records())
    assert found.saved_at == point.seq
    assert found.states["counting"] == whole.states["counting"] != {}


class Dotted(Counting):
    """One whose name and table read like another's."""

    def __init__(self, name: str, table: str, *reads: str) -> None:
        self.name, self._table, self.reads = name, table, reads

    def dump(self, state: dict[str, int]) -> dict[str, Any]:
        return {self._table: super().dump(state)["counts"]}

    def load(self, tables: Any) -> dict[str, int]:
        return super().load({"counts": tables[self._table]})


def test_names_that_read_alike_are_kept_apart(tmp_path: Path) -> None:
    """A table `b.c` of a projection `a`, and a table `c` of `a.b`: each is saved, and each comes back."""
    ours = [Dotted("a", "b.c", "episode_ended"), Dotted("a.b", "c", "episode_started")]
    with conductor(tmp_path, projections=ours) as live:
        live.run_sync("a goal")
    point = Tree(DiskFiles(tmp_path)).resolve("latest")
    found = Resuming(Tree(DiskFiles(tmp_path)).run, Snapshots()).at(point, [*READ_MODELS, *ours]).result
    assert found.saved_at == point.seq
    assert (found.states["a"], found.states["a.b"]) == ({"EpisodeEnded": 1}, {"EpisodeStarted": 1})


class Mute(Counting):
    """One that cannot be dumped."""

    def dump(self, state: dict[str, int]) -> dict[str, Any]:
        raise NotImplementedError


def test_a_projection_that_cannot_be_dumped_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The others are saved all the same, and it is replayed from the first record."""
    with conductor(tmp_path, projections=[Mute()]) as live:
        live.run_sync("a goal")
    assert "counting is left out of the snapshot" in caplog.text
    point = Tree(DiskFiles(tmp_path)).resolve("latest")
    found = Resuming(Tree(DiskFiles(tmp_path)).run, Snapshots()).at(point, [*READ_MODELS, Mute()]).result
    assert found.saved_at == point.seq
    assert found.states["counting"]


def test_a_full_disk_costs_the_snapshot_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever call of writing one fails, the run goes on, nothing half-made is left, and the next one stands."""
    writing = Writing(Full())
    writing.commit([event(1), event(2)])
    files = writing.files
    assert isinstance(files, Full)
    allowed = 0
    while True:
        files.allowed, before = allowed, set(snapshot_files(files))
        if writing.save():
            break
        files.allowed = None
        assert "no snapshot was written" in caplog.text
        assert {path.rpartition("/")[2] for path in set(snapshot_files(files)) - before} == set()
        allowed += 1
    files.allowed = None
    assert allowed > 3
    assert digests_at(files, writing.point) == replayed(files, writing.point)
    writing.writer.close()


class Full(MemoryFiles):
    """Files on a disk that takes so many more changes, and then none."""

    allowed: int | None = None

    def _spend(self) -> None:
        if self.allowed is not None:
            if self.allowed == 0:
                raise OSError(28, "No space left on device")
            self.allowed -= 1

    def make_folder(self, path: str) -> None:
        self._spend()
        super().make_folder(path)

    def create(self, path: str) -> Any:
        self._spend()
        return super().create(path)

    def replace(self, path: str, data: bytes) -> None:
        self._spend()
        super().replace(path, data)


def test_a_power_loss_leaves_a_snapshot_that_is_noticed_as_torn() -> None:
    """The bytes of sheets are not synced: a manifest that outlives them is not believed."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.writer.sync_some()
    writing.writer._sync()
    files.sync(layout.events(writing.writer.run))
    assert writing.save()
    left = files.after_power_loss()
    point = Point(writing.writer.run, 1)
    assert digests_at(left, point) == replayed(left, point)
    writing.writer.close()


def test_a_snapshot_costs_what_changed() -> None:
    """Over a large table, a small change writes a small sheet, and the large one is named, not copied."""
    files = MemoryFiles()
    writing = Writing(files)
    writing.commit([event(number) for number in range(2000)])
    assert writing.save()
    large = sum(len(data) for data in snapshot_files(files).values())
    for number in range(5):
        writing.commit([event(number)])
        before = snapshot_files(files)
        assert writing.save()
        added = {path: data for path, data in snapshot_files(files).items() if path not in before}
        assert sum(map(len, added.values())) < large / 20
    assert digests_at(files, writing.point) == replayed(files, writing.point)
    writing.writer.close()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 10))
def test_thinning_keeps_the_newest_and_ever_fewer_of_the_older(steps: list[int], runs: int) -> None:
    """The newest is always kept, gaps grow with age, and no more runs have snapshots than may."""
    seqs = [sum(steps[: at + 1]) for at in range(len(steps))]
    folders = [f"run_20260106_{120000 + at // 20}/snapshots/{seq:012d}" for at, seq in enumerate(seqs)]
    kept: list[str] = []
    for folder in folders:
        kept = chosen([*kept, folder], runs)
        assert kept[-1] == folder
        assert len({one.partition("/")[0] for one in kept}) <= runs
    assert len(kept) <= 20 + 16 * 12
    assert [seq_of(one) for one in kept] == sorted(map(seq_of, kept))


def test_a_snapshot_is_made_where_it_is_asked_for(folder: Path) -> None:
    """`History.snapshot` keeps the state at a point, once; what is asked there is then found without a replay."""
    history = History(folder)
    point = history.point("latest~1")
    assert history.snapshot(point)
    before = sorted(folder.rglob(MANIFEST))
    assert history.snapshot(point)
    assert sorted(folder.rglob(MANIFEST)) == before
    assert resumed(DiskFiles(folder), point).saved_at == point.seq


def states_near(live: Conductor, text: str) -> list[tuple[str, float]]:
    tiers = live.q_predictor._reader.similar_states(text)
    return [(state, near) for near, states in tiers for state in sorted(states())]


def learn_states(live: Conductor, first: int, last: int) -> None:
    """Learn of some states; each has a look at those similar to the next."""
    for number in range(first, last):
        here, there = f"count the rows of table {number % 7} {number}", f"count the rows of table {number % 7}"
        live.q_predictor.add_experience(here, "scan", 0.5, there)


@pytest.mark.parametrize("damage", ["none", "arrays", "texts", "text missing", "all missing"])
def test_the_index_of_states_is_kept_and_answers_as_one_made_anew(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is opened from a snapshot and followed through later changes finds what an index of the table finds."""
    monkeypatch.setattr(state_index, "KEPT_FROM", 1)
    for number in range(4):
        with conductor(tmp_path) as live:
            learn_states(live, number * 10, number * 10 + 10)
    hurt_index(tmp_path, damage)
    with conductor(tmp_path) as live:
        assert live._session.kept_index("q_states") is not None
        learn_states(live, 35, 45)
        for text in ("count the rows of table 3", "count the rows of table 3 44", "nothing like it"):
            assert states_near(live, text) == WordIndex(live.q_predictor.Q.all_states()).similar(text)
    assert History(tmp_path).at().digests() == live.state.digests()


def hurt_index(folder: Path, damage: str) -> None:
    """Damage the files of the index, wherever they are."""
    for path in [] if damage == "none" else folder.rglob("*q_states.*.arrow"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        if damage == "all missing" or (damage == "text missing" and "texts" in path.name):
            path.unlink()
        elif damage in path.name or (damage == "arrays" and "texts" not in path.name):
            path.write_bytes(bytes(data))


def test_an_index_that_did_not_change_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later snapshots name the arrays of the one that made them, and list what came since."""
    monkeypatch.setattr(state_index, "KEPT_FROM", 1)
    for number in range(3):
        with conductor(tmp_path) as live:
            learn_states(live, number * 5, number * 5 + 5)
    manifests = [unseal(Manifest, path.read_bytes(), "") for path in sorted(tmp_path.rglob(MANIFEST))]
    second, third = manifests[-2].indexes["q_states"], manifests[-1].indexes["q_states"]
    assert second.arrays == third.arrays
    assert set(second.came) < set(third.came)
