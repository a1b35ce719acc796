"""The index of similar texts against its plain definition."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from jotty_events.rules import word_index
from jotty_events.rules.similarity import nearness, similar
from jotty_events.rules.word_index import WordIndex

VOCABULARY = [
    "query:",
    "count",
    "sum",
    "p2p",
    "upi",
    "|",
    "intent:",
    "domain:",
    "actor:",
    "analyst",
    "get",
    "payments",
    "refunds",
    "A",
    "a",
]
texts = st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)
changes = st.lists(st.tuples(st.booleans(), texts), max_size=60)


def scan(held: set[str], text: str) -> list[tuple[str, float]]:
    found = [(known, nearness(text, known)) for known in held if similar(text, known)]
    return sorted(found, key=lambda match: (-match[1], match[0]))


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, max_size=20), changes, st.lists(texts, min_size=1, max_size=5), st.sampled_from([1, 3, 64]))
def test_the_index_answers_as_a_scan_would(
    begun: list[str], made: list[tuple[bool, str]], asked: list[str], renewal: int
) -> None:
    """After any additions and removals, at any age of its shelves, the answer is exact, in order, with equal floats."""
    before = word_index._SMALLEST_RENEWAL
    word_index._SMALLEST_RENEWAL = renewal
    try:
        index, held = WordIndex(begun), set(begun)
        for adds, text in made:
            (index.add if adds else index.discard)(text)
            (held.add if adds else held.discard)(text)
        assert len(index) == len(held)
        assert [index.similar(text) for text in asked] == [scan(held, text) for text in asked]
    finally:
        word_index._SMALLEST_RENEWAL = before


def test_a_thousand_texts_with_common_words_stay_exact_while_shelves_are_renewed() -> None:
    """Texts that share most of their labels are found exactly at every size on the way."""
    source = random.Random(5)
    index, held = WordIndex(), set[str]()
    for step in range(1000):
        rare = " ".join(f"w{source.randrange(60)}" for _ in range(source.randrange(1, 6)))
        text = f"QUERY: {rare} | INTENT: {source.choice(('COUNT', 'SUM'))} | ACTOR: a"
        index.add(text)
        held.add(text)
        if step % 3 == 0:
            gone = min(held)
            index.discard(gone)
            held.discard(gone)
        if step % 40 == 0:
            assert index.similar(text) == scan(held, text)


def test_few_texts_are_looked_at_though_all_share_words() -> None:
    """Ten thousand texts share six words; a query with rare words looks at hardly any of them."""
    index = WordIndex()
    for number in range(10_000):
        index.add(f"QUERY: item{number} from place{number % 997} of kind{number % 499} | ACTOR: analyst")
    looked_at = index._candidates(
        frozenset(["query:", "item5", "from", "place5", "of", "kind7", "|", "actor:", "analyst"])
    )
    assert len(looked_at) < 100


def test_a_text_keeps_its_id_and_ids_are_not_given_again() -> None:
    """Adding again returns the same id; what comes back after a removal is a new entry."""
    index = WordIndex()
    first = index.add("a b")
    assert index.add("a b") == first
    assert index.add("b c") != first
    index.discard("a b")
    index.discard("never there")
    assert "a b" not in index
    assert index.add("a b") not in (first, first + 1)


def test_an_empty_text_finds_only_itself() -> None:
    """Texts without words are equal or nothing."""
    index = WordIndex()
    index.add("")
    index.add(" ")
    assert index.similar("") == [("", 1.0)]
    assert index.similar("\t") == []
