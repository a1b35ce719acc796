"""The demo: what its three processes learn, what is told of it, and what it does where something is wrong."""

import json
import shlex
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from jotty_events import AgentConfig, Conductor, History, JottyConfig, Task
from jotty_events.cli import main
from jotty_events.demo import payments, runs
from jotty_events.demo.analyst import NAIVE, PARTITIONED, Analyst, compose
from jotty_events.errors import NameTaken, WriteFailed
from jotty_events.events import AttemptMade, Event, MemoryStored, QUpdated, RunStarted, ValueUpdated
from jotty_events.record import Record

DAY = payments.DAYS[-1]
NO_SUCH_COLUMN = "no such column: transaction_category"
Story = dict[str, Any]


def jotty(*arguments: str, charset: str = "utf-8") -> Result:
    """Run the command line in this process; an exception that it does not turn into words is raised here."""
    return CliRunner(charset=charset).invoke(main, arguments, catch_exceptions=False)


class Shown(NamedTuple):
    """A demo that was run once: its folder, what it printed, and what its processes handed back."""

    output: Path
    story: Story
    ended: list[runs.Ended]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Run the demo with --json, in a folder whose name has spaces and quotes."""
    output = tmp_path_factory.mktemp("demo") / "the client's out puts"
    ended: list[runs.Ended] = []
    really = runs.in_own_process

    def watched(folder: str, question: runs.Question) -> runs.Ended:
        ended.append(really(folder, question))
        return ended[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "conduct", not_here)
        patch.setattr(runs, "in_own_process", watched)
        done = jotty("demo", "--output", str(output), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return Shown(output, json.loads(done.stdout), ended)


def not_here(*_: Any) -> None:
    """Stand in for the work of a child in the parent, which must not do it."""
    raise AssertionError("the parent did a child's work")


@pytest.fixture
def retold(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the demo tell of the runs that there are, without doing them again; return its folder."""
    answers = iter(shown.ended)
    monkeypatch.setattr(runs, "in_own_process", lambda *_: next(answers))
    return str(shown.output)


@pytest.fixture
def copied(shown: Shown, tmp_path: Path) -> Path:
    """Return a copy of the folder, to be changed."""
    return Path(shutil.copytree(shown.output, tmp_path / "a copy", symlinks=True))


def events_of(shown: Shown, number: int) -> list[Event]:
    """Return the events of run 1, 2 or 3."""
    history = History(shown.output)
    run = shown.ended[number - 1].run
    kept = history.records(run, after=history.tree.run(run).first - 1)
    return [one.record.event for one in kept if isinstance(one.record, Record)]


def attempts(shown: Shown, number: int) -> list[AttemptMade]:
    return [event for event in events_of(shown, number) if isinstance(event, AttemptMade)]


def q_changes(shown: Shown, number: int) -> list[tuple[float, float]]:
    return [(event.before, event.after) for event in events_of(shown, number) if isinstance(event, QUpdated)]


def v_changes(shown: Shown, number: int) -> list[tuple[float, float]]:
    found = (event for event in events_of(shown, number) if isinstance(event, ValueUpdated))
    return [(event.before, event.after) for event in found if event.cause == "td"]


def test_the_first_run_fails_and_then_finds_what_works(shown: Shown) -> None:
    """Run 1 tries the column that is not there, is refused by SQLite, and succeeds with the partition column."""
    naive, partitioned = attempts(shown, 1)
    assert (naive.approach, naive.outcome, naive.error_type) == (NAIVE, "raised", "OperationalError")
    assert (partitioned.approach, partitioned.outcome, partitioned.error) == (PARTITIONED, "succeeded", None)
    assert q_changes(shown, 1) == [pytest.approx((0.5, 0.2)), pytest.approx((0.5, 0.8))]
    assert v_changes(shown, 1) == [pytest.approx((0.5, 0.2)), pytest.approx((0.5, 0.8))]


def test_the_first_run_remembers_what_to_avoid_and_what_to_use(shown: Shown) -> None:
    """Run 1 stores a memory of its failure, with SQLite's words, and one of its success."""
    stored = [event for event in events_of(shown, 1) if isinstance(event, MemoryStored) and event.outcome]
    assert [event.content for event in stored] == [
        f"AVOID: {NAIVE} — {NO_SUCH_COLUMN}",
        f"USE: {PARTITIONED} — filter days on dl_last_updated",
    ]
    assert [event.default_value for event in stored] == [0.5, 0.5]


def test_the_second_run_succeeds_at_once(shown: Shown) -> None:
    """Run 2 takes the partition column first, from 0.9 of what a similar state learned, and trusts it more after."""
    (only,) = attempts(shown, 2)
    assert (only.approach, only.success, only.explored) == (PARTITIONED, True, False)
    assert q_changes(shown, 2) == [pytest.approx((0.72, 0.888))]
    assert v_changes(shown, 2) == [pytest.approx((0.8, 0.92))]
    (moved,) = [event for event in events_of(shown, 2) if isinstance(event, QUpdated)]
    assert moved.before == pytest.approx(0.9 * (moved.before_raw or 0.0))


def test_the_third_run_succeeds_at_once_and_trusts_it_more(shown: Shown) -> None:
    """Run 3 takes the partition column first, and its memory is worth more than after run 2."""
    (only,) = attempts(shown, 3)
    assert (only.approach, only.success) == (PARTITIONED, True)
    ((_, after),) = v_changes(shown, 3)
    assert 0.92 < after < 1.0


def test_each_run_starts_from_the_end_of_the_one_before(shown: Shown) -> None:
    """Every run is a new one whose first record names its parent's last, and its state there is its parent's."""
    history = History(shown.output)
    started = [event for n in (1, 2, 3) for event in events_of(shown, n) if isinstance(event, RunStarted)]
    assert [event.run for event in started] == [reader.run for reader in history.runs()]
    assert (started[0].parent_run, started[0].parent_seq) == (None, 0)
    for parent, child in pairwise(started):
        end = history.point(parent.run)
        assert (child.parent_run, child.parent_seq) == (end.run, end.seq)
        assert history.at(f"{child.run}@{end.seq}").digests() == history.at(parent.run).digests()
    assert {(event.mode, event.durability, event.config["alpha"]) for event in started} == {
        ("persistent", "commit", 0.6)
    }
    assert len({event.uid for event in started}) == 3


def test_what_was_learned_goes_into_the_next_prompt(shown: Shown) -> None:
    """Run 1 is told nothing; run 2 is told what to use, what to avoid and how good each was."""
    assert attempts(shown, 1)[0].learned_context == ""
    told = attempts(shown, 2)[0].learned_context
    assert f"High-value pattern: USE: {PARTITIONED} — filter days on dl_last_updated (V=0.800)" in told
    assert f"AVOID: {NAIVE} — {NO_SUCH_COLUMN} (V=0.200)" in told


def test_the_json_is_what_was_promised(shown: Shown) -> None:
    """--json has exactly the promised names, and the values are those of the events and of the state at the end."""
    assert list(shown.story) == ["output", "runs"]
    assert Path(shown.story["output"]).samefile(shown.output)
    names = ["run", "goal", "success", "attempts", "first_choice", "learned_context", "memories", "q"]
    assert [list(run) for run in shown.story["runs"]] == [names] * 3
    assert [run["goal"] for run in shown.story["runs"]] == list(runs.GOALS)
    assert [run["attempts"] for run in shown.story["runs"]] == [2, 1, 1]
    assert [run["first_choice"] for run in shown.story["runs"]] == [NAIVE, PARTITIONED, PARTITIONED]
    assert all(run["success"] is True for run in shown.story["runs"])
    contexts = [attempts(shown, number)[0].learned_context for number in (1, 2, 3)]
    assert [run["learned_context"] for run in shown.story["runs"]] == contexts


def test_the_json_shows_each_run_as_it_was_at_its_end(shown: Shown) -> None:
    """Memories and Q-values of a run are those of its own end, not what later runs made of them."""
    used = [
        memory["value"]
        for run in shown.story["runs"]
        for memory in run["memories"]
        if memory["content"].startswith("USE:")
    ]
    assert used == [after for number in (1, 2, 3) for _, after in v_changes(shown, number)[-1:]]
    assert used[:2] == pytest.approx([0.8, 0.92])
    assert [[entry["value"] for entry in run["q"]] for run in shown.story["runs"]] == [
        pytest.approx([0.2, 0.8]),
        pytest.approx([0.2, 0.8, 0.888]),
        pytest.approx([0.2, 0.8, 0.888, 0.888]),
    ]
    assert all(set(entry) == {"state", "action", "value"} for run in shown.story["runs"] for entry in run["q"])


def test_each_run_counts_another_day(shown: Shown) -> None:
    """No two answers are alike, and each is what the books say: what carries over is the way to an answer."""
    answers = [ended.answer for ended in shown.ended]
    assert answers == [payments.books()[ended.question.day, "P2P"] for ended in shown.ended]
    assert len(set(answers)) == 3


def test_the_log_is_sound_and_the_database_is_no_run(shown: Shown) -> None:
    """The bytes of all three runs are as they were written, and what lies beside them is not taken for a run."""
    history = History(shown.output)
    assert len(history.runs()) == 3
    assert not list(history.check())
    assert not list(history.verify(deep=True))
    assert payments.database_in(shown.output).parent.name not in [reader.run for reader in history.runs()]


# The database and the agent.


def fetch(database: Path, sql: str, *values: str) -> list[tuple[Any, ...]]:
    """Run a statement on a database, as anybody would who has nothing to do with the demo."""
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def test_the_error_is_sqlites_own(shown: Shown) -> None:
    """The error in the log is what SQLite says to that statement; the table has no such column."""
    database = payments.database_in(shown.output)
    assert NAIVE not in [column[1] for column in fetch(database, "PRAGMA table_info(payments)")]
    with pytest.raises(sqlite3.OperationalError) as raised:
        fetch(database, str(compose(NAIVE, runs.GOALS[0], DAY)))
    assert attempts(shown, 1)[0].error == str(raised.value) == NO_SUCH_COLUMN


def test_the_books_and_the_database_agree(shown: Shown) -> None:
    """The database holds thousands of payments, of several days and kinds, and counts like the books kept apart."""
    sql = "SELECT dl_last_updated, payment_type, count(*) FROM payments GROUP BY 1, 2"
    found = Counter({(day, kind): n for day, kind, n in fetch(payments.database_in(shown.output), sql)})
    assert found == payments.books()
    assert found.total() > 10_000
    assert {day for day, _ in found} == set(payments.DAYS)
    assert len({kind for _, kind in found}) == 5


@pytest.mark.parametrize("day", payments.DAYS)
def test_a_day_is_found_by_the_partition_column_only(shown: Shown, day: str) -> None:
    """The obvious filter on the time of a payment finds nothing, and says nothing of it; the partition finds all."""
    database = payments.database_in(shown.output)
    by_time = "SELECT count(*) FROM payments WHERE date(created_at) = ? AND payment_type = 'P2P'"
    by_partition = "SELECT count(*) FROM payments WHERE dl_last_updated = ? AND payment_type = 'P2P'"
    assert fetch(database, by_time, day) == [(0,)]
    assert fetch(database, by_partition, day) == [(payments.books()[day, "P2P"],)]


def test_the_ledger_follows_from_its_seed() -> None:
    """The same seed gives the same payments, another one others."""
    assert list(payments.ledger(1)) == list(payments.ledger(1)) != list(payments.ledger(2))


def ask(database: Path, approach: str, goal: str = runs.GOALS[0]) -> Any:
    """Let the agent try an approach."""
    return Analyst(database, DAY)(Task(goal=goal, actor="a", approach=approach, attempt=1, learned_context=""))


def test_an_answer_that_the_books_deny_is_no_success(copied: Path) -> None:
    """A success is earned: once the data is wrong, the approach that worked fails, with both counts in its error."""
    database = payments.database_in(copied)
    assert ask(database, PARTITIONED).success
    known = payments.books()[DAY, "P2P"]
    fetch(database, "DELETE FROM payments WHERE payment_type = 'P2P' AND dl_last_updated <> ?", DAY)
    assert ask(database, PARTITIONED).success
    fetch(database, "DELETE FROM payments WHERE payment_id = (SELECT max(payment_id) FROM payments)")
    fetch(database, "DELETE FROM payments WHERE payment_type = 'P2P'")
    refused = ask(database, PARTITIONED)
    assert not refused.success
    assert refused.error == f"counted 0, but the books say {known:,}"


def test_no_approach_is_wrong_by_name(copied: Path) -> None:
    """In a database that has the column, and times that are times, the approach that always failed succeeds."""
    database = payments.database_in(copied)
    fetch(database, "ALTER TABLE payments RENAME COLUMN payment_type TO transaction_category")
    assert not ask(database, NAIVE).success
    fetch(database, "UPDATE payments SET created_at = dl_last_updated")
    assert ask(database, NAIVE).success
    with pytest.raises(sqlite3.OperationalError, match="no such column: payment_type"):
        ask(database, PARTITIONED)


@pytest.mark.parametrize(("goal", "kind"), [*((goal, "P2P") for goal in runs.GOALS), ("How many refunds?", "REFUND")])
def test_the_goal_says_what_is_counted(goal: str, kind: str) -> None:
    """The SQL follows from the goal's words: the client's three goals ask for one kind, another goal for another."""
    assert compose(PARTITIONED, goal, DAY).values == {"kind": kind, "day": DAY}


@pytest.mark.parametrize(("approach", "goal"), [(PARTITIONED, "Make tea"), ("guess", runs.GOALS[0]), (None, "P2P")])
def test_what_cannot_be_composed_is_refused(approach: str | None, goal: str) -> None:
    """A goal that names no kind of payment, and an approach that is none, give no SQL."""
    with pytest.raises(ValueError, match=r"no type of payment|no way to count"):
        compose(approach, goal, DAY)


def test_a_missing_database_is_built_again_and_a_present_one_is_kept(copied: Path) -> None:
    """The database is rebuilt, equal, if it is gone; otherwise it stays as it is, and no unfinished file is left."""
    database = payments.database_in(copied)
    rows = fetch(database, "SELECT * FROM payments ORDER BY 1")
    database.unlink()
    assert payments.require_database(copied) == database
    assert fetch(database, "SELECT * FROM payments ORDER BY 1") == rows
    fetch(database, "DELETE FROM payments")
    payments.require_database(copied)
    assert fetch(database, "SELECT * FROM payments") == []
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def a_text(path: Path) -> None:
    path.write_text("my own notes")


def another_database(path: Path) -> None:
    fetch(path, "CREATE TABLE mine (a)")


@pytest.mark.parametrize("put", [a_text, another_database, Path.mkdir], ids=["text", "database", "folder"])
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, put: Any) -> None:
    """Something else under the database's name stops the demo before any run, and stays as it was."""
    path = payments.database_in(tmp_path)
    path.parent.mkdir()
    put(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(NameTaken, match="is not this demo's database"):
        payments.require_database(tmp_path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert jotty("demo", "--output", str(tmp_path)).exit_code == 1
    assert History(tmp_path).runs() == []


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A file in place of the output folder is a typed error with a hint, and exit code 1."""
    output = tmp_path / "file"
    output.touch()
    with pytest.raises(WriteFailed, match="cannot be built"):
        payments.require_database(output)
    done = jotty("demo", "--output", str(output))
    assert done.exit_code == 1
    assert "hint: " in done.stderr
    assert output.read_bytes() == b""


def test_an_output_without_a_name_is_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty --output is refused, and not taken for the folder at hand."""
    monkeypatch.chdir(tmp_path)
    assert jotty("demo", "--output", " ").exit_code == 2
    assert list(tmp_path.iterdir()) == []


# What is told.


def test_the_story_is_plain_where_there_is_no_terminal(retold: str, shown: Shown) -> None:
    """Without a terminal the story has no escape codes and no lines, and every number that the log has."""
    done = jotty("demo", "--output", retold)
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert not set("─│╭") & set(done.stdout)
    for said in (
        f"OperationalError: {NO_SUCH_COLUMN}",
        "Q 0.500 → 0.200",
        "Q 0.500 → 0.800",
        "Q 0.720 → 0.888",
        "V 0.800 → 0.920",
        f"{payments.books()[DAY, 'P2P']} payments, and the books say so too",
        f"{shown.ended[1].run} starts from what was known at {History(retold).point(shown.ended[0].run)}.",
    ):
        assert said in done.stdout
    assert "which is continued" not in done.stdout


def test_the_story_names_commands_that_work(retold: str) -> None:
    """The commands to try next quote the folder as a shell needs it, stand on one line each, and exit with 0."""
    told = jotty("demo", "--output", retold).stdout
    lines = [line.strip() for line in told.splitlines() if line.strip().startswith("jotty-events ")]
    commands = [shlex.split(line, comments=True) for line in lines]
    assert [command[1] for command in commands] == ["runs", "log", "show", "check"]
    assert all(command[-1] == retold for command in commands)
    assert [jotty(*command[1:]).exit_code for command in commands] == [0, 0, 0, 0]


def test_the_story_is_coloured_on_request(retold: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FORCE_COLOR, as on a terminal, there are colours and a panel."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    told = CliRunner().invoke(main, ["demo", "--output", retold], color=True).stdout
    assert "\x1b[" in told
    assert "╭" in told


def test_the_story_fits_any_encoding(retold: str) -> None:
    """An encoding without arrows is no error: what it lacks is shown by its number."""
    done = jotty("demo", "--output", retold, charset="ascii")
    assert done.exit_code == 0
    assert "Q 0.500 \\u2192 0.200" in done.stdout


def test_json_is_pure_also_where_children_say_something(
    shown: Shown, retold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process says aside goes to stderr, harmless to a terminal, and stdout holds one JSON document."""
    answers = (replace(ended, said="warning: \x1b[31m[red]\nsecond line\n") for ended in shown.ended)
    monkeypatch.setattr(runs, "in_own_process", lambda *_: next(answers))
    done = jotty("demo", "--output", retold, "--json")
    assert json.loads(done.stdout) == shown.story
    assert done.stderr.splitlines() == ["warning: \\x1b[31m[red]", "second line"] * 3


# A folder with a history, and failing children.


def fail_hostilely(task: Task) -> Any:
    raise ValueError("[red]not markup[/nothing] \x1b[2J")


def test_a_second_demo_continues_what_the_folder_has(copied: Path) -> None:
    """On a folder with a history the demo says so and starts from it; text of others' runs is shown as it is."""
    actor = AgentConfig(name="other", agent=fail_hostilely, approaches=["[bold]way"], max_attempts=1)
    with Conductor(actors=[actor], config=JottyConfig(output_base_dir=copied, alpha=0.6)) as conductor:
        conductor.run_sync(goal="Count P2P transactions")
        other = conductor.run_id
    done = jotty("demo", "--output", str(copied))
    assert done.exit_code == 0
    history = History(copied)
    ids = [reader.run for reader in history.runs()]
    assert len(ids) == 7
    assert f"This folder has a history, which is continued: {ids[4]} starts from what was known at {other}@" in (
        " ".join(done.stdout.split())
    )
    assert not list(history.check())
    assert len(history.at("latest").episodes) == 7
    assert "\x1b" not in done.stdout
    assert "[bold]way — [red]not markup[/nothing] \\x1b[2J" in done.stdout
    used = [one for one in history.at().memory["shared"]["semantic"].entries() if one.content.startswith("USE:")]
    assert len(used) == 1
    assert done.stderr == ""


def test_a_child_that_cannot_load_the_history_is_reported(copied: Path, shown: Shown) -> None:
    """A damaged run stops the first child; its error is told, the exit code is 1, and no run is begun."""
    (copied / shown.ended[-1].run / "run.json").write_text("{}")
    before = sorted(path.name for path in copied.iterdir())
    done = jotty("demo", "--output", str(copied), "--json")
    assert done.exit_code == 1
    assert "FormatError: " in done.stderr
    assert "run.json" in done.stderr
    assert json.loads(done.stdout)["error"]["type"] == "ChildFailed"
    assert sorted(path.name for path in copied.iterdir()) == before


def executable(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["echo first >&2", "printf 'last \\033[31m\\n' >&2", "exit 3"], "ended with exit code 3: last"),
        (["kill -9 $$"], "ended with exit code -9"),
        (["echo nonsense"], "said something else than what it did: 'nonsense"),
        (["echo '[]'"], "said something else than what it did: '[]"),
    ],
    ids=["exits", "is killed", "prints no JSON", "prints other JSON"],
)
def test_a_child_that_fails_is_reported_with_its_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], message: str
) -> None:
    """Whatever way a child fails, what it said is passed on harmlessly, and the exit code is 1."""
    monkeypatch.setattr(sys, "executable", executable(tmp_path / "python", *lines))
    done = jotty("demo", "--output", str(tmp_path / "out"))
    assert done.exit_code == 1
    assert f'error: the process for "{runs.GOALS[0]}" {message}' in done.stderr
    assert ("first\nlast \\x1b[31m\n" in done.stderr) == ("exit 3" in lines)
    assert "\x1b" not in done.stderr


def test_a_child_that_cannot_be_started_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is not there is a typed error."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(runs.ChildFailed, match="could not be started"):
        runs.in_own_process(tmp_path, runs.QUESTIONS[0])


def test_a_run_that_finds_no_right_answer_is_something_wrong(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the data no approach succeeds: the run is told as it was, and the exit code is 1."""
    fetch(payments.database_in(copied), "DELETE FROM payments")
    monkeypatch.setattr(runs, "QUESTIONS", runs.QUESTIONS[:1])
    done = jotty("demo", "--output", str(copied), "--json")
    assert done.exit_code == 1
    (run,) = json.loads(done.stdout)["runs"]
    assert (run["success"], run["attempts"], run["first_choice"]) == (False, 3, PARTITIONED)


def test_a_child_warns_in_one_line(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A child that starts from a run which is still being written says so on stderr; stdout has its answer."""
    actor = AgentConfig(name="other", agent=fail_hostilely)
    with Conductor(actors=[actor], config=JottyConfig(output_base_dir=copied)) as conductor:
        conductor.run_sync(goal="something else")
        assert runs.main([str(copied), runs.GOALS[0], DAY]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["answer"] == payments.books()[DAY, "P2P"]
    assert said.err.startswith(f"warning: {conductor.run_id} is still being written")
    assert said.err.count("\n") == 1


def test_a_child_turns_errors_into_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typed error of a child is one line on stderr with its type, and exit code 1."""
    (tmp_path / "run_20260101_000000" / "events").mkdir(parents=True)
    (tmp_path / "run_20260101_000000" / "run.json").write_text("[]")
    assert runs.main([str(tmp_path), runs.GOALS[0], DAY]) == 1
    assert capsys.readouterr().err.startswith("FormatError: ")
