"""What version 2 of the brain's rules corrects, beside what version 1 does as the original did."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from jotty_events import (
    Brain,
    BrainInspiredMemoryManager,
    BrainStateMachine,
    HippocampalExtractor,
    JottyConfig,
    LearningMode,
    SharpWaveRippleConsolidator,
)
from jotty_events.errors import ConfigError, InvalidEvent
from jotty_events.rules.brain.hippocampus import SEEN_MOST
from jotty_events.rules.brain.patterns import WEEK
from projections.brain import KEPT
from projections.memory import SAMPLES_KEPT

START = 1767700800.0

Both = tuple[Any, Any]


class Clock:
    """A clock that stands where it is set."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def config_of(version: int, **settings: Any) -> JottyConfig:
    return JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL, **settings)


def both(tried: Callable[[int], Any]) -> Both:
    """Return what version 1 and version 2 give."""
    return tried(1), tried(2)


def test_a_lesson_names_its_action_and_its_actor() -> None:
    """To the original, what has no 'action' is an unknown strategy (M9)."""

    def lessons(version: int) -> list[str]:
        brain = Brain(config_of(version, brain_memory_threshold=0.0), clock=Clock())
        brain.store_experience({"approach": "scan", "actor": "sql"}, 1.0)
        brain.store_experience({"action": "ask", "actor": "sql"}, 0.5)
        brain.trigger_consolidation()
        return [one.text for one in brain.neocortex]

    assert both(lessons) == (
        ["✅ Strategy 'unknown' tends to succeed (reward: 1.00)", "⚖️  Strategy 'ask' has mixed results (reward: 0.50)"],
        ["✅ sql: 'scan' tends to succeed (reward: 1.00)", "⚖️ sql: 'ask' has mixed results (reward: 0.50)"],
    )


def test_weights_count() -> None:
    """With all weight on novelty the reward plays no part in what is forgotten; the original never looked (M10)."""
    only_novelty = {f"replay_{name}_weight": 0.0 for name in ("reward", "frequency", "recency", "causal")}

    def kept(version: int) -> list[float]:
        config = config_of(version, max_hippocampus_size=1, replay_novelty_weight=1.0, **only_novelty)
        brain = Brain(config, clock=Clock())
        for reward in (1.0, 0.5):
            brain.store_experience({"action": "scan"}, reward)
        return [one.reward for one in brain.hippocampus]

    assert both(kept) == ([1.0], [0.5])


def test_the_original_s_arguments_are_weights_as_well() -> None:
    """A manager that is told how much novelty counts goes by it (M10)."""

    def kept(version: int) -> list[float]:
        brain = BrainInspiredMemoryManager(3, 1, 8, 0.4, 1.0, 0.0, 0.0, config=config_of(version), clock=Clock())
        for reward in (1.0, 0.5):
            brain.store_experience({"action": "scan"}, reward)
        return [one.reward for one in brain.hippocampus]

    assert both(kept) == ([1.0], [0.5])


def test_what_an_experience_caused_is_taken_from_its_credit() -> None:
    """The original never sets a causal impact (M10); it can be said, and is said by a share of credit."""

    def impacts(version: int) -> list[float]:
        brain = Brain(config_of(version), clock=Clock())
        for credit in (0.75, 2.0, True, "much", None):
            brain.store_experience({"action": "scan", "shapley_credit": credit}, 1.0)
        brain.store_experience({"action": "scan", "shapley_credit": 0.75}, 1.0, 0.25)
        brain.set_causal_impact(1, 0.5)
        return [one.causal_impact for one in brain.hippocampus]

    assert both(impacts) == ([0.0, 0.5, 0.0, 0.0, 0.0, 0.25], [0.75, 0.5, 0.0, 0.0, 0.0, 0.25])


def test_what_is_never_replayed_fades() -> None:
    """After a year without a replay the original still holds everything (M10)."""

    def held(version: int) -> tuple[int, int]:
        clock = Clock()
        brain = Brain(config_of(version, brain_memory_threshold=0.9), clock=clock)
        brain.store_experience({"action": "dull"}, 0.5)
        clock.now += 52 * WEEK
        brain.store_experience({"action": "fresh"}, 0.5)
        brain.trigger_consolidation()
        return len(brain.hippocampus), len(brain.neocortex)

    assert both(held) == ((2, 0), (1, 0))


def test_the_nearest_pattern_of_its_kind_is_reinforced() -> None:
    """The original takes the first that is near enough, be it the lesson of a failure (D1)."""

    def sources(version: int) -> list[tuple[int, int]]:
        clock = Clock()
        brain = Brain(config_of(version, brain_memory_threshold=0.3), clock=clock)
        for reward in (0.0, 1.0):
            brain.store_experience({"action": "a", "actor": "b", "goal": "g", "status": "s"}, reward)
            brain.trigger_consolidation()
        return [(one.kind, one.sources) for one in brain.neocortex]

    assert both(sources) == ([("failure", 3)], [("failure", 2), ("success", 1)])


def test_over_capacity_the_original_sorts() -> None:
    """It leaves the most important first; version 2 leaves the order of insertion, and forgets the same."""

    def kept(version: int) -> list[float]:
        brain = Brain(config_of(version, max_hippocampus_size=3), clock=Clock())
        for reward in (0.625, 1.0, 0.5, 0.75):
            brain.store_experience({"action": "scan"}, reward)
        return [one.reward for one in brain.hippocampus]

    assert both(kept) == ([1.0, 0.75, 0.625], [0.625, 1.0, 0.75])


def test_the_minimum_is_for_the_first_sleep() -> None:
    """The original sleeps after 5, 10 and 15 episodes where every third was meant (M11)."""

    def slept(version: int) -> list[int]:
        config = config_of(version, consolidation_interval=3, min_episodes_before_sleep=5)
        machine, found = BrainStateMachine(config, clock=Clock()), []
        for episode in range(1, 16):
            before = machine.get_state_summary()["total_consolidations"]
            machine.process_experience({"content": f"c{episode}", "reward": 0.5})
            if machine.get_state_summary()["total_consolidations"] > before:
                found.append(episode)
        return found

    assert both(slept) == ([5, 10, 15], [5, 8, 11, 14])


def test_what_comes_in_sleep_is_taken_in_on_waking() -> None:
    """The original says that it queues such experiences, and drops them (M11)."""

    def taken(version: int) -> tuple[int, list[str]]:
        machine = BrainStateMachine(config_of(version), clock=Clock())
        machine.process_experience({"content": "awake"})
        machine.set_mode("offline")
        assert machine.is_offline
        for content in ("first", "second"):
            assert machine.process_experience({"content": content}) is None
        machine.set_mode("online")
        assert machine.is_online
        summary = machine.get_state_summary()
        return summary["total_episodes"], [one["content"] for one in machine.recent_episodes]

    assert both(taken) == ((1, ["awake"]), (3, ["awake", "first", "second"]))


def test_a_bounded_number_of_contents_is_known() -> None:
    """The original keeps every text for ever (E5); here the one known longest is forgotten for a new one."""

    def known(version: int) -> tuple[int, float, float]:
        extractor = HippocampalExtractor(config_of(version), clock=Clock())
        for i in range(SEEN_MOST + 2):
            extractor.should_remember({"content": f"c{i}", "reward": 0.5})
        count = extractor.seen_patterns
        newest = extractor.should_remember({"content": f"c{SEEN_MOST}", "reward": 0.5})[1].novelty_score
        oldest = extractor.should_remember({"content": "c0", "reward": 0.5})[1].novelty_score
        return count, newest, oldest

    assert both(known) == ((SEEN_MOST + 2, 0.2, 0.2), (SEEN_MOST, 0.2, 0.8))


def test_tags_say_something() -> None:
    """To the original an empty value is a tag as well."""

    def found(version: int) -> list[str]:
        return Brain(config_of(version)).extract_tags({"action": "", "actor": None, "goal": "g", "shapley_credit": "x"})

    assert both(found) == (["action:", "actor:", "goal:g"], ["goal:g"])


def test_knowledge_is_told_with_its_age_by_version_1() -> None:
    """The original's text has counts and seconds; neither version has one before anything was learned."""

    def told(version: int) -> tuple[str, str]:
        clock = Clock()
        brain = Brain(config_of(version, brain_memory_threshold=0.0), clock=clock)
        nothing = brain.get_consolidated_knowledge()
        brain.store_experience({"action": "scan", "actor": "sql"}, 1.0)
        brain.trigger_consolidation()
        clock.now += 90.0
        return nothing, brain.get_consolidated_knowledge("any question", 1)

    assert both(told) == (
        (
            "",
            "# Brain-Consolidated Knowledge (Neocortex):\n# 1 total patterns, showing top 1\n\n"
            "1. ✅ Strategy 'scan' tends to succeed (reward: 1.00)\n"
            "   (strength: 1.10, sources: 1, consolidated: 90s ago)\n",
        ),
        ("", "## Consolidated patterns:\n- ✅ sql: 'scan' tends to succeed (reward: 1.00)"),
    )


def test_episodes_are_counted_until_the_brain_sleeps() -> None:
    """The end of an episode says whether it is time; the count begins anew with the sleep."""
    brain = Brain(config_of(2, consolidation_interval=2), clock=Clock())
    assert [brain.end_of_episode() for _ in range(3)] == [False, True, True]
    assert brain.should_consolidate()
    brain.trigger_consolidation()
    assert (brain.episodes_since_sleep, brain.total_consolidations, brain.should_consolidate()) == (0, 1, False)
    assert brain.get_statistics() == {
        "hippocampus_size": 0,
        "neocortex_size": 0,
        "total_consolidations": 1,
        "episodes_since_sleep": 0,
        "avg_hippo_strength": 0.0,
        "avg_neo_strength": 0.0,
        "total_replay_count": 0,
    }


class Note:
    """A memory of the caller's own."""

    def __init__(self, value: float) -> None:
        self.default_value = value
        self.marked_for_deletion = False


@pytest.mark.parametrize("version", [1, 2])
def test_ripples_change_the_caller_s_memories_only(version: int) -> None:
    """Weak ones are marked, strong ones grow; a thing without a value counts 0.5, and stays as it is."""
    consolidator = SharpWaveRippleConsolidator(config_of(version), clock=Clock())
    notes = [Note(0.05), Note(0.1), Note(0.9), Note(0.95), Note(0.86)]
    found = consolidator.consolidate(
        [{"action": "a", "reward": 0.0}, {"action": "b", "reward": 1.0}], [*notes, object()]
    )
    assert (found.memories_pruned, found.memories_strengthened, found.causal_links_found) == (1, 3, 1)
    assert [one.marked_for_deletion for one in notes] == [True, False, False, False, False]
    assert [one.default_value for one in notes] == pytest.approx([0.05, 0.1, 0.99, 1.0, 0.946])
    assert consolidator.consolidation_count == 1


# Bad input.


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("reward", [nan, inf, -inf])
def test_a_reward_that_is_not_finite_is_refused(version: int, reward: float) -> None:
    """By all that take rewards, with a typed error, and nothing is recorded."""
    config = config_of(version)
    brain, extractor = Brain(config), HippocampalExtractor(config)
    machine, consolidator = BrainStateMachine(config), SharpWaveRippleConsolidator(config)
    calls: list[tuple[Any, Callable[[], Any], type[Exception]]] = [
        (brain, lambda: brain.store_experience({"action": "a"}, reward), ConfigError),
        (extractor, lambda: extractor.should_remember({"content": "c", "reward": reward}), ConfigError),
        (machine, lambda: machine.process_experience({"content": "c", "reward": reward}), InvalidEvent),
        (consolidator, lambda: consolidator.consolidate([{"reward": reward}]), InvalidEvent),
    ]
    for learner, call, error in calls:
        before = learner._session.digests()
        with pytest.raises(error):
            call()
        assert learner._session.digests() == before


def test_a_reward_out_of_bounds_is_refused_by_version_2() -> None:
    """The original learns from any number."""
    Brain(config_of(1)).store_experience({"action": "a"}, -0.5)
    HippocampalExtractor(config_of(1)).should_remember({"content": "c", "reward": 2})
    with pytest.raises(ConfigError, match="reward"):
        Brain(config_of(2)).store_experience({"action": "a"}, -0.5)
    with pytest.raises(ConfigError, match="reward"):
        HippocampalExtractor(config_of(2)).should_remember({"content": "c", "reward": 2})


@pytest.mark.parametrize("version", [1, 2])
def test_a_reward_that_is_no_number_is_refused(version: int) -> None:
    """Text and truth values are no rewards of experiences or episodes."""
    for reward in ("much", True, None):
        with pytest.raises(ConfigError):
            HippocampalExtractor(config_of(version)).should_remember({"content": "c", "reward": reward})
        with pytest.raises(ConfigError):
            SharpWaveRippleConsolidator(config_of(version)).consolidate([{"reward": reward}])


@pytest.mark.parametrize("version", [1, 2])
def test_empty_experiences_are_taken_in_and_teach_nothing(version: int) -> None:
    """An experience that says nothing is replayed, and leaves no pattern; an empty text counts as a content."""
    brain = Brain(config_of(version, brain_memory_threshold=0.0), clock=Clock())
    brain.store_experience({}, 1.0)
    assert len(brain.trigger_consolidation()) == 1
    assert (brain.neocortex, brain.hippocampus[0].replays) == ([], 1)
    machine = BrainStateMachine(config_of(version), clock=Clock())
    machine.process_experience({})
    assert [machine.extractor.should_remember({})[1].novelty_score for _ in range(2)] == [0.2, 0.2]


@pytest.mark.parametrize("version", [1, 2])
def test_a_brain_without_room_holds_nothing(version: int) -> None:
    """A capacity of 0 is no error: everything is forgotten at once."""
    settings = {"max_hippocampus_size": 0, "max_neocortex_size": 0, "brain_memory_threshold": 0.0}
    brain = Brain(config_of(version, **settings), clock=Clock())
    brain.store_experience({"action": "a"}, 1.0)
    assert brain.trigger_consolidation() == []
    assert (brain.hippocampus, brain.neocortex) == ([], [])


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("first", [START, 0.0, -START, -1e300])
def test_clocks_may_step_back_and_be_negative(version: int, first: float) -> None:
    """An experience of a later time than now is as good as fresh, to version 1 better than that; nothing overflows."""
    clock = Clock()
    brain = Brain(config_of(version), clock=clock)
    for time in (first, first - 7200.0, -1e6, first):
        clock.now = time
        brain.store_experience({"action": f"{time}"}, 1.0)
        brain.trigger_consolidation()
    assert len(brain.hippocampus) == 4
    assert all(0 < one.replays <= 5 for one in brain.hippocampus)


def test_what_is_no_mode_and_no_place_is_named() -> None:
    """A mode that is not known, and an experience that is not there."""
    with pytest.raises(ConfigError, match="modes are online, offline, dreaming"):
        BrainStateMachine(config_of(2)).set_mode("asleep")
    for place in (-1, 0):
        with pytest.raises(ConfigError, match="holds 0"):
            Brain(config_of(2)).set_causal_impact(place, 0.5)


def test_a_machine_that_is_off_never_sleeps_by_itself() -> None:
    """It may still be told to."""
    machine = BrainStateMachine(config_of(2, brain_enabled=False, consolidation_interval=1), clock=Clock())
    for i in range(9):
        machine.process_experience({"content": f"c{i}"})
    assert machine.get_state_summary()["total_consolidations"] == 0
    machine.enter_sleep_mode()
    assert machine.get_state_summary()["total_consolidations"] == 1


def test_a_forced_sleep_comes_with_the_next_experience() -> None:
    """Forcing only brings the count to the interval, as in the original."""
    machine = BrainStateMachine(config_of(2, min_episodes_before_sleep=0), clock=Clock())
    machine.force_sleep()
    assert machine.get_state_summary()["next_sleep_in"] == 0
    machine.process_experience({"content": "c"})
    assert machine.get_state_summary()["total_consolidations"] == 1


def test_a_brain_under_the_original_s_name_has_its_defaults() -> None:
    """Ten episodes, a hundred experiences, two hundred patterns, and a high threshold."""
    config = BrainInspiredMemoryManager(clock=Clock()).config
    said = config.consolidation_interval, config.max_hippocampus_size, config.max_neocortex_size
    assert (said, config.brain_memory_threshold) == ((10, 100, 200), 0.7)
    with pytest.raises(ConfigError, match="consolidation_interval"):
        BrainInspiredMemoryManager(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_recent_episodes", 0),
        ("max_recent_episodes", 1001),
        ("adaptive_window_size", 0),
        ("adaptive_window_size", 501),
        ("alpha_min", 0.0),
        ("alpha_max", 1.5),
        ("brain_novelty_weight", -0.1),
        ("replay_recency_weight", nan),
        ("max_hippocampus_size", -1),
        ("pattern_extraction_threshold", 0),
        ("brain_max_prune_percentage", 1.5),
        ("tool_success_reward", inf),
    ],
)
def test_settings_that_cannot_be_learned_by_are_refused(name: str, value: float) -> None:
    """By their names, before anything is learned; samples and experiences are kept for the widest windows."""
    with pytest.raises(ConfigError, match=name):
        config_of(2, **{name: value})
    assert SAMPLES_KEPT == 2 * 500
    assert KEPT == 1000
