"""What version 2 corrects in sleep and in task lists: both versions side by side, in the learners themselves."""

from typing import Any

import pytest
from stage import ticking

from jotty_events import JottyConfig, MarkovianTODO
from jotty_events.agents.brain.hippocampus import HippocampalExtractor
from jotty_events.agents.brain.sleep_and_wake import BrainStateMachine
from jotty_events.rules.brain import hippocampus


def settings(rules: int, **more: Any) -> JottyConfig:
    return JottyConfig(rules_version=rules, **more)


def machine(rules: int) -> BrainStateMachine:
    """Return a machine that sleeps after two episodes, for the first time after five."""
    config = settings(rules, consolidation_interval=2, min_episodes_before_sleep=5)
    return BrainStateMachine(config, clock=ticking())


@pytest.mark.parametrize(("rules", "slept_after"), [(1, [5, 10]), (2, [5, 7, 9])])
def test_the_minimum_holds_for_the_first_sleep_only(rules: int, slept_after: list[int]) -> None:
    """In version 1 it delays every sleep, whatever the interval (M11)."""
    brain, slept = machine(rules), []
    for episode in range(1, 11):
        before = brain.consolidator.consolidation_count
        brain.process_experience({"content": f"episode {episode}", "reward": 0.5})
        slept += [episode] * (brain.consolidator.consolidation_count - before)
    assert slept == slept_after


@pytest.mark.parametrize(("rules", "kept"), [(1, []), (2, ["in sleep"])])
def test_what_comes_in_sleep_is_taken_in_at_waking(rules: int, kept: list[str]) -> None:
    """In version 1 it is lost, though the original says that it waits (M11)."""
    brain = machine(rules)
    brain.set_mode("offline")
    brain.process_experience({"content": "in sleep", "reward": 1.0})
    brain.set_mode("online")
    assert [one["content"] for one in brain.recent_episodes] == kept


@pytest.mark.parametrize(("rules", "held"), [(1, 4), (2, 3)])
def test_what_was_seen_is_bounded(rules: int, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 remembers every content that it ever saw (E5); version 2 forgets the one known longest."""
    monkeypatch.setattr(hippocampus, "SEEN_MOST", 3)
    judge = HippocampalExtractor(settings(rules), clock=ticking())
    for i in range(4):
        judge.should_remember({"content": f"content {i}", "reward": 0.5})
    assert judge.seen_patterns == held
    _, again = judge.should_remember({"content": "content 0", "reward": 0.5})
    assert (again.novelty_score < 0.5) == (rules == 1)


def tasks(rules: int, *, names: tuple[str, ...] = ("a", "b")) -> MarkovianTODO:
    """Return a list in which each task waits for the one before."""
    listed = MarkovianTODO(settings(rules), clock=ticking())
    listed.open("a goal")
    for before, name in zip((None, *names), names, strict=False):
        listed.add_task(name, name, "actor", [before] if before else [])
    return listed


@pytest.mark.parametrize(("rules", "waiting"), [(1, ["b", "b", "b"]), (2, ["b"])])
def test_who_waits_is_named_once(rules: int, waiting: list[str]) -> None:
    """Version 1 names who waits for a task once more whenever a task is added (T1)."""
    listed = tasks(rules)
    for name in ("c", "d"):
        listed.add_task(name, name, "actor")
    assert listed.blocks("a") == waiting


@pytest.mark.parametrize("rules", [1, 2])
def test_a_list_goes_back_to_its_checkpoint(rules: int) -> None:
    """A checkpoint brings back how far each task was, in both versions; the original's brought none back (T5)."""
    listed = tasks(rules)
    listed.start_task("a")
    listed.complete_task("a")
    put_down = listed.checkpoint()
    listed.start_task("b")
    listed.complete_task("b")
    listed.restore_from_checkpoint(put_down)
    assert [(one.task_id, one.status) for one in listed.tasks.entries()] == [("a", "completed"), ("b", "pending")]
    assert listed.completed_tasks == ["a"]
