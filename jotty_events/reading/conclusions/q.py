"""Conclusions of the Q-table's events."""

from collections.abc import Callable, Mapping

from ...events import Event, ExperienceAdded, QUpdated
from ...rules import q_learning
from ...rules.text_form import describe_action, describe_state
from ...types import Json
from .conclusion import Conclusion, Found, Settings, known

_Describe = Callable[[Mapping[str, object]], str]


def experience_added(event: ExperienceAdded, settings: Settings) -> Found:
    """The error and the priority; and the texts, where it is known what they were made of."""
    return {
        "error": q_learning.surprise(event.reward, event.q_before),
        "priority": q_learning.priority(event.reward, event.q_before),
        **_text("state", event.state_data, describe_state),
        **_text("action", event.action_data, describe_action),
        **_text("next_state", event.next_state_data, describe_state),
    }


def _text(field: str, data: Json | None, describe: _Describe) -> Found:
    return {field: describe(data)} if data else {}


def q_updated(event: QUpdated, settings: Settings) -> Found:
    """The whole update, given the visits that it is the last of; and what was read, where nothing was known."""
    concluded = q_learning.conclude_update(
        reward=event.reward,
        done=event.done or not event.next_state,
        before=event.before,
        next_max=event.next_max,
        alpha=event.alpha,
        gamma=event.gamma,
        visits_before=event.visits - 1,
        average_before=event.average_before,
    )
    lesson = q_learning.lesson(state=event.state, action=event.action, reward=event.reward, td_error=concluded.td_error)
    return {
        "before": _before(event),
        **_next_max(event),
        "target": concluded.target,
        "td_error": concluded.td_error,
        "after": concluded.after,
        "average_reward": concluded.average_reward,
        "lesson": lesson,
        **({"created": event.now} if event.visits == 1 else {}),
    }


def _before(event: QUpdated) -> float:
    """Return what the value of the entry that was read counts for: it is discounted unless it is the entry itself."""
    if event.before_nth is None:
        return q_learning.UNKNOWN.value
    raw = known(event.before_raw, "before_raw")
    return raw if event.before_nth == event.nth else q_learning.discounted(raw)


def _next_max(event: QUpdated) -> Found:
    if event.done or not event.next_state:
        return {"next_max": q_learning.NO_NEXT.value}
    return {"next_max": q_learning.UNKNOWN.value} if event.next_nth is None else {}


Q: dict[type[Event], Conclusion] = {
    ExperienceAdded: Conclusion(("error", "priority"), experience_added, ("state", "action", "next_state")),
    QUpdated: Conclusion(
        ("target", "td_error", "after", "average_reward", "lesson", "created"), q_updated, ("before", "next_max")
    ),
}
