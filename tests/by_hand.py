"""Histories of a few learning events that were made up by hand, so that every answer about them is known beforehand."""

from collections.abc import Iterable, Sequence

from generators import example_of
from recording import begin, episode_end, run_end

from jotty_events import History
from jotty_events.events import EpisodeStarted, Event, GoalAdded, MemoryEvicted, MemoryStored, PatternLearned, QUpdated
from jotty_events.log.files import Files
from jotty_events.log.memory_files import MemoryFiles


def q(value: float, action: str = "go", state: str = "s", nth: int = 0) -> Event:
    """Return the event that makes a Q-value what it is."""
    return example_of(QUpdated, state=state, action=action, after=value, visits=nth + 1, nth=nth)


def stored(key: str, nth: int, level: str = "semantic", owner: str = "shared", value: float = 0.5) -> Event:
    """Return the event that stores a memory."""
    named = {"key": key, "level": level, "owner": owner, "goal": "g", "nth": nth, "goal_nth": nth}
    return example_of(MemoryStored, **named, content=f"content of {key}", default_value=value)


def evicted(key: str, level: str = "semantic", owner: str = "shared") -> Event:
    """Return the event that lets a memory go."""
    return example_of(MemoryEvicted, key=key, level=level, owner=owner)


def goal(name: str, nth: int, owner: str = "shared") -> Event:
    """Return the event that adds a goal."""
    return example_of(GoalAdded, goal_id=name, goal=name, owner=owner, parent=None, nth=nth)


def pattern(nth: int, strength: float) -> Event:
    """Return the event that puts a pattern into the neocortex."""
    return example_of(PatternLearned, nth=nth, strength=strength)


def started(n: int) -> Event:
    """Return the event that takes up episode `n`."""
    return EpisodeStarted(episode=n, run="r", goal=f"goal {n}", domain="d", now=float(n))


def write(files: Files, commits: Iterable[Sequence[Event]], parent: str | None = None, **plan: object) -> str:
    """Write a run with these commits, and close it; return its id."""
    writer = begin(files, parent, **plan)
    for commit in commits:
        writer.append(commit)
    writer.close(run_end(writer.run))
    return writer.run


def history(*commits: Sequence[Event]) -> History:
    """Return the history of one run, which has a record of its start, these commits, and a record of its end."""
    files = MemoryFiles()
    write(files, commits)
    return History(files=files)


__all__ = ["episode_end", "evicted", "goal", "history", "pattern", "q", "started", "stored", "write"]
