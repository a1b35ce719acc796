"""Q-learning over texts: reads the live table, asks the rules, appends what they conclude."""

import time
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from projections.q_table import Experience, QEntry, QTable

from ..admission import json_object
from ..config import JottyConfig
from ..errors import ConfigError
from ..events import ExperienceAdded, ExperienceEvicted, QUpdated
from ..outcome import usable_reward
from ..rules import q_learning
from ..rules.similarity import similar
from ..rules.text_form import describe_action, describe_state
from ..rules.word_index import WordIndex
from ..session import Session, Transaction, undisturbed
from ..types import Clock, Json
from .alone import alone

LESSONS_SHOWN = 10
EXPERIENCES_ASKED = 10
KNOWN, GUESSED, UNKNOWN = 0.5, 0.3, 0.1
"""How sure a prediction is: from the table, from similar experiences, from nothing."""

Described = str | Mapping[str, Any]
"""A state or an action: what it is made of, or its text."""


class LLMQPredictor:
    """Values of actions in states, both known by texts."""

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
        self._reader = TableReader(self._session)

    @property
    def Q(self) -> QTable:
        """Entries by (state text, action text)."""
        table: QTable = self._session.view("q_table")
        return table

    @property
    def alpha(self) -> float:
        """The learning rate: adapted, or as configured."""
        learned = self.Q.parameter("alpha")
        return self.config.alpha if learned is None else learned

    @undisturbed
    def estimate(self, state: Described, action: Described) -> q_learning.Estimate:
        """Return Q of an action in a state, and the entry that it was taken from."""
        return q_learning.estimate(self._reader, _text(state, describe_state), _text(action, describe_action))

    def add_experience(
        self,
        state: Described,
        action: Described,
        reward: float,
        next_state: Described | None = None,
        done: bool = False,
    ) -> float:
        """Learn from one step, with a reward in [0, 1]; returns the TD error. ConfigError for another reward."""
        step = _Step(state, action, usable_reward(reward), next_state, done)
        with self._session.transaction() as commit:
            return self._learn(commit, step, "experience", self._buffer(commit, step))

    def _buffer(self, commit: Transaction, step: "_Step") -> int:
        """Put a step into the buffer; returns its insertion number there."""
        nth = self.Q.next_experience
        q = q_learning.estimate(self._reader, step.state, step.action).value
        commit.add(
            ExperienceAdded(
                **self._session.provenance,
                state=step.state,
                action=step.action,
                reward=step.reward,
                next_state=step.next_state,
                done=step.done,
                state_data=step.state_data,
                action_data=step.action_data,
                next_state_data=step.next_state_data,
                now=commit.now,
                q_before=q,
                error=q_learning.surprise(step.reward, q),
                priority=q_learning.priority(step.reward, q),
                nth=nth,
            )
        )
        self._make_room(commit)
        return nth

    def _make_room(self, commit: Transaction) -> None:
        """Let an experience go where the buffer holds too many (M15)."""
        capacity = self.config.max_experience_buffer
        buffer = self.Q.priorities() if self.Q.buffered > capacity else []
        while len(buffer) > capacity:
            nth = q_learning.evict(buffer) if len(buffer) > 1 else buffer[0][0]
            priority = dict(buffer)[nth]
            commit.add(
                ExperienceEvicted(
                    **self._session.provenance,
                    now=commit.now,
                    capacity=capacity,
                    priority=priority,
                    nth=nth,
                    order=None,
                )
            )
            buffer = [one for one in buffer if one[0] != nth]

    def _learn(self, commit: Transaction, step: "_Step", cause: str, experience: int) -> float:
        before = q_learning.estimate(self._reader, step.state, step.action)
        following = q_learning.NO_NEXT if step.done else q_learning.best_next(self._reader, step.next_state)
        own = self._reader.entry(step.state, step.action)
        average_before = own.average_reward if own else 0.0
        alpha, gamma = self.alpha, self.config.gamma
        concluded = q_learning.conclude_update(
            reward=step.reward,
            done=step.done or not step.next_state,
            before=before.value,
            next_max=following.value,
            alpha=alpha,
            gamma=gamma,
            visits_before=own.visits if own else 0,
            average_before=average_before,
        )
        lesson = q_learning.lesson(
            state=step.state, action=step.action, reward=step.reward, td_error=concluded.td_error
        )
        commit.add(
            QUpdated(
                **self._session.provenance,
                state=step.state,
                action=step.action,
                reward=step.reward,
                next_state=step.next_state,
                done=step.done,
                cause=cause,
                experience=experience,
                now=commit.now,
                before=before.value,
                before_nth=before.nth,
                before_raw=before.raw,
                before_similarity=before.similarity,
                next_max=following.value,
                next_nth=following.nth,
                average_before=average_before,
                alpha=alpha,
                gamma=gamma,
                target=concluded.target,
                td_error=concluded.td_error,
                after=concluded.after,
                visits=concluded.visits,
                average_reward=concluded.average_reward,
                lesson=lesson,
                created=own.created if own else commit.now,
                nth=own.nth if own else self.Q.next_nth,
            )
        )
        return concluded.td_error

    @undisturbed
    def predict_q_value(
        self, state: Described, action: Described, goal: str | None = None
    ) -> tuple[float, float, str | None]:
        """Return (value, confidence in [0, 1], None): from the table, else from similar experiences, else 0.5."""
        known = self.estimate(state, action)
        if known.nth is not None:
            return known.value, KNOWN, None
        rewards = [one.reward for one in self._similar_experiences(state, action)]
        if rewards:
            return sum(rewards) / len(rewards), GUESSED, None
        return known.value, UNKNOWN, None

    def _similar_experiences(self, state: Described, action: Described) -> list[Experience]:
        """Return the newest experiences in a similar state or of a similar action."""
        asked, done = _text(state, describe_state), _text(action, describe_action)
        newest = sorted(self.Q.experiences, key=lambda one: -one.nth)
        return [one for one in newest if similar(one.state, asked) or similar(one.action, done)][:EXPERIENCES_ASKED]

    @undisturbed
    def get_best_action(
        self, state: Described, actions: Sequence[Described], goal: str | None = None, *, epsilon: float | None = None
    ) -> tuple[Described | None, float, str]:
        """Return (action, its value, why): epsilon-greedy, the first of the best; (None, 0.5, why) without actions."""
        if not actions:
            return None, q_learning.DEFAULT_Q, "No actions available"
        values = [self.estimate(state, action).value for action in actions]
        rng = self._session.rng
        share = self.config.epsilon if epsilon is None else epsilon
        choice = q_learning.choose(values, epsilon=share, draw=rng.random(), pick=rng.random())
        why = "explored" if choice.explored else "highest value"
        return actions[choice.index], values[choice.index], f"{why}: Q={values[choice.index]:.3f}"

    @undisturbed
    def lessons(self, state: Described, action: Described | None = None) -> list[str]:
        """Return what was learned in a state, or in similar ones: each lesson once, the nearest state's first."""
        asked = _text(state, describe_state)
        if action is not None:
            entry = self._reader.entry(asked, _text(action, describe_action))
            found = entry.lessons if entry else []
        else:
            near = (known for known, _ in self._reader.similar_states(asked))
            found = [one for known in near for _, entry in self._reader.actions_of(known) for one in entry.lessons]
        return list(dict.fromkeys(found))[:LESSONS_SHOWN]

    def get_learned_context(self, state: Described, action: Described | None = None) -> str:
        """Return the lessons of a state as text for a prompt; with an action, only that one's, and its value."""
        lessons = self.lessons(state, action)
        if not lessons:
            return ""
        value = [] if action is None else [f"Q = {self.estimate(state, action).value:.3f}"]
        return "\n".join(["## Q-learning lessons:", *(f"- {lesson}" for lesson in lessons), *value])


class _Step:
    """One step, as texts and as what they were made of."""

    def __init__(
        self, state: Described, action: Described, reward: float, next_state: Described | None, done: bool
    ) -> None:
        self.state, self.state_data = _text(state, describe_state), _data(state)
        self.action, self.action_data = _text(action, describe_action), _data(action)
        # An empty next state is none, as in the original (RULES R1).
        self.next_state = _text(next_state, describe_state) if next_state else None
        self.next_state_data = _data(next_state) if next_state else None
        self.reward = reward
        self.done = bool(done)


def _text(described: Described, describe: Any) -> str:
    if isinstance(described, str):
        return described
    if not isinstance(described, Mapping):
        raise ConfigError(f"{described!r:.60} is no state or action", hint="a mapping or a text says what it is")
    return str(describe(_data(described)))


def _data(described: Described) -> Json:
    """Return what a text is made of as it will be recorded: the text must follow from the record, too."""
    return {} if isinstance(described, str) else json_object(dict(described), "a state or an action")


class TableReader:
    """The live table as the rules look things up in it; similar states are found through an index."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._indexed: object = None
        self._index = WordIndex()

    @property
    def _table(self) -> QTable:
        table: QTable = self._session.view("q_table")
        return table

    def entry(self, state: str, action: str) -> QEntry | None:
        """Return the entry of exactly this state and action."""
        return self._table.get((state, action))

    def actions_of(self, state: str) -> Iterable[tuple[str, QEntry]]:
        """Return the actions known in exactly this state, oldest first."""
        return self._table.actions_of(state)

    def similar_states(self, state: str) -> list[tuple[str, float]]:
        """Return the states similar to this one, itself included, with their Jaccard index, nearest first."""
        return self._current_index().similar(state)

    def _current_index(self) -> WordIndex:
        """Return the index of the live table, made anew after the state was replayed."""
        states = self._session.states["q_table"]
        if self._indexed is not states:
            self._indexed, self._index = states, WordIndex()
            self._table.watch_states(_Indexing(self._index))
        return self._index


class _Indexing:
    """Keeps an index of state texts up with the table."""

    def __init__(self, index: WordIndex) -> None:
        self._index = index

    def add(self, prefix: tuple[Any, ...]) -> None:
        """Index a state that came."""
        self._index.add(prefix[0])

    def discard(self, prefix: tuple[Any, ...]) -> None:
        """Forget a state that is gone."""
        self._index.discard(prefix[0])
