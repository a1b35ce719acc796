"""The brain under the original's name, and with its arguments."""

import time
from random import Random
from typing import Any

from ...config import JottyConfig
from ...rules.brain import patterns as brain
from ...session import Session
from ...types import Clock
from .brain import Brain


class BrainInspiredMemoryManager(Brain):
    """A brain of its own: see Brain. Weights count in version 2, and have no effect in version 1 (M10)."""

    def __init__(
        self,
        sleep_interval: int = brain.SLEEP_INTERVAL,
        max_hippocampus_size: int = brain.HIPPOCAMPUS_CAPACITY,
        max_neocortex_size: int = brain.NEOCORTEX_CAPACITY,
        replay_threshold: float = brain.REPLAY_THRESHOLD,
        novelty_weight: float | None = None,
        reward_weight: float | None = None,
        frequency_weight: float | None = None,
        *,
        config: JottyConfig | None = None,
        session: Session | None = None,
        clock: Clock = time.time,
        rng: Random | None = None,
    ) -> None:
        """Arguments take the place of settings of the configuration; ConfigError for those that none can have."""
        weights = {"novelty": novelty_weight, "reward": reward_weight, "frequency": frequency_weight}
        said: dict[str, Any] = {
            "consolidation_interval": sleep_interval,
            "max_hippocampus_size": max_hippocampus_size,
            "max_neocortex_size": max_neocortex_size,
            "brain_memory_threshold": replay_threshold,
            **{f"replay_{name}_weight": weight for name, weight in weights.items() if weight is not None},
        }
        settings = (config or JottyConfig()).model_dump()
        super().__init__(JottyConfig(**{**settings, **said}), session, clock=clock, rng=rng)
