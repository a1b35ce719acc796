"""The index of similar texts against its plain definition."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jotty_events.rules.words import (
    index as word_index,
)
from jotty_events.rules.words import (
    packed as packed_words,
)
from jotty_events.rules.words import (
    packing as word_packing,
)
from jotty_events.rules.words import (
    tail as word_tail,
)
from jotty_events.rules.words.index import WordIndex
from jotty_events.rules.words.near import Integers
from jotty_events.rules.words.similarity import jaccard, nearness, similar, words

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


@pytest.fixture(scope="module", autouse=True)
def _few_are_many() -> Iterator[None]:
    """Let words be common in small sets of texts, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_packing, "FEW", 2)
        patch.setattr(word_packing, "COMMON", 0.2)
        patch.setattr(word_packing, "GROUPS", 4)
        yield


@settings(max_examples=80, deadline=None)
@given(
    st.lists(texts, max_size=20),
    changes,
    st.lists(texts, min_size=1, max_size=5),
    st.sampled_from([1, 4, 20, 1 << 14]),
    st.sampled_from([0, 5, 1024]),
    st.sampled_from([1, 4, 512]),
    st.sampled_from([0, 3, 10_000]),
)
def test_the_index_answers_as_a_scan_would(
    begun: list[str], made: list[tuple[bool, str]], asked: list[str], tail: int, few: int, groups: int, at_hand: int
) -> None:
    """After any additions and removals, in any parts, the answer is exact, in order, with equal floats."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_tail, "_WORDS", tail)
        patch.setattr(word_index, "_FEW", few)
        patch.setattr(word_packing, "GROUPS", groups)
        patch.setattr(packed_words, "_REMEMBERED", at_hand)
        index, held = WordIndex(begun), set(begun)
        for adds, text in made:
            (index.add if adds else index.discard)(text)
            (held.add if adds else held.discard)(text)
            assert (text in index) == adds
        assert len(index) == len(held)
        assert sorted(index.texts()) == sorted(held)
        for _ in range(2):
            assert [index.similar(text) for text in asked] == [scan(held, text) for text in asked]


@settings(max_examples=50, deadline=None)
@given(st.lists(texts, unique=True, max_size=30), changes, st.lists(texts, min_size=1, max_size=5))
def test_a_saved_index_goes_on_as_if_it_had_never_been_saved(
    begun: list[str], made: list[tuple[bool, str]], asked: list[str]
) -> None:
    """Opened from its arrays, with texts that come and go on top, an index answers as a scan would."""
    index, held = WordIndex.from_arrays(WordIndex(begun).to_arrays(begun), begun), set(begun)
    assert [index.similar(text) for text in asked] == [scan(held, text) for text in asked]
    for adds, text in made:
        (index.add if adds else index.discard)(text)
        (held.add if adds else held.discard)(text)
    assert [index.similar(text) for text in asked] == [scan(held, text) for text in asked]
    kept = set(begun) - {begun[place] for place in index.gone}
    assert kept | set(index.added) == held
    again = WordIndex.from_arrays(index.to_arrays(), index.texts())
    assert [again.similar(text) for text in asked] == [index.similar(text) for text in asked]


def labelled(source: random.Random) -> str:
    rare = " ".join(f"w{int(source.paretovariate(0.6)) % 300}" for _ in range(source.randrange(1, 6)))
    return f"QUERY: {rare} | INTENT: {source.choice(('COUNT', 'SUM'))} | ACTOR: {source.choice('ab')}"


def test_a_saved_index_is_searched_where_it_lies(tmp_path: Path) -> None:
    """Arrays mapped read-only from files give exact answers, and only texts that are found are asked for."""
    source = random.Random(3)
    known = sorted({labelled(source) for _ in range(1500)})
    for name, one in WordIndex(known).to_arrays(known).items():
        np.save(tmp_path / f"{name}.npy", one)
    arrays = {path.stem: np.load(path, mmap_mode="r") for path in tmp_path.iterdir()}
    read: list[int] = []

    class Texts(list[str]):
        def __getitem__(self, place):
            read.append(place)
            return super().__getitem__(place)

    index = WordIndex.from_arrays(arrays, Texts(known))
    assert read == []
    for text in [known[7], labelled(source), "QUERY: | INTENT: SUM | ACTOR: a", "w1", "nothing of this"]:
        read.clear()
        assert index.similar(text) == scan(set(known), text)
        assert len(read) == len(scan(set(known), text))
    index.add(known[3])
    index.add("a new one")
    assert index.added == ["a new one"]


def test_the_arrays_follow_from_the_texts_alone() -> None:
    """Indexes that got their texts in other orders and ways give the same bytes for the same order."""
    source = random.Random(4)
    known = sorted({labelled(source) for _ in range(200)})
    one, other = WordIndex(known), WordIndex([*known[100:], "gone"])
    other.discard("gone")
    for text in reversed(known):
        other.add(text)
    pairs = [index.to_arrays(known) for index in (one, other)]
    assert list(pairs[0]) == list(pairs[1])
    assert all(np.array_equal(pairs[0][name], pairs[1][name]) for name in pairs[0])
    assert [pairs[0][name].dtype for name in pairs[0]] == [pairs[1][name].dtype for name in pairs[0]]


def test_the_arrays_do_not_depend_on_the_order_of_words_in_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """In which order a set gives out its words differs from process to process; the arrays are the same."""
    source = random.Random(6)
    known = sorted({labelled(source) for _ in range(100)})
    forwards = word_packing.pack(known)
    monkeypatch.setattr(word_packing, "words", lambda text: sorted(words(text), reverse=True))
    backwards = word_packing.pack(known)
    assert all(np.array_equal(forwards[name], backwards[name]) for name in forwards)


def split(texts: list[str]) -> tuple[int, int, int]:
    """Return how many words of some texts are common, and into how many groups and classes they part the texts."""
    arrays = word_packing.pack(texts)
    rare = len(arrays["posted_from"]) - 1
    return len(arrays["vocabulary_from"]) - 1 - rare, int(arrays["groups"][0]), len(arrays["class_sizes"])


def test_a_word_is_common_above_both_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in more than FEW texts and in more than the share COMMON of all; at either limit it is not yet."""
    texts = [f"{'all ' if number < 4 else ''}w{number}" for number in range(10)]
    for few, share, common in [(3, 0.3, 1), (4, 0.3, 0), (3, 0.4, 0), (0, 0.0, 11)]:
        monkeypatch.setattr(word_packing, "FEW", few)
        monkeypatch.setattr(word_packing, "COMMON", share)
        monkeypatch.setattr(word_packing, "GROUPS", 100)
        assert split(texts)[0] == common


def test_common_words_part_texts_into_so_many_groups_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most frequent words are taken as long as the groups are not too many: exactly as many are allowed."""
    texts = [" ".join(f"bit{bit}" for bit in range(3) if number >> bit & 1) + " all" for number in range(8)]
    for groups, common in [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4)]:
        monkeypatch.setattr(word_packing, "GROUPS", groups)
        assert split(texts)[:2] == (common, 2 ** (common - 1))


def test_texts_of_one_group_with_as_many_words_are_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the texts stand in turn, there is one class for each number of words that occurs in a group."""
    monkeypatch.setattr(word_packing, "GROUPS", 1)
    texts = [" ".join(["all", *(f"w{number}_{at}" for at in range(number % 3))]) for number in range(30)]
    assert split(texts) == (1, 1, 3)


def test_what_is_kept_at_hand_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many words and labels are asked for, few of them are remembered, and answers stay exact."""
    monkeypatch.setattr(packed_words, "_REMEMBERED", 50)
    monkeypatch.setattr(packed_words, "_PLANNED", 1000)
    known = [f"w{number} all of them" for number in range(100)]
    part = packed_words.PackedWords(word_packing.pack(known))
    for number in range(200):
        query = " ".join([f"w{number} all", *(f"more{number}_{at}" for at in range(number % 40))])
        found = {known[place] for place in part.near(words(query)).places.tolist()}
        assert found == {one for one in known if similar(query, one)}
        assert len(part._remembered) <= 50
        assert len(part._plans) <= 1000 // 64


def test_few_answers_are_remembered() -> None:
    """What is learned of one step asks for a few states; the answers for all others are not held."""
    index = WordIndex(["a b"])
    for number in range(50):
        assert index.similar(f"a b {number}") == [("a b", 2 / 3)]
        assert len(index._answers) <= word_index._REMEMBERED


def test_texts_that_came_last_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search looks at text by text is limited, in texts as well as in words."""
    for limit, most in (("_TEXTS", 10), ("_WORDS", 3)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(word_tail, limit, 10)
            index = WordIndex(["a"])
            for number in range(100):
                index.add(f"word{number} and three more")
                assert len(index._tail) < most


@pytest.mark.parametrize("packed", [False, True])
def test_texts_without_words_are_similar_to_no_words(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """Wherever they stand among texts with words: first, in between, in a row, last."""
    monkeypatch.setattr(word_tail, "_TEXTS", 1 if packed else 100)
    index, held = WordIndex(["zz"]), {"zz"}
    for text in ("", "a", " ", "\n", "b", "a b", "\t"):
        index.add(text)
        held.add(text)
        for query in ("a", "b", "zz", "a b", "a new", ""):
            assert index.similar(query) == scan(held, query)


def test_lone_surrogates_are_told_apart() -> None:
    """No log holds one, but who asks with one gets an exact answer: it is neither another one nor a question mark."""
    known = ["\ud800", "\udfff", "?", "\ud800 a b", "\udfff a b", "? a b", "\ufffd a b"]
    packed, added = WordIndex(known), WordIndex()
    for text in known:
        added.add(text)
    for index in (packed, added):
        assert [index.similar(text) for text in known] == [scan(set(known), text) for text in known]
        assert all(text in index for text in known)


@pytest.mark.parametrize("remembered", [0, 2, 100])
def test_words_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch, remembered: int) -> None:
    """A hash only leads to words and texts, which are then compared."""
    for module in (word_packing, packed_words):
        monkeypatch.setattr(module, "hashes_of", lambda coded: np.zeros(len(list(coded)), np.uint64))
    monkeypatch.setattr(packed_words, "_REMEMBERED", remembered)
    known = ["a b c", "b c d", "c d e", "", " "]
    index = WordIndex(known)
    for text in (*known, "a b unknown", "unknown"):
        assert index.similar(text) == scan(set(known), text)
    assert [text in index for text in [*known, "a c b"]] == [True] * 5 + [False]
    index.discard("b c d")
    assert index.similar("a b c") == scan(set(known) - {"b c d"}, "a b c")


@pytest.mark.parametrize("texts", [["a"], ["a", "b", "b"], ["a", "b", "c"], ["a", "c"]], ids=str)
def test_texts_that_are_not_those_of_the_index_are_refused(texts: list[str]) -> None:
    """Arrays are never made for other texts than the index holds."""
    with pytest.raises(ValueError, match="not those of the index"):
        WordIndex(["a", "b"]).to_arrays(texts)


def test_an_answer_can_be_changed_by_who_got_it() -> None:
    """Answers are remembered, and given out as copies."""
    index = WordIndex(["a b"])
    index.similar("a b").clear()
    assert index.similar("a b") == [("a b", 1.0)]


@pytest.mark.parametrize("tail", [7, 100, 1024])
def test_a_thousand_texts_with_common_words_stay_exact_while_parts_are_packed(
    monkeypatch: pytest.MonkeyPatch, tail: int
) -> None:
    """Texts that share most of their labels are found exactly at every size on the way."""
    monkeypatch.setattr(word_tail, "_TEXTS", tail)
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


def test_few_texts_are_looked_at_though_all_share_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of texts share six words; a query with rare words counts hardly any of them, in parts or in one."""
    counted = packed_words._counted
    looked_at: list[int] = []

    def watched(lists: list[Integers], size: int) -> tuple[Integers, Integers]:
        looked_at.append(sum(map(len, lists)))
        return counted(lists, size)

    monkeypatch.setattr(packed_words, "_counted", watched)
    known = [
        f"QUERY: item{number} from place{number % 997} of kind{number % 499} | ACTOR: analyst" for number in range(5000)
    ]
    in_one, in_parts = WordIndex(known), WordIndex(known[:2600])
    for text in known[2600:]:
        in_parts.add(text)
    for index in (in_one, in_parts):
        looked_at.clear()
        found = index.similar("query: item5 from place5 of kind7 | actor: analyst")
        assert [nearest for _, nearest in found][:1] == [0.8]
        assert len(looked_at) == (1 if index is in_one else 2)
        assert 0 < sum(looked_at) < 100


@pytest.mark.parametrize("most", [0, 300, 1 << 18])
def test_what_is_kept_at_hand_of_common_words_is_bounded(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """However many queries come, plans hold no more numbers than they may, but for the newest; answers are the same."""
    monkeypatch.setattr(packed_words, "_PLANNED", most)
    source = random.Random(6)
    known = sorted({labelled(source) for _ in range(300)})
    packed = packed_words.PackedWords(word_packing.pack(known))
    kept = []
    for _ in range(100):
        query = words(labelled(source))
        near = packed.near(query)
        assert sorted(known[place] for place in near.places) == [
            text for text in known if jaccard(query, words(text)) > 0.5
        ]
        kept.append([len(plan.needed) + len(plan.whole.names) for plan in packed._plans.values()])
    assert all(sum(one) <= max(most, one[-1]) for one in kept)
    assert max(map(len, kept)) > (1 if most else 0)


def test_parts_are_packed_together_before_they_become_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts come, the parts that a search looks through are as many as the doublings."""
    monkeypatch.setattr(word_tail, "_TEXTS", 4)
    monkeypatch.setattr(word_index, "_FEW", 1024)
    index, most = WordIndex(["a b"]), 0
    for number in range(1000):
        index.add(f"word{number} b")
        most = max(most, len(index._parts))
    assert most <= 9
    assert index.similar("word5 b") == [("word5 b", 1.0)]


def test_a_text_is_held_once() -> None:
    """Adding again changes nothing, packed or live; what went can come back."""
    index = WordIndex(["a b"])
    for text in ("a b", "b c", "b c"):
        index.add(text)
    assert (len(index), index.added, index.gone) == (2, ["b c"], [])
    for text in ("a b", "b c", "never there"):
        index.discard(text)
    assert (len(index), index.texts(), index.gone) == (0, [], [0])
    index.add("a b")
    assert (index.texts(), index.similar("b a")) == (["a b"], [("a b", 1.0)])


def test_the_arrays_stay_until_much_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an index was opened from is kept as it is under a few changes; many changes pack all anew, in order."""
    monkeypatch.setattr(word_index, "_FEW", 4)
    known = ["a b", "b c", "c d"]
    arrays = WordIndex(known).to_arrays()
    index = WordIndex.from_arrays(arrays, known)
    index.discard("b c")
    for text in "efgh":
        index.add(text)
    assert index.arrays is arrays
    index.add("i")
    assert index.arrays is not arrays
    assert (index.texts(), index.added, index.gone) == (["a b", "c d", *"efghi"], [], [])
    assert index.similar("a b") == [("a b", 1.0)]
    packed = index.arrays
    for text in index.texts()[:5]:
        assert index.arrays is packed
        index.discard(text)
    assert index.arrays is not packed
    for text in index.texts():
        index.discard(text)
    assert (len(index), index.texts()) == (0, [])


def test_an_empty_text_finds_only_itself() -> None:
    """Texts without words are equal or nothing."""
    index = WordIndex()
    index.add("")
    index.add(" ")
    assert index.similar("") == [("", 1.0)]
    assert index.similar("\t") == []
