"""Q-learning over texts: reads the live table, asks the rules, appends what they conclude."""

import time
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from projections.q_table import Experience, QTable

from ...config import JottyConfig
from ...errors import ConfigError
from ...outcome import why_no_share
from ...rules.q import context as q_context
from ...rules.q import learning as q_learning
from ...session import Session, Transaction, undisturbed
from ...types import Clock, Json
from ..alone import alone
from ..model import Ask
from ..on_file import OnFile
from .buffer import Buffer
from .portrait import KNOWN
from .prediction import EXPERIENCES_ASKED, asked, predicted
from .pruning import Pruning
from .reading import TableReader
from .saved import Saved
from .steps import Described, Step, action_text, state_text, usable
from .summary import summary
from .tiers import Tiers
from .updating import Updating

NO_ACTIONS = "No actions available"
_SHOWN = 100


class LLMQPredictor(OnFile):
    """Values of actions in states, both known by texts."""

    kind = "q_table"
    entries_in = ("q_table", "experience_buffer")
    known = (*entries_in, *KNOWN)

    def __init__(
        self,
        config: JottyConfig | None = None,
        session: Session | None = None,
        *,
        clock: Clock = time.time,
        rng: Random | None = None,
        model: Ask | None = None,
    ) -> None:
        """Without a session the learner has one of its own, in memory, with this clock, these draws, this model."""
        self.config = config or JottyConfig()
        self._session = session or alone(self.config, clock=clock, rng=rng, model=model)
        self._reader = TableReader(self._session)
        self._updating = Updating(self._session, self._reader, self.config)
        self.buffer = Buffer(self._session, self._reader, self.config.max_experience_buffer)
        self.tiers = Tiers(self._session, self.config)
        self.pruning = Pruning(self._session, self._reader, self.tiers)

    @property
    def Q(self) -> QTable:
        """Entries by (state text, action text)."""
        table: QTable = self._session.view("q_table")
        return table

    @property
    def experience_buffer(self) -> list[Experience]:
        """The steps that may be replayed, in the order of the buffer."""
        return self.Q.experiences

    @property
    def alpha(self) -> float:
        """The learning rate: adapted, or as configured."""
        return self._updating.parameter("alpha", self.config.alpha)

    @property
    def gamma(self) -> float:
        """How much the next state counts: as loaded, or as configured."""
        return self._updating.parameter("gamma", self.config.gamma)

    @property
    def epsilon(self) -> float:
        """How often an action is drawn at random: as loaded, or as configured."""
        return self._updating.parameter("epsilon", self.config.epsilon)

    def describe_state(self, state: Described) -> str:
        """Return the text that a state is known by, in the version that is learned by; ConfigError for no state."""
        return state_text(state, self._session.rules)

    def _action(self, described: Described) -> str:
        return action_text(described, self._session.rules)

    @undisturbed
    def estimate(self, state: Described, action: Described) -> q_learning.Estimate:
        """Return Q of an action in a state, and the entry that it was taken from."""
        return self._estimate(self.describe_state(state), self._action(action))

    def _estimate(self, state: str, action: str) -> q_learning.Estimate:
        return q_learning.estimate(self._reader, state, action, version=self._session.rules)

    def get_q_value(self, state: Described, action: Described) -> float:
        """Return Q of an action in a state: its own, else that of a similar one, else 0.5."""
        return self.estimate(state, action).value

    # Learning.

    def add_experience(
        self,
        state: Described,
        action: Described,
        reward: float,
        next_state: Described | None = None,
        done: bool = False,
    ) -> float:
        """Learn from one step; returns the TD error.

        ConfigError for a reward outside [0, 1]; version 1 takes any finite one.
        """
        step = self._step(state, action, reward, next_state, done)
        with self._session.transaction() as commit:
            # What goes into the buffer and out of it changes no value: one look at the table is enough.
            known = self._estimate(step.state, step.action)
            nth = self.buffer.add(commit, step, known)
            return self._updating.learn(commit, step, "experience", nth, known=known)

    def record_outcome(
        self,
        state: Described,
        action: Described,
        reward: float,
        next_state: Described | None = None,
        done: bool = False,
    ) -> float:
        """Learn what came of an action; one that is a text names an actor. Returns the TD error."""
        named = {"actor": action} if isinstance(action, str) else action
        return self.add_experience(state, named, reward, next_state, done)

    def update_q_value(
        self,
        state: Described,
        action: Described,
        reward: float,
        next_state: Described | None = None,
        done: bool = False,
    ) -> float:
        """Learn from one step without keeping it for a replay; returns the TD error. ConfigError as above."""
        step = self._step(state, action, reward, next_state, done)
        with self._session.transaction() as commit:
            return self._updating.learn(commit, step, "experience", None)

    def _step(
        self, state: Described, action: Described, reward: float, next_state: Described | None, done: bool
    ) -> Step:
        return Step(state, action, reward, next_state, done, version=self._session.rules)

    def experience_replay(self, batch_size: int = 32) -> int:
        """Learn again from steps drawn by priority; returns how many, 0 where the buffer holds fewer."""
        _require_count(batch_size, "batch_size")
        with self._session.transaction() as commit:
            if self.Q.buffered < batch_size:
                return 0
            for step, draw in self.buffer.drawn(batch_size):
                self._updating.learn(commit, step, "replay", step.nth, draw)
                if self._session.rules >= 2:
                    self.buffer.reweigh(commit, step)
            return batch_size

    # Predicting and choosing.

    def predict_q_value(
        self, state: Described, action: Described, goal: str | None = None
    ) -> tuple[float, float, str | None]:
        """Return (value, confidence in [0, 1], another action or None).

        Asks the model, where there is one; else the table, else similar experiences, else says 0.5.
        """
        of_state, of_action = self.describe_state(state), self._action(action)
        said = asked(self._session, of_state, of_action, goal, self.get_learned_context(of_state))
        return said or self._predicted(of_state, of_action)

    @undisturbed
    def _predicted(self, state: str, action: str) -> tuple[float, float, str | None]:
        return predicted(self._session, self._reader, self.buffer, state, action)

    @undisturbed
    def get_similar_experiences(
        self, state: Described, action: Described, top_k: int = EXPERIENCES_ASKED
    ) -> list[Experience]:
        """Return the newest steps in a similar state or of a similar action, newest first."""
        return self.buffer.similar(self.describe_state(state), self._action(action), top_k)

    @undisturbed
    def get_best_action(
        self, state: Described, actions: Sequence[Described], goal: str | None = None, *, epsilon: float | None = None
    ) -> tuple[Described | None, float, str]:
        """Return (action, its value, why): epsilon-greedy, the first of the best; (None, 0.5, why) without actions."""
        if not actions:
            return None, q_learning.DEFAULT_Q, NO_ACTIONS
        asked_of = self.describe_state(state)
        texts = [self._action(action) for action in actions]
        values = [self._estimate(asked_of, text).value for text in texts]
        share = self.epsilon if epsilon is None else epsilon
        choice = self._choice(values, share)
        value, text = values[choice.index], texts[choice.index]
        return actions[choice.index], value, _why(choice.explored, share, value, text, self._session.rules)

    def _choice(self, values: Sequence[float], epsilon: float) -> q_learning.Choice:
        """Choose; version 1 draws once more only where it explores, in the way of random.choice."""
        rng = self._session.rng
        if self._session.rules >= 2:
            return q_learning.choose(values, epsilon=epsilon, draw=rng.random(), pick=rng.random())
        if rng.random() < epsilon:
            return q_learning.Choice(rng.choice(range(len(values))), True)
        return q_learning.Choice(q_learning.greedy(values), False)

    # What was learned, in words.

    @undisturbed
    def lessons(self, state: Described, action: Described | None = None) -> list[str]:
        """Return what was learned in a state, or in similar ones: each lesson once.

        The nearest state's come first, in version 1 those of the entry that was there first.
        """
        asked_of = self.describe_state(state)
        if action is not None:
            entry = self._reader.entry(asked_of, self._action(action))
            return q_context.once(entry.lessons if entry else [])
        near = (known for _, states in self._reader.similar_states(asked_of) for known in sorted(states()))
        entries = [entry for known in near for _, entry in self._reader.actions_of(known)]
        if self._session.rules < 2:
            entries.sort(key=lambda entry: entry.nth)
        return q_context.once(lesson for entry in entries for lesson in entry.lessons)

    def get_learned_context(self, state: Described, action: Described | None = None) -> str:
        """Return the lessons of a state as text for a prompt; with an action, only that one's, and its value."""
        value = None if action is None else self.estimate(state, action).value
        return q_context.learned(self.lessons(state, action), value, version=self._session.rules)

    @undisturbed
    def get_context_for_state(self, state: Described, max_tokens: int = q_context.MAX_TOKENS) -> str:
        """Return tier 1, the cluster that bears on a state, and their lessons, as text of some tokens at most."""
        _require_count(max_tokens, "max_tokens")
        tier1, cluster = self.tiers.tier(1), self.tiers.relevant(self.describe_state(state))
        told = [*tier1, *cluster][: q_context.ASKED_FOR_LESSONS]
        lessons = q_context.once(lesson for entry in told for lesson in entry.lessons)
        return q_context.context(_lines(tier1), _lines(cluster), lessons, max_tokens)

    @undisturbed
    def get_q_table_summary(self) -> Json:
        """Return how many entries there are, their values, visits, lessons and tiers; few figures of an empty table."""
        return summary(self.Q, self.tiers, self._session.rules)

    # Tiers.

    def promote_demote(self, episode_reward: float | None = None) -> None:
        """Assign the tiers anew, after an episode of this reward if one ended (RULES R1)."""
        reward = None if episode_reward is None else usable(episode_reward, self._session.rules)
        with self._session.transaction() as commit:
            self.tiers.promote_demote(commit, reward)

    def prune_tier3_by_causal_impact(self, sample_rate: float = 0.1) -> int:
        """Forget archived entries that taught too little, of a share of the archive; returns how many."""
        wrong = why_no_share(sample_rate, "sample_rate")
        if wrong is not None:
            raise ConfigError(wrong, hint="say which share of the archive to look at")
        with self._session.transaction() as commit:
            return self.pruning.prune(commit, sample_rate)

    # Saving and loading.

    @undisturbed
    def saved_state(self) -> Json:
        """Return all that was learned as the one JSON object that the original keeps."""
        return self._saved.state(self.alpha, self.gamma, self.epsilon)

    def _take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        self._saved.take_over(commit, saved)

    @property
    def _saved(self) -> Saved:
        return Saved(self._session, self.tiers, self.pruning, self.buffer)


def _why(explored: bool, epsilon: float, value: float, text: str, version: int) -> str:
    if version >= 2:
        return f"{'explored' if explored else 'highest value'}: Q={value:.3f}"
    if explored:
        return f"Exploring (ε={epsilon}): Trying {text[:_SHOWN]}..."
    return f"Exploiting: Best Q-value = {value:.3f} for {text[:_SHOWN]}..."


def _lines(entries: Iterable[Any]) -> list[q_context.Line]:
    return [q_context.Line(one.state, one.action, one.value, one.visits) for one in entries]


def _require_count(count: object, name: str) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ConfigError(f"{name} is {count!r:.40}", hint="it counts, and is at least 1")
