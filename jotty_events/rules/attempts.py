"""Attempts and episodes: by what texts an attempt is known, which approach it takes, and what an episode comes to.

Invariants: a choice follows from the candidates and two draws alone; a sum does not depend on the version of Python.
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple, Protocol

from .q.learning import choose
from .words.text_form import describe_action, describe_state


class Open(Protocol):
    """An approach that could be taken, its value, and whether it failed already and must wait for the others."""

    @property
    def approach(self) -> str: ...
    @property
    def q(self) -> float: ...
    @property
    def tried(self) -> bool: ...


class Result(Protocol):
    """What became of one actor: the reward of its last attempt, 0.0 if it made none."""

    @property
    def success(self) -> bool: ...
    @property
    def reward(self) -> float: ...


class Taken(NamedTuple):
    """The approach of an attempt, None for an actor that has none, and whether it was taken to explore."""

    approach: str | None
    explored: bool


def state_of(goal: str, actor: str) -> dict[str, str]:
    """Return the state in which an actor takes up a goal."""
    return {"goal": goal, "actor": actor}


def action_of(approach: str | None, actor: str) -> dict[str, str]:
    """Return the action of an attempt: the approach, or the actor itself where it has none."""
    return {"actor": actor} if approach is None else {"approach": approach}


def described(goal: str, actor: str, *, version: int = 2) -> str:
    """Return the text of the state in which an actor takes up a goal; version 1 knows neither of the two (M8)."""
    return describe_state(state_of(goal, actor), version=version)


def described_action(approach: str | None, actor: str) -> str:
    """Return the text of the action of an attempt."""
    return describe_action(action_of(approach, actor))


def take(candidates: Sequence[Open], *, epsilon: float, draw: float, pick: float) -> Taken:
    """Choose epsilon-greedily among the candidates that were not tried; ValueError if all were."""
    if not candidates:
        return Taken(None, False)
    fresh = [one for one in candidates if not one.tried]
    choice = choose([one.q for one in fresh], epsilon=epsilon, draw=draw, pick=pick)
    return Taken(fresh[choice.index].approach, choice.explored)


def succeeded(results: Sequence[Result]) -> bool:
    """Say whether every actor succeeded."""
    return all(one.success for one in results)


def episode_reward(results: Sequence[Result]) -> float:
    """Return the mean of the actors' rewards; ValueError if there is no actor."""
    if not results:
        raise ValueError("an episode without an actor has no reward")
    return fsum(one.reward for one in results) / len(results)
