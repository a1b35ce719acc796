"""The settings: what can be configured, and what is refused with what words."""

from math import inf, nan
from os import PathLike
from pathlib import Path
from typing import Any

import pytest
from stage import actor, analyst, conductor

from jotty_events import AgentConfig, Conductor, JottyConfig, LearningMode
from jotty_events.config import MAX_NAME
from jotty_events.errors import ConfigError


def refusal(make: Any, *args: Any, **values: Any) -> ConfigError:
    """Return the ConfigError that a call raises."""
    with pytest.raises(ConfigError) as caught:
        make(*args, **values)
    return caught.value


def test_the_client_s_settings_are_all_known() -> None:
    """Every setting that the client's document names can be given, with the value that stands there."""
    config = JottyConfig(
        learning_mode=LearningMode.PERSISTENT,
        output_base_dir="./outputs",
        create_run_folder=True,
        persist_memories=True,
        persist_q_tables=True,
        persist_brain_state=True,
        persist_todos=True,
        auto_load_on_start=True,
        auto_save_interval=10,
        enable_rl=True,
        enable_learning=True,
        episodic_capacity=10000,
        semantic_capacity=5000,
        consolidation_interval=3,
    )
    assert (config.capacity("episodic"), config.capacity("semantic")) == (10000, 5000)


def test_a_mode_can_be_given_as_text() -> None:
    """A learning mode that comes from a settings file is known by its word."""
    texts: list[Any] = ["disabled", "contextual", "persistent"]
    assert [JottyConfig(learning_mode=text).learning_mode for text in texts] == [
        LearningMode.DISABLED,
        LearningMode.CONTEXTUAL,
        LearningMode.PERSISTENT,
    ]


@pytest.mark.parametrize("folder", ["./outputs", Path("outputs")])
def test_a_folder_is_text_or_a_path(folder: str | PathLike[str]) -> None:
    """Where to write may be a text or a path, and stays what it was given as."""
    assert JottyConfig(output_base_dir=folder).output_base_dir == folder


def test_what_is_recorded_of_a_config_does_not_say_where_it_lies() -> None:
    """Two folders with the same history hold the same bytes, so a run's config leaves the folder out."""
    assert "output_base_dir" not in JottyConfig(output_base_dir="somewhere").to_json()
    assert JottyConfig(output_base_dir="a").to_json() == JottyConfig(output_base_dir=Path("b")).to_json()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("aplha", "alpha"),
        ("output_dir", "output_base_dir"),
        ("persist_memory", "persist_memories"),
        ("learning_modes", "learning_mode"),
    ],
)
def test_a_slip_in_a_setting_s_name_is_pointed_out(typed: str, meant: str) -> None:
    """A setting that does not exist is refused, and the nearest one is named."""
    error = refusal(JottyConfig, **{typed: 1})
    assert f"{typed}: no such setting" in error.message
    assert error.hint == f"did you mean {meant}?"


def test_a_slip_in_an_actor_s_setting_is_pointed_out() -> None:
    """An actor's settings are checked like the conductor's."""
    error = refusal(AgentConfig, name="a", agent=analyst, approach=["A"])
    assert (error.message, error.hint) == (
        "AgentConfig is not usable: approach: no such setting",
        "did you mean approaches?",
    )


def test_a_name_like_no_setting_gets_the_way_to_all_of_them() -> None:
    """Where nothing is near, the hint says where all settings stand."""
    assert refusal(JottyConfig, zzzzz=1).hint == "see help(JottyConfig)"


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Three mistakes are one error, so that they can be mended in one go."""
    error = refusal(JottyConfig, alpha=0, gamma=nan, domain=7)
    assert all(f"{name}: " in error.message for name in ("alpha", "gamma", "domain"))
    assert "Value error" not in error.message


RATES = [0, -0.1, 1.5, nan, inf, -inf, None, "much"]
SHARES = [-0.1, 1.5, nan, inf, None]
COUNTS = [0, -1, 1.5, nan, None, "many"]
SECONDS = [0, -1, nan, inf]
OUT_OF_RANGE = [
    *(("alpha", value) for value in RATES),
    *((name, value) for name in ("gamma", "lambda_trace", "epsilon", "goal_transfer_weight") for value in SHARES),
    *((name, value) for name in ("episodic_capacity", "max_attempts", "consolidation_interval") for value in COUNTS),
    *((name, value) for name in ("actor_timeout", "commit_interval") for value in SECONDS),
    *(("seed", value) for value in (-1, 2**53 + 1, 0.5, "x")),
    *(("segment_bytes", value) for value in (0, 4095)),
    ("learning_mode", "persistant"),
    ("durability", "sometimes"),
    ("start_from", 7),
    ("domain", "\ud800"),
]


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused(name: str, value: Any) -> None:
    """A value that nothing could be learned with is refused by name, before anything is written."""
    assert f"{name}: " in refusal(JottyConfig, **{name: value}).message


@pytest.mark.parametrize("value", [1, 1.0, 1e-9])
def test_the_ends_of_the_range_of_alpha_are_usable(value: float) -> None:
    """Alpha may be anything above 0 up to 1."""
    assert JottyConfig(alpha=value).alpha == value


@pytest.mark.parametrize("folder", ["", "a\0b", b"outputs", 5, None, ["outputs"], Path("a\0b")])
def test_what_names_no_folder_is_refused(folder: Any) -> None:
    """A folder is named by a text or a path that is not empty and holds no NUL."""
    message = refusal(JottyConfig, output_base_dir=folder).message
    assert message.endswith("names no folder")
    assert message.startswith("JottyConfig is not usable: output_base_dir: ")


def test_a_config_does_not_change() -> None:
    """What a run was begun with stays what is recorded of it."""
    config = JottyConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.alpha = 0.9


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        (" \t", "needs a name"),
        ("a/b", "no file name"),
        ("a\\b", "no file name"),
        (".", "no file name"),
        ("..", "no file name"),
        ("../../x", "no file name"),
        ("a\0b", "no file name"),
        ("a\nb", "no file name"),
        ("a\x1b[31m", "no file name"),
        ("a\u202eb", "no file name"),
        ("a\ud800", "no file name"),
        ("n" * 256, "255 bytes"),
        ("é" * 128, "255 bytes"),
        ("n" * 300, "255 bytes"),
        ("shared", "what all actors share"),
        ("SHARED", "what all actors share"),
        (7, "valid string"),
    ],
)
def test_a_name_that_could_not_name_a_file_is_refused(name: Any, why: str) -> None:
    """Actors' names become file names, and the name of what all share is taken."""
    message = refusal(AgentConfig, name=name, agent=analyst).message
    assert "name: " in message
    assert why in message


@pytest.mark.parametrize("name", ["n" * MAX_NAME, "é" * 127, "a b", "a..b", "分析者", "🤖", "a|||b", "-rf", "con"])
def test_any_other_name_is_usable(name: str) -> None:
    """A name may be long, foreign, or funny."""
    assert conductor(None, actor(name=name)).run_sync("g").attempts[0].actor == name


@pytest.mark.parametrize("agent", [5, None, "analyst", analyst.__code__])
def test_an_agent_can_be_called(agent: Any) -> None:
    """An agent that cannot be called is refused at once, not at its first attempt."""
    assert "agent: " in refusal(AgentConfig, name="a", agent=agent).message


@pytest.mark.parametrize(
    ("approaches", "why"),
    [
        ("partition column", "valid list"),
        ([""], "an approach is empty"),
        (["A", " \n"], "an approach is empty"),
        (["A", "B", "A"], "an approach stands twice"),
        ([1], "valid string"),
        (["A", "\ud800"], "lone surrogate"),
    ],
)
def test_approaches_that_could_not_be_told_apart_are_refused(approaches: Any, why: str) -> None:
    """Approaches are different texts that can be recorded; a single text is not a list of its letters."""
    assert why in refusal(AgentConfig, name="a", agent=analyst, approaches=approaches).message


@pytest.mark.parametrize(
    ("setting", "value"),
    [("max_attempts", 0), ("timeout", 0), ("timeout", nan), ("priority", inf), ("description", "\ud800")],
)
def test_an_actor_s_own_values_are_checked(setting: str, value: Any) -> None:
    """What an actor sets for itself has the same limits as what is set for all."""
    assert f"{setting}: " in refusal(AgentConfig, name="a", agent=analyst, **{setting: value}).message


def test_a_conductor_needs_an_actor() -> None:
    """Without actors there is nothing to conduct."""
    assert "needs an actor" in refusal(Conductor, actors=[]).message


def test_actors_may_come_from_any_iterable() -> None:
    """Actors that can be looked at only once are all there afterwards."""
    live = Conductor(
        actors=(actor(name=name) for name in ("a", "b")), config=JottyConfig(learning_mode=LearningMode.CONTEXTUAL)
    )
    assert list(live.local_memories) == ["a", "b"]


@pytest.mark.parametrize("wrong", [[analyst], actor(), ["analyst"], [None]])
def test_an_actor_is_an_agent_config(wrong: Any) -> None:
    """A bare function, or a single actor without its list, is refused with the form that is wanted."""
    assert "AgentConfig(name=" in refusal(Conductor, actors=wrong).hint


@pytest.mark.parametrize("wrong", [{"alpha": 0.5}, "outputs", JottyConfig])
def test_a_config_is_a_jotty_config(wrong: Any) -> None:
    """A plain dictionary is refused before anything is written."""
    assert "is no JottyConfig" in refusal(Conductor, actors=[actor()], config=wrong).message


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("Analyst", "analyst"), ("STRASSE", "straße")])
def test_names_that_differ_by_case_only_are_refused(one: str, other: str) -> None:
    """Two actors whose files would be one on some disks are refused, and both are named."""
    error = refusal(conductor, None, actor(name=one), actor(name=other))
    assert repr(one) in error.message
    assert repr(other) in error.message
    assert "more than case" in error.hint


def test_a_dependency_on_nobody_is_refused() -> None:
    """A dependency that no actor has is refused, and the actor that was meant is named."""
    error = refusal(conductor, None, actor(name="loader"), actor(name="writer", depends_on=["loder"]))
    assert "writer depends on 'loder', which is no actor" in error.message
    assert error.hint == "did you mean 'loader'?"
    far = refusal(conductor, None, actor(name="Loader"), actor(name="writer", depends_on=["xyz"]))
    assert far.hint == "the actors are Loader, writer"


@pytest.mark.parametrize(
    ("waiting", "named"),
    [
        ({"a": ["a"]}, "a"),
        ({"a": ["b"], "b": ["a"]}, "a, b"),
        ({"a": ["c"], "b": ["a"], "c": ["b"], "free": []}, "a, b, c"),
        ({"a": ["b"], "b": ["a"], "after": ["a"]}, "a, b, after"),
    ],
)
def test_actors_that_wait_for_each_other_are_refused(waiting: dict[str, list[str]], named: str) -> None:
    """A loop would never begin: it is refused, and those who would wait for ever are named."""
    error = refusal(conductor, None, *(actor(name=name, depends_on=needs) for name, needs in waiting.items()))
    assert error.message == f"actors wait for each other: {named}"


def test_a_refused_conductor_leaves_nothing_behind(tmp_path: Path) -> None:
    """Actors that cannot work together are refused before a run is begun."""
    refusal(conductor, tmp_path / "outputs", actor(name="a"), actor(name="A"))
    assert list(tmp_path.iterdir()) == []
