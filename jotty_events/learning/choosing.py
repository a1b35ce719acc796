"""Choosing an approach by what was learned, epsilon-greedily.

Invariants: two numbers are drawn for every choice, used or not, so that the draws of a run depend on nothing but its
seed. What failed in this episode is not tried again before everything else was.
"""

from ..config import AgentConfig
from ..events import Candidate
from ..rules import attempts
from ..types import Json
from .learners import Learners


class Choosing:
    """The choice of an approach: what it was made from, and what came of it."""

    def __init__(
        self,
        actor: AgentConfig,
        number: int,
        state: Json,
        learners: Learners,
        tried: list[str | None],
        epsilon: float,
        draw: float,
        pick: float,
    ) -> None:
        self.actor, self.number, self.state = actor, number, state
        self.described = learners.q.describe_state(state)
        self.epsilon, self.draw, self.pick = epsilon, draw, pick
        self.candidates = [self._candidate(learners, one, tried) for one in actor.approaches]
        self.approach, self.explored = attempts.take(self.candidates, epsilon=epsilon, draw=draw, pick=pick)
        self.action: Json = attempts.action_of(self.approach, actor.name)
        self.q = learners.q.estimate(self.described, self.action).value

    def _candidate(self, learners: Learners, approach: str, tried: list[str | None]) -> Candidate:
        known = learners.q.estimate(self.described, {"approach": approach})
        return Candidate(approach=approach, q=known.value, nth=known.nth, tried=approach in tried)


def in_this_round(tried: list[str | None], approaches: int) -> list[str | None]:
    """Return what was tried since all approaches had been: each comes once in a round."""
    return tried[len(tried) - len(tried) % max(1, approaches) :]
