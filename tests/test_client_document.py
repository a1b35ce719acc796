"""The programs that people bring along: what the original's guide to learning across runs shows works here.

Each test is one program of that guide, told anew: the same names, the same arguments, and what they are to give.
"""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage import START, actor, bytes_below, conductor, listing, scripted_entropy, ticking

from jotty_events import (
    AgentConfig,
    Brain,
    Conductor,
    HierarchicalMemory,
    History,
    JottyConfig,
    LearningMode,
    LLMQPredictor,
    Outcome,
    RunResult,
    SessionManager,
    Task,
)
from jotty_events.errors import ConfigError, FormatError, MissingFile

BAD, GOOD = "transaction_category", "partition column"
FIRST, SECOND, THIRD = "Count P2P transactions", "Get P2P count yesterday", "Count peer-to-peer transactions"


def analyst(task: Task) -> Outcome:
    """Fail with the column that is not there, succeed with the partition."""
    if task.approach == BAD:
        raise LookupError("column not found")
    return Outcome(success=True, output=42)


ACTORS = [AgentConfig(name="analyst", agent=analyst, approaches=[BAD, GOOD])]


@pytest.fixture
def config(tmp_path: Path) -> JottyConfig:
    """Return the settings that the guide recommends."""
    return JottyConfig(
        learning_mode=LearningMode.PERSISTENT,
        output_base_dir=str(tmp_path / "outputs"),
        auto_load_on_start=True,
        persist_memories=True,
        persist_q_tables=True,
        persist_brain_state=True,
        alpha=0.6,
    )


def another(config: JottyConfig, **changes: Any) -> JottyConfig:
    """Return the same settings with some changed."""
    return JottyConfig(**{**config.model_dump(), **changes})


def begin(config: JottyConfig, start: float = START) -> Conductor:
    """Return a conductor of these settings, whose run begins at a time."""
    return Conductor(actors=ACTORS, config=config, clock=ticking(start), entropy=scripted_entropy())


def one_run(config: JottyConfig, goal: str = FIRST, start: float = START) -> RunResult:
    """Work towards a goal in a run of its own."""
    with begin(config, start) as live:
        return live.run_sync(goal)


def state_folder(config: JottyConfig, run: str | None = None) -> Path:
    """Return the folder of a run's exported state, that of the newest run if none is named."""
    runs = sorted(Path(config.output_base_dir).glob("run_*"))
    return (Path(config.output_base_dir) / run if run else runs[-1]) / "jotty_state"


def parsed(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# Enabling it.


def test_the_full_configuration_is_understood(tmp_path: Path) -> None:
    """Every setting that the guide names is one here."""
    config = JottyConfig(
        learning_mode=LearningMode.PERSISTENT,
        output_base_dir=str(tmp_path),
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
    assert (config.auto_save_interval, config.episodic_capacity, config.consolidation_interval) == (10, 10000, 3)


def test_one_conductor_learns_from_one_goal_to_the_next(config: JottyConfig) -> None:
    """Option 1: two awaited goals; the second takes what worked at once."""

    async def program() -> tuple[RunResult, RunResult]:
        async with begin(config) as live:
            return await live.run(goal=FIRST), await live.run(goal=SECOND)

    first, second = asyncio.run(program())
    assert [one.approach for one in first.attempts] == [BAD, GOOD]
    assert [one.approach for one in second.attempts] == [GOOD]


def test_three_runs_explore_apply_and_master(config: JottyConfig) -> None:
    """Each run starts from what the one before it learned, and its values go on rising."""
    results = [one_run(config, goal, START + 60 * i) for i, goal in enumerate((FIRST, SECOND, THIRD))]
    assert [[one.approach for one in result.attempts] for result in results] == [[BAD, GOOD], [GOOD], [GOOD]]
    values = []
    for i, result in enumerate(results):
        table = History(config.output_base_dir).at(result.run_id or "").q_table
        values.append(max(entry.value for (_, action), entry in table.items() if GOOD in action))
        assert len(History(config.output_base_dir).at(result.run_id or "").episodes) == i + 1
    assert values == sorted(values)


def test_what_was_learned_is_in_the_prompt_of_the_next_run(config: JottyConfig) -> None:
    """A pattern of high value is told as such, a failure as something to avoid."""
    one_run(config)
    context = one_run(config, SECOND, START + 60).learned_context
    assert f"High-value pattern: USE: {GOOD}" in context
    assert f"AVOID: {BAD}" in context


def test_option_2_loads_by_hand_what_was_not_loaded(config: JottyConfig) -> None:
    """The newest run folder's memory and Q-table are put into a conductor that started fresh."""
    one_run(config)
    fresh = another(config, auto_load_on_start=False)
    with begin(fresh, START + 60) as live:
        runs = sorted(Path(config.output_base_dir).glob("run_*"), key=lambda path: path.name, reverse=True)
        latest = runs[1]  # the newest is this conductor's own
        memory_file = latest / "jotty_state" / "memories" / "shared_memory.json"
        with memory_file.open(encoding="utf-8") as file:
            memory_data = json.load(file)
        live.shared_memory = HierarchicalMemory.from_dict(memory_data, config)
        assert sum(len(level) for level in memory_data.get("memories", {}).values()) == len(live.shared_memory) == 2
        q_file = latest / "jotty_state" / "q_tables" / "q_predictor_buffer.json"
        assert live.q_predictor.load_state(str(q_file))
        assert len(live.q_predictor.Q) == 2
        local = latest / "jotty_state" / "memories" / "local_memories"
        for agent_file in local.glob("*.json"):
            live.local_memories[agent_file.stem] = HierarchicalMemory.from_dict(parsed(agent_file), live.config)
        assert live.run_sync(goal=SECOND).first_choice == GOOD
    history = History(config.output_base_dir)
    assert (list(history.check()), list(history.verify(deep=True))) == ([], [])


def test_the_newest_run_by_file_time_can_be_loaded_from(config: JottyConfig) -> None:
    """Whoever looks for the newest folder by its time of change, in a process of its own, finds the last run."""
    one_run(config)
    one_run(config, SECOND, START + 60)
    for i, path in enumerate(sorted(Path(config.output_base_dir).glob("run_*"))):
        os.utime(path, (START + i, START + i))
    runs = sorted(Path(config.output_base_dir).glob("run_*"), key=lambda path: path.stat().st_mtime, reverse=True)
    data = parsed(runs[0] / "jotty_state" / "memories" / "shared_memory.json")
    memory = HierarchicalMemory.from_dict(data, config)
    assert len(memory) == 2
    assert memory.get_consolidated_knowledge(goal=THIRD)


def test_without_auto_load_a_run_starts_fresh(config: JottyConfig) -> None:
    """`auto_load_on_start=False` leaves what was learned where it is."""
    one_run(config)
    with begin(another(config, auto_load_on_start=False), START + 60) as live:
        assert (live.start, len(live.shared_memory), len(live.q_predictor.Q)) == (None, 0, 0)


# What is saved, and what is loaded.


def test_the_state_is_saved_where_the_guide_looks(config: JottyConfig) -> None:
    """Every file of the guide's tree is there, and says what was learned."""
    one_run(config)
    folder = state_folder(config)
    memories = parsed(folder / "memories" / "shared_memory.json")
    contents = [one["content"] for level in memories["memories"].values() for one in level.values()]
    assert contents == [f"USE: {GOOD}", f"AVOID: {BAD} — column not found"]
    assert parsed(folder / "memories" / "local_memories" / "analyst.json")["agent_name"] == "analyst"
    table = parsed(folder / "q_tables" / "q_predictor_buffer.json")
    assert {key.split("APPROACH: ")[1]: one["value"] for key, one in table["q_table"].items()} == {
        BAD: pytest.approx(0.2),
        GOOD: pytest.approx(0.8, abs=0.02),
    }
    assert len(table["experience_buffer"]) == 2
    assert len(parsed(folder / "brain_state" / "consolidated_memories.json")["hippocampus"]) == 2
    assert parsed(folder / "markovian_todos" / "todo_state.json")["root_task"] == FIRST


def test_the_state_is_loaded_when_a_conductor_begins(config: JottyConfig) -> None:
    """Memory of all kinds, the table with buffer, lessons and tiers, and the brain are there before anything runs."""
    for i in range(3):
        one_run(config, (FIRST, SECOND, THIRD)[i], START + 60 * i)
    before = History(config.output_base_dir).at().digests()
    with begin(config, START + 300) as live:
        assert len(live.shared_memory) == 2
        assert len(live.local_memories["analyst"]) > 0
        assert len(live.q_predictor.Q) > 0
        assert len(live.q_predictor.experience_buffer) > 0
        assert any(entry.lessons for entry in live.q_predictor.Q.values())
        assert live.brain.neocortex
        assert live.state.digests() == before


@pytest.mark.parametrize("suffix", ["", "/"])
def test_run_folders_can_be_done_without(config: JottyConfig, suffix: str) -> None:
    """`create_run_folder=False` puts the state directly below the output folder; the log has its run all the same."""
    where = f"{config.output_base_dir}{suffix}"
    flat = another(config, create_run_folder=False, output_base_dir=where)
    one_run(flat)
    assert len(parsed(Path(where) / "jotty_state" / "memories" / "shared_memory.json")["memories"]["semantic"]) == 1
    assert one_run(flat, SECOND, START + 60).first_choice == GOOD
    assert len(parsed(Path(where) / "jotty_state" / "episode_history" / "episode_2.json")["trajectory"]) == 1


PERSISTS: dict[str, tuple[str, Callable[[Conductor], int]]] = {
    "persist_memories": ("memories", lambda live: len(live.shared_memory)),
    "persist_q_tables": ("q_tables", lambda live: len(live.q_predictor.Q)),
    "persist_brain_state": ("brain_state", lambda live: len(live.brain.hippocampus)),
    "persist_todos": ("markovian_todos", lambda live: len(live.todo.tasks)),
}


@pytest.mark.parametrize("flag", sorted(PERSISTS))
def test_what_is_not_persisted_is_neither_saved_nor_loaded(config: JottyConfig, flag: str) -> None:
    """Each `persist_*` flag keeps its own part from run to run, and no other."""
    without = another(config, **{flag: False})
    one_run(without)
    folder, _ = PERSISTS[flag]
    assert {path.name for path in state_folder(config).iterdir() if path.is_dir()} == {
        *(name for name, _ in PERSISTS.values() if name != folder),
        "episode_history",
    }
    with begin(without, START + 60) as live:
        sizes = {name: size(live) for name, size in PERSISTS.values()}
    assert {name for name, size in sizes.items() if size == 0} == {folder}


def test_what_is_loaded_into_a_part_that_is_not_persisted_is_not_kept_either(config: JottyConfig) -> None:
    """A load into such a part is forgotten at the end of the run, like all else that was learned there."""
    one_run(config)
    saved = state_folder(config) / "q_tables" / "q_predictor_buffer.json"
    with begin(another(config, persist_q_tables=False, auto_load_on_start=False), START + 60) as live:
        live.q_predictor.load_state(saved)
        assert len(live.q_predictor.Q) == 2
    assert len(History(config.output_base_dir).at().q_table) == 0
    assert History(config.output_base_dir).check() == []


def test_the_limit_of_runs_takes_nothing_that_was_learned(config: JottyConfig) -> None:
    """`max_runs_to_keep` limits exported trees; every run can still be replayed, and the newest goes on from all."""
    few = another(config, max_runs_to_keep=2)
    runs = [one_run(few, f"{FIRST} {i}", START + 60 * i).run_id or "" for i in range(4)]
    assert [state_folder(config, run).exists() for run in runs] == [False, False, True, True]
    history = History(config.output_base_dir)
    assert [len(history.at(run).episodes) for run in runs] == [1, 2, 3, 4]
    assert history.at(runs[-1]).q_table


# Saving and loading by hand.


def test_everything_can_be_saved_at_any_time(config: JottyConfig, tmp_path: Path) -> None:
    """The persistence manager saves all of the conductor, or one memory; the Q-table saves itself."""
    with begin(config) as live:
        live.run_sync(FIRST)
        assert not state_folder(config).exists()
        live.persistence_manager.save_all(live)
        assert len(parsed(state_folder(config) / "memories" / "shared_memory.json")["memories"]["semantic"]) == 1
        live.shared_memory.store("A lesson", level="meta", context={}, goal=FIRST)
        live.persistence_manager.save_memory(live.shared_memory, "shared")
        assert len(parsed(state_folder(config) / "memories" / "shared_memory.json")["memories"]["meta"]) == 1
        live.q_predictor.save_state(str(tmp_path / "q_table.json"))
        live.brain.save_state(tmp_path / "brain.json")
        live.todo.save_state(tmp_path / "todo.json")
        expected = [one.saved_state() for one in (live.q_predictor, live.brain, live.todo)]
    assert [parsed(tmp_path / f"{name}.json") for name in ("q_table", "brain", "todo")] == expected


def test_saved_parts_are_loaded_by_learners_of_their_own(config: JottyConfig, tmp_path: Path) -> None:
    """Memory, Q-table and brain are loaded without any conductor, too."""
    with begin(config) as live:
        live.run_sync(FIRST)
        live.q_predictor.save_state(tmp_path / "q.json")
        live.brain.save_state(tmp_path / "brain.json")
        data, state = live.shared_memory.to_dict(), live.q_predictor.saved_state()
    memory = HierarchicalMemory.from_dict(data, config)
    predictor, brain = LLMQPredictor(config), Brain(config)
    assert predictor.load_state(str(tmp_path / "q.json"))
    assert brain.load_state(str(tmp_path / "brain.json"))
    assert memory.to_dict() == data
    assert predictor.saved_state() == state
    assert [one.content["action"] for one in brain.hippocampus] == [BAD, GOOD]


def test_what_was_learned_can_be_asked_for(config: JottyConfig) -> None:
    """Consolidated knowledge, valued memories and lessons are texts for a prompt."""
    for i in range(3):
        one_run(config, (FIRST, SECOND, THIRD)[i], START + 60 * i)
    with begin(config, START + 300) as live:
        consolidated = live.shared_memory.get_consolidated_knowledge(goal=FIRST, max_items=10)
        valued = live.td_learner.get_learned_context(memories=live.shared_memory.memories, goal=FIRST)
        lessons = live.q_predictor.get_learned_context(state={"goal": FIRST}, action=None)
        actions = [{"approach": BAD}, {"approach": GOOD}]
        best, value, _ = live.q_predictor.get_best_action({"goal": SECOND, "actor": "analyst"}, actions)
    assert GOOD in consolidated
    assert GOOD in valued
    assert GOOD in lessons
    assert best == {"approach": GOOD}
    assert value > 0.7


def test_the_session_manager_gives_what_the_last_run_knew(config: JottyConfig) -> None:
    """It reads the previous run, and makes no folder of its own before that (P4)."""
    empty = SessionManager(config).load_previous_state()
    assert empty == {"memories": {"agents": {}}, "q_tables": {}, "brain_state": None, "todos": None}
    assert not Path(config.output_base_dir).exists()
    one_run(config)
    before = listing(Path(config.output_base_dir))
    found = SessionManager(config).load_previous_state()
    assert listing(Path(config.output_base_dir)) == before
    folder = state_folder(config)
    assert found["memories"]["shared"] == parsed(folder / "memories" / "shared_memory.json")
    assert found["memories"]["agents"]["analyst"] == parsed(folder / "memories" / "local_memories" / "analyst.json")
    assert found["q_tables"]["q_predictor"] == parsed(folder / "q_tables" / "q_predictor_buffer.json")
    assert found["brain_state"] == parsed(folder / "brain_state" / "consolidated_memories.json")
    assert found["todos"] == parsed(folder / "markovian_todos" / "todo_state.json")
    with begin(another(config, auto_load_on_start=False), START + 60) as live:
        live.q_predictor.load_saved(found["q_tables"]["q_predictor"])
        live.brain.load_saved(found["brain_state"])
        assert live.run_sync(SECOND).first_choice == GOOD


def test_the_session_manager_goes_back_to_a_point_that_is_named(config: JottyConfig) -> None:
    """`start_from` names another run than the last."""
    runs = [one_run(config, goal, START + 60 * i).run_id for i, goal in enumerate((FIRST, SECOND))]
    found = SessionManager(another(config, start_from=runs[0])).load_previous_state()
    assert found["todos"]["root_task"] == FIRST


# Into a run that goes on.


def test_a_load_is_told_in_the_log_as_one_commit(config: JottyConfig) -> None:
    """What was loaded can be seen, dated and gone back behind: it is events, of which the first names the file."""
    one_run(config)
    saved = state_folder(config) / "q_tables" / "q_predictor_buffer.json"
    fresh = another(config, auto_load_on_start=False)
    with begin(fresh, START + 60) as live:
        live.run_sync(THIRD)
        live.q_predictor.load_state(saved)
        run, seq = live.run_id, live._session.seq
    history = History(config.output_base_dir)
    (commit,) = [one for one in history.tree.run(str(run)).commits() if one.last == seq]
    tags = [json.loads(line)["event"]["type"] for line in commit.lines]
    assert tags[0] == "imported"
    assert tags.count("q_pruned") == 2
    assert tags.count("entry_imported") > 2
    said = json.loads(commit.lines[0])["event"]
    assert (said["file"], said["kind"], said["entries"]) == ("q_predictor_buffer.json", "q_table", 4)
    assert len(history.at(f"{run}@{commit.first - 1}").q_table) == 2
    assert (list(history.verify()), list(history.verify(deep=True))) == ([], [])


def test_loading_what_is_there_already_changes_no_memory(config: JottyConfig) -> None:
    """A memory that is assigned to itself, or loaded again, is no event at all."""
    with begin(config) as live:
        live.run_sync(FIRST)
        seq = live._session.seq
        live.shared_memory = live.shared_memory
        live.shared_memory = HierarchicalMemory.from_dict(live.shared_memory.saved_state(), config)
        live.local_memories["analyst"] = live.local_memories["analyst"]
        live.local_memories.update({"analyst": live.local_memories["analyst"]})
        assert live._session.seq == seq


def test_a_memory_that_is_assigned_takes_the_place_of_what_was_there(config: JottyConfig) -> None:
    """Entries that it lacks are let go, by events; what both have stays as it was."""
    given = HierarchicalMemory("SwarmShared", config, clock=lambda: START)
    given.store("Use partition columns", "semantic", {}, FIRST, 0.7)
    with begin(config) as live:
        live.run_sync(FIRST)
        live.shared_memory = given
        assert live.shared_memory.agent_name == "shared"
        contents = [one.content for level in live.shared_memory.memories.values() for one in level.values()]
        assert contents == ["Use partition columns"]
        assert "Use partition columns" in live.run_sync(SECOND).learned_context
    assert History(config.output_base_dir).verify(deep=True) == []


BROKEN: dict[str, tuple[str, type[Exception]]] = {
    "cut off": ('{"q_table": {"a|||b": {"val', FormatError),
    "no JSON": ("\x00\xff", FormatError),
    "no object": ("[]", FormatError),
    "no table": ("{}", FormatError),
    "a table of another kind": ('{"q_table": []}', FormatError),
    "a bad cluster at the end": ('{"q_table": {"a|||b": {"value": 0.9}}, "tier2_clusters": {"c": 1}}', FormatError),
    "NaN": ('{"q_table": {"a|||b": {"value": NaN}}}', FormatError),
    "a name twice": ('{"q_table": {"a|||b": {"value": 0.1}, "a|||b": {"value": 0.2}}}', FormatError),
    "nested too deeply": ('{"q_table": ' + "[" * 100_000, FormatError),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_a_load_that_fails_changes_nothing(config: JottyConfig, tmp_path: Path, what: str) -> None:
    """Whatever is wrong with a file, the error names it, and state and log are as they were (P12)."""
    said, error = BROKEN[what]
    broken = tmp_path / "broken.json"
    broken.write_text(said, encoding="utf-8")
    with begin(config) as live:
        live.run_sync(FIRST)
        before, seq = live.state.digests(), live._session.seq
        with pytest.raises(error, match=r"broken\.json"):
            live.q_predictor.load_state(broken)
        assert (live.state.digests(), live._session.seq) == (before, seq)
        assert live.run_sync(SECOND).first_choice == GOOD
    assert History(config.output_base_dir).check() == []


@pytest.mark.parametrize("learner", ["q_predictor", "brain", "todo", "shared_memory"])
def test_no_learner_takes_what_is_another_s(config: JottyConfig, tmp_path: Path, learner: str) -> None:
    """A file of some other kind is refused as a whole; a missing one is named."""
    (tmp_path / "other.json").write_text('{"a": 1}')
    with begin(config) as live:
        live.run_sync(FIRST)
        before = live.state.digests()
        with pytest.raises(FormatError, match=r"other\.json"):
            getattr(live, learner).load_state(tmp_path / "other.json")
        with pytest.raises(MissingFile, match=r"missing\.json"):
            getattr(live, learner).load_state(tmp_path / "missing.json")
        assert live.state.digests() == before


def test_a_buffer_without_a_table_leaves_the_table_alone(config: JottyConfig, tmp_path: Path) -> None:
    """The original's vault saved no table: loading its file takes over the buffer, and wipes nothing (P2)."""
    with begin(config) as live:
        live.run_sync(FIRST)
        table = live.q_predictor.saved_state()["q_table"]
        step = {"state_desc": "s", "action_desc": "a", "reward": 0.5}
        (tmp_path / "q.json").write_text(json.dumps({"experience_buffer": [step], "buffer_size": 1, "timestamp": 1.0}))
        assert live.q_predictor.load_state(tmp_path / "q.json")
        assert live.q_predictor.saved_state()["q_table"] == table
        assert [one.state for one in live.q_predictor.experience_buffer] == ["s"]


def test_what_learns_nothing_loads_nothing(config: JottyConfig, tmp_path: Path) -> None:
    """In mode DISABLED `start_from` says what is loaded; a load by hand is refused, not passed over."""
    one_run(config)
    saved = state_folder(config) / "q_tables" / "q_predictor_buffer.json"
    before = bytes_below(Path(config.output_base_dir))
    with begin(another(config, learning_mode=LearningMode.DISABLED)) as live:
        with pytest.raises(ConfigError, match="loads nothing"):
            live.q_predictor.load_state(saved)
        with pytest.raises(ConfigError, match="loads nothing"):
            live.shared_memory = HierarchicalMemory("shared", config)
    assert bytes_below(Path(config.output_base_dir)) == before


@pytest.mark.parametrize("given", [None, {}, "shared"])
def test_what_is_no_memory_cannot_be_assigned(given: Any) -> None:
    """A dictionary is made into a memory first; an agent that is no actor has none."""
    with conductor(None, actor()) as live:
        with pytest.raises(ConfigError, match="no memory"):
            live.shared_memory = given
        with pytest.raises(ConfigError, match="no actor"):
            live.local_memories["nobody"] = live.shared_memory
