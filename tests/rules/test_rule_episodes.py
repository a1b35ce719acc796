"""Clusters of episodes, and what proved valuable; and how much an entry deserves a look."""

from hashlib import md5
from math import inf, log, sqrt

from jotty_events.rules.memory.episodes import Episode, clusters, worked_and_failed
from jotty_events.rules.q.exploration import ucb_score


def test_episodes_of_one_goal_and_domain_are_a_cluster() -> None:
    """A cluster has its mean value, and is named by what its episodes have in common; small ones are left out."""
    told = [("a", "sql", "g", 0.25), ("b", "ops", "g", 0.5), ("c", "sql", "g", 0.75), ("d", "sql", "h", 1.0)]
    (found,) = clusters((Episode(*one) for one in told), 2)
    assert found == (md5(b"sql:g", usedforsecurity=False).hexdigest(), "sql", "g", ["a", "c"], 0.5)
    assert [one.goal for one in clusters((Episode(*one) for one in told), 1)] == ["g", "g", "h"]


def test_only_the_best_and_the_worst_teach() -> None:
    """Above 0.8 something worked, below 0.3 it failed; the limits themselves say nothing."""
    told = [("good", 0.81), ("edge", 0.8), ("low edge", 0.3), ("bad", 0.29)]
    assert worked_and_failed(told) == (["good"], ["bad"])


def test_what_was_never_visited_deserves_the_first_look() -> None:
    """Otherwise the bound is the value and a bonus that shrinks with visits."""
    assert ucb_score(0.5, 0, 10) == inf
    assert ucb_score(0.5, 1, 0) == 0.5
    assert ucb_score(0.25, 4, 99, 0.5) == 0.25 + 0.5 * sqrt(log(100) / 4)
    assert ucb_score(0.25, 4, 99) == 0.25 + 2.0 * sqrt(log(100) / 4)
