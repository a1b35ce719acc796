"""Clusters of tier 2: entries of the Q-table that begin with the same words (RULES R1).

Invariants: a cluster is named by the first words of its members, and described by those of its first member; clusters
stand in the order of their first members, members in the order in which they are given.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..words.similarity import jaccard, words
from .retention import Key

CENTROID_WORDS, NAME_WORDS = 5, 2
LONGER_THAN = 3
PASSED_OVER = frozenset(["the", "a", "an", "in", "on", "at", "to", "for", "of", "and", "or", "but"])
RELEVANT_ABOVE = 0.7
"""A cluster bears on a state if their words have a Jaccard index above this, strictly."""


class Group(NamedTuple):
    """A cluster and its members, named by their `nth`."""

    name: str
    centroid: str
    members: list[int]


def keywords(key: Key) -> list[str]:
    """Return the first five longer words of an entry's texts."""
    spoken = f"{key[0]} {key[1]}".lower().split()
    return [word for word in spoken if len(word) > LONGER_THAN and word not in PASSED_OVER][:CENTROID_WORDS]


def grouped(entries: Iterable[tuple[int, Key]], most: int, *, version: int = 2) -> list[Group]:
    """Return at most `most` clusters of entries, given as (nth, key), in the order of their first members.

    Version 1 keeps those that come first; version 2 the largest, so that most of tier 2 is in a cluster (M12).
    """
    found: dict[str, Group] = {}
    for nth, key in entries:
        said = keywords(key)
        name = "_".join(said[:NAME_WORDS])
        found.setdefault(name, Group(name, " ".join(said), [])).members.append(nth)
    groups = list(found.values())
    if version < 2:
        return groups[:most]
    largest = sorted(range(len(groups)), key=lambda place: -len(groups[place].members))[:most]
    return [groups[place] for place in sorted(largest)]


def relevant(state: str, centroids: Sequence[str]) -> int | None:
    """Return the place of the centroid that says nearly the same as a state, the first of the nearest; None of none."""
    asked = words(state)
    near = [jaccard(asked, words(centroid)) for centroid in centroids]
    best = max(range(len(near)), key=near.__getitem__, default=None)
    return best if best is not None and near[best] > RELEVANT_ABOVE else None
