"""The original's task list: `todo_state.json` of its vault, and what its class says of itself."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .strict import Count, Original, Time

TASKS = "subtasks"
Mark = Annotated[list[str], Field(min_length=2, max_length=2)]
"""Of what kind (completed or failed), and which task."""
Transition = Annotated[list[str | Count], Field(min_length=3, max_length=3)]
"""A task, the one that was completed right after it, and how often."""
Status = Literal["pending", "in_progress", "completed", "failed", "blocked", "skipped"]


class Task(Original):
    """One task: `subtasks[id]`."""

    task_id: str | None = None
    description: str = ""
    actor: str = ""
    status: Status = "pending"
    priority: float = 1.0
    estimated_reward: float = 0.5
    confidence: float = 0.5
    attempts: Count = 0
    max_attempts: Count = 3
    progress: float = 0.0
    depends_on: list[str] = []
    blocks: list[str] = []
    started_at: Time | None = None
    completed_at: Time | None = None
    estimated_duration: float | None = 60.0
    intermediary_values: dict[str, Any] | None = None
    predicted_next_task: str | None = None
    predicted_duration: float | None = None
    predicted_reward: float | None = None
    failure_reasons: list[str] = []
    result: Any = None
    error: str | None = None
    reward: float | None = None


class TodoFile(Original):
    """What else stands in the file of a task list; how far it is follows from the tasks.

    From `opened_at` on it is what the original leaves out.
    """

    root_task: str | None = ""
    todo_id: str | None = None
    execution_order: list[str] = []
    completed_tasks: list[str] = []
    failed_tasks: list[str] = []
    current_task_id: str | None = None
    estimated_remaining_steps: Any = None
    completion_probability: Any = None
    checkpoints: list[dict[str, Any]] = []
    opened_at: Time | None = None
    marks: list[Mark] = []
    transitions: list[Transition] = []
    risk_factors: list[str] = []
    timestamp: Time | None = None
