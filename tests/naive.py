"""What the read models should hold after a log, said a second time: plain dictionaries, one small function per event.

Slow and without any of the machinery under test. Imported entries are left out: they are tested by themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from jotty_events import events as ev
from projections import READ_MODELS
from projections.rows import Rows

Key = tuple[Any, ...]
Tables = dict[str, dict[Key, Any]]

CHILDREN = {
    "memory.entries": ("memory.goal_values",),
    "q_table.entries": ("q_table.td_errors", "q_table.lessons"),
    "todos.tasks": ("todos.reasons",),
}
LAST = {"q_table.td_errors": 20, "q_table.lessons": 5, "todos.reasons": 20}


def tables_after(log: Iterable[Iterable[ev.Event]]) -> Tables:
    """Return the rows of all tables by key, each row as a dictionary; tables without rows are left out."""
    tables: Tables = defaultdict(dict)
    for commit in log:
        for event in commit:
            if type(event) in EFFECTS:
                EFFECTS[type(event)](tables, event)
    return {name: rows for name, rows in tables.items() if rows}


def tables_of(states: dict[str, dict[str, Rows]]) -> Tables:
    """Return the same of states that the read models made."""
    found = {f"{model.name}.{name}": _named(rows) for model in READ_MODELS for name, rows in states[model.name].items()}
    return {name: rows for name, rows in found.items() if rows}


def _named(rows: Rows) -> dict[Key, Any]:
    if rows.table.keep is not None:
        return dict(rows.items())
    names = [column.name for column in rows.table.columns]
    return {key: dict(zip(names, row, strict=True)) for key, row in rows.items()}


def same(event: Any, *names: str) -> dict[str, Any]:
    """Return fields that a row has under the same names."""
    return {name: getattr(event, name) for name in names}


def drop(tables: Tables, table: str, key: Key = ()) -> None:
    """Take away what lies under a key, in a table and in those below it."""
    for name in (table, *CHILDREN.get(table, ())):
        tables[name] = {other: row for other, row in tables[name].items() if other[: len(key)] != key}


def update(tables: Tables, table: str, key: Key, **cells: Any) -> None:
    if key in tables[table]:
        tables[table][key] = tables[table][key] | cells


def push(tables: Tables, table: str, key: Key, item: Any) -> None:
    if item is not None:
        tables[table][key] = [*tables[table].get(key, []), item][-LAST[table] :]


def order(tables: Tables, table: str, key: str, ids: list[Any] | None) -> None:
    if ids is not None:
        tables[table][key,] = {"ids": ids}


# Memory.


def place(event: Any) -> Key:
    return event.owner, event.level, event.key


def stored(tables: Tables, event: ev.MemoryStored) -> None:
    taken = same(event, "content", "context", "domain", "task_type", "agent", "default_value", "token_count", "nth")
    tables["memory.entries"][place(event)] = {
        **taken,
        **same(event, "content_hash", "outcome"),
        **dict.fromkeys(("created", "last_accessed"), event.now),
        "source_episode": event.episode,
        "access_count": 0,
        "ucb_visits": 0,
        "protected": False,
        "protection_reason": "",
        "similar_entries": None,
    }
    tables["memory.goal_values"][*place(event), event.goal] = {
        "value": event.default_value,
        "access_count": 0,
        "updated": event.now,
        "nth": event.goal_nth,
    }


def accessed(tables: Tables, event: ev.MemoryAccessed) -> None:
    update(tables, "memory.entries", place(event), **same(event, "access_count", "ucb_visits"), last_accessed=event.now)
    tables["memory.accesses"][event.owner,] = {"total": event.total_accesses}


def repeated(tables: Tables, event: ev.MemoryRepeated) -> None:
    update(tables, "memory.entries", place(event), access_count=event.access_count, last_accessed=event.now)
    tables["memory.accesses"][event.owner,] = {"total": event.total_accesses}


def merged(tables: Tables, event: ev.MemoryMerged) -> None:
    cells = same(event, "similar_entries", "access_count")
    update(tables, "memory.entries", place(event), **cells, last_accessed=event.now)


def protected(tables: Tables, event: ev.MemoryProtected) -> None:
    update(tables, "memory.entries", place(event), protected=event.protected, protection_reason=event.reason)


def consolidated(tables: Tables, event: ev.MemoryConsolidated) -> None:
    tables["memory.consolidations"][event.owner,] = {"count": event.count, "time": event.now}


def valued(tables: Tables, event: ev.ValueUpdated) -> None:
    update(tables, "memory.entries", place(event), default_value=event.default_after)
    tables["memory.goal_values"][*place(event), event.goal] = {
        "value": event.after,
        "access_count": event.access_count,
        "updated": event.now,
        "nth": event.goal_nth,
    }


def linked(tables: Tables, event: ev.CausalLinked) -> None:
    says = same(event, "cause", "effect", "confidence", "conditions", "exceptions", "domain", "nth")
    proof = same(event, "supporting", "contradicting", "transferable")
    tables["memory.links"][event.owner, event.link] = says | proof


def adapted(tables: Tables, event: ev.AlphaAdapted) -> None:
    model = {"td": "memory", "q": "q_table"}.get(event.learner)
    if model is not None:
        tables[f"{model}.parameters"]["alpha",] = {"value": event.after}


# The Q-table.


def updated(tables: Tables, event: ev.QUpdated) -> None:
    key = event.state, event.action
    tables["q_table.entries"][key] = {
        **same(event, "visits", "average_reward", "created", "nth"),
        "value": event.after,
        "updated": event.now,
    }
    push(tables, "q_table.td_errors", key, event.td_error)
    push(tables, "q_table.lessons", key, event.lesson)


def pruned(tables: Tables, event: ev.QPruned) -> None:
    drop(tables, "q_table.entries", (event.state, event.action))
    tables["q_table.tiers"].pop((event.nth,), None)


def added(tables: Tables, event: ev.ExperienceAdded) -> None:
    texts = same(event, "state", "action", "next_state", "state_data", "action_data", "next_state_data")
    numbers = same(event, "reward", "done", "error", "priority", "nth")
    tables["q_table.experiences"][event.nth,] = texts | numbers | {"time": event.now}


def evicted(tables: Tables, event: ev.ExperienceEvicted) -> None:
    tables["q_table.experiences"].pop((event.nth,), None)
    order(tables, "q_table.order", "buffer", event.order)


def tiered(tables: Tables, event: ev.TiersAssigned) -> None:
    if event.whole:
        tables["q_table.tiers"].clear()
    for move in event.moves:
        tables["q_table.tiers"][move.nth,] = same(move, "tier", "rank")
    if event.clusters is not None:
        tables["q_table.clusters"] = {(one.name,): same(one, "centroid", "members") for one in event.clusters}
    tables["q_table.tiering"]["all",] = same(event, "threshold", "last_reward", "without_improvement")


# The brain.


def encoded(tables: Tables, event: ev.ExperienceEncoded) -> None:
    taken = same(event, "content", "tags", "reward", "causal_impact", "novelty", "strength", "episode", "nth")
    tables["brain.hippocampus"][event.nth,] = taken | {"replays": 0, "time": event.now}
    tables["brain.expectation"]["brain",] = {"reward": event.expected_reward}


def forgotten(tables: Tables, event: ev.ExperienceForgotten) -> None:
    tables["brain.hippocampus"].pop((event.nth,), None)
    order(tables, "brain.order", "hippocampus", event.order)


def learned(tables: Tables, event: ev.PatternLearned) -> None:
    taken = same(event, "kind", "text", "tags", "reward", "strength", "sources", "nth")
    tables["brain.neocortex"][event.nth,] = taken | {"created": event.now, "reinforced": event.now}


def unlearned(tables: Tables, event: ev.PatternForgotten) -> None:
    tables["brain.neocortex"].pop((event.nth,), None)
    order(tables, "brain.order", "neocortex", event.order)


def slept(tables: Tables, event: ev.ConsolidationDone) -> None:
    tables["brain.sleep"]["brain",] = {"count": event.count, "episode": event.episode, "time": event.now}
    tables["brain.waking"]["brain",] = {"episodes_since_sleep": 0}


def woken(tables: Tables, event: ev.WakeCounted) -> None:
    tables["brain.waking"]["brain",] = {"episodes_since_sleep": event.episodes_since_sleep}


# Tasks, goals and episodes.


def opened(tables: Tables, event: ev.TodoOpened) -> None:
    drop(tables, "todos.tasks")
    tables["todos.order"].clear()
    tables["todos.list"]["list",] = {"todo": event.todo, "root_task": event.root_task, "opened": event.now}


def task_added(tables: Tables, event: ev.TaskAdded) -> None:
    says = same(event, "description", "assignee", "depends_on", "max_attempts", "nth")
    guesses = same(event, "priority", "estimated_reward", "confidence")
    later = dict.fromkeys(("error", "reward", "result", "started", "completed"))
    tables["todos.tasks"][event.task,] = says | guesses | later | {"status": "pending", "attempts": 0}


def task(**cells: Any) -> Callable[[Tables, Any], None]:
    """Return the effect of an event that sets a task's cells; a callable is given the event."""

    def effect(tables: Tables, event: Any) -> None:
        values = {name: one(event) if callable(one) else one for name, one in cells.items()}
        update(tables, "todos.tasks", (event.task,), **values)

    return effect


def task_failed(tables: Tables, event: ev.TaskFailed) -> None:
    update(tables, "todos.tasks", (event.task,), **same(event, "status", "error"))
    push(tables, "todos.reasons", (event.task,), event.error)


def goal_added(tables: Tables, event: ev.GoalAdded) -> None:
    says = same(event, "goal", "parent", "domain", "operation_type", "entities", "nth")
    tables["goals.nodes"][event.owner, event.goal_id] = says | {"episode_count": 0, "success_rate": 0.5}


def goal_scored(tables: Tables, event: ev.GoalScored) -> None:
    update(tables, "goals.nodes", (event.owner, event.goal_id), **same(event, "episode_count", "success_rate"))


def episode_started(tables: Tables, event: ev.EpisodeStarted) -> None:
    later = dict.fromkeys(("success", "reward", "attempts", "ended"))
    says = same(event, "run", "goal", "domain")
    tables["episodes.episodes"][event.episode,] = says | later | {"status": "running", "started": event.now}


def episode_ended(tables: Tables, event: ev.EpisodeEnded) -> None:
    cells = same(event, "status", "success", "reward", "attempts")
    update(tables, "episodes.episodes", (event.episode,), **cells, ended=event.now)


EFFECTS: dict[type[Any], Callable[[Tables, Any], None]] = {
    ev.MemoryStored: stored,
    ev.MemoryAccessed: accessed,
    ev.MemoryRepeated: repeated,
    ev.MemoryMerged: merged,
    ev.MemoryEvicted: lambda tables, event: drop(tables, "memory.entries", place(event)),
    ev.MemoryProtected: protected,
    ev.MemoryConsolidated: consolidated,
    ev.ValueUpdated: valued,
    ev.CausalLinked: linked,
    ev.AlphaAdapted: adapted,
    ev.QUpdated: updated,
    ev.QPruned: pruned,
    ev.ExperienceAdded: added,
    ev.ExperienceEvicted: evicted,
    ev.TiersAssigned: tiered,
    ev.ExperienceEncoded: encoded,
    ev.ExperienceForgotten: forgotten,
    ev.TraceReplayed: lambda tables, event: update(
        tables, "brain.hippocampus", (event.nth,), **same(event, "replays", "strength")
    ),
    ev.PatternLearned: learned,
    ev.PatternReinforced: lambda tables, event: update(
        tables, "brain.neocortex", (event.nth,), **same(event, "strength", "sources"), reinforced=event.now
    ),
    ev.PatternForgotten: unlearned,
    ev.ConsolidationDone: slept,
    ev.WakeCounted: woken,
    ev.TodoOpened: opened,
    ev.TaskAdded: task_added,
    ev.TaskStarted: task(status="in_progress", attempts=lambda e: e.attempts, started=lambda e: e.now),
    ev.TaskCompleted: task(
        status="completed", reward=lambda e: e.reward, result=lambda e: e.result, completed=lambda e: e.now
    ),
    ev.TaskFailed: task_failed,
    ev.TaskSkipped: task(status="skipped"),
    ev.TaskBlocked: task(status=lambda e: "blocked" if e.blocked else "pending"),
    ev.TodoReplanned: lambda tables, event: order(tables, "todos.order", "list", event.order),
    ev.GoalAdded: goal_added,
    ev.GoalScored: goal_scored,
    ev.EpisodeStarted: episode_started,
    ev.EpisodeEnded: episode_ended,
}
