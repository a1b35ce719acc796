"""Memory: keys, limits, eviction, protection, outcomes and pruning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.memory import (
    Candidate,
    Kept,
    OutcomeMemory,
    content_hash,
    domain_of,
    evict,
    memory_key,
    outcome_memory,
    outcome_with_store,
    protects,
    stale,
    task_type_of,
    token_count,
    truncate,
)

names = st.text(alphabet="ab:%3A", max_size=6)


def test_long_contents_are_cut_and_marked() -> None:
    """A token is four characters; what is longer than the limit is cut there and says so."""
    assert token_count("12345678") == 3
    assert truncate("12345678", 3) == Kept("12345678", 3, False)
    assert truncate("x" * 50, 10) == Kept("x" * 40 + "\n[TRUNCATED - Original was longer]", 10, True)


def test_contents_with_one_beginning_have_two_keys() -> None:
    """The key is made of the whole content, not of what is kept of it (M2)."""
    one, two = ("a" * 40 + end for end in ("one", "two"))
    assert truncate(one, 10).content == truncate(two, 10).content
    assert memory_key("sql", "query", content_hash(one)) != memory_key("sql", "query", content_hash(two))


@given(st.tuples(names, names), st.tuples(names, names))
def test_different_names_never_share_a_key(one: tuple[str, str], two: tuple[str, str]) -> None:
    """A colon or a percent sign in a name does not make it run into the next (E4)."""
    keys = [memory_key(domain, task_type, "0" * 32) for domain, task_type in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)
    assert all(key.count(":") == 2 for key in keys)


def test_plain_names_stand_in_the_key_as_they_are() -> None:
    """The key reads domain, task type, and sixteen digits of the MD5."""
    assert memory_key("sql", "date filter", content_hash("")) == "sql:date filter:d41d8cd98f00b204"
    assert len(content_hash("\ud800")) == 32


def test_domain_and_task_type_come_from_the_argument_the_context_or_are_general() -> None:
    """What is said nearest counts; an empty text says nothing."""
    assert domain_of({"domain": "ops"}, "sql") == "sql"
    assert domain_of({"domain": "ops"}) == "ops"
    assert domain_of({}) == "general"
    assert task_type_of({"task_type": "", "operation_type": "join"}) == "join"
    assert task_type_of({"task_type": "t"}, "given") == "given"
    assert task_type_of({}) == "general"


def entry(key: str, value: float, *, protected: bool = False, created_at: float = 0.0, nth: int = 0) -> Candidate[str]:
    return Candidate(key, value, protected, created_at, nth)


def test_the_least_valued_unprotected_entry_goes() -> None:
    """What proved useful stays, and what is protected stays even if it did not (M4)."""
    entries = [
        entry("useful", 1.0),
        entry("safe", 0.0, protected=True),
        entry("late", 0.4, nth=2),
        entry("early", 0.4, nth=1),
    ]
    assert evict(entries) == evict(reversed(entries)) == "early"


def test_where_all_are_protected_the_oldest_goes() -> None:
    """Protection does not make a full level refuse what is new."""
    entries = [entry("b", 0.1, protected=True, created_at=2.0), entry("a", 0.9, protected=True, created_at=1.0)]
    assert evict(entries) == "a"
    with pytest.raises(ValueError, match="capacity"):
        evict([])


def test_a_threshold_of_zero_protects_all() -> None:
    """0.0 is a threshold like any other (E1), and protection ends with the value that gave it."""
    assert protects(0.1, "episodic", threshold=0.0)[0]
    assert protects(0.8, "episodic") == (True, "value 0.800 is at least 0.800")
    assert protects(0.79, "episodic") == (False, "")
    assert protects(0.1, "causal") == (True, "level causal")


def test_what_succeeded_is_to_be_used_and_what_failed_avoided() -> None:
    """Both start at 0.5; an error is one line of at most 200 characters."""
    assert outcome_memory(approach="index", success=True) == OutcomeMemory("semantic", "USE: index", 0.5)
    assert outcome_memory(approach="index", success=True, lesson="fast").content == "USE: index — fast"
    failed = outcome_memory(approach="scan", success=False, error="no such\n  column: x" + "y" * 300)
    assert failed.level == "causal"
    assert failed.content.startswith("AVOID: scan — no such column: xyyy")
    assert len(failed.content) == len("AVOID: scan — ") + 200
    assert outcome_memory(approach="scan", success=False).content == "AVOID: scan"


def test_outcomes_choose_the_level() -> None:
    """A failure is causal at 0.9 with its context, a success semantic at 0.4, anything else episodic at 0.5."""
    failure = outcome_with_store("it broke", "failure", {"row": 12, "odd": {1}})
    assert (failure.level, failure.initial_value) == ("causal", 0.9)
    assert "it broke" in failure.content
    assert '"row": 12' in failure.content
    assert outcome_with_store("good\nmore", "success", {}) == OutcomeMemory("semantic", "✅ Success: good", 0.4)
    assert outcome_with_store("so so", "neutral", {}) == OutcomeMemory("episodic", "so so", 0.5)


def test_a_fifth_of_a_level_may_be_pruned() -> None:
    """Only what is older than a day, worth little and unprotected is pruned, the first of it."""
    old = [entry(f"old{nth}", 0.1, nth=nth) for nth in range(8)]
    kept = [
        entry("young", 0.1, created_at=90_000.0, nth=8),
        entry("worth", 0.3, nth=9),
        entry("safe", 0.0, protected=True, nth=10),
    ]
    assert stale([*kept, *reversed(old)], now=100_000.0) == ["old0", "old1"]
    assert stale(old[:4], now=100_000.0) == []
    assert stale(kept, now=100_000.0) == []
