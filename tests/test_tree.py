"""All runs of a folder: which is `latest`, how they hang together, and what happens where a part is missing."""

import os
import shutil
from pathlib import Path

import pytest
from faulty_files import Call, FaultyFiles
from recording import (
    FIRST_RUN,
    START,
    append,
    begin,
    checked,
    commits_in,
    let_go,
    names_of,
    plan,
    remanifest,
    run_end,
    segment_of,
    seqs,
    ticking,
    write,
    write_killed,
)

from jotty_events.errors import ConfigError, Corruption, FormatError, PointError, UnknownRun, UnsafeFile
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.manifest import Parent, unseal
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.branches import branches
from jotty_events.runs.lineage import Lineage
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability


def latest(files: Files) -> str | None:
    """Return the id of the latest run."""
    found = Tree(files).latest()
    return None if found is None else found.run


def lineage(files: Files, run: str) -> Lineage:
    tree = Tree(files)
    return tree.lineage(tree.resolve(run))


# The latest run.


def test_the_greatest_id_with_a_commit_is_latest() -> None:
    """Whether closed, killed or being written, and whoever its parent is."""
    files = MemoryFiles()
    assert latest(files) is None
    first = write(files)
    assert latest(files) == first
    second = write_killed(files)
    assert latest(files) == second
    third = begin(files, first)
    assert latest(files) == third.run
    assert third.run > second > first


def test_neither_links_nor_times_of_files_make_a_run_latest(tmp_path: Path) -> None:
    """A link that lies and a run that was touched later change nothing."""
    files = DiskFiles(tmp_path)
    first, second = write(files), write(files)
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to(first)
    for path in (tmp_path / first).rglob("*"):
        os.utime(path, (4e9, 4e9))
    assert latest(files) == second


def test_an_experiment_is_never_latest() -> None:
    """It is a run like any other, and can be named, but nobody starts from it unasked."""
    files = MemoryFiles()
    assert latest(files) is None
    alone = write(files, experiment=True)
    assert latest(files) is None
    first = write(files)
    experiment = write(files, (1,), first, experiment=True)
    assert latest(files) == first
    assert seqs(files, experiment)[-1] == 9
    assert seqs(files, alone)[-1] == 6


def test_what_others_put_into_the_folder_is_no_run(tmp_path: Path) -> None:
    """Folders and files of other names, and empty folders of the right one, are passed over."""
    files = DiskFiles(tmp_path)
    run = write(files)
    for name in ("notes", "run_2026", "run_20270101_000000x", "xrun_20270101_000000", "RUN_20270101_000000", "packs"):
        (tmp_path / name / "events").mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "run_20270101_000000").mkdir()
    (tmp_path / "run_20270101_000001" / "events").mkdir(parents=True)
    (tmp_path / "run_99999999_999999").mkdir()
    (tmp_path / "a file").write_text("")
    assert latest(files) == run
    assert [one.run for one in Tree(files).runs()] == [run]
    assert (checked(files), len(checked(files).notes)) == ([], 3)


@pytest.mark.parametrize("calls", range(5, 15))
def test_a_creation_that_never_ended_is_passed_over(calls: int) -> None:
    """Killed after each step before its manifest stood, a run is none, and the next one gets another id."""
    files = MemoryFiles()
    run = write(files)

    def only_so_far(call: Call) -> object:
        if call.number > calls:
            raise KeyboardInterrupt
        return call.act()

    with pytest.raises(KeyboardInterrupt):
        begin(FaultyFiles(files, only_so_far), run)
    left = files.after_kill()
    assert latest(left) == run
    assert checked(left) == []
    assert write(left, (1,), "latest") == "run_20260106_120002"
    assert seqs(left) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("durability", list(Durability))
def test_a_run_that_is_being_written_is_read_to_what_is_durable(durability: Durability) -> None:
    """While somebody writes, only what recovery could not drop is seen; in mode `os`, whole commits."""
    files = MemoryFiles()
    writer = begin(files, durability=durability, interval=3600.0)
    append(writer, [1, 2])
    seen = {Durability.COMMIT: [1, 2, 3, 4], Durability.INTERVAL: [1], Durability.OS: [1, 2, 3, 4]}
    assert seqs(files) == seen[durability]
    assert Tree(files).run(writer.run).live
    let_go(writer)
    assert seqs(files) == [1, 2, 3, 4]
    assert not Tree(files).run(writer.run).live


@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to("elsewhere"), os.mkfifo])
def test_what_stands_in_the_place_of_a_run_is_refused(tmp_path: Path, put: object) -> None:
    """A file, a link or a FIFO with the name of a run is not followed or waited for: a typed error names it."""
    assert callable(put)
    files = DiskFiles(tmp_path)
    run = write(files)
    put(tmp_path / "run_20270101_000000")
    with pytest.raises(UnsafeFile, match="run_20270101_000000"):
        latest(files)
    assert names_of(files, checked(files)) == {"run_20270101_000000"}
    assert seqs(files, run) == [1, 2, 3, 4, 5, 6]


# Runs that lost something.


@pytest.mark.parametrize("segment_bytes", [10**6, 1], ids=["one segment", "a segment for each commit"])
def test_a_run_that_lost_its_manifest_is_refused(segment_bytes: int) -> None:
    """Where acknowledged records stand, a missing manifest is an error and not an unfinished creation."""
    files = MemoryFiles()
    write(files)
    lost = write(files, (1, 1), segment_bytes=segment_bytes)
    files.remove(layout.manifest(lost))
    for ask in (latest, lambda files: list(Tree(files).runs()), lambda files: seqs(files, lost)):
        with pytest.raises(FormatError) as caught:
            ask(files)
        assert caught.value.file == files.describe(layout.manifest(lost))
        assert caught.value.hint
    assert names_of(files, checked(files)) == {layout.manifest(lost)}


def test_a_run_that_gets_its_manifest_while_it_is_looked_at_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever found no manifest, and then more than one commit, looks once more: it came in between."""
    files = MemoryFiles()
    run = write(files)
    exists, late = files.exists, [layout.manifest(run)]
    monkeypatch.setattr(files, "exists", lambda path: exists(path) and not (path in late and late.pop()))
    assert Tree(files).exists(run)
    assert late == []


@pytest.mark.parametrize(
    "run", ["", ".", "..", "latest", "notes", "run_20260106_120000/..", "run_2027", "a" * 300, "\0"]
)
def test_a_name_that_is_no_run_is_unknown(run: str) -> None:
    """Whatever is asked for, nothing outside of the runs is looked at."""
    files = MemoryFiles()
    write(files)
    with pytest.raises(UnknownRun):
        Tree(files).run(run)


def test_a_missing_parent_is_an_error_of_whoever_needs_it(tmp_path: Path) -> None:
    """The child's own records stand, but no state can be made of them; a check names the child."""
    files = DiskFiles(tmp_path)
    parent = write(files)
    child = write(files, (1,), parent)
    shutil.rmtree(tmp_path / parent)
    assert latest(files) == child
    with pytest.raises(UnknownRun, match=parent):
        seqs(files)
    (finding,) = checked(files)
    assert (finding.run, finding.file) == (child, str(tmp_path / child))


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
def test_a_parent_that_was_cut_short_is_noticed(closed: bool) -> None:
    """A parent that lost its last commit is damage to its child, and to itself if it was closed."""
    files = MemoryFiles()
    parent = (write if closed else write_killed)(files, (1, 1))
    child = write(files, (1,), parent)
    commits = commits_in(files.read(segment_of(parent)))
    files.replace(segment_of(parent), b"".join(commits[:-1]))
    with pytest.raises(Corruption) as caught:
        seqs(files)
    assert parent in caught.value.file
    assert caught.value.hint
    assert {finding.run for finding in checked(files)} == ({parent, child} if closed else {child})


def test_a_parent_that_is_another_is_noticed() -> None:
    """A run of the parent's name and length with other records does not pass for it."""
    files, others = MemoryFiles(), MemoryFiles()
    parent = write_killed(files, (1, 1))
    child = write(files, (1,), parent)
    write_killed(others, (1, 1), seed=8)
    for path in (layout.manifest(parent), segment_of(parent)):
        files.replace(path, others.read(path))
    with pytest.raises(Corruption):
        seqs(files)
    assert [finding.run for finding in checked(files)] == [child]


def test_parents_in_a_circle_are_refused() -> None:
    """Two runs that name each other as parents, with manifests that are sound by themselves, end no reader's life."""
    files = MemoryFiles()
    root = write(files)
    one, other = write(files, (1,), root), write(files, (1,), root)
    head = unseal(files.read(layout.manifest(root)), "").segments[-1].head
    remanifest(files, one, parent=Parent(other, 6, head))
    remanifest(files, other, parent=Parent(one, 6, head))
    for run in (one, other):
        with pytest.raises(FormatError, match="does not begin where its parent ends"):
            seqs(files, run)
    assert {finding.run for finding in checked(files)} == {one, other}


def test_a_run_that_is_its_own_parent_is_refused() -> None:
    """The shortest circle."""
    files = MemoryFiles()
    run = write(files, (1,), write(files))
    parent = unseal(files.read(layout.manifest(run)), "").parent
    assert parent is not None
    remanifest(files, run, parent=Parent(run, parent.seq, parent.head))
    with pytest.raises(FormatError):
        seqs(files, run)


def test_a_long_line_of_runs_is_followed() -> None:
    """Hundreds of generations are no trouble, and none is read that is not asked for."""
    files = MemoryFiles()
    run = write(files, (1,))
    for _ in range(300):
        run = write(files, (), run)
    assert seqs(files)[-1] == 3 + 300 * 2
    assert seqs(files, "latest~300") == [1, 2, 3]
    (only,) = {one for one, _ in lineage(files, run).commits(after=3 + 299 * 2)}
    assert only == run


# Lines and branches.


def test_a_lineage_is_cut_where_the_child_began() -> None:
    """What a parent learned after the parent point is not part of the child's line."""
    files = MemoryFiles()
    parent = begin(files)
    append(parent, [1, 1])
    child = begin(files, f"{parent.run}@2")
    append(parent, [1, 1])
    append(child, [1])
    parent.close()
    child.close()
    assert lineage(files, child.run).runs == [parent.run, child.run]
    assert [(one.run, one.record.seq) for one in lineage(files, child.run).records()] == [
        (parent.run, 1),
        (parent.run, 2),
        (child.run, 3),
        (child.run, 4),
    ]
    assert seqs(files, parent.run) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", range(12))
def test_records_after_a_seq_are_the_rest(after: int) -> None:
    """From wherever one reads on, across runs and segments, the records are those that would have followed."""
    files = MemoryFiles()
    run = write(files, (2, 1), write(files, (1, 2), segment_bytes=1), segment_bytes=1)
    whole = list(lineage(files, run).records())
    assert list(lineage(files, run).records(after)) == [kept for kept in whole if kept.record.seq > after]


def test_a_parent_that_is_still_written_is_used_up_to_what_is_durable() -> None:
    """The child's line stays what it was, whatever its parent writes afterwards."""
    files = MemoryFiles()
    parent = begin(files, durability=Durability.INTERVAL, interval=3600.0)
    append(parent, [1])
    child = begin(files, "latest")
    assert child.next_seq == 3
    assert parent.next_seq == 3
    child.close()
    parent.close()
    assert (seqs(files, child.run), seqs(files, parent.run)) == ([1, 2], [1, 2])
    assert checked(files) == []


def test_a_tree_looks_beyond_itself_for_ancestors() -> None:
    """A run in memory continues one on disk; the disk is only read."""
    disk, memory = MemoryFiles(), MemoryFiles()
    parent = write(disk)
    both = Tree(memory, beyond=Tree(disk))
    pinned = both.parent(both.resolve(parent), durably=False)
    writer = RunWriter.create(memory, plan(parent=pinned))
    append(writer, [1])
    kept = list(both.lineage(both.resolve(writer.run)).records())
    assert [one.record.seq for one in kept] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {one.run for one in kept} == {parent, writer.run}


# What a line leaves behind.


def behind(files: Files) -> list[tuple[str, int, int]]:
    tree = Tree(files)
    found, _ = branches(tree, tree.resolve("latest"))
    return [(one.run, one.first, one.last) for one in found]


def test_a_line_without_branches_leaves_nothing_behind() -> None:
    """Neither ancestors nor runs of before count."""
    files = MemoryFiles()
    write(files, (1,), write(files, (1,), write(files)))
    assert behind(files) == []


def test_a_sibling_that_learned_meanwhile_is_left_behind() -> None:
    """Two runs from one parent: the greater id is continued, the other is named with its own records."""
    files = MemoryFiles()
    parent = write(files)
    one, other = begin(files, parent, clock=ticking()), begin(files, parent, clock=ticking())
    append(one, [1, 1])
    one.close(run_end(one.run))
    other.close(run_end(other.run))
    assert latest(files) == other.run
    assert behind(files) == [(one.run, 7, 10)]


def test_the_rest_of_a_parent_is_left_behind() -> None:
    """What the parent learned after the child had begun is named from the cut on."""
    files = MemoryFiles()
    parent = begin(files)
    append(parent, [1])
    begin(files, parent.run).close()
    append(parent, [1, 1])
    parent.close()
    assert behind(files) == [(parent.run, 3, 4)]


def test_the_rest_of_an_older_ancestor_is_left_behind() -> None:
    """A run that lives on while two later ones continue each other is named, though it is no parent of the latest."""
    files = MemoryFiles()
    oldest = begin(files, clock=ticking())
    child = write(files, (1,), oldest.run)
    write(files, (1,), child)
    append(oldest, [1])
    oldest.close(run_end(oldest.run), START + 90)
    assert behind(files) == [(oldest.run, 2, 3)]


def test_an_end_alone_leaves_nothing_behind() -> None:
    """A parent that only ended after its child had begun learned nothing that could be missed."""
    files = MemoryFiles()
    parent = begin(files, clock=ticking())
    append(parent, [1])
    write(files, (1,), parent.run)
    parent.close(run_end(parent.run), START + 90)
    assert behind(files) == []


def test_an_experiment_is_not_missed() -> None:
    """It was never meant to be continued."""
    files = MemoryFiles()
    parent = write(files)
    experiment = begin(files, parent, experiment=True)
    write(files, (1,), parent)
    append(experiment, [1])
    experiment.close()
    assert behind(files) == []


def test_the_first_run_is_what_the_clock_says() -> None:
    """A tree lists its runs, oldest first."""
    files = MemoryFiles()
    ids = [write(files, clock=ticking(start)) for start in (1767700800.0, 1767700900.0)]
    assert Tree(files).run_ids() == ids
    assert ids[0] == FIRST_RUN
    assert Tree(files).resolve("latest") == Point(ids[1], 6)
    with pytest.raises(PointError):
        Tree(files).parent(Point(ids[1], 99))


def test_a_clock_that_has_just_begun_names_runs_that_are_found() -> None:
    """Years before 1000 have four digits too, also in the id that comes after."""
    files = MemoryFiles()
    ids = [write(files, clock=ticking(-62135596800.0)) for _ in range(2)]
    assert ids == ["run_00010101_000000", "run_00010101_000001"]
    assert Tree(files).run_ids() == ids


@pytest.mark.parametrize("now", [float("nan"), float("inf"), 1e300, -1e13])
def test_a_clock_outside_the_calendar_is_refused(now: float) -> None:
    """It is an error that names the clock, and no folder is made."""
    files = MemoryFiles()
    with pytest.raises(ConfigError, match="calendar"):
        write(files, clock=lambda: now)
    assert Tree(files).run_ids() == []
