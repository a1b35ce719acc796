"""Goals as the learners see them: which are related, and what a value for one says about another."""

from projections.memory import MemoryEntry

from ..config import JottyConfig
from ..events import GoalAdded, GoalScored
from ..rules import goals
from ..session import Session, Transaction
from ..types import Json

GOALS_CONSIDERED = 50
"""Of the goals that an entry has values for, so many are looked at: the newest."""

TRANSFERS = 10
"""A change is carried over to at most so many related goals: the most similar ones."""


class GoalReader:
    """One owner's goal hierarchy."""

    def __init__(self, session: Session, owner: str, config: JottyConfig) -> None:
        self._session = session
        self._owner = owner
        self._config = config

    def value(self, entry: MemoryEntry, goal: str) -> goals.ValueRead:
        """Return V(goal) of an entry: its own, else the default mixed with those of related goals (RULES R2)."""
        own = entry.goal_values.get(goal)
        others = [] if own is not None else self.related_values(entry, goal)
        return goals.value_with_transfer(
            None if own is None else own.value,
            entry.default_value,
            others=[(similarity, value) for _, similarity, value in others],
            weight=self._config.goal_transfer_weight,
        )

    def related_values(self, entry: MemoryEntry, goal: str) -> list[tuple[str, float, float]]:
        """Return (goal, similarity, value) of the related goals that an entry has a value for, nearest first."""
        nodes = self._session.view("goals")[self._owner]
        node = nodes.get(goals.goal_id(goal)) if self._config.enable_goal_hierarchy else None
        if node is None:
            return []
        # Only goals that the entry knows can matter, and of these the newest: the cost must not grow with all goals.
        known = {goals.goal_id(one.goal): one.value for one in entry.newest_goals(GOALS_CONSIDERED)}
        others = sorted((nodes[one] for one in known if one in nodes), key=lambda one: one.nth)
        return [(one.goal, near, known[one.goal_id]) for one, near in goals.related(node, others)][:TRANSFERS]

    def require(self, commit: Transaction, goal: str, domain: str, context: Json) -> None:
        """Add a goal to the hierarchy, unless it is there or has no name."""
        state = self._session.view("goals")
        goal_id = goals.goal_id(goal)
        if not goal or goal_id in state[self._owner]:
            return
        entities = context.get("entities")
        commit.add(
            GoalAdded(
                **self._session.provenance,
                owner=self._owner,
                goal=goal,
                domain=domain,
                operation_type=str(context.get("operation_type") or goals.GENERAL),
                entities=[str(one) for one in entities] if isinstance(entities, list) else [],
                goal_id=goal_id,
                parent=goals.parent_of(domain, state[self._owner].entries()),
                nth=state.next_nth,
            )
        )

    def score(self, commit: Transaction, goal: str, success: bool) -> None:
        """Note whether an episode reached its goal."""
        node = self._session.view("goals")[self._owner].get(goals.goal_id(goal))
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
