"""Taking over a saved brain: JSON in the original's form, with or without what that leaves out.

Invariants: all of it is taken over, or nothing. What the file does not say follows from rows.py, or is as in a new
brain. What was held here is forgotten first, each by its event.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from projections.brain import (
    EXPECTATION,
    FILTER,
    HIPPOCAMPUS,
    MACHINE,
    NEOCORTEX,
    QUEUE,
    RECENT,
    REPLAYS,
    SEEN,
    SLEEP,
    WAKING,
)
from projections.brain import Brain as BrainView

from ...errors import ConfigError
from ...events import EntryImported, ExperienceForgotten, PatternForgotten
from ...session import Session, Transaction
from ...types import Json
from .rows import pattern_row, trace_row

REPLACED = "replaced"
"""Why what was held goes: another brain is loaded in its place."""
_NONSENSE = (KeyError, TypeError, ValueError, AttributeError)
_Row = tuple[str, Json, int]
_OF = {"of": "brain"}


def rows_of(saved: Mapping[str, Any], held: BrainView, rules: int) -> list[_Row]:
    """Return the rows that a saved brain holds, numbered after those held; ConfigError if it is none."""
    try:
        return [*_traces(saved, held.next_trace, rules), *_patterns(saved, held.next_pattern), *_rest(saved, held)]
    except _NONSENSE as error:
        said = f"{type(error).__name__} {error!s:.100}"
        raise ConfigError(f"this is no saved brain: {said}", hint="load what saved_state returned") from error


def _listed(saved: Mapping[str, Any], name: str) -> list[Any]:
    found = saved[name]
    if not isinstance(found, list):
        raise TypeError(f"{name} is {type(found).__name__}, not a list")
    return found


def _traces(saved: Mapping[str, Any], first: int, rules: int) -> Iterator[_Row]:
    for nth, one in enumerate(_listed(saved, "hippocampus"), first):
        yield HIPPOCAMPUS.name, trace_row(one, nth, rules), nth


def _patterns(saved: Mapping[str, Any], first: int) -> Iterator[_Row]:
    for nth, one in enumerate(_listed(saved, "neocortex"), first):
        yield NEOCORTEX.name, pattern_row(one, nth), nth


def _rest(saved: Mapping[str, Any], held: BrainView) -> Iterator[_Row]:
    count = int(saved.get("total_consolidations", 0))
    if count or held.consolidations:
        yield SLEEP.name, {**_OF, "count": count, "episode": int(saved.get("last_sleep") or 0), "time": None}, 0
    yield WAKING.name, {**_OF, "episodes_since_sleep": int(saved.get("episodes_since_sleep", 0))}, 0
    if "expected_reward" in saved:
        yield EXPECTATION.name, {**_OF, "reward": float(saved["expected_reward"])}, 0
    if "replays" in saved:
        yield REPLAYS.name, {**_OF, "count": int(saved["replays"])}, 0
    if "filter" in saved:
        yield from _filter(saved, held.next_seen)
    if "machine" in saved:
        yield from _machine(saved)


def _filter(saved: Mapping[str, Any], first: int) -> Iterator[_Row]:
    said = saved["filter"]
    row = {name: float(said[name]) for name in ("expected_reward", "mean", "squares")}
    yield FILTER.name, {**_OF, **row, "count": int(said["samples"])}, 0
    yield from ((SEEN.name, {"digest": str(one)}, nth) for nth, one in enumerate(saved.get("seen", ()), first))


def _machine(saved: Mapping[str, Any]) -> Iterator[_Row]:
    said, recent = saved["machine"], list(saved.get("recent", ()))
    counts = {name: int(said[name]) for name in ("episodes_since_sleep", "total_episodes", "total_consolidations")}
    yield MACHINE.name, {**_OF, "mode": str(said["mode"]), **counts, "held": len(recent)}, 0
    for table, items in ((RECENT, recent), (QUEUE, saved.get("queue", ()))):
        yield from ((table.name, {**_OF, "experience": dict(one)}, 0) for one in items)


class Loading:
    """Takes over saved brains, for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _held(self) -> BrainView:
        held: BrainView = self._session.view("brain")
        return held

    def over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        """Take over a saved brain in the place of what is held; ConfigError if it is none."""
        rows = rows_of(saved, self._held, self._session.rules)
        for nth in [one.nth for one in self._held.hippocampus]:
            self.forget_experience(commit, nth)
        for nth in [one.nth for one in self._held.neocortex]:
            self.forget_pattern(commit, nth)
        for table, row, nth in rows:
            commit.add(EntryImported(**self._session.provenance, projection="brain", table=table, row=row, nth=nth))

    def forget_experience(self, commit: Transaction, nth: int) -> None:
        """Let go of an experience; nobody asks how important it is."""
        commit.add(
            ExperienceForgotten(
                **self._session.provenance, reason=REPLACED, now=commit.now, priority=0.0, nth=nth, order=None
            )
        )

    def forget_pattern(self, commit: Transaction, nth: int) -> None:
        """Let go of a pattern."""
        strength = next(one.strength for one in self._held.neocortex if one.nth == nth)
        commit.add(
            PatternForgotten(
                **self._session.provenance, reason=REPLACED, now=commit.now, strength=strength, nth=nth, order=None
            )
        )
