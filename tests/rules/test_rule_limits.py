"""What stands exactly on a limit of a rule, and the limits that only a default names."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any, NamedTuple

import pytest

from jotty_events.rules import dates
from jotty_events.rules.brain import consolidator, patterns
from jotty_events.rules.memory import entries, recall
from jotty_events.rules.memory.causal import mentions
from jotty_events.rules.memory.goals import goal_similarity, related, value_with_transfer
from jotty_events.rules.memory.values_in_words import Valued, learned_context_with_traces
from jotty_events.rules.q import context, exploration, learning
from jotty_events.rules.q.ranking import Ranking
from jotty_events.rules.q.retention import STALE_AFTER, Kept, ranked
from jotty_events.rules.q.tiers import TAUGHT_LITTLE, forgettable
from jotty_events.rules.td.td_lambda import adapt_alpha
from jotty_events.rules.todo import replanning, tasks
from jotty_events.rules.words import text_shapes
from jotty_events.rules.words.matches import Tier
from jotty_events.rules.words.text_form import describe_state

ABC = list("abcdefgh")


@pytest.mark.parametrize(
    ("state", "part"),
    [
        ({"tool_calls": ABC}, "TOOLS_USED: a,b,c,d,e"),
        ({"tool_calls": [{"tool": one} for one in ABC]}, "TOOLS_USED: a,b,c,d,e"),
        ({"successful_tools": ABC}, "TOOLS_SUCCESS: a,b,c"),
        ({"failed_tools": ABC}, "TOOLS_FAILED: a,b,c"),
        ({"recent_outcomes": [True, *[False] * 4, True]}, "RECENT: ✗✗✗✗✓"),
        ({"todo": {"completed": 2}}, "TODO: 2✓/0⏳/0✗"),
        ({"todo": {}}, "TODO: 0✓/0⏳/0✗"),
        ({"cooperation_score": 2**53 - 1}, f"COOP_SCORE: {2**53 - 1}.00"),
        ({"cooperation_score": 2**53}, f"COOP_SCORE: {2**53}"),
    ],
    ids=range(9),
)
def test_a_state_names_the_first_of_many(state: dict[str, Any], part: str) -> None:
    """Each list of a state is cut where RULES R1a says, what is not said counts as 0, in both versions."""
    if "cooperation_score" not in state:
        assert describe_state(state, version=1) == part
    assert describe_state(state) == part


def test_version_1_does_not_look_at_the_sixth_tool_call() -> None:
    """A call that names no tool crashes version 1 among the first five only (M17)."""
    calls: list[object] = [*ABC[:5], {"name": "search"}]
    assert describe_state({"tool_calls": calls}, version=1) == "TOOLS_USED: a,b,c,d,e"


def test_five_of_what_was_completed_are_named() -> None:
    """A state of version 2 says what was completed before (M8)."""
    assert describe_state({"completed": ABC}) == "COMPLETED: a,b,c,d,e"


def test_a_goal_besides_a_query_is_cut_at_a_hundred_characters() -> None:
    """Both tell states apart in version 2 (M8)."""
    assert f"GOAL: {'g' * 100}" in describe_state({"query": "q", "goal": "g" * 101}).split(" | ")


@pytest.mark.parametrize(("seconds", "date"), [(0.0, "1970-01-01T00:00:00"), (1.5, "1970-01-01T00:00:01.500000")])
def test_dates_count_from_1970(seconds: float, date: str) -> None:
    """To the microsecond, and back."""
    assert (dates.as_date(seconds), dates.as_seconds(date)) == (date, seconds)


class Node(NamedTuple):
    goal_id: str
    domain: str = "d"
    operation_type: str = "o"
    entities: tuple[str, ...] = ()
    parent_id: str | None = None


def test_a_goal_that_is_similar_by_just_the_limit_is_not_related() -> None:
    """Above 0.3, strictly (RULES R3): the same entities alone are not enough."""
    a, b = Node("a", "x", "p", ("e",)), Node("b", "y", "q", ("e",))
    assert goal_similarity(a, b) == 0.3
    assert related(a, [a, b]) == []


def test_no_goals_are_more_than_the_same() -> None:
    """What agrees in everything, and is a child besides, has a similarity of 1.0."""
    assert goal_similarity(Node("a", entities=("e",)), Node("b", entities=("e",), parent_id="a")) <= 1.0


def test_related_values_are_added_exactly_in_version_2() -> None:
    """Version 1 adds one by one, so that the last bits depend on the order."""
    others = [(0.1, 0.1), (0.2, 0.7), (0.3, 0.9), (0.4, 0.3)]
    orders = list(permutations(others))
    for version, results in ((1, 3), (2, 1)):
        found = {value_with_transfer(None, 0.5, others=one, weight=1.0, version=version) for one in orders}
        assert len(found) == results
        assert {one.source for one in found} == {"related"}


@pytest.mark.parametrize(("query", "found"), [("what made data", True), ("what made dat", False)])
def test_a_word_of_four_characters_tells(query: str, found: bool) -> None:
    """Shorter words of a query lead to no link (RULES R3)."""
    assert mentions(query, "old data", "error") is found


def test_a_value_that_moved_by_just_the_limit_is_not_told() -> None:
    """More than 0.1, strictly; what did not move up moved down (RULES R4)."""
    moved = Valued("moved", 0.5, 0, at_access=0.4)
    assert 0.5 - 0.4 < 0.1 < 0.6 - 0.4
    assert learned_context_with_traces([moved], {}) == ""
    assert "Recently" not in learned_context_with_traces([Valued("just", 0.1, 0, at_access=0.0)], {})
    assert "↑ up" in learned_context_with_traces([Valued("up", 0.6, 0, at_access=0.4)], {})
    assert "↓ down" in learned_context_with_traces([Valued("down", 0.4, 0, at_access=0.6)], {})


def test_what_is_worth_the_least_that_matters_is_kept() -> None:
    """An entry goes only if less than 0.05 changes without it (M14)."""
    known: dict[str, Any] = {"visits": 1, "error_mean": 0.0, "elsewhere": 0.0}
    assert not forgettable(value=TAUGHT_LITTLE, **known)
    assert forgettable(value=TAUGHT_LITTLE / 2, **known)


def test_a_tie_at_the_cut_is_decided_by_value() -> None:
    """Where two entries of one score stand at the cut, the one of the higher value is kept, whatever its text."""
    top = Kept(("top", ""), 0, 1.0, 1, 1.0, 0.0)
    low, high = Kept(("a", ""), 1, 0.0, 1, 1.0, 0.0), Kept(("b", ""), 2, 0.5, 1, 0.0, 0.0)
    assert Ranking([top, low, high]).best(2, 0.0) == [top, high]
    assert Ranking([low, high]).best(1, 0.0) == [high]


@pytest.mark.parametrize("late", [0.0, 1.0])
def test_an_entry_grows_stale_in_just_an_hour(late: float) -> None:
    """Entries that became stale as they were sorted, and those that did so later, rank alike."""
    old, fresh = Kept(("a", ""), 0, 0.6, 1, 0.0, 0.0), Kept(("b", ""), 1, 0.5, 1, 0.0, STALE_AFTER)
    ranking = Ranking([old, fresh])
    assert ranking.best(2, STALE_AFTER + late) == [fresh, old]
    assert ranking.best(2, 2 * STALE_AFTER + late) == [old, fresh]


def test_what_is_worth_just_the_threshold_is_not_replayed() -> None:
    """Sleep replays what lies above its threshold, strictly (RULES R5), in both versions."""
    one = patterns.Experience(0, 1.0, 1.0, 0, 1.0, 0.0)
    for version in (1, 2):
        worth = patterns.priority(one, now=0.0, version=version)
        assert patterns.replay([one], threshold=worth, now=0.0, version=version) == []
        assert len(patterns.replay([one], threshold=worth - 1e-9, now=0.0, version=version)) == 1


def test_a_pattern_that_is_near_by_just_the_limit_is_another() -> None:
    """Seven tags of ten are not enough, eight are (RULES R5), in both versions."""
    said = [f"tag:{i}" for i in range(10)]
    for found in (patterns.match, patterns.first_match):
        assert found(said, [patterns.Pattern(0, said[:7], 1.0, 0.0)]) is None
        assert found(said, [patterns.Pattern(0, said[:8], 1.0, 0.0)]) == (0, 0.8)


def test_nothing_fades_at_once_nor_by_a_clock_that_steps_back() -> None:
    """Half of a strength is left after a week (M10), all of it before any time has passed."""
    week = 7 * 86400.0
    assert [patterns.faded(1.0, age) for age in (-week, 0.0, week)] == [1.0, 1.0, 0.5]


def test_a_reward_that_was_not_said_is_none() -> None:
    """Episodes without a reward count as failures, and as undecided where two are compared (RULES R5)."""
    assert (consolidator.UNSAID_REWARD, consolidator.UNSAID_BETWEEN) == (0.0, 0.5)


class Job(NamedTuple):
    task_id: str
    status: str = tasks.PENDING
    depends_on: tuple[str, ...] = ()
    priority: float = 1.0
    estimated_reward: float = 0.5
    attempts: int = 0
    max_attempts: int = 3
    nth: int = 0


def jobs(*statuses: str) -> list[Job]:
    return [Job(str(nth), status, nth=nth) for nth, status in enumerate(statuses)]


def test_who_has_done_just_what_is_expected_is_not_behind() -> None:
    """Half of the tasks after half of a threshold of the time; without tasks nothing is behind (RULES R6)."""
    half = jobs(tasks.COMPLETED, tasks.PENDING)
    marked = tasks.Marked(completed=frozenset({"0"}), failed=frozenset())
    at: dict[str, Any] = {"elapsed": 75.0, "deadline": 100.0}
    assert replanning.should_replan(half, threshold=0.5 / 0.75, **at) is None
    assert replanning.should_replan(half, threshold=0.7, **at) is not None
    assert replanning.should_replan([], elapsed=100.0, deadline=100.0, threshold=1.0) is None
    assert not replanning.should_replan_by_marks(half, marked, threshold=0.5 / 0.75, **at)[0]


def test_in_the_first_half_of_the_time_nobody_is_behind() -> None:
    """And a deadline is exceeded only after it."""
    none = jobs(tasks.PENDING)
    assert replanning.should_replan(none, elapsed=50.0, deadline=100.0) is None
    assert "behind" in (replanning.should_replan(none, elapsed=100.0, deadline=100.0) or "")
    assert "deadline" in (replanning.should_replan(none, elapsed=100.1, deadline=100.0) or "")
    assert replanning.should_replan(none, deadline=0.2) is None


def test_more_than_three_in_ten_that_failed_are_too_many() -> None:
    """Three are not; one in three is (RULES R6)."""
    assert replanning.should_replan(jobs(*[tasks.FAILED] * 3, *[tasks.PENDING] * 7)) is None
    assert "failures" in (replanning.should_replan(jobs(*[tasks.FAILED] * 1, *[tasks.PENDING] * 2)) or "")


def test_version_1_divides_a_priority_by_what_a_task_waits_for() -> None:
    """By one and the number of tasks that it waits for (RULES R6)."""
    waits = Job("waits", depends_on=("free",), priority=2.1)
    free = Job("free", priority=1.0, nth=1)
    assert replanning.actions_said([free, waits], [], "")[0] == "REPRIORITIZE: ['waits', 'free']..."
    less = waits._replace(priority=1.9)
    assert replanning.actions_said([free, less], [], "")[0] == "REPRIORITIZE: ['free', 'waits']..."


def test_what_just_fits_is_recalled() -> None:
    """A budget may be used up, and not more."""
    answers = [(recall.Recall(key, 1.0, 1.0), 5) for key in "abc"]
    assert [one.key for one in recall.first_within(answers, 10)] == ["a", "b"]


def test_what_is_never_visited_comes_first() -> None:
    """The upper confidence bound is value + 2 sqrt(ln(n + 1) / visits), without bound for no visits (RULES R3)."""
    assert exploration.ucb_score(0.5, 0, 10) == float("inf")
    assert exploration.ucb_score(0.5, 1, 0) == 0.5
    assert exploration.ucb_score(0.0, 4, 1) == pytest.approx(2.0 * (0.6931471805599453 / 4) ** 0.5)


def test_defaults_are_those_of_the_original() -> None:
    """What is used where nobody said another: nothing in a trace would show them (RULES R1 to R6)."""
    assert (patterns.SLEEP_INTERVAL, patterns.REPLAY_THRESHOLD) == (10, 0.7)
    assert (replanning.DEADLINE, replanning.INTERVAL, tasks.MAX_ATTEMPTS) == (300.0, 60.0, 3)
    assert (patterns.HIPPOCAMPUS_CAPACITY, patterns.NEOCORTEX_CAPACITY) == (100, 200)
    assert (recall.RECALLED_FROM, entries.NEVER > 1.0) == (0.6, True)
    assert (context.TIER1_SHOWN, context.CLUSTER_SHOWN, context.ASKED_FOR_LESSONS) == (20, 10, 30)


@pytest.mark.parametrize(("credit", "impact"), [(0.0625, 0.0625), (0.0, 0.0), (1.0, 1.0), (1.125, 0.0), (-0.5, 0.0)])
def test_a_credit_is_a_share(credit: float, impact: float) -> None:
    """A Shapley credit counts from nothing to all of it, and is nothing beyond (M10)."""
    assert patterns.impact_of({"shapley_credit": credit}, None) == impact


def test_the_oldest_of_equals_is_forgotten_whatever_their_order() -> None:
    """Over capacity, the least strong goes, and of these the one that came first (RULES R5)."""
    assert patterns.over_capacity([(7, 0.5), (3, 0.5), (9, 0.25)], 1) == [9, 3]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("hash", ("general", "general", "hash")),
        ("one:hash", ("general", "general", "hash")),
        ("one:two:hash", ("one", "two", "hash")),
        ("one%3A:%25two:hash", ("one:", "%two", "hash")),
        ("one:more:two:hash", ("one", "two", "hash")),
    ],
)
def test_a_key_tells_its_names(key: str, names: tuple[str, str, str]) -> None:
    """Domain and task type are told by a key that has both; the hash comes last (E4)."""
    assert entries.names_in(key) == names


def test_a_little_that_related_goals_know_is_told() -> None:
    """However small the similarity, the mean of what they know is mixed in (RULES R2)."""
    found = value_with_transfer(None, 0.5, others=[(0.25, 0.9)], weight=0.25)
    assert (round(found.value, 12), found.source) == (0.6, "related")


def test_what_scores_just_the_threshold_is_recalled() -> None:
    """At least the threshold (RULES R2)."""
    one = recall.Memory("key", ["some words"], 0.5, 0)
    total = recall.rank("some words", [one], threshold=0.0)[0].score
    assert [found.key for found in recall.rank("some words", [one], threshold=total)] == ["key"]
    assert recall.rank("some words", [one], threshold=total + 1e-9) == []


class Known(NamedTuple):
    """An entry of a Q-table."""

    value: float
    nth: int
    visits: int = 1
    average_reward: float = 0.0


class OneState:
    """A table in which one other state is near to what is asked for."""

    def entry(self, state: str, action: str) -> Known | None:
        return None

    def similar_states(self, state: str) -> list[Tier]:
        return [Tier(0.875, lambda: ["known"])]

    def values_of(self, states: Sequence[str]) -> list[learning.Known]:
        return [(state, "the action itself", 0.75, 0) for state in states]


@pytest.mark.parametrize("version", [1, 2])
def test_the_action_itself_is_as_near_as_can_be(version: int) -> None:
    """What is told of a similar state under the same action is as near as the state is (RULES R1)."""
    found = learning.estimate(OneState(), "asked", "the action itself", version=version)
    assert (found.raw, found.similarity) == (0.75, 0.875)


def test_many_that_grow_stale_at_once_are_each_ranked_once() -> None:
    """Entries of just an hour ago are stale, also where so many are that all are sorted anew."""
    kept = [Kept((f"state {i}", ""), i, i / 100, 1, 0.0, 0.0) for i in range(80)]
    ranking = Ranking(kept)
    assert ranking.best(80, STALE_AFTER) == ranked(kept, STALE_AFTER)
    assert ranking.worst(3, STALE_AFTER) == ranked(kept, STALE_AFTER)[-3:]


def test_of_no_errors_mean_and_spread_are_nothing() -> None:
    """Where nothing was learned, alpha has no reason to move (RULES R4)."""
    found = adapt_alpha(0.05, errors=[], fresh=0)
    assert (found.after, found.error_mean, found.error_std) == (0.05, 0.0, 0.0)


def test_five_errors_are_named() -> None:
    """The sixth is left out of a state's text (RULES R1)."""
    assert text_shapes.errors(list("abcdefg")) == "[a,b,c,d,e]"


def test_what_nobody_estimated_takes_a_minute() -> None:
    """The original's default (RULES R6), and what a context is cut at where nobody said (RULES R1)."""
    assert (tasks.ESTIMATED_DURATION, context.MAX_TOKENS) == (60.0, 2000)
