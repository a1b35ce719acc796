"""Lessons: what a surprising step teaches, in words (RULES R1).

Invariants: a lesson follows from the two texts, the reward and the error alone. Tags are found in the texts as they
stand there, so a text is never parsed twice in two ways.
"""

from collections.abc import Iterator

SURPRISING = 0.1
"""An error below this teaches nothing."""
NOTABLE = 0.2
"""An error above this teaches something even where the reward was middling."""
SUCCESS_ABOVE = 0.7
FAILURE_BELOW = 0.3
_QUERY_KEPT, _STATE_KEPT, _ACTION_KEPT = 50, 60, 40


def lesson(*, state: str, action: str, reward: float, td_error: float, version: int = 2) -> str | None:
    """Return what a step taught, or None if it went about as expected (RULES R1).

    Version 2 also names the approach that was taken: without it a lesson does not say what to do again.
    """
    if abs(td_error) < SURPRISING:
        return None
    insight = _insight(state, action, version)
    if reward > SUCCESS_ABOVE:
        return _success(state, insight, reward)
    if reward < FAILURE_BELOW:
        return _failure(state, insight, reward)
    return _surprise(insight, reward, td_error)


def _success(state: str, insight: str, reward: float) -> str:
    if "WORKING_COL:" in state or "RESOLUTION:" in state:
        return f"✅ LEARNED: {insight} → SUCCESS (reward={reward:.2f})"
    return f"✅ SUCCESS: {insight} (reward={reward:.2f})"


def _failure(state: str, insight: str, reward: float) -> str:
    if "COLS_TRIED:" in state:
        return f"❌ AVOID: {insight} → FAILED (reward={reward:.2f})"
    return f"❌ FAILED: {insight} (reward={reward:.2f})"


def _surprise(insight: str, reward: float, td_error: float) -> str | None:
    numbers = f"(actual={reward:.2f}, expected={reward - td_error:.2f})"
    if td_error > NOTABLE:
        return f"📈 DISCOVERY: {insight} performed better than expected {numbers}"
    if td_error < -NOTABLE:
        return f"📉 CAUTION: {insight} performed worse than expected {numbers}"
    return None


def _insight(state: str, action: str, version: int) -> str:
    said = [*_of_state(state), *_of_action(action, version)]
    return "; ".join(said) or f"{state[:_STATE_KEPT]}... → {action[:_ACTION_KEPT]}..."


def _of_state(state: str) -> Iterator[str]:
    yield from _tagged(state, "DOMAIN:", "Domain={}")
    yield from _tagged(state, "QUERY:", "Query='{}'", _QUERY_KEPT)
    yield from _tagged(state, "COLS_TRIED:", "tried [{}]")
    yield from _tagged(state, "WORKING_COL:", "use [{}] instead")
    yield from _tagged(state, "RESOLUTION:", "Resolution: {}")
    yield from _tagged(state, "TABLES:", "tables={}")


def _of_action(action: str, version: int) -> Iterator[str]:
    yield from _tagged(action, "TOOL:", "tool={}")
    yield from _tagged(action, "PARTITION:", "partition={}")
    if version >= 2:
        yield from _tagged(action, "APPROACH:", "approach={}")


def _tagged(text: str, tag: str, form: str, kept: int | None = None) -> Iterator[str]:
    _, found, rest = text.partition(tag)
    if found:
        yield form.format(rest.partition("|")[0].strip()[:kept])
