"""Sharp-wave ripples: what recent episodes teach when they are replayed together (RULES R5).

Invariants: episodes are taken in their order, and so are agents and actions: by their first episode. An episode says
its `action`, `agent` and `reward`; what it does not say has a default.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

SUCCESS_ABOVE, FAILURE_BELOW = 0.7, 0.3
CHANGE, CONFIDENCE = 0.3, 0.7
AGENT_EPISODES = 3
STRENGTHENED_BY = 1.1
UNSAID_REWARD, UNSAID_BETWEEN = 0.0, 0.5
UNKNOWN_AGENT = "unknown"

Episode = Mapping[str, object]


class Link(NamedTuple):
    """One action followed another, and the reward changed."""

    cause: str
    effect: str
    reward_delta: float
    confidence: float


class Strengthened(NamedTuple):
    """The places of the values that grew, and all values after that."""

    places: list[int]
    values: list[float]


def patterns(episodes: Sequence[Episode], threshold: int) -> list[str]:
    """Return what most successes and most failures have in common, and how each agent fares; at least so many times."""
    good = [one for one in episodes if _reward(one, UNSAID_REWARD) > SUCCESS_ABOVE]
    bad = [one for one in episodes if _reward(one, UNSAID_REWARD) < FAILURE_BELOW]
    success, failure = _common(good, "success", threshold), _common(bad, "failure", threshold)
    return [
        *([success] if success else []),
        *([f"AVOID: {failure}"] if failure else []),
        *_agents(episodes, threshold),
    ]


def _reward(episode: Episode, unsaid: float) -> float:
    reward = episode.get("reward", unsaid)
    if isinstance(reward, bool) or not isinstance(reward, int | float):
        raise ValueError(f"the reward of an episode is {reward!r:.40}, not a number")
    return float(reward)


def _action(episode: Episode) -> str:
    return str(episode.get("action", ""))


def _common(episodes: Sequence[Episode], outcome: str, threshold: int) -> str | None:
    if len(episodes) < threshold:
        return None
    counts = Counter(map(_action, episodes))
    action = max(counts, key=lambda one: counts[one])
    if counts[action] < threshold:
        return None
    return f"{outcome.upper()}_PATTERN: Action '{action}' led to {outcome} {counts[action]} times"


def _agents(episodes: Sequence[Episode], threshold: int) -> list[str]:
    rewards: dict[str, list[float]] = {}
    for one in episodes:
        rewards.setdefault(str(one.get("agent", UNKNOWN_AGENT)), []).append(_reward(one, UNSAID_REWARD))
    return [
        f"AGENT_PATTERN: {agent} has {sum(one > SUCCESS_ABOVE for one in found) / len(found):.0%} success rate"
        f" over {len(found)} tasks"
        for agent, found in rewards.items()
        if len(found) >= max(threshold, AGENT_EPISODES)
    ]


def links(episodes: Sequence[Episode]) -> list[Link]:
    """Return a link for each two episodes in a row between which the reward changes by more than 0.3."""
    pairs = pairwise(episodes)
    found = [
        Link(_action(a), _action(b), _reward(b, UNSAID_BETWEEN) - _reward(a, UNSAID_BETWEEN), CONFIDENCE)
        for a, b in pairs
    ]
    return [one for one in found if abs(one.reward_delta) > CHANGE]


def to_prune(values: Sequence[float], threshold: float, share: float) -> list[int]:
    """Return the places of the values below a threshold, the first ones: no more than a share of all."""
    weak = [place for place, value in enumerate(values) if value < threshold]
    return weak[: int(len(values) * share)]


def strengthened(values: Sequence[float], threshold: float) -> Strengthened:
    """Return the values with those above a threshold a tenth greater, at most 1."""
    places = [place for place, value in enumerate(values) if value > threshold]
    grown = set(places)
    after = [min(1.0, value * STRENGTHENED_BY) if i in grown else value for i, value in enumerate(values)]
    return Strengthened(places, after)
