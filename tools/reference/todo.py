"""Runs a reference document of the runner `todo` through rules of version 1 and the public classes.

A document's calls are made one by one under its clock; after each of them the whole list is written down.
"""

from typing import Any

from jotty_events import JottyConfig, LearningMode, MarkovianTODO

Json = dict[str, Any]


def replay(document: Json) -> Json:
    """Return what the document expects, as it comes out here."""
    return _Replay(document).all()


class _Replay:
    def __init__(self, document: Json) -> None:
        self._document = document
        self._given: Json = document["config"]
        self._now = float(document["clock_start"])
        config = JottyConfig(rules_version=1, learning_mode=LearningMode.CONTEXTUAL)
        self._todo = MarkovianTODO(config, clock=lambda: self._now)
        self._todo.open(self._given["root_task"])

    def all(self) -> Json:
        done = [self._call(one) for one in self._document["inputs"]]
        return {"per_call": done, "final": self._state()}

    def _call(self, one: Json) -> Json:
        self._now = float(one["clock"])
        named = getattr(self, f"_{one['call']}", None) or getattr(self._todo, one["call"])
        said = named(**one["args"])
        returned = {"return": said} if one["call"] in _RETURNING else {}
        return {"i": one["i"], **returned, "state": self._state()}

    def _add_task(self, **args: Any) -> None:
        self._todo.add_task(**{**self._defaults("priority", "max_attempts"), **args})

    def _defaults(self, *names: str) -> Json:
        """Return what the document says of tasks that say nothing themselves."""
        said = {"priority": "default_priority", "max_attempts": "max_attempts"}
        return {name: self._given[said[name]] for name in names if said[name] in self._given}

    def _get_next_task(self) -> str | None:
        task = self._todo.get_next_task()
        return None if task is None else task.task_id

    def _should_replan(self, **args: Any) -> list[Any]:
        known = ("global_deadline", "replan_interval", "success_threshold")
        said = {name: self._given[name] for name in known if name in self._given}
        return list(self._todo.should_replan(**{**said, **args}))

    def _set_status(self, task_id: str, status: str) -> None:
        if status != "blocked":
            raise ValueError(f"no call sets the status {status!r}")
        self._todo.block_task(task_id)

    def _checkpoint(self) -> Json:
        return _in_order(self._todo.checkpoint())

    def _restore_last_checkpoint(self) -> None:
        self._todo.restore_from_checkpoint(self._todo.checkpoints[-1])

    def _state(self) -> Json:
        todo = self._todo
        said = _in_order(todo.to_dict())
        return {
            "to_dict": {**said, "checkpoints": [_in_order(one) for one in said["checkpoints"]]},
            "tasks": {name: todo.task_to_dict(name) for name in todo.tasks},
            "estimated_remaining_steps": todo.estimated_remaining_steps,
            "completion_probability": todo.completion_probability,
            "risk_factors": todo.risk_factors,
            "transition_count_total": sum(todo.tasks.transitions.values()),
            "progress_summary": todo.get_progress_summary(),
            "state_summary_lines_sorted": sorted(todo.get_state_summary().split("\n")),
        }


_RETURNING = (
    "get_next_task",
    "should_replan",
    "checkpoint",
    "unblock_ready_tasks",
    "replan",
    "get_state_summary",
    "get_progress_summary",
)


def _in_order(said: Json) -> Json:
    """Return a list's words with its sets in order: the original has sets where we have a sequence."""
    return {**said, **{name: sorted(said[name]) for name in ("completed_tasks", "failed_tasks")}}
