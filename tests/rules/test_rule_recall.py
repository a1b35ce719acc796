"""Recall without a model, and consolidated knowledge as text."""

from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.memory.recall import (
    Item,
    Link,
    Memory,
    Recall,
    consolidated_knowledge,
    item_line,
    rank,
    relevance,
    shortened,
)

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "(a)"]), max_size=5).map(" ".join)


def test_relevance_is_the_share_of_the_query_that_is_mentioned() -> None:
    """Words count without punctuation, wherever they are found: in the content or in a goal."""
    assert relevance("Get P2P count", ["USE: partition column", "Count, (P2P) transactions"]) == 2 / 3
    assert relevance("", ["a"]) == relevance("a", []) == relevance("...", ["..."]) == 0.0


@given(texts, st.lists(texts, max_size=3), texts)
def test_more_text_never_makes_less_relevant(query: str, some: list[str], more: str) -> None:
    """Relevance is in [0, 1] and grows with what a memory says."""
    assert 0.0 <= relevance(query, some) <= relevance(query, [*some, more]) <= 1.0


def test_what_is_relevant_and_of_value_is_recalled_first() -> None:
    """A score is 0.7 of the relevance and 0.3 of the value; below the threshold nothing is recalled."""
    memories = [
        Memory("late", ["count p2p"], 0.8, 2),
        Memory("early", ["count p2p"], 0.8, 1),
        Memory("poor", ["count p2p"], 0.2, 0),
        Memory("other", ["weather"], 1.0, 3),
    ]
    found = rank("count p2p", memories)
    assert [recall.key for recall in found] == ["early", "late", "poor"]
    assert found[0] == Recall("early", 1.0, 0.7 + 0.3 * 0.8)
    assert [recall.key for recall in rank("count p2p", memories, threshold=0.0, limit=1)] == ["early"]
    assert len(rank("count p2p", memories, threshold=0.0)) == 4


def test_consolidated_knowledge_reads_as_a_prompt() -> None:
    """Patterns by value, a quarter each of procedures and wisdom, the surest links; nothing for nothing."""
    text = consolidated_knowledge(
        patterns=[Item("avoid the\n scan", 0.2, 9, 0), Item("use partition columns", 0.8, 1, 1)],
        procedures=[Item("seldom", 0.5, 1, 0), Item("often", 0.5, 3, 1), Item("also", 0.5, 2, 2)],
        wisdom=[Item("be brief", 0.6, 0, 0)],
        links=[Link("no index", "slow", 0.7)],
    )
    assert text == (
        "## Learned Patterns:\n- use partition columns (V=0.800)\n- avoid the scan (V=0.200)\n\n"
        "## Procedural Knowledge:\n- often (V=0.500)\n- also (V=0.500)\n\n"
        "## Meta Wisdom:\n- be brief (V=0.600)\n\n"
        "## Causal Understanding:\n- no index → slow (confidence 0.70)"
    )
    assert consolidated_knowledge() == ""


def test_without_a_goal_patterns_stand_by_use() -> None:
    """Where values are for no goal in particular, what was used most comes first."""
    items = [Item("valued", 0.9, 0, 0), Item("used", 0.1, 5, 1)]
    assert consolidated_knowledge(patterns=items, by_value=False, max_items=2).endswith("- used (V=0.100)")


def test_only_what_was_cut_says_so() -> None:
    """Two hundred characters are whole, one more is cut."""
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 200 + "..."
    assert item_line("use it", 0.8) == "- use it (V=0.800)"
