"""One episode: a goal, the tasks that it takes, and the attempts at them.

Invariants: the start of the episode, each attempt with all that was learned of it, and the end are one commit each. An
attempt that was cancelled is recorded and teaches nothing. What is recorded is what the agent was told, and what it
chose from.
"""

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from ..config import AgentConfig, JottyConfig
from ..events import ActorResult, AttemptMade, EpisodeEnded, EpisodeStarted, Event, Recalled
from ..learning.choosing import Choosing, in_this_round
from ..learning.context import LearnedContext
from ..learning.learners import Learners
from ..learning.lessons import Lessons
from ..learning.tried import tried
from ..outcome import Attempt, RunResult, Task
from ..rules import attempts
from ..rules.words.text_form import describe_action
from ..session import Session, Transaction, undisturbed
from ..types import Json
from .calling import Ran, call
from .learned import in_words


class Episode:
    """A goal on its way."""

    def __init__(
        self,
        goal: str,
        domain: str,
        *,
        actors: dict[str, AgentConfig],
        config: JottyConfig,
        session: Session,
        learners: Learners,
        threaded: bool,
    ) -> None:
        self.goal = goal
        self.domain = domain
        self._actors = actors
        self._config = config
        self._session = session
        self._learners = learners
        self._lessons = Lessons(config, session, learners)
        self._threaded = threaded
        self._number = session.view("episodes").last + 1
        self._attempts: list[Attempt] = []
        self._outputs: dict[str, Any] = {}
        self._rewards: dict[str, float] = {}
        self._context = LearnedContext()
        self._read_at = 0
        self._read_now: float | None = None
        self._events: list[Event] = []

    async def run(self) -> RunResult:
        """Do all tasks that can be done, and say what became of them."""
        self._begin()
        try:
            while (task := self._learners.todo.get_next_task()) is not None:
                await asyncio.sleep(0)  # plain functions never pause: a cancellation must be heard between them
                await self._attempt(self._actors[task.assignee], task.task_id)
        except Exception:
            self._abandon("broken")
            raise
        except BaseException:
            self._abandon("cancelled")
            raise
        return self._finish()

    def _begin(self) -> None:
        with self._commit() as commit:
            commit.add(
                EpisodeStarted(
                    episode=self._number,
                    run=self._session.run or "",
                    goal=self.goal,
                    domain=self.domain,
                    now=commit.now,
                )
            )
            self._lessons.begin(self.goal, self.domain, self._learners.memories)
            self._learners.todo.open(self.goal)
            for actor in self._actors.values():
                self._add_task(actor)

    def _add_task(self, actor: AgentConfig) -> None:
        self._learners.todo.add_task(
            actor.name,
            actor.description or f"{actor.name}: {self.goal}",
            actor.name,
            actor.depends_on,
            priority=actor.priority,
            max_attempts=actor.max_attempts or self._config.max_attempts,
        )

    def _commit(self) -> AbstractContextManager[Transaction]:
        return self._session.transaction()

    async def _attempt(self, actor: AgentConfig, task_id: str) -> None:
        """Let an actor try once, and learn from it."""
        number = len(self._attempts) + 1
        self._session.provenance = {"episode": self._number, "actor": actor.name, "attempt": number}
        try:
            made = self._start(actor, number, task_id)
            self._learners.td.start_episode(self.goal)  # the agent may say what it uses on the way
            ran = await self._call(actor, made)
            self._learn(made, ran)
        finally:
            self._session.provenance = {}

    @undisturbed
    def _start(self, actor: AgentConfig, number: int, task_id: str) -> Choosing:
        """Begin a task, and choose in the state that this leaves: nobody learns in between."""
        self._learners.todo.start_task(task_id)
        return self._choose(actor, number)

    def _choose(self, actor: AgentConfig, number: int) -> Choosing:
        """Draw up the context, and choose an approach by what was learned."""
        state: Json = attempts.state_of(self.goal, actor.name)
        memories = [self._learners.shared, self._learners.local[actor.name]]
        self._read_at = self._session.seq
        # Version 2 looks at no clock here: how old a pattern is changes nothing of what is said.
        self._read_now = self._session.clock() if self._session.rules < 2 else None
        self._context = self._learners.context.build(self.goal, state, memories, self._read_now)
        rng = self._session.rng
        return Choosing(
            actor, number, state, self._learners, self._tried(actor), self._config.epsilon, rng.random(), rng.random()
        )

    def _tried(self, actor: AgentConfig) -> list[str | None]:
        """Return the approaches that failed since all of them had failed last: each comes once in a round."""
        tried = [one.approach for one in self._attempts if one.actor == actor.name]
        return in_this_round(tried, len(actor.approaches))

    async def _call(self, actor: AgentConfig, made: Choosing) -> Ran:
        task = Task(
            goal=self.goal,
            actor=actor.name,
            approach=made.approach,
            attempt=made.number,
            learned_context=self._context.text,
            memories=list(self._context.notes),  # the agent's own: the record is made of ours
            inputs={name: self._outputs[name] for name in actor.depends_on},
            previous=[one for one in self._attempts if one.actor == actor.name],
            episode=self._number,
        )
        timeout = actor.timeout or self._config.actor_timeout
        began = self._session.clock()
        try:
            return await call(actor.agent, task, timeout=timeout, threaded=self._threaded, clock=self._session.clock)
        except BaseException as error:
            lasted = max(0.0, self._session.clock() - began)
            self._record(made, Ran("cancelled", error=type(error).__name__, duration=lasted))
            raise

    def _record(self, made: Choosing, ran: Ran) -> None:
        """Record an attempt, without learning from it."""
        with self._commit() as commit:
            commit.add(self._made(commit, made, ran))
        self._keep(commit, made, ran)

    def _made(self, commit: Transaction, made: Choosing, ran: Ran) -> AttemptMade:
        return AttemptMade(
            episode=self._number,
            actor=made.actor.name,
            attempt=made.number,
            task=made.actor.name,
            goal=self.goal,
            state=made.described,
            read_at=self._read_at,
            read_now=self._read_now,
            epsilon=made.epsilon,
            draw=made.draw,
            pick=made.pick,
            candidates=made.candidates,
            memories=[Recalled(owner=n.owner, level=n.level, key=n.key, value=n.value) for n in self._context.notes],
            lessons=self._context.lessons,
            learned_context=self._context.text,
            approach=made.approach,
            action=describe_action(made.action),
            explored=made.explored,
            outcome=ran.outcome,
            success=ran.success,
            reward=ran.reward,
            error=ran.error,
            error_type=ran.error_type,
            lesson=ran.lesson,
            duration=ran.duration,
            now=commit.now,
        )

    def _learn(self, made: Choosing, ran: Ran) -> None:
        """Record an attempt and all that is learned from it, as one commit."""
        with self._commit() as commit:
            event = self._made(commit, made, ran)
            commit.add(event)
            self._lessons.learn(commit, tried(event, self.domain, self._context.entries), self._learners.td)
        self._keep(commit, made, ran)

    def _keep(self, commit: Transaction, made: Choosing, ran: Ran) -> None:
        self._events.extend(commit.events)
        self._rewards[made.actor.name] = ran.reward
        if ran.success:
            self._outputs[made.actor.name] = ran.output
        self._attempts.append(
            Attempt(
                made.actor.name,
                made.number,
                made.approach,
                ran.outcome,
                ran.success,
                ran.reward,
                ran.error,
                made.explored,
                made.q,
                ran.duration,
            )
        )

    def _finish(self) -> RunResult:
        results = self._results()
        success, reward = attempts.succeeded(results), attempts.episode_reward(results)
        with self._commit() as commit:
            self._end(commit, "succeeded" if success else "failed", success, reward)
            self._lessons.end(self.goal, success, reward, self._learners.memories)
        self._events.extend(commit.events)
        return RunResult(
            run_id=self._session.run,
            episode=self._number,
            goal=self.goal,
            success=success,
            reward=reward,
            attempts=self._attempts,
            output=self._outputs.get(self._attempts[-1].actor) if self._attempts else None,
            outputs=self._outputs,
            learned_context=self._context.text,
            learned=in_words(self._events, self._content_of),
        )

    def _results(self) -> list[ActorResult]:
        """Return what became of each actor; one that had to be skipped has no reward."""
        return [
            ActorResult(actor=name, success=name in self._outputs, reward=self._rewards.get(name, 0.0))
            for name in self._actors
        ]

    def _content_of(self, owner: str, level: str, key: str) -> str:
        entry = self._learners.of(owner).memories[level].get(key)
        return key if entry is None else entry.content

    def _end(self, commit: Transaction, status: str, success: bool, reward: float) -> None:
        commit.add(
            EpisodeEnded(
                episode=self._number,
                run=self._session.run or "",
                goal=self.goal,
                domain=self.domain,
                status=status,
                attempts=len(self._attempts),
                results=self._results(),
                success=success,
                reward=reward,
                now=commit.now,
            )
        )

    def _abandon(self, status: str) -> None:
        """Record that the episode was given up, unless the run takes no more appends."""
        if self._session.writer is None or not self._session.writer.closed:
            with self._commit() as commit:
                self._end(commit, status, False, 0.0)
