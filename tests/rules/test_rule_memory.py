"""Memory: keys, limits, eviction, protection, outcomes and pruning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.memory.entries import (
    Candidate,
    Kept,
    Names,
    OutcomeMemory,
    accessed_when_renamed,
    comparable,
    content_hash,
    domain_of,
    evict,
    is_of_domain,
    is_of_task,
    is_old_key,
    known_by,
    memory_key,
    names_of,
    outcome_memory,
    outcome_with_store,
    protection_threshold,
    protects,
    source_episode,
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


# Version 1 beside version 2.


def test_version_1_knows_a_content_by_what_is_kept_of_it() -> None:
    """Two long contents of one beginning are one in version 1, and two in version 2 (M2)."""
    one, other = ("a" * 40 + end for end in ("one", "two"))
    assert known_by(one, 10, 1) == known_by(other, 10, 1) == content_hash(truncate(one, 10).content)
    assert known_by(one, 10) != known_by(other, 10)
    assert known_by("short", 10, 1) == known_by("short", 10) == content_hash("short")


def test_version_1_lets_names_run_into_each_other() -> None:
    """A colon in a name is written as it is in version 1, so that two keys may be one (E4)."""
    assert memory_key("a:b", "c", "0" * 32, 1) == memory_key("a", "b:c", "0" * 32, 1) == f"a:b:c:{'0' * 16}"
    assert memory_key("a:b", "c", "0" * 32) == f"a%3Ab:c:{'0' * 16}"
    assert is_of_domain("a:b:c:0", "a:b", "a", 1)
    assert not is_of_domain("a:b:c:0", "a:b", "a")
    assert is_of_task("a:b:c:0", "c", "b", 1)
    assert not is_of_task("a:b:c:0", "c", "b")


def test_an_empty_name_is_a_name_in_version_1() -> None:
    """Version 1 takes an empty domain as it is; of task types it passes over the context's empty ones only."""
    assert names_of({"domain": "d"}, "", "", 1) == ("", "")
    assert names_of({"domain": "d"}, "", "") == ("d", "general")
    assert names_of({"domain": "", "task_type": "", "operation_type": "op"}, version=1) == Names("", "op")
    assert names_of({"domain": None, "operation_type": None}, version=1) == ("None", "None")
    assert names_of({"domain": None, "operation_type": None}) == names_of({}, version=1) == ("general", "general")


def test_a_threshold_of_zero_says_nothing_in_version_1() -> None:
    """Version 1 takes 0.0 for no threshold at all, and words its reasons as the original does (E1)."""
    assert (protection_threshold(0.0, 0.8, 1), protection_threshold(0.0, 0.8)) == (0.8, 0.0)
    assert protection_threshold(0.5, 0.8, 1) == protection_threshold(0.5, 0.8) == 0.5
    assert protection_threshold(None, 0.8, 1) == protection_threshold(None, 0.8) == 0.8
    assert protects(0.8, "meta", 0.8, version=1) == (True, "Value >= 0.8")
    assert protects(0.1, "meta", 0.8, version=1) == (True, "META level")
    assert protects(0.1, "causal", 0.8, version=1) == (True, "CAUSAL knowledge")
    assert protects(0.1, "semantic", 0.8, version=1) == (False, "")


def test_the_failure_frame_of_version_1_is_the_original_s() -> None:
    """The content stands between rules, with its context escaped to ASCII; level and value are those of version 2."""
    kept = outcome_with_store("it\nbroke", "failure", {"a": "é"}, 1)
    rule = "═" * 51
    assert kept == (
        "causal",
        f"❌ FAILURE ANALYSIS (High Information Event)\n{rule}\nit\nbroke\n\nFULL CONTEXT:\n"
        '{\n  "a": "\\u00e9"\n}\n\n'
        "MEMORY NOTE: This is a rare failure event with high information content.\n"
        f"Store full trace to prevent similar failures.\n{rule}",
        0.9,
    )
    assert outcome_with_store("it broke", "failure", {})[::2] == ("causal", 0.9)
    for outcome in ("success", "neutral", "anything"):
        assert outcome_with_store("a\nb", outcome, {}, 1) == outcome_with_store("a\nb", outcome, {})


def test_version_1_prunes_what_is_protected_too() -> None:
    """Age and value alone decide in version 1; a day to the second is not old yet."""
    old = [entry(f"old{nth}", 0.1, protected=nth == 0, nth=nth) for nth in range(10)]
    assert stale(old, now=86401.0, version=1) == ["old0", "old1"]
    assert stale(old, now=86401.0) == ["old1", "old2"]
    assert stale(old, now=86400.0, version=1) == stale(old, now=86400.0) == []


def test_less_than_three_tenths_is_worthless() -> None:
    """0.3 itself stays, in both versions."""
    edge = [entry(f"{nth}", 0.3, nth=nth) for nth in range(5)]
    below = [entry(f"{nth}", 0.299, nth=nth) for nth in range(5)]
    assert [stale(edge, now=1e6, version=version) for version in (1, 2)] == [[], []]
    assert [stale(below, now=1e6, version=version) for version in (1, 2)] == [["0"], ["0"]]


def test_a_failure_is_told_shortly_in_version_2() -> None:
    """The content, and its context as it is written, without a frame."""
    kept = outcome_with_store("it broke", "failure", {"a": "é"})
    assert kept.content == '❌ Failure: it broke\nContext: {\n  "a": "é"\n}'


def test_the_episode_of_a_memory_is_the_one_that_goes_on() -> None:
    """Version 1 believes the context, and says 0 without one; version 2 knows what goes on."""
    assert [source_episode({"episode": 3}, 7, version) for version in (1, 2)] == [3, 7]
    assert [source_episode({}, None, version) for version in (1, 2)] == [0, None]
    assert [source_episode({"episode": "x"}, None, version) for version in (1, 2)] == [0, None]
    assert [source_episode({"episode": True}, 7, version) for version in (1, 2)] == [0, 7]


def test_what_is_of_one_length_may_say_the_same() -> None:
    """Nothing is compared with what is more than three times as long, or with nothing."""
    assert comparable(3, 10)
    assert comparable(10, 3)
    assert not comparable(29, 100)
    assert comparable(1, 1)
    assert not comparable(0, 0)
    assert not comparable(0, 5)


def test_old_keys_have_no_domain() -> None:
    """A migrated entry counts as accessed now, one that took another's key does not."""
    assert is_old_key("0123456789abcdef")
    assert not is_old_key("a:b:0123456789abcdef")
    assert accessed_when_renamed(1.0, 2.0, "migrated") == 2.0
    assert accessed_when_renamed(1.0, 2.0, "duplicate") == 1.0
