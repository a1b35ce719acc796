"""Nothing is lost on the way: what was exported comes back, by loading it and by importing it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from recorded_runs import SCENARIOS, Scenario
from said_of_states import as_imported, known
from stage import START, conductor, scripted_entropy
from test_learners_continue import STEPS as LEARNERS_STEPS
from test_learners_continue import History as LearnersHistory
from test_memory_continues import STEPS as MEMORY_STEPS
from test_memory_continues import History as MemoryHistory

from jotty_events import (
    Brain,
    HierarchicalMemory,
    History,
    LLMQPredictor,
    MarkovianTODO,
    State,
)
from jotty_events.agents.alone import alone
from jotty_events.legacy.exporting import layout
from jotty_events.legacy.exporting.picture import Picture, Whence
from jotty_events.legacy.exporting.writing import Tree as Exported
from jotty_events.legacy.importing.folders import Import, Writer
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.tree import Tree as Runs
from jotty_events.types import SHARED
from projections import READ_MODELS

UNSHRUNK = (Phase.explicit, Phase.generate)
"""Whole histories take long to make smaller; the counterexample that was found says enough."""


def saved(state: State, rules: int, config: Any) -> Picture:
    """Return a state in its files' form, through JSON."""
    return Picture({one.name: state._states[one.name] for one in READ_MODELS}, Whence("", 0.5, rules, config))


def through(state: State, rules: int, config: Any) -> State:
    """Return the state that other learners have once they loaded what was exported."""
    found = saved(state, rules, config)
    session = alone(config, clock=lambda: 1767700800.0)
    back: Callable[[Any], Any] = lambda said: json.loads(json.dumps(said))  # noqa: E731
    for owner in (SHARED, *found.owners()):
        HierarchicalMemory(owner, config, session).load_saved(back(found.memory(owner)))
    LLMQPredictor(config, session).load_saved(back(found.q_table()))
    Brain(config, session).load_saved(back(found.brain()))
    MarkovianTODO(config, session).load_saved(back(found.todo()))
    return State(session.projections, session.states)


@pytest.mark.parametrize("rules", [1, 2])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_was_exported_is_loaded_as_it_was(scenario: Scenario, rules: int) -> None:
    """Everything that learners recorded comes back, and in its order (P9, P13, P14)."""
    live = scenario(rules)
    before = known(live.state)
    assert known(through(live.state, rules, live.config)) == before


@settings(max_examples=15, phases=UNSHRUNK)
@given(LEARNERS_STEPS, st.sampled_from((1, 2)))
def test_whatever_learners_do_comes_back(steps: list[Any], rules: int) -> None:
    """Brain, values, rates and tasks of any history survive export and loading."""
    history = LearnersHistory(rules)
    history.go(steps)
    state = History(files=history.files).at()
    assert known(through(state, rules, history.config)) == known(state)


@settings(max_examples=15, phases=UNSHRUNK)
@given(MEMORY_STEPS, st.sampled_from((1, 2)))
def test_whatever_a_memory_does_comes_back(steps: list[Any], rules: int) -> None:
    """Memories, links and goals of any history survive export and loading, unless a key was of the old form."""
    history = MemoryHistory(rules)
    history.go(steps)
    state = History(files=history.files).at()
    if all(":" in entry.key for entry in state.memory.of("sql").entries()):
        assert known(through(state, rules, history.config)) == known(state)


def imported(state: State, rules: int, config: Any) -> State:
    """Return the state of the run that an import makes of what was exported."""
    found, files, target = saved(state, rules, config), MemoryFiles(), MemoryFiles()
    Exported(files, layout.FOLDER).write("", found.paths(), found.files(), fresh=True)
    report = Import(Runs(target), files, Writer("test", lambda: START, scripted_entropy())).run()
    assert report.problem_count == 0
    return History(files=target).at()


@pytest.mark.parametrize("rules", [1, 2])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_was_exported_is_imported_as_it_was(scenario: Scenario, rules: int) -> None:
    """Everything that learners recorded comes back in a run of its own, and in its order."""
    live = scenario(rules)
    assert as_imported(known(imported(live.state, rules, live.config))) == as_imported(known(live.state))


@settings(max_examples=10, phases=UNSHRUNK)
@given(LEARNERS_STEPS, MEMORY_STEPS, st.sampled_from((1, 2)))
@example([("checkpoint",)], [], 2)
@example([("add", "t1", [], 0.5)], [("link", "use dt", "no index")], 1)
def test_import_is_the_inverse_of_export(steps: list[Any], more: list[Any], rules: int) -> None:
    """Whatever learners and memories did: the state that is imported is the one that was exported."""
    for history, done in ((LearnersHistory(rules), steps), (MemoryHistory(rules), more)):
        history.go(done)
        state = History(files=history.files).at()
        if done and all(":" in entry.key for entry in state.memory.of("sql").entries()):
            assert as_imported(known(imported(state, rules, history.config))) == as_imported(known(state))


SEPARATED = ("a", "a|||b", "|||", "b|||c", "")


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(SEPARATED), st.sampled_from(SEPARATED), st.sampled_from((0.0, 1.0))), max_size=9)
)
def test_texts_that_hold_the_separator_come_back(steps: list[tuple[str, str, float]]) -> None:
    """Both texts of an entry are known wherever a key of the original's form would not say them (P10)."""
    live = conductor(None)
    for state, action, reward in steps:
        live.q_predictor.add_experience(state, action, reward, done=True)
    assert known(through(live.state, 2, live.config))["q"] == known(live.state)["q"]
