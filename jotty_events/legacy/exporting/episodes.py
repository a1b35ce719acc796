"""Episodes of one run as the original tells of them: what was tried, by whom, and whether it passed."""

from collections.abc import Iterator, Sequence

from ...events import AttemptMade, EntryImported, EpisodeEnded, EpisodeStarted, Event
from ...types import Json
from . import layout


class EpisodeBook:
    """Takes note of what happens, and tells of each episode once it has ended."""

    def __init__(self) -> None:
        self._started: EpisodeStarted | None = None
        self._attempts: list[AttemptMade] = []

    def take(self, events: Sequence[Event]) -> Iterator[tuple[str, Json]]:
        """Take note of events; gives out the path and the content of each episode that ended with them."""
        for event in events:
            if isinstance(event, EpisodeStarted):
                self._started, self._attempts = event, []
            elif isinstance(event, AttemptMade):
                self._attempts.append(event)
            elif isinstance(event, EpisodeEnded):
                yield layout.episode(event.episode), self._told(event)
            elif isinstance(event, EntryImported) and event.projection == "episodes":
                yield from _imported(event.row)

    def _told(self, ended: EpisodeEnded) -> Json:
        steps = [_step(place, one) for place, one in enumerate(self._attempts) if one.episode == ended.episode]
        return {
            "episode": ended.episode,
            "metadata": {
                "total_episodes": ended.episode,
                "iteration": ended.attempts,
                "run": ended.run,
                "goal": ended.goal,
                "domain": ended.domain,
                "status": ended.status,
                "success": ended.success,
                "reward": ended.reward,
                "started": None if self._started is None else self._started.now,
            },
            "trajectory": steps,
            "trajectory_length": len(steps),
            "timestamp": ended.now,
        }


def _imported(row: Json) -> Iterator[tuple[str, Json]]:
    """Give out an episode that was imported, as its file said it."""
    kept = row.get("unknown") or {}
    if "trajectory" in kept:
        steps = kept["trajectory"]
        said = {"episode": row["episode"], "metadata": kept["metadata"], "trajectory": steps}
        yield layout.episode(row["episode"]), said | {"trajectory_length": len(steps), "timestamp": row["ended"]}


def _step(place: int, made: AttemptMade) -> Json:
    return {
        "step": place,
        "actor": made.actor,
        "passed": made.success,
        "approach": made.approach,
        "outcome": made.outcome,
        "reward": made.reward,
        "error": made.error,
    }
