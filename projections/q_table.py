"""The Q-table: values by the texts of state and action, with errors, lessons, the experience buffer and the tiers.

Invariants: the last 20 TD errors and the last 5 lessons are kept (RULES R1). The buffer stands in the order of `order`
where a rule sorted it, what came later after that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jotty_events.events import (
    AlphaAdapted,
    Cluster,
    ExperienceAdded,
    ExperienceEvicted,
    ExperienceReweighed,
    QPruned,
    QUpdated,
    TierMove,
    TiersAssigned,
)

from .read_model import ReadModel, State
from .rows import Watcher
from .table import boolean, integer, json, last_k, real, table, text
from .view import Cell, RowView, TableView
from .writes import PRESENT, Clear, Const, Drop, Each, Push, Put, Set

ENTRIES = table(
    "entries",
    (text("state"), text("action")),
    real("value"),
    integer("visits"),
    real("average_reward"),
    real("created"),
    real("updated"),
    integer("nth"),
    grouped=1,
)
TD_ERRORS = last_k("td_errors", ENTRIES, real("td_error"), 20)
LESSONS = last_k("lessons", ENTRIES, text("lesson"), 5)
EXPERIENCES = table(
    "experiences",
    (integer("id"),),
    text("state"),
    text("action"),
    real("reward"),
    text("next_state"),
    boolean("done"),
    json("state_data"),
    json("action_data"),
    json("next_state_data"),
    real("time"),
    real("error"),
    real("priority"),
    integer("nth"),
)
ORDER = table("order", (text("of"),), json("ids"))
TIERS = table("tiers", (integer("id"),), integer("tier"), integer("rank"))
CLUSTERS = table("clusters", (text("name"),), integer("rank"), text("centroid"), json("members"))
TIERING = table("tiering", (text("of"),), real("threshold"), real("last_reward"), integer("without_improvement"))
PARAMETERS = table("parameters", (text("name"),), real("value"))

_BY_ID = {"id": "nth"}
_RANKED_BY = ("value", "nth")
_KNOWN_BY = ("state", "action", "value", "nth")


class QEntry(RowView):
    """What is known of one action in one state."""

    state = Cell[str](ENTRIES, "state")
    action = Cell[str](ENTRIES, "action")
    value = Cell[float](ENTRIES, "value")
    visits = Cell[int](ENTRIES, "visits")
    average_reward = Cell[float](ENTRIES, "average_reward")
    created = Cell[float](ENTRIES, "created")
    updated = Cell[float](ENTRIES, "updated")
    nth = Cell[int](ENTRIES, "nth")

    @property
    def td_errors(self) -> list[float]:
        """The last TD errors, oldest first."""
        return self._items(TD_ERRORS)

    @property
    def lessons(self) -> list[str]:
        """The last lessons, oldest first."""
        return self._items(LESSONS)

    @property
    def tier(self) -> int:
        """The tier that the entry stands in, 0 if in none."""
        row = self._state[TIERS.name].get((self.nth,))
        return 0 if row is None else row[0] or 0

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {**super().to_dict(), "td_errors": self.td_errors, "lessons": self.lessons, "tier": self.tier}


class Experience(RowView):
    """A step in the buffer."""

    nth = Cell[int](EXPERIENCES, "nth")
    state = Cell[str](EXPERIENCES, "state")
    action = Cell[str](EXPERIENCES, "action")
    reward = Cell[float](EXPERIENCES, "reward")
    next_state = Cell[str | None](EXPERIENCES, "next_state")
    done = Cell[bool](EXPERIENCES, "done")
    state_data = Cell[dict[str, Any]](EXPERIENCES, "state_data")
    action_data = Cell[dict[str, Any]](EXPERIENCES, "action_data")
    next_state_data = Cell[dict[str, Any] | None](EXPERIENCES, "next_state_data")
    time = Cell[float](EXPERIENCES, "time")
    error = Cell[float](EXPERIENCES, "error")
    priority = Cell[float](EXPERIENCES, "priority")


class QCluster(RowView):
    """A group of similar entries in tier 2; its members by their insertion numbers."""

    name = Cell[str](CLUSTERS, "name")
    rank = Cell[int](CLUSTERS, "rank")
    centroid = Cell[str](CLUSTERS, "centroid")
    members = Cell[list[int]](CLUSTERS, "members")


class Tiering(RowView):
    """What assigning tiers goes by from one episode to the next."""

    threshold = Cell[float](TIERING, "threshold")
    last_reward = Cell[float | None](TIERING, "last_reward")
    without_improvement = Cell[int](TIERING, "without_improvement")


class QTable(TableView[tuple[str, str], QEntry]):
    """Q-values by (state text, action text)."""

    def __init__(self, states: Mapping[str, State]) -> None:
        super().__init__(states["q_table"], ENTRIES, QEntry)

    @property
    def next_nth(self) -> int:
        """The insertion number that the next new entry gets."""
        return self._rows.next_nth

    @property
    def next_experience(self) -> int:
        """The insertion number that the next experience gets."""
        return self._state[EXPERIENCES.name].next_nth

    @property
    def experiences(self) -> list[Experience]:
        """The experience buffer, in its order."""
        ranks = self._ranks()
        found = TableView(self._state, EXPERIENCES, Experience).entries()
        return sorted(found, key=lambda one: (ranks.get(one.nth, len(ranks)), one.nth))

    @property
    def buffered(self) -> int:
        """How many experiences the buffer holds."""
        return len(self._state[EXPERIENCES.name])

    def experience(self, nth: int) -> Experience:
        """Return a step of the buffer by its insertion number; KeyError if it is not there."""
        return TableView[int, Experience](self._state, EXPERIENCES, Experience)[nth]

    def actions_of(self, state: str) -> list[tuple[str, QEntry]]:
        """Return the actions known in exactly this state, oldest first."""
        view = TableView[str, QEntry](self._state, ENTRIES, QEntry, (state,))
        return [(entry.action, entry) for entry in view.entries()]

    def values_of(self, states: Iterable[str]) -> list[Any]:
        """Return (state, action, value, insertion number) of the entries of exactly these states, in no set order."""
        found = self._rows.cells([(state,) for state in states], _KNOWN_BY)
        return [one for known in found for one in known]

    def highest_in(self, states: Iterable[str]) -> list[tuple[float, int]]:
        """Return (value, insertion number) of the highest value in each of these states, the oldest of equals.

        ValueError if one is not known.
        """
        cells = self._rows.cells([(state,) for state in states], _RANKED_BY)
        found = [max([(value, -nth) for value, nth in ranked]) for ranked in cells]
        return [(value, -negative) for value, negative in found]

    def follow_values(self, changed: Callable[[tuple[Any, ...]], None]) -> None:
        """Tell `changed` the key of every entry that is written or goes from now on, before it does."""
        self._rows.follow(changed)

    def watch_states(self, watcher: Watcher) -> None:
        """Tell `watcher` of every state text (as a tuple of one) that is in the table, or comes or goes later."""
        self._rows.watch(watcher)

    def follow(self, changed: Callable[[tuple[Any, ...]], None], moved: Callable[[tuple[Any, ...]], None]) -> None:
        """Tell `changed` of every entry that is written, learns or goes from now on, `moved` of every change of tier.

        Both are given keys: the texts of a state and an action, and an insertion number alone.
        """
        for name in (ENTRIES.name, TD_ERRORS.name):
            self._state[name].follow(changed)
        self._state[TIERS.name].follow(moved)

    def watch_states_from(self, watcher: Watcher) -> bool:
        """Tell `watcher`, who knows the states as they were kept, of those that came or went since, or will.

        False if that cannot be said: then it has to begin anew.
        """
        return self._rows.watch_from(watcher)

    def all_states(self) -> list[str]:
        """Return all state texts, in no particular order."""
        return [state for (state,) in self._rows.prefixes()]

    def priorities(self) -> list[tuple[int, float]]:
        """Return (insertion number, priority) of all steps in the buffer, in its order."""
        at, ranks = EXPERIENCES.position("priority"), self._ranks()
        found = [(key[0], row[at]) for key, row in self._state[EXPERIENCES.name].items()]
        return sorted(found, key=lambda one: (ranks.get(one[0], len(ranks)), one[0]))

    def _ranks(self) -> dict[int, int]:
        """Return the places in the buffer that a rule gave, by the insertion numbers of the steps."""
        row = self._state[ORDER.name].get(("buffer",))
        return {nth: rank for rank, nth in enumerate(row[0])} if row else {}

    def tiers(self) -> dict[int, int]:
        """Return the tiers of all entries that are in one, by their insertion numbers, in the order of their ranks."""
        found = [(key[0], *row) for key, row in self._state[TIERS.name].items() if row[0]]
        found.sort(key=lambda one: (one[1], one[2] is None, one[2], one[0]))
        return {nth: tier for nth, tier, _ in found}

    def standing(self) -> dict[int, int]:
        """Return the tiers of all entries that are in one, by their insertion numbers, in no particular order."""
        return {key[0]: row[0] for key, row in self._state[TIERS.name].items() if row[0]}

    def retained(self) -> Iterator[tuple[tuple[str, str], float, int, float, int]]:
        """Give out (texts, value, visits, updated, `nth`) of all entries, in no particular order."""
        value, visits, updated, nth = map(ENTRIES.position, ("value", "visits", "updated", "nth"))
        for (state, action), row in self._rows.items():
            yield (state, action), row[value], row[visits], row[updated], row[nth]

    def all_lessons(self) -> dict[tuple[str, str], list[str]]:
        """Return the last lessons of all entries, oldest first, by the texts of state and action."""
        return {(key[0], key[1]): list(lessons) for key, lessons in self._state[LESSONS.name].items()}

    def all_td_errors(self) -> Iterator[tuple[tuple[str, str], Sequence[float]]]:
        """Give out the texts of state and action of all entries with their last TD errors, oldest first."""
        return (((key[0], key[1]), errors) for key, errors in self._state[TD_ERRORS.name].items())

    def is_ranked(self, nth: int) -> bool:
        """Say whether the entry of an insertion number was given a place in its tier."""
        row = self._state[TIERS.name].get((nth,))
        return row is not None and row[1] is not None

    def tier_of(self, nth: int) -> int:
        """Return the tier of the entry of an insertion number, 0 if it is in none."""
        row = self._state[TIERS.name].get((nth,))
        return 0 if row is None else row[0] or 0

    @property
    def clusters(self) -> TableView[str, QCluster]:
        """The clusters of tier 2, by their name."""
        return TableView(self._state, CLUSTERS, QCluster)

    @property
    def tiering(self) -> Tiering | None:
        """What assigning tiers goes by, None before it was ever done."""
        return TableView[str, Tiering](self._state, TIERING, Tiering).get("all")

    def parameter(self, name: str) -> float | None:
        """Return a learned parameter, None if it was never adapted."""
        row = self._state[PARAMETERS.name].get((name,))
        return None if row is None else row[0]


Q_TABLE = ReadModel(
    "q_table",
    1,
    (ENTRIES, TD_ERRORS, LESSONS, EXPERIENCES, ORDER, TIERS, CLUSTERS, TIERING, PARAMETERS),
    {
        QUpdated: (
            Put(ENTRIES, {"value": "after", "updated": "now"}),
            Push(TD_ERRORS, "td_error"),
            Push(LESSONS, "lesson"),
        ),
        QPruned: (Drop(ENTRIES), Drop(TIERS, _BY_ID)),
        ExperienceAdded: (Put(EXPERIENCES, {**_BY_ID, "time": "now"}),),
        ExperienceEvicted: (
            Drop(EXPERIENCES, _BY_ID),
            Put(ORDER, {"of": Const("buffer"), "ids": "order"}, {"order": PRESENT}),
        ),
        ExperienceReweighed: (Set(EXPERIENCES, {"error": "error", "priority": "priority"}, _BY_ID),),
        TiersAssigned: (
            Clear(TIERS, {"whole": True}),
            Each("moves", TierMove, Put(TIERS, _BY_ID)),
            Clear(CLUSTERS, {"clusters": PRESENT}),
            Each("clusters", Cluster, Put(CLUSTERS)),
            Put(TIERING, {"of": Const("all")}),
        ),
        AlphaAdapted: (Put(PARAMETERS, {"name": Const("alpha"), "value": "after"}, {"learner": "q"}),),
    },
    QTable,
)
