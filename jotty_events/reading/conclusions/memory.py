"""Conclusions of the memory's events, of goals and of causal links."""

from ...events import (
    AlphaAdapted,
    CausalLinked,
    Event,
    GoalAdded,
    GoalScored,
    MemoriesRetrieved,
    MemoryProtected,
    MemoryRenamed,
    MemoryStored,
    SampleNoted,
    TrajectoryEnded,
    ValueUpdated,
)
from ...rules.memory import causal, goals, recall
from ...rules.memory import entries as memory
from ...rules.td import td_lambda
from .conclusion import Conclusion, Found, Settings, known


def memory_stored(event: MemoryStored, settings: Settings) -> Found:
    """The name and the value; and what is kept of the content, up to the beginning of one that was cut."""
    limit = settings.get("max_entry_tokens")
    kept = memory.keep(event.content, event.content_length, limit) if isinstance(limit, int) else None
    return {
        **({} if kept is None else _whole(event, kept.truncated, settings.rules)),
        **({} if kept is None else kept._asdict()),
        "key": memory.memory_key(event.domain, event.task_type, event.content_hash, settings.rules),
        "default_value": memory.starting_value(event.initial_value),
        "source_episode": memory.source_episode(event.context, event.episode, settings.rules),
    }


def _whole(event: MemoryStored, truncated: bool, version: int) -> Found:
    """Return what a content says of itself: one that was cut nothing, in version 1 its hash (M2)."""
    length = {} if truncated else {"content_length": len(event.content)}
    own = not truncated or version < 2
    return {**length, **({"content_hash": memory.content_hash(event.content)} if own else {})}


def memory_renamed(event: MemoryRenamed, settings: Settings) -> Found:
    """The new key, and when the entry was accessed last."""
    return {
        "key": memory.memory_key(event.domain, event.task_type, event.named_by, settings.rules),
        "last_accessed": memory.accessed_when_renamed(event.accessed_before, event.now, event.reason),
    }


def memories_retrieved(event: MemoriesRetrieved, settings: Settings) -> Found:
    """How well each entry answers."""
    told = zip(event.relevances, event.values, strict=True)
    return {"scores": [recall.score(near, value) for near, value in told]}


def memory_protected(event: MemoryProtected, settings: Settings) -> Found:
    """Whether the entry is safe, and why."""
    protected, reason = memory.protects(event.value, event.level, event.threshold, version=settings.rules)
    return {"protected": protected, "reason": reason}


def trajectory_ended(event: TrajectoryEnded, settings: Settings) -> Found:
    """The return."""
    given = event.final_reward, event.step_rewards, event.gamma
    return {"return_": td_lambda.discounted_return(*given, settings.rules)}


def value_updated(event: ValueUpdated, settings: Settings) -> Found:
    """The values after the update; nothing for a cause that these rules do not have."""
    concluded = _CAUSES.get(event.cause)
    return {} if concluded is None else concluded(event, settings)


def _learned(event: ValueUpdated, settings: Settings) -> Found:
    alpha, trace = known(event.alpha, "alpha"), known(event.trace, "trace")
    return_, default = known(event.return_, "return"), event.default_before
    return {
        "td_error": return_ - event.before,
        "after": td_lambda.conclude_value(before=event.before, alpha=alpha, return_=return_, trace=trace),
        "default_after": td_lambda.conclude_default(
            before=default, alpha=alpha, return_=return_, trace=trace, version=settings.rules
        ),
        "updated": event.now,
    }


def _transferred(event: ValueUpdated, settings: Settings) -> Found:
    after = td_lambda.transfer(
        before=event.before,
        delta=known(event.source_delta, "source_delta"),
        similarity=known(event.similarity, "similarity"),
        weight=known(event.weight, "weight"),
        discount=1.0,  # the recorded weight has it in already
    )
    # In version 1 a value that was there keeps the time that it had.
    updated = {} if settings.rules < 2 and event.before_from == "goal" else {"updated": event.now}
    return {"td_error": None, "after": after, "default_after": event.default_before, **updated}


def _stored(event: ValueUpdated, settings: Settings) -> Found:
    return {"td_error": None, "after": event.return_, "default_after": event.default_before, "updated": event.now}


_CAUSES = {"td": _learned, "transfer": _transferred, "stored": _stored}


def sample_noted(event: SampleNoted, settings: Settings) -> Found:
    """How many samples count, and how many are new."""
    window = settings.get("adaptive_window_size")
    held = {"held": td_lambda.held(event.held_before, window)} if isinstance(window, int) else {}
    return {**held, "fresh": event.fresh_before + 1}


def alpha_adapted(event: AlphaAdapted, settings: Settings) -> Found:
    """The learning rate after the adaptation; as it is configured after a reset."""
    if event.cause == "reset":
        alpha = settings.get("alpha")
        return {"after": alpha} if isinstance(alpha, float | int) else {}
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
        return {"confidence": causal.starting_confidence(event.initial_confidence, settings.rules)}
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
        ("content", "token_count", "truncated", "key", "default_value", "source_episode"),
        memory_stored,
        ("content_length", "content_hash"),
    ),
    MemoryRenamed: Conclusion(("key", "last_accessed"), memory_renamed),
    MemoriesRetrieved: Conclusion(("scores",), memories_retrieved),
    MemoryProtected: Conclusion(("protected", "reason"), memory_protected),
    TrajectoryEnded: Conclusion(("return_",), trajectory_ended),
    ValueUpdated: Conclusion(("td_error", "after", "default_after", "updated"), value_updated),
    SampleNoted: Conclusion(("held", "fresh"), sample_noted),
    AlphaAdapted: Conclusion(("after",), alpha_adapted),
    CausalLinked: Conclusion(("confidence",), causal_linked),
    GoalAdded: Conclusion(("goal_id",), goal_added),
    GoalScored: Conclusion(("goal_id", "success_rate"), goal_scored),
}
