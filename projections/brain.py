"""The brain: experiences in the hippocampus, patterns in the neocortex, and when it slept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jotty_events.events import (
    BrainStepped,
    ConsolidationDone,
    EpisodesReplayed,
    ExperienceEncoded,
    ExperienceForgotten,
    ExperienceJudged,
    ImpactAssigned,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    TraceReplayed,
    WakeCounted,
)

from .read_model import ReadModel, State
from .table import integer, json, last_k, real, table, text
from .view import Cell, RowView, TableView
from .writes import PRESENT, Clear, Const, Drop, Push, Put, Set

HIPPOCAMPUS = table(
    "hippocampus",
    (integer("id"),),
    json("content"),
    json("tags"),
    real("reward"),
    real("causal_impact"),
    real("novelty"),
    real("strength"),
    integer("replays", 0),
    integer("episode"),
    real("time"),
    integer("nth"),
)
NEOCORTEX = table(
    "neocortex",
    (integer("id"),),
    text("kind"),
    text("text"),
    json("tags"),
    real("reward"),
    real("strength"),
    integer("sources"),
    real("created"),
    real("reinforced"),
    integer("nth"),
)
ORDER = table("order", (text("of"),), json("ids"))
SLEEP = table("sleep", (text("of"),), integer("count"), integer("episode"), real("time"))
WAKING = table("waking", (text("of"),), integer("episodes_since_sleep"))
EXPECTATION = table("expectation", (text("of"),), real("reward"))
FILTER = table("filter", (text("of"),), real("expected_reward"), real("mean"), real("squares"), integer("count"))
SEEN = table("seen", (text("digest"),), integer("nth"))
MACHINE = table(
    "machine",
    (text("of"),),
    text("mode"),
    integer("episodes_since_sleep"),
    integer("total_episodes"),
    integer("total_consolidations"),
    integer("held"),
)
KEPT = 1000
"""How many experiences are kept for the machine: recent ones, and those that came while it slept."""
RECENT = last_k("recent", MACHINE, json("experience"), KEPT)
QUEUE = last_k("queue", MACHINE, json("experience"), KEPT)
REPLAYS = table("replays", (text("of"),), integer("count"))

_BY_ID = {"id": "nth"}
_BRAIN = Const("brain")
_OF_BRAIN = {"of": _BRAIN}
_NOTHING_EXPECTED = 0.5


class Trace(RowView):
    """An experience in the hippocampus."""

    nth = Cell[int](HIPPOCAMPUS, "nth")
    content = Cell[dict[str, Any]](HIPPOCAMPUS, "content")
    tags = Cell[list[str]](HIPPOCAMPUS, "tags")
    reward = Cell[float](HIPPOCAMPUS, "reward")
    causal_impact = Cell[float](HIPPOCAMPUS, "causal_impact")
    novelty = Cell[float](HIPPOCAMPUS, "novelty")
    strength = Cell[float](HIPPOCAMPUS, "strength")
    replays = Cell[int](HIPPOCAMPUS, "replays")
    episode = Cell[int | None](HIPPOCAMPUS, "episode")
    time = Cell[float](HIPPOCAMPUS, "time")


class Pattern(RowView):
    """A pattern in the neocortex."""

    nth = Cell[int](NEOCORTEX, "nth")
    kind = Cell[str](NEOCORTEX, "kind")
    text = Cell[str](NEOCORTEX, "text")
    tags = Cell[list[str]](NEOCORTEX, "tags")
    reward = Cell[float](NEOCORTEX, "reward")
    strength = Cell[float](NEOCORTEX, "strength")
    sources = Cell[int](NEOCORTEX, "sources")
    created = Cell[float](NEOCORTEX, "created")
    reinforced = Cell[float](NEOCORTEX, "reinforced")


class Filter(NamedTuple):
    """What the hippocampal filter expects: a reward, and the running figures of relevance (mean, squares, samples)."""

    expected_reward: float = _NOTHING_EXPECTED
    mean: float = 0.0
    squares: float = 0.0
    samples: int = 0


class Machine(NamedTuple):
    """Where the machine of sleep and wake stands; the last `held` experiences are those of the next sleep."""

    mode: str = "online"
    episodes_since_sleep: int = 0
    total_episodes: int = 0
    total_consolidations: int = 0
    held: int = 0


class Brain:
    """What the brain holds."""

    def __init__(self, states: Mapping[str, State]) -> None:
        self._state = states["brain"]

    @property
    def hippocampus(self) -> list[Trace]:
        """Experiences, oldest first, or as a rule sorted them."""
        found = TableView[int, Trace](self._state, HIPPOCAMPUS, Trace).entries()
        return self._sorted(found, "hippocampus")

    @property
    def neocortex(self) -> list[Pattern]:
        """Patterns, oldest first, or as a rule sorted them."""
        found = TableView[int, Pattern](self._state, NEOCORTEX, Pattern).entries()
        return self._sorted(found, "neocortex")

    def _sorted(self, found: list[Any], of: str) -> list[Any]:
        row = self._state[ORDER.name].get((of,))
        ranks = {nth: rank for rank, nth in enumerate(row[0])} if row else {}
        return sorted(found, key=lambda one: (ranks.get(one.nth, len(ranks)), one.nth))

    def _cell(self, table: str, at: int, default: Any) -> Any:
        row = self._state[table].get(("brain",))
        return default if row is None else row[at]

    @property
    def consolidations(self) -> int:
        """How often the brain slept."""
        return int(self._cell(SLEEP.name, 0, 0))

    @property
    def last_sleep(self) -> int:
        """The episode after which the brain slept last, 0 if it never did."""
        return int(self._cell(SLEEP.name, 1, 0) or 0)

    @property
    def episodes_since_sleep(self) -> int:
        """How many episodes ended since then."""
        return int(self._cell(WAKING.name, 0, 0))

    @property
    def expected_reward(self) -> float:
        """The running mean of rewards, against which an experience surprises."""
        return float(self._cell(EXPECTATION.name, 0, _NOTHING_EXPECTED))

    @property
    def next_trace(self) -> int:
        """The insertion number that the next experience gets."""
        return self._state[HIPPOCAMPUS.name].next_nth

    @property
    def next_pattern(self) -> int:
        """The insertion number that the next pattern gets."""
        return self._state[NEOCORTEX.name].next_nth

    @property
    def filter(self) -> Filter:
        """What the hippocampal filter has learned."""
        row = self._state[FILTER.name].get(("brain",))
        return Filter() if row is None else Filter(*row)

    @property
    def seen(self) -> Mapping[str, int]:
        """The digests of contents that the filter has seen, with their insertion numbers, oldest first."""
        at = SEEN.position("nth")
        found = ((key[0], row[at]) for key, row in self._state[SEEN.name].items())
        return dict(sorted(found, key=lambda one: (one[1], one[0])))

    def has_seen(self, digest: str) -> int | None:
        """Return the insertion number of a content that the filter has seen, None if it has not."""
        row = self._state[SEEN.name].get((digest,))
        return None if row is None else row[SEEN.position("nth")]

    @property
    def seen_count(self) -> int:
        """How many contents the filter remembers to have seen."""
        return len(self._state[SEEN.name])

    @property
    def next_seen(self) -> int:
        """The insertion number that the next content gets."""
        return self._state[SEEN.name].next_nth

    @property
    def machine(self) -> Machine:
        """Where the machine of sleep and wake stands."""
        row = self._state[MACHINE.name].get(("brain",))
        return Machine() if row is None else Machine(*row)

    @property
    def recent(self) -> list[dict[str, Any]]:
        """The experiences of the next sleep, oldest first."""
        held = self.machine.held
        return self._items(RECENT.name)[-held:] if held else []

    @property
    def queue(self) -> list[dict[str, Any]]:
        """The experiences that came while the brain slept, oldest first."""
        return self._items(QUEUE.name)

    def _items(self, table: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._state[table].get(("brain",)) or []
        return [dict(one) for one in items]

    @property
    def replays(self) -> int:
        """How often recent episodes were replayed."""
        return int(self._cell(REPLAYS.name, 0, 0))

    def __len__(self) -> int:
        return len(self._state[HIPPOCAMPUS.name]) + len(self._state[NEOCORTEX.name])

    def to_dict(self) -> dict[str, Any]:
        """Return all that the brain holds, as JSON values."""
        return {
            "hippocampus": [one.to_dict() for one in self.hippocampus],
            "neocortex": [one.to_dict() for one in self.neocortex],
            "consolidations": self.consolidations,
            "episodes_since_sleep": self.episodes_since_sleep,
            "expected_reward": self.expected_reward,
        }


BRAIN = ReadModel(
    "brain",
    1,
    (HIPPOCAMPUS, NEOCORTEX, ORDER, SLEEP, WAKING, EXPECTATION, FILTER, SEEN, MACHINE, RECENT, QUEUE, REPLAYS),
    {
        ExperienceEncoded: (
            Put(HIPPOCAMPUS, {**_BY_ID, "time": "now"}),
            Put(EXPECTATION, {"of": _BRAIN, "reward": "expected_reward"}),
        ),
        ExperienceForgotten: (
            Drop(HIPPOCAMPUS, _BY_ID),
            Put(ORDER, {"of": Const("hippocampus"), "ids": "order"}, {"order": PRESENT}),
        ),
        TraceReplayed: (Set(HIPPOCAMPUS, {"replays": "replays", "strength": "strength"}, _BY_ID),),
        PatternLearned: (Put(NEOCORTEX, {**_BY_ID, "created": "now", "reinforced": "now"}),),
        PatternReinforced: (
            Set(NEOCORTEX, {"strength": "strength", "sources": "sources", "reinforced": "now"}, _BY_ID),
        ),
        PatternForgotten: (
            Drop(NEOCORTEX, _BY_ID),
            Put(ORDER, {"of": Const("neocortex"), "ids": "order"}, {"order": PRESENT}),
        ),
        ConsolidationDone: (
            Put(SLEEP, {"of": _BRAIN, "time": "now"}),
            Put(WAKING, {"of": _BRAIN, "episodes_since_sleep": Const(0)}),
        ),
        WakeCounted: (Put(WAKING, _OF_BRAIN),),
        ImpactAssigned: (Set(HIPPOCAMPUS, {"causal_impact": "causal_impact"}, _BY_ID),),
        ExperienceJudged: (Put(FILTER, _OF_BRAIN), Put(SEEN), Drop(SEEN, {"digest": "let_go"}, {"let_go": PRESENT})),
        EpisodesReplayed: (Put(REPLAYS, _OF_BRAIN),),
        BrainStepped: (
            Put(MACHINE, _OF_BRAIN),
            Push(RECENT, "experience", _OF_BRAIN, {"cause": "experienced"}),
            Push(QUEUE, "experience", _OF_BRAIN, {"cause": "queued"}),
            Clear(QUEUE, {"cause": "set", "mode": "online"}),
        ),
    },
    Brain,
)
