"""A memory that was replayed goes on as if it had never stopped, and one that was written down comes back."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording import START, plan, scripted_entropy

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.errors import ConfigError, InvalidEvent
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.replay import digests
from jotty_events.reading.verify import verify
from jotty_events.reenacting import deep
from jotty_events.runs.tree import Tree
from jotty_events.session import Session
from projections import READ_MODELS

Step = tuple[Any, ...]

CONTENTS = ("use ds", "use dt", "no index", "scan is slow", "x" * 60)
VALUES = (0.1, 0.25, 0.25, 0.5, 0.85, 0.95)
GOALS = ("one", "two", "three", "")
DOMAINS = ("sql", "ops")
LEVELS = ("episodic", "semantic", "causal")


def named(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), *arguments)


def any_of(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


STORE = named("store", any_of(CONTENTS), any_of(LEVELS), any_of(DOMAINS), any_of(GOALS), any_of(VALUES))
STEPS = st.lists(
    st.one_of(
        STORE,
        STORE,
        named("outcome", any_of(CONTENTS), any_of(DOMAINS), any_of(GOALS), any_of(("failure", "success", "neutral"))),
        named("old", any_of(LEVELS), any_of(CONTENTS), any_of(DOMAINS)),
        named("retrieve", any_of(GOALS), st.integers(0, 60)),
        named("domain", any_of(DOMAINS), any_of(GOALS)),
        named("protect", any_of((None, 0.0, 0.2, 0.9))),
        named("consolidate"),
        named("link", any_of(CONTENTS), any_of(CONTENTS)),
        named("value", any_of(GOALS), any_of(VALUES)),
        named("knowledge", any_of((None, *GOALS))),
    ),
    max_size=25,
)


def do(memory: HierarchicalMemory, step: Step, number: int) -> Any:
    """Take one step, and return what it says."""
    name, *said = step
    if name == "store":
        content, level, domain, goal, value = said
        return _key(memory.store(content, level, {"domain": domain, "entities": [content]}, goal, value))
    if name == "outcome":
        content, domain, goal, outcome = said
        return _key(memory.store_with_outcome(content, {"domain": domain}, goal, outcome))
    if name == "old":
        level, content, domain = said
        data = {"content": content, "context": {"domain": domain}}
        return _key(memory.take_in(level, f"{number:032x}", data))
    if name == "value":
        first = next(iter(memory.memories.entries()), None)
        if first is not None:
            memory.set_goal_value(first, *said)
        return None
    return OTHERS[name](memory, *said)


OTHERS: dict[str, Callable[..., Any]] = {
    "retrieve": lambda memory, goal, budget: [one.key for one in memory.retrieve("scan ds", goal, budget)],
    "domain": lambda memory, domain, goal: [one.key for one in memory.retrieve_by_domain(domain, goal)],
    "protect": lambda memory, threshold: memory.protect_high_value(threshold),
    "consolidate": lambda memory: memory.consolidate(),
    "link": lambda memory, cause, effect: memory.add_causal_link(cause, effect),
    "knowledge": lambda memory, goal: memory.get_consolidated_knowledge(goal),
}


def _key(entry: Any) -> str | None:
    return None if entry is None else str(entry.key)


class History:
    """One agent's memory over one run or several, on a clock that goes on by a quarter of a day a step."""

    def __init__(self, version: int) -> None:
        self.config = JottyConfig(
            rules_version=version,
            learning_mode=LearningMode.CONTEXTUAL,
            episodic_capacity=4,
            semantic_capacity=3,
            causal_capacity=2,
            max_entry_tokens=12,
            rag_max_candidates=3,
        )
        self.files = MemoryFiles()
        self.entropy = scripted_entropy()
        self.now = START
        self.said: list[Any] = []
        self.numbers: Iterator[int] = count()

    def go(self, steps: Sequence[Step]) -> HierarchicalMemory:
        """Take some steps in a run of their own, from where the last one ended."""
        tree = Tree(self.files)
        start = tree.resolve("latest") if tree.run_ids() else None
        parent = tree.parent(start) if start else None
        rules = self.config.rules_version
        planned = plan(
            parent=parent, rules=rules, clock=lambda: self.now, entropy=self.entropy, config=self.config.to_json()
        )
        session = Session(READ_MODELS, clock=lambda: self.now, tree=tree, start=start, plan=planned, rules=rules)
        memory = HierarchicalMemory("sql", self.config, session)
        for step in steps:
            self.now += 21_600.0
            self.said.append(do(memory, step, next(self.numbers)))
        state = digests(READ_MODELS, session.states)
        session.close("closed")
        assert digests(READ_MODELS, session._replayed(tree.resolve("latest")).result.states) == state
        return memory


@settings(max_examples=60)
@given(STEPS, st.integers(0, 25), st.sampled_from((1, 2)))
def test_a_replayed_memory_goes_on_as_the_uninterrupted_one(steps: list[Step], cut: int, version: int) -> None:
    """Wherever a history is cut, what follows says and leaves the same, the order of everything included."""
    whole, parts = History(version), History(version)
    once = whole.go(steps)
    parts.go(steps[:cut])
    again = parts.go(steps[cut:])
    assert parts.said == whole.said
    assert json.dumps(again.to_dict()) == json.dumps(once.to_dict())
    assert [list(level) for level in again.memories.values()] == [list(level) for level in once.memories.values()]


@settings(max_examples=30)
@given(STEPS, st.sampled_from((1, 2)))
def test_what_a_memory_records_is_what_its_rules_conclude(steps: list[Step], version: int) -> None:
    """Every event is concluded again, from its own fields and the state before it, by the version that wrote it."""
    history = History(version)
    history.go(steps)
    found = verify(Tree(history.files), deep=partial(deep, ()))
    assert (list(found), found.notes) == ([], [])


@settings(max_examples=30)
@given(STEPS, st.sampled_from((1, 2)))
def test_a_memory_that_was_written_down_comes_back(steps: list[Step], version: int) -> None:
    """JSON and back is the same memory in the same order, once old keys were migrated."""
    history = History(version)
    first = json.loads(json.dumps(history.go(steps).to_dict()))
    once = HierarchicalMemory.from_dict(first, history.config, clock=lambda: history.now)
    said = once.to_dict()
    again = HierarchicalMemory.from_dict(said, history.config, clock=lambda: history.now)
    assert json.dumps(again.to_dict()) == json.dumps(said)
    if all(":" in key for level in first["memories"].values() for key in level):
        assert json.dumps(said) == json.dumps(first)


def written(version: int) -> tuple[HierarchicalMemory, dict[str, Any]]:
    config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL)
    memory = HierarchicalMemory("sql", config, clock=lambda: START)
    memory.store("x", "semantic", {"episode": 7, "deep": {"a": [1]}}, "g", 0.7)
    link = memory.add_causal_link("c", "e", evidence="run 1", transferable_to=["ops"])
    memory.update_causal_confidence(link, False, "run 2")
    return memory, memory.to_dict()


def test_version_2_loses_nothing_on_the_way() -> None:
    """The original writes neither where an entry came from nor what speaks for a link (P9)."""
    losses = []
    for version in (1, 2):
        memory, said = written(version)
        again = HierarchicalMemory.from_dict(said, memory.config, clock=lambda: START + 60.0)
        (entry,), (link,) = again.memories.entries(), again.memories.links.entries()
        losses.append((entry.source_episode, entry.agent, link.supporting, link.contradicting, link.transferable))
        assert (entry.created, entry.value("g"), link.confidence) == (START, 0.7, 0.45)
    assert losses == [(0, "", [], [], []), (7, "sql", ["run 1"], ["run 2"], ["ops"])]


@pytest.mark.parametrize("version", [1, 2])
def test_what_was_written_down_is_a_copy(version: int) -> None:
    """Later changes do not show in it, nor its changes in the memory (E3)."""
    memory, said = written(version)
    before = json.dumps(said)
    memory.store("y", "semantic", goal="g")
    assert json.dumps(said) == before
    (key,) = said["memories"]["semantic"]
    said["memories"]["semantic"][key]["context"]["deep"]["a"].append(2)
    assert memory.memories["semantic"][key].context == {"episode": 7, "deep": {"a": [1]}}


ENTRY = {"content": "x"}


@pytest.mark.parametrize(
    ("data", "match"),
    [
        ({}, "agent_name"),
        ({"agent_name": 1}, "agent_name"),
        ({"agent_name": "a", "memories": []}, "a memory in the original's form"),
        ({"agent_name": "a", "memories": {"semantics": {"a:b:c": ENTRY}}}, "no level"),
        ({"agent_name": "a", "memories": {"meta": {"a:b:c": {}}}}, "KeyError"),
        ({"agent_name": "a", "memories": {"meta": {"a:b:c": {"content": 1}}}}, "TypeError|original's form"),
        ({"agent_name": "a", "memories": {"meta": {"a:b:c": ENTRY | {"created_at": "soon"}}}}, "ValueError"),
        ({"agent_name": "a", "memories": {"meta": {"a:b:c": ENTRY | {"default_value": None}}}}, "TypeError"),
        ({"agent_name": "a", "causal_links": {"l": {"cause": "c"}}}, "effect"),
        ({"agent_name": "a", "goal_hierarchy": {"nodes": {"g": {}}}}, "goal_id"),
    ],
)
def test_what_is_no_memory_is_refused(data: Any, match: str) -> None:
    """What is missing or of another kind is named, with what to pass instead."""
    with pytest.raises(ConfigError, match=match) as caught:
        HierarchicalMemory.from_dict(data, JottyConfig(learning_mode=LearningMode.CONTEXTUAL))
    assert caught.value.hint


@pytest.mark.parametrize("entry", [ENTRY | {"access_count": "1"}, ENTRY | {"context": {"a": {1: 2}}}])
def test_a_row_that_no_table_holds_is_refused(entry: Any) -> None:
    """Numbers are numbers, and contexts are JSON; nothing of such an entry remains."""
    memory, before = written(2)
    with pytest.raises(InvalidEvent):
        memory.take_in("meta", "a:b:c", entry)
    assert memory.to_dict() == before


def test_dates_without_a_calendar_come_back() -> None:
    """A time before all dates, or after them, is written as a number."""
    times = iter([-1e11, 1e12])
    config = JottyConfig(learning_mode=LearningMode.CONTEXTUAL)
    memory = HierarchicalMemory("sql", config, clock=lambda: START)
    for i, seconds in enumerate(times):
        memory.take_in("meta", f"a:b:{i}", ENTRY | {"created_at": repr(seconds), "last_accessed": "2026-01-06T12:00Z"})
    said = memory.to_dict()["memories"]["meta"]
    assert [one["created_at"] for one in said.values()] == ["-100000000000.0", "1000000000000.0"]
    assert said["a:b:0"]["last_accessed"] == "2026-01-06T12:00:00"
    again = HierarchicalMemory.from_dict(memory.to_dict(), config, clock=lambda: START)
    assert [one.created for one in again.memories.entries()] == [-1e11, 1e12]
