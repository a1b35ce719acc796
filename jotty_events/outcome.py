"""What passes between a conductor and an agent: the task, the outcome, and what became of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from .errors import ConfigError

_TRUTHS = ("bool", "bool_")
"""Names of the types that say true or false: Python's own, and those of numpy, whose comparisons agents return."""


@dataclass(frozen=True)
class Outcome:
    """What an agent returns. `reward` is in [0, 1] and follows from `success` if not given.

    `error` says why it failed, `lesson` what to remember of it; `output` is passed on and never recorded.
    """

    success: bool
    reward: float | None = None
    output: Any = None
    error: str | None = None
    lesson: str | None = None


@dataclass(frozen=True)
class MemoryNote:
    """A memory in an attempt's context, and its value for the goal."""

    owner: str
    level: str
    key: str
    content: str
    value: float


@dataclass(frozen=True)
class Attempt:
    """One try of an actor. `outcome`: succeeded, failed, raised, timed_out, rejected or cancelled; `duration` in s."""

    actor: str
    attempt: int
    approach: str | None
    outcome: str
    success: bool
    reward: float
    error: str | None
    explored: bool
    q: float
    duration: float


@dataclass(frozen=True)
class Task:
    """What an agent is asked to do.

    `learned_context` is text for a prompt; `memories` are what it was made of. `attempt` counts from 1 within the
    episode. `inputs` are the outputs of the actors it depends on, by name; `previous` are its failed attempts so far.
    """

    goal: str
    actor: str
    approach: str | None
    attempt: int
    learned_context: str
    memories: list[MemoryNote] = field(default_factory=list)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    previous: list[Attempt] = field(default_factory=list)
    episode: int = 0


@dataclass(frozen=True)
class RunResult:
    """What became of one goal. `learned` says in words which values and memories changed.

    `choice` is the approach of the last attempt, `first_choice` that of the first, `output` and `learned_context` those
    of the last actor; `outputs` has every actor's. `run_id` is None in mode DISABLED, which writes no run.
    """

    run_id: str | None
    episode: int
    goal: str
    success: bool
    reward: float
    attempts: list[Attempt]
    output: Any
    outputs: Mapping[str, Any]
    learned_context: str
    learned: list[str]

    @property
    def choice(self) -> str | None:
        """The approach of the last attempt."""
        return self.attempts[-1].approach if self.attempts else None

    @property
    def first_choice(self) -> str | None:
        """The approach of the first attempt."""
        return self.attempts[0].approach if self.attempts else None

    @property
    def error(self) -> str | None:
        """Why the last attempt failed, None if it succeeded."""
        return self.attempts[-1].error if self.attempts else None


def why_unusable(outcome: object) -> str | None:
    """Return what is wrong with what an agent returned, None if it can be learned from."""
    if not isinstance(outcome, Outcome):
        return f"the agent returned {type(outcome).__name__}, not an Outcome"
    if type(outcome.success).__name__ not in _TRUTHS:
        return f"success is {outcome.success!r:.80}, not true or false"
    for name in ("error", "lesson"):
        value = getattr(outcome, name)
        if value is not None and not isinstance(value, str):
            return f"{name} is {type(value).__name__}, not text"
    return None if outcome.reward is None else why_no_reward(outcome.reward)


def why_no_reward(reward: object) -> str | None:
    """Return why a reward cannot be learned from, None if it can: it is a finite number in [0, 1]."""
    return why_no_share(reward, "the reward")


def why_no_share(share: object, what: str) -> str | None:
    """Return why something is no finite number in [0, 1], None if it is one."""
    if isinstance(share, bool) or not isinstance(share, Real):
        return f"{what} is {type(share).__name__}, not a number"
    number: Any = share  # of whatever kind: a float could not hold it if it is huge
    return None if 0.0 <= number <= 1.0 else f"{what} is {number!s:.40}, not in [0, 1]"


def usable_reward(reward: float) -> float:
    """Return a reward as a plain float; ConfigError if it cannot be learned from."""
    wrong = why_no_reward(reward)
    if wrong is not None:
        raise ConfigError(wrong, hint="scale rewards to [0, 1] first")
    return float(reward)


def reward_of(outcome: Outcome) -> float:
    """Return the reward of a usable outcome."""
    return float(outcome.success) if outcome.reward is None else float(outcome.reward)
