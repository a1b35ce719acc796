"""Similarity of texts by their words."""

from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.words.similarity import jaccard, nearness, similar, words

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "A", "|", "QUERY:"]), max_size=6).map(" ".join)


def test_half_of_the_words_is_not_enough() -> None:
    """Two of four words in common are not similar, three of five are: the threshold is strict."""
    assert not similar("a b c", "a b d")
    assert similar("a b c d", "a b c e")


def test_words_count_once_and_in_any_case() -> None:
    """Repeated words, their order and their case do not matter; labels and bars are words."""
    assert similar("a a a b", "a b")
    assert nearness("A b | C", "c | B a") == 1.0
    assert words("QUERY: x | y") == {"query:", "x", "|", "y"}


def test_an_empty_text_is_similar_only_to_itself() -> None:
    """No words in common with anything, but equal is equal, however empty."""
    assert similar("", "")
    assert not similar("", " ")
    assert not similar("", "x")
    assert jaccard(frozenset(), frozenset()) == 0.0


@given(texts, texts)
def test_similarity_is_symmetric_and_reflexive(a: str, b: str) -> None:
    """Which of two texts is asked about makes no difference, and each is similar to itself."""
    assert similar(a, b) == similar(b, a)
    assert similar(a, a)
    assert 0.0 <= nearness(a, b) <= 1.0
