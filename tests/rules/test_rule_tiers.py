"""Retention, ranks, tiers, clusters and what is said of them."""

from math import nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.q import clusters as q_clusters
from jotty_events.rules.q import context as q_context
from jotty_events.rules.q import retention, tiers
from jotty_events.rules.q.context import Line
from jotty_events.rules.q.ranking import Ranking
from jotty_events.rules.q.retention import Kept, Key
from jotty_events.rules.q.tiers import Progress

NOW = 1_700_000_000.0


def kept(
    key: Key = ("s", "a"), nth: int = 0, value: float = 0.5, visits: int = 1, error: float = 0.0, ago: float = 0.0
) -> Kept:
    return Kept(key, nth, value, visits, error, NOW - ago)


@pytest.mark.parametrize("version", [1, 2])
def test_retention_weighs_value_novelty_surprise_and_age(version: int) -> None:
    """0.4 of the value, 0.3 of the novelty, 0.2 of the errors up to 1, less 0.1 an hour after the last update."""

    def of(**what: float) -> float:
        return retention.retention(kept(**what), NOW, version=version)  # type: ignore[arg-type]

    assert of(value=1.0, visits=2, error=0.5) == pytest.approx(0.4 + 0.1 + 0.1, rel=1e-12)
    assert of(value=0.0, visits=1, error=0.0) == pytest.approx(0.15, rel=1e-12)
    assert of(error=7.0) == of(error=1.0) == pytest.approx(0.2 + 0.15 + 0.2, rel=1e-12)
    assert of(ago=1800.0) == pytest.approx(0.35 - 0.05, rel=1e-12)
    assert of(ago=3600.0) == of(ago=1e9) == pytest.approx(0.35 - 0.1, rel=1e-12)
    assert of(value=0.0, visits=999, ago=3600.0) == 0.0


def test_an_entry_from_the_future_is_fresh() -> None:
    """A clock that was set back raises the retention in version 1, as far as it can; in version 2 by nothing."""
    late = kept(ago=-36_000.0)
    assert (retention.retention(late, NOW, version=1), retention.retention(late, NOW)) == (1.0, 0.35)


def test_means_are_added_from_left_to_right_in_version_1() -> None:
    """Version 2 adds exactly; an entry without errors has a mean of 0.0."""
    values = [1e16, 1.0, 1.0, 1.0]
    assert retention.mean(values, version=1) == 1e16 / 4
    assert retention.mean(values) == (1e16 + 4.0) / 4
    assert retention.error_mean([-0.5, 0.25]) == 0.375
    assert retention.error_mean([]) == retention.mean([], version=1) == 0.0


def test_ties_go_by_number_in_version_1_and_by_texts_in_version_2() -> None:
    """Equal entries rank as they came, or by what they say (D1)."""
    one, other = kept(("b", "a"), 0), kept(("a", "a"), 1)
    assert retention.ranked([other, one], NOW, version=1) == [one, other]
    assert retention.ranked([one, other], NOW) == [other, one]
    older, late = kept(value=0.9, nth=0), kept(value=0.1, nth=1, ago=-36_000.0)
    assert retention.ranked([older, late], NOW, version=1) == [late, older]
    assert retention.ranked([older, late], NOW) == [older, late]
    low = [kept(("a", "a"), 0, value=0.0, visits=99, ago=3600), kept(("b", "b"), 1, value=0.01, visits=99, ago=3600)]
    assert [entry.nth for entry in retention.ranked(low, NOW, version=1)] == [0, 1]
    assert [entry.nth for entry in retention.ranked(low, NOW)] == [1, 0]


entries = st.builds(
    Kept,
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")),
    st.integers(0, 99),
    st.sampled_from([0.0, 0.5, nextafter(0.5, 1.0), 1.0]),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.3, 2.0]),
    st.sampled_from([NOW - 9000, NOW - 3600, NOW - 3599.5, NOW - 5, NOW, NOW + 5, NOW + 4000]),
)
steps = st.lists(entries | st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=12)


passing = st.sampled_from([-4000.0, -1.0, 0.0, 0.5, 10.0, 3600.0, 9000.0])


@given(st.lists(entries, max_size=6), passing, st.lists(st.tuples(steps, passing, st.integers(0, 9))))
def test_the_index_ranks_as_sorting_does(
    begun: list[Kept], first: float, rounds: list[tuple[list[Kept | Key], float, int]]
) -> None:
    """Whatever comes, goes or changes, and whatever time is asked for, both ends are those of the sorted whole."""
    ranking, plain = Ranking(begun, NOW + first), {entry.key: entry for entry in begun}
    now = NOW
    for changes, passed, most in rounds:
        for change in changes:
            if isinstance(change, Kept):
                ranking.put(change)
                plain[change.key] = change
            else:
                ranking.discard(change)
                plain.pop(change, None)
        now += passed
        whole = retention.ranked(plain.values(), now)
        assert len(ranking) == len(plain)
        assert ranking.best(most, now) == whole[:most]
        assert ranking.worst(most, now) == (whole[-most:] if most else [])


def test_an_index_of_many_is_sorted_anew_after_a_pause() -> None:
    """When more entries grew stale than are moved one by one, the order is still that of the definition."""
    many = [kept((f"s{i}", "a"), i, value=(i * 7 % 100) / 100, ago=i % 50) for i in range(400)]
    ranking = Ranking(many)
    for now in (NOW, NOW + 3575.0, NOW + 3576.0, NOW + 9999.0):
        assert ranking.best(30, now) == retention.ranked(many, now)[:30]
        assert ranking.worst(30, now) == retention.ranked(many, now)[-30:]


def test_progress_counts_episodes_without_a_better_reward() -> None:
    """A better reward starts the count again; without a reward nothing changes."""
    assert tiers.progress(0.5, Progress(0.4, 7)) == (0.5, 0)
    assert tiers.progress(0.5, Progress(0.5, 7)) == (0.5, 8)
    assert tiers.progress(0.1, Progress(0.5, 8)) == (0.1, 9)
    assert tiers.progress(None, Progress(0.5, 8)) == (0.5, 8)


def test_a_plateau_is_forgotten_in_version_1() -> None:
    """The tenth miss is counted as none in version 1; in version 2 it takes ten entries out of the archive (M12)."""
    assert tiers.progress(0.1, Progress(0.5, 9), version=1) == (0.1, 0)
    assert tiers.progress(0.1, Progress(0.5, 9)) == (0.1, 10)
    assert [tiers.window(misses) for misses in (0, 9, 10, 19, 20)] == [100, 100, 110, 110, 120]


def test_the_first_episode_is_measured_against_nothing_in_version_2() -> None:
    """Version 1 takes the reward before the first for 0.0: a first failure is a miss."""
    assert tiers.progress(0.0, Progress(None, 0), version=1) == (0.0, 1)
    assert tiers.progress(0.005, Progress(None, 0), version=1) == (0.005, 0)
    assert tiers.progress(0.0, Progress(None, 0)) == (0.0, 0)
    assert tiers.FIRST_THRESHOLD == 0.8


def test_the_threshold_grows_to_an_end() -> None:
    """A twentieth more each time, up to 0.95."""
    assert tiers.raised(0.8) == pytest.approx(0.84, rel=1e-12)
    assert tiers.raised(0.94) == tiers.raised(0.95) == 0.95


@pytest.mark.parametrize(
    ("archived", "rate", "count"), [(10, 0.25, 2), (10, 0.0, 1), (3, 1.0, 3), (0, 0.5, 0), (5, 0.1, 1)]
)
def test_a_share_of_the_archive_is_looked_at(archived: int, rate: float, count: int) -> None:
    """The share is rounded down, and is at least one entry."""
    assert tiers.sampled(archived, rate) == count


@pytest.mark.parametrize(
    ("value", "visits", "error", "little"),
    [(0.39, 1, 0.049, True), (0.4, 1, 0.049, False), (0.39, 2, 0.049, False), (0.39, 1, 0.05, False)],
)
def test_what_taught_little(value: float, visits: int, error: float, little: bool) -> None:
    """One visit, hardly an error and a low value, all three."""
    assert tiers.taught_little(value=value, visits=visits, error_mean=error) is little
    assert tiers.forgettable(value=value, visits=visits, error_mean=error, elsewhere=value) is little


def test_a_confirmed_bad_action_is_kept() -> None:
    """What would be read otherwise without it is not forgotten, whatever it taught (M14)."""
    said = {"value": 0.36, "visits": 1, "error_mean": 0.01}
    assert tiers.taught_little(**said)  # type: ignore[arg-type]
    assert tiers.forgettable(**said, elsewhere=0.4)  # type: ignore[arg-type]
    assert not tiers.forgettable(**said, elsewhere=0.41 + 1e-9)  # type: ignore[arg-type]
    assert not tiers.forgettable(**said, elsewhere=0.31 - 1e-9)  # type: ignore[arg-type]


def test_a_cluster_is_named_by_its_first_longer_words() -> None:
    """Short words and stop words are passed over; five words describe, two name."""
    key = ("QUERY: the sum OF daily Revenue", "ACTOR: planner here")
    assert q_clusters.keywords(key) == ["query:", "daily", "revenue", "actor:", "planner"]
    groups = q_clusters.grouped([(3, key), (1, ("query: daily", "x")), (2, ("a", "b"))], 9)
    assert groups == [
        ("query:_daily", "query: daily revenue actor: planner", [3, 1]),
        ("", "", [2]),
    ]


def test_version_1_keeps_the_first_clusters_version_2_the_largest() -> None:
    """Both stand in the order of their first members."""
    found = [
        (0, ("aaaa", "one1")),
        (1, ("bbbb", "two2")),
        (2, ("bbbb", "two2")),
        (3, ("cccc", "tri3")),
        (4, ("cccc", "tri3")),
    ]
    assert [group.name for group in q_clusters.grouped(found, 2, version=1)] == ["aaaa_one1", "bbbb_two2"]
    assert [group.name for group in q_clusters.grouped(found, 2)] == ["bbbb_two2", "cccc_tri3"]


def test_a_cluster_bears_on_a_state_that_says_nearly_the_same() -> None:
    """The nearest centroid above 0.7, the first of equal ones; words are compared whatever their case."""
    seven = "a b c d e f g"
    assert q_clusters.relevant(f"{seven} x y", ["zzz", seven]) == 1
    assert q_clusters.relevant("a b c d e f g x y z", [seven]) is None
    assert q_clusters.relevant("A B", ["b a", "a b"]) == 0
    assert q_clusters.relevant("a", []) is None
    assert q_clusters.relevant("", ["a"]) is None


def test_a_context_shows_tier_1_a_cluster_and_lessons() -> None:
    """Twenty entries of tier 1 with 80 characters, ten of the cluster with 60, and the lessons, each part if it is."""
    line = Line("s" * 81, "a" * 60, 0.125, 3)
    text = q_context.context([line] * 21, [line] * 11, ["l", "m"], 2000)
    lines = text.split("\n")
    assert lines[0] == "# Working Memory (High-Value Recent):"
    assert lines[1] == f"1. [{'s' * 80}...] → [{'a' * 60}] | Q=0.12 (n=3)"
    assert lines[20].startswith("20. ")
    assert lines[21:24] == [
        "",
        "# Retrieved Relevant Context (Semantic Match):",
        f"1. [{'s' * 60}...] → [{'a' * 60}] | Q=0.12",
    ]
    assert lines[32].startswith("10. ")
    assert lines[33:] == ["", "# Learned Lessons:", "1. l", "2. m"]
    assert q_context.context([], [], [], 1) == ""


def test_a_context_is_cut_at_four_characters_a_token() -> None:
    """Up to three characters more are let pass; what is cut says so."""
    text = q_context.context([], [], ["x" * 100], 10_000)
    assert len(text) == 123
    assert q_context.context([], [], ["x" * 100], 30) == text
    assert q_context.context([], [], ["x" * 100], 29) == text[:116] + "\n... (truncated for context window)"


def test_lessons_are_said_once_and_ten_at_most() -> None:
    """Repeated lessons are one; the first ten count."""
    assert q_context.once(["b", "a", "b"]) == ["b", "a"]
    assert len(q_context.once(map(str, range(12)))) == 10


def test_learned_lessons_in_both_versions() -> None:
    """Version 1 numbers them under its own title; nothing is said without a lesson."""
    assert q_context.learned([], 0.5) == q_context.learned([], 0.5, version=1) == ""
    assert (
        q_context.learned(["a", "b"], None, version=1)
        == "# Q-Learning Lessons (Learned from Experience):\n1. a\n2. b\n"
    )
    with_value = q_context.learned(["a"], 0.8494, version=1)
    assert with_value.endswith("1. a\n\n# Expected Value: Q(state, action) = 0.849\n")
    assert q_context.learned(["a"], 0.5) == "## Q-learning lessons:\n- a\nQ = 0.500"
