"""Goals and causal links."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.memory.causal import applies, link_id, mentions, reweigh, starting_confidence
from jotty_events.rules.memory.goals import (
    ValueRead,
    entities_of,
    goal_id,
    goal_similarity,
    goals_considered,
    one_by_one,
    operation_of,
    parent_of,
    related,
    scored,
    transfers,
    value_with_transfer,
)


class Node(NamedTuple):
    goal_id: str
    domain: str = "sql"
    operation_type: str = "query"
    entities: tuple[str, ...] = ()
    parent_id: str | None = None


COUNT = Node("count", entities=("upi", "payer"))
USERS = Node("users", entities=("dim_user", "payer"))
REPORT = Node("report", operation_type="report", entities=("orders",))
SLOW = Node("slow", domain="ops", entities=("upi",))


def test_a_goal_is_named_by_the_md5_of_its_text() -> None:
    """Equal texts are one goal."""
    assert goal_id("Count P2P transactions") == "a295dfe6c59d4b19d90c129024373d1c"


def test_a_goal_stands_under_the_general_goal_of_its_domain_or_under_the_root() -> None:
    """The first general goal of the domain is the parent, else the root, if there is one."""
    general = Node("all", operation_type="general")
    assert parent_of("sql", [Node("root", domain="x"), general, Node("late", operation_type="general")]) == "all"
    assert parent_of("ops", [Node("root", domain="x"), general]) == "root"
    assert parent_of("ops", [general]) is None


def test_similarity_adds_domain_operation_entities_and_kinship() -> None:
    """0.4, 0.2, 0.3 of the shared entities and 0.1, at most 1."""
    assert goal_similarity(COUNT, USERS) == pytest.approx(0.7)
    assert goal_similarity(COUNT, REPORT) == pytest.approx(0.4)
    assert goal_similarity(COUNT, SLOW) == pytest.approx(0.35)
    assert goal_similarity(COUNT, Node("child", "x", "y", parent_id="count")) == pytest.approx(0.1)


def test_related_goals_stand_by_similarity_then_by_age() -> None:
    """A goal is not related to itself, and 0.3 is not enough."""
    found = related(COUNT, [SLOW, REPORT, Node("again", operation_type="report"), COUNT, USERS, Node("no", "x", "y")])
    assert [goal.goal_id for goal, _ in found] == ["users", "report", "again", "slow"]


def test_a_goal_not_seen_before_reads_what_was_learned_for_others() -> None:
    """Its own value counts alone; else the default, mixed with what related goals have (M4, M5)."""
    assert value_with_transfer(0.3, 0.9, others=[(1.0, 0.8)], weight=0.3) == ValueRead(0.3, "goal")
    assert value_with_transfer(0.0, 0.9, others=[], weight=0.3) == ValueRead(0.0, "goal")
    assert value_with_transfer(None, 0.9, others=[], weight=0.3) == ValueRead(0.9, "default")
    mixed = value_with_transfer(None, 0.5, others=[(0.6, 0.8), (0.3, 0.2)], weight=0.3)
    assert mixed.source == "related"
    assert mixed.value == pytest.approx(0.7 * 0.5 + 0.3 * 0.6)
    assert value_with_transfer(None, 0.5, others=[(0.6, 0.8)], weight=0.0) == ValueRead(0.5, "default")


def test_evidence_moves_a_link_by_a_tenth_of_what_is_left() -> None:
    """Worked values: 0.5 unsupported is 0.45, then supported 0.505."""
    assert reweigh(0.5, False) == pytest.approx(0.45)
    assert reweigh(0.45, True) == pytest.approx(0.505)


@given(st.lists(st.booleans(), max_size=200))
def test_no_evidence_makes_a_link_certain_or_impossible(evidence: list[bool]) -> None:
    """A confidence stays in [0.1, 0.99]."""
    confidence = 0.5
    for supported in evidence:
        confidence = reweigh(confidence, supported)
        assert 0.1 <= confidence <= 0.99


@pytest.mark.parametrize(
    ("context", "holds"),
    [
        ({}, True),
        ({"db": "TRINO", "flag": True, "k": "a=b", "v": 3}, True),
        ({"db": "x"}, False),
        ({"flag": "no"}, False),
        ({"v": 2}, False),
        ({"off": "True"}, False),
    ],
)
def test_a_link_applies_unless_the_context_says_otherwise(context: dict[str, object], holds: bool) -> None:
    """Conditions fail only when contradicted, exceptions only count when met; case does not matter."""
    assert applies(["db=trino", "flag", "k=a=b"], context, ["v=2", "off"]) == holds


# Version 1 beside version 2.


def test_both_versions_mix_related_values_alike() -> None:
    """Version 1 adds one by one, version 2 exactly: they differ in the last digits at most."""
    others = [(0.1 * i, 0.3 + 0.05 * i) for i in range(1, 10)]
    old, new = (value_with_transfer(None, 0.5, others=others, weight=0.3, version=one) for one in (1, 2))
    assert old.value == pytest.approx(new.value, rel=1e-12)
    total = weighted = 0.0
    for similarity, value in others:
        total += similarity * 0.3
        weighted += value * (similarity * 0.3)
    assert old.value == 0.7 * 0.5 + 0.3 * (weighted / total)


def test_version_2_bounds_what_bears_on_a_value() -> None:
    """Version 1 looks at all goals, version 2 at the newest fifty, and takes the ten nearest."""
    assert (goals_considered(1), transfers(1)) == (None, None)
    assert (goals_considered(), transfers()) == (50, 10)


def test_a_goal_s_operation_is_the_context_s_or_the_task() -> None:
    """An empty operation says something in version 1 only; entities are a list of texts, or none."""
    assert operation_of({}, "count") == operation_of({}, "count", 1) == "count"
    assert operation_of({"operation_type": "op"}, "count") == operation_of({"operation_type": "op"}, "count", 1) == "op"
    assert [operation_of({"operation_type": ""}, "count", version) for version in (1, 2)] == ["", "count"]
    assert entities_of({"entities": ["a", 1]}) == ["a", "1"]
    assert entities_of({"entities": "abc"}) == entities_of({}) == []


def test_coming_up_again_counts_and_says_nothing_of_success() -> None:
    """The success rate moves only with an episode that ended."""
    assert scored(3, 0.5, None) == (4, 0.5)
    assert scored(3, 0.5, True) == (4, 0.625)
    assert scored(1, 1.0, False) == (2, 0.5)


def test_a_new_link_is_as_sure_as_it_was_said_to_be() -> None:
    """Version 2 keeps it in [0.1, 0.99] from the start, version 1 once it is weighed."""
    assert [starting_confidence(None, version) for version in (1, 2)] == [0.5, 0.5]
    assert [starting_confidence(0.02, version) for version in (1, 2)] == [0.02, 0.1]
    assert [starting_confidence(1.0, version) for version in (1, 2)] == [1.0, 0.99]


def test_cause_and_effect_do_not_run_into_each_other() -> None:
    """In version 1 two links may share an id (E4)."""
    assert link_id("ab", "c", 1) == link_id("a", "bc", 1) == goal_id("abc")
    assert link_id("ab", "c") != link_id("a", "bc")


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("No Index", True), ("slow", True), ("an index please", True), ("the no", False), ("scans", False)],
)
def test_a_query_finds_links_by_its_words(query: str, found: bool) -> None:
    """All of it, or a word of four characters and more, stands in cause or effect; case does not matter."""
    assert mentions(query, "There is no index", "SLOW scan") == found


def test_version_1_adds_from_left_to_right_on_every_python() -> None:
    """What a smaller number loses beside a greater one is lost, whatever the built-in sum does with it."""
    assert one_by_one(number for number in (1e16, 1.0, -1e16)) == 0.0
    assert one_by_one([]) == 0.0
