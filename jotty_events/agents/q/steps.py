"""One step that Q-learning learns from: as texts, and as what those were made of.

Invariants: a text follows from what is recorded beside it, by the version of the rules that the run learns by. A step
that exists can be learned from: its reward is a finite number, in version 2 one in [0, 1].
"""

from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any, Protocol

from ...errors import ConfigError
from ...outcome import usable_reward
from ...rules.words.text_form import describe_action, describe_state
from ...types import Json
from ...values import json_object, text

Described = str | Mapping[str, Any]
"""A state or an action: what it is made of, or its text."""


class Taken(Protocol):
    """A step that was taken: what an update learns from."""

    @property
    def state(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def reward(self) -> float: ...
    @property
    def next_state(self) -> str | None: ...
    @property
    def done(self) -> bool: ...


class Given(Taken, Protocol):
    """A step as it was given: with what its texts were made of."""

    @property
    def state_data(self) -> Json: ...
    @property
    def action_data(self) -> Json: ...
    @property
    def next_state_data(self) -> Json | None: ...


class Step:
    """A step as it is given to a learner, read by one version of the rules."""

    def __init__(
        self,
        state: Described,
        action: Described,
        reward: float,
        next_state: Described | None,
        done: bool,
        *,
        version: int,
    ) -> None:
        """ConfigError for what is no state, action or reward; InvalidEvent for what no JSON object can hold."""
        self.state, self.state_data = state_text(state, version), _data(state)
        self.action, self.action_data = action_text(action, version), _data(action)
        # An empty next state is none, as in the original (RULES R1).
        self.next_state = state_text(next_state, version) if next_state else None
        self.next_state_data = _data(next_state) if next_state else None
        self.reward = usable(reward, version)
        self.done = bool(done)


def state_text(described: Described, version: int) -> str:
    """Return the text of a state; ConfigError for what is none, and for what crashes version 1 (M17)."""
    given = _given(described)
    if given is not None:
        return given
    try:
        return describe_state(_data(described), version=version)
    except TypeError as error:
        raise ConfigError(f"version 1 has no text for a state: {error}", hint="name the tool, or learn by 2") from error


def action_text(described: Described, version: int) -> str:
    """Return the text of an action; ConfigError for what is none."""
    given = _given(described)
    return describe_action(_data(described), version=version) if given is None else given


def _given(described: Described) -> str | None:
    """Return what is a text already, None for an object; ConfigError for anything else."""
    if isinstance(described, str):
        return text(described, "a state or an action")
    if not isinstance(described, Mapping):
        raise ConfigError(f"{described!r:.60} is no state or action", hint="a mapping or a text says what it is")
    return None


def _data(described: Described) -> Json:
    """Return what a text is made of as it will be recorded: the text must follow from the record, too."""
    return {} if isinstance(described, str) else json_object(dict(described), "a state or an action")


def usable(reward: float, version: int) -> float:
    """Return a reward that can be learned from; ConfigError for one outside [0, 1], in version 1 for no number (M16).

    Version 1 learns from any finite number, as the original does, but never from one that is not.
    """
    if version >= 2:
        return usable_reward(reward)
    if isinstance(reward, bool) or not isinstance(reward, Real) or not isfinite(reward):
        raise ConfigError(f"the reward is {reward!r:.40}", hint="only finite numbers can be learned from")
    return float(reward)
