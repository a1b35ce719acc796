"""The goal hierarchy of one owner, as a class of its own: goals are added, and related ones are found."""

import time
from collections.abc import Sequence
from random import Random
from typing import Any

from projections.goals import Goal
from projections.view import TableView

from ...config import JottyConfig
from ...errors import ConfigError
from ...rules.memory import goals
from ...session import Session, undisturbed
from ...types import SHARED, Clock
from ...values import text
from ..alone import alone
from .goals import GoalReader
from .portrait import goals_as_dict


class GoalHierarchy:
    """Goals by their id, each below a more general one where there is one."""

    def __init__(
        self,
        agent_name: str = SHARED,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock and these random draws."""
        self.agent_name = agent_name
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng)
        self._goals = GoalReader(self._session, agent_name, self.config)

    @property
    def nodes(self) -> TableView[str, Goal]:
        """Goals by id, in the order of insertion."""
        found: TableView[str, Goal] = self._session.view("goals").of(self.agent_name)
        return found

    def __len__(self) -> int:
        return len(self.nodes)

    def add_goal(
        self,
        goal_text: str,
        domain: str = goals.GENERAL,
        operation_type: str = "query",
        entities: Sequence[str] | None = None,
        parent_id: str | None = None,
    ) -> str:
        """Add a goal below `parent_id`, or below one that fits; return its id (RULES R3).

        A goal that is there stays as it is; in version 1 it counts one more episode. ConfigError for what is no text.
        """
        said = [domain, operation_type, *(entities or ())]
        if not all(isinstance(one, str) for one in [goal_text, *said]):
            raise ConfigError("a goal, its domain, its operation and its entities are text", hint="use str(...)")
        goal, found = text(goal_text, "the goal"), goals.goal_id(goal_text)
        with self._session.transaction() as commit:
            if found not in self.nodes:
                self._goals.add(commit, goal, domain, operation_type, entities or (), parent_id)
            elif self._session.rules < 2:
                self._goals.score(commit, goal, None)
        return found

    @undisturbed
    def get_related_goals(self, goal_id: str, max_distance: int = 2) -> list[tuple[str, float]]:
        """Return the ids of related goals and their similarity, the nearest first; none for an unknown goal.

        `max_distance` has no effect, as in the original (RULES R3).
        """
        return [(goal.goal_id, near) for goal, near in self._goals.related(goal_id)]

    @undisturbed
    def similarity(self, one_id: str, other_id: str) -> float:
        """Return how similar two goals are, in [0, 1] (RULES R3). ConfigError for an id that is not there."""
        return goals.goal_similarity(self._required(one_id), self._required(other_id))

    def _required(self, goal_id: str) -> Goal:
        node = self.nodes.get(goal_id)
        if node is None:
            raise ConfigError(f"there is no goal {goal_id!r:.60}", hint="add_goal returns a goal's id")
        return node

    @undisturbed
    def to_dict(self) -> dict[str, Any]:
        """Return all goals as JSON values, in the original's form."""
        return goals_as_dict(self.nodes)
