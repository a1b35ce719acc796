"""Nothing is lost on the way: what was exported comes back, by loading it and by importing it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exporting import is_part, learned, loaded
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from importing import imported as imported_folder
from original_trees import SESSION, VAULT, document, texts, unpack
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


WHERE = {
    "local_memories/": f"{layout.LOCAL_MEMORIES}/",
    "memories/agent_memories/": f"{layout.LOCAL_MEMORIES}/",
    "memories/shared_memory.json": layout.SHARED_MEMORY,
    "shared_memory.json": layout.SHARED_MEMORY,
    "q_predictor.json": layout.Q_TABLE,
    "q_tables/q_predictor.json": layout.Q_TABLE,
    "brain_state/consolidated.json": layout.BRAIN,
}
"""Where a file of the original's classes and its session manager stands in an exported tree, by how its path begins."""


@pytest.mark.parametrize("below", ["direct", SESSION])
@pytest.mark.parametrize("exactly", [True, False])
def test_every_value_of_the_original_s_trees_is_exported_again(exactly: bool, below: str, tmp_path: Path) -> None:
    """Each stands in its place and with its type, entries in their order; a list in words alone is kept in the log."""
    imported_folder(tmp_path / "out", unpack(tmp_path, below))
    History(tmp_path / "out").export("latest", tmp_path / "at", exactly=exactly)
    files = [path.removeprefix(f"{below}/") for path in texts() if path.startswith(f"{below}/")]
    for path in (path for path in files if path.endswith(".json")):
        start = next(start for start in WHERE if path.startswith(start))
        said = document(f"{below}/{path}")
        found = loaded(tmp_path / "at", WHERE[start] + path[len(start) :])
        assert is_part(said, found), path
        assert list(found.get("q_table", ())) == list(said.get("q_table", ()))
        for level, entries in said.get("memories", {}).items():
            assert list(found["memories"][level]) == list(entries)


def test_every_value_of_the_vault_s_lists_is_exported_again(tmp_path: Path) -> None:
    """The steps of its buffer, its tasks, and what was in the text that it wrote for a brain (P3)."""
    imported_folder(tmp_path / "out", unpack(tmp_path, "vault"))
    History(tmp_path / "out").export("latest", tmp_path / "at")
    buffer = document(f"{VAULT}/{layout.Q_TABLE}")["experience_buffer"]
    assert is_part(buffer, loaded(tmp_path / "at", layout.Q_TABLE)["experience_buffer"])
    tasks, found = document(f"{VAULT}/{layout.TODO}"), loaded(tmp_path / "at", layout.TODO)
    assert is_part(without_repeats(tasks["subtasks"]), found["subtasks"])
    assert is_part({**tasks, "subtasks": {}, "timestamp": 0.0}, {**found, "subtasks": {}, "timestamp": 0.0})
    said, brain = document(f"{SESSION}/brain_state/consolidated.json"), loaded(tmp_path / "at", layout.BRAIN)
    assert is_part(said, brain)


def without_repeats(tasks: dict[str, Any]) -> dict[str, Any]:
    """Return tasks of which each says once who waits for it (T1)."""
    return {name: {**one, "blocks": list(dict.fromkeys(one["blocks"]))} for name, one in tasks.items()}


def test_an_episode_that_was_imported_is_exported_as_it_was(tmp_path: Path) -> None:
    """Whatever its file said of it stands in the exported file again, the original's as well as ours."""
    path = layout.episode(3)
    theirs = document(f"{VAULT}/{path}")
    imported_folder(tmp_path / "one", unpack(tmp_path, "vault"))
    for exactly in (True, False):
        History(tmp_path / "one").export("latest", tmp_path / "at", exactly=exactly)
        assert loaded(tmp_path / "at", path) == theirs
    learned(tmp_path / "ours")
    history = History(tmp_path / "ours")
    history.export("latest", tmp_path / "exported")
    imported_folder(tmp_path / "back", tmp_path / "exported")
    back = History(tmp_path / "back")
    assert [one.to_dict() for one in back.at().episodes.values()] == [
        one.to_dict() for one in history.at().episodes.values()
    ]
    back.export("latest", tmp_path / "again")
    for nth in (1, 2, 3):
        assert loaded(tmp_path / "again", layout.episode(nth)) == loaded(tmp_path / "exported", layout.episode(nth))


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
