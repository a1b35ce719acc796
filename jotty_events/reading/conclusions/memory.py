"""Conclusions of the memory's events, of goals and of causal links."""

from ...events import (
    AlphaAdapted,
    CausalLinked,
    Event,
    GoalAdded,
    GoalScored,
    MemoryProtected,
    MemoryStored,
    TrajectoryEnded,
    ValueUpdated,
)
from ...rules import causal, goals, memory, td_lambda
from .conclusion import Conclusion, Found, Settings, known


def memory_stored(event: MemoryStored, settings: Settings) -> Found:
    """The name and the value; and what is kept of the content, up to the beginning of one that was cut."""
    limit = settings.get("max_entry_tokens")
    kept = memory.keep(event.content, event.content_length, limit) if isinstance(limit, int) else None
    return {
        **({} if kept is None or kept.truncated else _whole(event)),
        **({} if kept is None else kept._asdict()),
        "key": memory.memory_key(event.domain, event.task_type, event.content_hash),
        "default_value": memory.starting_value(event.initial_value),
    }


def _whole(event: MemoryStored) -> Found:
    """Return what a content that was not cut says of itself."""
    return {"content_length": len(event.content), "content_hash": memory.content_hash(event.content)}


def memory_protected(event: MemoryProtected, settings: Settings) -> Found:
    """Whether the entry is safe, and why."""
    protected, reason = memory.protects(event.value, event.level, event.threshold)
    return {"protected": protected, "reason": reason}


def trajectory_ended(event: TrajectoryEnded, settings: Settings) -> Found:
    """The return."""
    return {"return_": td_lambda.discounted_return(event.final_reward, event.step_rewards, event.gamma)}


def value_updated(event: ValueUpdated, settings: Settings) -> Found:
    """The values after the update; nothing for a cause that these rules do not have."""
    concluded = _CAUSES.get(event.cause)
    return {} if concluded is None else concluded(event)


def _learned(event: ValueUpdated) -> Found:
    alpha, trace = known(event.alpha, "alpha"), known(event.trace, "trace")
    return_ = known(event.return_, "return")

    def moved(value: float) -> float:
        return td_lambda.conclude_value(before=value, alpha=alpha, return_=return_, trace=trace)

    return {
        "td_error": return_ - event.before,
        "after": moved(event.before),
        "default_after": moved(event.default_before),
    }


def _transferred(event: ValueUpdated) -> Found:
    after = td_lambda.transfer(
        before=event.before,
        delta=known(event.source_delta, "source_delta"),
        similarity=known(event.similarity, "similarity"),
        weight=known(event.weight, "weight"),
        discount=1.0,  # the recorded weight has it in already
    )
    return {"td_error": None, "after": after, "default_after": event.default_before}


def _stored(event: ValueUpdated) -> Found:
    return {"td_error": None, "after": event.return_, "default_after": event.default_before}


_CAUSES = {"td": _learned, "transfer": _transferred, "stored": _stored}


def alpha_adapted(event: AlphaAdapted, settings: Settings) -> Found:
    """The learning rate after the adaptation."""
    after = td_lambda.conclude_alpha(
        event.before,
        error_mean=event.error_mean,
        error_std=event.error_std,
        recent_success=event.recent_success,
        older_success=event.older_success,
        rate=event.rate,
        alpha_min=event.alpha_min,
        alpha_max=event.alpha_max,
        unstable_above=event.unstable_above,
        slow_below=event.slow_below,
    )
    return {"after": after}


def causal_linked(event: CausalLinked, settings: Settings) -> Found:
    """The confidence."""
    before = event.before
    if before is None:
        return {"confidence": causal.starting_confidence(event.initial_confidence)}
    return {"confidence": before if event.supported is None else causal.reweigh(before, event.supported)}


def goal_added(event: GoalAdded, settings: Settings) -> Found:
    """The id of the goal."""
    return {"goal_id": goals.goal_id(event.goal)}


def goal_scored(event: GoalScored, settings: Settings) -> Found:
    """The id of the goal, and its success rate, given the episodes that this was the last of."""
    _, rate = goals.scored(event.episode_count - 1, event.success_rate_before, event.success)
    return {"goal_id": goals.goal_id(event.goal), "success_rate": rate}


MEMORY: dict[type[Event], Conclusion] = {
    MemoryStored: Conclusion(
        ("content", "token_count", "truncated", "key", "default_value"),
        memory_stored,
        ("content_length", "content_hash"),
    ),
    MemoryProtected: Conclusion(("protected", "reason"), memory_protected),
    TrajectoryEnded: Conclusion(("return_",), trajectory_ended),
    ValueUpdated: Conclusion(("td_error", "after", "default_after"), value_updated),
    AlphaAdapted: Conclusion(("after",), alpha_adapted),
    CausalLinked: Conclusion(("confidence",), causal_linked),
    GoalAdded: Conclusion(("goal_id",), goal_added),
    GoalScored: Conclusion(("goal_id", "success_rate"), goal_scored),
}
