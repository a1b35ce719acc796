"""What is asked of a task list without changing it."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from projections.todos import Todos, TodoTask

from ...config import JottyConfig
from ...rules.todo import in_words as todo_in_words
from ...rules.todo import tasks as todo
from ...session import undisturbed
from ...types import Json
from ..on_file import OnFile
from .portrait import KNOWN, blocks_of, list_as_dict, marked, task_as_dict


class TodoReading(OnFile):
    """The list of the goal at hand."""

    kind = "todo"
    entries_in = ("subtasks",)
    known = (*entries_in, *KNOWN)

    @property
    def tasks(self) -> Todos:
        """Tasks by their id."""
        found: Todos = self._session.view("todos")
        return found

    @property
    def root_task(self) -> str | None:
        """The goal that the list is for."""
        return self.tasks.root_task

    @property
    def todo_id(self) -> str | None:
        """The id of the list, None before the first one."""
        return self.tasks.todo_id

    @property
    def current_task_id(self) -> str | None:
        """The task that is under way."""
        return self.tasks.current_task_id

    @property
    def execution_order(self) -> list[str]:
        """The ids of the tasks in the order in which they are to be done."""
        return [task.task_id for task in self._listed()]

    @property
    def completed_tasks(self) -> list[str]:
        """The tasks that are completed, in the order in which they were; in version 1 also those begun anew (T3)."""
        return self._of(todo.COMPLETED, todo.done(self._listed(), self._marked()))

    @property
    def failed_tasks(self) -> list[str]:
        """The tasks that failed for good, in the order in which they did; in version 1 also those done since (T3)."""
        return self._of(todo.FAILED, todo.lost(self._listed(), self._marked()))

    def _of(self, mark: str, names: set[str]) -> list[str]:
        return [name for name in self.tasks.marked(mark) if name in names]

    @property
    def checkpoints(self) -> list[dict[str, Any]]:
        """What was put down of the list, oldest first."""
        return self.tasks.checkpoints

    @property
    def risk_factors(self) -> list[str]:
        """What was noted when the list was planned anew."""
        return self.tasks.risk_factors

    @property
    def estimated_remaining_steps(self) -> int:
        """How many tasks are neither completed nor skipped."""
        return self.progress().remaining

    @property
    def completion_probability(self) -> float:
        """How probable it is that all will be done, in [0, 1] (RULES R6)."""
        return self.progress().probability

    def _listed(self) -> Sequence[TodoTask]:
        return self.tasks.ordered()

    def _marked(self) -> todo.Marked | None:
        """Return what version 1 goes by, None in version 2 (T3)."""
        return marked(self.tasks, self._session.rules)

    def get_task_by_id(self, task_id: str) -> TodoTask | None:
        """Return a task, None if there is none."""
        return self.tasks.get(task_id)

    @undisturbed
    def get_next_task(self) -> TodoTask | None:
        """Return the task to do now, None if there is none."""
        return todo.next_task(self._listed(), self._session.rules, self._marked())

    @undisturbed
    def progress(self) -> todo.Progress:
        """Return how far the list is."""
        return todo.progress(self._listed(), self._marked())

    @undisturbed
    def blocks(self, task_id: str) -> list[str]:
        """Return who waits for a task; in version 1 as often as tasks were added since (T1)."""
        found = self.tasks.get(task_id)
        if found is None:
            return todo.blocked_by(self._listed(), task_id)
        return blocks_of(found, self._listed(), self._session.rules)

    @undisturbed
    def get_progress_summary(self) -> str:
        """Return how far the list is, in words."""
        return todo_in_words.progress_summary(self._listed(), self.progress(), self.current_task_id)

    @undisturbed
    def get_state_summary(self) -> str:
        """Return what is under way, what is next and what failed, as text for a prompt."""
        tasks = self.tasks
        failed = [tasks[name] for name in self.failed_tasks if name in tasks]
        return todo_in_words.state_summary(self.root_task or "", self._listed(), failed, self.progress())

    @undisturbed
    def to_dict(self) -> dict[str, Any]:
        """Return the list as JSON values, in the original's form."""
        return {
            "todo_id": self.todo_id,
            "root_task": self.root_task,
            "subtasks": {
                task.task_id: {
                    "description": task.description,
                    "status": task.status,
                    "depends_on": task.depends_on,
                    "progress": task.progress,
                    "attempts": task.attempts,
                }
                for task in self.tasks.entries()
            },
            "execution_order": self.execution_order,
            "current_task_id": self.current_task_id,
            "completed_tasks": self.completed_tasks,
            "failed_tasks": self.failed_tasks,
            "checkpoints": self.checkpoints,
        }

    @undisturbed
    def saved_state(self) -> Json:
        """Return all that is known of the list as one JSON object."""
        return list_as_dict(self.tasks, self._session.rules)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], config: JottyConfig | None = None, **parts: Any) -> Self:
        """Return a list that has taken over what `to_dict` or `saved_state` returned; ConfigError for less.

        `parts` are what the class takes besides: `session`, `clock`, `rng` and `model`.
        """
        found = cls(config, **parts)  # type: ignore[call-arg]
        found.load_saved(data)
        return found

    @undisturbed
    def task_to_dict(self, task_id: str) -> dict[str, Any]:
        """Return all that is known of a task as JSON values, in the original's form; KeyError if there is none."""
        return task_as_dict(self.tasks[task_id], self.blocks(task_id))
