"""All that is known in a state, but for the numbers in which entries came: what must survive every form of a state."""

from typing import Any

from jotty_events import State
from jotty_events.rules.dates import as_date
from jotty_events.rules.q.tiers import FIRST_THRESHOLD

_DATES = {"created", "last_accessed", "updated", "started", "completed"}
"""Times that the original writes as dates, to the microsecond."""
_KINDS = ("error", "success")
UNTIERED = {"threshold": FIRST_THRESHOLD, "last_reward": None, "without_improvement": 0}
"""What assigning tiers goes by where it was never done: a row that says so is as good as none."""


def known(state: State) -> dict[str, Any]:
    """Return what a state knows, in the order in which it is read."""
    return {**memories(state), "q": q_table(state), "brain": brain(state), "todo": todo(state)}


def as_imported(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a state knows, as far as an import can: it learns by version 2, which says of no task whom it blocks.

    What the original wrote as an empty next state is none (RULES R1); a list that was never begun has no date.
    """
    name, root, opened = said["todo"]["list"]
    begun = name, root, None if name is None else opened
    tasks = [one[:3] for one in said["todo"]["tasks"]]
    buffer = [{**one, "next_state_data": one["next_state_data"] or None} for one in said["q"]["buffer"]]
    return {**said, "todo": {**said["todo"], "list": begun, "tasks": tasks}, "q": {**said["q"], "buffer": buffer}}


def plain(row: Any, *without: str) -> dict[str, Any]:
    """Return a row's cells, without its insertion number."""
    said = {name: value for name, value in row.to_dict().items() if name not in ("nth", *without)}
    return {name: as_date(one) if name in _DATES and one is not None else one for name, one in said.items()}


def memories(state: State) -> dict[str, Any]:
    memory, goals = state.memory, state.goals
    found: dict[str, Any] = {}
    for owner in sorted({*memory.heard_of(), *goals}):
        owned = memory.of(owner)
        if not (owned.entries() or owned.links or goals.of(owner) or owned.total_accesses or owned.consolidations):
            continue  # that nothing is remembered is nothing to know
        found[f"memory of {owner}"] = {
            "levels": {level: [_entry(one) for one in entries.entries()] for level, entries in owned.items()},
            "links": [plain(one) for one in owned.links.entries()],
            "goals": [plain(one) for one in goals.of(owner).entries()],
            "counts": (owned.total_accesses, owned.consolidations),
        }
    rate = [(memory.samples("td", kind), memory.adapting("td", kind)[1]) for kind in _KINDS]
    return {**found, "rate": (memory.parameter("alpha"), rate)}


def _entry(entry: Any) -> dict[str, Any]:
    goals = [plain(one) for one in entry.goal_values.values()]
    said = plain(entry, "goal_values", "similar_entries", "causal_links")
    return {**said, "goals": goals, "similar": entry.similar_entries or [], "links": entry.causal_links or []}


def q_table(state: State) -> dict[str, Any]:
    table = state.q_table
    names = {entry.nth: (entry.state, entry.action) for entry in table.entries()}
    clusters = sorted(table.clusters.entries(), key=lambda one: (one.rank, one.name))
    tiering = table.tiering
    return {
        "entries": [plain(entry) for entry in table.entries()],
        "buffer": [plain(one) for one in table.experiences],
        "clusters": [
            (one.name, one.centroid, sorted(names[nth] for nth in one.members if nth in names)) for one in clusters
        ],
        "tiering": UNTIERED if tiering is None else tiering.to_dict(),
    }


def brain(state: State) -> dict[str, Any]:
    held = state.brain
    return {
        "traces": [plain(one) for one in held.hippocampus],
        "patterns": [plain(one) for one in held.neocortex],
        "slept": (held.consolidations, held.last_sleep, held.episodes_since_sleep, held.replays),
        "expected": (held.expected_reward, held.filter, list(held.seen)),
        "machine": (held.machine, held.recent, held.queue),
    }


def todo(state: State) -> dict[str, Any]:
    listed = state.todos
    return {
        "list": (listed.todo_id, listed.root_task, None if listed.opened is None else as_date(listed.opened)),
        "tasks": [
            (plain(one, "measured"), one.measured or {}, one.failure_reasons, one.said_to_block)
            for one in listed.entries()
        ],
        "order": [one.task_id for one in listed.ordered()],
        "marks": [list(listed.marked(of)) for of in ("completed", "failed")],
        "now": (listed.current_task_id, listed.transitions, listed.risk_factors, listed.checkpoints),
    }
