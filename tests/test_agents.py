"""What agents learn with, each used by hand through a conductor: memory, Q-values, TD(lambda), the brain, tasks."""

from collections.abc import Iterator
from hashlib import md5
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stage import START, actor, conductor, own_events, rebuilt, ticking

from jotty_events import Conductor, History, Outcome, Task
from jotty_events.errors import ConfigError, InvalidEvent
from jotty_events.events import (
    ExperienceAdded,
    ExperienceEvicted,
    GoalAdded,
    MemoryAccessed,
    MemoryConsolidated,
    MemoryEvicted,
    MemoryProtected,
    MemoryRepeated,
    MemoryStored,
    QUpdated,
    TaskSkipped,
    TodoReplanned,
    TrajectoryEnded,
    ValueUpdated,
)
from jotty_events.rules.memory.entries import TRUNCATED
from jotty_events.types import LEVELS

DAY = 86400.0


@pytest.fixture
def live() -> Iterator[Conductor]:
    """A conductor in memory, whose state must be what its log says when the test has ended."""
    found = conductor(None)
    yield found
    assert found.state.digests() == rebuilt(found)


# Memory.


def test_a_stored_memory_says_all_of_itself(live: Conductor) -> None:
    """What is stored comes back with its level, context, goal, value, hash and times."""
    context = {"domain": "sql", "task_type": "count", "tables": ["a", "b"], "depth": {"n": None}}
    entry = live.shared_memory.store("use ds", "procedural", context, "Count refunds", 0.7)
    assert entry is not None
    assert entry is not live.shared_memory.memories["procedural"][entry.key]
    assert (entry.owner, entry.level, entry.content, entry.context) == ("shared", "procedural", "use ds", context)
    assert (entry.domain, entry.task_type, entry.agent) == ("sql", "count", "shared")
    assert (entry.default_value, entry.value("Count refunds"), entry.value("another")) == (0.7, 0.7, 0.7)
    assert (entry.access_count, entry.protected, entry.token_count) == (0, False, 2)
    assert entry.content_hash == md5(b"use ds", usedforsecurity=False).hexdigest()
    assert START < entry.created == entry.last_accessed
    assert len(live.shared_memory) == 1


def test_a_context_is_a_copy(live: Conductor) -> None:
    """Whoever goes on changing a context that was stored changes no memory, nor a dictionary that was asked for."""
    context: dict[str, Any] = {"tables": ["a"]}
    entry = live.shared_memory.store("x", "semantic", context, "g")
    context["tables"].append("b")
    assert entry is not None
    assert entry.context == {"tables": ["a"]}
    as_dict = live.shared_memory.to_dict()
    live.shared_memory.store("y", "semantic")
    assert len(as_dict["memories"]["semantic"]) == 1
    assert as_dict["memories"]["semantic"][entry.key]["goal_values"]["g"]["value"] == 0.5
    assert set(as_dict["memories"]) == set(LEVELS)


def test_known_content_for_another_goal_keeps_goal_and_value(live: Conductor) -> None:
    """Storing known content again is one entry with a value for each goal, and an access (M1)."""
    memory = live.shared_memory
    memory.store("same", "semantic", goal="goal one", initial_value=0.2)
    entry = memory.store("same", "semantic", goal="goal two", initial_value=0.95)
    assert entry is not None
    assert (len(memory), entry.access_count, entry.default_value) == (1, 1, 0.2)
    assert {goal: one.value for goal, one in entry.goal_values.items()} == {"goal one": 0.2, "goal two": 0.95}
    assert [one.goal for one in own_events(live, GoalAdded)] == ["goal one", "goal two"]
    again = memory.store("same", "semantic", goal="goal two", initial_value=0.1)
    assert again is not None
    assert (again.value("goal two"), again.access_count) == (0.95, 2)


def test_known_content_without_a_value_reads_what_was_learned(live: Conductor) -> None:
    """A goal that is new to a known content has no value of its own until one is learned."""
    memory = live.shared_memory
    memory.store("same", "semantic", goal="one", initial_value=0.9)
    entry = memory.store("same", "semantic", goal="two")
    assert entry is not None
    assert list(entry.goal_values) == ["one"]
    assert memory.value(entry, "two").value == pytest.approx(0.9)


def test_long_contents_with_one_beginning_stay_apart(live: Conductor) -> None:
    """A content is known by all of it: two that are cut to the same text are two entries (M2)."""
    beginning = "x" * 1_000_000
    memory = live.shared_memory
    one, other = (memory.store(beginning + end, "semantic", goal="g") for end in ("a", "b"))
    assert one is not None
    assert other is not None
    assert one.key != other.key
    assert one.content == other.content == "x" * 8000 + TRUNCATED
    assert one.token_count == 2000
    assert one.content_hash == md5((beginning + "a").encode(), usedforsecurity=False).hexdigest()
    assert len(memory) == 2
    again = memory.store(beginning + "a", "semantic", goal="g")
    assert again is not None
    assert (again.key, again.access_count, len(memory)) == (one.key, 1, 2)
    kept = own_events(live, MemoryStored)
    assert [(one.content_length, one.truncated) for one in kept] == [(1_000_001, True)] * 2


def test_names_with_colons_make_no_common_key(live: Conductor) -> None:
    """A domain that ends as another's task type begins is another domain (E4)."""
    memory = live.shared_memory
    memory.store("x", domain="a:b", task_type="c")
    memory.store("x", domain="a", task_type="b:c")
    assert len(memory) == 2


def test_the_same_content_in_two_levels_or_of_two_owners_is_two_memories(live: Conductor) -> None:
    """Levels and owners are apart; what an agent remembers is not what all share."""
    live.shared_memory.store("x", "semantic")
    live.shared_memory.store("x", "meta")
    live.local_memories["analyst"].store("x", "semantic")
    assert [len(live.shared_memory), len(live.local_memories["analyst"])] == [2, 1]
    assert list(live.state.memory) == ["analyst", "shared"]


BAD_MEMORIES = [
    ({"level": "episodical"}, ConfigError, "no level of memory"),
    ({"content": b"x"}, ConfigError, "bytes, not text"),
    ({"content": None}, ConfigError, "NoneType, not text"),
    ({"content": "\ud800"}, InvalidEvent, "lone surrogate"),
    ({"initial_value": 1.5}, ConfigError, "not in [0, 1]"),
    ({"initial_value": nan}, ConfigError, "not in [0, 1]"),
    ({"initial_value": -inf}, ConfigError, "not in [0, 1]"),
    ({"initial_value": "0.5"}, ConfigError, "not a number"),
    ({"initial_value": True}, ConfigError, "not a number"),
    ({"goal": 7}, ConfigError, "int, not text"),
    ({"goal": None}, ConfigError, "NoneType, not text"),
    ({"goal": "\ud800"}, InvalidEvent, "lone surrogate"),
    ({"context": ["a"]}, ConfigError, "not a JSON object"),
    ({"context": "text"}, ConfigError, "not a JSON object"),
]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("wrong", "error", "why"), BAD_MEMORIES)
def test_what_cannot_be_remembered_is_refused(
    live: Conductor, wrong: dict[str, Any], error: Any, why: str, known: bool
) -> None:
    """A level, content, goal, value or context that is unusable is a typed error, and changes nothing."""
    if known:
        live.shared_memory.store("content", "semantic")
    before = live.state.digests()
    with pytest.raises(error) as caught:
        live.shared_memory.store(
            **{"content": "content", "level": "semantic", "goal": "g", "initial_value": 0.5, **wrong}
        )
    assert why in caught.value.message
    assert caught.value.hint
    assert live.state.digests() == before


def test_values_of_numpy_are_values(live: Conductor) -> None:
    """An initial value may come from an array."""
    entry = live.shared_memory.store("x", initial_value=np.float64(0.25))
    assert entry is not None
    assert entry.default_value == 0.25


@pytest.mark.parametrize("capacity", [1, 2])
def test_a_full_level_lets_the_least_valued_go(capacity: int) -> None:
    """Room is made by the value that was learned (M4): a newcomer that proved worthless goes before an old success."""
    live = conductor(None, semantic_capacity=capacity)
    for i, value in enumerate((0.5, 0.9, 0.1, 0.6, 0.2)):
        live.shared_memory.store(f"{i}", "semantic", initial_value=value)
    contents = [entry.content for entry in live.shared_memory.memories["semantic"].entries()]
    assert contents == {1: ["4"], 2: ["1", "4"]}[capacity]
    assert {one.reason for one in own_events(live, MemoryEvicted)} == {"capacity"}
    assert live.state.digests() == rebuilt(live)


def test_what_was_learned_decides_what_goes() -> None:
    """A memory that TD raised stays where one that was never used goes, though it came with less (M4)."""
    live = conductor(None, semantic_capacity=2)
    proved = live.shared_memory.store("proved useful", "semantic", goal="g", initial_value=0.4)
    live.shared_memory.store("never used", "semantic", goal="g", initial_value=0.6)
    assert proved is not None
    live.td_learner.start_episode("g")
    live.td_learner.record_access(proved)
    live.td_learner.end_episode(1.0)
    live.shared_memory.store("newcomer", "semantic")
    assert [one.content for one in live.shared_memory.memories["semantic"].entries()] == ["proved useful", "newcomer"]


def test_protected_memories_go_last() -> None:
    """A protected memory is let go only where all are; protection ends when its reason does (E1)."""
    live = conductor(None, meta_capacity=2)
    memory = live.shared_memory
    memory.store("high", "semantic", initial_value=0.9)
    low = memory.store("low", "semantic", initial_value=0.1)
    memory.store("wise", "meta", initial_value=0.0)
    assert memory.protect_high_value() == 2
    protected = {entry.content: entry.protection_reason for entry in memory.memories.entries() if entry.protected}
    assert protected == {"high": "value 0.900 is at least 0.800", "wise": "level meta"}
    assert memory.protect_high_value() == 0
    assert memory.protect_high_value(threshold=0.0) == 3  # low, and two whose reason is another now
    assert low is not None
    assert memory.memories["semantic"][low.key].protected
    assert memory.protect_high_value() == 3
    memory.store("wiser", "meta", initial_value=0.3)
    memory.store("wisest", "meta", initial_value=0.5)
    assert [one.content for one in memory.memories["meta"].entries()] == ["wise", "wisest"]
    assert len(own_events(live, MemoryProtected)) == 8
    assert live.state.digests() == rebuilt(live)


def test_outcomes_have_their_levels(live: Conductor) -> None:
    """A failure is kept as a cause with its context, a success as a pattern, anything else as it happened."""
    memory = live.shared_memory
    failure = memory.store_with_outcome("no such column", {"sql": "select 1"}, "g", "failure")
    success = memory.store_with_outcome("use ds\nand more", {}, "g", "success")
    neutral = memory.store_with_outcome("looked", {}, "g")
    assert failure is not None
    assert success is not None
    assert neutral is not None
    assert (failure.level, failure.default_value, failure.outcome) == ("causal", 0.9, "failure")
    assert failure.content.startswith("❌ Failure: no such column\nContext: {")
    assert (success.level, success.content, success.default_value) == ("semantic", "✅ Success: use ds", 0.4)
    assert (neutral.level, neutral.content, neutral.default_value) == ("episodic", "looked", 0.5)


def test_retrieving_finds_by_words_and_counts(live: Conductor) -> None:
    """A query finds the memories that hold its words, the better valued first, within a budget of tokens."""
    memory = live.shared_memory
    memory.store("filter refunds by the ds column", "semantic", goal="g", initial_value=0.9)
    memory.store("refunds have a ds column", "episodic", goal="g", initial_value=0.2)
    memory.store("nothing to do with it", "semantic", goal="g", initial_value=1.0)
    found = memory.retrieve("refunds ds column", "g")
    assert [entry.content for entry in found] == ["filter refunds by the ds column", "refunds have a ds column"]
    assert [entry.level for entry in memory.retrieve("refunds ds column", "g", levels=["episodic"])] == ["episodic"]
    assert len(memory.retrieve("refunds ds column", "g", budget_tokens=8)) == 1
    assert memory.retrieve("refunds ds column", "g", budget_tokens=0) == []
    assert memory.retrieve("", "g") == []
    counts = {entry.content: (entry.access_count, entry.ucb_visits) for entry in memory.memories.entries()}
    assert counts == {
        "filter refunds by the ds column": (2, 2),
        "refunds have a ds column": (2, 2),
        "nothing to do with it": (0, 0),
    }
    assert memory.memories.total_accesses == 4


def test_retrieving_from_no_level_is_refused(live: Conductor) -> None:
    """A level that does not exist is a typed error with the levels that do."""
    with pytest.raises(ConfigError, match="levels are episodic"):
        live.shared_memory.retrieve("q", "g", levels=["semantics"])


def test_consolidated_knowledge_is_text_for_a_prompt(live: Conductor) -> None:
    """Patterns, procedures and wisdom stand in sections, by value for a goal, else by use."""
    memory = live.shared_memory
    assert memory.get_consolidated_knowledge("g") == ""
    for i in range(3):
        memory.store(f"pattern {i}", "semantic", goal="g", initial_value=0.5 + i / 10)
    memory.store("pattern 0", "semantic")
    memory.store("step by\nstep", "procedural", goal="g")
    memory.store("be wise", "meta", goal="g")
    assert memory.get_consolidated_knowledge("g", max_items=4).splitlines() == [
        "## Learned Patterns:",
        "- pattern 2 (V=0.700)",
        "- pattern 1 (V=0.600)",
        "",
        "## Procedural Knowledge:",
        "- step by step (V=0.500)",
        "",
        "## Meta Wisdom:",
        "- be wise (V=0.500)",
    ]
    assert memory.get_consolidated_knowledge(max_items=2).splitlines()[1] == "- pattern 0 (V=0.500)"


def test_worthless_episodes_are_forgotten_in_sleep() -> None:
    """Consolidation prunes a fifth at most: episodes older than a day that proved worthless and are not protected."""
    now = [START]
    live = conductor(None, clock=lambda: now[0])
    memory = live.shared_memory
    for i in range(10):
        memory.store(f"worthless {i}", initial_value=0.1)
    assert memory.consolidate() == 0
    now[0] += DAY + 1
    assert memory.consolidate() == 2
    assert [one.pruned for one in own_events(live, MemoryConsolidated)] == [0, 2]
    assert [one.reason for one in own_events(live, MemoryEvicted)] == ["stale"] * 2
    assert (len(memory), memory.memories.consolidations) == (8, 2)
    assert live.state.digests() == rebuilt(live)


def test_a_value_for_a_related_goal_bears_on_a_new_one(live: Conductor) -> None:
    """A goal of the same domain reads the default mixed with what the related goal learned."""
    memory = live.shared_memory
    memory.store("x", "semantic", goal="one", initial_value=0.5)
    entry = memory.store("x", "semantic", goal="two", initial_value=0.9)
    assert entry is not None
    memory.know_goal("three", "general")
    read = memory.value(entry, "three")
    mean = (0.7 * 0.5 + 0.6 * 0.9) / (0.7 + 0.6)  # goal one is the general goal of the domain, and so the parent
    assert read.source == "related"
    assert read.value == pytest.approx(0.7 * 0.5 + 0.3 * mean)
    assert memory.value(entry, "unheard of") == (0.5, "default")


# Q-values.


def test_a_step_moves_q_towards_its_reward(live: Conductor) -> None:
    """One experience is an entry, an experience in the buffer, and the TD error that comes back."""
    q = live.q_predictor
    assert q.add_experience({"goal": "g"}, {"approach": "A"}, 1.0, done=True) == 0.5
    ((key, entry),) = q.Q.items()
    assert key == ("QUERY: g", "APPROACH: A")
    assert (entry.value, entry.visits, entry.average_reward, entry.td_errors) == (0.8, 1, 1.0, [0.5])
    assert entry.lessons == ["✅ SUCCESS: Query='g'; approach=A (reward=1.00)"]
    (experience,) = q.Q.experiences
    assert (experience.state_data, experience.action_data, experience.done) == ({"goal": "g"}, {"approach": "A"}, True)
    q.add_experience("QUERY: g", "APPROACH: A", 0.0, done=True)
    assert (q.Q[key].visits, q.Q[key].average_reward) == (2, 0.5)
    assert q.Q[key].value == pytest.approx(0.32)


def test_a_step_that_goes_on_counts_on_the_best_that_follows(live: Conductor) -> None:
    """The target is the reward plus gamma times the best known value of the next state, which is named."""
    q = live.q_predictor
    q.add_experience("next", "good", 1.0, done=True)
    q.add_experience("next", "bad", 0.0, done=True)
    q.add_experience("here", "go", 0.1, next_state="next")
    update = own_events(live, QUpdated)[-1]
    best = q.Q["next", "good"]
    assert (update.next_max, update.next_nth) == (best.value, best.nth)
    assert update.target == pytest.approx(0.1 + 0.99 * 0.8)
    q.add_experience("here2", "go", 0.1, next_state="never seen before")
    assert (own_events(live, QUpdated)[-1].next_max, own_events(live, QUpdated)[-1].next_nth) == (0.5, None)


def test_a_similar_state_lends_its_value(live: Conductor) -> None:
    """What is not known itself is worth 0.9 of the nearest that is, wherever that was learned."""
    q = live.q_predictor
    q.add_experience("count all the refunds of june", "filter by day", 1.0, done=True)
    near = q.estimate("count all the refunds of july", "filter by day")
    assert near.value == pytest.approx(0.72)
    assert (near.raw, near.nth) == (0.8, 0)
    assert 0.0 < near.similarity < 1.0
    assert q.predict_q_value("count all the refunds of july", "filter by day") == (near.value, 0.5, None)
    assert q.predict_q_value("count all the refunds of june", "something else entirely") == (1.0, 0.3, None)
    assert q.predict_q_value("another", "thing") == (0.5, 0.1, None)


def test_a_value_of_one_half_is_known_when_it_was_learned(live: Conductor) -> None:
    """0.5 and 0.0 are values like any other, and are not taken for ignorance (M19)."""
    live.q_predictor.add_experience("s", "a", 0.5, done=True)
    assert live.q_predictor.predict_q_value("s", "a") == (0.5, 0.5, None)


@pytest.mark.parametrize("reward", [nan, inf, -inf, 1.5, -0.1, 10**400, "1", None, True])
def test_a_reward_that_cannot_be_learned_from_is_refused_everywhere(live: Conductor, reward: Any) -> None:
    """Q, TD and the brain take finite numbers in [0, 1], and refuse others with one error and no change."""
    before = live.state.digests()
    for learn in (
        lambda: live.q_predictor.add_experience("s", "a", reward),
        lambda: live.td_learner.end_episode(reward),
        lambda: live.brain.store_experience({"action": "a"}, reward),
    ):
        with pytest.raises(ConfigError, match="the reward is") as caught:
            learn()
        assert caught.value.hint
    assert live.state.digests() == before


def test_the_best_action_is_the_first_of_the_highest(live: Conductor) -> None:
    """Greedy choice says the value; without actions there is no choice; exploring says so."""
    q = live.q_predictor
    q.add_experience("s", "b", 1.0, done=True)
    assert q.get_best_action("s", ["a", "b", "c"]) == ("b", 0.8, "highest value: Q=0.800")
    assert q.get_best_action("s", []) == (None, 0.5, "No actions available")
    assert q.get_best_action("t u v", [{"tool": "x"}, "y"])[0] == {"tool": "x"}
    drawn = {q.get_best_action("s", ["a", "b", "c"], epsilon=1.0)[0] for _ in range(50)}
    assert drawn == {"a", "b", "c"}
    assert q.get_best_action("s", ["b"], epsilon=1.0)[2] == "explored: Q=0.800"


def test_lessons_are_text_for_a_prompt(live: Conductor) -> None:
    """The lessons of similar states are told once each; with an action, its own and its value."""
    q = live.q_predictor
    assert q.get_learned_context({"goal": "g"}) == ""
    for _ in range(3):
        q.add_experience({"goal": "g"}, {"approach": "A"}, 0.0, done=True)
    q.add_experience({"goal": "g"}, {"approach": "B"}, 1.0, done=True)
    assert q.get_learned_context({"goal": "g"}).splitlines() == [
        "## Q-learning lessons:",
        "- ❌ FAILED: Query='g'; approach=A (reward=0.00)",
        "- ✅ SUCCESS: Query='g'; approach=B (reward=1.00)",
    ]
    assert q.get_learned_context({"goal": "g"}, {"approach": "B"}).splitlines()[1:] == [
        "- ✅ SUCCESS: Query='g'; approach=B (reward=1.00)",
        "Q = 0.800",
    ]


def test_the_buffer_keeps_what_surprised_and_always_the_newest() -> None:
    """A full buffer lets the least surprising go, never the step that just came (M15)."""
    live = conductor(None, max_experience_buffer=2)
    for i, reward in enumerate((1.0, 0.5, 0.0, 0.5)):
        live.q_predictor.add_experience(f"s{i}", f"a{i}", reward, done=True)
    assert [one.state for one in live.q_predictor.Q.experiences] == ["s2", "s3"]
    assert [one.nth for one in own_events(live, ExperienceEvicted)] == [1, 0]
    assert live.state.digests() == rebuilt(live)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ({"goal": ("a",), "x": (1,)}, "a"),
        ({1: "a"}, "a"),
        ("s", {"x": nan}),
        ("\ud800", "a"),
        ("s", {"x": {1, 2}}),
        ({}, {"approach": "\ud800"}),
    ],
)
def test_a_step_that_would_not_come_back_is_refused_whole(live: Conductor, state: Any, action: Any) -> None:
    """Neither the table nor the buffer has any of a step that the log cannot hold."""
    live.q_predictor.add_experience("s", "a", 1.0)
    before = live.state.digests()
    with pytest.raises(InvalidEvent):
        live.q_predictor.add_experience(state, action, 1.0)
    assert live.state.digests() == before
    assert len(own_events(live, ExperienceAdded)) == 1


@pytest.mark.parametrize("wrong", [None, 7, ["goal"], ("goal",), b"goal"])
def test_a_state_is_a_mapping_or_a_text(live: Conductor, wrong: Any) -> None:
    """What a state or an action cannot be made of is a typed error that says what it can."""
    for ask in (
        lambda: live.q_predictor.add_experience(wrong, "a", 1.0),
        lambda: live.q_predictor.add_experience("s", wrong, 1.0),
        lambda: live.q_predictor.predict_q_value("s", wrong),
        lambda: live.q_predictor.get_learned_context(wrong),
    ):
        with pytest.raises(ConfigError, match="a mapping or a text"):
            ask()


def test_hard_texts_keep_their_keys_from_run_to_run(tmp_path: Path) -> None:
    """States and actions with separators come back as they were (P10)."""
    keys = [("s|||t", "a"), ("s", "t|||a"), ("", ""), ("é\n\x00", '{"seq":1}'), ("🤖 " * 500, "a | b")]
    with conductor(tmp_path) as live:
        for i, (state, action) in enumerate(keys):
            live.q_predictor.add_experience(state, action, i / 4, done=True)
        values = {key: entry.value for key, entry in live.q_predictor.Q.items()}
    assert list(values) == keys
    with conductor(tmp_path) as live:
        assert {key: entry.value for key, entry in live.q_predictor.Q.items()} == values


# TD(lambda).


def stored(live: Conductor, *contents: str, goal: str = "g", value: float = 0.5) -> list[Any]:
    """Store contents and return their entries."""
    return [live.shared_memory.store(content, "semantic", goal=goal, initial_value=value) for content in contents]


def test_what_was_used_last_gets_the_most_credit(live: Conductor) -> None:
    """Values move towards the return by alpha times a trace that fades with each later access."""
    first, last = stored(live, "first", "last")
    td = live.td_learner
    td.start_episode("g")
    assert [td.record_access(first), td.record_access(last)] == [1.0, 1.0]
    assert td.traces["shared", "semantic", first.key] == pytest.approx(0.99 * 0.95)
    updates = td.end_episode(1.0)
    assert [name[2] for name, _, _ in updates] == [first.key, last.key]
    assert [after for _, _, after in updates] == pytest.approx([0.5 + 0.6 * 0.5 * 0.9405, 0.8])
    assert live.shared_memory.memories["semantic"][last.key].value("g") == 0.8


def test_many_accesses_are_not_many_alphas(live: Conductor) -> None:
    """A memory that was looked up a dozen times moves by one alpha (E6)."""
    (entry,) = stored(live, "x")
    live.td_learner.start_episode("g")
    for _ in range(12):
        live.td_learner.record_access(entry)
    ((_, _, after),) = live.td_learner.end_episode(1.0)
    assert after == 0.8
    (ended,) = own_events(live, TrajectoryEnded)
    assert (len(ended.keys), ended.final_reward, ended.alpha) == (12, 1.0, 0.6)


def test_rewards_on_the_way_count(live: Conductor) -> None:
    """The return is the final reward plus the discounted ones of the steps, and values stay in [0, 1]."""
    (entry,) = stored(live, "x")
    live.td_learner.start_episode("g")
    live.td_learner.record_access(entry, 0.2)
    live.td_learner.record_access(entry, 0.1)
    live.td_learner.end_episode(0.5)
    assert own_events(live, TrajectoryEnded)[0].return_ == pytest.approx(0.5 + 0.2 + 0.99 * 0.1)
    live.td_learner.start_episode("g")
    live.td_learner.record_access(entry, 100.0)
    assert live.td_learner.end_episode(1.0)[0][2] == 1.0


@pytest.mark.parametrize("reward", [nan, inf, -inf])
def test_a_step_reward_that_is_not_finite_is_refused(live: Conductor, reward: float) -> None:
    """A step is refused when it is recorded, and the trajectory goes on without it."""
    (entry,) = stored(live, "x")
    live.td_learner.start_episode("g")
    live.td_learner.record_access(entry)
    with pytest.raises(ConfigError, match="the reward of a step"):
        live.td_learner.record_access(entry, reward)
    assert live.td_learner.end_episode(1.0)[0][2] == 0.8


def test_a_trajectory_without_accesses_changes_nothing(live: Conductor) -> None:
    """An end without a way there is recorded, and values nothing (E7)."""
    stored(live, "x")
    live.td_learner.start_episode("g")
    assert live.td_learner.end_episode(1.0) == []
    assert live.td_learner.alpha == 0.6
    assert own_events(live, ValueUpdated) == []


def test_a_memory_that_is_gone_is_not_valued() -> None:
    """What was let go between its use and the end is passed over."""
    live = conductor(None, semantic_capacity=1)
    (gone,) = stored(live, "gone")
    live.td_learner.start_episode("g")
    live.td_learner.record_access(gone)
    (kept,) = stored(live, "kept")
    live.td_learner.record_access(kept)
    assert [name[2] for name, _, _ in live.td_learner.end_episode(1.0)] == [kept.key]
    assert live.state.digests() == rebuilt(live)


def test_a_change_is_carried_over_to_related_goals(live: Conductor) -> None:
    """A related goal's own value moves by a share of the change, never away from what it had learned (M5)."""
    stored(live, "x", goal="one", value=0.9)
    (entry,) = stored(live, "x", goal="two", value=0.4)
    live.td_learner.start_episode("two")
    live.td_learner.record_access(entry)
    live.td_learner.end_episode(1.0)
    values = live.shared_memory.memories["semantic"][entry.key]
    assert values.value("two") == pytest.approx(0.4 + 0.6 * 0.6)
    assert values.value("one") == pytest.approx(0.9 + 0.36 * 0.7 * 0.3 * 0.5)
    causes = [(one.goal, one.cause) for one in own_events(live, ValueUpdated)]
    assert causes == [("two", "stored"), ("two", "td"), ("one", "transfer")]


def test_what_an_agent_says_it_used_counts_in_its_attempt() -> None:
    """An agent that records an access of its own during an attempt has that memory valued by the attempt's end."""

    def agent(task: Task) -> Outcome:
        live.td_learner.record_access(note)
        return Outcome(success=True)

    live = conductor(None, actor(agent, approaches=[]))
    (note,) = stored(live, "a note of mine", value=0.5)
    live.run_sync("g")
    assert live.shared_memory.memories["semantic"][note.key].value("g") > 0.7
    (ended,) = own_events(live, TrajectoryEnded)
    assert ended.keys[0] == note.key
    assert live.state.digests() == rebuilt(live)


def test_high_and_low_values_are_text_for_a_prompt(live: Conductor) -> None:
    """The learner says which memories proved valuable for a goal, and which did not (M7)."""
    for content, value in (("best", 0.9), ("good", 0.8), ("so so", 0.5), ("bad", 0.2), ("worst", 0.1)):
        stored(live, content, value=value)
    assert live.td_learner.get_learned_context(live.shared_memory.memories, "g").splitlines() == [
        "## High-value memories:",
        "- best (V=0.900)",
        "- good (V=0.800)",
        "",
        "## Low-value memories:",
        "- worst (V=0.100)",
        "- bad (V=0.200)",
    ]
    assert live.td_learner.get_learned_context({}, "g") == ""


# The brain.


def test_experiences_become_patterns_in_sleep(live: Conductor) -> None:
    """What is taken in awake is replayed in sleep; successes and failures leave patterns of their own."""
    brain = live.brain
    assert brain.get_consolidated_knowledge() == ""
    for action, reward in (("search", 1.0), ("search", 1.0), ("guess", 0.0), ("ponder", 0.5)):
        brain.store_experience({"action": action, "actor": "analyst"}, reward)
    assert len(brain.hippocampus) == 4
    brain.trigger_consolidation()
    assert brain.state.consolidations == 1
    lines = brain.get_consolidated_knowledge().splitlines()
    assert lines[0] == "## Consolidated patterns:"
    assert "- ✅ analyst: 'search' tends to succeed (reward: 1.00)" in lines
    assert "- ❌ analyst: 'guess' tends to fail (reward: 0.00)" in lines
    assert len(lines) == len(set(lines))
    assert len(brain.get_consolidated_knowledge(max_items=1).splitlines()) == 2


def test_the_brain_sleeps_after_so_many_episodes(tmp_path: Path) -> None:
    """The interval is counted across runs, and begins anew after each sleep."""
    slept = []
    for i in range(5):
        with conductor(tmp_path, clock=ticking(START + 60 * i), consolidation_interval=2) as live:
            live.run_sync(f"g{i}")
            slept.append(live.brain.state.consolidations)
    assert slept == [0, 1, 1, 2, 2]
    assert History(tmp_path).at().brain.episodes_since_sleep == 1


def test_the_brain_holds_so_much_and_no_more() -> None:
    """Over capacity the least important experience, and the weakest pattern, are forgotten."""
    live = conductor(None, max_hippocampus_size=3, max_neocortex_size=2, brain_memory_threshold=0.0)
    for i, reward in enumerate((1.0, 0.5, 0.0, 0.5, 1.0)):
        live.brain.store_experience({"action": f"a{i}", "goal": f"g{i}"}, reward)
    assert len(live.brain.hippocampus) == 3
    assert {trace.reward for trace in live.brain.hippocampus} == {0.0, 1.0}
    for _ in range(3):
        live.brain.trigger_consolidation()
    assert len(live.brain.neocortex) <= 2
    assert live.state.digests() == rebuilt(live)


@pytest.mark.parametrize("content", [{"action": (1,)}, {1: 2}, {"action": nan}, {"a": {"b": b"c"}}])
def test_an_experience_that_would_not_come_back_is_refused(live: Conductor, content: Any) -> None:
    """Experiences are JSON objects, like contexts."""
    before = live.state.digests()
    with pytest.raises(InvalidEvent):
        live.brain.store_experience(content, 1.0)
    assert live.state.digests() == before


@pytest.mark.parametrize("impact", [nan, inf])
def test_an_impact_is_finite(live: Conductor, impact: float) -> None:
    """How much an experience caused is a finite number."""
    with pytest.raises(InvalidEvent, match="causal_impact"):
        live.brain.store_experience({"action": "a"}, 1.0, impact)


# The task list.


def statuses(live: Conductor) -> dict[str, str]:
    """Return the status of each task."""
    return {name: task.status for name, task in live.todo.tasks.items()}


def test_tasks_are_done_in_the_order_of_dependencies_and_priority(live: Conductor) -> None:
    """A list of one's own is worked off as a conductor works off its actors."""
    todo = live.todo
    todo.open("ship it")
    todo.add_task("release", "release it", "ops", ["build", "test"], priority=9.0)
    todo.add_task("build", "build it", "dev")
    todo.add_task("test", "test it", "qa", ["build"], priority=2.0)
    todo.add_task("docs", "write it up", "dev", ["build"])
    assert todo.root_task == "ship it"
    order = []
    while (task := todo.get_next_task()) is not None:
        order.append(task.task_id)
        todo.start_task(task.task_id)
        todo.complete_task(task.task_id, {"by": task.assignee}, reward=1.0)
    assert order == ["build", "test", "release", "docs"]
    assert todo.tasks["build"].result == {"by": "dev"}
    assert todo.progress() == (4, 4, 0, 0, 1.0)


def test_a_task_is_tried_so_often_and_then_fails_what_waits(live: Conductor) -> None:
    """After its last attempt a task fails, and all that waits for it is skipped, directly or not (T2)."""
    todo = live.todo
    todo.open("g")
    todo.add_task("a", "", "x", max_attempts=2)
    todo.add_task("b", "", "x", ["a"])
    todo.add_task("c", "", "x", ["b"])
    todo.add_task("d", "", "x")
    for status in ("pending", "failed"):
        todo.start_task("a")
        assert todo.fail_task("a", "no") == status
    assert statuses(live) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "pending"}
    assert todo.tasks["a"].failure_reasons == ["no", "no"]
    assert [one.because for one in own_events(live, TaskSkipped)] == [["a"], ["b"]]
    assert todo.progress().failed == 1


def test_planning_anew_moves_tasks_and_not_only_words(live: Conductor) -> None:
    """Pending tasks change their places by priority (T4); nothing to move is said as well."""
    todo = live.todo
    todo.open("g")
    for name, priority in (("low", 1.0), ("high", 5.0), ("mid", 3.0)):
        todo.add_task(name, "", "x", priority=priority)
    assert todo.replan("hurry")
    assert [task.task_id for task in todo.tasks.ordered()] == ["high", "mid", "low"]
    assert not todo.replan("again")
    assert [(one.reason, one.order) for one in own_events(live, TodoReplanned)] == [
        ("hurry", ["high", "mid", "low"]),
        ("again", None),
    ]


@pytest.mark.parametrize("verb", ["start_task", "complete_task", "fail_task"])
def test_a_task_that_is_not_there_is_named(live: Conductor, verb: str) -> None:
    """A task of another name is refused with those that there are."""
    live.todo.open("g")
    live.todo.add_task("a", "", "x")
    with pytest.raises(ConfigError, match=r"'b' is no task of the list \(tasks are a\)"):
        getattr(live.todo, verb)("b", *(["why"] if verb == "fail_task" else []))


def test_a_new_list_takes_the_place_of_the_old_one(live: Conductor) -> None:
    """Opening a list begins with no tasks, under an id of its own."""
    first = live.todo.open("one")
    live.todo.add_task("a", "", "x")
    second = live.todo.open("two")
    assert first != second
    assert (len(live.todo.tasks), live.todo.get_next_task(), live.todo.root_task) == (0, None, "two")


# All of them.


def test_learners_in_use_are_one_commit_a_call(tmp_path: Path) -> None:
    """Each public call that changes state is one commit, so that no reader sees half of it."""
    with conductor(tmp_path, semantic_capacity=1) as live:
        history = History(tmp_path)
        counts = []
        for call in (
            lambda: live.shared_memory.store("a", "semantic", goal="g"),
            lambda: live.shared_memory.store("b", "semantic", goal="h", initial_value=0.9),
            lambda: live.shared_memory.retrieve("b", "h"),
            lambda: live.q_predictor.add_experience("s", "a", 1.0),
            lambda: live.brain.store_experience({"action": "a"}, 1.0),
            live.brain.trigger_consolidation,
            lambda: live.td_learner.end_episode(1.0),
            lambda: live.todo.open("g"),
        ):
            call()
            counts.append(sum(1 for _ in history.tree.lineage(history.point()).commits()))
    assert counts == list(range(2, 10))


def test_what_was_accessed_is_told_by_cause(live: Conductor) -> None:
    """Retrieving and storing again are both accesses, and each is an event of its own."""
    live.shared_memory.store("words to find", "semantic", goal="g", initial_value=1.0)
    live.shared_memory.store("words to find", "semantic", goal="g")
    live.shared_memory.retrieve("words to find", "g")
    assert [one.access_count for one in own_events(live, MemoryRepeated)] == [1]
    assert [(one.cause, one.access_count) for one in own_events(live, MemoryAccessed)] == [("retrieved", 2)]


def test_an_agent_may_use_the_learners_while_it_runs() -> None:
    """What an agent stores during its attempt is in the log under its attempt, and known to the next one."""

    def agent(task: Task) -> Outcome:
        acting.shared_memory.store(f"seen by {task.approach}", "semantic", goal=task.goal, initial_value=0.9)
        acting.q_predictor.add_experience({"goal": task.goal}, {"tool": "search"}, 1.0)
        return Outcome(success=task.approach == "B")

    acting = live = conductor(None, actor(agent))
    result = live.run_sync("g")
    assert "High-value pattern: seen by A (V=0.900)" in result.learned_context
    kept = [one for one in own_events(live, MemoryStored) if one.content.startswith("seen by")]
    assert [(one.episode, one.actor, one.attempt) for one in kept] == [(1, "analyst", 1), (1, "analyst", 2)]
    assert live.state.digests() == rebuilt(live)
