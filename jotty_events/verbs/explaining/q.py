"""The arithmetic of the Q-table's events (RULES R1)."""

from ...events import AlphaAdapted, Event, QUpdated
from ...rules.q.learning import DEFAULT_Q, SIMILAR_DISCOUNT
from .numbers import figure, moved
from .told import Around, Taken, Telling, Told


def q_updated(event: QUpdated, around: Around) -> Told:
    """The update, what it started from, what was to come, the mean of rewards, and the lesson."""
    ends = event.done or not event.next_state
    target = (
        figure(event.reward) if ends else f"{figure(event.reward)} + {figure(event.gamma)} * {figure(event.next_max)}"
    )
    lines = [
        f"{figure(event.after)} = {moved(event.before, event.alpha, target)}: cause {event.cause}",
        _before(event, around),
    ]
    if not ends:
        lines.append(_next_max(event, around))
    lines.append(_average(event))
    if event.lesson is not None:
        lines.append(f"lesson {event.lesson!r}")
    return Told(lines, tuple(_taken(event, ends)))


def _before(event: QUpdated, around: Around) -> str:
    before, nth = figure(event.before), event.before_nth
    if nth is None:
        return f"{before} = {figure(DEFAULT_Q)}: nothing like it was known"
    if nth == event.nth:
        return f"{before} was its own value"
    left = f"{before} = {figure(SIMILAR_DISCOUNT)} * {figure(event.before_raw)}"
    return f"{left}: from {around.name(nth)}, similar by {figure(event.before_similarity)}"


def _next_max(event: QUpdated, around: Around) -> str:
    best = f"{figure(event.next_max)} is the best that was known of what comes next"
    if event.next_nth is None:
        return f"{figure(event.next_max)} = {figure(DEFAULT_Q)}: nothing was known of what comes next"
    return f"{best}: of itself" if event.next_nth == event.nth else f"{best}: from {around.name(event.next_nth)}"


def _average(event: QUpdated) -> str:
    mean, before = figure(event.average_reward), event.visits - 1
    if not before:
        return f"average reward {mean}, at its first visit"
    total = f"{before} * {figure(event.average_before)} + {figure(event.reward)}"
    return f"{mean} = ({total}) / {event.visits}: average reward"


def _taken(event: QUpdated, ends: bool) -> list[Taken]:
    taken = []
    if event.before_nth is not None:
        raw = event.before if event.before_raw is None else event.before_raw
        taken.append(Taken("before", event.before_nth, raw, event.before_similarity))
    if event.next_nth is not None and not ends:
        taken.append(Taken("next_max", event.next_nth, event.next_max))
    return taken


def alpha_adapted(event: AlphaAdapted, around: Around) -> Told:
    """Why a learning rate moved."""
    if event.cause == "reset":
        return Told([f"{figure(event.after)} as configured: reset from {figure(event.before)}"])
    spread = f"{figure(event.error_std)} around the mean {figure(event.error_mean)}"
    step = f"{figure(event.after)} from {figure(event.before)}, by {figure(event.rate)}"
    limits = f"kept in [{figure(event.alpha_min)}, {figure(event.alpha_max)}]"
    marks = f"lowered above {figure(event.unstable_above)} means, raised below {figure(event.slow_below)}"
    return Told([f"{step}: {event.samples} errors scatter {spread}", f"{marks}; {limits}"])


Q: dict[type[Event], Telling] = {QUpdated: q_updated, AlphaAdapted: alpha_adapted}
