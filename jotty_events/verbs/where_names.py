"""What a condition can name: the projections of a state, their entries, and the fields of those.

Invariants: every name that can be read stands here or is a cell or property of a view; nothing else of an object is
within reach. Reading a field changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from projections.brain import Brain, Filter, Machine, Pattern, Trace
from projections.episodes import Episode, Episodes
from projections.goals import Goal
from projections.memory import CausalLink, GoalValue, MemoryEntry, OwnerMemory
from projections.q_table import Experience, QCluster, QEntry, QTable, Tiering
from projections.todos import Todos, TodoTask
from projections.view import Cell


class Reading(NamedTuple):
    """How a name is read, and what it gives."""

    read: Callable[[Any], Any]
    shape: "Shape"


Rows = Callable[[Any], Iterable[Any]]


@dataclass(frozen=True)
class Shape:
    """What a part of a condition stands for: a plain value, an entry with fields, or a collection of entries.

    `keys` says what a subscript takes, `item` what it gives; `rows` gives what `count` counts, each like `row`.
    """

    name: str
    fields: Mapping[str, Reading] = field(default_factory=dict)
    methods: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    item: "Shape | None" = None
    rows: Rows | None = None
    row: "Shape | None" = None

    @property
    def is_value(self) -> bool:
        """Whether it can be compared: numbers, texts, truth, nothing, and lists and objects of these."""
        return self is VALUE


VALUE = Shape("a value")
"""A JSON value; what a subscript takes from it is one as well."""


def _fields(kind: type, **shapes: Shape) -> dict[str, Reading]:
    """Return the cells and properties of a view, or the fields of a tuple; those not named here are plain values."""
    own = [name for owner in kind.__mro__ for name, one in vars(owner).items() if isinstance(one, Cell | property)]
    names = [*own, *getattr(kind, "_fields", ())]
    return {
        name: Reading(attrgetter(name), shapes.get(name, VALUE)) for name in sorted(names) if not name.startswith("_")
    }


def _entry(name: str, kind: type, **methods: Callable[[Any, Any], Any]) -> Shape:
    return Shape(name, _fields(kind), methods)


def _table(name: str, keys: tuple[str, ...], row: Shape, fields: Mapping[str, Reading] | None = None) -> Shape:
    return Shape(name, fields or {}, {}, keys, row, lambda view: view.entries(), row)


def _list(name: str, row: Shape) -> Shape:
    return Shape(name, {}, {}, (), None, lambda view: view, row)


def _parameter(view: Any, name: Any) -> Any:
    return view.parameter(name)


_MEMORY_ENTRY = Shape(
    "a memory",
    _fields(MemoryEntry, goal_values=_table("values by goal", ("goal",), _entry("a value by goal", GoalValue))),
    {"value": lambda entry, goal: entry.value(goal)},
)
_LEVEL = _table("a level of memory", ("key",), _MEMORY_ENTRY)
_LINKS = _table("causal links", ("link",), _entry("a causal link", CausalLink))
_OWNER = Shape(
    "an owner's memory",
    _fields(OwnerMemory, links=_LINKS),
    {},
    ("level",),
    _LEVEL,
    lambda owner: owner.entries(),
    _MEMORY_ENTRY,
)
_MEMORY = Shape(
    "memory",
    {},
    {"parameter": _parameter},
    ("owner",),
    _OWNER,
    lambda memory: [entry for owner in memory.values() for entry in owner.entries()],
    _MEMORY_ENTRY,
)

_Q_ENTRY = _entry("a Q-value", QEntry)
_Q_TABLE = Shape(
    "q_table",
    _fields(
        QTable,
        experiences=_list("the experience buffer", _entry("an experience", Experience)),
        clusters=_table("the clusters", ("name",), _entry("a cluster", QCluster)),
        tiering=_entry("the tiering", Tiering),
    ),
    {"parameter": _parameter},
    ("state", "action"),
    _Q_ENTRY,
    lambda table: table.entries(),
    _Q_ENTRY,
)

_BRAIN = Shape(
    "brain",
    _fields(
        Brain,
        hippocampus=_list("the hippocampus", _entry("an experience", Trace)),
        neocortex=_list("the neocortex", _entry("a pattern", Pattern)),
        filter=_entry("the filter", Filter),
        machine=_entry("the machine of sleep and wake", Machine),
    ),
)

_TODOS = _table("todos", ("task",), _entry("a task", TodoTask), _fields(Todos))
_EPISODES = _table("episodes", ("episode",), _entry("an episode", Episode), _fields(Episodes))


class _Owned(NamedTuple):
    """A goal and whose it is, which the goal itself does not say."""

    owner: str
    entry: Goal


_GOAL = _entry("a goal", Goal)
_OWNED_GOAL = Shape(
    "a goal",
    {name: Reading(attrgetter(f"entry.{name}"), VALUE) for name in _GOAL.fields}
    | {"owner": Reading(attrgetter("owner"), VALUE)},
)
_GOALS = Shape(
    "goals",
    {},
    {},
    ("owner",),
    _table("an owner's goals", ("goal_id",), _GOAL),
    lambda goals: [_Owned(owner, entry) for owner, one in goals.items() for entry in one.entries()],
    _OWNED_GOAL,
)

NAMES: Mapping[str, Reading] = {
    shape.name: Reading(attrgetter(shape.name), shape)
    for shape in (_MEMORY, _Q_TABLE, _BRAIN, _TODOS, _GOALS, _EPISODES)
}
"""The projections, by the names that a state has for them."""
