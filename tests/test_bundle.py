"""Bundles: a lineage as one file, which is read where it lies or unpacked, and files that only look like one."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from by_hand import q, write
from hypothesis import given, settings
from hypothesis import strategies as st
from independent_reader import verify
from msgspec.structs import replace
from packing import SMALL, family, pack, pack_ids
from recording import append, begin, ends, let_go, redact, remanifest, run_end, seqs, tree_bytes
from stage import START, conductor, ticking

from jotty_events import History
from jotty_events.errors import (
    Corruption,
    FormatError,
    JottyError,
    LockHeld,
    MissingFile,
    NameTaken,
    PointError,
    ReadOnly,
    UnsafeFile,
    WriteFailed,
)
from jotty_events.log import layout
from jotty_events.log.archive import BLOCK, ArchiveWriter
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import ROOT_HEAD
from jotty_events.runs.reader import RunReader
from jotty_events.runs.tree import Tree
from jotty_events.types import Durability
from jotty_events.verbs.bundling import manifest as bundle_manifest
from jotty_events.verbs.bundling.manifest import BundleManifest
from jotty_events.verbs.bundling.opening import open_bundle, opened
from jotty_events.verbs.bundling.unpacking import Unpacked, unpack
from jotty_events.verbs.bundling.writing import Bundled, bundle, bundle_among

RUN = "run_20260106_120000"
CHILD = "run_20260106_120001"


def bundled(files: Files, point: str, path: Path) -> Bundled:
    """Bundle a lineage of files that lie anywhere."""
    tree = Tree(files)
    return bundle(tree, tree.resolve(point), path, "test")


def pair() -> MemoryFiles:
    """Return a run of 6 records in commits of 1, 2, 2, 1, and its child from seq 3 on."""
    files = MemoryFiles()
    write(files, [[q(0.9), q(0.8)], [q(0.7), q(0.6)]])
    write(files, [[q(0.1)]], f"{RUN}@3")
    return files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a bundle of the child of a pair."""
    bundled(pair(), CHILD, tmp_path / "lineage.tar")
    return tmp_path / "lineage.tar"


# What is in a bundle.


def test_a_bundle_holds_what_leads_to_its_point(tmp_path: Path, file: Path) -> None:
    """Each run as far as the lineage takes it, with the records as they are; what lies beside it is not there."""
    made = bundled(pair(), CHILD, tmp_path / "again.tar")
    assert (made.runs, made.records, str(made.point)) == ([RUN, CHILD], 6, f"{CHILD}@6")
    assert made.size == file.stat().st_size == (tmp_path / "again.tar").stat().st_size
    history = History.open_bundle(file)
    assert [str(run.end and run.end.seq) for run in history.runs()] == ["3", "6"]
    whole = History(files=pair())
    assert list(history.records()) == list(whole.records(CHILD))
    assert history.at().digests() == whole.at(CHILD).digests()
    assert history.at("latest~1").q_table["s", "go"].value == 0.8
    assert history.check() == []
    assert b"0.7" not in file.read_bytes()


def test_any_tar_unpacks_a_bundle(tmp_path: Path, file: Path) -> None:
    """It is a plain archive: what another program makes of it is a sound history."""
    with tarfile.open(file) as archive:
        assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in archive} == {(0, 0, 0, "", 0o644)}
        archive.extractall(tmp_path / "elsewhere", filter="data")
    history = History(tmp_path / "elsewhere")
    assert history.check() == []
    assert seqs(DiskFiles(tmp_path / "elsewhere")) == [1, 2, 3, 4, 5, 6]
    assert set(verify(str(tmp_path / "elsewhere"), CHILD)) >= {3, 6}


def test_the_same_lineage_gives_the_same_bytes(tmp_path: Path) -> None:
    """Twice, from other files, packed or loose, and from a bundle itself: not one byte differs."""
    files = MemoryFiles()
    first, child, killed = family(files)
    for name, point in (("first", first), ("child", child), ("killed", killed), ("cut", f"{first}@4")):
        bundled(files, point, tmp_path / f"{name}.tar")
    loose = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    pack(files)
    assert pack_ids(files)
    for name, point in (("first", first), ("child", child), ("killed", killed), ("cut", f"{first}@4")):
        bundled(files, point, tmp_path / f"packed {name}.tar")
        assert (tmp_path / f"packed {name}.tar").read_bytes() == loose[f"{name}.tar"]
        opened_again = open_bundle(tmp_path / f"{name}.tar").files
        bundled(opened_again, point, tmp_path / f"again {name}.tar")
        assert (tmp_path / f"again {name}.tar").read_bytes() == loose[f"{name}.tar"]


@pytest.mark.parametrize("durability", list(Durability))
@settings(max_examples=8)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.sampled_from([SMALL, 10**6]), st.data())
def test_any_end_of_a_commit_can_be_bundled(
    tmp_path_factory: pytest.TempPathFactory,
    durability: Durability,
    sizes: list[int],
    segment_bytes: int,
    data: st.DataObject,
) -> None:
    """Of runs in each mode, of one segment or many, closed, killed or packed: opened and unpacked it reads the same."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, segment_bytes=segment_bytes, interval=3600.0)
    append(writer, sizes)
    writer.close(run_end(writer.run)) if data.draw(st.booleans()) else let_go(writer)
    if data.draw(st.booleans()):
        pack(files)
    last = data.draw(st.sampled_from(ends(files)))
    folder = tmp_path_factory.mktemp("bundled")
    bundled(files, f"{RUN}@{last}", folder / "b.tar")
    wanted = list(Tree(files).lineage(Tree(files).resolve(f"{RUN}@{last}")).records())
    opened_files = open_bundle(folder / "b.tar").files
    assert list(Tree(opened_files).lineage(Tree(opened_files).resolve("latest")).records()) == wanted
    elsewhere = MemoryFiles()
    unpack(open_bundle(folder / "b.tar"), Tree(elsewhere))
    assert list(Tree(elsewhere).lineage(Tree(elsewhere).resolve("latest")).records()) == wanted
    assert History(files=elsewhere).check() == []
    pack(elsewhere)
    assert list(Tree(elsewhere).lineage(Tree(elsewhere).resolve("latest")).records()) == wanted


def test_a_run_that_has_ended_has_ended_in_a_bundle_if_it_is_whole(tmp_path: Path) -> None:
    """What is cut has not ended; neither is live, and both can be followed to their end."""
    files = pair()
    for name, point, ended in (("whole", RUN, True), ("cut", f"{RUN}@5", False)):
        bundled(files, point, tmp_path / name)
        run = History.open_bundle(tmp_path / name).tree.run(RUN)
        assert ((run.manifest.ended is not None), run.live) == (ended, False)


def test_a_live_run_is_bundled_as_far_as_it_is_durable(tmp_path: Path) -> None:
    """What is not safely on disk is not in the bundle, and the writer goes on."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.INTERVAL, interval=3600.0)
    append(writer, [1])
    writer.sync_some()
    append(writer, [1])
    bundled(files, "latest", tmp_path / "b.tar")
    writer.close()
    assert seqs(open_bundle(tmp_path / "b.tar").files) == [1, 2]


def test_what_was_redacted_stays_so(tmp_path: Path) -> None:
    """A record that lost its content keeps its leaf, and the chain still fits."""
    files = pair()
    redact(files, RUN, 2, 2)
    bundled(files, RUN, tmp_path / "b.tar")
    found = History.open_bundle(tmp_path / "b.tar")
    assert [one.record for one in found.records()] == [one.record for one in History(files=files).records(RUN)]
    assert [one.message for one in found.check()] == [one.message for one in History(files=files).check()]


def test_what_conductors_learned_travels(tmp_path: Path) -> None:
    """A history with snapshots: state, points, verification and the next run are the same elsewhere."""
    for turn in range(2):
        with conductor(tmp_path / "here", clock=ticking(START + 60 * turn)) as live:
            live.run_sync(f"goal {turn}")
    here = History(tmp_path / "here")
    here.bundle("latest", tmp_path / "b.tar")
    found = History.open_bundle(tmp_path / "b.tar")
    assert found.at().digests() == here.at().digests()
    assert found.verify(deep=True) == []
    there = History(tmp_path / "there")
    assert there.unpack(tmp_path / "b.tar").added == [run.run for run in here.runs()]
    with conductor(tmp_path / "there", clock=ticking(START + 120)) as live:
        assert live.state.digests() == here.at().digests()
        assert live.run_sync("goal 2").episode == 3
    assert (tmp_path / "there" / "latest").readlink() == Path(str(live.run_id))


def test_a_bundle_is_only_read(file: Path) -> None:
    """Forking, packing and locking are refused with a hint, a snapshot is not made; the file stays as it is."""
    before = file.read_bytes()
    history = History.open_bundle(file)
    refused: list[Callable[[], object]] = [history.fork, history.pack]
    for refuse in refused:
        with pytest.raises(ReadOnly) as caught:
            refuse()
        assert "unpack" in caught.value.hint
    assert history.snapshot() is False
    assert file.read_bytes() == before


def test_files_of_a_bundle_are_read_like_files_of_a_folder(file: Path, tmp_path: Path) -> None:
    """Names, sizes, bytes, views and refusals are those of the same files in memory."""
    found, twin = open_bundle(file).files, MemoryFiles()
    unpack(open_bundle(file), Tree(twin))
    for run in (RUN, CHILD):
        assert found.names(layout.events(run)) == twin.names(layout.events(run))
        for path in (
            layout.manifest(run),
            *(f"{layout.events(run)}/{name}" for name in found.names(layout.events(run))),
        ):
            assert found.read(path) == bytes(found.view(path)) == twin.read(path)
            assert found.size(path) == twin.size(path)
            for start, limit in ((0, 3), (5, None), (5, 0), (10**9, None), (3, 10**9)):
                assert found.read(path, start, limit) == twin.read(path, start, limit)
            assert found.exists(path)
        assert found.is_locked(layout.lock(run)) is False
    assert found.names("") == [RUN, CHILD]
    assert found.names("no folder") == []
    assert [found.exists(path) for path in ("", RUN, f"{RUN}/none", "none")] == [True, True, False, False]
    assert found.describe("") == str(file)
    for operation in (found.read, found.size, found.view):
        for path, error in (("none", MissingFile), (RUN, UnsafeFile), ("../x", UnsafeFile), ("", UnsafeFile)):
            with pytest.raises(error):
                operation(path)
    with pytest.raises(UnsafeFile):
        found.names(layout.manifest(RUN))
    with pytest.raises(ValueError, match="negative"):
        found.read(layout.manifest(RUN), -1)


def test_nothing_of_a_bundle_can_be_written(file: Path) -> None:
    """Each operation that writes is refused; a symlink is not made, and that is no error."""
    found = open_bundle(file).files
    path = layout.manifest(RUN)
    writes: list[Callable[[], object]] = [
        lambda: found.make_folder("x"),
        lambda: found.create("x"),
        lambda: found.replace(path, b""),
        lambda: found.sync(path),
        lambda: found.remove(path),
        lambda: found.remove_folder(RUN),
        lambda: found.move_folder(RUN, "x"),
        lambda: found.lock(path),
    ]
    for operation in writes:
        with pytest.raises(ReadOnly):
            operation()
    found.point("latest", RUN)
    assert not found.exists("latest")


# What cannot be bundled.


def test_a_point_inside_a_commit_is_refused(tmp_path: Path) -> None:
    """A bundle ends where a commit does, and the hint says where that is; nothing is written."""
    with pytest.raises(PointError, match="inside a commit"):
        bundled(pair(), f"{RUN}@2", tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, file: Path) -> None:
    """Whatever stands at the path stays: a bundle, a folder, a symlink's target."""
    (tmp_path / "link").symlink_to(file)
    before = file.read_bytes()
    for path in (file, tmp_path, tmp_path / "link"):
        with pytest.raises(NameTaken):
            bundled(pair(), RUN, path)
    assert file.read_bytes() == before
    with pytest.raises(UnsafeFile):
        bundled(pair(), RUN, tmp_path / "no\0name")


def test_what_is_damaged_is_not_bundled(tmp_path: Path) -> None:
    """A segment that does not fit its chain is Corruption; no half of a bundle is left."""
    files = pair()
    path = layout.segment(RUN, 1)
    files.replace(path, files.read(path).replace(b"0.8", b"0.1"))
    with pytest.raises(Corruption):
        bundled(files, CHILD, tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is refused is a typed error, and what was begun is removed."""

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(ArchiveWriter, "finish", full)
    with pytest.raises(WriteFailed, match="no space left"):
        bundled(pair(), RUN, tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []


# Unpacking.


def test_a_bundle_is_unpacked_as_runs(file: Path, tmp_path: Path) -> None:
    """What was there before stays, the runs get their ids, and what is there already is left alone."""
    there = tmp_path / "there"
    other = write(DiskFiles(there), [[q(0.2)]], clock=lambda: START + 3600)
    assert unpack(open_bundle(file), Tree(DiskFiles(there))) == Unpacked([RUN, CHILD], [])
    before = tree_bytes(DiskFiles(there))
    assert unpack(open_bundle(file), Tree(DiskFiles(there))) == Unpacked([], [RUN, CHILD])
    assert tree_bytes(DiskFiles(there)) == before
    history = History(there)
    assert [run.run for run in history.runs()] == [RUN, CHILD, other]
    assert history.point().run == other
    assert (there / "latest").readlink() == Path(other)
    assert history.check() == []


def test_where_ancestors_are_there_only_the_rest_is_added(tmp_path: Path) -> None:
    """A run that reaches as far, and further, is the same run; its child is added to it."""
    files = pair()
    bundled(files, RUN, tmp_path / "first.tar")
    bundled(files, CHILD, tmp_path / "second.tar")
    tree = Tree(DiskFiles(tmp_path / "there"))
    unpack(open_bundle(tmp_path / "first.tar"), tree)
    assert unpack(open_bundle(tmp_path / "second.tar"), tree) == Unpacked([CHILD], [RUN])
    assert History(tmp_path / "there").check() == []


def test_runs_of_equal_id_are_kept_apart_by_their_uid(file: Path, tmp_path: Path) -> None:
    """Another run of the same id is refused before anything is written, whichever of the lineage it is."""
    for parent, rest in ((None, [CHILD]), (RUN, [])):
        there = DiskFiles(tmp_path / f"there {parent}")
        if parent:
            bundled(pair(), f"{RUN}@3", tmp_path / "root.tar")
            unpack(open_bundle(tmp_path / "root.tar"), Tree(there))
        write(there, [[q(0.3)]], entropy=lambda n: b"\x07" * n)
        before = tree_bytes(there)
        with pytest.raises(NameTaken, match="another run of the same id"):
            unpack(open_bundle(file), Tree(there))
        assert tree_bytes(there) == before
        assert not [run for run in rest if there.exists(run)]


def test_a_run_that_reaches_less_far_is_not_written_on(tmp_path: Path) -> None:
    """The same run, cut earlier: no run is ever extended, and the hint says what to do."""
    files = pair()
    bundled(files, f"{RUN}@3", tmp_path / "short.tar")
    bundled(files, RUN, tmp_path / "long.tar")
    tree = Tree(MemoryFiles())
    unpack(open_bundle(tmp_path / "short.tar"), tree)
    with pytest.raises(NameTaken, match="does not reach seq 6") as caught:
        unpack(open_bundle(tmp_path / "long.tar"), tree)
    assert "another folder" in caught.value.hint


def test_two_do_not_unpack_into_one_folder_at_a_time(file: Path) -> None:
    """Whoever comes second is refused while the first is at it."""
    files = MemoryFiles()
    files.make_folder(layout.UNPACKING)
    lock = files.lock(layout.UNPACKING_LOCK)
    with pytest.raises(LockHeld):
        unpack(open_bundle(file), Tree(files))
    lock.release()
    assert unpack(open_bundle(file), Tree(files)).added == [RUN, CHILD]


class Dying(MemoryFiles):
    """Files whose process is killed when it has written so often."""

    left = 10**6

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def create(self, path: str) -> Any:
        self._count()
        return super().create(path)

    def make_folder(self, path: str) -> None:
        self._count()
        super().make_folder(path)

    def move_folder(self, path: str, target: str) -> None:
        self._count()
        super().move_folder(path, target)

    def sync(self, path: str) -> None:
        self._count()
        super().sync(path)


def test_a_run_is_unpacked_whole_or_not_at_all(file: Path) -> None:
    """Killed or without power at any step, a folder is sound, and unpacking again makes it whole."""
    steps = 0
    while True:
        files = Dying()
        files.left = steps
        try:
            unpack(open_bundle(file), Tree(files))
            break
        except KeyboardInterrupt:
            steps += 1
        for left in (files.after_kill(), files.after_power_loss()):
            assert History(files=left).check() == []
            unpack(open_bundle(file), Tree(left))
            assert seqs(left, CHILD) == [1, 2, 3, 4, 5, 6]
            assert History(files=left).check() == []
    assert steps > 10


def test_a_disk_that_refuses_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hinders unpacking is a typed error."""
    files = MemoryFiles()

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(files, "create", full)
    with pytest.raises(WriteFailed):
        unpack(open_bundle(file), Tree(files))


# Hostile and damaged files.


def refused(data: bytes, error: type[JottyError] | tuple[type[JottyError], ...] = FormatError) -> JottyError:
    """See that bytes are refused as a bundle; return the error."""
    files = MemoryFiles()
    files.replace("b.tar", data)
    with pytest.raises(error) as caught:
        opened(files, "b.tar")
    assert caught.value.hint
    return caught.value


def parts(file: Path) -> dict[str, bytes]:
    """Return the files in a bundle."""
    with tarfile.open(file) as archive:
        return {one.name: (archive.extractfile(one) or io.BytesIO()).read() for one in archive}


def archived(named: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> bytes:
    """Return an archive of files, as another program may write it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in named.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            change(info)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()[: -(-_length(named) // BLOCK) * BLOCK]


def _length(named: dict[str, bytes]) -> int:
    return sum(BLOCK + -(-len(data) // BLOCK) * BLOCK for data in named.values()) + 2 * BLOCK


def told(named: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """Return the same files with a manifest that fits them, but for what is changed in it."""
    found = bundle_manifest.unseal(named[bundle_manifest.NAME], "b")
    rest = {name: data for name, data in named.items() if name != bundle_manifest.NAME}
    held = [bundle_manifest.bundled(name, data) for name, data in rest.items()]
    fields = {name: getattr(found, name) for name in BundleManifest.__struct_fields__} | {"files": held} | changes
    return {**rest, bundle_manifest.NAME: bundle_manifest.seal(BundleManifest(**fields))}


def test_another_program_may_have_written_the_archive(file: Path) -> None:
    """The same files in an archive of another program are opened as well."""
    files = MemoryFiles()
    files.replace("b.tar", archived(parts(file)))
    assert seqs(opened(files, "b.tar").files) == [1, 2, 3, 4, 5, 6]


def test_a_bundle_that_lost_its_end_is_refused(file: Path) -> None:
    """Cut at any block, or inside one, it is no bundle any more."""
    data = file.read_bytes()
    for cut in [*range(0, len(data), 256), len(data) - 1]:
        refused(data[:cut])
    refused(data + bytes(BLOCK))
    refused(data + b"x")
    refused(bytes(2 * BLOCK))
    refused(b"")


@pytest.mark.parametrize(
    "name",
    [
        "../escape",
        "/etc/passwd",
        f"{RUN}/../../escape",
        f"{RUN}/LOCK",
        f"{RUN}/events/1.jsonl",
        f"{RUN}/events/000000000001.jsonl/x",
        "run_20260106_999999/run.json",
        f"{RUN}//run.json",
        "packs/pack_20260106_120000/pack.json",
        "latest",
        "x\\y",
        "x" * 99,
    ],
)
def test_names_that_no_bundle_has_are_refused(name: str, file: Path) -> None:
    """A path that leads out, a lock, a pack, another run: whether the manifest names them or not."""
    named = parts(file)
    manifest = named.pop(bundle_manifest.NAME)
    extra = {**named, name: b"x", bundle_manifest.NAME: manifest}
    refused(archived(extra))
    refused(archived(told(extra)))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_what_is_no_plain_file_is_refused(kind: bytes, file: Path) -> None:
    """Links, folders, devices and files with holes have no place in a bundle."""

    def change(info: tarfile.TarInfo) -> None:
        if info.name == layout.manifest(RUN):
            info.type, info.linkname = kind, "/etc/passwd"

    refused(archived(parts(file), change))


def test_a_size_that_is_not_there_takes_no_memory(file: Path) -> None:
    """A header that speaks of gigabytes is refused for what it is, without asking for them."""
    header = bytearray(file.read_bytes()[:BLOCK])
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    error = refused(bytes(header) + bytes(BLOCK))
    assert "cut short" in error.message
    for size in (b"-0000000001\0", b"0x000000010\0", b"\x80" + bytes(11), b"           \0", bytes(12)):
        header[124:136] = size
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        refused(bytes(header) + bytes(BLOCK))


def test_a_file_twice_or_missing_is_refused(file: Path) -> None:
    """Each file that is named is there once, and the manifest comes last."""
    named = parts(file)
    one = archived({layout.manifest(RUN): named[layout.manifest(RUN)]})[: -2 * BLOCK]
    assert "twice" in refused(one + archived(named)).message
    for name in named:
        less = {path: data for path, data in named.items() if path != name}
        refused(archived(less))
        if name != bundle_manifest.NAME:
            refused(archived(told(less)))
    first = {bundle_manifest.NAME: named[bundle_manifest.NAME]}
    refused(archived({**first, **named}))


def test_manifests_that_contradict_each_other_are_refused(file: Path) -> None:
    """A run that is another one, does not follow its parent, or is open; a point that is not the end."""
    named = parts(file)
    found = bundle_manifest.unseal(named[bundle_manifest.NAME], "b")
    one, two = found.runs
    wrong: list[dict[str, Any]] = [
        {"runs": [two, one]},
        {"runs": []},
        {"runs": [two]},
        {"runs": [one, one]},
        {"seq": 5},
        {"head": ROOT_HEAD.hex()},
        {"run": RUN},
        {"version": 2},
        {"format": "another"},
        {"runs": [type(one)(RUN, "other uid", one.first, one.last, one.head), two]},
        {"runs": [type(one)(RUN, one.uid, one.first, 2, one.head), two]},
    ]
    for changes in wrong:
        refused(archived(told(named, **changes)))
    for changes in ({"uid": "another"}, {"segments": [], "ended": None}, {"active": 7, "ended": None}):
        files = MemoryFiles()
        unpack(open_bundle(file), Tree(files))
        remanifest(files, CHILD, **changes)
        refused(archived(told({**named, layout.manifest(CHILD): files.read(layout.manifest(CHILD))})))


@pytest.mark.parametrize("run", ["run_99999999_999999", "run_99991231_235959", "run_20260230_000000"])
def test_an_id_that_would_keep_others_from_beginning_is_refused(run: str) -> None:
    """A run that is no date, or the last of all dates, would leave a folder without ids for new runs."""
    files, tree = MemoryFiles(), Tree(pair())
    bundle_among(files, "b.tar", tree, tree.resolve(RUN), "test")
    refused(files.read("b.tar").replace(RUN.encode(), run.encode()), FormatError)
    found = bundle_manifest.unseal(_manifest(files), "b")
    (one,) = found.runs
    changed = replace(found, run=run, runs=[replace(one, run=run)], files=[])
    with pytest.raises(FormatError, match="do not follow each other"):
        bundle_manifest.unseal(bundle_manifest.seal(changed), "b")


def _manifest(files: MemoryFiles) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(files.read("b.tar"))) as archive:
        return (archive.extractfile(bundle_manifest.NAME) or io.BytesIO()).read()


def test_a_record_that_was_changed_is_found_when_it_is_read(file: Path) -> None:
    """Opening looks at what the bundle says; reading and unpacking see that the records are what they were."""
    path = layout.segment(RUN, 1)
    named = parts(file)
    changed = {**named, path: named[path].replace(b"0.8", b"0.1")}
    for data in (archived(changed), archived(told(changed))):
        files = MemoryFiles()
        files.replace("b.tar", data)
        found = opened(files, "b.tar")
        assert History(files=found.files).check()
        with pytest.raises(Corruption):
            list(RunReader(found.files, RUN).commits())
        there = MemoryFiles()
        with pytest.raises(Corruption):
            unpack(found, Tree(there))
        assert there.names("") == []


def _whole() -> bytes:
    files, tree = MemoryFiles(), Tree(pair())
    bundle_among(files, "b.tar", tree, tree.resolve(CHILD), "test")
    return files.read("b.tar")


WHOLE = _whole()


@settings(max_examples=150)
@given(st.data())
def test_any_damage_is_a_typed_error_or_none(data: st.DataObject) -> None:
    """Whatever bytes are flipped, cut or put in, what is read is what was written, or a typed error."""
    whole = WHOLE
    at = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 3 * BLOCK))
    put = data.draw(st.binary(max_size=12) | st.sampled_from([bytes(BLOCK), whole[:BLOCK], b'"check"']))
    damaged = whole[:at] + put + whole[at + cut :]
    files = MemoryFiles()
    files.replace("b.tar", damaged)
    try:
        tree = Tree(opened(files, "b.tar").files)
        found = list(tree.lineage(tree.resolve("latest")).records())
    except JottyError:
        return
    assert found == list(History(files=pair()).records(CHILD))


def test_files_that_are_no_bundle_at_all(tmp_path: Path) -> None:
    """A missing file, a folder, an empty and a foreign file: each with a hint."""
    (tmp_path / "empty").touch()
    (tmp_path / "foreign").write_bytes(b"PK\x03\x04" * 400)
    (tmp_path / "zeros").write_bytes(bytes(10**6))
    (tmp_path / "foreign.tar").write_bytes(archived({"a": b"b"}))
    wanted = {"missing": MissingFile, ".": UnsafeFile, "empty": FormatError, "foreign": FormatError}
    for name, error in {**wanted, "zeros": FormatError, "foreign.tar": FormatError, "a\0b": UnsafeFile}.items():
        with pytest.raises(error) as caught:
            History.open_bundle(f"{tmp_path}/{name}")
        assert caught.value.hint
