"""The command line: what each command prints for people and for scripts, and how it fails."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from generators import event_of, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from test_import_cost import HEAVY, loaded_by

from jotty_events import AgentConfig, Conductor, History, JottyConfig, Outcome
from jotty_events.cli import COMMANDS, main
from jotty_events.cli.following import coming
from jotty_events.cli.grid import ROWS
from jotty_events.cli.inert import inert, inert_json
from jotty_events.cli.show import SECTIONS
from jotty_events.cli.telling import TELLINGS, tell
from jotty_events.cli.waiting import progress
from jotty_events.events import BY_TAG, Event, GoalAdded, MemoryStored, RunEnded, TaskFailed
from jotty_events.log.files import DiskFiles
from jotty_events.record import Record, leaf
from jotty_events.runs.feed import Feed
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.types import Durability

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")
PLAIN = {"FORCE_COLOR": None, "COLUMNS": None, "NO_COLOR": None, "JOTTY_EVENTS_OUTPUT": None}
TERMINAL = {**PLAIN, "FORCE_COLOR": "1", "COLUMNS": "100", "TERM": "xterm"}
HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J [bold]loud[/bold] [/] :smile:\r\n\u202ereversed\u2028{}"
STYLES = re.compile(r"\x1b\[[0-9;]*m")
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2066-\u2069]")


def jotty(*arguments: object, env: Mapping[str, str | None] = PLAIN, charset: str = "utf-8", obj: Any = None) -> Result:
    """Run the command line in this process; an exception that it does not turn into words is raised here."""
    runner = CliRunner(charset=charset, env=env)
    return runner.invoke(main, [str(one) for one in arguments], obj=obj, catch_exceptions=False)


def read(*arguments: object) -> Any:
    """Run a command with --json that must succeed; return its document."""
    done = jotty(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def documents(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def analyst(task: Any) -> Outcome:
    if task.approach == "transaction_category":
        raise ValueError("no such column: transaction_category")
    return Outcome(success=True, reward=1.0, output=42)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three runs: the first fails and learns, the others start from what it learned."""
    output = tmp_path_factory.mktemp("taught")
    actors = [AgentConfig(name="analyst", agent=analyst, approaches=["transaction_category", "partition column"])]
    for goal in GOALS:
        with Conductor(actors=actors, config=JottyConfig(output_base_dir=output, alpha=0.6)) as conductor:
            conductor.run_sync(goal=goal)
    return output


@pytest.fixture
def copied(taught: Path, tmp_path: Path) -> Path:
    """Return a copy of the taught folder, to be damaged."""
    return shutil.copytree(taught, tmp_path / "copied", symlinks=True)


def begin(output: Path, durability: Durability = Durability.COMMIT, **more: Any) -> RunWriter:
    """Begin a run at noon of a fixed day."""
    plan = RunPlan(
        clock=lambda: 1767700800.0,
        entropy=bytes,
        rules=2,
        library="0",
        mode="persistent",
        durability=durability,
        interval=3600.0,
        **more,
    )
    return RunWriter.create(DiskFiles(output), plan)


def die(writer: RunWriter) -> None:
    """Let a run go the way that a killed writer does: the lock is free, and nothing says that it ended."""
    if writer._group is not None:
        writer._group.stop()
    writer._release()


def goal(name: str, nth: int = 0) -> Event:
    return GoalAdded(
        owner="shared",
        goal=name,
        domain="general",
        operation_type="general",
        entities=[],
        given=None,
        goal_id=f"id {nth}",
        parent=None,
        nth=nth,
    )


def ended(writer: RunWriter) -> Event:
    return RunEnded(run=writer.run, status="closed", versions={}, digests={}, now=1.0)


def run_ids(output: Path) -> list[str]:
    return [run.run for run in History(output).runs()]


def segment(output: Path, run: str) -> Path:
    return next((output / run / "events").iterdir())


# Help


def test_every_command_is_there_with_the_help_that_the_table_gives() -> None:
    """Each name of the table is a command, and --help lists all of them with one line."""
    shown = jotty("--help").stdout
    for name, line in COMMANDS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.name == name
        assert line in " ".join(shown.split())


def test_every_command_documents_its_json_and_takes_the_folder() -> None:
    """The help of each command has the JSON contract, --output and --json; the group's has the exit codes."""
    for name in COMMANDS:
        shown = jotty(name, "--help").stdout
        assert "--json: " in shown
        assert "--output DIR" in shown
    assert "Exit codes" in jotty("--help").stdout


@pytest.mark.parametrize("command", ["runs", "log", "check"])
def test_reading_the_log_loads_nothing_heavy(command: str, taught: Path) -> None:
    """What needs no state loads no numpy, no pyarrow, no pydantic; without a terminal no rich either."""
    loaded = loaded_by(f"from jotty_events.cli import main; main([{command!r}, '--output', {str(taught)!r}])")
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_the_module_is_the_command(taught: Path) -> None:
    """`python -m jotty_events` does what `jotty-events` does."""
    command = [sys.executable, "-m", "jotty_events", "runs", "--json"]
    environment = {**os.environ, "JOTTY_EVENTS_OUTPUT": str(taught)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["output"] == str(taught)


# runs


def test_runs_are_listed_with_where_they_began(taught: Path) -> None:
    """Each run is given with its parent point, its seqs and its state; the last is latest, and all lead to it."""
    found = read("runs", "--output", taught)
    first, second, third = found["runs"]
    assert [found["output"], found["latest"]] == [str(taught), third["run"]]
    assert first["parent"] is None
    assert second["parent"] == {"run": first["run"], "seq": first["last"]}
    assert [run["state"] for run in found["runs"]] == ["ended"] * 3
    assert all(run["records"] == run["last"] - run["first"] + 1 and run["in_latest"] for run in found["runs"])
    assert all(run["started"] <= run["ended"] and run["error"] is None for run in found["runs"])


def test_people_see_whole_run_ids_without_a_terminal(taught: Path) -> None:
    """In a pipe each run is one line that begins with its id."""
    lines = jotty("runs", "--output", taught).stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == run_ids(taught)
    assert [line.split()[-1] for line in lines[2:]] == ["·", "·", "latest"]


def test_live_died_and_experimental_runs_are_told_apart(tmp_path: Path) -> None:
    """A run with an owner is live, one that lost it died, and an experiment is never latest."""
    died = begin(tmp_path)
    die(died)
    live = begin(tmp_path)
    experiment = begin(tmp_path, experiment=True)
    experiment.close(ended(experiment))
    found = read("runs", "--output", tmp_path)
    live.close()
    assert [(run["state"], run["experiment"]) for run in found["runs"]] == [
        ("died", False),
        ("live", False),
        ("ended", True),
    ]
    assert [found["latest"], [run["in_latest"] for run in found["runs"]]] == [live.run, [False, True, False]]


def test_a_damaged_run_does_not_hide_the_others(copied: Path) -> None:
    """A run whose manifest is lost is listed as damaged, with the reason, and the exit code is 1."""
    first, second, third = run_ids(copied)
    (copied / second / "run.json").write_text("{}")
    done = jotty("runs", "--output", copied, "--json")
    rows = json.loads(done.stdout)["runs"]
    assert done.exit_code == 1
    assert [(row["run"], row["state"]) for row in rows] == [(first, "ended"), (second, "damaged"), (third, "ended")]
    assert rows[1]["error"]["type"] == "FormatError"
    assert rows[1]["error"]["message"] in jotty("runs", "--output", copied).stdout


def test_a_folder_without_runs_is_fine(tmp_path: Path) -> None:
    """An empty folder has no runs, which is no error."""
    assert read("runs", "--output", tmp_path) == {"output": str(tmp_path), "latest": None, "runs": []}
    assert "no run is there yet" in jotty("runs", "--output", tmp_path).stdout


# log


def test_log_gives_every_record_as_it_was_written(taught: Path) -> None:
    """With --json each record of the lineage is one line: the line of the file, its run and its cursor in front."""
    found = documents(jotty("log", "--output", taught, "--json"))
    written = [
        {"run": run, "cursor": f"{run}@{json.loads(line)['seq']}", **json.loads(line)}
        for run in run_ids(taught)
        for line in segment(taught, run).read_text().splitlines()
        if line.startswith('{"seq":')
    ]
    assert found == written
    assert [one["seq"] for one in found] == list(range(1, len(found) + 1))


def test_log_tells_people_what_changed(taught: Path) -> None:
    """A line holds the seq, the type, and values before and after; each run has one heading."""
    shown = jotty("log", "--output", taught).stdout.splitlines()
    records = len(documents(jotty("log", "--output", taught, "--json")))
    assert len(shown) == records + len(run_ids(taught))
    assert [line.split()[0] for line in shown if line.startswith("run_")] == run_ids(taught)
    changes = [found for line in shown if "q_updated" in line for found in re.findall(r"Q [\d.]+ → [\d.]+", line)]
    assert changes == ["Q 0.500 → 0.200", "Q 0.500 → 0.800", "Q 0.720 → 0.888", "Q 0.720 → 0.888"]
    assert any("V 0.500 → 0.800" in line and "shared/semantic" in line for line in shown)
    assert any("ValueError: no such column" in line for line in shown)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--type", "q_updated"], lambda one: one["event"]["type"] == "q_updated"),
        (
            ["--type", "q_updated", "--type", "run_ended"],
            lambda one: one["event"]["type"] in ("q_updated", "run_ended"),
        ),
        (["--episode", "2"], lambda one: one["event"].get("episode") == 2),
        (["--after", "40"], lambda one: one["seq"] > 40),
        (["--key", "TRANSACTION_category"], lambda one: "transaction_category" in one["event"].get("action", "")),
        (["--agent", "shared"], lambda one: one["event"].get("owner") == "shared"),
        (
            ["--type", "value_updated", "--episode", "3", "--agent", "analyst"],
            lambda one: (one["event"]["type"], one["event"].get("episode")) == ("value_updated", 3),
        ),
    ],
)
def test_log_keeps_what_was_asked_for(
    options: list[str], wanted: Callable[[dict[str, Any]], bool], taught: Path
) -> None:
    """Conditions are joined by and, types among themselves by or; every record that meets them is printed."""
    everything = documents(jotty("log", "--output", taught, "--json"))
    found = documents(jotty("log", "--output", taught, "--json", *options))
    expected = [one for one in everything if wanted(one)]
    assert expected
    assert all(one in found for one in expected)
    if options[0] not in ("--key", "--agent"):
        assert found == expected


def test_a_key_and_an_agent_are_looked_for_in_every_field_that_names_one(taught: Path) -> None:
    """A memory's key is found where it was stored, read, updated and part of a trajectory."""
    stored = documents(jotty("log", "--output", taught, "--json", "--type", "memory_stored", "--agent", "shared"))
    key = stored[-1]["event"]["key"]
    found = documents(jotty("log", "--output", taught, "--json", "--key", key))
    assert {one["event"]["type"] for one in found} == {
        "memory_stored",
        "memory_repeated",
        "memory_accessed",
        "trajectory_ended",
        "value_updated",
    }
    owned = documents(jotty("log", "--output", taught, "--json", "--agent", "shared"))
    assert {"goal_added", "trajectory_ended"} <= {one["event"]["type"] for one in owned}


def test_log_pages_with_after_and_limit(taught: Path) -> None:
    """`--limit` gives the first records that fit, `--after` those that follow."""
    first = documents(jotty("log", "--output", taught, "--json", "--limit", 3))
    second = documents(jotty("log", "--output", taught, "--json", "--limit", 2, "--after", 3))
    assert [one["seq"] for one in first + second] == [1, 2, 3, 4, 5]
    assert jotty("log", "--output", taught, "--limit", 0).stdout == ""


def test_log_ends_at_the_point(taught: Path) -> None:
    """Only the records that lead to the point are printed."""
    middle = run_ids(taught)[1]
    assert documents(jotty("log", f"{middle}@7", "--output", taught, "--json"))[-1]["seq"] == 7
    before = documents(jotty("log", "latest~2", "--output", taught, "--json"))
    assert {one["run"] for one in before} == {run_ids(taught)[0]}


def test_a_misspelt_type_is_refused(taught: Path) -> None:
    """A type that no record has and no event is called is bad usage, and the nearest is named."""
    done = jotty("log", "--output", taught, "--type", "q_update")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean q_updated?" in done.stderr
    assert jotty("log", "--output", taught, "--type", "imported").exit_code == 0


def unknown_and_redacted(output: Path) -> None:
    """Write a run that died, with a record of an unknown type and one whose content was taken away."""
    writer = begin(output)
    writer._commit([b'{"seq":2,"at":1767700800000000,"event":{"type":"dreamt","of":"sheep"}}'])
    writer.append([goal("secret")])
    die(writer)
    path = segment(output, writer.run)
    lines = path.read_bytes().split(b"\n")
    at = next(at for at, line in enumerate(lines) if b"secret" in line)
    kept = leaf(lines[at]).hex()
    lines[at] = f'{{"seq":3,"at":1767700800000000,"leaf":"{kept}","event":{{"type":"goal_added"}}}}'.encode()
    path.write_bytes(b"\n".join(lines))


def test_unknown_and_redacted_records_are_shown_as_such(tmp_path: Path) -> None:
    """What cannot be read as an event keeps its type and its place, and scripts get what is there."""
    unknown_and_redacted(tmp_path)
    shown = jotty("log", "--output", tmp_path).stdout.splitlines()
    assert "dreamt" in shown[2]
    assert "unknown to this version" in shown[2]
    assert "goal_added" in shown[3]
    assert "redacted" in shown[3]
    _, dreamt, redacted = documents(jotty("log", "--output", tmp_path, "--json"))
    assert dreamt["event"] == {"type": "dreamt", "of": "sheep"}
    assert len(redacted["leaf"]) == 64
    assert documents(jotty("log", "--output", tmp_path, "--json", "--type", "dreamt")) == [dreamt]


def test_a_record_that_was_never_an_event_is_an_error(tmp_path: Path) -> None:
    """A known type with other fields is refused with its run and seq, by log and by show; check finds it."""
    writer = begin(tmp_path)
    writer._commit([b'{"seq":2,"at":1,"event":{"type":"goal_added","goal":7}}'])
    die(writer)
    done = jotty("log", "--output", tmp_path)
    assert done.exit_code == 1
    assert "record 2 cannot be read" in done.stderr
    assert writer.run in done.stderr
    assert jotty("show", "--output", tmp_path).exit_code == 1
    assert jotty("check", "--output", tmp_path).exit_code == 1


# log --follow


def shown_while(output: Path, *steps: Callable[[], object], options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Follow latest; do one step at each pause, and stop when no step is left."""
    left = iter(steps)

    def step(_: float) -> None:
        do = next(left, None)
        if do is None:
            raise KeyboardInterrupt
        do()

    done = jotty("log", "--follow", "--json", "--output", output, *options, obj=step)
    assert done.exit_code == 0
    return documents(done)


def test_following_shows_what_comes(tmp_path: Path) -> None:
    """What is there is printed, then what comes to the end of the run, each record once, rotation included."""
    writer = begin(tmp_path, segment_bytes=4096)
    found = shown_while(
        tmp_path,
        lambda: None,
        lambda: [writer.append([goal("a" * 1000, nth)]) for nth in range(9)],
        lambda: writer.append([goal("b")]),
        lambda: writer.close(ended(writer)),
    )
    assert [one["seq"] for one in found] == list(range(1, 13))
    assert found[-1]["event"]["type"] == "run_ended"


def test_following_never_shows_what_is_not_durable(tmp_path: Path) -> None:
    """A record that was appended and not yet synced is not given out; once it is on disk it comes."""
    writer = begin(tmp_path, Durability.INTERVAL)
    steps = iter([lambda: writer.append([goal("x")]), writer.sync_some, lambda: writer.close(ended(writer))])
    found = coming(Feed(Tree(DiskFiles(tmp_path)), {writer.run: 1}), lambda _: next(steps)())
    assert [entry and entry.seq for entry in islice(found, 6)] == [None, None, 2, None, 3, None]


def test_following_a_writer_that_dies_gives_what_every_reader_sees(tmp_path: Path) -> None:
    """When the writer is gone its last whole commits are history, whether or not a mark calls them durable."""
    writer = begin(tmp_path, Durability.INTERVAL)

    def killed() -> None:
        writer._guard.acquire()
        writer._segment.append([b'{"seq":2,"at":1,"event":{"type":"dreamt"}}'])
        writer._release()
        writer._guard.release()

    found = shown_while(tmp_path, killed)
    die(writer)
    assert [one["seq"] for one in found] == [1, 2]
    assert found == documents(jotty("log", "--json", "--output", tmp_path))


def test_what_is_written_during_the_last_look_is_not_lost(tmp_path: Path) -> None:
    """A writer that appends and goes while somebody looks is followed to its very end."""
    writer = begin(tmp_path)

    class Meanwhile(DiskFiles):
        def is_locked(self, path: str) -> bool:
            writer.close(ended(writer))
            return super().is_locked(path)

    found = coming(Feed(Tree(Meanwhile(tmp_path)), {writer.run: 1}), lambda _: None)
    assert [entry and entry.seq for entry in islice(found, 3)] == [2, None, None]


def test_following_keeps_to_the_conditions_and_the_limit(tmp_path: Path) -> None:
    """Filters and --limit count for what comes as well: with the last wanted record it ends."""
    writer = begin(tmp_path)
    options = ("--type", "goal_added", "--limit", "2")
    found = shown_while(tmp_path, lambda: writer.append([goal("x"), goal("y"), goal("z")]), options=options)
    writer.close()
    assert [one["seq"] for one in found] == [2, 3]


def test_ctrl_c_ends_following_in_peace(tmp_path: Path) -> None:
    """Whoever has seen enough gets exit code 0, and what was found so far."""
    writer = begin(tmp_path)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    done = jotty("log", "--follow", "--output", tmp_path, obj=interrupt)
    writer.close()
    assert (done.exit_code, done.stderr) == (0, "")
    assert "run_started" in done.stdout


# show


def test_show_gives_scripts_the_whole_state(taught: Path) -> None:
    """Each section holds what the state of the history holds at that point, and the point."""
    state = History(taught).at("latest")
    point = History(taught).point("latest")
    found = {name: read("show", name, "--output", taught) for name in SECTIONS}
    assert all(one["point"] == {"run": point.run, "seq": point.seq} for one in found.values())
    assert found["q"]["q"]["entries"] == [entry.to_dict() for entry in state.q_table.entries()]
    assert found["q"]["q"]["experiences"] == [one.to_dict() for one in state.q_table.experiences]
    owners = found["memory"]["memory"]["owners"]
    for owner, levels in state.memory.items():
        for level, entries in levels.items():
            assert [one["key"] for one in owners[owner]["levels"][level]] == list(entries)
    assert found["brain"]["brain"].items() >= state.brain.to_dict().items()
    assert [one["task_id"] for one in found["todos"]["todos"]["tasks"]] == ["analyst"]
    assert list(found["goals"]["goals"]) == list(state.goals)
    assert [one["goal"] for one in found["episodes"]["episodes"]] == list(GOALS)


def test_a_memory_gives_its_value_for_each_goal(taught: Path) -> None:
    """Goal values are listed with goal and value, in the order in which the goals came."""
    entries = read("show", "memory", "--output", taught)["memory"]["owners"]["shared"]["levels"]["semantic"]
    assert [one["goal"] for one in entries[0]["goal_values"]] == list(GOALS)


def test_the_overview_counts_and_has_the_digests(taught: Path) -> None:
    """Without a section come counts, and one digest per projection."""
    found = read("show", "--output", taught)["overview"]
    assert found["digests"] == History(taught).at().digests()
    assert found["q"] == {"entries": 4, "experiences": 4}
    assert found["episodes"] == {"succeeded": 3}
    assert found["memory"]["shared"]["semantic"] == 1


@pytest.mark.parametrize(
    ("section", "texts"),
    [
        ("memory", ["USE: partition column", "0.968", "0.961  Count peer-to-peer transactions"]),
        ("q", ["0.888", "0.800", "0.200", "APPROACH: transaction_category", "✅ SUCCESS"]),
        ("brain", ["'partition column' tends to succeed", "consolidations"]),
        ("todos", ["completed", "analyst: Count peer-to-peer transactions"]),
        ("goals", ["goals of shared", "Get P2P count"]),
        ("episodes", ["succeeded", *GOALS]),
    ],
)
@pytest.mark.parametrize("env", [PLAIN, TERMINAL], ids=["pipe", "terminal"])
def test_show_gives_people_tables(section: str, texts: list[str], env: Mapping[str, str | None], taught: Path) -> None:
    """Each section shows its values, in a pipe and on a terminal, where there is colour."""
    shown = jotty("show", section, "--output", taught, env=env).stdout
    assert (STYLES.search(shown) is not None) is (env is TERMINAL)
    plain = STYLES.sub("", shown)
    assert [text for text in texts if text not in plain] == []


def test_show_goes_back_in_time(taught: Path) -> None:
    """A point before a section shows the state there, whichever of the two comes first."""
    for words in (("latest~2", "q"), ("q", "latest~2")):
        values = [entry["value"] for entry in read("show", *words, "--output", taught)["q"]["entries"]]
        assert values == pytest.approx([0.2, 0.8])


def test_an_empty_state_is_shown_as_such(tmp_path: Path) -> None:
    """Where nothing was learned every section says so."""
    writer = begin(tmp_path)
    writer.close(ended(writer))
    for section in SECTIONS:
        shown = jotty("show", section, "--output", tmp_path)
        assert shown.exit_code == 0
        assert " no " in shown.stdout


def test_a_terminal_gets_the_first_rows_and_is_told_of_the_rest(tmp_path: Path) -> None:
    """A long table ends on a terminal after so many rows; a pipe and a script get all."""
    writer = begin(tmp_path)
    writer.append([goal(f"goal {nth}", nth) for nth in range(ROWS + 7)])
    writer.close(ended(writer))
    seen = jotty("show", "goals", "--output", tmp_path, env=TERMINAL).stdout
    assert "goal 0" in seen
    assert f"goal {ROWS + 6}" not in seen
    assert "7 more rows: --json gives all" in seen
    assert f"goal {ROWS + 6}" in jotty("show", "goals", "--output", tmp_path).stdout
    assert len(read("show", "goals", "--output", tmp_path)["goals"]["shared"]) == ROWS + 7


# check


def test_a_sound_history_has_no_findings(taught: Path) -> None:
    """Scripts get the extent and no findings, people a line; the exit code is 0."""
    found = read("check", "--output", taught)
    assert (found["sound"], found["runs"], found["findings"], found["notes"]) == (True, 3, [], [])
    assert jotty("check", "--output", taught).stdout == f"sound:  3 runs, {found['records']} records\n"


def test_a_flipped_byte_is_found_with_file_and_offset(copied: Path) -> None:
    """Damage is a finding that names the file once and the byte, and the exit code is 1."""
    path = segment(copied, run_ids(copied)[0])
    data = bytearray(path.read_bytes())
    data[data.index(b"P2P")] ^= 1
    path.write_bytes(data)
    done = jotty("check", "--output", copied, "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["sound"]) == (1, False)
    assert found["findings"][0]["file"] == str(path)
    shown = jotty("check", "--output", copied)
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[0].count(f"{path} at byte {found['findings'][0]['offset']}") == 1
    assert "finding" in shown.stdout.splitlines()[-1]


def test_an_unfinished_tail_is_a_note(tmp_path: Path) -> None:
    """What a killed writer left half written is told, and is no finding."""
    writer = begin(tmp_path)
    die(writer)
    with segment(tmp_path, writer.run).open("ab") as file:
        file.write(b'{"seq":2,"at":1,"ev')
    found = read("check", "--output", tmp_path)
    assert found["sound"]
    assert "unfinished tail" in found["notes"][0]["message"]
    assert jotty("check", "--output", tmp_path).stdout.startswith("note ")


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "code", "type"),
    [
        (["log", "yesterday"], 2, "UsageError"),
        (["log", ""], 2, "UsageError"),
        (["show", "latest@3"], 2, "UsageError"),
        (["show", "q", "memory"], 2, "UsageError"),
        (["show", "memori"], 2, "UsageError"),
        (["log", "--episode", "0"], 2, "UsageError"),
        (["runs", "--wat"], 2, "UsageError"),
        (["frobnicate"], 2, "UsageError"),
        (["log", "run_19990101_000000"], 1, "UnknownRun"),
        (["show", "latest~99"], 1, "PointError"),
        (["log", "@1999-01-01"], 1, "PointError"),
    ],
)
def test_refusals_say_what_was_wrong_and_what_to_do(arguments: list[str], code: int, type: str, taught: Path) -> None:
    """Malformed input exits with 2, a place that is not there with 1; both have an error and a hint."""
    done = jotty(*arguments, "--output", taught)
    assert (done.exit_code, done.stdout) == (code, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    found = jotty(*arguments, "--output", taught, "--json")
    assert (found.exit_code, found.stderr) == (code, done.stderr)
    assert json.loads(found.stdout)["error"] == {
        "type": type,
        "message": error.removeprefix("error: "),
        "hint": hint.removeprefix("hint: "),
    }


@pytest.mark.parametrize("command", ["runs", "log", "show", "check"])
def test_a_folder_that_is_none_is_refused(command: str, tmp_path: Path) -> None:
    """A missing folder, a file in its place and a name that no folder can have exit with 1, and nothing is made."""
    (tmp_path / "file").touch()
    for output in (tmp_path / "missing", tmp_path / "file", "no\0name"):
        done = jotty(command, "--output", output)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_empty_history_has_no_latest(tmp_path: Path) -> None:
    """Where no run is yet there is nothing to print, and the error says so."""
    for command in ("log", "show"):
        done = jotty(command, "--output", tmp_path)
        assert done.exit_code == 1
        assert "no run yet" in done.stderr


def test_damage_is_an_error_after_what_could_be_read(copied: Path) -> None:
    """`log` prints what stands before the damage; the error follows, for scripts as the last line."""
    path = segment(copied, run_ids(copied)[-1])
    path.write_bytes(path.read_bytes().replace(b"peer-to-peer", b"fear-to-fear"))
    done = jotty("log", "--output", copied, "--json")
    *records, last = documents(done)
    assert done.exit_code == 1
    assert records
    assert last["error"]["type"] == "Corruption"
    assert str(path) in last["error"]["message"]


def test_what_the_system_refuses_is_no_traceback(taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the operating system is told like any other, with exit code 1."""

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(DiskFiles, "names", refuse)
    done = jotty("runs", "--output", taught)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "Permission denied" in done.stderr


# Text that wants to be more


def hostile(output: Path) -> None:
    writer = begin(output)
    stored = MemoryStored(
        owner=HOSTILE,
        agent=HOSTILE,
        level="semantic",
        goal=HOSTILE,
        context={HOSTILE: HOSTILE},
        initial_value=0.5,
        outcome=HOSTILE,
        content_length=1,
        content_hash="",
        now=1.0,
        content=HOSTILE,
        domain=HOSTILE,
        task_type=HOSTILE,
        causal_links=[HOSTILE],
        key=HOSTILE,
        token_count=1,
        truncated=False,
        default_value=0.5,
        source_episode=None,
        nth=0,
        goal_nth=0,
    )
    failed = TaskFailed(
        todo="t",
        task=HOSTILE,
        error=HOSTILE,
        now=1.0,
        attempts=1,
        max_attempts=2,
        status=HOSTILE,
        reason=HOSTILE,
        nth=0,
    )
    writer.append([stored, failed, goal(HOSTILE)])
    writer.close(ended(writer))


@pytest.mark.parametrize("words", ["log", "show", "show memory", "show goals"])
@pytest.mark.parametrize("env", [PLAIN, TERMINAL], ids=["pipe", "terminal"])
def test_hostile_text_is_only_text(words: str, env: Mapping[str, str | None], tmp_path: Path) -> None:
    """Escapes, markup, line breaks and marks that turn text around are shown, and do nothing."""
    hostile(tmp_path)
    shown = STYLES.sub("", jotty(*words.split(), "--output", tmp_path, env=env).stdout)
    assert ACTIVE.search(shown) is None
    assert "\\x1b[31mred" in shown
    if words != "show" and env is PLAIN:
        assert "[bold]loud[/bold] [/] :smile:\\r\\n\\u202ereversed\\u2028" in shown


def test_hostile_text_reaches_scripts_whole(tmp_path: Path) -> None:
    """JSON has the very text, and holds no character that a terminal would act upon."""
    hostile(tmp_path)
    logged, shown = (
        jotty(*words, "--output", tmp_path, "--json") for words in (["log", "--limit", 2], ["show", "memory"])
    )
    assert ACTIVE.search(logged.stdout + shown.stdout) is None
    assert documents(logged)[1]["event"]["context"] == {HOSTILE: HOSTILE}
    assert json.loads(shown.stdout)["memory"]["owners"][HOSTILE]["levels"]["semantic"][0]["content"] == HOSTILE


def test_a_hostile_argument_is_only_text(taught: Path) -> None:
    """What is wrong on the command line is told without doing what it says."""
    for words in (["log", f"@{HOSTILE}"], ["show", HOSTILE], [HOSTILE], ["log", "--type", HOSTILE]):
        done = jotty(*words, "--output", taught)
        assert done.exit_code == 2
        assert ACTIVE.search(done.stderr) is None


@given(st.text() | texts)
def test_inert_text_has_no_control(text: str) -> None:
    """Any text comes out on one line without controls; harmless text comes out as it was."""
    assert ACTIVE.search(inert(text)) is None
    assert "\n" not in inert(text)
    assert inert("déjà vu [red] ✅") == "déjà vu [red] ✅"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_inert_json_is_the_same_document(document: Any) -> None:
    """JSON means the same with such characters as escapes, on one line and indented."""
    for indent in (None, 2):
        text = inert_json(json.dumps(document, ensure_ascii=False, indent=indent))
        assert ACTIVE.search(text) is None
        assert json.loads(text) == document


def test_long_text_says_how_much_was_cut() -> None:
    """A text beyond the limit ends with how many characters are missing."""
    assert inert("abcdef", 4) == "abcd… (+2 characters)"
    assert inert("abcd", 4) == "abcd"


@pytest.mark.parametrize("tag", sorted(BY_TAG))
def test_every_event_can_be_told(tag: str) -> None:
    """Whatever an event of a type holds, it has a telling with some text in it."""

    @settings(max_examples=20)
    @given(event_of(BY_TAG[tag]))
    def told(event: Event) -> None:
        pieces = tell(Record(1, 0, event))
        assert pieces
        assert all(piece.text for piece in pieces)

    told()
    assert tag in TELLINGS


# Streams


def many(output: Path) -> None:
    writer = begin(output)
    writer.append([goal("x" * 200, nth) for nth in range(2000)])
    writer.close(ended(writer))


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["people", "scripts"])
def test_a_reader_who_leaves_early_is_no_error(options: list[str], tmp_path: Path) -> None:
    """`log | head` ends quietly: no message, exit code 0."""
    many(tmp_path)
    command = [sys.executable, "-m", "jotty_events", "log", "--output", str(tmp_path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_reader_who_leaves_early_hides_no_finding(copied: Path) -> None:
    """`check` exits with 1 where something is damaged, whoever reads what it says."""
    (copied / run_ids(copied)[0] / "run.json").write_text("{}")
    command = [sys.executable, "-m", "jotty_events", "check", "--output", str(copied)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_stdout_that_knows_little_gets_numbers(taught: Path) -> None:
    """What the encoding of stdout lacks is shown by its number; JSON is UTF-8 nevertheless."""
    command = [sys.executable, "-m", "jotty_events", "show", "q", "--output", str(taught)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert b"\\u2705 SUCCESS" in shown
    scripted = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True).stdout
    assert "✅ SUCCESS" in json.loads(scripted)["q"]["entries"][1]["lessons"][0]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def waited_for(steps: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do so many steps of work that is long from 20 on; return what a terminal shows meanwhile."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setattr(sys, "stderr", terminal)
        with progress("replaying", steps, "records", least=20) as advance:
            advance(steps)
    return terminal.getvalue()


def test_a_bar_is_shown_to_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work shows its label and its steps on a terminal's stderr."""
    seen = waited_for(30, monkeypatch)
    assert "replaying" in seen
    assert "30/30" in seen


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done at once needs no bar."""
    assert waited_for(10, monkeypatch) == ""
