"""A short file says the same, whoever reads it: the import of its folder, or the learner that loads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from importing import BRAIN, SHARED_MEMORY, TODO, Q, imported, tree
from said_of_states import as_imported, known
from stage import conductor

from jotty_events import Conductor, History

TRACE = {"content": {"action": "count"}, "reward": 0.25, "timestamp": 7.0}
CREDITED = {"content": {"action": "count", "shapley_credit": 0.8}, "reward": 0.25, "timestamp": 7.0}
PATTERN = {"abstract_lesson": "✅ 'count' tends to succeed (reward: 0.95)", "created_at": 3.0, "strength": 2.0}
SILENT = {"abstract_lesson": "counting may help", "created_at": 3.0, "strength": 2.0}
MEMORY = {"content": "use dt", "created_at": "2023-11-14T22:16:30", "goal_values": {"g": {"value": 0.75}}}
STEP = {"state_desc": "s", "action_desc": "a", "reward": 1.0, "state": "as text", "next_state": {}}

SHORT: dict[str, tuple[str, dict[str, Any]]] = {
    "experience": (BRAIN, {"hippocampus": [TRACE], "neocortex": []}),
    "credited": (BRAIN, {"hippocampus": [CREDITED], "neocortex": []}),
    "pattern": (BRAIN, {"hippocampus": [], "neocortex": [PATTERN]}),
    "silent pattern": (BRAIN, {"hippocampus": [], "neocortex": [SILENT]}),
    "dated": (BRAIN, {"hippocampus": [TRACE | {"timestamp": "2023-11-14T22:16:30"}], "neocortex": []}),
    "memory": (SHARED_MEMORY, {"agent_name": "shared", "memories": {"semantic": {"sql:join:1": MEMORY}}}),
    "link": (
        SHARED_MEMORY,
        {"agent_name": "shared", "memories": {}, "causal_links": {"l": {"cause": "c", "effect": "e"}}},
    ),
    "goal": (
        SHARED_MEMORY,
        {
            "agent_name": "shared",
            "memories": {},
            "goal_hierarchy": {"nodes": {"g": {"goal_id": "g", "goal_text": "count", "domain": None}}},
        },
    ),
    "value": (Q, {"q_table": {"s|||a": {"value": 0.25}}, "experience_buffer": []}),
    "step": (Q, {"q_table": {}, "experience_buffer": [STEP]}),
    "told step": (Q, {"q_table": {}, "experience_buffer": [STEP | {"next_state_desc": "done"}]}),
    "task": (TODO, {"todo_id": "t", "root_task": "r", "subtasks": {"a": {"description": "d", "status": "pending"}}}),
    "result": (
        TODO,
        {
            "todo_id": "t",
            "root_task": "r",
            "subtasks": {"a": {"description": "d", "status": "completed", "result": ["any", "value"]}},
        },
    ),
}


def load(live: Conductor, file: str, said: dict[str, Any]) -> None:
    learners = {BRAIN: live.brain, SHARED_MEMORY: live.shared_memory, Q: live.q_predictor, TODO: live.todo}
    learners[file].load_saved(json.loads(json.dumps(said)))


def told(state: Any) -> dict[str, Any]:
    """Return what a state knows, without what only one of the two ways can know: when the list was opened."""
    said = as_imported(known(state))
    return {**said, "todo": {**said["todo"], "list": said["todo"]["list"][:2]}}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_file_is_the_same_to_all_who_read_it(name: str, tmp_path: Path) -> None:
    """What a file leaves out has one default, on the way of an import as on that of a load."""
    file, said = SHORT[name]
    imported(tmp_path / "out", tree(tmp_path / "from", {file: said}))
    live = conductor(None)
    load(live, file, said)
    assert told(History(tmp_path / "out").at()) == told(live.state)


def test_what_nobody_says_is_unknown_and_no_half(tmp_path: Path) -> None:
    """A pattern without a reward has none (M19); an experience of unknown novelty is like nothing else (RULES R5)."""
    said = {"hippocampus": [TRACE], "neocortex": [PATTERN, SILENT]}
    imported(tmp_path / "out", tree(tmp_path / "from", {BRAIN: said}))
    brain = History(tmp_path / "out").at().brain
    assert [(one.kind, one.reward) for one in brain.neocortex] == [("success", 0.95), ("mixed", None)]
    assert [(one.novelty, one.causal_impact) for one in brain.hippocampus] == [(1.0, 0.0)]
