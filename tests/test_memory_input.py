"""What a memory does with bad input: typed errors that say what to do, or results that are defined."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from jotty_events import JottyConfig, LearningMode
from jotty_events.agents.memory.hierarchical_memory import HierarchicalMemory
from jotty_events.errors import ConfigError, InvalidEvent, JottyError

MEGABYTE = "é" * 1_000_000
LONE = "a\ud800b"


def memory(version: int, clock: Callable[[], float] = lambda: 1_700_000_000.0, **settings: Any) -> HierarchicalMemory:
    config = JottyConfig(rules_version=version, learning_mode=LearningMode.CONTEXTUAL, **settings)
    return HierarchicalMemory("sql", config, clock=clock)


both = pytest.mark.parametrize("version", [1, 2])


@both
def test_empty_texts_are_texts(version: int) -> None:
    """An empty content is an entry of one token; an empty success says only that; an empty query finds nothing new."""
    one = memory(version, enable_deduplication=False)
    empty = one.store("", "semantic")
    assert empty is not None
    assert (empty.content, empty.token_count, empty.key) == ("", 1, "general:general:d41d8cd98f00b204")
    success = one.store_with_outcome("", {}, "", "success")
    assert success is not None
    assert success.content == "✅ Success: "
    assert one.retrieve("", "") == []
    assert one.retrieve_causal("") == []
    assert one.get_consolidated_knowledge("") != ""
    assert len(one) == 2


@both
def test_a_megabyte_is_cut_everywhere(version: int) -> None:
    """Contents and queries are kept up to the limit of tokens, with a mark; what is found is the same."""
    one = memory(version)
    entry = one.store(MEGABYTE, "semantic", goal="g", initial_value=0.9)
    failure = one.store_with_outcome(MEGABYTE, {"sql": MEGABYTE}, "g", "failure")
    assert entry is not None
    assert failure is not None
    assert entry.token_count == failure.token_count == 2000
    assert entry.content.endswith("[TRUNCATED - Original was longer]")
    assert len(entry.content) < len(failure.content) + 10 < 9000
    assert one.retrieve(MEGABYTE, "g", 0) == []
    one.add_causal_link(MEGABYTE, "too long")
    assert [len(link.cause) for link in one.retrieve_causal("too long")] == [1_000_000]


@both
@pytest.mark.parametrize(
    "context",
    [{1: "a"}, {"a": {1: 2}}, {"a": {(1, 2)}}, {"a": nan}, {"a": inf}, {("a",): 1}, {"a": object()}, {"a": LONE}],
    ids=["int key", "inner key", "set", "nan", "inf", "tuple key", "object", "lone surrogate"],
)
def test_a_context_that_json_cannot_hold_is_refused(version: int, context: dict[Any, Any]) -> None:
    """Nothing is stored of it, with an outcome or without, and a causal search refuses it too."""
    one = memory(version)
    before = one.to_dict()
    for learn in (
        lambda: one.store("x", "semantic", context),
        lambda: one.store_with_outcome("x", context, "g", "failure"),
        lambda: one.retrieve_causal("x", context),
    ):
        with pytest.raises(InvalidEvent) as caught:
            learn()
        assert caught.value.hint
    assert one.to_dict() == before


def test_a_context_that_holds_itself_is_refused() -> None:
    """A loop nests deeper than anything may."""
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with pytest.raises(InvalidEvent, match="deeper"):
        memory(2).store("x", "semantic", loop)


@both
@pytest.mark.parametrize(
    ("learn", "error"),
    [
        (lambda one: one.store(LONE, "semantic"), InvalidEvent),
        (lambda one: one.store("x", "semantic", goal=LONE), InvalidEvent),
        (lambda one: one.store("x", "semantic", domain=LONE), InvalidEvent),
        (lambda one: one.store("x", "semantic", causal_links=[LONE]), InvalidEvent),
        (lambda one: one.retrieve(LONE, "g"), InvalidEvent),
        (lambda one: one.add_causal_link(LONE, "e"), InvalidEvent),
        (lambda one: one.add_causal_link("c", "e", conditions=[LONE]), InvalidEvent),
        (lambda one: one.goal_hierarchy.add_goal(LONE), InvalidEvent),
        (lambda one: one.take_in("meta", "k", {"content": LONE}), InvalidEvent),
        (lambda one: one.store(1, "semantic"), ConfigError),
        (lambda one: one.store("x", "semantic", task_type=1), ConfigError),
        (lambda one: one.store("x", "semantic", causal_links=[1]), ConfigError),
        (lambda one: one.store("x", "working"), ConfigError),
        (lambda one: one.store("x", "semantic", initial_value=nan), ConfigError),
        (lambda one: one.store_with_outcome(None, {}, "g"), ConfigError),
        (lambda one: one.store_with_outcome("x", [], "g", "failure"), ConfigError),
        (lambda one: one.retrieve(None, "g"), ConfigError),
        (lambda one: one.retrieve("q", "g", -1), ConfigError),
        (lambda one: one.retrieve("q", "g", 1.5), ConfigError),
        (lambda one: one.retrieve("q", "g", levels=["working"]), ConfigError),
        (lambda one: one.protect_high_value(nan), ConfigError),
        (lambda one: one.protect_high_value(1.5), ConfigError),
        (lambda one: one.add_causal_link("c", "e", 1.5), ConfigError),
        (lambda one: one.add_causal_link("c", "e", nan), InvalidEvent),
        (lambda one: one.goal_hierarchy.add_goal("g", entities=[1]), ConfigError),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    version: int, learn: Callable[[HierarchicalMemory], Any], error: type[JottyError]
) -> None:
    """A typed error with a hint, and nothing has changed."""
    one = memory(version)
    one.store("known", "semantic", goal="g")
    before = one.to_dict()
    with pytest.raises(error) as caught:
        learn(one)
    assert caught.value.hint
    assert one.to_dict() == before


@both
def test_negative_times_and_clocks_that_step_back_are_only_times(version: int) -> None:
    """Ages may be negative; the oldest still goes first, nothing new is stale, and ranking does not overflow."""
    times = iter([100.0, -5e8, -1e9, 0.0, -2e9, -2e9, -2e9, 5.0, 5.0])
    last = [0.0]

    def clock() -> float:
        last[0] = next(times, last[0])
        return last[0]

    one = memory(version, clock, semantic_capacity=2)
    for content in ("a", "b", "c", "d"):
        one.store(content, "semantic", goal="g", initial_value=0.9)
        one.protect_high_value()
    assert len(one) == 2
    assert [entry.content for entry in one.retrieve("d", "g")][:1] == ["d"]
    assert one.consolidate() == 0
    assert all(one.to_dict()["memories"]["semantic"][key]["created_at"] for key in one.memories["semantic"])


@both
def test_a_text_that_looks_like_a_separator_is_a_text(version: int) -> None:
    """Bars, colons and percent signs in contents and goals come back as they were."""
    one = memory(version)
    entry = one.store("a|||b:c%3A", "semantic", {"domain": "x"}, "g|||h")
    assert entry is not None
    assert (entry.content, list(entry.goal_values)) == ("a|||b:c%3A", ["g|||h"])
