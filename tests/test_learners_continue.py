"""The brain, TD(lambda) and the task list: replayed, they go on as if they had never stopped, by either version."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from recording import START, plan, scripted_entropy

from jotty_events import (
    AdaptiveLearningRate,
    Brain,
    BrainStateMachine,
    HierarchicalMemory,
    HippocampalExtractor,
    JottyConfig,
    LearningMode,
    MarkovianTODO,
    SharpWaveRippleConsolidator,
    TDLambdaLearner,
)
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.reading.replay import digests
from jotty_events.reading.verify import verify
from jotty_events.reenacting import deep
from jotty_events.runs.tree import Tree
from jotty_events.session import Session
from projections import READ_MODELS

Step = tuple[Any, ...]

CONTENTS = ("use ds", "use dt", "scan is slow", "x" * 120)
ACTIONS = ("scan", "guess", "ask")
AGENTS = ("a", "b")
GOALS = ("one", "two", "three")
REWARDS = (0.0, 0.05, 0.25, 0.5, 0.75, 1.0)
TASKS = ("t1", "t2", "t3", "t4")


def named(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), *arguments)


def any_of(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


WAYS = st.lists(st.tuples(any_of(CONTENTS), any_of((0.0, 0.1, -0.2))), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        named("store", any_of(CONTENTS), any_of(GOALS), any_of(REWARDS)),
        named("way", any_of(GOALS), WAYS, any_of(REWARDS), st.booleans()),
        named("way", any_of(GOALS), WAYS, any_of(REWARDS), st.booleans()),
        named("error", any_of((0.0, 0.001, -0.5, 2.0)), st.integers(1, 9)),
        named("success", st.booleans(), st.integers(1, 9)),
        named("adapt"),
        named("reset"),
        named("experience", any_of(ACTIONS), any_of(AGENTS), any_of(REWARDS)),
        named("experience", any_of(ACTIONS), any_of(AGENTS), any_of(REWARDS)),
        named("impact", st.integers(0, 2), any_of(REWARDS)),
        named("episode"),
        named("sleep"),
        named("process", any_of(CONTENTS), any_of(ACTIONS), any_of(AGENTS), any_of(REWARDS)),
        named("process", any_of(CONTENTS), any_of(ACTIONS), any_of(AGENTS), any_of(REWARDS)),
        named("mode", any_of(("online", "offline"))),
        named("force"),
        named("pass", any_of((-5.0, 60.0, 3600.0, 6 * 86400.0))),
        named("open", any_of(GOALS)),
        named("add", any_of(TASKS), st.lists(any_of(TASKS), max_size=2, unique=True), any_of((0.5, 1.0, 2.0))),
        named("add", any_of(TASKS), st.lists(any_of(TASKS), max_size=2, unique=True), any_of((0.5, 1.0, 2.0))),
        named("start", any_of(TASKS)),
        named("complete", any_of(TASKS)),
        named("fail", any_of(TASKS)),
        named("block", any_of(TASKS)),
        named("unblock"),
        named("value", any_of(TASKS), any_of((-0.5, 0.25, 1.5))),
        named("predict", any_of(TASKS)),
        named("measure", any_of(TASKS), any_of(ACTIONS)),
        named("replan", any_of(("", "too slow"))),
        named("checkpoint"),
        named("restore"),
    ),
    max_size=30,
)


class Learners:
    """Everything that learns in one session."""

    def __init__(self, config: JottyConfig, session: Session) -> None:
        self.session = session
        self.memory = HierarchicalMemory("sql", config, session)
        self.td = TDLambdaLearner(config, session, adaptive_lr=AdaptiveLearningRate(config, session))
        self.brain = Brain(config, session)
        extractor = HippocampalExtractor(config, "one", session)
        self.machine = BrainStateMachine(config, SharpWaveRippleConsolidator(config, session), extractor, session)
        self.todo = MarkovianTODO(config, session)

    @property
    def rate(self) -> AdaptiveLearningRate:
        assert self.td.adaptive_lr is not None
        return self.td.adaptive_lr

    def has(self, task: str) -> bool:
        return task in self.todo.tasks


def _way(live: Learners, goal: str, way: Sequence[tuple[str, float]], reward: float, carried: bool) -> Any:
    live.td.start_episode(goal)
    for content, step in way:
        live.td.record_access_from_hierarchical_memory(live.memory, "sql", "t", content, "semantic", step)
    hierarchy = live.memory.goal_hierarchy if carried else None
    return live.td.end_episode(reward, None, hierarchy, success=reward > 0.5)


def _process(live: Learners, content: str, action: str, agent: str, reward: float) -> Any:
    said = {"content": content, "action": action, "agent": agent, "reward": reward}
    return live.machine.process_experience(said), live.machine.get_state_summary()


def _impact(live: Learners, place: int, impact: float) -> None:
    if place < len(live.brain.hippocampus):
        live.brain.set_causal_impact(place, impact)


def _add(live: Learners, task: str, needs: list[str], priority: float) -> Any:
    before = [need for need in needs if need < task]  # so that no tasks wait for each other
    live.todo.add_task(task, f"do {task}", "a", before, priority=priority)
    return [live.todo.blocks(one) for one in live.todo.tasks]


def _restore(live: Learners) -> None:
    if live.todo.checkpoints:
        live.todo.restore_from_checkpoint(live.todo.checkpoints[-1])


def _if_there(call: Callable[[Learners, str], Any]) -> Callable[..., Any]:
    def done(live: Learners, task: str, *said: Any) -> Any:
        return call(live, task, *said) if live.has(task) else None

    return done


def _times(call: Callable[[Learners, Any], Any]) -> Callable[..., Any]:
    return lambda live, value, times: [call(live, value) for _ in range(times)]


DO: dict[str, Callable[..., Any]] = {
    "store": lambda live, content, goal, value: (
        live.memory.store(content, "semantic", {"entities": ["rows"]}, goal, value, domain="sql", task_type="t")
        and None
    ),
    "way": _way,
    "error": _times(lambda live, error: live.rate.record_td_error(error)),
    "success": _times(lambda live, success: live.rate.record_success(success)),
    "adapt": lambda live: live.rate.get_adapted_alpha(),
    "reset": lambda live: live.rate.reset(),
    "experience": lambda live, action, actor, reward: live.brain.store_experience(
        {"action": action, "actor": actor, "shapley_credit": reward}, reward
    ),
    "impact": _impact,
    "episode": lambda live: live.brain.end_of_episode(),
    "sleep": lambda live: (live.brain.trigger_consolidation(), live.brain.get_consolidated_knowledge()),
    "process": _process,
    "mode": lambda live, mode: live.machine.set_mode(mode),
    "force": lambda live: live.machine.force_sleep(),
    "pass": lambda live, seconds: None,
    "open": lambda live, goal: live.todo.open(goal),
    "add": _add,
    "start": _if_there(lambda live, task: live.todo.start_task(task)),
    "complete": _if_there(lambda live, task: live.todo.complete_task(task, {"rows": 1})),
    "fail": _if_there(lambda live, task: live.todo.fail_task(task, "no")),
    "block": _if_there(lambda live, task: live.todo.block_task(task)),
    "unblock": lambda live: live.todo.unblock_ready_tasks(),
    "value": _if_there(lambda live, task, *said: live.todo.update_q_value(task, said[0], said[0])),
    "predict": _if_there(lambda live, task: live.todo.predict_next(task, "t1", 2.5)),
    "measure": _if_there(lambda live, task, *said: live.todo.record_intermediary_values(task, {said[0]: 1})),
    "replan": lambda live, why: live.todo.replan(why),
    "checkpoint": lambda live: live.todo.checkpoint(),
    "restore": _restore,
}


class History:
    """What learners did over one run or several; a step takes a second, or as long as it says."""

    def __init__(self, version: int) -> None:
        self.config = JottyConfig(
            rules_version=version,
            learning_mode=LearningMode.CONTEXTUAL,
            enable_adaptive_alpha=True,
            adaptive_window_size=12,
            alpha=0.05,
            consolidation_interval=2,
            min_episodes_before_sleep=3,
            brain_memory_threshold=0.3,
            max_hippocampus_size=3,
            max_neocortex_size=2,
            max_recent_episodes=3,
            pattern_extraction_threshold=2,
        )
        self.files = MemoryFiles()
        self.entropy = scripted_entropy()
        self.now = START
        self.said: list[Any] = []

    def go(self, steps: Sequence[Step]) -> dict[str, str]:
        """Take some steps in a run of their own, from where the last one ended; returns the digests of the states."""
        tree = Tree(self.files)
        start = tree.resolve("latest") if tree.run_ids() else None
        parent = tree.parent(start) if start else None
        rules, settings_of_run = self.config.rules_version, self.config.to_json()
        planned = plan(parent=parent, rules=rules, clock=lambda: self.now, entropy=self.entropy, config=settings_of_run)
        session = Session(READ_MODELS, clock=lambda: self.now, tree=tree, start=start, plan=planned, rules=rules)
        live = Learners(self.config, session)
        for name, *arguments in steps:
            self.now += arguments[0] if name == "pass" else 1.0
            self.said.append((DO[name](live, *arguments), self.told(live)))
        session.close("closed")
        found = digests(READ_MODELS, session.states)
        return {name: found[name] for name in ("brain", "goals", "memory", "todos")}

    def told(self, live: Learners) -> Any:
        """Return what can be asked of all of them."""
        todo, brain = live.todo, live.brain
        task = todo.get_next_task()
        return (
            None if task is None else task.task_id,
            todo.to_dict(),
            todo.should_replan(10.0),
            todo.get_state_summary(),
            brain.get_statistics(),
            [one.nth for one in brain.hippocampus],
            [one.text for one in brain.neocortex],
            live.rate.td_errors,
            live.rate.alpha,
            live.td.get_learned_context(live.memory.memories, "one") if self.config.rules_version > 1 else None,
        )


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 30), st.sampled_from((1, 2)))
def test_replayed_learners_go_on_as_the_uninterrupted_ones(steps: list[Step], cut: int, version: int) -> None:
    """Wherever a history is cut, what follows says and leaves the same, the order of everything included."""
    whole, parts = History(version), History(version)
    once = whole.go(steps)
    parts.go(steps[:cut])
    again = parts.go(steps[cut:])
    assert parts.said == whole.said
    assert again == once


@settings(max_examples=40, deadline=None)
@given(STEPS, st.sampled_from((1, 2)))
def test_what_learners_record_is_what_their_rules_conclude(steps: list[Step], version: int) -> None:
    """Every event is concluded again, from its own fields and the state before it, by the version that wrote it."""
    history = History(version)
    history.go(steps)
    found = verify(Tree(history.files), deep=partial(deep, ()))
    assert (list(found), found.notes) == ([], [])
