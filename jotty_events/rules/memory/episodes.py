"""Clusters of episodes: those towards one goal in one domain, of which a pattern may be asked (RULES R2).

Invariants: clusters stand in the order of their first episode, and episodes in the order in which they came.
"""

from collections.abc import Iterable, Sequence
from hashlib import md5
from math import fsum
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")

WISDOM_VALUE = 0.9
WORKED_ABOVE, FAILED_BELOW = 0.8, 0.3
WISDOM_FROM = 3


class Episode(NamedTuple, Generic[K]):
    """An episode's domain, the first goal that it has a value for, and its default value."""

    key: K
    domain: str
    goal: str
    value: float


class Cluster(NamedTuple, Generic[K]):
    """Episodes of one domain and goal, and their mean value. `name` is the MD5 of both, in hex."""

    name: str
    domain: str
    goal: str
    keys: Sequence[K]
    value: float


def clusters(episodes: Iterable[Episode[K]], least: int) -> list[Cluster[K]]:
    """Return the clusters of at least so many episodes."""
    groups: dict[tuple[str, str], list[Episode[K]]] = {}
    for episode in episodes:
        groups.setdefault((episode.domain, episode.goal), []).append(episode)
    return [_cluster(domain, goal, found) for (domain, goal), found in groups.items() if len(found) >= least]


def _cluster(domain: str, goal: str, found: Sequence[Episode[K]]) -> Cluster[K]:
    said = f"{domain}:{goal}".encode("utf-8", "surrogatepass")
    name = md5(said, usedforsecurity=False).hexdigest()
    value = fsum(one.value for one in found) / len(found)
    return Cluster(name, domain, goal, [one.key for one in found], value)


def worked_and_failed(valued: Iterable[tuple[str, float]]) -> tuple[list[str], list[str]]:
    """Return the contents that proved valuable, and those that proved worthless (RULES R2)."""
    told = list(valued)
    return [said for said, value in told if value > WORKED_ABOVE], [
        said for said, value in told if value < FAILED_BELOW
    ]
