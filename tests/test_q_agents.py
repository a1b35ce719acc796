"""Q-learning by hand, in both versions: tiers, replay, pruning, prediction, saving, and what no version takes."""

from collections.abc import Callable
from copy import deepcopy
from math import inf, nan
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import START, scripted_entropy

from jotty_events import Conductor, JottyConfig, LLMQPredictor
from jotty_events.agents.alone import alone
from jotty_events.agents.q.ranking import kept
from jotty_events.errors import ConfigError, InvalidEvent, JottyError
from jotty_events.events import (
    Event,
    ExperienceAdded,
    ExperienceEvicted,
    ExperienceReweighed,
    ModelAnswered,
    QPruned,
    QUpdated,
    TiersAssigned,
)
from jotty_events.reading.replay import Replay
from jotty_events.reading.verify import verify
from jotty_events.record import Record
from jotty_events.rules.q import retention
from jotty_events.runs.point import Point
from jotty_events.session import Session
from projections import READ_MODELS

E = TypeVar("E", bound=Event)
VERSIONS = pytest.mark.parametrize("version", [1, 2])
Step = tuple[Any, ...]


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def learner(
    version: int = 2, *, clock: Callable[[], float] | None = None, model: Any = None, **settings: Any
) -> LLMQPredictor:
    """Return a learner with a log of its own, in memory; its draws follow from 7."""
    config = JottyConfig(rules_version=version, **{"alpha": 0.5, **settings})
    session = alone(config, clock=clock or Clock(), rng=Random(7), entropy=scripted_entropy(), model=model)
    return LLMQPredictor(config, session)


def log(of: LLMQPredictor) -> list[Event]:
    """Return all events that a learner appended."""
    session = of._session
    assert session.writer is not None
    session.writer.sync_some()
    lineage = session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1))
    return [one.record.event for one in lineage.records() if isinstance(one.record, Record)]


def told(of: LLMQPredictor, kind: type[E]) -> list[E]:
    """Return the events of one type that a learner appended."""
    return [event for event in log(of) if isinstance(event, kind)]


def rebuilt(of: LLMQPredictor) -> dict[str, str]:
    """Return the digests of what a replay of a learner's log gives."""
    session = of._session
    assert session.writer is not None
    session.writer.sync_some()
    replay = Replay(session.projections)
    replay.run(session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1)).records())
    return {one.name: one.digest(replay.result.states[one.name]) for one in session.projections}


def assert_sound(of: LLMQPredictor) -> None:
    """See that a learner's state is what its log says, and that its rules conclude what they recorded."""
    assert of._session.digests() == rebuilt(of)
    session = of._session
    assert session.writer is not None
    assert list(verify(session._tree, [session.writer.run])) == []


def state(i: int) -> str:
    """Return one of many states, none of them similar to another."""
    return f"state{i} alpha{i} beta{i}"


def taught(version: int, count: int, **settings: Any) -> LLMQPredictor:
    """Return a learner with as many entries."""
    clock = Clock()
    found = learner(version, clock=clock, **settings)
    for i in range(count):
        clock.now += 1.0
        found.add_experience(state(i), f"act{i}", (i * 37 % 101) / 100, done=True)
    return found


# A history of version 1 goes on as it would have.

words = st.sampled_from(["count p2p", "count p2p today", "sum gmv", "sum gmv total", "x"])
rewards = st.sampled_from([0.0, 0.3, 0.35, 0.9, 1.0, 1.5, -1.0])
calls = st.one_of(
    st.tuples(st.just("add"), words, words, rewards, words | st.none()),
    st.tuples(st.just("replay"), st.integers(1, 4)),
    st.tuples(st.just("tiers"), st.sampled_from([None, 0.2, 0.6])),
    st.tuples(st.just("prune"), st.sampled_from([0.1, 0.9])),
)


def make(of: LLMQPredictor, call: Step) -> Any:
    """Make one call, and return what it returned."""
    name, *given_ = call
    if name == "add":
        said, done, reward, following = given_
        return of.add_experience(said, done, reward if of._session.rules < 2 else min(1.0, max(0.0, reward)), following)
    if name == "replay":
        return of.experience_replay(given_[0])
    if name == "tiers":
        return of.promote_demote(given_[0])
    return of.prune_tier3_by_causal_impact(given_[0])


def continued(of: LLMQPredictor, clock: Clock) -> LLMQPredictor:
    """Return a learner that begins where the log of another ends, with the same draws to come."""
    before = of._session
    assert before.writer is not None
    before.writer.sync_some()
    session = Session(
        READ_MODELS,
        clock=clock,
        tree=before._tree,
        start=Point(before.writer.run, before.writer.next_seq - 1),
        plan=None,
        rules=before.rules,
    )
    session.rng.setstate(of._session.rng.getstate())
    return LLMQPredictor(of.config, session)


@VERSIONS
@given(st.data())
def test_a_replayed_history_goes_on_as_the_uninterrupted_one(version: int, data: st.DataObject) -> None:
    """Order, buffer, tiers and plateau are restored from the log: the same calls then give the same results."""
    clock = Clock()
    one = learner(version, clock=clock, max_experience_buffer=3, tier1_max_size=1, tier2_max_clusters=2)
    for call in data.draw(st.lists(calls, min_size=1, max_size=12)):
        clock.now += 900.0
        make(one, call)
    other = continued(one, clock)
    for call in data.draw(st.lists(calls, min_size=1, max_size=12)):
        clock.now += 900.0
        assert make(one, call) == make(other, call)
    assert one.saved_state() == other.saved_state()
    assert one.tiers.progress == other.tiers.progress
    assert list(one.Q) == list(other.Q)
    assert_sound(one)


# The buffer and its replay.


@VERSIONS
def test_a_replay_needs_a_batch_and_records_its_draws(version: int) -> None:
    """Fewer experiences than asked for replay nothing; each replayed step says which one it is, and its draw."""
    found = taught(version, 4)
    assert found.experience_replay(5) == 0
    assert found.experience_replay(3) == 3
    replayed = [event for event in told(found, QUpdated) if event.cause == "replay"]
    rng = Random(7)
    assert [event.draw for event in replayed] == [rng.random() for _ in range(3)]
    by = {one.nth: one for one in found.experience_buffer}
    assert all(by[event.experience].state == event.state for event in replayed if event.experience is not None)
    assert all(event.visits > 1 for event in replayed)
    assert_sound(found)


def test_a_replay_lowers_the_priority_in_version_2_only() -> None:
    """What was learned again surprises less, and is drawn less often (M15)."""
    for version in (1, 2):
        found = learner(version)
        found.add_experience("s", "a", 1.0, done=True)
        before = found.experience_buffer[0].priority
        found.experience_replay(1)
        after = found.experience_buffer[0]
        assert found.Q["s", "a"].value == pytest.approx(0.875)
        if version == 1:
            assert (after.priority, told(found, ExperienceReweighed)) == (before, [])
        else:
            assert [after.error, after.priority] == pytest.approx([0.125, 0.135**0.6])
        assert_sound(found)


def test_the_order_of_a_full_buffer_in_version_1() -> None:
    """After an overflow the buffer stands by priority, and the newest behind it, as its event says."""
    found = learner(1, max_experience_buffer=2)
    for i, reward in enumerate((1.0, 0.75, 0.5, 0.9)):
        found.add_experience(state(i), "a", reward, done=True)
    assert [event.order for event in told(found, ExperienceEvicted)] == [[1, 0], [3, 0]]
    assert [event.nth for event in told(found, ExperienceEvicted)] == [2, 1]
    assert [one.nth for one in found.experience_buffer] == [3, 0]
    assert_sound(found)


def test_a_buffer_for_one_experience_holds_the_newest_in_version_2() -> None:
    """A capacity of 1 keeps one; version 1 may drop the newest at once (M15)."""
    for version, kept_ in ((1, 0), (2, 1)):
        found = learner(version, max_experience_buffer=1)
        found.add_experience("s", "a", 1.0, done=True)
        found.add_experience("t", "b", 0.5, done=True)
        assert [one.nth for one in found.experience_buffer] == [kept_]


# Tiers.


@pytest.mark.parametrize("count", [1, 3, 103, 120])
def test_every_entry_stands_in_one_tier_in_version_2(count: int) -> None:
    """Three are at hand, a hundred come next, the rest is archived; version 1 leaves most of the hundred out (M12)."""
    found = taught(2, count, tier1_max_size=3, tier2_max_clusters=4)
    found.promote_demote(0.5)
    order = retention.ranked([kept(entry, 2) for entry in found.Q.entries()], found._session.clock())
    by_number = {entry.nth: 1 if i < 3 else 2 if i < 103 else 3 for i, entry in enumerate(order)}
    assert found.Q.tiers() == pytest.approx(by_number)
    assert {entry.nth: entry.tier for entry in found.Q.entries()} == by_number
    assert len(found.tiers.clusters()) == min(4, max(0, count - 3))
    assert found.tiers.threshold == (retention.retention(order[2], found._session.clock()) if count >= 3 else 0.8)
    assert_sound(found)


def test_most_of_tier_2_is_in_no_tier_in_version_1() -> None:
    """Only the members of the clusters that are kept stand in tier 2 (M12); without clusters nobody does (M13)."""
    for clustering, second in ((True, 4), (False, 0)):
        found = taught(1, 120, tier1_max_size=3, tier2_max_clusters=4)
        found.tiers.clustering = clustering
        found.promote_demote(0.5)
        standing = [entry.tier for entry in found.Q.entries()]
        assert [standing.count(tier) for tier in (0, 1, 2, 3)] == [100 - second, 3, second, 17]
        assert found.tiers.threshold == pytest.approx(0.84)
        assert_sound(found)


def test_only_what_moved_is_recorded_in_version_2() -> None:
    """An assignment after which all is as before says nothing; one entry that rises pushes another down."""
    found = taught(2, 120, tier1_max_size=3)
    found.promote_demote(0.5)
    found.promote_demote(0.5)
    lowest = found.tiers.tier(3)[-1]
    for _ in range(9):
        found.add_experience(lowest.state, lowest.action, 1.0, done=True)
    found.promote_demote(0.6)
    first, second, third = told(found, TiersAssigned)
    assert (len(first.moves), second.moves, second.clusters, second.whole) == (120, [], None, False)
    assert 1 <= len(third.moves) <= 4
    assert found.Q[lowest.state, lowest.action].tier == 2


def test_plateaus_take_entries_out_of_the_archive() -> None:
    """Ten episodes without a better reward widen tier 2 by ten, until the reward improves (M12)."""
    found = taught(2, 130, tier1_max_size=3)
    sizes = []
    for reward in [0.5] * 11 + [0.6]:
        found.promote_demote(reward)
        sizes.append(len(found.tiers.tier(2)))
    assert sizes == [100] * 10 + [110, 100]
    assert_sound(found)


changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.sampled_from([0.0, 0.36, 0.5, 1.0])),
        st.tuples(st.just("tiers"), st.sampled_from([None, 0.5])),
        st.tuples(st.just("prune"), st.just(1.0)),
        st.tuples(st.just("undo")),
    ),
    max_size=14,
)


def take_back(of: LLMQPredictor) -> None:
    """Learn something that is never appended."""
    with of._session.transaction():
        of.add_experience(state(3), "b", 1.0, done=True)
        raise ZeroDivisionError


@given(changes, st.sampled_from([1.0, 1800.0, -700.0]))
def test_the_live_ranking_is_that_of_the_whole_table(done: list[Step], pace: float) -> None:
    """Whatever is learned, pruned or taken back, each assignment is what sorting the table gives."""
    clock = Clock()
    found = learner(2, clock=clock, tier1_max_size=2)
    for name, *given_ in done:
        clock.now += pace
        if name == "add":
            found.add_experience(state(given_[0]), "a", given_[1], done=True)
        elif name == "prune":
            found.prune_tier3_by_causal_impact(given_[0])
        elif name == "tiers":
            found.promote_demote(given_[0])
            order = retention.ranked([kept(entry, 2) for entry in found.Q.entries()], clock.now)
            assert found.Q.tiers() == {entry.nth: 1 if i < 2 else 2 for i, entry in enumerate(order)}
        else:
            with pytest.raises(ZeroDivisionError):
                take_back(found)
    assert_sound(found)


@VERSIONS
def test_an_empty_table_has_no_tiers(version: int) -> None:
    """Nothing is recorded, pruned or shown."""
    found = learner(version)
    found.promote_demote(0.5)
    assert (found.prune_tier3_by_causal_impact(), found.get_context_for_state("s"), told(found, TiersAssigned)) == (
        0,
        "",
        [],
    )
    assert found.get_q_table_summary() == dict.fromkeys(("size", "total_visits"), 0) | dict.fromkeys(
        ("avg_value", "max_value", "min_value"), 0.0
    )


@VERSIONS
def test_a_context_shows_tier_1_and_the_cluster_that_fits(version: int) -> None:
    """What is at hand comes first, then the cluster of the state, then what both taught."""
    found = learner(version, tier1_max_size=1)
    found.add_experience("query: weekly ledger report numbers", "tool", 0.0, done=True)
    found.add_experience("plan", "write", 1.0, done=True)
    found.promote_demote()
    text = found.get_context_for_state("query: weekly ledger report numbers")
    assert text.startswith("# Working Memory (High-Value Recent):\n1. [plan] → [write] | Q=0.75 (n=1)\n\n# Retrieved")
    assert "\n1. [query: weekly ledger report numbers] → [tool] | Q=0.25\n\n# Learned Lessons:\n1. ✅" in text
    assert "Semantic" not in found.get_context_for_state("something else")
    assert found.get_context_for_state("plan", 5) == text[:20] + "\n... (truncated for context window)"
    figures = found.get_q_table_summary()
    assert (figures["size"], figures["tier1_size"], figures["tier2_clusters"], figures["tier3_size"]) == (2, 1, 1, 0)
    assert (figures["avg_value"], figures["total_lessons"], figures["avg_visits_per_entry"]) == (0.5, 2, 1.0)


# Pruning.


def archived(version: int) -> LLMQPredictor:
    """Return a learner with three archived entries of low value: two like a fourth one, one by itself."""
    found = learner(version, tier1_max_size=1, alpha=0.01)
    saved = found.saved_state()
    entry = {"visit_count": 1, "td_errors": [-0.01], "last_updated": START}
    for i in range(101):
        saved["q_table"][f"{state(i)}|||good"] = {**entry, "value": 0.9}
    for said, value in (("alone in here", 0.3), ("a b c d e f", 0.39), ("a b c d e f g", 0.37)):
        saved["q_table"][f"{said}|||bad"] = {**entry, "value": value}
    found.load_saved(saved)
    found.promote_demote(0.5)
    return found


def test_version_1_forgets_a_share_at_random() -> None:
    """A tenth of three is one entry, drawn by its place in the archive, and low values are let go (M14, D4)."""
    found = archived(1)
    assert [entry.value for entry in found.tiers.tier(3)] == [0.39, 0.37, 0.3]
    place = Random(7).sample(range(3), 1)[0]
    expected = found.tiers.tier(3)[place].state
    assert found.prune_tier3_by_causal_impact() == 1
    (event,) = [one for one in told(found, QPruned) if one.reason == "archive"]
    assert (event.state, event.draw, event.error_mean, event.elsewhere) == (expected, place, 0.01, None)
    assert found.prune_tier3_by_causal_impact(1.0) == 2
    assert_sound(found)


def test_version_2_keeps_what_only_it_says() -> None:
    """Of what is retained least only that goes without which nearly the same is read (M14); nothing is drawn (D4)."""
    found = archived(2)
    assert found.prune_tier3_by_causal_impact(1.0) == 1
    (event,) = [one for one in told(found, QPruned) if one.reason == "archive"]
    assert (event.state, event.draw) == ("a b c d e f g", None)
    assert event.elsewhere == pytest.approx(0.9 * 0.39)
    assert found.get_q_value("a b c d e f g", "bad") == pytest.approx(0.351)
    assert found.get_q_value("alone in here", "bad") == 0.3
    assert found.prune_tier3_by_causal_impact(1.0) == 0
    assert found._session.rng.getstate() == Random(7).getstate()
    assert_sound(found)


# Choosing and predicting.


def test_version_1_draws_as_random_choice_does() -> None:
    """One number says whether to explore, and only then one more is drawn, in the way of random.choice."""
    found = learner(1, epsilon=0.5)
    rng = Random(7)
    actions = ["a", "b", "c"]
    for _ in range(20):
        explores = rng.random() < 0.5
        expected = rng.choice(range(3)) if explores else 0
        action, value, why = found.get_best_action("s", actions)
        assert (action, value) == (actions[expected], 0.5)
        assert why.startswith("Exploring (ε=0.5): Trying" if explores else "Exploiting: Best Q-value = 0.500 for a...")
    assert found.get_best_action("s", []) == (None, 0.5, "No actions available")


@VERSIONS
def test_what_is_half_sure_is_known_in_version_2(version: int) -> None:
    """A value of exactly 0.5 is one: version 1 takes it for none, and asks the experiences (M19)."""
    found = learner(version, alpha=1.0)
    found.add_experience("s", "a", 0.0, done=True)
    found.update_q_value("s", "a", 0.5, done=True)
    assert found.predict_q_value("s", "a") == ((0.0, 0.3, None) if version == 1 else (0.5, 0.5, None))
    assert found.predict_q_value("never heard", "of this") == (0.5, 0.1, None)
    assert found.predict_q_value("s", "b") == (0.0, 0.3, None)


def test_similar_experiences_are_the_newest() -> None:
    """They are in a similar state, or of a similar action; in version 1 newest by their clocks."""
    clock = Clock()
    for version, expected in ((1, [1, 0]), (2, [2, 1])):
        found = learner(version, clock=clock)
        for said, at in (("s", 5.0), ("s", 9.0), ("s", 1.0), ("t", 2.0)):
            clock.now = START + at
            found.add_experience(said, "x", 1.0)
        found.add_experience("other", "y", 1.0)
        assert [one.nth for one in found.get_similar_experiences("s", "z", 2)] == expected


ANSWERS = [
    ('{"value": 0.25, "confidence": 0.9, "alternative": "b"}', (0.25, 0.9, "b")),
    ({"q_value": 7, "confidence": -1}, (1.0, 0.0, None)),
    ({"value": "0.5", "alternative": ""}, (0.5, 0.5, None)),
    (0.75, (0.75, 0.5, None)),
    (" 0.75 ", (0.75, 0.5, None)),
]
NONSENSE: list[Any] = [
    "about a half",
    {},
    [],
    {"value": None},
    {"value": True},
    "nan",
    {"value": 1, "confidence": "?"},
    None,
    nan,
]


@VERSIONS
@pytest.mark.parametrize(("answer", "expected"), ANSWERS, ids=range(len(ANSWERS)))
def test_a_model_is_asked_first(version: int, answer: Any, expected: Any) -> None:
    """Its number counts, moved into [0, 1]; the answer is recorded, and nothing else changes."""
    asked: list[str] = []

    def model(prompt: str) -> Any:
        asked.append(prompt)
        return answer

    found = learner(version, model=model)
    found.add_experience("s", "a", 1.0, done=True)
    assert found.predict_q_value("s", "a", "the goal") == expected
    assert [one.used for one in told(found, ModelAnswered)] == [True]
    assert all(part in asked[0] for part in ("State: s", "Action: a", "Goal: the goal", "SUCCESS"))
    assert_sound(found)


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_without_a_usable_answer_the_rules_predict(answer: Any) -> None:
    """What is no number is recorded as not used, and the table says what it knows."""
    found = learner(model=lambda prompt: answer)
    found.add_experience("s", "a", 1.0, done=True)
    assert found.predict_q_value("s", "a") == (0.75, 0.5, None)
    assert [one.used for one in told(found, ModelAnswered)] == [False]


# Saving and loading.


@VERSIONS
def test_a_saved_table_comes_back(version: int) -> None:
    """Entries in their order, the buffer, the tiers and the parameters are the same in another learner."""
    found = taught(version, 120, tier1_max_size=2, max_experience_buffer=9)
    for reward in (0.5, 0.4, 0.3):
        found.promote_demote(reward)
    saved = found.saved_state()
    other = taught(version, 5, alpha=0.25, gamma=0.5, epsilon=0.25, tier1_max_size=2, max_experience_buffer=9)
    other.promote_demote(0.9)
    other.load_saved(deepcopy(saved))
    assert other.saved_state() == saved
    assert list(other.Q) == list(found.Q)
    assert (other.alpha, other.gamma, other.epsilon) == (found.alpha, found.gamma, found.epsilon)
    assert other.tiers.progress == (0.3, 0 if version == 1 else 2)
    assert {event.reason for event in told(other, QPruned)} == {"replaced"}
    assert_sound(other)


@pytest.mark.parametrize(
    ("version", "loaded"), [(1, [(("s", "t|||a"), 0.25)]), (2, [(("s|||t", "a"), 0.75), (("s", "t|||a"), 0.25)])]
)
def test_a_separator_in_a_text_moves_the_boundary(version: int, loaded: Any) -> None:
    """The original's form splits a key at the first separator (P10); version 2 says both texts where that matters."""
    found = learner(version)
    found.add_experience("s|||t", "a", 1.0, done=True)
    found.add_experience("s", "t|||a", 0.0, done=True)
    assert list(found.Q) == [("s|||t", "a"), ("s", "t|||a")]
    assert_sound(found)
    other = learner(version)
    other.load_saved(found.saved_state())
    assert [(key, entry.value) for key, entry in other.Q.items()] == loaded
    other.load_saved({"q_table": {"no separator": {"value": 0.5}}})
    assert list(other.Q) == [("no separator", "")]


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"q_table": []},
        {"q_table": {"a|||b": {}}},
        {"q_table": {"a|||b": {"value": "high"}}},
        {"q_table": {}, "experience_buffer": [{}]},
        {"q_table": {}, "tier2_clusters": {"c": {}}},
        {"q_table": {}, "alpha": []},
        [],
    ],
    ids=range(8),
)
def test_what_is_no_saved_table_changes_nothing(saved: Any) -> None:
    """A typed error, and all that was learned is still there (P12)."""
    found = taught(2, 3)
    before = found.saved_state()
    with pytest.raises(ConfigError, match="no saved Q-table"):
        found.load_saved(saved)
    assert found.saved_state() == before
    assert_sound(found)


def test_a_saved_table_with_a_number_that_is_none_changes_nothing() -> None:
    """What the log cannot hold is refused as a whole."""
    found = taught(2, 3)
    before = found.saved_state()
    with pytest.raises(InvalidEvent):
        found.load_saved({"q_table": {"a|||b": {"value": 0.5}, "c|||d": {"value": nan}}})
    assert found.saved_state() == before
    assert_sound(found)


# What no version takes.

LOOP: dict[str, Any] = {}
LOOP["self"] = LOOP
BAD: list[tuple[dict[str, Any], str]] = [
    ({"reward": nan}, "reward is nan"),
    ({"reward": inf}, "reward is inf"),
    ({"reward": -inf}, "reward is -inf"),
    ({"reward": "1"}, "reward is"),
    ({"reward": True}, "reward is"),
    ({"reward": None}, "reward is"),
    ({"state": {1: 2}}, "key 1"),
    ({"state": {"query": {1: 2}}}, "key 1"),
    ({"state": {"x": nan}}, "x is nan"),
    ({"state": {"x": {1, 2}}}, "is set"),
    ({"state": LOOP}, "deeper"),
    ({"state": None}, "no state or action"),
    ({"state": 7}, "no state or action"),
    ({"state": "\ud800"}, "surrogate"),
    ({"action": ["a"]}, "no state or action"),
    ({"next_state": {1: 2}}, "key 1"),
]


@VERSIONS
@pytest.mark.parametrize(("wrong", "said"), BAD, ids=range(len(BAD)))
def test_what_no_version_learns_from(version: int, wrong: dict[str, Any], said: str) -> None:
    """A typed error that says what was wrong, and nothing was learned: never a silent 1.0 (M16)."""
    found = learner(version)
    step: dict[str, Any] = {"state": "s", "action": "a", "reward": 0.5, **wrong}
    for learn in (found.add_experience, found.update_q_value):
        with pytest.raises(JottyError, match=said):
            learn(**step)
    assert (len(found.Q), found.experience_buffer, len(log(found))) == (0, [], 1)


def test_rewards_outside_of_0_and_1() -> None:
    """Version 1 learns from them as the original does, version 2 says to scale them."""
    found = learner(1)
    assert found.add_experience("s", "a", 1.7, done=True) == 1.2
    assert (found.Q["s", "a"].value, found.Q["s", "a"].average_reward) == (1.0, 1.7)
    found.promote_demote(-3.5)
    assert_sound(found)
    for reward in (1.0000001, -0.1):
        with pytest.raises(ConfigError, match="not in"):
            learner(2).add_experience("s", "a", reward)
        with pytest.raises(ConfigError, match="not in"):
            learner(2).promote_demote(reward)


def test_a_tool_call_without_a_tool() -> None:
    """Version 1 has no text for it, and says so; version 2 has one (M17)."""
    said = {"query": "q", "tool_calls": [{"name": "search"}]}
    with pytest.raises(ConfigError, match="names no tool") as raised:
        learner(1).add_experience(said, "a", 0.5)
    assert isinstance(raised.value.__cause__, TypeError)
    found = learner(2)
    found.add_experience(said, "a", 0.5)
    assert list(found.Q) == [("QUERY: q | TOOLS_USED: search", "a")]


@VERSIONS
def test_empty_and_huge_texts(version: int) -> None:
    """Empty texts are texts, similar to nothing else; a text of a million characters is one, too."""
    found = learner(version)
    huge = "word " * 200_000
    for said, done in (("", ""), ("", "a"), (huge, huge), ({"query": huge}, {"task": huge}), ({}, {})):
        found.add_experience(said, done, 1.0, "")
    keys = [(len(said), len(done)) for said, done in found.Q]
    assert keys == [(0, 0), (0, 1), (1_000_000, 1_000_000), (107, 1_000_006), (26, 9)]
    assert found.get_q_value(huge + "word", huge) == pytest.approx(0.9 * 0.75)
    assert found.get_q_value(" ", " ") == 0.5
    assert_sound(found)


@VERSIONS
def test_a_clock_that_steps_back(version: int) -> None:
    """Times are kept as they were seen, and tiers are assigned by them all the same."""
    clock = Clock()
    found = learner(version, clock=clock, tier1_max_size=1)
    for i, at in enumerate((0.0, -5000.0, 9000.0, -1e9)):
        clock.now = START + at
        found.add_experience(state(i), "a", 0.5, done=True)
        found.promote_demote(0.5)
    assert [entry.updated - START for entry in found.Q.entries()] == [0.0, -5000.0, 9000.0, -1e9]
    assert [entry.tier for entry in found.Q.entries()].count(1) == 1
    assert_sound(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"alpha": 0.0},
        {"alpha": 1.1},
        {"alpha": nan},
        {"gamma": -0.1},
        {"epsilon": 2.0},
        {"max_experience_buffer": 0},
        {"tier1_max_size": 0},
        {"tier2_max_clusters": 0},
        {"tier3_max_size": 0},
        {"rules_version": 3},
    ],
    ids=str,
)
def test_settings_that_nobody_can_learn_by(settings: dict[str, Any]) -> None:
    """Rates lie above 0 and up to 1, sizes are at least 1, versions are known."""
    with pytest.raises(ConfigError):
        JottyConfig(**settings)


@VERSIONS
def test_arguments_that_make_no_sense(version: int) -> None:
    """Counts are at least 1, shares lie in [0, 1]."""
    found = learner(version)
    for count in (0, -1, True, 1.5, "8"):
        with pytest.raises(ConfigError, match="batch_size"):
            found.experience_replay(count)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="max_tokens"):
            found.get_context_for_state("s", count)  # type: ignore[arg-type]
    for share in (-0.1, 1.1, nan, "x"):
        with pytest.raises(ConfigError, match="sample_rate"):
            found.prune_tier3_by_causal_impact(share)  # type: ignore[arg-type]


# Names of the original, and a conductor's use.


def test_an_outcome_of_an_actor() -> None:
    """A text names the actor; an object says what was done."""
    found = learner(1)
    found.record_outcome({"query": "q"}, "Planner", 0.8)
    found.record_outcome({"query": "q"}, {"tool": "t"}, 0.8, done=True)
    assert [(event.action, event.done) for event in told(found, ExperienceAdded)] == [
        ("ACTOR: Planner", False),
        ("TOOL: t", True),
    ]


def test_lessons_of_similar_states_stand_as_the_table_does_in_version_1() -> None:
    """Version 1 reads them in the order of the table, version 2 the nearest state's first."""
    for version, first in ((1, "a b c d"), (2, "a b c e")):
        found = learner(version)
        for said in ("a b c d", "a b c e", "else"):
            found.add_experience(said, "x", 1.0, done=True)
        lessons = found.lessons("a b c e")
        assert len(lessons) == 2
        assert first in lessons[0]
        text = found.get_learned_context("a b c e", "x")
        assert ("Expected Value" in text, "\nQ = " in text) == (version == 1, version == 2)


def test_a_conductor_assigns_tiers_as_it_consolidates(conducted: Callable[..., Conductor]) -> None:
    """With every sleep the tiers are assigned anew, in version 2 only, and all of it verifies."""
    for version, expected in ((1, 0), (2, 2)):
        live = conducted(rules_version=version, consolidation_interval=2)
        for goal in ("Count refunds", "Sum revenue", "Count refunds", "List users"):
            live.run_sync(goal)
        assert len(told(live.q_predictor, TiersAssigned)) == expected
        assert live.q_predictor._session.digests() == rebuilt(live.q_predictor)
        session = live.q_predictor._session
        assert session.writer is not None
        q = (QUpdated.__struct_config__.tag, TiersAssigned.__struct_config__.tag, ExperienceAdded.__struct_config__.tag)
        assert [one for one in verify(session._tree, [session.writer.run]) if one.tag in q] == []


@pytest.fixture
def conducted() -> Callable[..., Conductor]:
    from stage import conductor

    return lambda **settings: conductor(None, **settings)


def test_a_conductor_learns_by_version_1() -> None:
    """What was learned in the original's form of a state is found again in it, though it names no goal (M8)."""
    from stage import conductor

    live = conductor(None, rules_version=1)
    live.run_sync("Count refunds")
    assert {said for said, _ in live.q_predictor.Q} == {"STATE_KEYS: goal,actor"}
    assert live.q_predictor.get_q_value({"goal": "x", "actor": "y"}, {"approach": "A"}) != 0.5
