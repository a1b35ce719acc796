"""What is learned of an episode: of its beginning, of each attempt, and of its end.

Invariants: all of it follows from what is passed in and from the state, so that it can be learned again. What is left
out of a lesson leaves the rest of it as it is.
"""

from collections.abc import Collection, Sequence
from typing import Final

from projections.memory import MemoryEntry

from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.td.learner import TDLambdaLearner
from ..config import JottyConfig
from ..rules import attempts
from ..rules.memory.entries import outcome_memory
from ..session import Session, Transaction
from ..types import SHARED, Json
from .learners import Learners
from .tried import Tried

RECALL, OUTCOME, EPISODE, VALUES, Q, BRAIN, SETTLE = (
    "recall",
    "outcome",
    "episode",
    "values",
    "q",
    "brain",
    "settle",
)
"""The parts of an attempt's lesson: what was recalled, the memories of its outcome and of the episode, ..."""
SCORE, SLEEP, CONSOLIDATE, TIERS = "score", "sleep", "consolidate", "tiers"
"""The parts of what an episode's end teaches."""
NOTHING: Final[Collection[str]] = ()


class Lessons:
    """Learns from episodes."""

    def __init__(self, config: JottyConfig, session: Session, learners: Learners) -> None:
        self._config = config
        self._session = session
        self._learners = learners

    def begin(self, goal: str, domain: str, memories: Sequence[HierarchicalMemory]) -> None:
        """Know the goal before anything is recalled: what an agent is told is then what it is measured against."""
        for memory in memories:
            memory.know_goal(goal, domain)

    def learn(
        self, commit: Transaction, tried: Tried, td: TDLambdaLearner, without: Collection[str] = NOTHING
    ) -> dict[str, MemoryEntry]:
        """Learn from an attempt; `td` knows what was used on the way. Returns the memories that it made, by part."""
        kept: dict[str, MemoryEntry] = {}
        if RECALL not in without:
            self._note_recalled(commit, tried)
        self._remember(tried, td, without, kept)
        if self._config.enable_rl and Q not in without:
            state, action = attempts.state_of(tried.goal, tried.actor), attempts.action_of(tried.approach, tried.actor)
            self._learners.q.add_experience(state, action, tried.reward, done=True)
        if BRAIN not in without:
            self._learners.brain.store_experience(_experience(tried), tried.reward)
        if SETTLE not in without:
            self._settle(tried)
        return kept

    def _note_recalled(self, commit: Transaction, tried: Tried) -> None:
        for memory in (self._learners.shared, self._learners.of(tried.actor)):
            entries = [entry for entry in tried.entries if entry.owner == memory.agent_name]
            memory.note_recalled(commit, [entry for entry in entries if self._is_there(entry)], tried.goal)

    def _is_there(self, entry: MemoryEntry) -> bool:
        """Say whether an entry was not let go since it was recalled."""
        return entry.key in self._learners.of(entry.owner).memories[entry.level]

    def _remember(
        self, tried: Tried, td: TDLambdaLearner, without: Collection[str], kept: dict[str, MemoryEntry]
    ) -> None:
        """Store what the attempt teaches, and value what was used on the way: one trajectory."""
        context: Json = {"actor": tried.actor, "approach": tried.approach}
        learned = None if OUTCOME in without else self._store_outcome(tried, context)
        episode = None if EPISODE in without else self._store_episode(tried, context)
        kept |= {part: one for part, one in ((OUTCOME, learned), (EPISODE, episode)) if one is not None}
        if self._config.enable_rl and learned is not None and VALUES not in without:
            self._value(tried, td, learned)

    def _store_outcome(self, tried: Tried, context: Json) -> MemoryEntry | None:
        named = tried.approach or tried.actor
        # What an agent says is to be remembered says more than the error that made it fail.
        error = tried.lesson or tried.error
        kept = outcome_memory(approach=named, success=tried.success, error=error, lesson=tried.lesson)
        outcome = "success" if tried.success else "failure"
        return self._learners.shared.store(
            kept.content, kept.level, context, tried.goal, domain=tried.domain, outcome=outcome, agent=tried.actor
        )

    def _store_episode(self, tried: Tried, context: Json) -> MemoryEntry | None:
        with_it = f" with {tried.approach}" if tried.approach else ""
        because = f": {tried.error}" if tried.error else ""
        return self._learners.of(tried.actor).store(
            f"{tried.goal}{with_it} {tried.outcome}{because}",
            "episodic",
            {**context, "episode": tried.episode, "attempt": tried.attempt},
            tried.goal,
            domain=tried.domain,
        )

    def _value(self, tried: Tried, td: TDLambdaLearner, learned: MemoryEntry) -> None:
        if td.goal != tried.goal:
            td.start_episode(tried.goal)
        for entry in tried.entries:
            if entry.context.get("approach") in (None, tried.approach) and self._is_there(entry):
                td.record_access(entry)
        td.record_access(learned)
        td.end_episode(tried.reward, success=tried.success)

    def _settle(self, tried: Tried) -> None:
        if tried.success:
            self._learners.todo.complete_task(tried.actor, reward=tried.reward)
        else:
            self._learners.todo.fail_task(tried.actor, tried.error or tried.outcome)

    def end(
        self,
        goal: str,
        success: bool,
        reward: float,
        memories: Sequence[HierarchicalMemory],
        without: Collection[str] = NOTHING,
    ) -> None:
        """Learn from how an episode ended, and sleep if it is time."""
        for memory in memories if SCORE not in without else ():
            memory.score_goal(goal, success)
        if SLEEP in without or not self._learners.brain.end_of_episode():
            return
        self._learners.brain.trigger_consolidation()
        for memory in memories if CONSOLIDATE not in without else ():
            memory.consolidate()
        if self._config.enable_rl and self._session.rules >= 2 and TIERS not in without:
            self._learners.q.promote_demote(reward)


def _experience(tried: Tried) -> Json:
    return {
        "action": tried.approach or tried.actor,
        "actor": tried.actor,
        "task": tried.goal,
        "status": tried.outcome,
    }


def part_of_owner(owner: str) -> str:
    """Return which part of an attempt's lesson stores a memory of an owner."""
    return OUTCOME if owner == SHARED else EPISODE
