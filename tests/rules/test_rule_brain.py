"""The brain: tags, priorities, replay, patterns and forgetting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.brain.patterns import (
    WEEK,
    Experience,
    Pattern,
    Replayed,
    Weights,
    due,
    expectation,
    faded,
    first_match,
    impact_of,
    kind_of,
    lesson,
    match,
    mean,
    nearest,
    novelty,
    over_capacity,
    pattern_strength,
    pattern_text,
    priority,
    ranked,
    replay,
    tags,
    weak_experiences,
    weak_patterns,
    weights_by,
)


def experience(nth: int, reward: float = 1.0, **facts: float) -> Experience:
    told = {"novelty": 1.0, "replays": 0, "strength": 1.0, "encoded_at": 0.0} | facts
    return Experience(nth, reward, told["novelty"], int(told["replays"]), told["strength"], told["encoded_at"])


def test_tags_say_what_an_experience_is_about() -> None:
    """Known keys in a defined order; a goal is cut at fifty characters; what is missing leaves no tag."""
    content = {"actor": "b", "action": "a", "goal": "x" * 70, "status": 1, "shapley_credit": 0.5, "tool_used": "t"}
    assert tags(content) == ["action:a", "actor:b", "goal:" + "x" * 50, "status:1", "causal:medium_impact", "tool:t"]
    assert tags({"other": 1, "action": None, "shapley_credit": "odd"}) == []
    assert tags({"shapley_credit": 0.71}) == ["causal:high_impact"]


def test_novelty_is_what_the_nearest_pattern_leaves() -> None:
    """All is new to an empty neocortex, and nothing that is known exactly."""
    known = [Pattern(0, ["c"], 1.0, 0.0), Pattern(1, ["a"], 1.0, 0.0), Pattern(2, ["a"], 1.0, 0.0)]
    assert nearest(["a"], []) == (None, 0.0)
    assert nearest([], known) == (None, 0.0)
    assert nearest(["d"], known) == (None, 0.0)
    assert nearest(["a", "b"], known) == (1, 0.5)
    assert nearest(["a"], known) == (1, 1.0)
    assert [novelty(0.0), novelty(0.5), novelty(1.0)] == [1.0, 0.5, 0.0]


def test_the_priority_of_a_fresh_surprise() -> None:
    """A worked value: reward 0.7314719162578773, all new, just encoded."""
    fresh = experience(0, 0.7314719162578773)
    assert priority(fresh, now=0.0) == pytest.approx(0.7157359581289386, rel=1e-12)
    assert priority(fresh, now=3600.0) < priority(fresh, now=0.0)


def test_the_weights_are_honoured() -> None:
    """What counts for nothing changes nothing, what counts for all decides alone (M10)."""
    only_reward = Weights(1.0, 0.0, 0.0, 0.0, 0.0)
    assert priority(experience(0, 1.0), now=1e9, weights=only_reward) == 1.0
    assert priority(experience(0, 0.5), now=0.0, weights=only_reward) == 0.0
    assert priority(experience(0, 0.5), now=0.0, weights=Weights(0.0, 1.0, 0.0, 0.0, 0.0)) == 1.0


def test_sleep_replays_the_better_half_and_one() -> None:
    """Highest priority first, the oldest among equals, none below the threshold, none for a sixth time."""
    held = [experience(3, 0.5), experience(2), experience(1), experience(4, replays=5), experience(5, 0.5, novelty=0.0)]
    replayed = replay(held, threshold=0.5, now=0.0)
    assert [each.nth for each in replayed] == [1, 2]
    assert replayed[0] == Replayed(1, priority(experience(1), now=0.0), 1, 1.1)
    assert replay([], threshold=0.5, now=0.0) == []


@given(st.floats(0, 2), st.integers(0, 4))
def test_replay_never_strengthens_beyond_two(strength: float, replays: int) -> None:
    """A strength grows by a tenth, up to 2; the pattern gains that times the replays."""
    (replayed,) = replay([experience(0, strength=strength, replays=replays)], threshold=0.0, now=0.0)
    assert strength <= replayed.strength <= 2.0
    assert pattern_strength(replayed.strength, replayed.replays) == replayed.strength * (replays + 1)


def test_a_pattern_names_the_action_and_the_actor() -> None:
    """No strategy is 'unknown' where an approach is known (M9); an empty experience teaches nothing."""
    assert pattern_text({"action": "partition column", "actor": "analyst"}, 1.0) == (
        "✅ analyst: 'partition column' tends to succeed (reward: 1.00)"
    )
    assert pattern_text({"approach": "scan"}, 0.0) == "❌ 'scan' tends to fail (reward: 0.00)"
    assert pattern_text({}, 1.0) is None
    assert [kind_of(reward) for reward in (0.71, 0.7, 0.3, 0.29)] == ["success", "mixed", "mixed", "failure"]


def test_the_nearest_pattern_is_reinforced() -> None:
    """More than 0.7 of the tags must agree; the nearest counts, and among equals the oldest, in any order."""
    known = [
        Pattern(0, ["a", "b", "c", "d"], 1.0, 0.0),
        Pattern(1, ["a", "b", "c"], 1.0, 0.0),
        Pattern(2, ["c", "b", "a"], 1.0, 0.0),
    ]
    assert match(["a", "b", "c"], known) == match(["a", "b", "c"], reversed(known)) == (1, 1.0)
    assert match(["a", "b", "c", "d"], known[1:]) == (1, 0.75)
    assert match(["a", "z"], known) is None
    assert match([], [Pattern(0, [], 1.0, 0.0)]) is None


def test_over_capacity_the_least_is_forgotten() -> None:
    """As many as there are too many, the least first, then the oldest."""
    rated = [(0, 0.5), (1, 0.2), (2, 0.2), (3, 0.9)]
    assert over_capacity(rated, 2) == [1, 2]
    assert over_capacity(rated, 4) == over_capacity(rated, 9) == []
    assert len(over_capacity(rated, 0)) == 4


def test_what_is_never_replayed_is_forgotten_in_time() -> None:
    """The original's pruning could not happen (M10): here strengths fade by half a week."""
    assert faded(1.0, WEEK) == 0.5
    year = 52 * WEEK
    assert weak_experiences([experience(0), experience(1, replays=1), experience(2, encoded_at=year)], now=year) == [0]
    patterns = [Pattern(0, [], 1.0, 0.0), Pattern(1, [], 50.0, 0.0), Pattern(2, [], 0.1, 2 * WEEK)]
    assert weak_patterns(patterns, now=2 * WEEK) == [0]


def test_sleep_comes_after_so_many_episodes() -> None:
    """Every third episode with an interval of three, the first included."""
    assert [due(since, 3) for since in range(5)] == [False, False, False, True, True]


def test_equals_stay_as_they_stand_in_version_1() -> None:
    """Version 2 takes the oldest first, whatever their order."""
    held = [experience(3), experience(1), experience(2)]
    assert [each.nth for each in replay(held, threshold=0.5, now=0.0, version=1)] == [3, 1]
    assert [each.nth for each in replay(held, threshold=0.5, now=0.0)] == [1, 2]


def test_the_first_near_pattern_is_reinforced_in_version_1() -> None:
    """Be there a nearer one or not (D1)."""
    known = [Pattern(5, ["a", "b", "c", "d"], 1.0, 0.0), Pattern(1, ["a", "b", "c"], 1.0, 0.0)]
    assert first_match(["a", "b", "c"], known) == (5, 0.75)
    assert first_match(["z"], known) is None
    assert first_match([], known) is None


def test_version_1_ranks_what_it_keeps() -> None:
    """The greatest first, equals as they stand; where there is room nothing moves."""
    rated = [(0, 0.5), (1, 0.2), (2, 0.5), (3, 0.9)]
    assert ranked(rated, 2) == ([3, 0], [2, 1])
    assert ranked(rated, 4) == ([], [])
    assert ranked(rated, 0) == ([], [3, 0, 2, 1])


def test_nothing_fades_in_version_1() -> None:
    """A strength of 1 stays so for ever; only what began weak could be forgotten (M10)."""
    year = 52 * WEEK
    assert weak_experiences([experience(0)], now=year, version=1) == []
    assert weak_experiences([experience(0, strength=0.2), experience(1, strength=0.21)], now=0.0, version=1) == [0]
    patterns = [Pattern(0, [], 0.5, 0.0), Pattern(1, [], 0.51, 0.0), Pattern(2, [], 0.1, 1.0)]
    assert weak_patterns(patterns, now=WEEK, version=1) == [0]


def test_a_later_time_than_now_lifts_a_priority_in_version_1() -> None:
    """The further, the higher, without an overflow; in version 2 it is as good as fresh."""
    later = experience(0, 0.5, novelty=0.0, encoded_at=3600.0)
    assert priority(later, now=0.0) == pytest.approx(0.15 + 0.25)
    assert priority(later, now=0.0, version=1) == pytest.approx(0.15 + 0.25 * 1.9997, rel=1e-4)
    assert priority(experience(0, encoded_at=1e300), now=-1e300, version=1) < 1e305


def test_weights_are_fixed_in_version_1() -> None:
    """Whatever is configured (M10)."""
    said = Weights(1.0, 0.0, 0.0, 0.0, 0.0)
    assert (weights_by(1, said), weights_by(2, said)) == (Weights(), said)
    assert Weights() == (0.25, 0.20, 0.15, 0.25, 0.15)


def test_an_impact_is_said_or_a_share_of_credit() -> None:
    """Version 1 never looks for it (M10)."""
    found = [impact_of({"shapley_credit": credit}, None) for credit in (0.0, 0.5, 1.0, 1.5, -0.5, True, "1")]
    assert found == [0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert (impact_of({"shapley_credit": 0.5}, 0.25), impact_of({"shapley_credit": 0.5}, 0.0)) == (0.25, 0.0)
    assert impact_of({"shapley_credit": 0.5}, None, 1) == 0.0


def test_version_1_tags_whatever_is_there() -> None:
    """Also what is empty; a credit that is no number has no tag."""
    content = {"source": "no key", "knowledge_source": "k", "output_schema": "o", "status": None, "shapley_credit": "x"}
    assert tags(content, 1) == ["status:", "schema:o", "source:k"]
    assert tags(content) == ["schema:o", "source:k"]
    assert [tags({"shapley_credit": credit}, 1) for credit in (0.3, 0.31, 0.7)] == [
        ["causal:low_impact"],
        ["causal:medium_impact"],
        ["causal:medium_impact"],
    ]


def test_a_lesson_of_version_1_has_no_actor() -> None:
    """And an unknown strategy, where no action is said (M9)."""
    assert lesson({"actor": "b"}, 0.0, 1) == "❌ Strategy 'unknown' tends to fail (reward: 0.00)"
    assert lesson({"action": "a", "actor": "b"}, 0.5, 1) == "⚖️  Strategy 'a' has mixed results (reward: 0.50)"
    assert lesson({}, 1.0, 1) is None


def test_means_of_nothing_are_nothing() -> None:
    """And exact otherwise."""
    assert (mean([]), mean([0.1] * 10)) == (0.0, 0.1)


def test_what_is_expected_follows_the_rewards() -> None:
    """A tenth of the way with each of them."""
    assert expectation(0.5, 1.0) == pytest.approx(0.55)
    assert expectation(0.5, 0.0) == pytest.approx(0.45)
