"""Conclusions of attempts, episodes and tasks."""

from ...events import (
    AttemptMade,
    EpisodeEnded,
    Event,
    ModelAnswered,
    TaskFailed,
    TaskRevised,
    TodoOpened,
    TodoReplanned,
)
from ...rules import attempts
from ...rules.todo import replanning
from ...rules.todo import tasks as todo
from .conclusion import Conclusion, Found, Settings

_FINISHED = ("succeeded", "failed")
_GIVEN_UP = ("cancelled", "broken")


def attempt_made(event: AttemptMade, settings: Settings) -> Found:
    """The choice, by the candidates and the draws; and the texts by which Q-learning knows it."""
    taken = attempts.take(event.candidates, epsilon=event.epsilon, draw=event.draw, pick=event.pick)
    return {
        "state": attempts.described(event.goal, event.actor, version=settings.rules),
        "approach": taken.approach,
        "action": attempts.described_action(taken.approach, event.actor),
        "explored": taken.explored,
    }


def episode_ended(event: EpisodeEnded, settings: Settings) -> Found:
    """Whether the goal was reached, and the reward: neither where the episode was given up."""
    if event.status in _GIVEN_UP:
        return {"success": False, "reward": 0.0}
    if event.status not in _FINISHED:
        raise ValueError(f"{event.status!r:.40} is no way for an episode to end")
    success = attempts.succeeded(event.results)
    return {
        "success": success,
        "reward": attempts.episode_reward(event.results),
        "status": _FINISHED[not success],
    }


def todo_opened(event: TodoOpened, settings: Settings) -> Found:
    """The id of the list."""
    return {"todo": todo.todo_id(event.root_task, event.now, settings.rules)}


def task_failed(event: TaskFailed, settings: Settings) -> Found:
    """Whether the task may be tried again, and what is kept of why it failed."""
    return {
        "status": todo.after_failure(event.attempts, event.max_attempts),
        "reason": todo.reason_kept(event.error, settings.rules),
    }


def todo_replanned(event: TodoReplanned, settings: Settings) -> Found:
    """What was done, in words; what version 1 says follows from the whole list."""
    said = {} if settings.rules < 2 else {"actions": replanning.replan_actions(event.order)}
    return {**said, "risk": replanning.risk(event.reason)}


def task_revised(event: TaskRevised, settings: Settings) -> Found:
    """What is thought of the task."""
    return {"estimated_reward": todo.kept_share(event.q_value), "confidence": todo.kept_share(event.certainty)}


def model_answered(event: ModelAnswered, settings: Settings) -> Found:
    """Whether the answer was used: what failed was not."""
    return {"used": event.failure is None}


RUN: dict[type[Event], Conclusion] = {
    AttemptMade: Conclusion(("state", "approach", "action", "explored"), attempt_made),
    EpisodeEnded: Conclusion(("success", "reward"), episode_ended, ("status",)),
    TodoOpened: Conclusion(("todo",), todo_opened),
    TaskFailed: Conclusion(("status", "reason"), task_failed),
    TodoReplanned: Conclusion(("actions", "risk"), todo_replanned),
    TaskRevised: Conclusion(("estimated_reward", "confidence"), task_revised),
    ModelAnswered: Conclusion(("used",), model_answered),
}
