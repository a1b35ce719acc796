"""Rewards for steps on the way: small, so that the end of the way says most (RULES R4).

Invariants: a reward is what was configured, times a share.
"""

PARTIAL_MOST = 0.3
"""What a task is worth that is nearly done."""
FAILED_SHARE = -0.5
"""A tool that fails costs half of what one that succeeds is worth."""


def proceeding(confidence: float, reward: float) -> float:
    """Return the reward for going on with some confidence in [0, 1]."""
    return reward * confidence


def tool_used(success: bool, reward: float) -> float:
    """Return the reward for the use of a tool."""
    return reward if success else reward * FAILED_SHARE


def partly_done(share: float) -> float:
    """Return the reward for a task of which a share in [0, 1] is done."""
    return share * PARTIAL_MOST
