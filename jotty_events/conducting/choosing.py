"""Choosing an approach by what was learned, epsilon-greedily.

Invariants: two numbers are drawn for every choice, used or not, so that the draws of a run depend on nothing but its
seed. What failed in this episode is not tried again before everything else was.
"""

from ..config import AgentConfig
from ..events import Candidate
from ..rules import q_learning
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
        self.epsilon, self.draw, self.pick = epsilon, draw, pick
        self.candidates = [self._candidate(learners, one, tried) for one in actor.approaches]
        self.approach: str | None = None
        self.explored = False
        self.action: Json = {"actor": actor.name}
        if self.candidates:
            self._take([one for one in self.candidates if not one.tried])
            self.action = {"approach": self.approach}
        self.q = learners.q.estimate(state, self.action).value

    def _candidate(self, learners: Learners, approach: str, tried: list[str | None]) -> Candidate:
        known = learners.q.estimate(self.state, {"approach": approach})
        return Candidate(approach=approach, q=known.value, nth=known.nth, tried=approach in tried)

    def _take(self, open_to: list[Candidate]) -> None:
        choice = q_learning.choose([one.q for one in open_to], epsilon=self.epsilon, draw=self.draw, pick=self.pick)
        self.approach = open_to[choice.index].approach
        self.explored = choice.explored
