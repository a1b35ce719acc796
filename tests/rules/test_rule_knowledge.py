"""Consolidated knowledge as the original words it."""

from jotty_events.rules.memory.knowledge import Reason, knowledge_text
from jotty_events.rules.memory.recall import Item

ITEMS = [Item("x" * 201, 0.25, 1, 0), Item("short", 0.75, 5, 1), Item("last", 0.0, 0, 2)]


def test_nothing_known_is_no_text() -> None:
    """Without memories and links there is not even a heading."""
    assert knowledge_text() == ""
    assert knowledge_text(patterns=ITEMS, max_items=1) == ""


def test_every_line_ends_in_dots_cut_or_not() -> None:
    """For a goal, patterns stand by value and say it, unless it is nothing; half of the items are patterns."""
    assert knowledge_text(patterns=ITEMS, for_goal=True, max_items=6) == (
        "# Consolidated Knowledge (Long-Term Memory):\n"
        "\n## Learned Patterns:\n"
        "- short... (value: 0.75)\n"
        f"- {'x' * 200}... (value: 0.25)\n"
        "- last...\n"
    )


def test_without_a_goal_what_was_used_comes_first() -> None:
    """Procedures stand by use, wisdom as it came, a quarter of the items each."""
    said = knowledge_text(patterns=ITEMS, procedures=ITEMS, wisdom=ITEMS, max_items=4)
    assert said.splitlines()[3:] == [
        "- short...",
        f"- {'x' * 200}...",
        "",
        "## Procedural Knowledge:",
        "- short...",
        "",
        "## Meta Wisdom:",
        f"- {'x' * 200}...",
    ]


def test_the_three_surest_links_say_when_they_apply() -> None:
    """Of equals, those that were added first; conditions stand in brackets."""
    links = [Reason(f"c{i}", "e", 0.5, []) for i in range(3)] + [Reason("sure", "e", 0.875, ["a=1", "b"])]
    assert knowledge_text(links=links).splitlines()[2:] == [
        "## Causal Understanding (WHY things work):",
        "- CAUSE: sure → EFFECT: e (when: a=1, b) (confidence: 0.88)",
        "- CAUSE: c0 → EFFECT: e (confidence: 0.50)",
        "- CAUSE: c1 → EFFECT: e (confidence: 0.50)",
    ]
