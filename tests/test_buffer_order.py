"""The order of the experience buffer: what leaves it is what the rule names, whatever happens on the way."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jotty_events.agents.q.buffer_order import BufferOrder
from jotty_events.agents.q.predictor import LLMQPredictor
from jotty_events.config import JottyConfig
from jotty_events.events import ExperienceEvicted
from jotty_events.rules.q.learning import evict

rewards = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0]), min_size=1, max_size=25)


@settings(max_examples=40, deadline=None)
@given(rewards, st.integers(1, 6), st.sets(st.integers(0, 24), max_size=5))
def test_what_leaves_a_full_buffer_is_what_the_rule_names(given: list[float], capacity: int, begins: set[int]) -> None:
    """Step by step, also where the order is made anew on the way, the least priority leaves, then the oldest."""
    learner = LLMQPredictor(JottyConfig(max_experience_buffer=capacity), rng=Random(1), clock=lambda: 1.0)
    for number, reward in enumerate(given):
        if number in begins:
            learner.buffer._order = BufferOrder()
        before = learner.Q.priorities()
        learner.add_experience(f"state{number}", "act", reward)
        after = dict(learner.Q.priorities())
        newest = max(after)
        held = [*before, (newest, after[newest])]
        assert set(after) == {nth for nth, _ in held} - ({evict(held)} if len(held) > capacity else set())


def test_a_buffer_that_others_changed_is_looked_through_again() -> None:
    """Evictions that were not named by the order are noticed, and what is gone is not named again."""
    learner = LLMQPredictor(JottyConfig(max_experience_buffer=4), rng=Random(1), clock=lambda: 1.0)
    for number in range(5):
        learner.add_experience(f"state{number}", "act", number / 5)
    least = evict(learner.Q.priorities())
    with learner._session.transaction() as commit:
        commit.add(ExperienceEvicted(now=1.0, capacity=4, priority=0.1, nth=least, order=None))
    for number in (5, 6):
        held = learner.Q.priorities()
        learner.add_experience(f"state{number}", "act", 0.9)
        assert len(learner.Q.priorities()) == 4
        assert all(nth in dict(held) or nth >= number for nth, _ in learner.Q.priorities())


def test_a_learner_that_may_not_learn_lets_nothing_go() -> None:
    """With learning switched off a buffer over its capacity stays as it is, and the call comes back."""
    learner = LLMQPredictor(JottyConfig(max_experience_buffer=3), rng=Random(1), clock=lambda: 1.0)
    for number in range(3):
        learner.add_experience(f"state{number}", "act", 0.5)
    learner.config = JottyConfig(max_experience_buffer=1)
    learner._session._accepted = frozenset()
    held = learner.Q.priorities()
    learner.add_experience("another", "act", 0.5)
    assert learner.Q.priorities() == held


def test_an_empty_buffer_has_nothing_to_let_go() -> None:
    """Asking an empty buffer is an error, not an endless search."""
    learner = LLMQPredictor(JottyConfig(), rng=Random(1), clock=lambda: 1.0)
    with pytest.raises(ValueError, match="empty buffer"):
        BufferOrder().least(None, learner.Q)
