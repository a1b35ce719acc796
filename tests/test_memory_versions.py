"""Memory by rules of version 1 and of version 2, side by side: what the original lost, and what is kept."""

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.memory.goal_hierarchy import GoalHierarchy
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.errors import ConfigError, NoRoom
from jotty_events.events import Event, MemoryEvicted, MemoryRenamed
from jotty_events.record import Record
from jotty_events.runs.point import Point
from projections.memory import MemoryEntry

START = 1_700_000_000.0
DAY = 86400.0


class Hand:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def memory(version: int, clock: Callable[[], float] | None = None, **settings: Any) -> HierarchicalMemory:
    config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL, **settings)
    return HierarchicalMemory("sql", config, clock=clock or Hand())


def both(**settings: Any) -> tuple[HierarchicalMemory, HierarchicalMemory]:
    """Return a memory of each version."""
    return memory(1, **settings), memory(2, **settings)


def events(one: HierarchicalMemory) -> list[Event]:
    """Return all events that a memory of its own has recorded."""
    session = one._session
    assert session.writer is not None
    lineage = session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1))
    return [each.record.event for each in lineage.records() if isinstance(each.record, Record)]


def kept(entry: MemoryEntry | None) -> MemoryEntry:
    assert entry is not None
    return entry


def values(entry: MemoryEntry) -> dict[str, float]:
    return {goal: one.value for goal, one in entry.goal_values.items()}


def test_known_content_for_another_goal_is_learned_of_in_version_2() -> None:
    """Version 1 drops the goal and the value that known content comes with, version 2 keeps both (M1)."""
    old, new = both()
    for one in (old, new):
        one.store("same", "semantic", goal="one", initial_value=0.25)
        one.store("same", "semantic", goal="two", initial_value=0.75)
    (entry,), (better,) = old.memories.entries(), new.memories.entries()
    assert (values(entry), entry.access_count, len(old.goal_hierarchy)) == ({"one": 0.25}, 1, 1)
    assert (values(better), better.access_count, len(new.goal_hierarchy)) == ({"one": 0.25, "two": 0.75}, 1, 2)
    assert (old.memories.total_accesses, new.memories.total_accesses) == (0, 1)


def test_long_contents_of_one_beginning_are_two_in_version_2() -> None:
    """Version 1 takes the second for the first (M2)."""
    counts = []
    for one in both(max_entry_tokens=10):
        for end in ("a", "b"):
            one.store("x" * 40 + end, "semantic")
        counts.append((len(one), {entry.token_count for entry in one.memories.entries()}))
    assert counts == [(1, {10}), (2, {10})]


def test_a_content_of_two_domains_stays_in_both_in_version_2() -> None:
    """Version 1 moves the entry to the domain that came last, and forgets the new goal and value (M3)."""
    old, new = both()
    for one in (old, new):
        kept(one.store("same", "semantic", {"domain": "sql"}, "one", 0.25))
        kept(one.store("same", "semantic", {"domain": "ops"}, "two", 0.75))
    (entry,) = old.memories.entries()
    assert (entry.domain, entry.context, values(entry)) == ("ops", {"domain": "sql"}, {"one": 0.25})
    assert (entry.key.split(":")[0], entry.similar_entries, entry.access_count) == ("ops", [entry.key], 0)
    assert [(one.domain, values(one)) for one in new.memories.entries()] == [
        ("sql", {"one": 0.25}),
        ("ops", {"two": 0.75}),
    ]


def test_without_deduplication_no_version_looks_at_other_domains() -> None:
    """The switch is the original's."""
    for one in both(enable_deduplication=False):
        one.store("same", "semantic", domain="sql")
        one.store("same", "semantic", domain="ops")
        assert len(one) == 2


def test_names_with_colons_make_one_entry_in_version_1() -> None:
    """Two places of a content share a key in version 1 (E4)."""
    counts = []
    for one in both(enable_deduplication=False):
        one.store("x", "semantic", domain="a:b", task_type="c")
        one.store("x", "semantic", domain="a", task_type="b:c")
        counts.append(len(one))
    assert counts == [1, 2]


def test_a_threshold_of_zero_protects_all_in_version_2() -> None:
    """Version 1 takes 0.0 for none, and never takes protection away (E1)."""
    told = []
    for one in both():
        low, high = (kept(one.store(f"{value}", "semantic", initial_value=value)) for value in (0.1, 0.6))
        one.protect_high_value(0.5)
        first = low.protected, high.protected
        one.protect_high_value(0.0)
        second = low.protected, high.protected
        one.protect_high_value()
        told.append((first, second, (low.protected, high.protected), high.protection_reason))
    assert told == [
        ((False, True), (False, True), (False, True), "Value >= 0.5"),
        ((False, True), (True, True), (False, False), ""),
    ]


def test_a_level_without_room_is_an_error_of_its_own() -> None:
    """Version 2 refuses such a configuration, version 1 whatever is stored there; nothing of it remains (E2)."""
    with pytest.raises(ConfigError, match="semantic_capacity"):
        memory(2, semantic_capacity=0)
    old = memory(1, semantic_capacity=0)
    with pytest.raises(NoRoom, match="semantic") as caught:
        old.store("x", "semantic", goal="g")
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint
    assert (len(old), len(old.goal_hierarchy)) == (0, 0)
    assert kept(old.store("x", "episodic")).level == "episodic"


def test_the_oldest_goes_where_all_are_protected_and_the_least_valued_first() -> None:
    """Eviction is by default value and insertion in both versions, and never asks what was used."""
    for one in both(semantic_capacity=2):
        for content, value in (("a", 0.5), ("b", 0.25), ("c", 0.25), ("d", 0.25)):
            one.store(content, "semantic", initial_value=value)
        assert [entry.content for entry in one.memories.entries()] == ["a", "d"]
        one.protect_high_value(0.1)
        one.store("e", "semantic")
        assert [entry.content for entry in one.memories.entries()] == ["d", "e"]


def test_keys_of_the_old_form_are_migrated_by_version_1() -> None:
    """The entry gets its new key, stands last, and counts as accessed; no version loses what it was worth."""
    old = memory(1, clock := Hand())
    old.store("first", "semantic")
    data = {"content": "known", "context": {"domain": "ops"}, "goal_values": {"g": {"value": 0.7, "access_count": 2}}}
    old.take_in("semantic", "0123456789abcdef", data)
    old.store("after", "semantic")
    clock.now += 60.0
    entry = kept(old.store("known", "semantic", {"domain": "ops"}, "other", 0.1))
    assert [one.content for one in old.memories.entries()] == ["first", "after", "known"]
    assert (entry.domain, entry.task_type, entry.key.split(":")[:2]) == ("ops", "general", ["ops", "general"])
    assert (entry.access_count, entry.created, entry.last_accessed) == (1, START, START + 60.0)
    assert {goal: (one.value, one.access_count) for goal, one in entry.goal_values.items()} == {"g": (0.7, 2)}


def test_a_rename_is_a_tombstone_and_a_whole_entry() -> None:
    """What a renamed entry had is in the event that follows its tombstone, its values for goals too."""
    old = memory(1)
    old.store("same", "semantic", {"domain": "sql"}, "one", 0.25, ["l"])
    old.store("same", "semantic", {"domain": "ops"}, "two", 0.75)
    tombstone, renamed = events(old)[-2:]
    assert isinstance(tombstone, MemoryEvicted)
    assert isinstance(renamed, MemoryRenamed)
    assert (tombstone.reason, tombstone.key, tombstone.nth) == ("renamed", renamed.former, 0)
    assert (renamed.reason, renamed.context, renamed.causal_links) == ("duplicate", {"domain": "sql"}, ["l"])
    assert (renamed.nth, renamed.similar_entries, renamed.key) == (1, [renamed.key], "ops:general:51037a4a37730f52")
    assert [(one.goal, one.value, one.key, one.nth) for one in renamed.goal_values] == [("one", 0.25, renamed.key, 0)]


def test_retrieval_is_by_value_in_version_1_and_by_words_in_version_2() -> None:
    """Without a model version 1 recalls whatever is worth five sixths, and counts queries."""
    old, new = both()
    for one in (old, new):
        one.store("filter refunds by day", "semantic", goal="g", initial_value=0.5)
        one.store("nothing to do with it", "semantic", goal="g", initial_value=0.9)
    assert [entry.content for entry in old.retrieve("refunds day", "g")] == ["nothing to do with it"]
    assert [entry.content for entry in new.retrieve("refunds day", "g")] == ["filter refunds by day"]
    assert old.retrieve("q", "g", 0) == new.retrieve("q", "g") == []
    assert (old.memories.total_accesses, new.memories.total_accesses) == (2, 1)
    assert memory(1).retrieve("q", "g") == []


def test_a_domain_is_retrieved_by_its_name() -> None:
    """Version 2 takes all of a domain for relevant and goes by value, version 1 by how keys begin."""
    for one in both():
        for domain, value in (("sql", 0.9), ("sql", 0.85), ("sql", 0.1), ("ops", 1.0)):
            one.store(f"{domain} {value}", "semantic", {"domain": domain, "task_type": "t"}, "g", value)
        assert [entry.content for entry in one.retrieve_by_domain("sql", "g")][:2] == ["sql 0.9", "sql 0.85"]
        assert {entry.domain for entry in one.retrieve_by_domain("ops", "g")} == {"ops"}
        assert one.retrieve_by_task_type("t", "g")[0].domain == "ops"
        assert one.retrieve_by_task_type("none", "g") == one.retrieve_by_domain("none", "g") == []


def test_goals_come_up_again_in_version_1() -> None:
    """The original counts a goal whenever something new is stored for it; version 2 counts episodes."""
    counts = []
    for one in both():
        for content in ("a", "b", "b"):
            one.store(content, "semantic", goal="g")
        counts.append([goal.episode_count for goal in one.goal_hierarchy.nodes.entries()])
    assert counts == [[1], [0]]


def test_a_nameless_goal_is_a_goal_in_version_1() -> None:
    """Version 2 adds no goal without a name, version 1 none at all where the hierarchy is off."""
    sizes = []
    for one in (*both(), memory(1, enable_goal_hierarchy=False)):
        one.store("a", "semantic")
        sizes.append(len(one.goal_hierarchy))
    assert sizes == [1, 0, 0]


def test_all_related_goals_bear_on_a_value_in_version_1() -> None:
    """Version 2 looks at the ten nearest of the newest fifty, so that the cost has a bound."""
    told = []
    for one in both():
        for i in range(12):
            one.store("x", "semantic", {"entities": ["e"] if i else []}, f"goal {i}", i / 12)
            one.goal_hierarchy.add_goal(f"goal {i}", "general", "general", ["e"] if i else [])
        (entry,) = one.memories.entries()
        for i in range(12):
            one.set_goal_value(entry, f"goal {i}", 0.0 if i < 2 else 1.0)
        one.goal_hierarchy.add_goal("new", "general", "general", ["e"])
        told.append(one.value(entry, "new"))
    old, new = told
    assert old.source == new.source == "related"
    assert old.value < new.value


def test_what_was_given_for_a_goal_is_its_value() -> None:
    """A value that is set counts at once; the default stays, and a weight may be given."""
    for one in both():
        entry = kept(one.store("x", "semantic", {"domain": "d"}, "g", 0.8))
        one.goal_hierarchy.add_goal("h", "d", "general")
        one.set_goal_value(entry, "g", 0.2)
        assert (entry.value("g"), entry.default_value) == (0.2, 0.8)
        assert one.get_value_with_transfer(entry, "g") == 0.2
        assert one.get_value_with_transfer(entry, "h", 0.5) == pytest.approx(0.5 * 0.8 + 0.5 * 0.2)
        assert one.get_ucb_score(entry, "g") == inf
        with pytest.raises(ConfigError, match="not in"):
            one.set_goal_value(entry, "g", 1.5)


def test_statistics_count_what_there_is() -> None:
    """The figures are the original's, by the original's names."""
    for one in both():
        one.store("a", "semantic", goal="g", initial_value=0.9)
        one.store("b", "causal", goal="h")
        one.protect_high_value()
        one.add_causal_link("c", "e")
        one.consolidate()
        assert one.get_statistics() == {
            "total_memories": 2,
            "by_level": {"episodic": 0, "semantic": 1, "procedural": 0, "meta": 0, "causal": 1},
            "total_accesses": 0,
            "consolidation_count": 1,
            "causal_links": 1,
            "unique_goals": 2,
            "protected_memories": 2,
        }


def test_causal_links_are_weighed_and_found() -> None:
    """A second link of one cause and effect is evidence; what applies is found, the surest first."""
    for one in both():
        link = one.add_causal_link("no index", "slow scan", 0.7, ["db=trino"], ["v=2"], "sql", evidence="run 1")
        sure = one.add_causal_link("no index", "timeouts", 0.9)
        assert one.add_causal_link("no index", "slow scan", 0.1, ["db=x"], evidence="run 2") == link
        assert one.update_causal_confidence(link, False, "run 3") == pytest.approx(0.73 * 0.9)
        found = one.memories.links[link]
        assert (found.conditions, found.exceptions, found.domain) == (["db=trino"], ["v=2"], "sql")
        assert (found.supporting, found.contradicting) == (["run 1", "run 2"], ["run 3"])
        assert [each.link for each in one.retrieve_causal("index", {"db": "Trino"})] == [sure, link]
        assert [each.link for each in one.retrieve_causal("slow", {"db": "x"})] == []
        assert [each.link for each in one.retrieve_causal("slow")] == [link]
        with pytest.raises(ConfigError, match="no causal link"):
            one.update_causal_confidence("none", True)
    assert memory(1, enable_causal_learning=False).retrieve_causal("") == []


def test_links_that_run_into_each_other_are_one_in_version_1() -> None:
    """Version 2 keeps them apart (E4), and knows a link again whatever its id is."""
    counts = []
    for one in both():
        one.add_causal_link("ab", "c")
        one.add_causal_link("a", "bc")
        counts.append(len(one.memories.links))
    assert counts == [1, 2]
    old = memory(1)
    link = old.add_causal_link("a", "b", 0.5)
    new = HierarchicalMemory.from_dict(old.to_dict(), JottyConfig(learning_mode=LearningMode.CONTEXTUAL))
    assert new.add_causal_link("a", "b") == link
    assert new.memories.links[link].confidence == pytest.approx(0.55)


def test_protected_episodes_are_pruned_in_version_1() -> None:
    """Version 2 keeps what is protected through a consolidation."""
    for version, left in ((1, 4), (2, 5)):
        one = memory(version, clock := Hand())
        for i in range(5):
            one.store(f"{i}", "episodic", initial_value=0.2)
        one.protect_high_value(0.1)
        clock.now += DAY + 1
        one.consolidate()
        assert len(one) == left


def test_knowledge_is_worded_as_each_version_does() -> None:
    """Version 1 ends every line in dots, version 2 only what it cut."""
    texts = []
    for one in both():
        one.store("use ds", "semantic", goal="g", initial_value=0.8)
        texts.append(one.get_consolidated_knowledge("g"))
    assert texts == [
        "# Consolidated Knowledge (Long-Term Memory):\n\n## Learned Patterns:\n- use ds... (value: 0.80)\n",
        "## Learned Patterns:\n- use ds (V=0.800)",
    ]


def test_goals_stand_by_themselves_too() -> None:
    """A hierarchy finds parents and related goals; a goal that comes again counts in version 1."""
    for version, count in ((1, 1), (2, 0)):
        config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL)
        goals = GoalHierarchy(config=config, clock=Hand())
        whole = goals.add_goal("all", "sql", "general")
        part = goals.add_goal("part", "sql", entities=["t"])
        other = goals.add_goal("other", "sql", "query", ["t"], parent_id="elsewhere")
        assert goals.add_goal("part", "ops") == part
        found = goals.get_related_goals(part)
        assert [goal for goal, _ in found] == [other, whole]
        assert [near for _, near in found] == pytest.approx([0.9, 0.5])
        assert goals.similarity(part, part) == pytest.approx(0.9)
        nodes = goals.to_dict()["nodes"]
        assert (nodes[part]["parent_id"], nodes[other]["parent_id"]) == (whole, "elsewhere")
        assert (nodes[whole]["children_ids"], nodes[part]["domain"], nodes[part]["episode_count"]) == (
            [part],
            "sql",
            count,
        )
        assert goals.get_related_goals("unknown") == []
        with pytest.raises(ConfigError, match="no goal"):
            goals.similarity(part, "unknown")
