"""What the original loses between two runs, and what is here in the second of them."""

from pathlib import Path
from typing import Any

import pytest
from stage import START, actor, analyst, conductor, events, of_type, ticking

from jotty_events import Conductor, History, LearningMode, Outcome, Task
from jotty_events.events import TrajectoryEnded, ValueUpdated
from jotty_events.legacy.exporting import layout

GOALS = ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")


def later(folder: Path, nth: int, *actors: Any, **more: Any) -> Conductor:
    """Return a conductor whose run begins some minutes after the first."""
    return conductor(folder, *actors, clock=ticking(START + 300 * nth), **more)


def test_the_next_run_has_what_the_last_one_learned_without_being_asked(tmp_path: Path) -> None:
    """Nobody has to call a loader, and there is one Q-table that is learned, ranked and kept (P6)."""
    with later(tmp_path, 0, consolidation_interval=1) as live:
        live.run_sync(GOALS[0])
        saved = [one.saved_state() for one in (live.shared_memory, live.q_predictor, live.brain, live.todo)]
        assert {entry.tier for entry in live.q_predictor.Q.values()} == {1}
    with later(tmp_path, 1) as live:
        found = [one.saved_state() for one in (live.shared_memory, live.q_predictor, live.brain, live.todo)]
        assert found == saved


@pytest.mark.parametrize("mode", list(LearningMode))
def test_td_lambda_is_always_there(tmp_path: Path, mode: LearningMode) -> None:
    """No import decides whether values are learned from what followed (P7)."""
    with conductor(tmp_path, learning_mode=mode) as live:
        live.run_sync(GOALS[0])
        values = [entry.value(GOALS[0]) for level in live.shared_memory.memories.values() for entry in level.values()]
    assert values == ([] if mode is LearningMode.DISABLED else [0.8, 0.2])


def test_what_was_used_on_the_way_is_valued(tmp_path: Path) -> None:
    """Memories that went into a prompt are on the trajectory, and the reward changes their values (P8)."""
    for nth, goal in enumerate(GOALS):
        with later(tmp_path, nth) as live:
            live.run_sync(goal)
    ended = of_type(events(tmp_path), TrajectoryEnded)
    assert all(one.keys for one in ended)
    used = {one.key for one in of_type(events(tmp_path), ValueUpdated) if one.cause == "td"}
    assert used == {key for one in ended for key in one.keys}
    assert len(set(ended[-1].keys)) == 1
    (entry,) = History(tmp_path).at().memory["shared"]["semantic"].values()
    assert [round(entry.value(goal), 2) for goal in GOALS] == sorted(round(entry.value(goal), 2) for goal in GOALS)


def test_a_plateau_is_counted_on(tmp_path: Path) -> None:
    """Episodes without improvement of one run count in the next, by replay as by loading a file (P13)."""
    with later(tmp_path, 0, consolidation_interval=1) as live:
        for _ in range(3):
            live.run_sync(GOALS[0])
        counted = live.q_predictor.tiers.progress
        live.q_predictor.save_state(tmp_path / "q.json")
    assert counted.without_improvement == 2
    with later(tmp_path, 1) as live:
        assert live.q_predictor.tiers.progress == counted
    with later(tmp_path, 2, auto_load_on_start=False) as live:
        live.q_predictor.load_state(tmp_path / "q.json")
        assert live.q_predictor.tiers.progress == counted


def test_learning_rate_brain_and_tasks_are_loaded(tmp_path: Path) -> None:
    """An adapted alpha, patterns and the task list go on in the next run, and are in the exported files (P14)."""
    settings: dict[str, Any] = {"enable_adaptive_alpha": True, "alpha": 0.05, "consolidation_interval": 1}
    with later(tmp_path, 0, **settings) as live:
        live.run_sync(GOALS[0])
        assert live.td_learner.adaptive_lr is not None
        for i in range(12):
            live.td_learner.adaptive_lr.record_td_error(1.0 if i == 0 else 0.0)
        live.td_learner.adaptive_lr.get_adapted_alpha()
        alpha, patterns = live.td_learner.alpha, [one.text for one in live.brain.neocortex]
        tasks = live.todo.to_dict()
        run = str(live.run_id)
    assert alpha != 0.05
    assert patterns
    with later(tmp_path, 1, **settings) as live:
        assert (live.td_learner.alpha, [one.text for one in live.brain.neocortex]) == (alpha, patterns)
        assert live.todo.to_dict() == tasks
    folder = tmp_path / run / layout.FOLDER
    with later(tmp_path, 2, auto_load_on_start=False, **settings) as live:
        live.shared_memory.load_state(folder / layout.SHARED_MEMORY)
        live.brain.load_state(folder / layout.BRAIN)
        live.todo.load_state(folder / layout.TODO)
        assert (live.td_learner.alpha, [one.text for one in live.brain.neocortex]) == (alpha, patterns)
        assert live.todo.to_dict() == tasks


def test_actors_of_one_folder_overwrite_nothing_of_each_other(tmp_path: Path) -> None:
    """Each actor's memories are its own, in the log and in the files; so are those of two conductors (P15)."""
    with later(tmp_path, 0, actor(name="a"), actor(name="b")) as live:
        live.run_sync(GOALS[0])
    with later(tmp_path, 1, actor(name="b"), actor(name="c")) as live:
        live.run_sync(GOALS[1])
        run = str(live.run_id)
    memory = History(tmp_path).at().memory
    assert {name: len(memory[name].entries()) for name in ("a", "b", "c")} == {"a": 2, "b": 2, "c": 1}
    files = (tmp_path / run / layout.FOLDER / layout.LOCAL_MEMORIES).iterdir()
    assert sorted(path.stem for path in files) == ["a", "b", "c"]


def test_rewards_on_the_way_reach_the_values(tmp_path: Path) -> None:
    """What an agent says of its steps is part of the return that memories are valued by (P16)."""

    def with_tools(task: Task) -> Outcome:
        live.td_learner.reward_tool_success("sql", success=True)
        return analyst(task) if task.approach == "A" else Outcome(success=True, reward=0.5)

    with conductor(tmp_path, actor(with_tools)) as live:
        live.run_sync(GOALS[0])
    ended = of_type(events(tmp_path), TrajectoryEnded)
    assert [(one.step_rewards, one.final_reward) for one in ended] == [([0.05], 0.0), ([0.05], 0.5)]
    assert all(one.return_ > one.final_reward for one in ended)
    updates = [one for one in of_type(events(tmp_path), ValueUpdated) if one.cause == "td"]
    assert {one.return_ for one in updates} == {one.return_ for one in ended}
