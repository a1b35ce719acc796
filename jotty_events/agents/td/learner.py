"""TD(lambda): a trajectory of accessed memories, and what they were worth when it ended."""

import time
from collections.abc import Iterator, Mapping
from enum import Enum
from math import isfinite
from random import Random
from typing import Final, TypeAlias

from projections.memory import MemoryEntry

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import TrajectoryEnded, ValueUpdated
from ...outcome import usable_reward
from ...rules.memory import entries as memory_rules
from ...rules.memory import values_in_words
from ...rules.memory.goals import ValueRead
from ...rules.td import step_rewards, td_lambda
from ...session import Session, Transaction, undisturbed
from ...types import LEVELS, Clock
from ..alone import alone
from ..memory.goal_hierarchy import GoalHierarchy
from ..memory.goals import GoalReader
from ..memory.hierarchical_memory import HierarchicalMemory
from ..model import Ask
from .adaptive_alpha import AdaptiveLearningRate
from .carrying import Carrying
from .trajectory import Name, Trajectory, name_of

Memories: TypeAlias = Mapping[str, MemoryEntry] | Mapping[str, Mapping[str, MemoryEntry]]
"""Entries by key, or by level and key."""


class _Own(Enum):
    HIERARCHY = "each owner's own"


OWN: Final = _Own.HIERARCHY


class TDLambdaLearner:
    """Learns the values of memories from the rewards that followed their use."""

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        adaptive_lr: AdaptiveLearningRate | None = None,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model.

        `adaptive_lr` adapts alpha; where the configuration enables that, there is one without being given.
        """
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)
        adapts = adaptive_lr is None and self.config.enable_adaptive_alpha
        self.adaptive_lr = AdaptiveLearningRate(self.config, self._session) if adapts else adaptive_lr
        self.start_episode("")

    @property
    def alpha(self) -> float:
        """The learning rate: adapted, or as configured."""
        return self.adaptive_lr.alpha if self.adaptive_lr and self.config.enable_adaptive_alpha else self.config.alpha

    @property
    def goal(self) -> str:
        """The goal of the trajectory."""
        return self._way.goal

    @property
    def traces(self) -> dict[Name, float]:
        """How much each entry still counts, by owner, level and key, in the order of access."""
        return self._way.traces

    @property
    def values_at_access(self) -> dict[Name, ValueRead]:
        """The value of each entry as it was read at its latest access."""
        return self._way.values

    @property
    def access_sequence(self) -> list[Name]:
        """The entries that were accessed, each once."""
        return list(dict.fromkeys(self._way.accessed))

    @property
    def step_rewards(self) -> list[float]:
        """The rewards on the way so far."""
        return list(self._way.step_rewards)

    def start_episode(self, goal: str) -> None:
        """Begin a trajectory towards a goal."""
        self._way = Trajectory(goal)

    @undisturbed
    def record_access(self, entry: MemoryEntry, step_reward: float = 0.0) -> float:
        """Note that an entry was used on the way, and a reward for that step; returns its trace.

        ConfigError for a reward that is not finite.
        """
        if not isfinite(step_reward):
            raise ConfigError(f"the reward of a step is {step_reward}", hint="steps are worth finite numbers")
        way, name = self._way, name_of(entry)
        way.values[name] = self._read(entry)
        way.traces = td_lambda.access(
            way.traces,
            name,
            gamma=self.config.gamma,
            lambda_trace=self.config.lambda_trace,
            version=self._session.rules,
        )
        way.accessed.append(name)
        way.read_at.append(self._session.seq)
        if step_reward:
            way.step_rewards.append(float(step_reward))
        return way.traces[name]

    def _read(self, entry: MemoryEntry) -> ValueRead:
        if self._session.rules >= 2:
            return GoalReader(self._session, entry.owner, self.config).value(entry, self.goal)
        own = entry.goal_values.get(self.goal)
        return td_lambda.value_at_access(None if own is None else own.value, entry.default_value)

    def record_access_from_hierarchical_memory(
        self,
        memory: HierarchicalMemory,
        domain: str,
        task_type: str,
        content: str,
        level: str,
        step_reward: float = 0.0,
    ) -> float:
        """Note that a content was used on the way; one that is not known is stored first. Returns its trace."""
        key = memory_rules.memory_key(domain, task_type, memory_rules.content_hash(content), self._session.rules)
        levels = [level, *(one for one in LEVELS if one != level)]
        entry = next((memory.memories[one][key] for one in levels if key in memory.memories[one]), None)
        if entry is None:
            named = {"domain": domain, "task_type": task_type}
            goal = self.goal or memory_rules.GENERAL
            entry = memory.store(content, "episodic", named, goal, domain=domain, task_type=task_type)
        return 0.0 if entry is None else self.record_access(entry, step_reward)

    # Rewards on the way.

    def reward_architect_proceed(self, confidence: float) -> float:
        """Count a step for going on with some confidence, and return its reward."""
        return self._step(step_rewards.proceeding(confidence, self.config.architect_proceed_reward))

    def reward_tool_success(self, tool_name: str, success: bool) -> float:
        """Count a step for the use of a tool, and return its reward."""
        return self._step(step_rewards.tool_used(success, self.config.tool_success_reward))

    def reward_partial_completion(self, completion_fraction: float) -> float:
        """Count a step for what is done of the task, and return its reward."""
        return self._step(step_rewards.partly_done(completion_fraction))

    def _step(self, reward: float) -> float:
        if not self.config.enable_intermediate_rewards:
            return 0.0
        if not isfinite(reward):
            raise ConfigError(f"the reward of a step is {reward}", hint="steps are worth finite numbers")
        self._way.step_rewards.append(reward)
        return reward

    # The end.

    def end_episode(
        self,
        final_reward: float,
        memories: Mapping[str, MemoryEntry] | None = None,
        goal_hierarchy: GoalHierarchy | _Own | None = OWN,
        *,
        success: bool | None = None,
    ) -> list[tuple[Name, float, float]]:
        """End the trajectory with a reward in [0, 1]: returns (entry, value before, value after) of each update.

        With `memories` only those are valued. Changes are carried over to related goals of each owner's own hierarchy;
        without a `goal_hierarchy` (None) they are not. `success` is kept beside the reward, where it is known.
        ConfigError for another reward; the trajectory then goes on. Version 1 takes any finite reward, and its
        trajectory goes on until another is started.
        """
        reward = self._usable(final_reward)
        among = None if memories is None else self._way.among({name_of(one) for one in memories.values()})
        with self._session.transaction() as commit:
            alpha = self.config.alpha if self.adaptive_lr is None else self.adaptive_lr.get_adapted_alpha()
            ended = self._ended(commit, reward, success, alpha, among, goal_hierarchy is not None)
            commit.add(ended)
            updates = list(self._updates(commit, ended))
            self._adapt(updates, success)
        if self._session.rules >= 2:
            self.start_episode(self.goal)
        return [(name_of(one), one.before, one.after) for one in updates]

    def end_episode_with_hierarchical_memory(
        self,
        memory: HierarchicalMemory,
        domain: str,
        goal: str,
        final_reward: float,
        goal_hierarchy: GoalHierarchy | _Own | None = OWN,
        *,
        success: bool | None = None,
    ) -> list[tuple[Name, float, float]]:
        """End the trajectory for the entries of one memory; `domain` has no effect, as in the original.

        ConfigError for another goal than that of the trajectory.
        """
        if goal != self.goal:
            raise ConfigError(f"the trajectory is towards {self.goal!r:.60}", hint="start_episode names its goal")
        entries = {entry.key: entry for level in memory.memories.values() for entry in level.entries()}
        return self.end_episode(final_reward, entries, goal_hierarchy, success=success)

    def _usable(self, reward: float) -> float:
        if self._session.rules >= 2:
            return usable_reward(reward)
        if not isfinite(reward):
            raise ConfigError(f"the reward is {reward}", hint="rewards are finite numbers")
        return float(reward)

    def _ended(
        self,
        commit: Transaction,
        final_reward: float,
        success: bool | None,
        alpha: float,
        among: list[int] | None,
        carried: bool,
    ) -> TrajectoryEnded:
        way, gamma = self._way, self.config.gamma
        return TrajectoryEnded(
            **self._session.provenance,
            goal=self.goal,
            final_reward=final_reward,
            success=success,
            step_rewards=list(way.step_rewards),
            owners=[owner for owner, _, _ in way.accessed],
            levels=[level for _, level, _ in way.accessed],
            keys=[key for _, _, key in way.accessed],
            among=among,
            carried=carried,
            now=commit.now,
            read_at=list(way.read_at),
            gamma=gamma,
            lambda_trace=self.config.lambda_trace,
            alpha=alpha,
            return_=td_lambda.discounted_return(final_reward, way.step_rewards, gamma, self._session.rules),
        )

    def _updates(self, commit: Transaction, ended: TrajectoryEnded) -> Iterator[ValueUpdated]:
        state = self._session.view("memory")
        carrying = Carrying(self.config, self._session)
        for (owner, level, key), trace in self._way.valued(ended.among):
            entry = state[owner][level].get(key)
            if entry is None:
                continue  # it was let go since it was accessed: there is nothing left to value
            update = carrying.update(commit, entry, self._way.values[owner, level, key], trace, ended)
            related = carrying.related(entry, ended.goal) if ended.carried else []
            commit.add(update)
            yield update
            for one in related:
                commit.add(carrying.transfer(commit, entry, one, update))

    def _adapt(self, updates: list[ValueUpdated], success: bool | None) -> None:
        if self.adaptive_lr is None:
            return
        for one in updates:
            if one.td_error is not None:
                self.adaptive_lr.record_td_error(one.td_error)
        if success is not None and self._session.rules >= 2:
            self.adaptive_lr.record_success(success)

    @undisturbed
    def get_learned_context(self, memories: Memories, goal: str | None = None) -> str:
        """Return which memories proved valuable for a goal, and which did not, as text for a prompt (M7).

        Without a goal, for that of the trajectory. Version 1 also says what moved, and what the traces are.
        """
        about = self.goal if goal is None else goal
        entries = _flat(memories)
        if self._session.rules < 2:
            return self._with_traces(entries, about)
        readers = [GoalReader(self._session, one.owner, self.config) for one in entries]
        values = [reader.value(one, about).value for reader, one in zip(readers, entries, strict=True)]
        found = zip(entries, values, strict=True)
        return values_in_words.learned_context((one.content, value, one.nth) for one, value in found)

    def _with_traces(self, entries: list[MemoryEntry], goal: str) -> str:
        names = {name_of(one): i for i, one in enumerate(entries)}
        read = [self._way.values.get(name) for name in names]
        valued = [
            values_in_words.Valued(one.content, _own(one, goal), one.nth, None if at is None else at.value)
            for one, at in zip(entries, read, strict=True)
        ]
        # Those that are not here still take their place among the strongest.
        traces = {names.get(name, -1 - i): trace for i, (name, trace) in enumerate(self.traces.items())}
        return values_in_words.learned_context_with_traces(valued, traces)


def _own(entry: MemoryEntry, goal: str) -> float | None:
    own = entry.goal_values.get(goal)
    return None if own is None else own.value


def _flat(memories: Memories) -> list[MemoryEntry]:
    found: list[MemoryEntry] = []
    for one in memories.values():
        found += [one] if isinstance(one, MemoryEntry) else one.values()
    return found
