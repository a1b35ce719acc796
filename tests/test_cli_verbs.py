"""The commands bisect, fork, bundle, unpack and log: what they print for people and scripts, and how they fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from by_hand import goal, q, write
from packing import pack
from recording import START, append, begin, run_end
from test_cli import TERMINAL, documents, jotty, read

from jotty_events import History
from jotty_events.log.files import DiskFiles
from jotty_events.runs.writer import RunWriter

RUN, NEXT = "run_20260106_120000", "run_20260106_120001"
CONDITION = 'q_table["s", "go"].value < 0.3'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a run of 6 records in commits of 1, 2, 2, 1, a commit every ten seconds."""
    writer = begin(DiskFiles(tmp_path / "outputs"))
    writer.append([q(0.9), q(0.8)], START + 10)
    writer.append([goal("count", 0), q(0.25)], START + 20)
    writer.close(run_end(writer.run), START + 30)
    return tmp_path / "outputs"


# bisect


def test_bisect_shows_what_made_it_true(folder: Path) -> None:
    """People see the two points, the condition, and the records of the commit as `log` shows them."""
    done = jotty("bisect", f"{RUN}@1", "--where", CONDITION, "--output", folder)
    lines = done.stdout.splitlines()
    assert (done.exit_code, done.stderr) == (0, "")
    assert lines[0] == f"holds  at {RUN}@5  {CONDITION}"
    assert lines[1] == f"not yet  at {RUN}@3"
    assert lines[2] == "4 states of 3 commits looked at; between the two:"
    assert [line.split()[0] for line in lines[4:]] == ["4", "5"]
    assert "Q " in lines[5]
    assert CONDITION in jotty("bisect", f"{RUN}@1", "--where", CONDITION, "--output", folder, env=TERMINAL).stdout


def test_bisect_gives_scripts_all_of_it(folder: Path) -> None:
    """The document has the points, the counts, and the records with every field."""
    found = read("bisect", f"{RUN}@1", "latest", "--where", CONDITION, "--output", folder)
    records = found.pop("records")
    assert found == {
        "where": CONDITION,
        "before": {"run": RUN, "seq": 3},
        "at": {"run": RUN, "seq": 5},
        "commits": 3,
        "states": 4,
    }
    logged = documents(jotty("log", "--after", "3", "--limit", "2", "--json", "--output", folder))
    assert records == [{name: value for name, value in one.items() if name != "cursor"} for one in logged]


@pytest.mark.parametrize(
    ("arguments", "code", "type"),
    [
        (["latest", "--where", "wat wat"], 2, "UsageError"),
        (["latest", "--where", "q_tabel.count() > 1"], 2, "UsageError"),
        (["latest"], 2, "UsageError"),
        (["yesterday", "--where", CONDITION], 2, "UsageError"),
        ([f"{RUN}@1", "--where", "q_table.count() > 9"], 1, "NoTurn"),
        ([f"{RUN}@1", "--where", "q_table.count() == 0"], 1, "NoTurn"),
        ([f"{RUN}@1", "--where", "q_table.count(action < 1) > 0"], 1, "ConditionError"),
        (["latest", f"{RUN}@1", "--where", CONDITION], 1, "PointError"),
        (["run_19990101_000000", "--where", CONDITION], 1, "UnknownRun"),
    ],
)
def test_bisect_says_why_it_finds_nothing(arguments: list[str], code: int, type: str, folder: Path) -> None:
    """A condition or a point that is malformed is bad usage; what does not turn, or lies elsewhere, exits with 1."""
    done = jotty("bisect", *arguments, "--output", folder, "--json")
    assert done.exit_code == code
    (found,) = documents(done)
    assert found["error"]["type"] == type
    assert found["error"]["hint"]
    assert done.stderr.startswith("error: ")


# fork


def test_fork_begins_a_run(folder: Path) -> None:
    """People are told the new run and that it is latest; scripts get its id and its start."""
    done = jotty("fork", f"{RUN}@3", "--output", folder)
    (run,) = [run.run for run in History(folder).runs() if run.run != RUN]
    assert done.stdout.splitlines()[0] == f"forked:  {run}  starts at {RUN}@3"
    assert "latest" in done.stdout.splitlines()[1]
    assert History(folder).point().run == run
    found = read("fork", "latest~1", "--output", folder)
    assert found == {"run": History(folder).point().run, "start": {"run": RUN, "seq": 3}, "experiment": False}


def test_fork_makes_an_experiment(folder: Path) -> None:
    """With --experiment latest stays what it was, and the way to continue is told."""
    done = jotty("fork", f"{RUN}@3", "--experiment", "--output", folder)
    run = History(folder).runs()[-1].run
    assert f'start_from="{run}"' in done.stdout
    assert read("runs", "--output", folder)["latest"] == RUN
    assert read("fork", run, "--output", folder)["experiment"] is True


def test_fork_refuses_the_inside_of_a_commit(folder: Path) -> None:
    """The exit code is 1, the hint names where the commits end, and no run is begun."""
    done = jotty("fork", f"{RUN}@2", "--output", folder)
    assert done.exit_code == 1
    assert f"hint: the commit ends at {RUN}@3, the one before at {RUN}@1" in done.stderr
    assert jotty("fork", "--output", folder).exit_code == 2
    assert len(History(folder).runs()) == 1


# bundle and unpack


def test_bundle_and_unpack(folder: Path, tmp_path: Path) -> None:
    """A lineage is written, read where it lies, and unpacked elsewhere, by four commands."""
    file, there = tmp_path / "lineage.tar", tmp_path / "there"
    done = jotty("bundle", f"{RUN}@3", file, "--output", folder)
    assert done.stdout == f"bundled:  {file}  3 records of 1 run, up to {RUN}@3; {file.stat().st_size:,} bytes\n"
    shown = read("show", "q", "--output", file)
    assert [one["value"] for one in shown["q"]["entries"]] == [0.8]
    for command in ("runs", "log", "check"):
        assert jotty(command, "--output", file).exit_code == 0
    assert jotty("unpack", file, "--output", there).stdout == f"unpacked:  {RUN}\n"
    assert jotty("unpack", file, "--output", there).stdout == f"is there:  {RUN}\n"
    assert read("unpack", file, "--output", there) == {"added": [], "present": [RUN]}
    assert read("show", "q", "--output", there)["q"] == shown["q"]


def test_bundle_gives_scripts_its_extent(folder: Path, tmp_path: Path) -> None:
    """The file, the point, the runs, the records and the bytes; packed, it is the same file."""
    found = read("bundle", "latest", tmp_path / "one.tar", "--output", folder)
    size = (tmp_path / "one.tar").stat().st_size
    assert found == {
        "file": str(tmp_path / "one.tar"),
        "point": {"run": RUN, "seq": 6},
        "runs": [RUN],
        "records": 6,
        "size": size,
    }
    pack(DiskFiles(folder))
    read("bundle", "latest", tmp_path / "two.tar", "--output", folder)
    assert (tmp_path / "two.tar").read_bytes() == (tmp_path / "one.tar").read_bytes()


def test_what_cannot_be_bundled_or_unpacked(folder: Path, tmp_path: Path) -> None:
    """A point inside a commit, a file that is there, one that is no bundle, another run of the same id."""
    file = tmp_path / "lineage.tar"
    jotty("bundle", "latest", file, "--output", folder)
    (tmp_path / "foreign").write_text("hello")
    other = tmp_path / "other"
    write(DiskFiles(other), [[q(0.1)]], entropy=lambda n: b"\x01" * n)
    refused: list[tuple[list[object], Path, str, int]] = [
        (["bundle", f"{RUN}@2", tmp_path / "new.tar"], folder, "PointError", 1),
        (["bundle", "latest", file], folder, "NameTaken", 1),
        (["bundle", "wat", file], folder, "UsageError", 2),
        (["unpack", tmp_path / "foreign"], tmp_path / "new", "FormatError", 1),
        (["unpack", tmp_path / "missing"], tmp_path / "new", "MissingFile", 1),
        (["unpack", file], other, "NameTaken", 1),
        (["runs"], tmp_path / "foreign", "FormatError", 1),
        (["fork", "latest"], file, "ReadOnly", 1),
        (["pack"], file, "ReadOnly", 1),
    ]
    for arguments, output, type, code in refused:
        done = jotty(*arguments, "--output", output, "--json")
        assert done.exit_code == code
        assert documents(done)[-1]["error"]["type"] == type
    assert not (tmp_path / "new").exists()


# log


@pytest.mark.parametrize(
    ("since", "seqs"),
    [
        ("2026-01-06T12:00:00Z", [1, 2, 3, 4, 5, 6]),
        ("2026-01-06T12:00:10Z", [2, 3, 4, 5, 6]),
        ("2026-01-06T12:00:10.000001Z", [4, 5, 6]),
        ("2026-01-06T13:00:20+01:00", [4, 5, 6]),
        ("2026-01-07", []),
    ],
)
def test_log_since_a_time(since: str, seqs: list[int], folder: Path) -> None:
    """Only what was recorded at that time or later is printed; with other conditions both count."""
    assert [one["seq"] for one in documents(jotty("log", "--since", since, "--json", "--output", folder))] == seqs
    both = documents(jotty("log", "--since", since, "--type", "q_updated", "--json", "--output", folder))
    assert [one["seq"] for one in both] == [seq for seq in seqs if seq in (2, 3, 5)]


def test_every_record_has_a_cursor(folder: Path) -> None:
    """Behind any of them the log goes on with just what follows, followed or not."""
    everything = documents(jotty("log", "--json", "--output", folder))
    assert [one["cursor"] for one in everything] == [f"{RUN}@{seq}" for seq in range(1, 7)]
    for place, one in enumerate(everything, 1):
        rest = jotty("log", "--after", one["cursor"], "--json", "--output", folder)
        assert documents(rest) == everything[place:]
        assert followed(folder, after=one["cursor"]) == everything[place:]


@pytest.mark.parametrize(
    ("options", "code", "type"),
    [
        (["--after", "wat"], 2, "UsageError"),
        (["--after", "-1"], 2, "UsageError"),
        (["--after", "9" * 16], 2, "UsageError"),
        (["--after", f"{RUN}@1,{RUN}@2"], 1, "PointError"),
        (["--after", "run_19990101_000000@1"], 1, "PointError"),
        (["--follow", "--after", "run_19990101_000000@1"], 1, "UnknownRun"),
        ([RUN, "--follow", "--after", f"{RUN}@1"], 2, "UsageError"),
        (["--since", "yesterday"], 2, "UsageError"),
        (["--since", "2026-01-06~1"], 2, "UsageError"),
    ],
)
def test_what_is_no_cursor_and_no_time_is_refused(options: list[str], code: int, type: str, folder: Path) -> None:
    """What is malformed is bad usage, what names nothing here exits with 1, each with a hint."""
    done = jotty("log", *options, "--json", "--output", folder)
    assert done.exit_code == code
    (found,) = documents(done)
    assert found["error"]["type"] == type
    assert found["error"]["hint"]


def followed(
    folder: Path, *steps: Callable[[], object], after: str = "0", point: str = "latest"
) -> list[dict[str, Any]]:
    """Return what `log --follow` prints while these steps are done, one at each pause, until Ctrl-C."""
    left = iter(steps)

    def pause(_: float) -> None:
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    done = jotty("log", point, "--follow", "--after", after, "--json", "--output", folder, obj=pause)
    assert (done.exit_code, done.stderr) == (0, "")
    return documents(done)


def test_following_goes_on_with_runs_that_begin(folder: Path) -> None:
    """The lineage of the point is printed, then every run that comes, each record with a cursor to go on from."""
    files = DiskFiles(folder)
    writers: list[RunWriter] = []
    found = followed(
        folder,
        lambda: writers.extend([begin(files, RUN), begin(files, f"{RUN}@3")]),
        lambda: (append(writers[0], [1]), append(writers[1], [1])),
    )
    for writer in writers:
        writer.close()
    third = writers[1].run
    came = [(one["run"], one["seq"]) for one in found]
    assert came == [*((RUN, seq) for seq in range(1, 7)), (NEXT, 7), (third, 4), (NEXT, 8), (third, 5)]
    assert found[8]["cursor"] == f"{NEXT}@8,{third}@4"
    for place, one in enumerate(found[6:], 7):
        rest = followed(folder, after=one["cursor"])
        assert sorted((other["run"], other["seq"]) for other in rest) == sorted(came[place:])


def test_following_begins_behind_a_point_in_the_past(folder: Path) -> None:
    """What leads to the point comes first, then the rest of its run."""
    assert [one["seq"] for one in followed(folder, point=f"{RUN}@3")] == [1, 2, 3, 4, 5, 6]
    assert [one["seq"] for one in followed(folder, after="4")] == [5, 6]


def test_following_waits_for_the_first_run(tmp_path: Path) -> None:
    """In an empty folder there is nothing yet; the first run is printed when it comes."""
    found = followed(tmp_path, lambda: write(DiskFiles(tmp_path), [[q(0.5)]]))
    assert [(one["run"], one["seq"]) for one in found] == [(RUN, 1), (RUN, 2), (RUN, 3)]
