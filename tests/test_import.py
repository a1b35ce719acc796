"""What the original left is imported: all of its trees, as ordinary runs of ordinary events."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from columns import columns_of
from hypothesis import given
from hypothesis import strategies as st
from importing import (
    BRAIN,
    SHARED_MEMORY,
    TODO,
    Q,
    bytes_below,
    entry,
    events_in,
    imported,
    memory_file,
    q_file,
    tree,
)
from original_trees import SESSION, VAULT, document, unpack
from said_of_states import brain, known
from stage import START, conductor, ticking

from jotty_events import History, State
from jotty_events.cli import main
from jotty_events.errors import InvalidEvent, WriteFailed
from jotty_events.events import EntryImported, Imported, RunEnded, RunStarted
from jotty_events.events.importable import TABLES
from jotty_events.legacy.importing import state as followed
from jotty_events.legacy.importing import writing
from jotty_events.legacy.importing.document import Document, Opened
from jotty_events.log.files import DiskFiles
from jotty_events.reading.replay import Replay, digests
from jotty_events.record import Record
from jotty_events.rules.dates import as_seconds
from jotty_events.runs import drafts
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunPlan, RunWriter
from projections import READ_MODELS

OWNERS = ("shared", "BusinessTermResolver", "SQLGenerator", "Validator")


def state_of(output: Path, point: str = "latest") -> State:
    return History(output).at(point)


def taken_in(tmp_path: Path, files: dict[str, Any], **more: Any) -> State:
    imported(tmp_path / "out", tree(tmp_path / "from", files), **more)
    return state_of(tmp_path / "out")


# The reference trees.


def require_q_table(state: State, said: dict[str, Any]) -> None:
    table, names = state.q_table, {}
    for key, one in said["q_table"].items():
        found = table[tuple(key.split("|||", 1))]
        names[found.nth] = key
        assert (found.value, found.visits, found.average_reward) == (
            one["value"],
            one["visit_count"],
            one["avg_reward"],
        )
        assert (found.td_errors, found.lessons) == (one["td_errors"], one["learned_lessons"])
        assert (found.created, found.updated) == (one["created_at"], one["last_updated"])
    assert list(names.values()) == list(said["q_table"])
    by_tier: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for nth, tier in table.tiers().items():
        by_tier[tier].append(names[nth])
    assert (by_tier[1], by_tier[3]) == (said["tier1_working"], said["tier3_archive"])
    clusters = {one.name: [names[nth] for nth in one.members] for one in table.clusters.values()}
    assert clusters == {name: one["members"] for name, one in said["tier2_clusters"].items()}
    assert table.tiering is not None
    assert (table.tiering.threshold, table.tiering.last_reward) == (
        said["tier1_threshold"],
        said["last_episode_reward"],
    )
    assert [table.parameter(name) for name in ("alpha", "gamma", "epsilon")] == [0.1, 0.99, 0.1]


def require_buffer(state: State, said: dict[str, Any]) -> None:
    found = [
        (one.state, one.action, one.reward, one.time, one.priority, one.error, one.state_data, one.next_state)
        for one in state.q_table.experiences
    ]
    names = ("state_desc", "action_desc", "reward", "timestamp", "priority", "td_error", "state", "next_state_desc")
    assert found == [tuple(one[name] for name in names) for one in said["experience_buffer"]]


def require_memory(state: State, owner: str, said: dict[str, Any]) -> None:
    owned = state.memory[owner]
    for level, entries in said["memories"].items():
        assert list(owned[level]) == list(entries)
        for key, one in entries.items():
            found = owned[level][key]
            assert (found.content, found.context, found.default_value) == (
                one["content"],
                one["context"],
                one["default_value"],
            )
            assert (found.access_count, found.protected) == (one["access_count"], one["is_protected"])
            assert found.created == as_seconds(one["created_at"])
            values = {goal: (value.value, value.access_count) for goal, value in found.goal_values.items()}
            assert values == {goal: (v["value"], v["access_count"]) for goal, v in one["goal_values"].items()}
    links = {key: (one.cause, one.effect, one.confidence, one.conditions) for key, one in owned.links.items()}
    names = ("cause", "effect", "confidence", "conditions")
    assert links == {key: tuple(one[name] for name in names) for key, one in said["causal_links"].items()}
    goals = {key: (one.goal, one.episode_count, one.entities) for key, one in state.goals[owner].items()}
    nodes = said["goal_hierarchy"]["nodes"]
    assert goals == {key: (one["goal_text"], one["episode_count"], one["entities"]) for key, one in nodes.items()}


def test_the_tree_of_the_classes_is_taken_in_whole(tmp_path: Path) -> None:
    """Every value of every file that the original's classes wrote is in the state; nothing is wrong with the run."""
    report = imported(tmp_path / "out", unpack(tmp_path, "direct"))
    state = state_of(tmp_path / "out")
    require_q_table(state, document("direct/q_predictor.json"))
    require_buffer(state, document("direct/q_predictor.json"))
    require_memory(state, "shared", document("direct/shared_memory.json"))
    for owner in OWNERS[1:]:
        require_memory(state, owner, document(f"direct/local_memories/{owner}.json"))
    assert sorted(state.memory) == sorted(OWNERS)
    assert (report.problem_count, report.passed, len(report.runs)) == (0, [], 1)
    history = History(tmp_path / "out")
    assert (list(history.check()), list(history.verify(deep=True))) == ([], [])


def test_the_tree_of_the_session_manager_is_taken_in_under_its_own_names(tmp_path: Path) -> None:
    """Other folders and names than the vault's (P5), the settings, and the task list in words are read as well."""
    imported(tmp_path / "out", unpack(tmp_path, "session"))
    state = state_of(tmp_path / "out")
    require_q_table(state, document(f"{SESSION}/q_tables/q_predictor.json"))
    require_memory(state, "Validator", document(f"{SESSION}/memories/agent_memories/Validator.json"))
    said = document(f"{SESSION}/brain_state/consolidated.json")
    traces = [(one.content, one.reward, one.strength, one.replays, one.novelty) for one in state.brain.hippocampus]
    names = ("content", "reward", "strength", "replay_count", "novelty_score")
    assert traces == [tuple(one[name] for name in names) for one in said["hippocampus"]]
    patterns = [(one.text, one.strength, one.sources, one.tags) for one in state.brain.neocortex]
    of_pattern = ("abstract_lesson", "strength", "source_count", "tags")
    assert patterns == [tuple(one[name] for name in of_pattern) for one in said["neocortex"]]
    kept = {one.kind: one.unknown for one in events_in(tmp_path / "out", Imported) if one.unknown}
    assert kept["settings"]["lambda_trace"] == 0.95
    assert kept["todo_text"]["text"].startswith("### TODO State")


def test_the_tree_of_the_vault_is_taken_in_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    """Empty memories (P1) and a buffer without a table (P2) are told; the task list and the episode are read."""
    report = imported(tmp_path / "out", unpack(tmp_path, "vault"))
    state = state_of(tmp_path / "out")
    assert (sum("(P1)" in note for note in report.notes), sum("(P2)" in note for note in report.notes)) == (4, 1)
    require_buffer(state, document(f"{VAULT}/q_tables/q_predictor_buffer.json"))
    said = document(f"{VAULT}/markovian_todos/todo_state.json")
    tasks = [(one.task_id, one.description, one.status, one.attempts, one.error) for one in state.todos.ordered()]
    listed = [said["subtasks"][name] for name in said["execution_order"]]
    assert tasks == [(t["task_id"], t["description"], t["status"], t["attempts"], t["error"]) for t in listed]
    assert (state.todos.todo_id, state.todos.current_task_id) == (said["todo_id"], "t1")
    assert state.todos["t0"].said_to_block == ["t1"] * 4
    assert state.todos["t0"].completed == as_seconds("2023-11-14T22:18:17.500000")
    assert [(one.episode, one.attempts, one.ended) for one in state.episodes.values()] == [(3, 5, 1700000310.5)]
    (episode,) = [one for one in events_in(tmp_path / "out", EntryImported) if one.projection == "episodes"]
    assert episode.row["unknown"]["trajectory"] == document(f"{VAULT}/episode_history/episode_3.json")["trajectory"]


def test_the_text_of_a_brain_is_read_as_the_lists_that_it_was(tmp_path: Path) -> None:
    """The vault writes a brain as text (P3): it comes back as the lists of the session manager do."""
    imported(tmp_path / "one", unpack(tmp_path, "vault"))
    imported(tmp_path / "other", unpack(tmp_path, "session"))
    text, lists = brain(state_of(tmp_path / "one")), brain(state_of(tmp_path / "other"))
    assert (text["traces"], text["patterns"]) == (lists["traces"], lists["patterns"])
    assert {one["kind"] for one in text["patterns"]} == {"success", "failure", "mixed"}
    assert text["slept"] == (3, 0, 0, 0)


def test_an_import_is_an_ordinary_run_that_the_next_one_continues(tmp_path: Path) -> None:
    """It starts and ends like any run, is replayed to the digests that it says, and is what a conductor starts from."""
    report = imported(tmp_path / "out", unpack(tmp_path, "session"))
    run = report.runs[0].run
    (started,), (ended,) = events_in(tmp_path / "out", RunStarted), events_in(tmp_path / "out", RunEnded)
    assert (started.run, started.mode, ended.status) == (run, "import", "imported")
    replay = Replay(READ_MODELS)
    replay.run(Tree(DiskFiles(tmp_path / "out")).lineage(Point(run, report.runs[0].records)).records())
    assert ended.digests == digests(READ_MODELS, replay.result.states)
    times = [kept.record.at for kept in History(tmp_path / "out").records()]
    assert times == sorted(times)
    with conductor(tmp_path / "out", clock=ticking(START + 9.0)) as live:
        assert live.start == Point(run, report.runs[0].records)
        require_memory(live.state, "shared", document("direct/shared_memory.json"))
        assert live.run_sync("Count P2P transactions").success
    assert list(History(tmp_path / "out").verify(deep=True)) == []


def test_importing_the_same_folder_twice_changes_nothing(tmp_path: Path) -> None:
    """The digests of the files say that they are there already: not a byte is written."""
    folder = unpack(tmp_path, "session")
    imported(tmp_path / "out", folder)
    before = bytes_below(tmp_path / "out")
    report = imported(tmp_path / "out", folder)
    assert (report.runs, report.before) == ([], ["run_20231114_221840"])
    assert bytes_below(tmp_path / "out") == before


def test_what_is_imported_was_read_once_more_when_it_was_packed(tmp_path: Path) -> None:
    """Packed, an import is still known, and has the state that it had."""
    folder = unpack(tmp_path, "session")
    imported(tmp_path / "out", folder)
    before = known(state_of(tmp_path / "out"))
    History(tmp_path / "out").pack()
    assert imported(tmp_path / "out", folder).runs == []
    assert known(state_of(tmp_path / "out")) == before


def test_what_a_conductor_learned_survives_export_and_import(tmp_path: Path) -> None:
    """All that a state knows comes back from the files that it was exported to, in the same order (P9, P13, P14)."""
    with conductor(tmp_path / "first", max_attempts=3) as live:
        for goal in ("Count P2P transactions", "Count refunds", "Count P2P transactions"):
            live.run_sync(goal)
    History(tmp_path / "first").export("latest", tmp_path / "files")
    report = imported(tmp_path / "second", tmp_path / "files")
    assert report.problem_count == 0
    before, after = known(state_of(tmp_path / "first")), known(state_of(tmp_path / "second"))
    assert {name for name in before if after.get(name) != before[name]} == set()


# Many runs.


def test_several_runs_follow_each_other_in_the_order_of_their_recorded_times(tmp_path: Path) -> None:
    """The times in the files count, and names only where there is none; each run is a point of its own."""
    folder = tmp_path / "from"
    for name, value, time in (("run_c", 0.1, 100.0), ("run_a", 0.3, 300.0), ("run_b", 0.2, 200.0)):
        tree(folder, {Q: q_file(("s|||a", {"value": value, "last_updated": time}))}, name)
    report = imported(tmp_path / "out", folder)
    assert [one.folder for one in report.runs] == ["run_c", "run_b", "run_a"]
    points = [state_of(tmp_path / "out", text).q_table["s", "a"].value for text in ("latest~2", "latest~1", "latest")]
    assert points == [0.1, 0.2, 0.3]
    assert History(tmp_path / "out").tree.latest().run == report.runs[-1].run  # type: ignore[union-attr]
    assert list(History(tmp_path / "out").verify(deep=True)) == []


def test_a_later_run_takes_the_place_of_what_it_speaks_of_and_of_nothing_else(tmp_path: Path) -> None:
    """An entry is replaced with all that belongs to it; what only an earlier run knew stays (P2, P4)."""
    folder = tmp_path / "from"
    old = {"last_updated": 1.0, "td_errors": [0.1, 0.2], "learned_lessons": ["old"]}
    step = {"state_desc": "s", "action_desc": "a", "reward": 1.0, "timestamp": 1.0}
    tree(
        folder,
        {
            Q: q_file(("s|||a", old), ("s|||b", old), experience_buffer=[step], tier1_working=["s|||a", "s|||b"]),
            SHARED_MEMORY: memory_file(x=entry(goal_values={"g": {"value": 0.1}, "h": {"value": 0.2}}), y=entry()),
            TODO: {"root_task": "first", "subtasks": {"t": {"description": "d", "failure_reasons": ["no"]}}},
        },
        "run_1",
    )
    new = {"last_updated": 2.0, "td_errors": [0.3], "value": 0.9}
    tree(
        folder,
        {
            Q: q_file(("s|||a", new), experience_buffer=[{**step, "priority": 0.25}], tier1_working=["s|||a"]),
            SHARED_MEMORY: memory_file(x=entry(goal_values={"g": {"value": 0.3}}, last_accessed="2024-01-01T00:00:00")),
            TODO: {"root_task": "second", "subtasks": {"u": {}}, "timestamp": 5.0},
        },
        "run_2",
    )
    imported(tmp_path / "out", folder)
    state = state_of(tmp_path / "out")
    assert (state.q_table["s", "a"].value, state.q_table["s", "a"].td_errors) == (0.9, [0.3])
    assert state.q_table["s", "a"].lessons == []
    assert state.q_table["s", "b"].lessons == ["old"]
    assert [(one.nth, one.priority) for one in state.q_table.experiences] == [(0, 0.25)]
    assert [state.q_table["s", action].tier for action in "ab"] == [1, 0]
    entries = state.memory["shared"]["semantic"]
    assert {key: dict(one.to_dict()["goal_values"]) for key, one in entries.items()} == {
        "sql:join:x": {"g": 0.3},
        "sql:join:y": {},
    }
    assert (state.todos.root_task, list(state.todos)) == ("second", ["u"])
    assert state_of(tmp_path / "out", "latest~1").todos["t"].failure_reasons == ["no"]
    History(tmp_path / "out").pack()
    assert known(state_of(tmp_path / "out")) == known(state)
    assert list(History(tmp_path / "out").verify(deep=True)) == []


def test_a_buffer_that_the_vault_saved_leaves_the_table_as_it_is(tmp_path: Path) -> None:
    """A later folder whose Q file holds the buffer alone takes no entry away (P2), and empty memories none (P1)."""
    folder = tmp_path / "from"
    tree(folder, {Q: q_file(("s|||a", {"last_updated": 1.0})), SHARED_MEMORY: memory_file(x=entry())}, "run_1")
    vault = {"metadata": {"name": "shared", "total_memories": 0, "timestamp": 2e9}}
    tree(folder, {Q: {"experience_buffer": [], "buffer_size": 0, "timestamp": 2e9}, SHARED_MEMORY: vault}, "run_2")
    imported(tmp_path / "out", folder)
    state = state_of(tmp_path / "out")
    assert (len(state.q_table), len(state.memory["shared"]["semantic"])) == (1, 1)


def test_a_run_of_ours_is_not_read_by_the_tree_that_it_exported(tmp_path: Path) -> None:
    """A folder with a log is passed over and told: the log says all of it; `latest`, a link, is never followed (P4)."""
    folder = tmp_path / "from"
    tree(folder, {Q: q_file(("s|||a", {}))}, "run_20231114_221840")
    tree(folder, {Q: q_file(("s|||b", {}))}, "run_20231114_221841")
    (folder / "run_20231114_221841" / "run.json").write_text("{}")
    (folder / "latest").symlink_to("run_20231114_221841")
    report = imported(tmp_path / "out", folder)
    assert list(state_of(tmp_path / "out").q_table) == [("s", "a")]
    assert report.notes == ["run_20231114_221841 is a run of jotty-events: its own log says all of it"]


# Keys, names, and what nobody knows.


def test_a_key_that_could_be_split_elsewhere_is_told(tmp_path: Path) -> None:
    """The first separator parts the texts, as in the original, and the report says that it was a choice (P10)."""
    folder = tree(tmp_path / "from", {Q: q_file(("s|||t|||a", {}), ("s||||a", {}), ("plain|||a", {}), ("alone", {}))})
    report = imported(tmp_path / "out", folder)
    assert list(state_of(tmp_path / "out").q_table) == [("s", "t|||a"), ("s", "|a"), ("plain", "a"), ("alone", "")]
    told = [note.partition("the key ")[2] for note in report.notes]
    assert [note.split("'")[1] for note in told] == ["s|||t|||a", "s||||a", "alone"]


def test_entries_that_stand_apart_with_both_texts_are_taken_by_these(tmp_path: Path) -> None:
    """Where a file says both texts of an entry, nothing is guessed, and the order is what it was (P10)."""
    apart = [
        {"state": "s|||t", "action": "a", "place": 1, "value": 0.75},
        {"state": "s", "action": "t|||a", "place": 3, "value": 0.25},
    ]
    said = q_file(("b|||b", {}), ("s|||t|||a", {}), ("c|||c", {}), entries_apart=apart, tier1_working=["c|||c"])
    state = taken_in(tmp_path, {Q: said})
    assert [(*key, one.value) for key, one in state.q_table.items()] == [
        ("b", "b", 0.5),
        ("s|||t", "a", 0.75),
        ("c", "c", 0.5),
        ("s", "t|||a", 0.25),
    ]
    assert [one.tier for one in state.q_table.values()] == [0, 0, 1, 0]


def test_keys_of_the_old_form_get_the_names_of_their_contexts(tmp_path: Path) -> None:
    """A hash alone was a key before there were domains; one that says what another says already is left out."""
    old = entry("told", context={"domain": "sql", "task_type": "join"})
    renamed = "sql:join:" + "e57c0e9d5a2b3a60"
    state = taken_in(tmp_path, {SHARED_MEMORY: {"memories": {"semantic": {"0123abcd": old}}}})
    (key,) = state.memory["shared"]["semantic"]
    assert key.startswith("sql:join:")
    assert len(key) == len(renamed)
    both = {"memories": {"semantic": {key: entry("told"), "0123abcd": old}}}
    report = imported(tmp_path / "again", tree(tmp_path / "both", {SHARED_MEMORY: both}))
    assert list(state_of(tmp_path / "again").memory["shared"]["semantic"]) == [key]
    assert any("0123abcd" in note for note in report.notes)


def test_an_agent_is_who_the_file_says_and_names_differ_by_case(tmp_path: Path) -> None:
    """Two agents whose names differ in nothing but case stay two (P15); an encoded file name is not the agent's."""
    files = {
        "memories/local_memories/agent.json": memory_file("agent", x=entry("small")),
        "memories/local_memories/Agent.json": memory_file("Agent", x=entry("great")),
        "memories/agent_memories/a%2Fb.json": memory_file("a/b", x=entry()),
        "memories/local_memories/shared_memory.json": memory_file(x=entry("shared, in the wrong place")),
    }
    state = taken_in(tmp_path, files)
    assert sorted(state.memory) == ["Agent", "a/b", "agent", "shared"]
    contents = [state.memory[owner]["semantic"]["sql:join:x"].content for owner in ("agent", "Agent")]
    assert contents == ["small", "great"]


def test_fields_that_nobody_knows_are_kept_in_the_log(tmp_path: Path) -> None:
    """Those of an entry stand in its imported row, those of a file in the event that names the file."""
    one = entry(colour="red", goal_values={"g": {"value": 0.1, "variance": 0.2}}, metadata={"shape": "round"})
    files = {SHARED_MEMORY: memory_file(x=one) | {"mood": ["good"]}, Q: q_file(("s|||a", {"context": [1]}), beta=2)}
    taken_in(tmp_path, files)
    rows = [event.row for event in events_in(tmp_path / "out", EntryImported) if "unknown" in event.row]
    assert [row["unknown"] for row in rows] == [
        {"colour": "red", "goal_values.g.variance": 0.2, "metadata.shape": "round"},
        {"context": [1]},
    ]
    assert [event.unknown for event in events_in(tmp_path / "out", Imported)] == [
        {"mood": ["good"]},
        {"beta": 2},
    ]


def test_the_same_step_twice_in_a_buffer_is_two_steps(tmp_path: Path) -> None:
    """Steps that say the same are not taken for one."""
    step = {"state_desc": "s", "action_desc": "a", "reward": 1.0, "timestamp": 1.0}
    state = taken_in(tmp_path, {Q: q_file(experience_buffer=[step, step, {**step, "timestamp": 2.0}])})
    assert [one.time for one in state.q_table.experiences] == [1.0, 1.0, 2.0]


def test_a_plateau_is_counted_on_where_the_file_says_how_long_it_is(tmp_path: Path) -> None:
    """The count of episodes without improvement comes back, if it was saved (P13)."""
    state = taken_in(tmp_path, {Q: q_file(("s|||a", {}), episodes_without_improvement=7, last_episode_reward=0.5)})
    assert state.q_table.tiering is not None
    assert (state.q_table.tiering.without_improvement, state.q_table.tiering.last_reward) == (7, 0.5)


def test_a_text_of_a_brain_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    """One experience that holds what no literal is hides no other; numbers of numpy are numbers."""
    text = (
        "[EpisodicMemory(content={'a': 'x, EpisodicMemory('}, reward=np.float64(0.5), timestamp=1.0),"
        " EpisodicMemory(content={'a': <object at 0x7f>}, reward=0.5), EpisodicMemory(content={}, reward=0.25)]"
    )
    folder = tree(tmp_path / "from", {BRAIN: {"hippocampus": text, "neocortex": "[]"}})
    report = imported(tmp_path / "out", folder, partial=True)
    assert 0.25 in [one.reward for one in state_of(tmp_path / "out").brain.hippocampus]
    assert any("cannot be read" in one.message for one in report.problems)
    whole = "[EpisodicMemory(content={'a': 'x, EpisodicMemory('}, reward=np.float64(0.5), timestamp=1.0)]"
    state = taken_in(tmp_path / "whole", {BRAIN: {"hippocampus": whole}})
    assert [(one.content, one.reward) for one in state.brain.hippocampus] == [({"a": "x, EpisodicMemory("}, 0.5)]


# All or nothing.


def test_a_stopped_import_is_never_continued_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written of it is a draft: not the latest, not in the line, and the next import begins anew."""
    with conductor(tmp_path / "out") as live:
        live.run_sync("Count P2P transactions")
    folder = tmp_path / "from"
    for place, name in enumerate(("run_1", "run_2")):
        tree(folder, {Q: q_file((f"s|||{name}", {"last_updated": float(place)}))}, name)
    whole, turns = writing.Writing._end, []

    def stopped(self: Any) -> None:
        turns.append(1)
        if len(turns) == 2:
            raise WriteFailed("the disk is full", file="f")
        whole(self)

    monkeypatch.setattr(writing.Writing, "_end", stopped)
    with pytest.raises(WriteFailed):
        imported(tmp_path / "out", folder)
    history = History(tmp_path / "out")
    assert history.point().run == live.run_id
    assert [run.draft for run in history.runs()] == [False, True, True]
    assert list(history.check()) == []
    with conductor(tmp_path / "out") as again:
        assert again.start is not None
        assert again.start.run == live.run_id
    monkeypatch.setattr(writing.Writing, "_end", whole)
    report = imported(tmp_path / "out", folder)
    assert (len(report.runs), report.beside) == (2, again.run_id)
    assert [run.draft for run in history.runs()][-2:] == [False, False]


@pytest.mark.parametrize("published", [1, 2])
def test_an_import_that_was_stopped_while_it_was_published_is_not_done_again(
    published: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its last run counts all of them do: older runs imported anew would stand in front of it."""
    folder = tmp_path / "from"
    for place in range(3):
        tree(folder, {Q: q_file(("s|||a", {"value": place / 4, "last_updated": float(place)}))}, f"run_{place}")
    whole = drafts._publish
    done: list[str] = []

    def stopped(files: Any, run: str) -> None:
        if len(done) == published:
            raise WriteFailed("killed", file=run)
        done.append(run)
        whole(files, run)

    monkeypatch.setattr(drafts, "_publish", stopped)
    with pytest.raises(WriteFailed):
        imported(tmp_path / "out", folder)
    monkeypatch.setattr(drafts, "_publish", whole)
    before = state_of(tmp_path / "out").q_table["s", "a"].value
    report = imported(tmp_path / "out", folder)
    assert (report.runs, report.before) == ([], ["run_0", "run_1", "run_2"])
    assert state_of(tmp_path / "out").q_table["s", "a"].value == before == 0.5


def test_while_it_is_written_an_import_is_not_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conductor that starts meanwhile takes what was there before."""
    seen: list[Any] = []
    named = writing.Writing._named

    def watching(self: Any, plan: Any) -> Any:
        seen.append((Tree(DiskFiles(tmp_path / "out")).latest(), (tmp_path / "out" / "latest").exists()))
        return named(self, plan)

    monkeypatch.setattr(writing.Writing, "_named", watching)
    taken_in(tmp_path, {Q: q_file(("s|||a", {}))})
    assert seen == [(None, False)]
    assert (tmp_path / "out" / "latest").exists()


def test_the_state_is_kept_now_and_then_and_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the state is put on disk while it is followed, its digests are those of a replay."""
    folder = unpack(tmp_path, "direct")
    imported(tmp_path / "seldom", folder)
    monkeypatch.setattr(followed, "EVERY", 100)
    monkeypatch.setattr(writing, "AT_ONCE", 60)
    imported(tmp_path / "often", folder)
    ends = [events_in(tmp_path / name, RunEnded)[0].digests for name in ("seldom", "often")]
    assert ends[0] == ends[1]
    assert list(History(tmp_path / "often").verify(deep=True)) == []
    require_q_table(state_of(tmp_path / "often"), document("direct/q_predictor.json"))


def test_progress_tells_of_every_byte_that_is_read(tmp_path: Path) -> None:
    """Each file is read twice, to look and to write; all of that is told."""
    folder = unpack(tmp_path, "direct")
    told: list[int] = []
    imported(tmp_path / "out", folder, progress=told.append)
    assert sum(told) == 2 * sum(map(len, bytes_below(folder).values()))


# Imported entries.


def test_the_tables_that_take_entries_are_those_of_the_projections() -> None:
    """What is admitted into the log is what a replay can take up."""
    assert {name: list(tables) for name, tables in TABLES.items()} == {
        model.name: [table.name for table in model.tables] for model in READ_MODELS
    }


def test_an_entry_for_an_unknown_table_is_refused_before_it_is_written(tmp_path: Path) -> None:
    """Once in the log it would stop every replay; a projection of somebody's own may have any table."""
    imported(tmp_path / "out", tree(tmp_path / "from", {Q: q_file(("s|||a", {}))}))
    history = History(tmp_path / "out")
    plan = RunPlan(clock=ticking(START + 60), entropy=bytes, rules=2, library="", mode="test")
    writer = RunWriter.create(history.tree.files, plan)
    with pytest.raises(InvalidEvent, match="memory has no such table") as caught:
        writer.append([EntryImported(projection="memory", table="nowhere", row={}, nth=0)])
    assert "entries" in caught.value.hint
    writer.append([EntryImported(projection="mine", table="nowhere", row={}, nth=0)])
    writer.close()
    assert list(history.check()) == []
    assert len(history.at(writer.run).q_table) == 0


ENTRIES = ("a", "b")


@given(
    st.lists(
        st.one_of(
            st.builds(lambda key, value: ("entries", key, {"value": value}), st.sampled_from(ENTRIES), st.just(0.5)),
            st.builds(
                lambda key, n: ("td_errors", key, {"td_error": n / 8}), st.sampled_from(ENTRIES), st.integers(0, 9)
            ),
        ),
        max_size=12,
    )
)
def test_an_imported_entry_takes_the_place_of_all_that_belonged_to_its_key(rows: list[Any]) -> None:
    """By columns as row by row: the errors of an entry are those that came after it was imported last."""
    events = [
        EntryImported(projection="q_table", table=table, row={"state": "s", "action": key, **row}, nth=0)
        for table, key, row in rows
    ]
    history = [Record(seq, 0, event) for seq, event in enumerate(events, 1)]
    model = next(one for one in READ_MODELS if one.name == "q_table")
    state = model.initial()
    for record in history:
        model.apply(state, record)
    folded = model.finish(model.fold(columns_of(history)))
    assert model.digest(folded) == model.digest(state)
    for key in ENTRIES:
        since = [row for _, name, row in rows if name == key]
        last = max((place for place, row in enumerate(since) if "value" in row), default=-1)
        errors = [row["td_error"] for row in since[last + 1 :]]
        assert list(state["td_errors"].get(("s", key)) or []) == errors


# Documents in pieces.


class Pieces:
    """A text that is given out in pieces."""

    def __init__(self, text: str, size: int) -> None:
        self._rest, self._size = text, size

    def read(self, least: int = 0, /) -> str:
        size = max(self._size, least)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(value=VALUES, size=st.integers(1, 30), depth=st.integers(0, 4), indent=st.sampled_from([None, 1]))
def test_a_document_read_in_pieces_is_the_document(value: Any, size: int, depth: int, indent: int | None) -> None:
    """Wherever the pieces part it, and however many places are opened, the values are those of the whole."""
    text = json.dumps(value, indent=indent)
    found: list[Any] = [None]
    for path, item in Document(Pieces(text, size), lambda path: len(path) < depth).items():
        one = item.kind() if isinstance(item, Opened) else item
        if not path:
            found[0] = one
            continue
        holder = found[0]
        for step in path[:-1]:
            holder = holder[step]
        if isinstance(holder, list):
            holder.append(one)
        else:
            holder[path[-1]] = one
    assert json.dumps(found[0]) == json.dumps(value)


# The command line.


def test_the_command_imports_and_says_what_it_did(tmp_path: Path) -> None:
    """People read the files of each run, scripts a document; bad files are exit code 1."""
    folder, output = tree(tmp_path / "from", {Q: q_file(("s|||a", {}))}), str(tmp_path / "out")
    done = CliRunner().invoke(main, ["import", str(folder), "--output", output])
    assert (done.exit_code, "1 entry in 1 run" in done.output) == (0, True)
    again = CliRunner().invoke(main, ["import", str(folder), "--output", output, "--json"])
    said = json.loads(again.output)
    assert (again.exit_code, said["runs"], said["before"], said["problem_count"]) == (0, [], [""], 0)
    tree(folder, {SHARED_MEMORY: memory_file(x={"content": 1}, y=entry())})
    refused = CliRunner().invoke(main, ["import", str(folder), "--output", output])
    assert refused.exit_code == 1
    assert "$.memories.semantic['sql:join:x'].content" in refused.stderr
    partial = CliRunner().invoke(main, ["import", str(folder), "--output", output, "--partial", "--json"])
    said = json.loads(partial.output)
    assert (partial.exit_code, said["entries"], said["problem_count"]) == (1, 2, 1)
