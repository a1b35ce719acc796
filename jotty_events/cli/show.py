"""`jotty-events show`: what was known at a point."""

from importlib import import_module
from types import ModuleType

import click

from ..errors import PointError
from ..runs.point import GRAMMAR, Point, parse
from .misuse import Misuse
from .options import json_option, open_tree, output_option
from .screen import print_grids, print_json
from .waiting import LONG, progress

SECTIONS = ("memory", "q", "brain", "todos", "goals", "episodes")
"""The sections; each is a module of the folder `sections`, with a `document` for scripts and `grids` for people."""

_OVERVIEW = "overview"


def asked(words: tuple[str, ...]) -> tuple[str, str]:
    """Return (point, section) of the arguments; Misuse if they are neither, or too many."""
    sections = [word for word in words if word in SECTIONS]
    points = [word for word in words if word not in SECTIONS]
    if len(sections) > 1 or len(points) > 1:
        raise Misuse(f"one point and one section at most, not {' '.join(words)[:80]!r}", hint=_HINT)
    for point in points:
        _require_point(point)
    return (points or ["latest"])[0], (sections or [_OVERVIEW])[0]


_HINT = f"points are {GRAMMAR}; sections are {', '.join(SECTIONS)}"


def _require_point(text: str) -> None:
    try:
        parse(text)
    except PointError as error:
        message = error.message if any(mark in text for mark in "_@#~") else f"{error.message}, and no section"
        raise Misuse(message, hint=_HINT) from error


def section(name: str) -> ModuleType:
    """Return the module of a section."""
    return import_module(f"{__package__}.sections.{name}")


def state_at(output: str, text: str) -> tuple[Point, object]:
    """Return a place and the state there, with a progress bar for those who wait long."""
    files = open_tree(output).files
    from ..history import History

    history = History(files=files)
    point = history.point(text)
    with progress("replaying", point.seq, "records", least=LONG) as advance:
        return point, history.at(str(point), advance)


@click.command()
@click.argument("what", nargs=-1, metavar="[POINT] [SECTION]")
@output_option
@json_option
def show(what: tuple[str, ...], output: str, as_json: bool) -> None:
    """Show what was known at POINT (default: latest): an overview, or one SECTION.

    SECTION is memory, q, brain, todos, goals or episodes. The state is replayed from the log. Memories and Q-values
    stand with the highest value first. Tables cut long texts, and on a terminal many rows, and say so; --json gives
    everything, in the order in which it came.

    \b
    --json: {"point": {"run": TEXT, "seq": INT}, SECTION: ...}, where the section is
      overview  {"digests": {PROJECTION: HEX}, "memory": {OWNER: {LEVEL: INT}}, "links": INT,
                 "q": {"entries": INT, "experiences": INT},
                 "brain": {"hippocampus": INT, "neocortex": INT, "consolidations": INT},
                 "todos": {STATUS: INT}, "goals": {OWNER: INT}, "episodes": {STATUS: INT}}
      memory    {"owners": {OWNER: {"levels": {LEVEL: [ENTRY]}, "links": [LINK],
                 "total_accesses": INT, "consolidations": INT}}, "alpha": FLOAT or null}
                ENTRY: {key, content, context, default_value, access_count, goal_values: [
                 {goal, value, access_count, updated, nth}], ...}; LINK: {cause, effect, confidence, ...}
      q         {"entries": [{state, action, value, visits, average_reward, td_errors, lessons, tier,
                 ...}], "experiences": [{state, action, reward, priority, ...}], "alpha": FLOAT or null}
      brain     {"hippocampus": [{content, tags, reward, strength, ...}], "neocortex": [{kind, text,
                 strength, ...}], "consolidations": INT, "last_sleep": INT,
                 "episodes_since_sleep": INT, "expected_reward": FLOAT}
      todos     {"todo": TEXT or null, "root_task": TEXT or null, "tasks": [{task_id, status, ...}]}
      goals     {OWNER: [{goal_id, goal, parent_id, success_rate, episode_count, ...}]}
      episodes  [{episode, run, goal, status, success, reward, attempts, started, ended, ...}]
    Three dots: more fields, as the projection keeps them. Times inside a state are seconds since 1970.
    """
    text, name = asked(what)
    point, state = state_at(output, text)
    shown = section(name)
    if as_json:
        print_json({"point": {"run": point.run, "seq": point.seq}, name: shown.document(state)})
    else:
        print_grids(shown.grids(state, point))
