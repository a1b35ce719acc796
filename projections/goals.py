"""Goals: each owner's hierarchy, and how often a goal was reached."""

from collections.abc import Collection, Iterator, Mapping

from jotty_events.events import GoalAdded, GoalScored
from jotty_events.types import SHARED

from .read_model import ReadModel, State
from .rows import Rows
from .table import integer, json, real, table, text
from .view import Cell, RowView, TableView
from .writes import Put, Set

NODES = table(
    "nodes",
    (text("owner"), text("goal_id")),
    text("goal"),
    text("parent"),
    text("domain"),
    text("operation_type"),
    json("entities"),
    integer("episode_count", 0),
    real("success_rate", 0.5),
    integer("nth"),
    grouped=1,
)


class Goal(RowView):
    """A goal and its place in the hierarchy."""

    goal_id = Cell[str](NODES, "goal_id")
    goal = Cell[str](NODES, "goal")
    parent_id = Cell[str | None](NODES, "parent")
    domain = Cell[str](NODES, "domain")
    operation_type = Cell[str](NODES, "operation_type")
    entities = Cell[list[str]](NODES, "entities")
    episode_count = Cell[int](NODES, "episode_count")
    success_rate = Cell[float](NODES, "success_rate")
    nth = Cell[int](NODES, "nth")


class Goals(Mapping[str, TableView[str, Goal]]):
    """Goals by owner, then by goal id.

    KeyError for an owner that never had a goal; "shared", and `owners` who may yet have some, have none.
    """

    def __init__(self, states: Mapping[str, State], owners: Collection[str] = ()) -> None:
        self._state: Mapping[str, Rows] = states["goals"]
        self._owners = (SHARED, *owners)

    def __getitem__(self, owner: str) -> TableView[str, Goal]:
        if owner not in self._owners and owner not in self:
            raise KeyError(owner)
        return self.of(owner)

    def of(self, owner: str) -> TableView[str, Goal]:
        """Return an owner's goals: none, if it was never heard of."""
        return TableView(self._state, NODES, Goal, (owner,))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(group[0] for group in self._state[NODES.name].prefixes()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, owner: object) -> bool:
        return any(owner == one for one in self)

    @property
    def next_nth(self) -> int:
        """The insertion number that the next new goal gets."""
        return self._state[NODES.name].next_nth


GOALS = ReadModel(
    "goals",
    1,
    (NODES,),
    {
        GoalAdded: (Put(NODES),),
        GoalScored: (Set(NODES, {"episode_count": "episode_count", "success_rate": "success_rate"}),),
    },
    Goals,
)
