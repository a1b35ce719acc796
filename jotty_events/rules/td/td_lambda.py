"""TD(lambda): what the memories used on the way to a reward are worth (RULES R4).

Invariants: every value is in [0, 1]. The traces keep the order in which entries were first accessed, or came back.
A trajectory is a dictionary of traces and a list of step rewards; these functions return new ones.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import fsum, isfinite, sqrt
from operator import add
from typing import NamedTuple, TypeVar

from ..memory.goals import ValueRead
from ..q.learning import clamp01

K = TypeVar("K")

TRACE_DROPPED_BELOW = 1e-8
NEUTRAL = 0.5
"""What version 1 takes a related goal's value to be that an entry does not have (M5)."""
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


def discounted_return(final: float, step_rewards: Sequence[float], gamma: float, version: int = 2) -> float:
    """Return the final reward plus the sum of r_i * gamma ** i, the first step undiscounted (RULES R4).

    Version 1 adds them one by one, as the original did; version 2 exactly.
    """
    discounted = [reward * gamma**step for step, reward in enumerate(step_rewards)]
    return final + (fsum(discounted) if version >= 2 else _added(discounted))


def _added(values: Sequence[float]) -> float:
    """Return the sum from left to right: what `sum` gives depends on the version of Python."""
    return reduce(add, values, 0.0)


def conclude_value(*, before: float, alpha: float, return_: float, trace: float) -> float:
    """Return V moved towards the return by alpha * trace (RULES R4). ValueError for a number that is not finite."""
    if not all(map(isfinite, (before, alpha, return_, trace))):
        raise ValueError(f"a value cannot be learned from {before!r}, {alpha!r}, {return_!r}, {trace!r}")
    return clamp01(before + alpha * (return_ - before) * trace)


def conclude_default(*, before: float, alpha: float, return_: float, trace: float, version: int = 2) -> float:
    """Return an entry's default value after an update: learned by the same formula from its own `before` (M4).

    So a goal not seen before reads what was learned for others; in version 1 the default stays as it was stored.
    """
    return before if version < 2 else conclude_value(before=before, alpha=alpha, return_=return_, trace=trace)


def value_at_access(own: float | None, default: float) -> ValueRead:
    """Return what version 1 reads at an access: the goal's own value, else the entry's default, never a related one."""
    return ValueRead(default, "default") if own is None else ValueRead(own, "goal")


def carried_from(own: float | None, default: float, version: int = 2) -> ValueRead:
    """Return what a transfer to a related goal starts from: its own value or, where it has none, the entry's default.

    Version 1 starts from 0.5, whatever the default is (M5).
    """
    if own is not None:
        return ValueRead(own, "goal")
    return ValueRead(default, "default") if version >= 2 else ValueRead(NEUTRAL, "neutral")


def updated_at(now: float, own: float | None, *, transferred: bool, version: int = 2) -> float:
    """Return when a goal's value counts as learned: in version 1 a transfer leaves the time `own` that it had."""
    return own if version < 2 and transferred and own is not None else now


def held(before: int, window: int) -> int:
    """Return how many samples count after one more: the window, as soon as they are more than twice that (RULES R4)."""
    return window if before + 1 > 2 * window else before + 1


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
    successes: Sequence[float] = (),
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

    `errors` are absolute td errors, oldest first, `successes` 1.0 or 0.0; `fresh` of both came since the adaptation
    before. Version 2 leaves alpha alone if there are none (E7), and compares the last ten successes with the ten before
    them (M6).
    """
    last = [abs(error) for error in errors[-window:]]
    mean, spread = _mean_and_spread(last, version)
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


def _mean_and_spread(values: Sequence[float], version: int) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    total = fsum if version >= 2 else _added
    mean = total(values) / len(values)
    return mean, sqrt(total([(value - mean) ** 2 for value in values]) / len(values))


def _success_rates(successes: Sequence[float], version: int) -> tuple[float | None, float | None]:
    if len(successes) < 2 * SUCCESSES_COMPARED:
        return None, None
    counted = recent_successes(successes) if version >= 2 else successes
    older = successes[-2 * SUCCESSES_COMPARED : -SUCCESSES_COMPARED]
    return fsum(counted) / SUCCESSES_COMPARED, fsum(older) / SUCCESSES_COMPARED


def recent_successes(successes: Sequence[float]) -> Sequence[float]:
    """Return the last ten; version 1 counts all, so that success never seems to decline (M6)."""
    return successes[-SUCCESSES_COMPARED:]


def _change(mean: float, spread: float, unstable_above: float, slow_below: float) -> float:
    if spread > unstable_above * mean:
        return -1.0
    return 1.0 if mean < slow_below else 0.0


def _boost(recent: float | None, older: float | None) -> float:
    declines = recent is not None and older is not None and recent < older - DECLINE
    return 0.5 if declines else 0.0
