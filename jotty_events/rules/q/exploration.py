"""How much an entry deserves to be looked at, for what it is worth or for what is not known of it (RULES R3)."""

from math import inf, log, sqrt

UCB_COEFFICIENT = 2.0


def ucb_score(value: float, visits: int, total_accesses: int, c: float = UCB_COEFFICIENT) -> float:
    """Return the upper confidence bound of a value; infinity for an entry that was never visited (RULES R3)."""
    return inf if visits == 0 else value + c * sqrt(log(total_accesses + 1) / visits)
