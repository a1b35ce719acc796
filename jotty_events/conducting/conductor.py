"""The conductor: lets actors work towards goals, and learns from what becomes of it.

Invariants: an episode is acknowledged when `run` returns, and its events are on disk by then (mode COMMIT). Episodes
of one conductor follow each other; leaving the `with`, `close()` or the end of the interpreter ends the run.
"""

import asyncio
import secrets
import time
import weakref
from collections.abc import Iterable, Sequence
from types import TracebackType

from projections import READ_MODELS

from .. import __version__
from ..agents.brain.brain import Brain
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.model import Ask, Model, require_model
from ..agents.q.predictor import LLMQPredictor
from ..agents.td.learner import TDLambdaLearner
from ..agents.todo.task_list import MarkovianTODO
from ..config import MAX_TEXT, AgentConfig, JottyConfig, require_actors
from ..errors import ConfigError, RunClosed
from ..learning.learners import Learners, take_over
from ..legacy.exporting.following import Following, home
from ..legacy.vault import NoVault, Vault
from ..outcome import RunResult
from ..projection import Projection
from ..runs.point import Point
from ..state import State
from ..types import Clock, Entropy, LearningMode
from ..values import text
from .driving import drive, drive_elsewhere
from .episode import Episode
from .opening import Opening
from .turns import Turns


class Conductor:
    """Actors, what they learned so far, and the run in which they learn more."""

    def __init__(
        self,
        actors: Iterable[AgentConfig],
        config: JottyConfig | None = None,
        *,
        clock: Clock = time.time,
        entropy: Entropy = secrets.token_bytes,
        projections: Sequence[Projection] = (),
        model: Ask | None = None,
    ) -> None:
        """Load what was learned, as the learning mode says, and begin a run.

        `projections` are read models of your own, beside those that learning needs. `model` takes a prompt and
        returns text or JSON: it may be asked what the rules alone cannot tell, for `model_timeout` seconds. Raises
        ConfigError for actors that cannot work together, PointError, FormatError or Corruption for a history that
        cannot be loaded, WriteFailed.
        """
        require_model(model)
        self.config = _configured(config)
        self._actors = {actor.name: actor for actor in _checked(actors)}
        opening = Opening(self.config, (*READ_MODELS, *projections), clock, entropy, __version__)
        self._session = opening.open()
        if model is not None:
            self._session.model = Model(model, self._session, self.config.model_timeout)
        self._learners = Learners(self.config, self._session, list(self._actors))
        if self.config.export_state and self.config.learning_mode is LearningMode.PERSISTENT:
            self._session.follow(Following(self._session, self._session.files, self.config))
        self._turns = Turns()
        self._closed = False
        self._finalizer = weakref.finalize(self, self._session.close, "exited")
        try:
            opening.absorb(self._session, self._learners)
        except BaseException:
            self.close("failed")
            raise

    @property
    def run_id(self) -> str | None:
        """The id of the run, None in mode DISABLED."""
        return self._session.run

    @property
    def start(self) -> Point | None:
        """The point that was loaded, None if the conductor started fresh."""
        return self._session.start

    @property
    def state(self) -> State:
        """The live state: memory, Q-table, brain, todos, goals and episodes, as they are now."""
        session = self._session
        return State(session.projections, session.states, session.reading(), list(self._actors))

    @property
    def shared_memory(self) -> HierarchicalMemory:
        """The memories that all actors read."""
        return self._learners.shared

    @shared_memory.setter
    def shared_memory(self, memory: HierarchicalMemory) -> None:
        """Take over what a memory remembers, in one commit. ConfigError for what is no memory, and in mode DISABLED."""
        take_over(self._learners.shared, memory)

    @property
    def local_memories(self) -> dict[str, HierarchicalMemory]:
        """Each actor's own memories, by its name."""
        return self._learners.local

    @property
    def q_predictor(self) -> LLMQPredictor:
        """The Q-values."""
        return self._learners.q

    @property
    def td_learner(self) -> TDLambdaLearner:
        """The learner of memory values."""
        return self._learners.td

    @property
    def brain(self) -> Brain:
        """The brain."""
        return self._learners.brain

    @property
    def todo(self) -> MarkovianTODO:
        """The task list of the goal at hand."""
        return self._learners.todo

    @property
    def persistence_manager(self) -> Vault:
        """Saves the state as the original does, where this run's own is; ConfigError in modes that write nothing."""
        run = self._session.run
        if self.config.learning_mode is not LearningMode.PERSISTENT or run is None:
            return NoVault(self.config.learning_mode.value)
        return Vault("", files=self._session.files, folder=home(self.config, run))

    async def run(self, goal: str, domain: str | None = None) -> RunResult:
        """Work towards a goal: one episode. Failures of agents are results; ConfigError for a goal that says nothing,
        InvalidEvent for one that cannot be recorded, RunClosed and NestedRun raise.

        Plain functions run in threads, so that the event loop goes on. Episodes that are asked for at the same time
        follow each other.
        """
        return await self._run(goal, domain, threaded=True)

    def run_sync(self, goal: str, domain: str | None = None) -> RunResult:
        """Work towards a goal from code that is not async; as `run` otherwise.

        Plain functions run in the calling thread, unless they have a time limit or an event loop runs there (as in
        notebooks): then in one of their own.
        """
        self._require(goal)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return drive(self._run(goal, domain, threaded=False))
        self._turns.require_not_stopped(loop)
        return drive_elsewhere(self._run(goal, domain, threaded=True))

    async def _run(self, goal: str, domain: str | None, *, threaded: bool) -> RunResult:
        self._require(goal)
        said = text(domain or self.config.domain, "the domain")
        async with self._turns.take():
            self._require_open()
            return await self._episode(goal, said, threaded).run()

    def _episode(self, goal: str, domain: str, threaded: bool) -> Episode:
        return Episode(
            goal,
            domain,
            actors=self._actors,
            config=self.config,
            session=self._session,
            learners=self._learners,
            threaded=threaded,
        )

    def _require(self, goal: object) -> None:
        if not isinstance(goal, str) or not goal.strip():
            raise ConfigError(f"the goal is {goal!r:.60}", hint="say in words what is to be done")
        if len(text(goal, "the goal")) > MAX_TEXT:
            raise ConfigError(f"the goal has {len(goal)} characters, more than {MAX_TEXT}", hint="say it more briefly")
        self._session.require_ours()
        self._turns.require_free()
        self._require_open()

    def _require_open(self) -> None:
        if self._closed:
            raise RunClosed("this conductor is closed", hint="make a new one: it continues from what this one learned")

    def close(self, status: str = "closed") -> None:
        """End the run. Closing twice does nothing."""
        self._closed = True
        self._finalizer.detach()
        self._session.close(status)

    def __enter__(self) -> "Conductor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close("closed" if error is None else "failed")

    async def __aenter__(self) -> "Conductor":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close("closed" if error is None else "failed")

    def __repr__(self) -> str:
        mode = self.config.learning_mode.value
        return f"Conductor({', '.join(self._actors)}; {mode}; run {self.run_id}; from {self.start})"


def _configured(config: JottyConfig | None) -> JottyConfig:
    if config is not None and not isinstance(config, JottyConfig):
        raise ConfigError(f"{config!r:.60} is no JottyConfig", hint="JottyConfig(output_base_dir=..., ...)")
    return config or JottyConfig()


def _checked(given: Iterable[AgentConfig]) -> list[AgentConfig]:
    actors = list(given)
    if not actors:
        raise ConfigError("a conductor needs an actor", hint="actors=[AgentConfig(name=..., agent=...)]")
    for actor in actors:
        if not isinstance(actor, AgentConfig):
            raise ConfigError(f"{actor!r:.60} is no AgentConfig", hint="AgentConfig(name=..., agent=...)")
    require_actors(actors)
    return actors
