"""Real learning: tabular Q-learning on Gymnasium's Taxi and FrozenLake, through the public API, every step logged.

Invariants: a seed decides everything, the run's clock included. A state is one word, so that no two are similar and
the table is exactly tabular. Rewards are brought into [0, 1]: reaching the goal counts 1, all else 0, and what is far
from the goal is worth less since it is discounted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from os import PathLike
from random import Random
from typing import Any

import click

from jotty_events import AgentConfig, Conductor, JottyConfig
from jotty_events.agents.q.predictor import LLMQPredictor
from jotty_events.types import Durability

ENVIRONMENTS = {"taxi": ("Taxi", {}, 20.0), "frozen-lake": ("FrozenLake", {"is_slippery": False}, 1.0)}
"""By our name: Gymnasium's, its settings, and the reward of reaching the goal."""
START = 1767700800.0
BUFFER = 100
MAX_STEPS = 200


@dataclass(frozen=True)
class Training:
    """How long to train, and how."""

    environment: str = "taxi"
    episodes: int = 100
    seed: int = 0
    alpha: float = 0.5
    gamma: float = 0.95
    epsilon: float = 0.1
    durability: Durability = Durability.INTERVAL


@dataclass(frozen=True)
class Trained:
    """What came of a training: the run, its steps, and how many of the episodes reached the goal."""

    run: str
    steps: int
    reached: list[bool]


def train(output: str | PathLike[str], training: Training) -> Trained:
    """Train, and log every step below `output`; UsageError if Gymnasium is not installed."""
    environment, goal_reward = _environment(training.environment)
    config = JottyConfig(
        output_base_dir=output,
        alpha=training.alpha,
        gamma=training.gamma,
        epsilon=training.epsilon,
        seed=training.seed,
        max_experience_buffer=BUFFER,
        durability=training.durability,
    )
    clock = _ticking()
    with Conductor([AgentConfig(name="driver", agent=_nobody)], config, clock=clock, entropy=_scripted) as conductor:
        random = Random(training.seed)
        episodes = [
            _episode(environment, conductor.q_predictor, goal_reward, training.seed * 1_000_000 + number, random)
            for number in range(training.episodes)
        ]
        assert conductor.run_id is not None
        return Trained(conductor.run_id, sum(steps for steps, _ in episodes), [reached for _, reached in episodes])


def _episode(environment: Any, q: LLMQPredictor, goal_reward: float, seed: int, random: Random) -> tuple[int, bool]:
    """Play one episode; returns its steps, and whether the goal was reached."""
    actions = [f"action{number}" for number in range(environment.action_space.n)]
    observation, _ = environment.reset(seed=seed)
    for step in range(1, MAX_STEPS + 1):
        state = f"state{observation}"
        # Among equally good actions the first one would be taken for ever.
        order = random.sample(actions, len(actions))
        action, _, _ = q.get_best_action(state, order)
        observation, reward, done, _, _ = environment.step(actions.index(str(action)))
        reached = float(reward) >= goal_reward
        q.add_experience(state, str(action), float(reached), None if done else f"state{observation}", done)
        if done:
            return step, reached
    return MAX_STEPS, False


def _environment(name: str) -> tuple[Any, float]:
    title, settings, goal_reward = ENVIRONMENTS[name]
    try:
        import gymnasium
    except ImportError as error:
        raise click.UsageError("real learning needs Gymnasium: pip install 'jotty-events[bench]'") from error
    # Versions of an environment are retired from time to time: take the newest that is there.
    versions = [spec.version for spec in gymnasium.registry.values() if spec.name == title and spec.version is not None]
    return gymnasium.make(f"{title}-v{max(versions)}", **settings).unwrapped, goal_reward


def _ticking() -> Callable[[], float]:
    ticks = count()
    return lambda: START + next(ticks) / 1000


def _scripted(n: int) -> bytes:
    return sha256(b"training").digest()[:n]


def _nobody(task: Any) -> Any:
    raise NotImplementedError("the environment is driven from outside")
