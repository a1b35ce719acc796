"""Retrieval as the original ranks: what is looked at, what is recalled, and what fits."""

from math import exp, log

import pytest

from jotty_events.rules.memory.prerank import (
    LARGE,
    Rankable,
    candidates,
    first_rank,
    rank_candidates,
    within,
    without_doubles,
)

NOW = 1_700_000_000.0


def entry(key: str, value: float = 0.5, **said: object) -> Rankable[str]:
    plain = Rankable(key, "semantic", value, value, value, 0, NOW, 10, key, 100)
    return plain._replace(**said)  # type: ignore[arg-type]


def test_value_level_age_and_use_make_the_first_rank() -> None:
    """The four shares are 0.4, 0.25, 0.2 and 0.15; use counts no more than a whole."""
    used = entry("k", 0.8, level="causal", access_count=9, last_accessed=NOW - 7200.0)
    expected = 0.4 * 0.8 + 0.25 * 0.95 + 0.2 * exp(-0.029 * 2) + 0.15 * log(10) / 10
    assert first_rank(used, NOW) == pytest.approx(expected, rel=1e-12)
    most = entry("k", 0.8, access_count=10**9)
    assert first_rank(most, NOW) == pytest.approx(0.4 * 0.8 + 0.25 * 0.9 + 0.2 + 0.15, rel=1e-12)


@pytest.mark.parametrize(
    ("level", "worth"), [("meta", 1.0), ("causal", 0.95), ("semantic", 0.9), ("procedural", 0.85), ("episodic", 0.7)]
)
def test_levels_differ_in_worth(level: str, worth: float) -> None:
    """Wisdom is looked at before what merely happened."""
    assert first_rank(entry("k", 0.0, level=level), NOW) == pytest.approx(0.25 * worth + 0.2, rel=1e-12)


def test_a_clock_that_steps_back_ranks_all_the_same() -> None:
    """What was used long after now comes first, and nothing overflows."""
    later = entry("later", last_accessed=NOW + 1e12)
    assert [one.key for one in candidates([entry("now"), later], now=NOW, limit=5)] == ["later", "now"]


def test_only_so_many_are_looked_at_in_order_of_insertion_where_equal() -> None:
    """The candidates are the most promising; equals stand as they came."""
    found = candidates([entry("a"), entry("b", 0.9), entry("c"), entry("d")], now=NOW, limit=3)
    assert [one.key for one in found] == ["b", "a", "c"]


def test_without_a_model_value_alone_decides() -> None:
    """Relevance is one half: what is worth less than five sixths is not recalled; a model's word counts more."""
    entries = [entry("worth", 0.84), entry("poor", 0.83), entry("said", 0.0)]
    assert [answer.key for _, answer in rank_candidates(entries, {}, threshold=0.6)] == ["worth"]
    found = rank_candidates(entries, {"said": 1.0, "worth": 0.0}, threshold=0.6)
    assert [(answer.key, answer.relevance, answer.score) for _, answer in found] == [("said", 1.0, 0.7)]
    assert len(rank_candidates(entries, {"said": 1.0}, threshold=0.7)) == 1


def test_equal_contents_are_recalled_once() -> None:
    """Of one content the entry of the highest default value stands; large contents come last, and are not compared."""
    entries = [
        entry("large", 0.99, length=LARGE + 1, content_hash="same"),
        entry("low", 0.9, content_hash="same", default=0.1),
        entry("high", 0.89, content_hash="same", default=0.2),
        entry("other", 0.88, length=LARGE),
    ]
    found = rank_candidates(entries, {}, threshold=0.6)
    assert [answer.key for _, answer in without_doubles(found)] == ["high", "other", "large"]
    assert without_doubles(found[:1]) == found[:1]
    assert len(without_doubles(found[1:3])) == 1
    assert LARGE == 10_000


def test_what_does_not_fit_is_passed_over() -> None:
    """A long entry does not keep a short one behind it out."""
    entries = [entry("a", 1.0, token_count=5), entry("b", 0.99, token_count=6), entry("c", 0.98, token_count=4)]
    found = rank_candidates(entries, {}, threshold=0.6)
    assert [answer.key for _, answer in within(found, 9)] == ["a", "c"]
    assert within(found, 0) == []
