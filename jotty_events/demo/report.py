"""What the demo tells of its runs: read from the log and by time travel, never from what the processes remember.

Invariants: every number here stands in an event, or in the state at the end of a run. Nothing is computed again and
nothing is rounded; how it looks is the command line's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from projections.memory import MemoryEntry

from ..events import AttemptMade, Event, PatternLearned, QUpdated, RunStarted, ValueUpdated
from ..history import History
from ..record import Record
from ..state import State
from ..types import LEVELS, SHARED, Json
from .runs import Ended


@dataclass(frozen=True)
class Try:
    """One attempt as recorded, the SQL that it ran, and the change of Q that it led to (None if it taught nothing)."""

    made: AttemptMade
    sql: str | None
    q: QUpdated | None


@dataclass(frozen=True)
class Change:
    """A value of a memory that moved at the end of an attempt's trajectory."""

    content: str
    before: float
    after: float


@dataclass(frozen=True)
class Told:
    """One run. `parent` is the point that it loaded, None if it started fresh; `state` is that at its end."""

    ended: Ended
    parent: str | None
    tries: list[Try]
    changes: list[Change]
    patterns: list[str]
    state: State

    @property
    def goal(self) -> str:
        """What the run was asked for."""
        return self.ended.question.goal

    @property
    def success(self) -> bool:
        """Whether its last attempt gave the right count."""
        return bool(self.tries) and self.tries[-1].made.success

    @property
    def learned_context(self) -> str:
        """What went into its first attempt."""
        return self.tries[0].made.learned_context if self.tries else ""

    def to_json(self) -> Json:
        """Return the run as `jotty-events demo --json` prints it."""
        return {
            "run": self.ended.run,
            "goal": self.goal,
            "success": self.success,
            "attempts": len(self.tries),
            "first_choice": self.tries[0].made.approach if self.tries else None,
            "learned_context": self.learned_context,
            "memories": [
                {"key": entry.key, "content": entry.content, "value": entry.value(self.goal)}
                for entry in shared_entries(self.state)
            ],
            "q": [
                {"state": state, "action": action, "value": entry.value}
                for (state, action), entry in self.state.q_table.items()
            ],
        }


def tell(history: History, ended: Ended) -> Told:
    """Read what became of a run that has ended, from its own records and from the state at its end."""
    events = _events(history, ended.run)
    state = history.at(ended.run)
    contents = {(one.owner, one.level, one.key): one.content for one in shared_entries(state)}
    made = [event for event in events if isinstance(event, AttemptMade)]
    sql = dict(enumerate(ended.queries))
    return Told(
        ended=ended,
        parent=_parent(events),
        tries=[Try(one, sql.get(place), _q_of(events, one)) for place, one in enumerate(made)],
        changes=[
            Change(contents.get((one.owner, one.level, one.key), one.key), one.before, one.after)
            for one in events
            if isinstance(one, ValueUpdated) and one.cause == "td"
        ],
        patterns=[one.text for one in events if isinstance(one, PatternLearned)],
        state=state,
    )


def _events(history: History, run: str) -> list[Event]:
    first = history.tree.run(run).first
    records = (kept.record for kept in history.records(run, after=first - 1))
    return [record.event for record in records if isinstance(record, Record)]


def _parent(events: Sequence[Event]) -> str | None:
    started = next(event for event in events if isinstance(event, RunStarted))
    return None if started.parent_run is None else f"{started.parent_run}@{started.parent_seq}"


def _q_of(events: Sequence[Event], made: AttemptMade) -> QUpdated | None:
    """Return the change of Q that an attempt led to: both name their episode, actor and attempt."""
    named = (made.episode, made.actor, made.attempt)
    found = (one for one in events if isinstance(one, QUpdated) and one.cause == "experience")
    return next((one for one in found if (one.episode, one.actor, one.attempt) == named), None)


def shared_entries(state: State) -> list[MemoryEntry]:
    """Return the memories that all actors share, in the order in which they were stored."""
    levels = state.memory[SHARED]
    return sorted((entry for level in LEVELS for entry in levels[level].entries()), key=lambda entry: entry.nth)


def memory_of_success(told: Sequence[Told]) -> MemoryEntry | None:
    """Return the memory of what worked in the last run that went well, as it is at the end of the last run."""
    worked = [one.tries[-1].made.approach for one in told if one.success]
    found = [
        entry
        for entry in (shared_entries(told[-1].state) if worked else [])
        if entry.outcome == "success" and entry.context.get("approach") == worked[-1]
    ]
    return found[-1] if found else None


def values_over_runs(history: History, entry: MemoryEntry, told: Sequence[Told]) -> list[float | None]:
    """Return what a memory was worth for each run's goal at the end of that run, by time travel; None before it was."""
    levels = [(history.at(one.ended.run).memory[entry.owner][entry.level], one.goal) for one in told]
    return [level[entry.key].value(goal) if entry.key in level else None for level, goal in levels]
