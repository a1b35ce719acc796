"""Conclusions of the Q-table's events, in every version of the rules."""

from collections.abc import Mapping
from typing import Protocol

from ...events import Event, ExperienceAdded, ExperienceReweighed, QUpdated, TiersAssigned
from ...rules.q import learning as q_learning
from ...rules.q import replay as q_replay
from ...rules.q import tiers
from ...rules.q.tiers import Progress
from ...rules.words.text_form import describe_action, describe_state
from ...types import Json
from .conclusion import Conclusion, Found, Settings, known


class _Describe(Protocol):
    def __call__(self, data: Mapping[str, object], /, *, version: int) -> str: ...


def experience_added(event: ExperienceAdded, settings: Settings) -> Found:
    """The error and the priority; and the texts, where it is known what they were made of."""
    return {
        "error": q_learning.surprise(event.reward, event.q_before),
        "priority": q_learning.priority(event.reward, event.q_before, version=settings.rules),
        **_text("state", event.state_data, describe_state, settings),
        **_text("action", event.action_data, describe_action, settings),
        **_text("next_state", event.next_state_data, describe_state, settings),
    }


def _text(field: str, data: Json | None, describe: _Describe, settings: Settings) -> Found:
    return {field: describe(data, version=settings.rules)} if data else {}


def experience_reweighed(event: ExperienceReweighed, settings: Settings) -> Found:
    """What the experience still surprises."""
    after = q_replay.reweigh(event.reward, event.q)
    return {"error": after.error, "priority": after.priority}


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
        version=settings.rules,
    )
    lesson = q_learning.lesson(
        state=event.state,
        action=event.action,
        reward=event.reward,
        td_error=concluded.td_error,
        version=settings.rules,
    )
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


def tiers_assigned(event: TiersAssigned, settings: Settings) -> Found:
    """How it goes after the episode; which entries move follows from the whole table."""
    before = Progress(event.last_reward_before, event.without_improvement_before)
    return tiers.progress(event.reward, before, version=settings.rules)._asdict()


Q: dict[type[Event], Conclusion] = {
    ExperienceAdded: Conclusion(("error", "priority"), experience_added, ("state", "action", "next_state")),
    ExperienceReweighed: Conclusion(("error", "priority"), experience_reweighed),
    QUpdated: Conclusion(
        ("target", "td_error", "after", "average_reward", "lesson", "created"), q_updated, ("before", "next_max")
    ),
    TiersAssigned: Conclusion(("last_reward", "without_improvement"), tiers_assigned),
}
