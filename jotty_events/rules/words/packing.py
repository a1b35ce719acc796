"""How the words of many texts are laid out as flat arrays (packed.py reads them).

Invariants: the arrays are a function of the texts and their order, never of a hash seed. A word's number is its rank,
the rarest word first. The words of a text stand in ascending order, so that its common words are the last ones; texts
with the same common words make a group.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .overlap import Integers, ranges
from .similarity import words

Arrays = dict[str, NDArray[Any]]

HASH = np.dtype("<u8")
COMMON = 0.01
"""A word in more than this share of all texts is common."""
FEW = 32
"""And in more than so many of them."""


def pack(texts: Sequence[str]) -> Arrays:
    """Return the arrays of some texts, each of them once; a text's place in the sequence is its place in them."""
    numbers, counts, vocabulary = _numbered(texts)
    frequency = np.bincount(numbers, minlength=len(vocabulary))
    ranks, order = _ranked(frequency, vocabulary)
    starts = _ends(counts)
    owners = np.repeat(np.arange(len(counts)), counts)
    # Sets have no order: what stands in one text is sorted here, by rank.
    flat = np.sort(owners * max(1, len(order)) + ranks[numbers]) - owners * max(1, len(order))
    rare = int(np.count_nonzero(frequency <= max(FEW, COMMON * len(counts))))
    common = _common_words(flat, owners, counts, (rare, len(order)))
    coded = [coded_of(vocabulary[number]) for number in order]
    return {
        "starts": starts,
        "words": flat.astype(np.int32),
        **_rare_words(flat, owners, starts, rare, common.pop("group")),
        **common,
        "vocabulary": np.frombuffer(b"".join(coded), np.uint8),
        "vocabulary_from": _ends([len(word) for word in coded]),
        **_by_hash("word", coded),
        **_by_hash("text", [coded_of(text) for text in texts]),
    }


def _numbered(texts: Iterable[str]) -> tuple[Integers, Integers, list[str]]:
    """Return the numbers of the words of all texts, how many each has, and the words by their number."""
    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__
    numbers, counts = array("i"), array("i")
    for text in texts:
        held = words(text)
        counts.append(len(held))
        numbers.extend(map(known.__getitem__, held))
    return np.array(numbers, np.int64), np.array(counts, np.int64), list(known)


def _ranked(frequency: Integers, vocabulary: list[str]) -> tuple[Integers, list[int]]:
    """Return the rank of each word's number, the rarest word first, and the numbers in that order."""
    often = frequency.tolist()
    order = sorted(range(len(vocabulary)), key=lambda number: (often[number], vocabulary[number]))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks, order


def _rare_words(flat: Integers, owners: Integers, starts: Integers, rare: int, group: Integers) -> Arrays:
    """Return, by rare word, the texts that have it in the first half of their words.

    With each stand its group, its number of words, and how many rare words it has in its second half: a search that
    looked these up by the text would spend its time waiting for memory.
    """
    counts = starts[1:] - starts[:-1]
    places = np.arange(len(flat)) - starts[owners]
    half = (counts + 1) // 2
    first = np.flatnonzero((places < half[owners]) & (flat < rare))
    by_word = first[np.argsort(flat[first], kind="stable")]
    texts = owners[by_word]
    all_rare = np.bincount(owners[flat < rare], minlength=len(counts))
    return {
        "posted": texts.astype(np.int32),
        "posted_groups": group[texts],
        "posted_sizes": counts[texts].astype(np.int32),
        "posted_besides": np.maximum(0, all_rare - half)[texts].astype(np.int32),
        "posted_from": np.searchsorted(flat[by_word], np.arange(rare + 1)),
    }


def _common_words(flat: Integers, owners: Integers, counts: Integers, numbers: tuple[int, int]) -> Arrays:
    """Return the groups of texts with the same common words: these, where each is found, and the texts by size."""
    rare, known = numbers
    common = np.bincount(owners[flat >= rare], minlength=len(counts))
    group, kept = _grouped(flat[flat >= rare], _ends(common))
    starts = _ends(common[kept])
    inside = flat[flat >= rare][ranges(_ends(common)[kept], common[kept])]
    holders = np.repeat(np.arange(len(kept)), common[kept])
    by_word = np.argsort(inside, kind="stable")
    return {
        "group": group.astype(np.int32),
        "group_starts": starts,
        "group_words": inside.astype(np.int32),
        "group_posted": holders[by_word].astype(np.int32),
        "group_places": (by_word - starts[holders[by_word]]).astype(np.int32),
        "group_posted_from": np.searchsorted(inside[by_word], np.arange(rare, known + 1)),
        **_members(group, counts, len(kept)),
    }


def _grouped(common: Integers, starts: Integers) -> tuple[Integers, Integers]:
    """Return the group of each text, and the first text of each group; texts without common words are in one, too."""
    data, ends = common.astype(np.int32).tobytes(), (starts * 4).tolist()
    seen: dict[bytes, int] = {}
    group = [seen.setdefault(data[ends[i] : ends[i + 1]], len(seen)) for i in range(len(ends) - 1)]
    return np.array(group, np.int64), np.unique(np.array(group, np.int64), return_index=True)[1]


def _members(group: Integers, counts: Integers, groups: int) -> Arrays:
    """Return the texts by group and number of words, and where each such number begins."""
    order = np.lexsort((counts, group))
    keys = np.stack((group[order], counts[order]), axis=1)
    new = np.flatnonzero(np.any(keys[1:] != keys[:-1], axis=1)) + 1
    begin = np.concatenate(([0], new)) if len(order) else np.zeros(0, np.int64)
    return {
        "members": order.astype(np.int32),
        "members_from": np.append(begin, len(order)),
        "group_sizes": counts[order][begin],
        "group_sizes_from": np.searchsorted(group[order][begin], np.arange(groups + 1)),
    }


def _by_hash(kind: str, coded: Sequence[bytes]) -> Arrays:
    hashes = hashes_of(coded)
    order = np.argsort(hashes, kind="stable")
    return {f"{kind}_hashes": hashes[order], f"{kind}_by_hash": order.astype(np.int32)}


def hashes_of(coded: Iterable[bytes]) -> NDArray[Any]:
    """Return a hash of 64 bits of each text, the same in every process."""
    digests = [blake2b(one, digest_size=HASH.itemsize).digest() for one in coded]
    return np.frombuffer(b"".join(digests), HASH)


def coded_of(text: str) -> bytes:
    """Return a text's bytes; a lone surrogate, which no log holds, has some as well."""
    return text.encode("utf-8", "surrogatepass")


def _ends(counts: Integers | list[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
