"""Learned values in words, and the rewards of steps."""

from jotty_events.rules.memory.values_in_words import Valued, learned_context, learned_context_with_traces
from jotty_events.rules.td.step_rewards import partly_done, proceeding, tool_used


def test_only_what_stands_out_is_told() -> None:
    """Above 0.7 and below 0.3, five of each, the oldest first among equals."""
    assert learned_context([("x", 0.7, 0), ("y", 0.3, 1)]) == ""
    many = [(f"m{i}", 0.75, 9 - i) for i in range(7)]
    assert learned_context(many).splitlines()[1:] == [f"- m{i} (V=0.750)" for i in (6, 5, 4, 3, 2)]


def test_version_1_tells_five_high_five_low_three_moves_and_three_traces() -> None:
    """Each list by its own order, equals as they stand."""
    high = [Valued(f"h{i}", 0.75, i) for i in range(6)]
    low = [Valued(f"l{i}", 0.25, i) for i in range(6)]
    moved = [Valued(f"m{i}", 0.5, i, at) for i, at in enumerate((0.375, 0.25, 0.75, 0.4375, 0.125))]
    lines = learned_context_with_traces([*high, *low, *moved], {0: 0.6, 6: 0.7, -1: 0.9, 12: 0.65}).splitlines()
    assert [line for line in lines if line.startswith("- h")] == [
        *(f"- h{i}... (V=0.750)" for i in range(5)),
    ]
    assert [line for line in lines if line.startswith("- AVOID")] == [f"- AVOID: l{i}... (V=0.250)" for i in range(5)]
    assert [line for line in lines if "Δ" in line] == [
        "- ↑ m4... (V=0.500, Δ=+0.375)",
        "- ↑ m1... (V=0.500, Δ=+0.250)",
        "- ↓ m2... (V=0.500, Δ=-0.250)",
    ]
    # The strongest of all is a memory that is not here: it takes its place all the same.
    assert [line for line in lines if "trace=" in line] == ["- l0... (trace=0.70)", "- m0... (trace=0.65)"]


def test_version_1_says_nothing_where_only_traces_are() -> None:
    """Values in the middle, and moves of a tenth, are not worth a word."""
    quiet = [Valued("x", 0.7, 0, 0.75), Valued("y", 0.3, 1), Valued("z", None, 2)]
    assert learned_context_with_traces(quiet, {0: 1.0}) == ""
    down = learned_context_with_traces([Valued("x", 0.5, 0, 0.65)], {0: 0.5})
    assert down.splitlines()[2:] == [
        "## Recently Updated Understanding:",
        "- ↓ x... (V=0.500, Δ=-0.150)",
        "",
        "## Currently Relevant (High Eligibility):",
    ]


def test_a_step_is_worth_a_share() -> None:
    """Of what is configured; a failed tool costs half, a part done is worth at most 0.3."""
    assert (proceeding(0.5, 0.1), tool_used(True, 0.05), tool_used(False, 0.05)) == (0.05, 0.05, -0.025)
    assert (partly_done(1.0), partly_done(0.5)) == (0.3, 0.15)


def test_limits_of_version_1() -> None:
    """A move of an eighth, a trace above a half, and a hundred and fifty characters."""
    told = learned_context_with_traces([Valued("x" * 151, 0.5, 0, 0.375)], {0: 0.5625})
    assert [line for line in told.splitlines() if line.startswith("- ")] == [
        f"- ↑ {'x' * 150}... (V=0.500, Δ=+0.125)",
        f"- {'x' * 150}... (trace=0.56)",
    ]
