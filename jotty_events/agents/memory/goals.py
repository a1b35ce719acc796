"""Goals as the learners see them: which are related, and what a value for one says about another."""

from collections.abc import Sequence

from projections.goals import Goal
from projections.memory import MemoryEntry

from ...config import JottyConfig
from ...events import GoalAdded, GoalScored
from ...rules.memory import goals
from ...session import Session, Transaction
from ...types import Json


class GoalReader:
    """One owner's goal hierarchy."""

    def __init__(self, session: Session, owner: str, config: JottyConfig) -> None:
        self._session = session
        self._owner = owner
        self._config = config

    def value(self, entry: MemoryEntry, goal: str, weight: float | None = None) -> goals.ValueRead:
        """Return V(goal) of an entry: its own, else the default mixed with those of related goals (RULES R2).

        `weight` in [0, 1] is what related goals count together; as configured where it is not given.
        """
        own = entry.goal_values.get(goal)
        others = [] if own is not None else self.related_values(entry, goal)
        return goals.value_with_transfer(
            None if own is None else own.value,
            entry.default_value,
            others=[(similarity, value) for _, similarity, value in others],
            weight=self._config.goal_transfer_weight if weight is None else weight,
            version=self._session.rules,
        )

    def related_values(self, entry: MemoryEntry, goal: str) -> list[tuple[str, float, float]]:
        """Return (goal, similarity, value) of the related goals that an entry has a value for, nearest first."""
        nodes = self._session.view("goals").of(self._owner)
        node = nodes.get(goals.goal_id(goal)) if self._config.enable_goal_hierarchy else None
        if node is None:
            return []
        # Only goals that the entry knows can matter, and of these the newest: the cost must not grow with all goals.
        most = goals.goals_considered(self._session.rules)
        newest = entry.newest_goals(len(entry.goal_values) if most is None else most)
        known = {goals.goal_id(one.goal): one.value for one in newest}
        others = sorted((nodes[one] for one in known if one in nodes), key=lambda one: one.nth)
        found = goals.related(node, others)[: goals.transfers(self._session.rules)]
        return [(one.goal, near, known[one.goal_id]) for one, near in found]

    def related(self, goal_id: str) -> list[tuple[Goal, float]]:
        """Return all related goals of one, by its id, and how similar they are, nearest first (RULES R3)."""
        nodes = self._session.view("goals").of(self._owner)
        node = nodes.get(goal_id)
        return [] if node is None else goals.related(node, nodes.entries())

    def require(self, commit: Transaction, goal: str, domain: str, context: Json, task_type: str = "") -> None:
        """Add the goal that a memory was stored for, unless it is there.

        A goal without a name is none; in version 1 it is one like any other, and one that is there counts once more.
        """
        if self._session.rules < 2:
            if self._config.enable_goal_hierarchy:
                self._meet(commit, goal, domain, self._operation(context, task_type), goals.entities_of(context))
        elif goal and self._node(goal) is None:
            self.add(commit, goal, domain, self._operation(context, task_type), goals.entities_of(context))

    def know(self, commit: Transaction, goal: str, domain: str) -> None:
        """Add a goal that something is tried for, unless it is there or has no name."""
        if goal and self._node(goal) is None:
            self.add(commit, goal, domain, goals.GENERAL, [])

    def _operation(self, context: Json, task_type: str) -> str:
        return goals.operation_of(context, task_type or goals.GENERAL, self._session.rules)

    def _node(self, goal: str) -> Goal | None:
        found: Goal | None = self._session.view("goals").of(self._owner).get(goals.goal_id(goal))
        return found

    def _meet(self, commit: Transaction, goal: str, domain: str, operation: str, entities: Sequence[str]) -> None:
        """Add a goal, or note that it came up again (RULES R3)."""
        if self._node(goal) is None:
            self.add(commit, goal, domain, operation, entities)
        else:
            self.score(commit, goal, None)

    def add(
        self,
        commit: Transaction,
        goal: str,
        domain: str,
        operation: str,
        entities: Sequence[str],
        parent: str | None = None,
    ) -> None:
        """Add a goal that is not there, below the parent that was given or one that fits."""
        state = self._session.view("goals")
        fits = goals.parent_of(domain, state.of(self._owner).entries()) if parent is None else parent
        commit.add(
            GoalAdded(
                **self._session.provenance,
                owner=self._owner,
                goal=goal,
                domain=domain,
                operation_type=operation,
                entities=list(entities),
                given=parent,
                goal_id=goals.goal_id(goal),
                parent=fits,
                nth=state.next_nth,
            )
        )

    def score(self, commit: Transaction, goal: str, success: bool | None) -> None:
        """Note whether an episode reached its goal, or (None) that the goal came up again."""
        node = self._node(goal)
        if node is None:
            return
        episodes, rate = goals.scored(node.episode_count, node.success_rate, success)
        commit.add(
            GoalScored(
                **self._session.provenance,
                owner=self._owner,
                goal=goal,
                goal_id=node.goal_id,
                success=success,
                episode_count=episodes,
                success_rate_before=node.success_rate,
                success_rate=rate,
            )
        )
