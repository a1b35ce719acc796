"""Conclusions of attempts, episodes and tasks."""

from ...events import AttemptMade, EpisodeEnded, Event, TaskFailed, TodoOpened, TodoReplanned
from ...rules import attempts, todo
from .conclusion import Conclusion, Found, Settings

_FINISHED = ("succeeded", "failed")
_GIVEN_UP = ("cancelled", "broken")


def attempt_made(event: AttemptMade, settings: Settings) -> Found:
    """The choice, by the candidates and the draws; and the texts by which Q-learning knows it."""
    taken = attempts.take(event.candidates, epsilon=event.epsilon, draw=event.draw, pick=event.pick)
    return {
        "state": attempts.described(event.goal, event.actor),
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
    return {"todo": todo.todo_id(event.root_task, event.now)}


def task_failed(event: TaskFailed, settings: Settings) -> Found:
    """Whether the task may be tried again."""
    return {"status": todo.after_failure(event.attempts, event.max_attempts)}


def todo_replanned(event: TodoReplanned, settings: Settings) -> Found:
    """What was done, in words."""
    return {"actions": todo.replan_actions(event.order)}


RUN: dict[type[Event], Conclusion] = {
    AttemptMade: Conclusion(("state", "approach", "action", "explored"), attempt_made),
    EpisodeEnded: Conclusion(("success", "reward"), episode_ended, ("status",)),
    TodoOpened: Conclusion(("todo",), todo_opened),
    TaskFailed: Conclusion(("status",), task_failed),
    TodoReplanned: Conclusion(("actions",), todo_replanned),
}
