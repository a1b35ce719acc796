"""The original's `episode_history/episode_N.json`."""

from typing import Any

from .strict import Count, Original, Time


class EpisodeFile(Original):
    """One episode: what was done step by step, and when that was written."""

    episode: Count
    metadata: dict[str, Any] = {}
    trajectory: list[Any] = []
    trajectory_length: Count | None = None
    timestamp: Time | None = None
