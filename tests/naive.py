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
    "todos.tasks": ("todos.reasons", "todos.blocks"),
    "todos.list": ("todos.risks", "todos.checkpoints"),
    "memory.adapting": ("memory.samples",),
}
LAST = {
    "q_table.td_errors": 20,
    "q_table.lessons": 5,
    "todos.reasons": 20,
    "todos.blocks": 1_000_000,
    "todos.risks": 1000,
    "todos.checkpoints": 100,
    "memory.samples": 1000,
    "brain.recent": 1000,
    "brain.queue": 1000,
}


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
        **same(event, "content_hash", "outcome", "causal_links", "source_episode"),
        **dict.fromkeys(("created", "last_accessed"), event.now),
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


def renamed(tables: Tables, event: ev.MemoryRenamed) -> None:
    taken = same(event, "content", "context", "domain", "task_type", "agent", "default_value", "token_count", "nth")
    kept = same(event, "content_hash", "outcome", "causal_links", "source_episode", "similar_entries", "created")
    counted = same(event, "last_accessed", "access_count", "ucb_visits", "protected", "protection_reason")
    tables["memory.entries"][place(event)] = taken | kept | counted
    for one in event.goal_values:
        cells = same(one, "value", "access_count", "updated", "nth")
        tables["memory.goal_values"][*place(one), one.goal] = cells


def retrieved(tables: Tables, event: ev.MemoriesRetrieved) -> None:
    tables["memory.accesses"][event.owner,] = {"total": event.total_accesses}


def protected(tables: Tables, event: ev.MemoryProtected) -> None:
    update(tables, "memory.entries", place(event), protected=event.protected, protection_reason=event.reason)


def consolidated(tables: Tables, event: ev.MemoryConsolidated) -> None:
    tables["memory.consolidations"][event.owner,] = {"count": event.count, "time": event.now}


def valued(tables: Tables, event: ev.ValueUpdated) -> None:
    update(tables, "memory.entries", place(event), default_value=event.default_after)
    tables["memory.goal_values"][*place(event), event.goal] = {
        "value": event.after,
        "access_count": event.access_count,
        "updated": event.updated,
        "nth": event.goal_nth,
    }


def sampled(tables: Tables, event: ev.SampleNoted) -> None:
    tables["memory.adapting"][event.learner, event.kind] = same(event, "held", "fresh")
    push(tables, "memory.samples", (event.learner, event.kind), event.value)


def linked(tables: Tables, event: ev.CausalLinked) -> None:
    says = same(event, "cause", "effect", "confidence", "conditions", "exceptions", "domain", "nth")
    proof = same(event, "supporting", "contradicting", "transferable")
    tables["memory.links"][event.owner, event.link] = says | proof


def adapted(tables: Tables, event: ev.AlphaAdapted) -> None:
    model = {"td": "memory", "q": "q_table"}.get(event.learner)
    if model is not None:
        tables[f"{model}.parameters"]["alpha",] = {"value": event.after}
    for kind in ("error", "success"):
        update(tables, "memory.adapting", (event.learner, kind), fresh=0)
        if event.cause == "reset":
            drop(tables, "memory.adapting", (event.learner, kind))


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


def reweighed(tables: Tables, event: ev.ExperienceReweighed) -> None:
    update(tables, "q_table.experiences", (event.nth,), **same(event, "error", "priority"))


def tiered(tables: Tables, event: ev.TiersAssigned) -> None:
    if event.whole:
        tables["q_table.tiers"].clear()
    for move in event.moves:
        tables["q_table.tiers"][move.nth,] = same(move, "tier", "rank")
    if event.clusters is not None:
        tables["q_table.clusters"] = {(one.name,): same(one, "rank", "centroid", "members") for one in event.clusters}
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


def judged(tables: Tables, event: ev.ExperienceJudged) -> None:
    tables["brain.filter"]["brain",] = same(event, "expected_reward", "mean", "squares", "count")
    tables["brain.seen"][event.digest,] = same(event, "nth")
    if event.let_go is not None:
        tables["brain.seen"].pop((event.let_go,), None)


def stepped(tables: Tables, event: ev.BrainStepped) -> None:
    counts = same(event, "episodes_since_sleep", "total_episodes", "total_consolidations", "held")
    tables["brain.machine"]["brain",] = same(event, "mode") | counts
    kept = {"experienced": "brain.recent", "queued": "brain.queue"}.get(event.cause)
    if kept is not None:
        push(tables, kept, ("brain",), event.experience)
    if (event.cause, event.mode) == ("set", "online"):
        tables["brain.queue"].clear()


# Tasks, goals and episodes.


def opened(tables: Tables, event: ev.TodoOpened) -> None:
    drop(tables, "todos.tasks")
    drop(tables, "todos.list")
    for name in ("order", "marks", "now", "transitions"):
        tables[f"todos.{name}"].clear()
    tables["todos.list"]["list",] = {"todo": event.todo, "root_task": event.root_task, "opened": event.now}


def task_added(tables: Tables, event: ev.TaskAdded) -> None:
    drop(tables, "todos.tasks", (event.task,))
    says = same(event, "description", "assignee", "depends_on", "max_attempts", "estimated_duration", "nth")
    guesses = same(event, "priority", "estimated_reward", "confidence")
    later = dict.fromkeys(("error", "reward", "result", "started", "completed", "measured"))
    predicted = dict.fromkeys(("predicted_next_task", "predicted_duration", "predicted_reward"))
    begun = {"status": "pending", "attempts": 0, "progress": 0.0}
    tables["todos.tasks"][event.task,] = says | guesses | later | predicted | begun
    for one in event.blocks:
        push(tables, "todos.blocks", (one.task,), one.blocker)


def task_started(tables: Tables, event: ev.TaskStarted) -> None:
    cells = same(event, "attempts")
    update(tables, "todos.tasks", (event.task,), **cells, status="in_progress", started=event.now)
    tables["todos.now"]["list",] = {"task": event.task}


def task_completed(tables: Tables, event: ev.TaskCompleted) -> None:
    cells = same(event, "reward", "result")
    done = {"status": "completed", "progress": 1.0, "completed": event.now}
    update(tables, "todos.tasks", (event.task,), **cells, **done)
    tables["todos.marks"]["completed", event.task] = same(event, "nth")
    tables["todos.now"]["list",] = {"task": event.current}
    if event.after is not None:
        tables["todos.transitions"][event.after, event.task] = same(event, "times")


def task_revised(tables: Tables, event: ev.TaskRevised) -> None:
    key = (event.task,)
    if event.cause == "valued":
        update(tables, "todos.tasks", key, **same(event, "estimated_reward", "confidence"))
    if event.cause == "measured":
        update(tables, "todos.tasks", key, **same(event, "measured"))
    if event.cause == "predicted":
        update(tables, "todos.tasks", key, predicted_next_task=event.next_task)
        for name in ("duration", "reward"):
            if getattr(event, name) is not None:
                update(tables, "todos.tasks", key, **{f"predicted_{name}": getattr(event, name)})


def replanned(tables: Tables, event: ev.TodoReplanned) -> None:
    order(tables, "todos.order", "list", event.order)
    push(tables, "todos.risks", ("list",), event.risk)


def restored(tables: Tables, event: ev.TodoRestored) -> None:
    tables["todos.marks"] = {(one.of, one.task): same(one, "nth") for one in event.marks}
    for one in event.tasks:
        update(tables, "todos.tasks", (one.task,), **same(one, "status", "progress", "attempts"))
    tables["todos.now"]["list",] = {"task": event.current}


def task(**cells: Any) -> Callable[[Tables, Any], None]:
    """Return the effect of an event that sets a task's cells; a callable is given the event."""

    def effect(tables: Tables, event: Any) -> None:
        values = {name: one(event) if callable(one) else one for name, one in cells.items()}
        update(tables, "todos.tasks", (event.task,), **values)

    return effect


def task_failed(tables: Tables, event: ev.TaskFailed) -> None:
    update(tables, "todos.tasks", (event.task,), **same(event, "status", "error"))
    push(tables, "todos.reasons", (event.task,), event.reason)
    if event.status == "failed":
        tables["todos.marks"]["failed", event.task] = same(event, "nth")


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
    ev.MemoryRenamed: renamed,
    ev.MemoriesRetrieved: retrieved,
    ev.MemoryEvicted: lambda tables, event: drop(tables, "memory.entries", place(event)),
    ev.MemoryProtected: protected,
    ev.MemoryConsolidated: consolidated,
    ev.ValueUpdated: valued,
    ev.CausalLinked: linked,
    ev.SampleNoted: sampled,
    ev.AlphaAdapted: adapted,
    ev.QUpdated: updated,
    ev.QPruned: pruned,
    ev.ExperienceAdded: added,
    ev.ExperienceEvicted: evicted,
    ev.ExperienceReweighed: reweighed,
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
    ev.ImpactAssigned: lambda tables, event: update(
        tables, "brain.hippocampus", (event.nth,), **same(event, "causal_impact")
    ),
    ev.ExperienceJudged: judged,
    ev.EpisodesReplayed: lambda tables, event: tables["brain.replays"].update({("brain",): same(event, "count")}),
    ev.BrainStepped: stepped,
    ev.TodoOpened: opened,
    ev.TaskAdded: task_added,
    ev.TaskStarted: task_started,
    ev.TaskCompleted: task_completed,
    ev.TaskFailed: task_failed,
    ev.TaskSkipped: task(status="skipped"),
    ev.TaskBlocked: task(status=lambda e: "blocked" if e.blocked else "pending"),
    ev.TodoReplanned: replanned,
    ev.TaskRevised: task_revised,
    ev.TodoCheckpointed: lambda tables, event: push(tables, "todos.checkpoints", ("list",), event.checkpoint),
    ev.TodoRestored: restored,
    ev.GoalAdded: goal_added,
    ev.GoalScored: goal_scored,
    ev.EpisodeStarted: episode_started,
    ev.EpisodeEnded: episode_ended,
}
