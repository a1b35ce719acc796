"""What is to be left out: whole runs, or single observations with all that was learned of them.

Invariants: an event that followed from another one stands for that one. The beginning of an episode stands for all of
the episode, an attempt for all that was learned of it. What was learned elsewhere goes with the run of its origin.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..events import Absorbed, AttemptMade, EpisodeEnded, EpisodeStarted, Event, Origin, RunEnded, RunStarted
from ..types import SHARED

Place = tuple[str, int]
"""A run and a seq."""
_OF_THE_RUN = RunStarted | RunEnded


@dataclass(frozen=True)
class LeftOut:
    """Runs and places that are left out; with `only`, also what other agents did and remember."""

    runs: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()
    only: frozenset[str] = frozenset()
    met: set[object] = field(default_factory=set, compare=False)
    """What of the runs and places was met so far."""
    agents: set[str] = field(default_factory=set, compare=False)
    """Who of `only` was met so far."""

    def __bool__(self) -> bool:
        return bool(self.runs or self.places or self.only)

    def unmet(self) -> list[object]:
        """Return what was named and never met, in order."""
        return sorted((one for one in (*self.runs, *self.places) if one not in self.met), key=str)

    def unknown(self) -> list[str]:
        """Return the agents of `only` that were never met, in order."""
        return sorted(self.only - self.agents)

    def names(self, run: str, seq: int, event: Event) -> bool:
        """Say whether a record is left out by its run, its place, or its origin."""
        runs, places = {run, *_runs_of(event)}, {(run, seq), _origin_of(event)}
        found = {*(runs & self.runs), *(places & self.places)}
        self.met.update(found)
        return bool(found) and not isinstance(event, _OF_THE_RUN)


def _origin_of(event: Event) -> Place | None:
    origin = getattr(event, "origin", None)
    return (origin.run, origin.seq) if isinstance(origin, Origin) else None


def _runs_of(event: Event) -> Collection[str]:
    origin = _origin_of(event)
    said = [event.run] if isinstance(event, Absorbed | EpisodeStarted | EpisodeEnded) else []
    return [*said, *([origin[0]] if origin else [])]


class Omitted:
    """What of one run's records is left out, once all of them were foreseen."""

    def __init__(self, out: LeftOut) -> None:
        self._out = out
        self._episodes: set[int] = set()
        self._attempts: set[tuple[Any, ...]] = set()
        self.touched: set[int] = set()
        """Episodes of which something is left out."""

    def foresee(self, run: str, records: Iterable[tuple[int, Event]], actors: Mapping[int, Collection[str]]) -> None:
        """Take note of what stands for more than itself; `actors` are those of each episode."""
        for seq, event in records:
            named = self._out.names(run, seq, event)
            if isinstance(event, EpisodeStarted) and (named or not self._takes_part(actors.get(event.episode))):
                self._episodes.add(event.episode)
            elif isinstance(event, AttemptMade) and (named or self._is_other(event.actor)):
                self._attempts.add((event.episode, event.actor, event.attempt))
                self.touched.add(event.episode)

    def _takes_part(self, actors: Collection[str] | None) -> bool:
        return not self._out.only or actors is None or not self._out.only.isdisjoint(actors)

    def _is_other(self, name: str) -> bool:
        if name in self._out.only:
            self._out.agents.add(name)
        return bool(self._out.only) and name not in self._out.only

    def actors(self, names: Iterable[str]) -> list[str]:
        """Return the actors that are not left out."""
        return [name for name in names if not self._is_other(name)]

    def has(self, run: str, seq: int, event: Event) -> bool:
        """Say whether a record is left out."""
        return (
            self._out.names(run, seq, event)
            or getattr(event, "episode", None) in self._episodes
            or _attempt(event) in self._attempts
            or self._is_others(event)
        )

    def _is_others(self, event: Event) -> bool:
        """Say whether somebody else did it, or it changes what somebody else remembers."""
        by, of = getattr(event, "actor", None), getattr(event, "owner", None)
        if isinstance(getattr(event, "assignee", None), str) and self._is_other(getattr(event, "assignee", "")):
            return True
        return (by is not None and self._is_other(by)) or (of not in (None, SHARED) and self._is_other(of))


def _attempt(event: Event) -> tuple[Any, ...] | None:
    said = tuple(getattr(event, name, None) for name in ("episode", "actor", "attempt"))
    return None if None in said else said
