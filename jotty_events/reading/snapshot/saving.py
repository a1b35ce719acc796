"""When a run's state is saved: after so many events, so many episodes, at its end, and when somebody asks.

Invariants: a snapshot is only a cache. Whatever hinders writing one is a line in the log of the program, and never
stops a run; what was begun is taken away again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import JottyError
from ...log.files import Files
from ...projection import Projection, is_layered
from .index import Index
from .laid import Saved
from .store import LOG, Snapshots
from .thinning import chosen, take_away
from .writing import Place, Writing

__all__ = ["Index", "Place", "Saver", "Saving"]


@dataclass(frozen=True)
class Saving:
    """After how many events and how many episodes a snapshot is due, and how many runs keep theirs."""

    events: int = 50_000
    episodes: int = 3
    runs: int = 10


class Saver:
    """Writes snapshots of states that lie over `saved`, and thins out the older ones."""

    def __init__(self, files: Files, snapshots: Snapshots, saved: Saved, library: str, saving: Saving) -> None:
        self._files = files
        self._snapshots = snapshots
        self._saved = saved
        self._library = library
        self._saving = saving
        self._events = self._episodes = 0

    def due(self, events: int, episodes: int) -> bool:
        """Count what was appended; say whether it is time for a snapshot."""
        self._events += events
        self._episodes += episodes
        return self._events >= self._saving.events or self._episodes >= self._saving.episodes

    def save(
        self,
        place: Place,
        states: Mapping[str, Any],
        projections: Sequence[Projection],
        unknown: Mapping[str, int],
        missed: Sequence[str],
        indexes: Sequence[Index] = (),
    ) -> bool:
        """Write a snapshot of the states at a place; returns whether it is there now."""
        self._events = self._episodes = 0
        try:
            writing = Writing(self._files, self._snapshots, place, self._saved, self._library)
        except (OSError, JottyError) as error:
            return self._gave_up(place, error)
        try:
            self._write(writing, states, projections, unknown, missed, indexes)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a cache, the run goes on
            self._undo(writing)
            return self._gave_up(place, error)
        return True

    def _write(
        self,
        writing: Writing,
        states: Mapping[str, Any],
        projections: Sequence[Projection],
        unknown: Mapping[str, int],
        missed: Sequence[str],
        indexes: Sequence[Index],
    ) -> None:
        for projection in projections:
            self._take(writing, projection, states[projection.name])
        for index in indexes:
            writing.take_index(index)
        known = [*self._saved.kept, writing.folder]
        kept = chosen(known, self._saving.runs)
        writing.finish(kept, unknown, missed)
        self._thin([folder for folder in known if folder not in kept], kept)

    def _take(self, writing: Writing, projection: Projection, state: Any) -> None:
        """Write a projection; one of a user's own that cannot be kept is left out, and replayed each time."""
        try:
            writing.take(projection, state)
        except Exception as error:
            if is_layered(projection) or isinstance(error, OSError | JottyError):
                raise
            LOG.warning("%s is left out of the snapshot: %r", projection.name, error)

    def _thin(self, dropped: Sequence[str], kept: Sequence[str]) -> None:
        try:
            take_away(self._files, dropped, kept)
        except (OSError, JottyError) as error:
            LOG.warning("older snapshots were not removed: %s", error)

    def _undo(self, writing: Writing) -> None:
        try:
            writing.undo()
        except (OSError, JottyError) as error:
            LOG.info("%s is left half-written: %s", self._files.describe(writing.folder), error)

    def _gave_up(self, place: Place, error: Exception) -> bool:
        LOG.warning("no snapshot was written at %s@%d: %s", place.run, place.seq, error)
        return False
