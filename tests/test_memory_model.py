"""A memory that may ask a model: for a level, for relevance, for sameness, for patterns and wisdom."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.answers import object_in, one_of, optional_words, share, truth, value_in, words
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.agents.memory.questions import TITLES
from jotty_events.events import MemoriesRetrieved, MemoryMerged, ModelAnswered
from jotty_events.record import Record
from jotty_events.runs.point import Point

Answer = Callable[[str], Any]


class Scripted:
    """A model that answers each purpose by a script, and keeps what it was asked."""

    def __init__(self, **script: Any) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []

    def __call__(self, prompt: str) -> Any:
        purpose = next(name for name, title in TITLES.items() if prompt.startswith(title))
        self.asked.append((purpose, prompt))
        answer = self.script.get(purpose.removeprefix("memory_"))
        if isinstance(answer, Exception):
            raise answer
        return answer(prompt) if callable(answer) else answer

    def count(self, purpose: str) -> int:
        return sum(one == f"memory_{purpose}" for one, _ in self.asked)


def memory(model: Answer | None, version: int = 2, **settings: Any) -> HierarchicalMemory:
    config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL, **settings)
    return HierarchicalMemory("sql", config, clock=lambda: 1_700_000_000.0, model=model)


def events(one: HierarchicalMemory, kind: type[Any]) -> list[Any]:
    session = one._session
    assert session.writer is not None
    lineage = session._tree.lineage(Point(session.writer.run, session.writer.next_seq - 1))
    found = [each.record.event for each in lineage.records() if isinstance(each.record, Record)]
    return [event for event in found if isinstance(event, kind)]


# Levels.


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ("Causal.", "causal"),
        ('{"level": "procedural"}', "procedural"),
        ({"level": "meta"}, "meta"),
        ("semantic or causal", "episodic"),
        ("no idea", "episodic"),
        (None, "episodic"),
        (TimeoutError("late"), "episodic"),
    ],
)
def test_a_level_that_is_not_given_is_asked_for(answer: Any, level: str) -> None:
    """The one level that the answer names; what happened is episodic where nobody can tell."""
    one = memory(model := Scripted(level=answer))
    entry = one.store("scans without an index are slow", context={"domain": "sql"})
    assert entry is not None
    assert entry.level == level
    (asked,) = events(one, ModelAnswered)
    assert (asked.purpose, asked.used) == ("memory_level", level != "episodic")
    assert "scans without an index are slow" in model.asked[0][1]
    assert one.store("given", "semantic") is not None
    assert model.count("level") == 1


def test_without_a_model_what_happened_is_episodic() -> None:
    """Nothing is asked where there is nobody to ask."""
    one = memory(None)
    entry = one.store("x")
    assert entry is not None
    assert entry.level == "episodic"
    assert events(one, ModelAnswered) == []


# Relevance.


def relevances(prompt: str) -> str:
    """Find refunds relevant, and nothing else."""
    listed = json.loads(prompt.split("Memories: ")[1].split("\n\n", maxsplit=1)[0])
    return json.dumps({str(one["id"]): 0.9 if "refund" in one["content"] else 0.0 for one in listed})


@pytest.mark.parametrize("version", [1, 2])
def test_a_model_says_what_is_relevant(version: int) -> None:
    """Entries are shown some at a time; the score is made of what the model says, and the query says so."""
    one = memory(model := Scripted(relevance=relevances), version, rag_window_size=2, rag_max_candidates=5)
    for content in ("refund rules", "opening hours", "money back: refund", "prices", "staff"):
        one.store(content, "semantic", goal="g", initial_value=0.5)
    found = one.retrieve("how do I get my money back", "g")
    assert [entry.content for entry in found] == ["refund rules", "money back: refund"]
    assert model.count("relevance") == 3
    (query,) = events(one, MemoriesRetrieved)
    assert (query.relevance_by, query.relevances) == ("model", [0.9, 0.9])
    assert query.scores == [pytest.approx(0.7 * 0.9 + 0.3 * 0.5)] * 2
    assert sorted(one.relevance for one in query.said) == [0.0, 0.0, 0.0, 0.9, 0.9]


@pytest.mark.parametrize("answer", ["I cannot say", "[1, 2]", '{"7": 1.0}', '{"0": "high"}', None, ValueError("no")])
def test_where_a_model_fails_the_words_decide(answer: Any) -> None:
    """An answer that names no entry leaves everything as it is without a model."""
    one = memory(Scripted(relevance=answer))
    one.store("refund rules", "semantic", goal="g", initial_value=0.5)
    assert [entry.content for entry in one.retrieve("refund rules", "g")] == ["refund rules"]
    (query,) = events(one, MemoriesRetrieved)
    assert query.relevance_by == "words"
    (asked,) = events(one, ModelAnswered)
    assert not asked.used
    assert asked.error


# Duplicates.


SAME = '```json\n{"duplicate": true, "similarity": 0.95}\n```'


def test_what_says_the_same_is_kept_with_what_is_known() -> None:
    """The known entry stays, remembers the other key, and learns the new goal and value (M3); it is asked once."""
    one = memory(model := Scripted(duplicate=SAME))
    first = one.store("use the ds column", "semantic", {"domain": "sql"}, "one", 0.25)
    again = one.store("filter by the ds column", "semantic", {"domain": "sql"}, "two", 0.75)
    assert first is not None
    assert again is not None
    assert (again.key, again.content, len(one), again.access_count) == (first.key, "use the ds column", 1, 1)
    assert {goal: value.value for goal, value in again.goal_values.items()} == {"one": 0.25, "two": 0.75}
    (merged,) = events(one, MemoryMerged)
    assert (again.similar_entries, merged.content) == ([merged.duplicate], "filter by the ds column")
    third = one.store("filter by the ds column", "semantic", {"domain": "sql"}, "two", 0.1)
    assert third is not None
    assert (third.key, third.access_count, third.value("two")) == (first.key, 2, 0.75)
    assert third.similar_entries == [merged.duplicate]
    assert model.count("duplicate") == 1


@pytest.mark.parametrize(
    "answer",
    [
        '{"duplicate": true, "similarity": 0.8}',
        '{"duplicate": false, "similarity": 1.0}',
        '{"similarity": 1.0}',
        "yes",
        RuntimeError("down"),
    ],
)
def test_what_is_not_surely_the_same_stays_apart(answer: Any) -> None:
    """Below the threshold, without a yes, or without an answer, two contents are two entries."""
    one = memory(Scripted(duplicate=answer))
    one.store("use the ds column", "semantic")
    one.store("filter by the ds column", "semantic")
    assert len(one) == 2


def test_only_neighbours_in_one_domain_are_compared() -> None:
    """Other domains, other words and much longer contents are never asked about, and no more than three are."""
    one = memory(model := Scripted(duplicate='{"duplicate": false}'))
    for i in range(6):
        one.store(f"column number {i}", "semantic", {"domain": "sql"})
    before = model.count("duplicate")
    one.store("column", "semantic", {"domain": "ops"})
    one.store("else", "semantic", {"domain": "sql"})
    one.store("column " * 40, "semantic", {"domain": "sql"})
    assert model.count("duplicate") == before
    one.store("column number 9", "semantic", {"domain": "sql"})
    assert model.count("duplicate") == before + 3


def test_version_1_gives_the_entry_the_other_key() -> None:
    """The original compares with every entry of the level, whatever its domain (M3)."""
    one = memory(Scripted(duplicate=SAME), 1)
    first = one.store("use the ds column", "semantic", {"domain": "sql"}, "one", 0.25)
    again = one.store("filter by the ds column", "semantic", {"domain": "ops"}, "two", 0.75)
    assert first is not None
    assert again is not None
    assert (len(one), again.domain, again.content, again.similar_entries) == (
        1,
        "ops",
        "use the ds column",
        [again.key],
    )
    assert list(again.goal_values) == ["one"]


# Patterns and wisdom.


PATTERN = {"pattern": "filter first", "conditions": ["large tables", "scans"], "exceptions": "", "confidence": "0.9"}


def test_a_pattern_that_a_model_sees_is_a_semantic_memory() -> None:
    """A cluster of episodes is asked about once, and again when it has grown; its value is their mean."""
    one = memory(model := Scripted(pattern=PATTERN), min_cluster_size=3)
    for i in range(3):
        one.store(f"episode {i}", "episodic", {"domain": "sql"}, "g", i / 2)
    one.store("another", "episodic", {"domain": "sql"}, "h")
    one.consolidate()
    (found,) = one.memories["semantic"].entries()
    assert found.content.splitlines() == [
        "PATTERN: filter first",
        "WHEN: large tables; scans",
        "SEEN IN: 3 episodes (confidence 0.90)",
    ]
    assert (found.value("g"), found.domain, found.context["source_count"]) == (0.5, "sql", 3)
    one.consolidate()
    assert model.count("pattern") == 1
    one.store("episode 3", "episodic", {"domain": "sql"}, "g")
    one.consolidate()
    assert model.count("pattern") == 2
    assert ["episode 3" in prompt for purpose, prompt in model.asked if purpose == "memory_pattern"] == [False, True]


def test_version_1_asks_for_the_same_pattern_every_time() -> None:
    """The original does not remember what it asked."""
    one = memory(model := Scripted(pattern=PATTERN), 1, min_cluster_size=2)
    for i in range(2):
        one.store(f"episode {i}", "episodic", {"domain": "sql"}, "g", 0.5)
    one.consolidate()
    one.consolidate()
    assert (model.count("pattern"), len(one.memories["semantic"])) == (2, 1)


@pytest.mark.parametrize(
    "answer", [PATTERN | {"confidence": 0.6}, {"confidence": 1.0}, PATTERN | {"pattern": " "}, "no pattern", OSError()]
)
def test_an_unsure_pattern_is_none(answer: Any) -> None:
    """Without a sure answer nothing is stored, and the consolidation goes on."""
    one = memory(Scripted(pattern=answer), min_cluster_size=2)
    for i in range(2):
        one.store(f"episode {i}", "episodic", goal="g")
    one.consolidate()
    assert (len(one.memories["semantic"]), one.memories.consolidations) == (0, 1)


@pytest.mark.parametrize("version", [1, 2])
def test_what_proved_valuable_makes_wisdom(version: int) -> None:
    """Three valuable memories are enough to ask; wisdom is a meta memory, protected at once in version 1."""
    said = {"wisdom": "measure first", "applies": "always"}
    one = memory(model := Scripted(wisdom=said, duplicate='{"duplicate": false}'), version)
    for i, value in enumerate((0.9, 0.85, 0.1)):
        one.store(f"content {i}", "semantic", initial_value=value)
    one.consolidate()
    assert model.count("wisdom") == 0
    one.store("how to", "procedural", initial_value=0.95)
    one.consolidate()
    (found,) = one.memories["meta"].entries()
    assert (found.content, found.default_value) == ("WISDOM: measure first\nWHEN: always", 0.9)
    assert found.protected == (version == 1)
    assert found.protection_reason == ("META level" if version == 1 else "")


# What answers say.


def test_json_is_found_in_what_surrounds_it() -> None:
    """A value is taken as it is, or as the first object or list of a text; broken beginnings are passed over."""
    assert value_in({"a": 1}) == object_in('Sure! {broken {"a": 1} and {"b": 2}') == {"a": 1}
    assert value_in("list: [1, 2]") == [1, 2]
    for nothing in ("", "none", "{", '{"a": }', "[" * 100_000):
        with pytest.raises(ValueError, match="no JSON"):
            value_in(nothing)
    with pytest.raises(ValueError, match="list, not an object"):
        object_in("[1]")


def test_numbers_truths_and_words_are_read_leniently() -> None:
    """Shares are moved into [0, 1]; lists of texts are one text; what says nothing is an error, or empty."""
    assert [share(one, "it") for one in (0.5, "0.25", 7, -1)] == [0.5, 0.25, 1.0, 0.0]
    for wrong in (True, None, "high", "nan", float("inf")):
        with pytest.raises(ValueError, match=r"it|could not"):
            share(wrong, "it")
    assert [truth(one) for one in (True, " Yes ", "same", False, "no", 1, None)] == [True] * 3 + [False] * 4
    assert words(["a ", " ", 1, "b"], "it") == "a; b"
    assert optional_words(None) == optional_words([]) == ""
    assert one_of(["ab", "cd"])("CD!") == "cd"
