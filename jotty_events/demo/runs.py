"""The three runs of the demo, each in a process of its own: what one knows of those before it, it read from the log.

Invariants: a child gets the output folder and a question, nothing else, and hands back only the name of its run and
what its agent asked and was answered. What was learned is read from the log afterwards (report.py).
"""

import argparse
import json
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from ..conducting.conductor import Conductor
from ..conducting.opening import HistoryWarning
from ..config import AgentConfig, JottyConfig
from ..errors import JottyError
from .analyst import APPROACHES, Analyst
from .payments import DAYS, database_in

ALPHA = 0.6
"""The only setting that is not the default: at 0.1 a lesson takes more runs than anybody wants to watch."""

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")


class ChildFailed(JottyError):
    """A process of the demo did not do its run; `said` is all that it wrote to stderr."""

    def __init__(self, message: str, *, said: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.said = said


@dataclass(frozen=True)
class Question:
    """What one run is asked: a goal, and the day (YYYY-MM-DD) that is to be counted."""

    goal: str
    day: str


QUESTIONS = tuple(map(Question, GOALS, DAYS[-len(GOALS) :]))
"""Each run counts another day: what carries over is the way to an answer, never the answer."""


@dataclass(frozen=True)
class Ended:
    """A run that a child did: its id, the SQL of each attempt, the last answer, and what it wrote to stderr."""

    question: Question
    run: str
    queries: list[str]
    answer: int | None
    said: str


def in_own_process(output: str | PathLike[str], question: Question) -> Ended:
    """Let a new process do one run; ChildFailed, with what the process said, if it does not."""
    command = [sys.executable, "-P", "-m", __name__, "--", fspath(output), question.goal, question.day]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            check=False,
        )
    except OSError as error:
        raise _failed(question, f"could not be started: {error}", "") from error
    if done.returncode:
        raise _failed(question, f"ended with exit code {done.returncode}", done.stderr)
    return _ended(question, done.stdout, done.stderr)


def _environment() -> dict[str, str]:
    """Let the child find what this process found, in the same places and in the same order."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}


def _ended(question: Question, answer: str, said: str) -> Ended:
    try:
        found = json.loads(answer)
        return Ended(question, found["run"], found["queries"], found["answer"], said)
    except (ValueError, KeyError, TypeError) as error:
        raise _failed(question, f"said something else than what it did: {answer[:200]!r}", said) from error


def _failed(question: Question, what: str, said: str) -> ChildFailed:
    """Return the error; the last line of what the process said is the one that names what went wrong."""
    last = said.strip().rpartition("\n")[2]
    message = f'the process for "{question.goal}" {what}' + (f": {last}" if last else "")
    return ChildFailed(message, said=said, hint="runs that had ended are in the log; run the demo again to continue")


def conduct(output: str, question: Question) -> dict[str, Any]:
    """Do one run in this process: a new conductor that starts from what is on disk, and one goal."""
    analyst = Analyst(database_in(output), question.day)
    actor = AgentConfig(name="analyst", agent=analyst, approaches=list(APPROACHES))
    with Conductor(actors=[actor], config=JottyConfig(output_base_dir=output, alpha=ALPHA)) as conductor:
        result = conductor.run_sync(goal=question.goal)
    return {"run": result.run_id, "queries": list(map(str, analyst.queries)), "answer": result.output}


def main(arguments: list[str] | None = None) -> int:
    """Do one run as a child process: OUTPUT GOAL DAY. Prints one JSON object; errors and warnings go to stderr."""
    parser = argparse.ArgumentParser(prog="python -m jotty_events.demo.runs")
    for name in ("output", "goal", "day"):
        parser.add_argument(name)
    given = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", HistoryWarning)
            warnings.showwarning = _aside
            done = conduct(given.output, Question(given.goal, given.day))
    except JottyError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(done))
    return 0


def _aside(message: Warning | str, *_where: Any, **_more: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
