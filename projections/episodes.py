"""Episodes: what was asked for, by which run, and how it ended. They count from 1 along the lineage."""

from collections.abc import Mapping

from jotty_events.events import EpisodeEnded, EpisodeStarted

from .read_model import ReadModel, State
from .table import boolean, integer, real, table, text
from .view import Cell, RowView, TableView
from .writes import Const, Put, Set

EPISODES = table(
    "episodes",
    (integer("episode"),),
    text("run"),
    text("goal"),
    text("domain"),
    text("status"),
    boolean("success"),
    real("reward"),
    integer("attempts"),
    real("started"),
    real("ended"),
)


class Episode(RowView):
    """One goal, from its start to its end. `success` and `reward` are None until it has ended."""

    episode = Cell[int](EPISODES, "episode")
    run = Cell[str](EPISODES, "run")
    goal = Cell[str](EPISODES, "goal")
    domain = Cell[str](EPISODES, "domain")
    status = Cell[str](EPISODES, "status")
    success = Cell[bool | None](EPISODES, "success")
    reward = Cell[float | None](EPISODES, "reward")
    attempts = Cell[int | None](EPISODES, "attempts")
    started = Cell[float](EPISODES, "started")
    ended = Cell[float | None](EPISODES, "ended")


class Episodes(TableView[int, Episode]):
    """Episodes by their number."""

    def __init__(self, states: Mapping[str, State]) -> None:
        super().__init__(states["episodes"], EPISODES, Episode)

    @property
    def last(self) -> int:
        """The greatest number that an episode has, 0 if there is none."""
        return max((episode for (episode,) in self._rows.all_keys()), default=0)


EPISODES_MODEL = ReadModel(
    "episodes",
    1,
    (EPISODES,),
    {
        EpisodeStarted: (Put(EPISODES, {"started": "now", "status": Const("running")}),),
        EpisodeEnded: (
            Set(
                EPISODES,
                {
                    "status": "status",
                    "success": "success",
                    "reward": "reward",
                    "attempts": "attempts",
                    "ended": "now",
                },
            ),
        ),
    },
    Episodes,
)
