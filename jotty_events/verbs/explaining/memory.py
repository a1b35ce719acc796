"""The arithmetic of the memory's events, of goals and of causal links (RULES R2, R3, R4)."""

from ...events import (
    CausalLinked,
    Event,
    GoalScored,
    MemoryEvicted,
    MemoryRenamed,
    MemoryStored,
    TrajectoryEnded,
    ValueUpdated,
)
from ...rules.memory import causal
from ...rules.memory.entries import INITIAL_VALUE
from ...rules.td import td_lambda
from .numbers import figure, moved
from .told import Around, Telling, Told

_FROM = {
    "goal": "was its value for the goal",
    "default": "was its value for no goal in particular",
    "related": "was mixed from its values for related goals",
    "neutral": "counts for what has no value for the goal",
}
_DEFAULT = "default_value"


def memory_stored(event: MemoryStored, around: Around) -> Told:
    """The value to begin with."""
    if event.initial_value is None:
        return Told([f"{figure(event.default_value)} = {figure(INITIAL_VALUE)}: no value was given"])
    return Told([f"{figure(event.default_value)} = {figure(event.initial_value)}: as given when it was stored"])


def value_updated(event: ValueUpdated, around: Around) -> Told:
    """The update for the goal, and of the value for no goal in particular."""
    own = _own(event)
    default = _default(event, around)
    if around.about == _DEFAULT:
        return Told([default, *own, *_return(event, around)])
    return Told([*own, *_return(event, around), default])


def _own(event: ValueUpdated) -> list[str]:
    after, goal = figure(event.after), f"for {event.goal!r}"
    before = f"{figure(event.before)} {_FROM.get(event.before_from, event.before_from)}"
    if event.cause == "td" and None not in (event.alpha, event.return_, event.trace):
        right = moved(event.before, event.alpha or 0.0, figure(event.return_), factor=f" * {figure(event.trace)}")
        return [f"{after} = {right}: return {figure(event.return_)}, trace {figure(event.trace)}, {goal}", before]
    if event.cause == "transfer" and None not in (event.source_delta, event.similarity, event.weight):
        terms = " * ".join(map(figure, (event.source_delta, event.similarity, event.weight)))
        source = f"carried over from {event.source_goal!r}, similar by {figure(event.similarity)}"
        return [f"{after} = clamp({figure(event.before)} + {terms}): {goal}, {source}", before]
    if event.cause == "stored" and event.return_ is not None:
        return [f"{after} = {figure(event.return_)}: as given, {goal}"]
    return [f"{after} from {figure(event.before)}: {event.cause}, {goal}", before]


def _default(event: ValueUpdated, around: Around) -> str:
    after, before = figure(event.default_after), figure(event.default_before)
    learned = event.cause == "td" and around.settings.rules >= 2
    if not learned or event.alpha is None or event.return_ is None:
        return f"{after} = {before}: its value for no goal in particular stays"
    right = moved(event.default_before, event.alpha, figure(event.return_), factor=f" * {figure(event.trace)}")
    return f"{after} = {right}: its value for no goal in particular"


def _return(event: ValueUpdated, around: Around) -> list[str]:
    """Return the lines that say where return and trace come from, if the way that led there is known."""
    way = around.trajectory
    if way is None or event.cause != "td":
        return []
    terms = [f"{figure(reward)} * {figure(way.gamma)} ** {step}" for step, reward in enumerate(way.step_rewards)]
    total = " + ".join([figure(way.final_reward), *terms])
    return [f"{figure(way.return_)} = {total}: the return", *_trace(event, way, around.settings.rules)]


def _trace(event: ValueUpdated, way: TrajectoryEnded, rules: int) -> list[str]:
    name, traces = (event.owner, event.level, event.key), dict[tuple[str, str, str], float]()
    names = list(zip(way.owners, way.levels, way.keys, strict=True))
    for one in names:
        traces = td_lambda.access(traces, one, gamma=way.gamma, lambda_trace=way.lambda_trace, version=rules)
    if event.trace is None or traces.get(name) != event.trace:
        return []
    ages = [len(names) - 1 - at for at, one in enumerate(names) if one == name]
    factor = f"({figure(way.gamma)} * {figure(way.lambda_trace)})"
    terms = " + ".join(f"{factor} ** {age}" for age in (ages if rules < 2 else ages[-1:]))
    return [f"{figure(event.trace)} = {terms}: the trace, accesses on the way: {len(names)}"]


def memory_renamed(event: MemoryRenamed, around: Around) -> Told:
    """The name before."""
    return Told([f"was {event.former} before: {event.reason}"])


def memory_evicted(event: MemoryEvicted, around: Around) -> Told:
    """Why it was let go."""
    return Told([f"let go: {event.reason}"])


def causal_linked(event: CausalLinked, around: Around) -> Told:
    """The confidence."""
    after, before = figure(event.confidence), event.before
    if before is None:
        given = event.initial_confidence
        return Told(
            [f"{after} to begin with: {'no confidence was' if given is None else figure(given) + ' was'} given"]
        )
    if event.supported is None:
        return Told([f"{after} = {figure(before)}: no evidence"])
    limits = f"{figure(causal.LEAST)}, min({figure(causal.MOST)}"
    step = (
        f"+ {figure(causal.STEP)} * (1 - {figure(before)})"
        if event.supported
        else f"- {figure(causal.STEP)} * {figure(before)}"
    )
    verdict = "supported" if event.supported else "contradicted"
    return Told([f"{after} = max({limits}, {figure(before)} {step})): {verdict} by {event.evidence!r}"])


def goal_scored(event: GoalScored, around: Around) -> Told:
    """The share of episodes that reached the goal."""
    rate, before, count = figure(event.success_rate), figure(event.success_rate_before), event.episode_count
    if event.success is None:
        return Told([f"{rate} = {before}: the goal came up again"])
    reached = "reached" if event.success else "not reached"
    return Told([f"{rate} = ({count - 1} * {before} + {int(event.success)}) / {count}: {reached}"])


MEMORY: dict[type[Event], Telling] = {
    MemoryStored: memory_stored,
    ValueUpdated: value_updated,
    MemoryRenamed: memory_renamed,
    MemoryEvicted: memory_evicted,
    CausalLinked: causal_linked,
    GoalScored: goal_scored,
}
