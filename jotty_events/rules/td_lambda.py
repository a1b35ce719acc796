"""TD(lambda): what the memories used on the way to a reward are worth (RULES R4).

Invariants: every value is in [0, 1]. The traces keep the order in which entries were first accessed, or came back.
A trajectory is a dictionary of traces and a list of step rewards; these functions return new ones.
"""

from collections.abc import Mapping, Sequence
from math import fsum, isfinite, sqrt
from typing import NamedTuple, TypeVar

from .q_learning import clamp01

K = TypeVar("K")

TRACE_DROPPED_BELOW = 1e-8
ERRORS_NEEDED = 10
"""Alpha is not adapted before so many errors were seen."""
SUCCESSES_COMPARED = 10
DECLINE = 0.1
UNSTABLE_ABOVE = 1.5
SLOW_BELOW = 0.01


def decay(traces: Mapping[K, float], factor: float) -> dict[K, float]:
    """Return the traces times a factor (gamma * lambda), without those that fall below 1e-8 (RULES R4)."""
    return {key: trace * factor for key, trace in traces.items() if trace * factor >= TRACE_DROPPED_BELOW}


def access(traces: Mapping[K, float], key: K, *, gamma: float, lambda_trace: float, version: int = 2) -> dict[K, float]:
    """Return the traces after an access to `key`: all decayed, its own renewed (RULES R4).

    Version 2 sets it to 1.0, so that many accesses do not multiply alpha (E6); version 1 adds 1.0.
    """
    after = decay(traces, gamma * lambda_trace)
    after[key] = 1.0 if version >= 2 else after.get(key, 0.0) + 1.0
    return after


def discounted_return(final: float, step_rewards: Sequence[float], gamma: float) -> float:
    """Return the final reward plus the sum of r_i * gamma ** i, the first step undiscounted (RULES R4)."""
    return final + fsum(reward * gamma**step for step, reward in enumerate(step_rewards))


def conclude_value(*, before: float, alpha: float, return_: float, trace: float) -> float:
    """Return V moved towards the return by alpha * trace (RULES R4).

    An entry's default value is learned by the same formula from its own `before`, so that a goal not seen before
    reads what was learned for others (M4). ValueError for a number that is not finite.
    """
    if not all(map(isfinite, (before, alpha, return_, trace))):
        raise ValueError(f"a value cannot be learned from {before!r}, {alpha!r}, {return_!r}, {trace!r}")
    return clamp01(before + alpha * (return_ - before) * trace)


def transfer(*, before: float, delta: float, similarity: float, weight: float, discount: float) -> float:
    """Return a related goal's value after a change of `delta` elsewhere (RULES R4).

    `before` is the related goal's own value or, where it has none, the entry's default: never a fixed 0.5 (M5).
    """
    return clamp01(before + delta * similarity * (weight * discount))


class Adaptation(NamedTuple):
    """A learning rate and what it was adapted by: mean and standard deviation of the last `samples` errors."""

    after: float
    samples: int
    error_mean: float
    error_std: float
    recent_success: float | None
    older_success: float | None


def adapt_alpha(
    alpha: float,
    *,
    errors: Sequence[float],
    successes: Sequence[bool] = (),
    fresh: int = 1,
    rate: float = 0.1,
    window: int = 50,
    alpha_min: float = 0.001,
    alpha_max: float = 0.1,
    unstable_above: float = UNSTABLE_ABOVE,
    slow_below: float = SLOW_BELOW,
    version: int = 2,
) -> Adaptation:
    """Return alpha lowered where errors scatter, raised where they are tiny or where success declines (RULES R4).

    `errors` are absolute td errors, oldest first, `fresh` of them not seen by the adaptation before. Version 2 leaves
    alpha alone if there are none (E7), and compares the last ten successes with the ten before them (M6).
    """
    last = [abs(error) for error in errors[-window:]]
    mean, spread = _mean_and_spread(last)
    recent, older = _success_rates(successes, version)
    ready = len(errors) >= ERRORS_NEEDED and (fresh > 0 or version < 2)
    after = alpha
    if ready:
        after = conclude_alpha(
            alpha,
            error_mean=mean,
            error_std=spread,
            recent_success=recent,
            older_success=older,
            rate=rate,
            alpha_min=alpha_min,
            alpha_max=alpha_max,
            unstable_above=unstable_above,
            slow_below=slow_below,
        )
    return Adaptation(after, len(last), mean, spread, recent, older)


def conclude_alpha(
    before: float,
    *,
    error_mean: float,
    error_std: float,
    recent_success: float | None,
    older_success: float | None,
    rate: float,
    alpha_min: float,
    alpha_max: float,
    unstable_above: float,
    slow_below: float,
) -> float:
    """Return alpha moved by the share `rate`: down for scattered errors, up for tiny ones or declining success."""
    change = _change(error_mean, error_std, unstable_above, slow_below) + _boost(recent_success, older_success)
    return max(alpha_min, min(alpha_max, before * (1 + rate * change)))


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    mean = fsum(values) / len(values)
    return mean, sqrt(fsum((value - mean) ** 2 for value in values) / len(values))


def _success_rates(successes: Sequence[bool], version: int) -> tuple[float | None, float | None]:
    if len(successes) < 2 * SUCCESSES_COMPARED:
        return None, None
    counted = successes[-SUCCESSES_COMPARED:] if version >= 2 else successes
    older = successes[-2 * SUCCESSES_COMPARED : -SUCCESSES_COMPARED]
    return sum(counted) / SUCCESSES_COMPARED, sum(older) / SUCCESSES_COMPARED


def _change(mean: float, spread: float, unstable_above: float, slow_below: float) -> float:
    if spread > unstable_above * mean:
        return -1.0
    return 1.0 if mean < slow_below else 0.0


def _boost(recent: float | None, older: float | None) -> float:
    declines = recent is not None and older is not None and recent < older - DECLINE
    return 0.5 if declines else 0.0
