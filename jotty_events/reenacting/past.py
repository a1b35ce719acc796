"""What happened in a run, as far as later events look back on it.

Invariants: what is kept does not grow with the run, but with one episode of it.
"""

from collections import Counter

from ..events import (
    AttemptMade,
    EpisodeStarted,
    Event,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryMerged,
    MemoryRepeated,
    MemoryStored,
    TaskAdded,
    TaskStarted,
)

_Done = TaskAdded | TaskStarted | AttemptMade
_Kept = MemoryStored | MemoryRepeated | MemoryMerged


class Past:
    """The episode so far, the last event, and what each owner's memory did since it was last consolidated."""

    def __init__(self) -> None:
        self.last: Event | None = None
        self.episode: int | None = None
        """The episode that was begun last in this run."""
        self.pruned: Counter[str] = Counter()
        """Old episodes that were let go since, by owner."""
        self.patterns: Counter[str] = Counter()
        """Patterns that were kept since, by owner."""
        self._episode: list[tuple[int, _Done]] = []

    def passed(self, seq: int, event: Event) -> None:
        """Take note of an event."""
        self.last = event
        if isinstance(event, EpisodeStarted):
            self._episode, self.episode = [], event.episode
        elif isinstance(event, _Done):
            self._episode.append((seq, event))
        elif isinstance(event, MemoryConsolidated):
            self.pruned[event.owner] = self.patterns[event.owner] = 0
        elif isinstance(event, MemoryEvicted):
            self.pruned[event.owner] += event.reason == "stale"
        elif isinstance(event, _Kept):
            self.patterns[event.owner] += event.level == "semantic" and "cluster_id" in event.context

    def attempts(self) -> list[AttemptMade]:
        """Return the attempts of the episode, oldest first."""
        return [one for _, one in self._episode if isinstance(one, AttemptMade)]

    def assignees(self) -> list[str]:
        """Return who was given a task before anything was done; none if tasks are not kept."""
        found: list[str] = []
        for _, event in self._episode:
            if not isinstance(event, TaskAdded):
                break
            found.append(event.assignee)
        return found

    def started(self, task: str) -> int | None:
        """Return the seq at which a task was begun last, None if it never was."""
        seqs = (seq for seq, one in reversed(self._episode) if isinstance(one, TaskStarted) and one.task == task)
        return next(seqs, None)
