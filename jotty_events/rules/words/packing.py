"""How the words of many texts are laid out as flat arrays (packed.py reads them).

Invariants: the arrays are a function of the texts and their order, never of a hash seed. A word's number is its rank,
the rarest word first, so that the common words are the last ones. Texts with the same common words make a group, and
those of a group with as many words a class; members stand by class, and a text is named by where it stands in them.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .near import Integers
from .similarity import words

Arrays = dict[str, NDArray[Any]]

HASH = np.dtype("<u8")
COMMON = 0.01
"""A word in more than this share of all texts may be common."""
FEW = 32
"""And in more than so many of them."""
GROUPS = 512
"""The most frequent words are, as long as they do not part the texts into more groups than this."""


def pack(texts: Sequence[str]) -> Arrays:
    """Return the arrays of some texts, each of them once; a text's place in the sequence is its place in them.

    By the name of a text: `members` is its place, `classes` its class. By class: `class_groups` is its group,
    `class_sizes` how many words its texts have, `class_from` the name of its first text. By word: `posted`, from
    `posted_from` on, names the texts that have a rare word; a row of `group_has` says which of the groups (`groups` of
    them) have a common one; `vocabulary`, from `vocabulary_from` on, is the word itself in UTF-8. What ends last is
    said as well. `word_hashes` and `text_hashes` ascend; `…_by_hash` is the word, or the place of the text, of each.
    """
    numbers, counts, vocabulary = _numbered(texts)
    frequency = np.bincount(numbers, minlength=len(vocabulary))
    ranks, order = _ranked(frequency, vocabulary)
    held_from = _ends(frequency[order])
    by_word = ranks[numbers].argsort(kind="stable")
    holders = np.arange(len(counts)).repeat(counts)[by_word]
    group, rare = _grouped(holders, held_from, len(counts))
    members = np.lexsort((counts, group))
    named = np.empty_like(members)
    named[members] = np.arange(len(members))
    coded = [coded_of(vocabulary[number]) for number in order]
    return {
        "members": members.astype(np.int32),
        "posted": named[holders[: held_from[rare]]].astype(np.int32),
        "posted_from": held_from[: rare + 1],
        **_common_words(group[holders], held_from[rare:]),
        **_classes(group[members], counts[members]),
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


def _grouped(holders: Integers, held_from: Integers, texts: int) -> tuple[Integers, int]:
    """Return the group of each text, and how many words are not common; `holders` has the texts by word."""
    group = np.zeros(texts, np.int64)
    for word in range(len(held_from) - 2, -1, -1):
        begin, end = held_from[word : word + 2]
        # Each group falls into the texts without the word, which get an even number, and those with it.
        parted = 2 * group
        parted[holders[begin:end]] += 1
        used = np.bincount(parted) > 0
        if end - begin <= max(FEW, COMMON * texts) or np.count_nonzero(used) > GROUPS:
            return group, word + 1
        # Numbers that no text got are left out, so that groups are numbered without gaps.
        group = (used.cumsum() - 1)[parted]
    return group, 0


def _common_words(groups: Integers, held_from: Integers) -> Arrays:
    """Return which group has which of the common words; `groups` are those of the texts, by word, of all words."""
    has = np.zeros((len(held_from) - 1, int(groups.max(initial=0)) + 1), np.uint8)
    for word, begin in enumerate(held_from[:-1]):
        has[word, groups[begin : held_from[word + 1]]] = 1
    return {"group_has": has.ravel(), "groups": np.array(has.shape[1:])}


def _classes(groups: Integers, sizes: Integers) -> Arrays:
    """Return the class of each member, the group and number of words of each class, and where its members begin."""
    new = np.ones(len(groups), np.bool_)
    new[1:] = (groups[1:] != groups[:-1]) | (sizes[1:] != sizes[:-1])
    begin = np.flatnonzero(new)
    return {
        "classes": (new.cumsum() - 1).astype(np.int32),
        "class_groups": groups[begin],
        "class_sizes": sizes[begin],
        "class_from": np.append(begin, len(groups)),
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


def text_of(coded: bytes) -> str:
    """Return the text that has these bytes."""
    return coded.decode("utf-8", "surrogatepass")


def _ends(counts: Integers | list[int]) -> Integers:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
