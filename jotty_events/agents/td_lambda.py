"""TD(lambda): a trajectory of accessed memories, and what they were worth when it ended."""

import time
from collections.abc import Iterator, Mapping
from math import isfinite
from random import Random

from projections.memory import MemoryEntry

from ..config import JottyConfig
from ..errors import ConfigError
from ..events import TrajectoryEnded, ValueUpdated
from ..outcome import usable_reward
from ..rules import recall, td_lambda
from ..rules.goals import ValueRead
from ..session import Session, Transaction, undisturbed
from ..types import Clock
from .alone import alone
from .goals import GoalReader

Name = tuple[str, str, str]
"""Owner, level and key of an entry."""

HIGH, LOW, SHOWN = 0.7, 0.3, 5


class TDLambdaLearner:
    """Learns the values of memories from the rewards that followed their use."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock and these random draws."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng)
        self.start_episode("")

    @property
    def alpha(self) -> float:
        """The learning rate: adapted, or as configured."""
        learned = self._session.view("memory").parameter("alpha")
        return self.config.alpha if learned is None else float(learned)

    def start_episode(self, goal: str) -> None:
        """Begin a trajectory towards a goal."""
        self.goal = goal
        self.traces: dict[Name, float] = {}
        self.values_at_access: dict[Name, ValueRead] = {}
        self._accessed: list[Name] = []
        self._read_at: list[int] = []
        self._step_rewards: list[float] = []

    @undisturbed
    def record_access(self, entry: MemoryEntry, step_reward: float = 0.0) -> float:
        """Note that an entry was used on the way, and a reward for that step; returns its trace.

        ConfigError for a reward that is not finite.
        """
        if not isfinite(step_reward):
            raise ConfigError(f"the reward of a step is {step_reward}", hint="steps are worth finite numbers")
        name = (entry.owner, entry.level, entry.key)
        self.values_at_access[name] = self._goals(entry.owner).value(entry, self.goal)
        self.traces = td_lambda.access(
            self.traces, name, gamma=self.config.gamma, lambda_trace=self.config.lambda_trace
        )
        self._accessed.append(name)
        self._read_at.append(self._session.seq)
        if step_reward:
            self._step_rewards.append(float(step_reward))
        return self.traces[name]

    def _goals(self, owner: str) -> GoalReader:
        return GoalReader(self._session, owner, self.config)

    def end_episode(self, final_reward: float, success: bool | None = None) -> list[tuple[Name, float, float]]:
        """End the trajectory with a reward in [0, 1]: returns (entry, value before, value after) of each update.

        `success` is kept beside the reward, where it is known. ConfigError for another reward; the trajectory then
        goes on.
        """
        reward = usable_reward(final_reward)
        with self._session.transaction() as commit:
            ended = self._ended(commit, reward, success)
            commit.add(ended)
            updates = list(self._updates(commit, ended))
        self.start_episode(self.goal)
        return updates

    def _ended(self, commit: Transaction, final_reward: float, success: bool | None) -> TrajectoryEnded:
        return TrajectoryEnded(
            **self._session.provenance,
            goal=self.goal,
            final_reward=final_reward,
            success=success,
            step_rewards=self._step_rewards,
            owners=[owner for owner, _, _ in self._accessed],
            levels=[level for _, level, _ in self._accessed],
            keys=[key for _, _, key in self._accessed],
            now=commit.now,
            read_at=self._read_at,
            gamma=self.config.gamma,
            lambda_trace=self.config.lambda_trace,
            alpha=self.alpha,
            return_=td_lambda.discounted_return(final_reward, self._step_rewards, self.config.gamma),
        )

    def _updates(self, commit: Transaction, ended: TrajectoryEnded) -> Iterator[tuple[Name, float, float]]:
        state = self._session.view("memory")
        for (owner, level, key), trace in self.traces.items():
            entry = state[owner][level].get(key)
            if entry is None:
                continue  # it was let go since it was accessed: there is nothing left to value
            before = self.values_at_access[owner, level, key]
            update = self._update(commit, entry, before, trace, ended)
            related = self._goals(owner).related_values(entry, self.goal)
            commit.add(update)
            yield (owner, level, key), update.before, update.after
            for goal, similarity, value in related:
                commit.add(self._transfer(commit, entry, goal, similarity, value, update))

    def _update(
        self, commit: Transaction, entry: MemoryEntry, before: ValueRead, trace: float, ended: TrajectoryEnded
    ) -> ValueUpdated:
        def moved(value: float) -> float:
            return td_lambda.conclude_value(before=value, alpha=ended.alpha, return_=ended.return_, trace=trace)

        own = entry.goal_values.get(self.goal)
        return ValueUpdated(
            **self._session.provenance,
            owner=entry.owner,
            level=entry.level,
            key=entry.key,
            goal=self.goal,
            cause="td",
            now=commit.now,
            return_=ended.return_,
            before=before.value,
            before_from=before.source,
            default_before=entry.default_value,
            alpha=ended.alpha,
            trace=trace,
            source_goal=None,
            source_delta=None,
            similarity=None,
            weight=None,
            td_error=ended.return_ - before.value,
            after=moved(before.value),
            default_after=moved(entry.default_value),
            access_count=1 if own is None else own.access_count + 1,
            nth=entry.nth,
            goal_nth=self._session.view("memory").next_goal_nth if own is None else own.nth,
        )

    def _transfer(
        self,
        commit: Transaction,
        entry: MemoryEntry,
        goal: str,
        similarity: float,
        before: float,
        source: ValueUpdated,
    ) -> ValueUpdated:
        """Carry a change over to a related goal (RULES R4, M5)."""
        weight, discount = self.config.goal_transfer_weight, self.config.goal_transfer_discount
        delta = source.after - source.before
        own = entry.goal_values[goal]
        return ValueUpdated(
            **self._session.provenance,
            owner=entry.owner,
            level=entry.level,
            key=entry.key,
            goal=goal,
            cause="transfer",
            now=commit.now,
            return_=None,
            before=before,
            before_from="goal",
            default_before=entry.default_value,
            alpha=None,
            trace=None,
            source_goal=self.goal,
            source_delta=delta,
            similarity=similarity,
            weight=weight * discount,
            td_error=None,
            after=td_lambda.transfer(
                before=before, delta=delta, similarity=similarity, weight=weight, discount=discount
            ),
            default_after=entry.default_value,
            access_count=own.access_count,
            nth=entry.nth,
            goal_nth=own.nth,
        )

    @undisturbed
    def get_learned_context(self, memories: Mapping[str, Mapping[str, MemoryEntry]], goal: str) -> str:
        """Return which memories proved valuable for a goal, and which did not, as text for a prompt (M7)."""
        entries = [entry for level in memories.values() for entry in level.values()]
        valued = [(self._goals(entry.owner).value(entry, goal).value, entry) for entry in entries]
        valued.sort(key=lambda pair: (-pair[0], pair[1].nth))
        high = [recall.item_line(entry.content, value) for value, entry in valued if value > HIGH]
        low = [recall.item_line(entry.content, value) for value, entry in reversed(valued) if value < LOW]
        sections = (("High-value memories", high[:SHOWN]), ("Low-value memories", low[:SHOWN]))
        return "\n\n".join(f"## {title}:\n" + "\n".join(lines) for title, lines in sections if lines)
