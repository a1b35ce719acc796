"""The learning rate of TD(lambda), adapted by how its errors scatter and how its successes go (RULES R4)."""

import time
from collections.abc import Sequence
from math import isfinite
from random import Random

from projections.memory import Memory

from ...config import JottyConfig
from ...errors import ConfigError
from ...events import AlphaAdapted, SampleNoted
from ...rules.td import td_lambda
from ...session import Session, undisturbed
from ...types import Clock
from ..alone import alone
from ..memory.rate import ERROR, LEARNER, SUCCESS
from ..model import Ask


class AdaptiveLearningRate:
    """Takes note of errors and successes, and adapts alpha to them. All of it is kept from run to run (P14)."""

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

    @property
    def _memory(self) -> Memory:
        found: Memory = self._session.view("memory")
        return found

    @property
    def alpha(self) -> float:
        """The learning rate: adapted, or as configured."""
        learned = self._memory.parameter("alpha")
        return self.config.alpha if learned is None else learned

    @property
    def td_errors(self) -> Sequence[float]:
        """The absolute errors that count, oldest first."""
        return self._memory.samples(LEARNER, ERROR)

    @property
    def success_rates(self) -> Sequence[float]:
        """The successes (1.0) and failures (0.0) that count, oldest first."""
        return self._memory.samples(LEARNER, SUCCESS)

    def record_td_error(self, td_error: float) -> None:
        """Take note of an error. ConfigError for one that is not finite."""
        if not isfinite(td_error):
            raise ConfigError(f"the td error is {td_error}", hint="errors are finite numbers")
        self._note(ERROR, abs(td_error))

    def record_success(self, success: bool) -> None:
        """Take note of whether an episode reached its goal."""
        self._note(SUCCESS, 1.0 if success else 0.0)

    @undisturbed
    def _note(self, kind: str, value: float) -> None:
        held, fresh = self._memory.adapting(LEARNER, kind)
        with self._session.transaction() as commit:
            commit.add(
                SampleNoted(
                    **self._session.provenance,
                    learner=LEARNER,
                    kind=kind,
                    value=value,
                    now=commit.now,
                    held_before=held,
                    fresh_before=fresh,
                    held=td_lambda.held(held, self.config.adaptive_window_size),
                    fresh=fresh + 1,
                )
            )

    @undisturbed
    def get_adapted_alpha(self) -> float:
        """Adapt the learning rate to what was noted, and return it; as configured, where it is not to be adapted.

        Version 2 adapts only to what came since the last time (E7), and sees when success declines (M6).
        """
        if not self.config.enable_adaptive_alpha:
            return self.config.alpha
        before, found = self.alpha, self._adapted()
        if found.after != before:
            self._adapt(before, found)
        return found.after

    def _adapted(self) -> td_lambda.Adaptation:
        config, memory = self.config, self._memory
        return td_lambda.adapt_alpha(
            self.alpha,
            errors=self.td_errors,
            successes=self.success_rates,
            fresh=sum(memory.adapting(LEARNER, kind)[1] for kind in (ERROR, SUCCESS)),
            rate=config.alpha_adaptation_rate,
            window=config.adaptive_window_size,
            alpha_min=config.alpha_min,
            alpha_max=config.alpha_max,
            unstable_above=config.instability_threshold_multiplier,
            slow_below=config.slow_learning_threshold,
            version=self._session.rules,
        )

    def _adapt(self, before: float, found: td_lambda.Adaptation, cause: str = "errors") -> None:
        config = self.config
        with self._session.transaction() as commit:
            commit.add(
                AlphaAdapted(
                    **self._session.provenance,
                    learner=LEARNER,
                    cause=cause,
                    now=commit.now,
                    before=before,
                    samples=found.samples,
                    error_mean=found.error_mean,
                    error_std=found.error_std,
                    recent_success=found.recent_success,
                    older_success=found.older_success,
                    rate=config.alpha_adaptation_rate,
                    alpha_min=config.alpha_min,
                    alpha_max=config.alpha_max,
                    unstable_above=config.instability_threshold_multiplier,
                    slow_below=config.slow_learning_threshold,
                    after=found.after,
                )
            )

    @undisturbed
    def reset(self) -> None:
        """Let alpha be as it is configured, and forget what was noted."""
        nothing = td_lambda.Adaptation(self.config.alpha, 0, 0.0, 0.0, None, None)
        self._adapt(self.alpha, nothing, cause="reset")
